/* understanding.h - English speech to text for the demo vendor: pocketsphinx, and nothing else here
 * knows it
 *
 * It really listens, but only for the sentences of its grammar (understanding.c lists them): said
 * clearly, they come back as text, in lower case; what is none of them comes back as no text, or as
 * the nearest one. That is enough for demos and tests and no model for anybody's robot.
 */
#ifndef TESTS_VENDORS_UNDERSTANDING_H
#define TESTS_VENDORS_UNDERSTANDING_H

#include "schema/base/buffer.h"
#include "schema/base/span.h"

#define UNDERSTANDING_HZ 16000

/* Appends what is said in pcm (16 bit mono, little-endian). Takes about a tenth of the sound's
 * length. STATUS_NOT_FOUND: Debian's pocketsphinx-en-us is not installed. */
MUST_CHECK enum status understanding_read(struct span pcm, struct buffer *text);

#endif

/* sound.h - speech of the demo vendor: a text said aloud by another program
 *
 * That program speaks the voice protocol (agent/voice/PROTOCOL.md) on a pipe; it is started for
 * each text and ended after it.
 */
#ifndef TESTS_VENDORS_SOUND_H
#define TESTS_VENDORS_SOUND_H

#include "schema/base/buffer.h"

#define SOUND_HZ 24000 /* 16 bit signed, mono, little-endian */

/* Appends the sound of text (UTF-8) at so many words a minute. STATUS_NOT_FOUND: no such program;
 * STATUS_TIMEOUT: it took longer than ten seconds; STATUS_IO: it refused or died. */
MUST_CHECK enum status sound_make(const char *program, struct span text, int rate_wpm,
                                  struct buffer *out);

#endif

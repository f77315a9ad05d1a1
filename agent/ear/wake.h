/* wake.h - the program that waits for the wake phrase, as the ear uses it
 *
 * A program of its own (PROTOCOL.md), started when it is to listen and ended when it is not. One
 * that dies is started again, after a while. Nothing here waits for it: sound that it is too slow
 * to take is dropped. One owner, the ear's thread.
 */
#ifndef AGENT_EAR_WAKE_H
#define AGENT_EAR_WAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"

#define WAKE_MAX_PHRASE 32

struct wake;

/* program: found by path or in PATH; copied. Starts nothing. The caller owns *out. */
MUST_CHECK enum status wake_create(struct wake **out, const char *program);
void wake_free(struct wake *wake);

/* Waits for this phrase from now on; NULL or "": for none, and the program is ended. */
void wake_listen(struct wake *wake, const char *phrase);

/* 16 bit mono at VAD_HZ. */
void wake_feed(struct wake *wake, const int16_t *pcm, size_t count);

/* What comes next does not follow what was fed before. */
void wake_gap(struct wake *wake);

/* Looks what the program says, and after it. True: the phrase was heard; *ago is how many of the
 * samples that were fed came after its end. */
bool wake_heard(struct wake *wake, size_t *ago);

/* Whether the phrase would be heard now: the program runs and knows it. */
bool wake_is_ready(const struct wake *wake);

/* Whether it cannot: the program or its model is missing, or it does not know the phrase. */
bool wake_has_failed(const struct wake *wake);

#endif

/* spotter.h - waits for a phrase in speech: pocketsphinx, and nothing else of the agent knows it
 *
 * English only, and only the phrases of its table: each has a threshold that was measured, and
 * none is short or common enough to turn up in what people say to one another. One owner.
 */
#ifndef AGENT_EAR_WAKE_SPOTTER_H
#define AGENT_EAR_WAKE_SPOTTER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"

#define SPOTTER_HZ 16000

struct spotter;

/* Loads the model, some 20 MiB. The caller owns *out. STATUS_NOT_FOUND: it is not installed. */
MUST_CHECK enum status spotter_open(struct spotter **out);
void spotter_close(struct spotter *spotter);

/* Waits for this phrase from now on. STATUS_NOT_FOUND: no such phrase. */
MUST_CHECK enum status spotter_listen(struct spotter *spotter, struct span phrase);

/* 16 bit mono at SPOTTER_HZ, after spotter_listen(). True: the phrase was said; *ago is how many of
 * the samples fed came after its end. */
bool spotter_feed(struct spotter *spotter, const int16_t *pcm, size_t count, uint32_t *ago);

/* What was said before is over. */
void spotter_gap(struct spotter *spotter);

#endif

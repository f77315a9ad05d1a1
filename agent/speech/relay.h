/* relay.h - the voice protocol on one side, a vendor and espeak-ng on the other
 *
 * Two requests may be under way at once, so that a clause is there when the one before ends. The
 * phonemes come from another voice program, which says the same text to nobody.
 */
#ifndef AGENT_SPEECH_RELAY_H
#define AGENT_SPEECH_RELAY_H

#include "schema/base/status.h"

/* Serves until the input ends. timing_program: see voice_create(). STATUS_CORRUPT: the input is not
 * the protocol; STATUS_IO: the output is gone. */
MUST_CHECK enum status relay_run(const char *timing_program, int input, int output);

#endif

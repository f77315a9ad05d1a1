/* serve.h - the loop of myna-wake: sound in, word of the phrase out (../PROTOCOL.md) */
#ifndef AGENT_EAR_WAKE_SERVE_H
#define AGENT_EAR_WAKE_SERVE_H

#include "agent/ear/wake/spotter.h"

/* Until the end of input: STATUS_OK. spotter may be NULL: there is no model, and every LISTEN is
 * answered by that. STATUS_CORRUPT: the input is not the protocol; STATUS_IO. */
MUST_CHECK enum status serve_run(struct spotter *spotter, int in, int out);

#endif

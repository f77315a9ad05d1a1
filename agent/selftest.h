/* selftest.h - is this machine fit to be a robot? For the factory, offline, before it enrols
 *
 * Every check uses what the robot will use, as its options name it: it draws, speaks, listens,
 * writes and reads back, signs and verifies. A check that an option leaves nothing to do for is
 * told as skipped, with the reason.
 */
#ifndef AGENT_SELFTEST_H
#define AGENT_SELFTEST_H

#include "agent/config.h"
#include "schema/base/buffer.h"

#define SELFTEST_MAX_BYTES 16384

/* Runs every check, also after one failed, and appends one line of JSON:
 *
 *   {"selftest":1,"version":"0.1.0","ok":false,"checks":[
 *    {"name":"disk","ok":true,"detail":"9120 MiB free"},
 *    {"name":"microphone","ok":false,"cause":"...","cure":"..."},
 *    {"name":"speaker","ok":true,"skipped":"the option audio says file"}]}
 *
 * Takes some seconds. Before any other thread. STATUS_DENIED: a check failed; STATUS_MEMORY. */
MUST_CHECK enum status selftest_run(const struct config *config, struct buffer *out);

#endif

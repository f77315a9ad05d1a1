/* recorder.h - what a server under test answered, for the tests to hold to schema/openapi.yaml
 *
 * Is in the builds with sanitizers alone: whoever asks (programs, browsers, robots, other tests'
 * tools), no answer goes past the description. Other builds have nothing of it.
 */
#ifndef SERVER_HTTP_RECORDER_H
#define SERVER_HTTP_RECORDER_H

#include "server/http/reply.h"
#include "server/http/request.h"

#ifdef MYNA_RECORDER
/* Appends the answer to a file, the process's own, whose name begins as MYNA_ANSWERS says; without
 * that nothing. Bodies that are not
 * JSON, and those that are written while they are sent, are left out. Any thread, any process. */
void recorder_note(const struct request *request, const struct reply *reply);
#else
static inline void recorder_note(const struct request *request, const struct reply *reply)
{
    (void)request;
    (void)reply;
}
#endif

#endif

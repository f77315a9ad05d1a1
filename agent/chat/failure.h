/* failure.h - what a vendor's refusal means: from the body first, then from the HTTP status
 *
 * Vendors answer 429 to an empty account and 200 to a full queue, so the status alone decides only
 * what the body leaves open. No I/O; thread-safe.
 */
#ifndef AGENT_CHAT_FAILURE_H
#define AGENT_CHAT_FAILURE_H

#include "schema/base/json.h"
#include "schema/wire/message.h"

#define FAILURE_CODE_SIZE 48

struct failure {
    wire_ErrorClass error_class;
    char code[FAILURE_CODE_SIZE]; /* as the vendor names it, for the log; cut when longer */
};

/* Whether document is or carries an error, in any shape that vendors of this dialect family use:
 * {"error":{"code","type"}}, {"error":"text"}, {"code","message"}, {"error_code"} and
 * {"base_resp":{"status_code"}}. http_status as answered. *out is set only when it returns true. */
bool failure_read(const struct json *document, int http_status, struct failure *out);

/* Of an answer whose body says nothing: ERROR_NONE for 200 to 299. */
wire_ErrorClass failure_of_status(int http_status);

#endif

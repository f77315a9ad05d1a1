/* asker.h - requests to vendors, many at once on the loop; libcurl and nothing else here knows it
 *
 * As agent/chat/http.h sends one request on a thread of its own, this sends thousands on one loop,
 * by the same rules: a request goes out once or not at all, and the end tells whether any byte of
 * it may have left.
 */
#ifndef TESTS_ROBOTS_ASKER_H
#define TESTS_ROBOTS_ASKER_H

#include "agent/chat/http.h"
#include "tests/robots/loop.h"

struct asker;
struct ask;

struct ask_end {
    enum status status; /* as http_send() */
    bool sent;          /* false: surely no byte of the request was handed to TLS or the socket */
};

/* on_done is the last call of an ask; it is freed then. */
struct ask_listener {
    struct http_listener http; /* on_idle is not used */
    void (*on_done)(void *context, const struct ask_end *end);
};

MUST_CHECK enum status asker_create(struct asker **out, struct loop *loop);

/* Asks under way end without a call. */
void asker_free(struct asker *asker);

/* Starts a request. Headers and body are copied. No callback is called before the loop turns, and
 * none after ask_cancel(). */
MUST_CHECK enum status asker_ask(struct asker *asker, const struct http_request *request,
                                 const struct ask_listener *listener, struct ask **out);

/* Ends it without on_done; the connection is closed. *sent as in struct ask_end. */
void asker_cancel(struct asker *asker, struct ask *ask, bool *sent);

#endif

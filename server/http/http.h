/* http.h - an HTTP listener; libmicrohttpd and nothing else knows it
 *
 * One or two threads speak HTTP and never wait for anything else; handlers, which may wait for the
 * database, run on a bounded crew (crew.h) while their connection is suspended. What does not fit
 * is refused with 503; a body that does not fit beside those under way is hung up on, and so is
 * whoever takes too long, or connects beyond the limits (guests.h). Every answer carries the
 * headers that keep a browser safe.
 */
#ifndef SERVER_HTTP_HTTP_H
#define SERVER_HTTP_HTTP_H

#include "server/http/guests.h"
#include "server/http/hub.h"
#include "server/http/proxies.h"
#include "server/http/reply.h"
#include "server/http/request.h"

struct http;

/* What http.c asks of whoever knows operators and the database. Called by workers, but for
 * recognise(). */
struct http_hooks {
    /* Fills request->actor from cookie or Authorization; leaves it empty when neither is given or
     * valid. Any status but STATUS_OK refuses the request. */
    enum status (*authenticate)(void *context, struct request *request);
    /* True: the actor is filled from memory alone, and admit() would let him go on. It waits for
     * nothing: called by the threads that speak HTTP. May be NULL. */
    bool (*recognise)(void *context, struct request *request);
    /* Whether the request may go on, once the actor has the route's role; false: reply says why
     * not. May be NULL. */
    bool (*admit)(void *context, struct request *request, struct reply *reply);
    /* True: *reply is the answer that this request's Idempotency-Key got before. May be NULL. */
    bool (*before)(void *context, struct request *request, struct reply *reply);
    /* After the handler, when before() was called and returned false. */
    void (*after)(void *context, struct request *request, const struct reply *reply);
    /* What is asked, when the answer depends on nothing else and is one of REPLY_BYTES: who asks
     * the same at the same time is answered together (chorus.h). Borrowed from the request. NULL:
     * he is answered alone. May be NULL itself. */
    const char *(*question)(const struct request *request);
};

struct http_options {
    const char *name;               /* of the listener, in the log: "dashboard" */
    const char *address;            /* "127.0.0.1:8080", "[::]:8443"; port 0 chooses one */
    const char *cert_pem, *key_pem; /* both NULL: without TLS */
    const struct route_table *const *tables;
    size_t table_count;
    const struct http_hooks *hooks; /* NULL: every route must be for anyone */
    void *context;                  /* given to hooks and handlers */
    struct hub *hub;                /* NULL: no event streams */
    unsigned workers;
    struct guests_limits limits;   /* of connections */
    const struct proxies *proxies; /* before this listener; NULL: none */
    /* for the headers of a request from their first byte, and for each of body and answer besides a
     * second for every 16 KiB */
    int64_t request_timeout_ms;
};

/* Copies what it needs of *options but borrows tables, hooks, hub, proxies and context until
 * http_stop().
 * STATUS_UNREACHABLE: the address cannot be bound; problem tells cause and cure. */
MUST_CHECK enum status http_start(struct http **out, const struct http_options *options,
                                  char problem[256]);

/* Another certificate for connections from now on; those that are open go on under the one before.
 * Only of a listener that has one. The texts are borrowed until the next change or http_stop(). By
 * the thread that calls http_stop(). STATUS_INVALID: they do not fit, and the one before stays in
 * force; STATUS_FULL likewise. problem tells cause and cure. */
MUST_CHECK enum status http_change_certificate(struct http *http, const char *cert_pem,
                                               const char *key_pem, char problem[256]);

/* Ends event streams, finishes what workers do, closes all connections. NULL is allowed. */
void http_stop(struct http *http);

/* That speak HTTP on this machine: one for two processors, at most two. */
unsigned http_threads(void);

unsigned http_port(const struct http *http);

/* "http://127.0.0.1:8080"; borrowed. */
const char *http_url(const struct http *http);

/* Hangs up on whoever takes too long. To be called about once a second. */
void http_tick(struct http *http);

/* For metrics: answers by status class (index 1 to 5) and requests that found no room. */
struct http_counts {
    struct guests_counts connections;
    uint64_t answers[6];
    uint64_t refused;
    uint64_t queued;
};
void http_counts(struct http *http, struct http_counts *counts);

#endif

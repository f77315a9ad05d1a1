/* http.h - requests to vendors and to the enrolment listener; libcurl and nothing else knows it
 *
 * A client keeps its connections for the next request (HTTP/2 on https when the server has it) and
 * belongs to one thread; only http_wake() may be called from another. A request goes out once or
 * not at all: a connection that breaks is never answered by sending again behind the caller's back,
 * redirects are not followed, and the result tells whether any byte of the request may have left.
 * The usual proxy variables are obeyed, except for loopback addresses.
 */
#ifndef AGENT_CHAT_HTTP_H
#define AGENT_CHAT_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "schema/base/buffer.h"
#include "schema/base/span.h"

struct http;

/* The caller owns *out. */
MUST_CHECK enum status http_create(struct http **out);
void http_free(struct http *http);

struct http_header {
    const char *name;
    const char *value;
};

/* A body that is made while it goes out, in chunks. read() is called on the caller's thread and
 * copies up to room bytes: STATUS_OK with *size > 0; STATUS_AGAIN, nothing yet, asked again within
 * 50 ms or at http_wake(); STATUS_CLOSED, that was all; anything else ends the request with it. */
struct http_source {
    void *context;
    enum status (*read)(void *context, uint8_t *out, size_t room, size_t *size);
};

/* Everything is borrowed until the call returns. */
struct http_request {
    const char *method; /* NULL: GET without a body, POST with one */
    const char *url;    /* http:// or https:// */
    const struct http_header *headers;
    size_t header_count;
    struct span body;
    const struct http_source *source; /* instead of body; NULL: none */
    struct span ca_pem;         /* the only certificates trusted; empty: those of the system */
    int64_t connect_timeout_ms; /* name, TCP and TLS; 0: 5 s */
    int64_t stall_timeout_ms;   /* without a byte from the server; 0: 15 s */
    int64_t total_timeout_ms;   /* 0: none */
    int64_t max_bytes_per_s;    /* of the answer; 0: as fast as it comes */
    bool ignores_dates;         /* of certificates: for a robot whose clock may be wrong */
    const atomic_bool *cancel;  /* stop as soon as it is true; NULL: cannot be stopped */
};

/* Called on the caller's thread while the request runs. Any function may be NULL. */
struct http_listener {
    void *context;
    void (*on_status)(void *context, int status);
    void (*on_header)(void *context, struct span name, struct span value);
    /* Anything but STATUS_OK ends the request with it. */
    enum status (*on_body)(void *context, struct span bytes);
    /* At least every 50 ms while the answer is awaited. */
    void (*on_idle)(void *context);
};

struct http_result {
    int http_status;   /* 0: no answer began */
    bool sent;         /* false: surely no byte of the request was handed to TLS or the socket */
    char problem[160]; /* one line for the log when the status is not STATUS_OK */
};

/* Sends the request and hands the answer to the listener piece by piece, decompressed. *result is
 * always filled.
 * STATUS_OK           the answer is complete, whatever its HTTP status
 * STATUS_UNREACHABLE  no connection could be made
 * STATUS_FORGED       the server's certificate is not trusted; nothing was sent
 * STATUS_TIMEOUT      connecting, silence or the whole took too long
 * STATUS_CLOSED       cancelled
 * STATUS_IO           the connection broke
 * STATUS_INVALID      not a URL or header that can be sent; nothing was sent */
MUST_CHECK enum status http_send(struct http *http, const struct http_request *request,
                                 const struct http_listener *listener, struct http_result *result);

/* The same with the whole body appended to *answer, which bounds it: STATUS_FULL beyond. */
MUST_CHECK enum status http_fetch(struct http *http, const struct http_request *request,
                                  struct buffer *answer, struct http_result *result);

/* GETs url without checking who answers, and sends nothing but that: for a root certificate whose
 * fingerprint the caller checks next. Never reuses the connection. Statuses as http_fetch(). */
MUST_CHECK enum status http_fetch_unverified(struct http *http, const char *url,
                                             struct buffer *answer, struct http_result *result);

/* Makes sure that a connection to url's server stands, so that the next request there need not wait
 * for one: asks for the head of url, without key or body, and forgets the answer. Takes 3 s at
 * most; true in *cancel ends it before. ca_pem: what the request that follows trusts. */
void http_warm(struct http *http, const char *url, struct span ca_pem, const atomic_bool *cancel);

/* Makes a request under way look at its cancel flag now. From any thread, while http lives. */
void http_wake(struct http *http);

#endif

/* service.h - HTTP/1.1 for the demo vendor: libmicrohttpd and nothing else here knows it
 *
 * One thread, one loop: service_run() serves every connection; a stream that waits costs a place on
 * an agenda, not a thread. Handlers are called from that loop, once the whole body has come.
 */
#ifndef TESTS_VENDORS_SERVICE_H
#define TESTS_VENDORS_SERVICE_H

#include <signal.h>

#include "tests/vendors/stream.h"

#define SERVICE_MAX_BODY_BYTES (1u << 20)

struct service;
struct service_call;

/* An answer that is made while it goes out: see stream_next() and stream_free(). */
struct service_source {
    void *context;
    enum stream_step (*next)(void *context, int64_t now_ms, uint8_t *out, size_t room, size_t *size,
                             int64_t *wake_ms);
    void (*free)(void *context);
};

struct service_route {
    const char *method;
    const char *path;
    /* Replies by one of the service_reply functions. */
    void (*handle)(void *context, struct service_call *call);
};

struct service_options {
    const char *address;                /* numeric */
    uint16_t port;                      /* 0: any free one */
    const struct service_route *routes; /* borrowed */
    size_t route_count;
    void (*handle_unknown)(void *context, struct service_call *call);
    void *context;
};

/* Listens. problem names the cause. The caller frees *out with service_free(). */
MUST_CHECK enum status service_create(struct service **out, const struct service_options *options,
                                      char problem[256]);

/* Ends what still runs; its streams are freed. */
void service_free(struct service *service);

uint16_t service_port(const struct service *service);

/* Serves until *stop is set by the handler of a signal that waiting alone lets through: the caller
 * blocks it and passes the mask without it. */
MUST_CHECK enum status service_run(struct service *service, const volatile sig_atomic_t *stop,
                                   const sigset_t *while_waiting);

/* Of the request; borrowed while it is handled. NULL: not there. */
const char *service_header(const struct service_call *call, const char *name);
const char *service_argument(const struct service_call *call, const char *name);
const char *service_path(const struct service_call *call);
const char *service_method(const struct service_call *call);
struct span service_body(const struct service_call *call);
/* False: the body was longer than SERVICE_MAX_BODY_BYTES and is cut. */
bool service_body_is_whole(const struct service_call *call);

/* Sends a header with the reply to come. name and value are copied. */
void service_add_header(struct service_call *call, const char *name, const char *value);

/* Exactly one of these answers a call. body is copied; fd, stream and source are taken
 * over. */
void service_reply(struct service_call *call, unsigned status, const char *type, struct span body);
void service_reply_file(struct service_call *call, const char *type, int fd, uint64_t size);
void service_reply_stream(struct service_call *call, const char *type, struct stream *stream);
void service_reply_source(struct service_call *call, const char *type,
                          struct service_source source);

#endif

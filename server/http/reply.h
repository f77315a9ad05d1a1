/* reply.h - the answer a handler makes: a status, a body, a few headers
 *
 * Bodies and header values are borrowed: from the request's arena, or static. Nothing here knows
 * the HTTP library. Problems follow RFC 9457.
 */
#ifndef SERVER_HTTP_REPLY_H
#define SERVER_HTTP_REPLY_H

#include "schema/base/json.h"
#include "server/http/hub.h"

struct request;

#define REPLY_HEADERS 12

enum reply_kind { REPLY_BYTES, REPLY_FILE, REPLY_EVENTS, REPLY_WRITTEN };

/* Where what is written goes. Another status than STATUS_OK: write no more, and answer with it. */
typedef enum status (*reply_add)(void *sink, struct span text);
/* Writes a body piece by piece. */
typedef enum status (*reply_write)(void *job, reply_add add, void *sink);

struct reply_header {
    const char *name;
    const char *value;
};

/* Plain data. */
struct reply {
    struct arena *arena;
    unsigned status;
    enum reply_kind kind;
    const char *type;
    struct span body;
    int fd; /* REPLY_FILE: taken over, with the part of it to send */
    uint64_t file_offset, file_size;
    reply_write write; /* REPLY_WRITTEN */
    void *job;
    enum hub_sight sight;    /* REPLY_EVENTS */
    int64_t events_until_ms; /* likewise */
    struct reply_header headers[REPLY_HEADERS];
    size_t header_count;
};

/* 500 until something better is said. */
void reply_init(struct reply *reply, struct arena *arena);

/* name and value are borrowed. More than REPLY_HEADERS is the caller's mistake. */
void reply_header(struct reply *reply, const char *name, const char *value);

/* Makes reply, which reply_init() made, say what other says, which is of REPLY_BYTES; copied into
 * its own arena. */
void reply_copy(struct reply *reply, const struct reply *other);

/* ETag: "version" */
void reply_version(struct reply *reply, int64_t version);

/* Cache-Control: no-store is added by the server for everything but files of the dashboard. */
void reply_json(struct reply *reply, unsigned status, struct span json);
void reply_bytes(struct reply *reply, unsigned status, const char *type, struct span body);
void reply_empty(struct reply *reply, unsigned status);

/* The part [offset, offset + size) of the file; fd is closed when sent. */
void reply_file(struct reply *reply, unsigned status, const char *type, int fd, uint64_t offset,
                uint64_t size);

/* A body of unknown length, sent while it is written: by the handler's thread, after the handler
 * has returned. job lies in the request's arena, with all it needs: what a request borrows from its
 * connection may be gone by then. When write ends badly the reader's file ends early, and his
 * client can tell. */
void reply_written(struct reply *reply, unsigned status, const char *type, reply_write write,
                   void *job);

/* The server's event stream, as far as whoever asks may see, and until then by clock_mono_ms(). */
void reply_events(struct reply *reply, enum hub_sight sight, int64_t until_ms);

/* {"type":"about:blank","title":..,"status":..,"detail":..}; the title follows from the status. */
void reply_problem(struct reply *reply, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with "errors":[{"pointer","detail"}]. */
void reply_field(struct reply *reply, unsigned status, const struct json_problem *problem);
/* At least one; the first one's detail is the whole's. */
void reply_fields(struct reply *reply, unsigned status, const struct json_problem *problems,
                  size_t count);

/* What a store or a rule answered, when the handler has nothing more exact to say. subject names
 * the thing: "device \"r1\"". */
void reply_status(struct reply *reply, enum status status, const char *subject);

/* "Not Found" */
const char *reply_title(unsigned status);

#endif

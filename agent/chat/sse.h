/* sse.h - the WHATWG event stream format (html.spec.whatwg.org, section 9.2.6), piece by piece
 *
 * Bytes may be cut anywhere, also inside a UTF-8 sequence, a CRLF or the byte order mark. Event ids
 * and retry times are not kept: nobody reconnects to a vendor's stream. Fields are private. Not
 * thread-safe.
 */
#ifndef AGENT_CHAT_SSE_H
#define AGENT_CHAT_SSE_H

#include <stdbool.h>

#include "schema/base/buffer.h"

#define SSE_MAX_EVENT_BYTES (256 * 1024) /* data of one event; also of one line */
#define SSE_MAX_NAME_BYTES  64

struct sse_event {
    struct span name; /* empty: none was given */
    struct span data; /* the data lines, joined by newlines */
};

/* Spans are borrowed until it returns. */
typedef void (*sse_event_fn)(void *context, const struct sse_event *event);

struct sse {
    sse_event_fn on_event;
    void *context;
    struct buffer line;
    struct buffer data;
    char name[SSE_MAX_NAME_BYTES];
    size_t name_size;
    bool has_data;
    bool after_cr;  /* a line feed now belongs to the line before */
    bool past_mark; /* the place for a byte order mark is behind us */
    enum status status;
};

void sse_init(struct sse *sse, sse_event_fn on_event, void *context);
void sse_release(struct sse *sse);

/* Calls on_event for each event that these bytes complete. STATUS_FULL: an event is larger than the
 * limit; nothing more will come. */
MUST_CHECK enum status sse_feed(struct sse *sse, struct span bytes);

/* The stream ended. The standard drops an event without its blank line; vendors forget that line,
 * so what is there is delivered. It may be cut short: whoever reads it must notice. */
void sse_end(struct sse *sse);

#endif

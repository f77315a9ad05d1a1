/* hub.h - what happens on the server, told to every open event stream (server-sent events, WHATWG
 * HTML section 9.2)
 *
 * Each stream has a bounded queue of bytes; a reader so slow that it overflows is cut off and will
 * connect again. Thread-safe. Knows nothing of the HTTP library: streams wake their reader by a
 * callback.
 */
#ifndef SERVER_HTTP_HUB_H
#define SERVER_HTTP_HUB_H

#include <sys/types.h>

#include "schema/base/span.h"

struct hub;
struct hub_stream;

/* Called once when there is something to read after hub_read() said that there was nothing. Called
 * with the hub locked: it must not call the hub and must not block. */
typedef void (*hub_wake)(void *context);

MUST_CHECK enum status hub_create(struct hub **out, size_t max_streams);
/* All streams must have been closed. */
void hub_free(struct hub *hub);

/* Adds "event: kind\ndata: data\n\n" to every stream; those that are for somebody who may not see
 * everything get {} for data, which is one line. */
void hub_publish(struct hub *hub, struct span kind, struct span data);

/* Adds a comment line to every stream, so that a dead connection shows itself. */
void hub_heartbeat(struct hub *hub);

/* Ends the streams whose time is over. About once a second. */
void hub_end_old(struct hub *hub, int64_t now_ms);

/* Ends every stream: its reader comes again and looks at everything afresh. For when events may
 * have been missed. */
void hub_restart(struct hub *hub);

/* Ends every stream and refuses new ones. */
void hub_shut(struct hub *hub);

size_t hub_streams(struct hub *hub);
uint64_t hub_dropped(struct hub *hub);

enum hub_sight {
    HUB_SEES_ALL,
    HUB_SEES_KINDS, /* that something of a kind changed, and not what */
};

/* A new stream, or NULL when there are too many or the hub is shut. Close it with
 * hub_close_stream(). until_ms: when hub_end_old() ends it; 0: never. */
struct hub_stream *hub_open_stream(struct hub *hub, enum hub_sight sight, int64_t until_ms,
                                   hub_wake wake, void *context);
void hub_close_stream(struct hub_stream *stream);

/* Copies up to max bytes; 0: nothing now; -1: the stream has ended. sleep, when not NULL, is called
 * with the hub locked just before 0 is returned, so that no wake can be lost between. */
ssize_t hub_read(struct hub_stream *stream, uint8_t *out, size_t max, hub_wake sleep);

#endif

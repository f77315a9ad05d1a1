#include "server/http/mhd_events.h"

#include <microhttpd.h>
#include <stdlib.h>

/* A stream and the connection that it wakes. */
struct events {
    struct MHD_Connection *connection;
    struct hub_stream *stream;
};

static void sleep_connection(void *context)
{
    MHD_suspend_connection(((struct events *)context)->connection);
}

static void wake_connection(void *context)
{
    MHD_resume_connection(((struct events *)context)->connection);
}

static ssize_t read_events(void *context, uint64_t position, char *out, size_t max)
{
    struct events *events = context;
    ssize_t size = hub_read(events->stream, (uint8_t *)out, max, sleep_connection);

    (void)position;
    return size < 0 ? MHD_CONTENT_READER_END_OF_STREAM : size;
}

static void end_events(void *context)
{
    struct events *events = context;

    hub_close_stream(events->stream);
    free(events);
}

struct MHD_Response *mhd_events_response(struct hub *hub, enum hub_sight sight, int64_t until_ms,
                                         struct MHD_Connection *connection)
{
    struct events *events = calloc(1, sizeof *events);
    struct MHD_Response *response;

    if (events == NULL)
        return NULL;
    events->connection = connection;
    events->stream = hub_open_stream(hub, sight, until_ms, wake_connection, events);
    if (events->stream == NULL) {
        free(events);
        return NULL;
    }
    response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_events, events, end_events);
    if (response == NULL)
        end_events(events);
    return response;
}

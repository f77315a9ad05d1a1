#include "server/http/hub.h"

#include <pthread.h>

#include "schema/base/buffer.h"

/* A dashboard that is this far behind has stopped reading. */
#define STREAM_BYTES ((size_t)64 << 10)

struct hub_stream {
    struct hub *hub;
    struct hub_stream *next;
    struct buffer pending;
    enum hub_sight sight;
    int64_t until_ms; /* 0: for ever */
    hub_wake wake;
    void *context;
    bool asleep;
    bool ended;
};

struct hub {
    pthread_mutex_t lock;
    struct hub_stream *streams;
    size_t count;
    size_t max;
    uint64_t dropped;
    bool shut;
};

enum status hub_create(struct hub **out, size_t max_streams)
{
    struct hub *hub = calloc(1, sizeof *hub);

    if (hub == NULL)
        return STATUS_MEMORY;
    hub->max = max_streams;
    pthread_mutex_init(&hub->lock, NULL);
    *out = hub;
    return STATUS_OK;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

static void wake(struct hub_stream *stream)
{
    if (!stream->asleep)
        return;
    stream->asleep = false;
    stream->wake(stream->context);
}

/* What a stream of each sight gets. */
static void append(struct hub *hub, const struct span texts[2])
{
    pthread_mutex_lock(&hub->lock);
    for (struct hub_stream *s = hub->streams; s != NULL; s = s->next) {
        if (s->ended)
            continue;
        buffer_add(&s->pending, texts[s->sight]);
        if (buffer_status(&s->pending) != STATUS_OK) {
            s->ended = true;
            hub->dropped++;
        }
        wake(s);
    }
    pthread_mutex_unlock(&hub->lock);
}

static void write_event(struct buffer *out, struct span kind, struct span data)
{
    buffer_init(out, STREAM_BYTES);
    buffer_text(out, "event: ");
    buffer_add(out, kind);
    buffer_text(out, "\ndata: ");
    buffer_add(out, data);
    buffer_text(out, "\n\n");
}

void hub_publish(struct hub *hub, struct span kind, struct span data)
{
    struct buffer whole;
    struct buffer bare;

    write_event(&whole, kind, data);
    write_event(&bare, kind, span_text("{}"));
    if (buffer_status(&whole) == STATUS_OK && buffer_status(&bare) == STATUS_OK)
        append(hub,
               (const struct span[]){
                   [HUB_SEES_ALL] = buffer_span(&whole), [HUB_SEES_KINDS] = buffer_span(&bare)});
    buffer_release(&whole);
    buffer_release(&bare);
}

void hub_end_old(struct hub *hub, int64_t now_ms)
{
    pthread_mutex_lock(&hub->lock);
    for (struct hub_stream *s = hub->streams; s != NULL; s = s->next) {
        if (s->until_ms == 0 || now_ms < s->until_ms)
            continue;
        s->ended = true;
        wake(s);
    }
    pthread_mutex_unlock(&hub->lock);
}

void hub_heartbeat(struct hub *hub)
{
    const struct span comment = span_text(": still here\n\n");

    append(hub, (const struct span[]){comment, comment});
}

static void end_streams(struct hub *hub, bool shut)
{
    pthread_mutex_lock(&hub->lock);
    hub->shut = hub->shut || shut;
    for (struct hub_stream *s = hub->streams; s != NULL; s = s->next) {
        s->ended = true;
        wake(s);
    }
    pthread_mutex_unlock(&hub->lock);
}

void hub_restart(struct hub *hub)
{
    end_streams(hub, false);
}

void hub_shut(struct hub *hub)
{
    end_streams(hub, true);
}

size_t hub_streams(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    size_t count = hub->count;
    pthread_mutex_unlock(&hub->lock);
    return count;
}

uint64_t hub_dropped(struct hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    uint64_t dropped = hub->dropped;
    pthread_mutex_unlock(&hub->lock);
    return dropped;
}

struct hub_stream *hub_open_stream(struct hub *hub, enum hub_sight sight, int64_t until_ms,
                                   hub_wake wake_reader, void *context)
{
    struct hub_stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL)
        return NULL;
    stream->hub = hub;
    stream->sight = sight;
    stream->until_ms = until_ms;
    stream->wake = wake_reader;
    stream->context = context;
    buffer_init(&stream->pending, STREAM_BYTES);
    /* the first bytes tell the browser at once that it is connected, and how soon to come back */
    buffer_text(&stream->pending, "retry: 2000\n\n");

    pthread_mutex_lock(&hub->lock);
    bool refused = hub->shut || hub->count >= hub->max;
    if (!refused) {
        stream->next = hub->streams;
        hub->streams = stream;
        hub->count++;
    }
    pthread_mutex_unlock(&hub->lock);
    if (!refused)
        return stream;
    buffer_release(&stream->pending);
    free(stream);
    return NULL;
}

void hub_close_stream(struct hub_stream *stream)
{
    if (stream == NULL)
        return;
    struct hub *hub = stream->hub;

    pthread_mutex_lock(&hub->lock);
    for (struct hub_stream **at = &hub->streams; *at != NULL; at = &(*at)->next)
        if (*at == stream) {
            *at = stream->next;
            hub->count--;
            break;
        }
    pthread_mutex_unlock(&hub->lock);
    buffer_release(&stream->pending);
    free(stream);
}

ssize_t hub_read(struct hub_stream *stream, uint8_t *out, size_t max, hub_wake sleep)
{
    ssize_t result;

    pthread_mutex_lock(&stream->hub->lock);
    struct span pending = buffer_span(&stream->pending);
    if (stream->ended) {
        result = -1;
    } else if (pending.size == 0) {
        stream->asleep = true;
        if (sleep != NULL)
            sleep(stream->context);
        result = 0;
    } else {
        size_t size = pending.size < max ? pending.size : max;
        memcpy(out, pending.data, size);
        buffer_consume(&stream->pending, size);
        result = (ssize_t)size;
    }
    pthread_mutex_unlock(&stream->hub->lock);
    return result;
}

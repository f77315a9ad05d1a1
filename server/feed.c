#include "server/feed.h"

#include "schema/base/json.h"
#include "schema/base/log.h"
#include "server/store/listener.h"

#define EVENT_BYTES ((size_t)16 << 10)

struct feed {
    struct hub *hub;
    struct listener *listener;
};

/* {"kind":"device","ids":["r1"]} becomes the event "device" with {"ids":["r1"]}. */
static void publish(struct hub *hub, const struct json *told)
{
    const char *kind = json_text(json_member(told, "kind"), "");
    const struct json *ids = json_member(told, "ids");
    struct json_writer writer;
    struct buffer ids_text;
    struct buffer data;

    buffer_init(&ids_text, EVENT_BYTES);
    buffer_init(&data, EVENT_BYTES);
    json_writer_init(&writer, &data);
    json_begin_object(&writer);
    json_key(&writer, "ids");
    if (ids != NULL) {
        json_dump(ids, &ids_text);
        json_write_raw(&writer, buffer_span(&ids_text));
    } else {
        json_write_raw(&writer, span_text("[]"));
    }
    json_end_object(&writer);
    if (buffer_status(&ids_text) == STATUS_OK && buffer_status(&data) == STATUS_OK)
        hub_publish(hub, span_text(kind), buffer_span(&data));
    buffer_release(&ids_text);
    buffer_release(&data);
}

/* Whoever may look no longer must not go on listening: all come again and prove themselves. */
static bool changes_access(const struct json *told)
{
    const char *kind = json_text(json_member(told, "kind"), "");

    return strcmp(kind, "operator") == 0 || strcmp(kind, "api_key") == 0;
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    const struct feed *feed = context;
    struct json *told;

    if (payload.size == 0) {
        hub_restart(feed->hub);
        return;
    }
    if (json_parse(payload, &told, NULL) != STATUS_OK) {
        log_warning("feed", "the database told something unreadable channel=%s", channel);
        return;
    }
    if (changes_access(told))
        hub_restart(feed->hub);
    else
        publish(feed->hub, told);
    json_free(told);
}

enum status feed_start(struct feed **out, struct store *store, struct hub *hub)
{
    static const char *const channels[] = {"myna_events"};
    struct feed *feed = calloc(1, sizeof *feed);

    if (feed == NULL)
        return STATUS_MEMORY;
    feed->hub = hub;
    enum status status = listener_start(&feed->listener, store, channels, 1, on_notify, feed);
    if (status != STATUS_OK) {
        free(feed);
        return status;
    }
    *out = feed;
    return STATUS_OK;
}

void feed_stop(struct feed *feed)
{
    if (feed == NULL)
        return;
    listener_stop(feed->listener);
    free(feed);
}

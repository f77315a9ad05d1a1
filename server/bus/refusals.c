#include "server/bus/refusals.h"

#include "schema/base/json.h"
#include "server/store/alarm.h"

#define TEXT_BYTES 1024

struct work {
    struct arena *arena;
    const struct intake_item *items;
    size_t count;
    const char *problem;
};

static const char *subject_of(const struct intake_item *item, struct arena *arena)
{
    return arena_format(arena, "device/%s/%s", item->device_id, topic_kind_name(item->kind));
}

static const char *detail_of(const struct work *work)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "message");
    json_write_text(&writer, span_text(topic_kind_name(work->items->kind)));
    json_key(&writer, "problem");
    json_write_text(&writer, span_text(work->problem));
    json_end_object(&writer);
    const char *text = arena_text(work->arena, buffer_span(&out));
    buffer_release(&out);
    return text;
}

static enum status raise(struct store_conn *conn, void *context)
{
    const struct work *work = context;

    arena_reset(work->arena);
    const struct alarm alarm = {"message_refused", "critical", subject_of(work->items, work->arena),
                                detail_of(work)};
    return alarm_raise(conn, work->arena, &alarm, 1);
}

enum status refusals_raise(struct refusals *refusals, struct arena *arena,
                           const struct intake_item *item, const char *problem)
{
    struct work work = {arena, item, 1, problem};

    refusals->is_current = true;
    return store_transaction(refusals->store, raise, &work);
}

static enum status end(struct store_conn *conn, void *context)
{
    const struct work *work = context;

    arena_reset(work->arena);
    const char **subjects = arena_take(work->arena, (work->count + 1) * sizeof *subjects);
    if (subjects == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < work->count; i++)
        subjects[i] = subject_of(&work->items[i], work->arena);
    if (arena_failed(work->arena))
        return STATUS_MEMORY;
    return alarm_clear_all(conn, "message_refused", subjects, work->count);
}

enum status refusals_end(struct refusals *refusals, struct arena *arena,
                         const struct intake_item *items, size_t count, int64_t now_ms)
{
    struct work work = {arena, items, count, NULL};
    enum status status = STATUS_OK;

    if (now_ms >= refusals->look_due_ms) {
        status = alarm_is_current(refusals->store, "message_refused", &refusals->is_current);
        refusals->look_due_ms = now_ms + REFUSALS_LOOK_MS;
    }
    if (status != STATUS_OK || !refusals->is_current)
        return status;
    return store_transaction(refusals->store, end, &work);
}

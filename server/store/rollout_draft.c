#include "server/store/rollout_draft.h"

#include <string.h>

#include "server/fleet/rollout_wave.h"
#include "server/store/layers.h"
#include "server/store/preflight.h"

#define TEXT_BYTES    ((size_t)128 << 10)
#define PREVIEW_BYTES ((size_t)1 << 20) /* with its pre-flight */

enum status rollout_draft_plan(const struct rollout_plan *plan, struct arena *arena,
                               struct span *out)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, TEXT_BYTES);
    json_writer_init(&writer, &text);
    rollout_plan_write(&writer, plan);
    *out = arena_copy(arena, span_of(text.data, text.size));
    enum status status = text.status;
    buffer_release(&text);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

struct reach {
    int64_t devices, online, busy;
};

/* Whom it would reach now: of a group, of a filter, or all. */
static enum status read_reach(struct store_conn *conn, const struct rollout_draft *draft,
                              struct reach *out)
{
    STORE_STATEMENT(
        read,
        "WITH reached AS MATERIALIZED (SELECT d.device_id FROM myna.device d"
        "   WHERE d.status = 'active' AND CASE WHEN $1::text IS NOT NULL THEN EXISTS (SELECT"
        "      FROM myna.group_member m WHERE m.group_id = $1 AND m.device_id = d.device_id)"
        "    WHEN $2::jsonb IS NOT NULL THEN d.device_id IN"
        "      (SELECT f FROM myna.filter_matches($2::jsonb, NULL, true) f) ELSE true END)"
        "SELECT count(*), count(*) FILTER (WHERE n.online), count(*) FILTER (WHERE EXISTS (SELECT"
        "   FROM myna.rollout_device o WHERE o.device_id = r.device_id AND o.is_live)) "
        "FROM reached r JOIN myna.device_online n USING (device_id) "
        "HAVING $1::text IS NULL OR EXISTS (SELECT FROM myna.device_group g WHERE g.group_id = "
        "$1)");
    struct result row;
    enum status status = store_exec(
        conn, &read,
        STORE_VALUES(value_text(draft->group),
                     draft->program.size > 0 ? value_json(draft->program) : value_no_json()),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        *out =
            (struct reach){result_int(&row, 0, 0), result_int(&row, 0, 1), result_int(&row, 0, 2)};
    result_release(&row);
    return status;
}

static void write_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_write_int(writer, value);
}

static void write_waves(struct json_writer *writer, const struct rollout_plan *plan,
                        int64_t members)
{
    struct rollout_wave waves[ROLLOUT_WAVE_MAX];
    const size_t count = rollout_wave_sizes(plan, members, waves);

    json_key(writer, "waves");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        char share[ROLLOUT_PLAN_SHARE_SIZE];

        rollout_plan_format_share(waves[i].share, share);
        json_begin_object(writer);
        write_int(writer, "wave", (int64_t)i + 1);
        json_write_member(writer, "share", share);
        json_key(writer, "control");
        json_write_bool(writer, waves[i].is_control);
        write_int(writer, "planned", waves[i].size);
        json_end_object(writer);
    }
    json_end_array(writer);
}

struct previewing {
    const struct rollout_draft *draft;
    struct arena *arena;
    struct reach reach;
    struct span preflight; /* empty: not asked for */
    bool is_dear;          /* as far as it was */
    struct json_problem *problem;
};

static enum status write_preview(const struct previewing *previewing, struct span *out)
{
    const struct rollout_draft *draft = previewing->draft;
    const struct reach *reach = &previewing->reach;
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, PREVIEW_BYTES);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    write_int(&writer, "devices", reach->devices);
    write_int(&writer, "online", reach->online);
    write_int(&writer, "busy", reach->busy);
    json_key(&writer, "approval");
    json_write_bool(&writer, previewing->is_dear || (draft->approval_devices >= 0 &&
                                                     reach->devices > draft->approval_devices));
    write_waves(&writer, draft->plan, reach->devices);
    json_key(&writer, "plan");
    rollout_plan_write(&writer, draft->plan);
    if (previewing->preflight.size > 0) {
        json_key(&writer, "preflight");
        json_write_raw(&writer, previewing->preflight);
    }
    json_end_object(&writer);
    *out = arena_copy(previewing->arena, span_of(text.data, text.size));
    enum status status = text.status;
    buffer_release(&text);
    return arena_failed(previewing->arena) ? STATUS_MEMORY : status;
}

static enum status ask_preflight(struct store_conn *conn, struct previewing *previewing)
{
    const struct preflight_ask ask = {.draft = previewing->draft,
                                      .now_ms = previewing->draft->preflight_ms,
                                      .above_cost = previewing->draft->approval_cost};
    struct preflight found = {0};
    enum status status = preflight_run(conn, &ask, previewing->arena, &found);

    if (status == STATUS_OK)
        previewing->preflight = found.json;
    previewing->is_dear = status == STATUS_OK && found.approval;
    return status;
}

static enum status look(struct store_conn *conn, void *context)
{
    struct previewing *previewing = context;
    const struct rollout_draft *draft = previewing->draft;
    const struct layers_key key = {draft->group != NULL ? LAYERS_GROUP : LAYERS_FLEET,
                                   draft->group};
    enum status status = read_reach(conn, draft, &previewing->reach);

    if (status == STATUS_OK && draft->patch.size > 0)
        status = layers_check(conn, &key, draft->patch, previewing->problem);
    if (status == STATUS_OK && draft->preflight_ms > 0)
        status = ask_preflight(conn, previewing);
    return status;
}

enum status rollout_draft_preview(struct store *store, const struct rollout_draft *draft,
                                  struct arena *arena, struct span *json,
                                  struct json_problem *problem)
{
    struct previewing previewing = {.draft = draft, .arena = arena, .problem = problem};
    enum status status = store_transaction(store, look, &previewing);

    return status == STATUS_OK ? write_preview(&previewing, json) : status;
}

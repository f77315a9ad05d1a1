#include "server/store/rollouts.h"

#include <string.h>

#include "schema/base/clock.h"
#include "server/store/layers.h"
#include "server/store/rollout_draft.h"
#include "server/store/rollout_turn.h"

/* ---- reading ---- */

enum status rollouts_list(struct store *store, const char *after, int64_t limit, const char *state,
                          struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT r.rollout_id, r.item, row_number() OVER (ORDER BY r.created_at DESC,"
        "    r.rollout_id) AS n FROM myna.rollout_item r"
        "  WHERE ($1::text IS NULL OR EXISTS (SELECT FROM myna.rollout a WHERE a.rollout_id = $1"
        "     AND (r.created_at < a.created_at OR r.created_at = a.created_at"
        "          AND r.rollout_id > a.rollout_id)))"
        "   AND ($3::text IS NULL OR r.state = $3 OR $3 = 'active' AND r.state NOT IN"
        "     ('draft', 'completed', 'rolled_back', 'aborted'))"
        "  ORDER BY r.created_at DESC, r.rollout_id LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN max(rollout_id::text) FILTER (WHERE n = $2) END)"
        " FROM page");

    return store_json(store, &list,
                      STORE_VALUES(value_text(after), value_int(limit), value_text(state)), arena,
                      json);
}

/* As the API's paths have them. */
static const struct {
    enum rollout_event event;
    const char *word;
} acts[] = {
    {ROLLOUT_START, "start"}, {ROLLOUT_APPROVE, "approve"}, {ROLLOUT_DECLINE, "decline"},
    {ROLLOUT_PAUSE, "pause"}, {ROLLOUT_RESUME, "resume"},   {ROLLOUT_NEXT, "next"},
    {ROLLOUT_RETRY, "retry"}, {ROLLOUT_FORCE, "force"},     {ROLLOUT_ROLL_BACK, "roll-back"},
    {ROLLOUT_ABORT, "abort"},
};

static bool may_act(const struct json *rollout, enum rollout_place place, enum rollout_event event)
{
    struct rollout_move move;

    if (event == ROLLOUT_ROLL_BACK && place == ROLLOUT_COMPLETED)
        return json_type(json_member(rollout, "patch")) == JSON_OBJECT ||
               (json_type(json_member(rollout, "software")) == JSON_OBJECT &&
                !json_bool(json_member(json_member(rollout, "software"), "withdrawn"), false));
    if (event == ROLLOUT_RETRY &&
        json_int(json_member(json_member(rollout, "counts"), "failed"), 0) == 0)
        return false;
    return rollout_move(place, event, &move);
}

/* Behind its last member, since what may be done is the table's to say and not the database's. */
static enum status add_acts(struct arena *arena, const struct json *rollout, struct document *out)
{
    enum rollout_place place = ROLLOUT_DRAFT;
    struct buffer text;
    bool is_first = true;
    enum status status = rollout_find(json_text(json_member(rollout, "state"), ""),
                                      json_text(json_member(rollout, "step"), NULL),
                                      json_text(json_member(rollout, "cause"), NULL), &place);

    if (status != STATUS_OK)
        return STATUS_CORRUPT;
    buffer_init(&text, out->json.size + 256);
    buffer_add(&text, span_of(out->json.data, out->json.size - 1));
    buffer_text(&text, ", \"acts\": [");
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        if (!may_act(rollout, place, acts[i].event))
            continue;
        buffer_format(&text, "%s\"%s\"", is_first ? "" : ", ", acts[i].word);
        is_first = false;
    }
    buffer_text(&text, "]}");
    status = buffer_status(&text);
    if (status == STATUS_OK)
        out->json = arena_copy(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status rollouts_get(struct store *store, const char *rollout_id, struct arena *arena,
                         struct document *out)
{
    STORE_STATEMENT(get, "SELECT item, version FROM myna.rollout_item WHERE rollout_id = $1");
    struct document found;
    struct json *rollout;
    enum status status =
        document_read(store, &get, STORE_VALUES(value_text(rollout_id)), arena, &found);

    if (status == STATUS_OK)
        status = json_parse(found.json, &rollout, NULL);
    if (status != STATUS_OK)
        return status;
    status = add_acts(arena, rollout, &found);
    json_free(rollout);
    if (status == STATUS_OK)
        *out = found;
    return status;
}

enum status rollouts_devices(struct store *store, const char *rollout_id,
                             const struct rollouts_page *page, struct arena *arena,
                             struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT o.*, d.name, row_number() OVER (ORDER BY o.place, o.device_id) AS n,"
        "   CASE WHEN r.software_kind IS NOT NULL THEN (SELECT item FROM myna.device_link l,"
        "      jsonb_array_elements(l.packages) item WHERE l.device_id = o.device_id"
        "      AND item ->> 'kind' = r.software_kind AND item ->> 'name' = r.software_name LIMIT 1)"
        "   END AS package"
        "  FROM myna.rollout_device o JOIN myna.device d USING (device_id)"
        "  JOIN myna.rollout r USING (rollout_id)"
        "  WHERE o.rollout_id = $1 AND ($2::text IS NULL OR (o.place, o.device_id) >"
        "     (SELECT a.place, a.device_id FROM myna.rollout_device a"
        "      WHERE a.rollout_id = $1 AND a.device_id = $2))"
        "   AND ($4 = 0 OR o.wave = $4) AND ($5::text IS NULL OR o.state = $5)"
        "  ORDER BY o.place, o.device_id LIMIT $3 + 1)"
        "SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object("
        "    'device', o.device_id, 'name', o.name, 'wave', o.wave, 'control', o.is_control,"
        "    'state', o.state, 'open', o.is_open, 'generation', o.generation,"
        "    'opened_at', o.opened_at, 'settled_at', o.settled_at, 'tries', o.tries,"
        "    'final', o.is_final, 'reason', o.reason, 'package', o.package) ORDER BY o.n) FILTER "
        "(WHERE o.n <= $3), "
        "'[]'),"
        "  'next', CASE WHEN count(*) > $3 THEN max(o.device_id::text) FILTER (WHERE o.n = $3) END)"
        " FROM page o HAVING EXISTS (SELECT FROM myna.rollout WHERE rollout_id = $1)");

    return store_json(store, &list,
                      STORE_VALUES(value_text(rollout_id), value_text(page->after),
                                   value_int(page->limit), value_int(page->wave),
                                   value_text(page->state)),
                      arena, json);
}

enum status rollouts_find_group(struct store *store, const char *filter, struct arena *arena,
                                const char **group_id)
{
    STORE_STATEMENT(find, "SELECT group_id FROM myna.device_group WHERE filter = $1"
                          " ORDER BY created_at, group_id LIMIT 1");
    struct result row;
    enum status status = store_query(store, &find, STORE_VALUES(value_text(filter)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        *group_id = arena_text(arena, result_span(&row, 0, 0));
    result_release(&row);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status rollouts_find_holder(struct store_conn *conn, struct arena *arena, const char *layer_id,
                                 struct span settings, const char **setting,
                                 const char **rollout_id)
{
    STORE_STATEMENT(find,
                    "SELECT p.key, r.rollout_id FROM myna.rollout r JOIN myna.layer l"
                    " USING (layer_id) CROSS JOIN jsonb_object_keys(r.patch) p(key)"
                    " WHERE r.layer_id = $1 AND r.state IN ('running', 'paused', 'rolling_back')"
                    "  AND l.settings -> p.key IS DISTINCT FROM $2::jsonb -> p.key"
                    " ORDER BY 1 LIMIT 1");
    struct result row;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(layer_id), value_json(settings)), &row);

    if (status != STATUS_OK)
        return status;
    *setting = *rollout_id = NULL;
    if (result_count(&row) > 0) {
        *setting = arena_text(arena, result_span(&row, 0, 0));
        *rollout_id = arena_text(arena, result_span(&row, 0, 1));
    }
    result_release(&row);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

/* ---- making ---- */

struct creating {
    const struct author *author;
    const struct rollouts_draft *draft;
    struct arena *arena;
    struct json_problem *problem;
};

/* The patch's routes as they would stand in the layer. */
static enum status check_patch(struct store_conn *conn, const struct creating *creating)
{
    const struct rollouts_draft *draft = creating->draft;
    const struct layers_key key = {draft->group != NULL ? LAYERS_GROUP : LAYERS_FLEET,
                                   draft->group};
    struct json_problem problem = {.pointer = ""};

    if (draft->patch.size == 0)
        return STATUS_OK;
    enum status status = layers_check(conn, &key, draft->patch, &problem);
    if (status != STATUS_INVALID)
        return status;
    snprintf(creating->problem->pointer, sizeof creating->problem->pointer, "/patch%.80s",
             strncmp(problem.pointer, "/settings", 9) == 0 ? problem.pointer + 9 : problem.pointer);
    snprintf(creating->problem->detail, sizeof creating->problem->detail, "%s", problem.detail);
    return status;
}

static enum status check_key(struct store_conn *conn, const struct creating *creating)
{
    STORE_STATEMENT(find, "SELECT FROM myna.vendor WHERE vendor_id = $1"
                          " AND next_key_wrapped IS NOT NULL");
    struct result result;

    if (creating->draft->key_vendor == NULL)
        return STATUS_OK;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_text(creating->draft->key_vendor)), &result);
    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_CONFLICT;
    result_release(&result);
    return status;
}

static enum status insert(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        make,
        "WITH r AS (INSERT INTO myna.rollout (rollout_id, name, layer_id, group_id, patch, "
        "manifest,"
        "     plan, on_red, author, software_kind, software_name, software_version, key_vendor,"
        "     key_number)"
        "   SELECT $3, $4, CASE WHEN $5::text IS NULL THEN 'fleet' ELSE 'group:' || $5 END, $5, $6,"
        "     $7, $8, $9, $1, $10, $11, $12, $13::text, (SELECT v.key_number FROM myna.vendor v"
        "       WHERE v.vendor_id = $13::text) WHERE $5::text IS NULL OR EXISTS (SELECT FROM "
        "myna.device_group g"
        "     WHERE g.group_id = $5) RETURNING *),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'rollout.create',"
        "     'rollout/' || r.rollout_id, NULL, jsonb_strip_nulls(jsonb_build_object('layer',"
        "     r.layer_id, 'plan', r.plan, 'manifest', r.manifest, 'key', r.key_vendor)) ||"
        "     jsonb_build_object('patch', r.patch))),"
        "   min(myna.tell_rollout(r.rollout_id)::text) FROM r)"
        "SELECT to_jsonb(r.rollout_id), r.version FROM r, done");
    const struct creating *creating = context;
    const struct rollouts_draft *draft = creating->draft;
    const struct manifest *software = draft->software;
    struct document made;
    enum status status = check_patch(conn, creating);

    if (status == STATUS_OK)
        status = check_key(conn, creating);
    if (status != STATUS_OK)
        return status;
    return document_exec(
        conn, &make,
        STORE_VALUES(value_text(creating->author->actor), value_text(creating->author->source),
                     value_text(draft->id), value_text(draft->name), value_text(draft->group),
                     draft->patch.size > 0 ? value_json(draft->patch) : value_no_json(),
                     draft->manifest.size > 0 ? value_json(draft->manifest) : value_no_json(),
                     value_json(draft->plan), value_text(draft->on_red),
                     value_text(software != NULL ? software->kind : NULL),
                     value_text(software != NULL ? software->name : NULL),
                     value_text(software != NULL ? software->version : NULL),
                     value_text(draft->key_vendor)),
        creating->arena, &made);
}

enum status rollouts_create(struct store *store, const struct author *author,
                            const struct rollouts_draft *draft, struct arena *arena,
                            struct document *out, struct json_problem *problem)
{
    struct creating creating = {author, draft, arena, problem};
    enum status status = store_transaction(store, insert, &creating);

    return status == STATUS_OK ? rollouts_get(store, draft->id, arena, out) : status;
}

enum status rollouts_delete(struct store *store, const struct author *author,
                            const char *rollout_id, struct arena *arena)
{
    STORE_STATEMENT(
        delete_draft,
        "WITH old AS (SELECT * FROM myna.rollout WHERE rollout_id = $3 FOR UPDATE),"
        " gone AS (DELETE FROM myna.rollout r USING old WHERE r.rollout_id = old.rollout_id"
        "   AND r.state IN ('draft', 'aborted') AND r.members IS NULL RETURNING r.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'rollout.delete',"
        "     'rollout/' || gone.rollout_id, jsonb_build_object('layer', gone.layer_id,"
        "     'patch', gone.patch), NULL)), min(myna.tell_rollout(gone.rollout_id)::text) FROM "
        "gone)"
        "SELECT (SELECT to_jsonb(true) FROM gone), 0 FROM old, done");
    struct document ignored;

    return document_change(
        store, &delete_draft,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_text(rollout_id)),
        arena, &ignored);
}

/* ---- acting ---- */

struct acting {
    const struct author *author;
    const char *rollout_id;
    const struct rollouts_act *act;
    struct arena *arena;
    char *problem;
    int64_t now_ms;
};

static enum status check_approver(struct store_conn *conn, const struct acting *acting)
{
    STORE_STATEMENT(
        compare, "SELECT myna.are_two(r.author, $2) FROM myna.rollout r WHERE r.rollout_id = $1");
    struct result row;
    enum status status = store_exec(
        conn, &compare,
        STORE_VALUES(value_text(acting->rollout_id), value_text(acting->author->actor)), &row);

    if (status != STATUS_OK)
        return status;
    status = result_bool(&row, 0, 0) ? STATUS_OK : STATUS_DENIED;
    result_release(&row);
    if (status == STATUS_DENIED)
        snprintf(acting->problem, 512,
                 "whoever wrote a rollout does not approve it, nor do their API keys: ask another "
                 "operator");
    return status;
}

static enum status check_rivals(struct store_conn *conn, const struct acting *acting,
                                const struct rollout_steps_row *row)
{
    const char *rivals;
    enum status status = rollout_steps_rivals(conn, acting->arena, row->rollout_id, &rivals);

    if (status != STATUS_OK || rivals == NULL || row->plan.queues)
        return status;
    snprintf(acting->problem, 512,
             "%.400s: wait for that, or write \"queue\": true into the plan and it waits by itself",
             rivals);
    return STATUS_CONFLICT;
}

static enum status set_back_rate(struct store_conn *conn, const struct acting *acting)
{
    STORE_STATEMENT(set, "UPDATE myna.rollout SET back_rate = $2::bigint::integer"
                         " WHERE rollout_id = $1");

    return store_exec(
        conn, &set, STORE_VALUES(value_text(acting->rollout_id), value_int(acting->act->back_rate)),
        NULL);
}

static void say_why_not(const struct acting *acting, const struct rollout_steps_row *row)
{
    const struct rollout_name *name = rollout_name(row->place);

    if (acting->problem[0] != '\0')
        return;
    if (acting->act->event == ROLLOUT_RETRY)
        snprintf(acting->problem, 512, "it is %s%s%s, and none of its robots failed", name->state,
                 name->step != NULL ? ", " : "", name->step != NULL ? name->step : "");
    else
        snprintf(acting->problem, 512, "\"%s\" is not possible while it is %s%s%s%s%s",
                 rollout_event_name(acting->act->event), name->state,
                 name->step != NULL ? ", " : "", name->step != NULL ? name->step : "",
                 name->cause != NULL ? ", cause " : "", name->cause != NULL ? name->cause : "");
}

static enum status prepare(struct store_conn *conn, const struct acting *acting,
                           const struct rollout_steps_row *row)
{
    switch (acting->act->event) {
    case ROLLOUT_APPROVE:
        return check_approver(conn, acting);
    case ROLLOUT_START:
        return check_rivals(conn, acting, row);
    case ROLLOUT_ROLL_BACK:
        return set_back_rate(conn, acting);
    default:
        return STATUS_OK;
    }
}

static enum status act_on(struct store_conn *conn, void *context)
{
    const struct acting *acting = context;
    const struct rollouts_act *act = acting->act;
    const struct rollout_steps_lock lock = {.rollout_id = acting->rollout_id};
    struct rollout_steps_row row;
    enum status status = rollout_steps_lock(conn, acting->arena, &lock, &row);

    acting->problem[0] = '\0';
    if (status != STATUS_OK)
        return status;
    if (act->if_version >= 0 && act->if_version != row.version)
        return STATUS_CONFLICT;
    const bool is_last = row.wave >= row.wave_count;
    const struct rollout_turn turn = {
        .event = act->event == ROLLOUT_FORCE && is_last ? ROLLOUT_FORCE_LAST : act->event,
        .reason = act->reason,
        .by = acting->author,
        .now_ms = acting->now_ms,
    };
    struct rollout_move move;
    if (!rollout_move(row.place, turn.event, &move)) {
        say_why_not(acting, &row);
        return STATUS_CONFLICT;
    }
    status = prepare(conn, acting, &row);
    if (status == STATUS_OK)
        status = rollout_turn(conn, acting->arena, &row, &turn);
    if (status == STATUS_CONFLICT)
        say_why_not(acting, &row);
    return status;
}

enum status rollouts_act(struct store *store, const struct author *author, const char *rollout_id,
                         const struct rollouts_act *act, struct arena *arena, struct document *out,
                         char problem[512])
{
    struct acting acting = {author, rollout_id, act, arena, problem, clock_wall_ms()};
    enum status status = store_transaction(store, act_on, &acting);

    return status == STATUS_OK ? rollouts_get(store, rollout_id, arena, out) : status;
}

/* ---- taking back what is completed ---- */

enum status rollouts_is_completed(struct store *store, const char *rollout_id, bool *out)
{
    STORE_STATEMENT(ask, "SELECT state = 'completed' FROM myna.rollout WHERE rollout_id = $1");
    struct result row;
    enum status status = store_query(store, &ask, STORE_VALUES(value_text(rollout_id)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else
        *out = result_bool(&row, 0, 0);
    result_release(&row);
    return status;
}

struct reversing {
    const struct author *author;
    const char *rollout_id;
    int64_t rate;
    struct arena *arena;
    char *problem;
    int64_t now_ms;
    const char *made;
};

/* {"patch", "skipped": "a, b"} */
static enum status read_reverse(struct store_conn *conn, const struct reversing *reversing,
                                struct span *patch, const char **skipped, bool *is_completed)
{
    STORE_STATEMENT(read,
                    "SELECT r.state = 'completed', coalesce(jsonb_object_agg(p.key,"
                    "    coalesce(r.before -> p.key, 'null')) FILTER (WHERE p.key IS NOT NULL AND "
                    "l.settings -> p.key"
                    "      IS NOT DISTINCT FROM nullif(p.value, 'null')), '{}'),"
                    "  string_agg(p.key, ', ' ORDER BY p.key) FILTER (WHERE l.settings -> p.key"
                    "      IS DISTINCT FROM nullif(p.value, 'null')) "
                    "FROM myna.rollout r LEFT JOIN myna.layer l USING (layer_id)"
                    " LEFT JOIN LATERAL jsonb_each(r.patch) p ON true"
                    " WHERE r.rollout_id = $1 GROUP BY r.rollout_id");
    struct result row;
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text(reversing->rollout_id)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0) {
        status = STATUS_NOT_FOUND;
    } else {
        *is_completed = result_bool(&row, 0, 0);
        *patch = result_copy(&row, 0, 1, reversing->arena);
        *skipped = result_is_null(&row, 0, 2)
                       ? NULL
                       : arena_text(reversing->arena, result_span(&row, 0, 2));
    }
    result_release(&row);
    return arena_failed(reversing->arena) ? STATUS_MEMORY : status;
}

/* All at once or by the rate, untested and unjudged: it is what was there before. */
static enum status write_plan(const struct reversing *reversing, struct span *out)
{
    const struct rollout_plan plan = {
        .waves = {{ROLLOUT_PLAN_ALL, 0, 0}},
        .wave_count = 1,
        .rate_per_minute = reversing->rate,
        .ramp_percent = 200,
        .deadline_s = 600,
        .max_failed = ROLLOUT_PLAN_ALL,
        .unreachable_after_s = 3600,
    };

    return rollout_draft_plan(&plan, reversing->arena, out);
}

static enum status insert_reverse(struct store_conn *conn, const struct reversing *reversing,
                                  struct span patch, struct span plan, struct document *made)
{
    STORE_STATEMENT(
        make,
        "WITH old AS (SELECT * FROM myna.rollout WHERE rollout_id = $3),"
        " r AS (INSERT INTO myna.rollout (rollout_id, name, layer_id, group_id, patch, plan,"
        "     reverses, author)"
        "   SELECT left(old.rollout_id, 40) || '-back' || coalesce('-' || nullif((SELECT count(*)"
        "       FROM myna.rollout x WHERE x.reverses = old.rollout_id), 0), ''),"
        "     left('back to before ' || old.rollout_id, 100), old.layer_id, old.group_id, $4, $5,"
        "     old.rollout_id, $1 FROM old RETURNING *),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'rollout.create',"
        "     'rollout/' || r.rollout_id, NULL, jsonb_build_object('layer', r.layer_id, 'plan',"
        "     r.plan, 'patch', r.patch, 'reverses', r.reverses))) FROM r)"
        "SELECT to_jsonb(r.rollout_id), r.version FROM r, done");

    return document_exec(
        conn, &make,
        STORE_VALUES(value_text(reversing->author->actor), value_text(reversing->author->source),
                     value_text(reversing->rollout_id), value_json(patch), value_json(plan)),
        reversing->arena, made);
}

/* What the layer said before of the software, or that it is withdrawn. */
static enum status insert_reverse_software(struct store_conn *conn,
                                           const struct reversing *reversing, struct span plan,
                                           struct document *made)
{
    STORE_STATEMENT(
        make,
        "WITH old AS (SELECT r.*, nullif(r.before, 'null') AS was FROM myna.rollout r"
        "   WHERE r.rollout_id = $3 AND r.state = 'completed' AND NOT r.is_withdrawal"
        "   AND EXISTS (SELECT FROM myna.layer_software s WHERE s.layer_id = r.layer_id"
        "     AND s.kind = r.software_kind AND s.name = r.software_name"
        "     AND s.rollout_id = r.rollout_id)),"
        " r AS (INSERT INTO myna.rollout (rollout_id, name, layer_id, group_id, manifest, plan,"
        "     reverses, author, software_kind, software_name, software_version, is_withdrawal)"
        "   SELECT left(old.rollout_id, 40) || '-back' || coalesce('-' || nullif((SELECT count(*)"
        "       FROM myna.rollout x WHERE x.reverses = old.rollout_id), 0), ''),"
        "     left('back to before ' || old.rollout_id, 100), old.layer_id, old.group_id,"
        "     coalesce(old.was, old.manifest), $4, old.rollout_id, $1, old.software_kind,"
        "     old.software_name, coalesce((old.was ->> 'document')::jsonb ->> 'version',"
        "     old.software_version), old.was IS NULL FROM old RETURNING *),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'rollout.create',"
        "     'rollout/' || r.rollout_id, NULL, jsonb_build_object('layer', r.layer_id, 'plan',"
        "     r.plan, 'manifest', r.manifest, 'withdrawn', r.is_withdrawal, 'reverses',"
        "     r.reverses))) FROM r)"
        "SELECT to_jsonb(r.rollout_id), r.version FROM r, done");

    return document_exec(conn, &make,
                         STORE_VALUES(value_text(reversing->author->actor),
                                      value_text(reversing->author->source),
                                      value_text(reversing->rollout_id), value_json(plan)),
                         reversing->arena, made);
}

static enum status start_reverse(struct store_conn *conn, struct reversing *reversing,
                                 const char *skipped)
{
    const struct rollout_steps_lock lock = {.rollout_id = reversing->made};
    const struct rollout_turn turn = {
        .event = ROLLOUT_START,
        .reason = skipped != NULL ? arena_format(reversing->arena,
                                                 "not taken back, as changed since: %s", skipped)
                                  : "",
        .by = reversing->author,
        .now_ms = reversing->now_ms,
    };
    struct rollout_steps_row row;
    const char *rivals = NULL;
    enum status status = rollout_steps_lock(conn, reversing->arena, &lock, &row);

    if (status == STATUS_OK)
        status = rollout_steps_rivals(conn, reversing->arena, reversing->made, &rivals);
    if (status == STATUS_OK && rivals != NULL) {
        snprintf(reversing->problem, 512, "%.400s: roll that back, or let it end", rivals);
        return STATUS_CONFLICT;
    }
    return status == STATUS_OK ? rollout_turn(conn, reversing->arena, &row, &turn) : status;
}

static enum status reverse(struct store_conn *conn, void *context)
{
    struct reversing *reversing = context;
    struct span patch;
    struct span plan;
    const char *skipped = NULL;
    bool is_completed = false;
    bool is_software = false;
    struct document made;
    enum status status = read_reverse(conn, reversing, &patch, &skipped, &is_completed);

    reversing->problem[0] = '\0';
    if (status != STATUS_OK)
        return status;
    status = write_plan(reversing, &plan);
    if (status == STATUS_OK && is_completed && span_equal_text(patch, "{}") && skipped == NULL) {
        status = insert_reverse_software(conn, reversing, plan, &made);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND)
            return status;
        is_software = status == STATUS_OK;
    }
    if (!is_software && (!is_completed || span_equal_text(patch, "{}"))) {
        snprintf(reversing->problem, 512, "%s",
                 is_completed ? "all that it changed was changed again since: nothing is left to "
                                "take back, or it was a key: drop the next one (mynactl vendor "
                                "key --drop-next)"
                              : "only what is under way or completed can be rolled back");
        return STATUS_CONFLICT;
    }
    if (!is_software)
        status = insert_reverse(conn, reversing, patch, plan, &made);
    if (status != STATUS_OK)
        return status;
    reversing->made = /* a JSON text: its quotes go */
        arena_text(reversing->arena, span_of(made.json.data + 1, made.json.size - 2));
    return reversing->made != NULL ? start_reverse(conn, reversing, skipped) : STATUS_MEMORY;
}

enum status rollouts_reverse(struct store *store, const struct author *author,
                             const char *rollout_id, int64_t rate, struct arena *arena,
                             struct document *out, char problem[512])
{
    struct reversing reversing = {
        .author = author,
        .rollout_id = rollout_id,
        .rate = rate,
        .arena = arena,
        .problem = problem,
        .now_ms = clock_wall_ms(),
    };
    enum status status = store_transaction(store, reverse, &reversing);

    return status == STATUS_OK ? rollouts_get(store, reversing.made, arena, out) : status;
}

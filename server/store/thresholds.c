#include "server/store/thresholds.h"

#include "server/store/alarm.h"
#include "server/store/columns.h"

#define ALERT_KIND "threshold"

static const char *text_of(const struct result *result, size_t i, int column, struct arena *arena)
{
    return arena_text(arena, result_span(result, i, column));
}

static struct decimal decimal_from(const struct result *result, size_t i, int column)
{
    struct decimal number = {0};

    /* the database rounds to the places that are read here, so only too large a number is left */
    if (decimal_parse(result_span(result, i, column), &number) != STATUS_OK)
        number.units = 0;
    return number;
}

/* ---- what they are judged by ---- */

/* The columns are day, model, price, duration and the metrics in their order. */
static void usage_from_row(const struct result *result, size_t i, struct arena *arena,
                           struct course_usage *row)
{
    row->day = result_int(result, i, 0);
    row->model = text_of(result, i, 1, arena);
    row->price = decimal_from(result, i, 2);
    row->duration_ms = result_int(result, i, 3);
    for (int metric = 0; metric < CONTRACT_METRICS; metric++)
        row->quantities[metric] = result_int(result, i, 4 + metric);
}

static enum status read_usage(struct store_conn *conn, struct arena *arena,
                              const struct store_statement *statement, const struct value *values,
                              size_t value_count, struct course_usage **rows, size_t *count)
{
    struct result result;
    enum status status = store_exec(conn, statement, values, value_count, &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    struct course_usage *out = arena_take(arena, (found + 1) * sizeof *out);
    for (size_t i = 0; out != NULL && i < found; i++)
        usage_from_row(&result, i, arena, &out[i]);
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *rows = out;
    *count = found;
    return STATUS_OK;
}

enum status thresholds_read_days(struct store_conn *conn, struct arena *arena,
                                 const char *contract_id, int64_t first_day,
                                 struct course_usage **rows, size_t *count)
{
    STORE_STATEMENT(
        read,
        "SELECT (day - date '1970-01-01')::bigint AS number, model,"
        " trim_scale(round(sum(price), 12))::text, 0::bigint, sum(input_uncached)::bigint,"
        " sum(input_cached)::bigint, sum(cache_write_5m)::bigint, sum(cache_write_1h)::bigint,"
        " sum(output)::bigint, sum(reasoning)::bigint, sum(audio_in_ms)::bigint,"
        " sum(audio_out_chars)::bigint, sum(images)::bigint, sum(video_ms)::bigint,"
        " sum(requests)::bigint"
        " FROM myna.usage_day WHERE contract_id = $1 AND day >= date '1970-01-01' + $2::integer"
        " GROUP BY day, model ORDER BY day, model");

    return read_usage(conn, arena, &read,
                      STORE_VALUES(value_text(contract_id), value_int(first_day)), rows, count);
}

enum status thresholds_read_all_days(struct store_conn *conn, struct arena *arena,
                                     int64_t first_day, struct course_usage **rows, size_t *count)
{
    STORE_STATEMENT(
        read,
        "SELECT (day - date '1970-01-01')::bigint AS number, '', '0', 0::bigint,"
        " sum(input_uncached)::bigint, sum(input_cached)::bigint, sum(cache_write_5m)::bigint,"
        " sum(cache_write_1h)::bigint, sum(output)::bigint, sum(reasoning)::bigint,"
        " sum(audio_in_ms)::bigint, sum(audio_out_chars)::bigint, sum(images)::bigint,"
        " sum(video_ms)::bigint, sum(requests)::bigint"
        " FROM myna.usage_day WHERE day >= date '1970-01-01' + $1::integer"
        " GROUP BY day ORDER BY day");

    return read_usage(conn, arena, &read, STORE_VALUES(value_int(first_day)), rows, count);
}

enum status thresholds_read_recent(struct store_conn *conn, struct arena *arena,
                                   const char *contract_id, int64_t seconds,
                                   struct course_usage **rows, size_t *count)
{
    STORE_STATEMENT(
        read, "SELECT 0::bigint, model, trim_scale(round(sum(price), 12))::text,"
              " sum(duration_ms)::bigint, sum(input_uncached)::bigint, sum(input_cached)::bigint,"
              " sum(cache_write_5m)::bigint, sum(cache_write_1h)::bigint, sum(output)::bigint,"
              " sum(reasoning)::bigint, sum(audio_in_ms)::bigint, sum(audio_out_chars)::bigint,"
              " sum(images)::bigint, sum(video_ms)::bigint, sum(requests)::bigint"
              " FROM myna.usage WHERE arrived_at > now() - $2 * interval '1 second'"
              " AND at > now() - $2 * interval '1 second' AND contract_id = $1 GROUP BY model");

    return read_usage(conn, arena, &read, STORE_VALUES(value_text(contract_id), value_int(seconds)),
                      rows, count);
}

enum status thresholds_read_devices(struct store_conn *conn, struct arena *arena,
                                    const char *contract_id, int64_t version, int64_t counter,
                                    int64_t first_day, struct course_usage **rows, size_t *count)
{
    STORE_STATEMENT(read,
                    "SELECT at_day, '', '0', 0::bigint, count(*), 0::bigint, 0::bigint, 0::bigint,"
                    " 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint"
                    " FROM myna.tally WHERE contract_id = $1 AND version = $2::integer"
                    " AND charge = $3::integer AND at_day >= $4 AND cell = 0 AND quantity > 0"
                    " GROUP BY at_day ORDER BY at_day");

    return read_usage(conn, arena, &read,
                      STORE_VALUES(value_text(contract_id), value_int(version), value_int(counter),
                                   value_int(first_day)),
                      rows, count);
}

enum status thresholds_read_arrivals(struct store_conn *conn, const char *contract_id,
                                     const char *const *counters, size_t count,
                                     const struct period_range *days, int64_t recent_day,
                                     struct saturation *out)
{
    STORE_STATEMENT(
        read, "WITH seen AS (SELECT device_id, min(at_day) AS first, count(DISTINCT at_day) AS days"
              "  FROM myna.tally WHERE contract_id = $1 AND (version, charge) IN"
              "   (SELECT split_part(p, ':', 1)::integer, split_part(p, ':', 2)::integer"
              "    FROM unnest($2::text[]) AS p)"
              "  AND at_day >= $3 AND at_day < $4 AND cell = 0 AND quantity > 0 GROUP BY device_id)"
              " SELECT count(*), count(*) FILTER (WHERE days = 1),"
              "  count(*) FILTER (WHERE days = 2),"
              "  count(*) FILTER (WHERE first > $3 AND first >= $5) FROM seen");
    struct result result = {0};
    enum status status = store_exec(
        conn, &read,
        STORE_VALUES(value_text(contract_id), value_text_array(counters, count),
                     value_int(days->first), value_int(days->end), value_int(recent_day)),
        &result);

    if (status == STATUS_OK)
        *out = (struct saturation){.seen = result_int(&result, 0, 0),
                                   .once = result_int(&result, 0, 1),
                                   .twice = result_int(&result, 0, 2),
                                   .newcomers = result_int(&result, 0, 3)};
    result_release(&result);
    return status;
}

enum status thresholds_read_pools(struct store_conn *conn, struct arena *arena,
                                  struct thresholds_pool **rows, size_t *count)
{
    STORE_STATEMENT(
        read, "SELECT p.source, p.scope, p.subject, p.unit,"
              " trim_scale(round(p.limit_amount, 12))::text, trim_scale(round(p.spent, 12))::text,"
              " p.period_from,"
              " CASE WHEN isfinite(p.period_to) THEN p.period_to ELSE timestamptz '9999-01-01' END,"
              " coalesce(b.thresholds, '" THRESHOLDS_USUAL "')"
              " FROM myna.pool p LEFT JOIN myna.budget b ON p.source = 'budget:' || b.budget_id"
              " WHERE (b.budget_id IS NOT NULL OR (p.hard AND p.source LIKE 'cap:%')) AND "
              "p.is_active AND NOT p.is_closed AND p.period_from <= now()"
              " AND p.period_to > now() AND p.limit_amount > 0 ORDER BY p.pool_id");
    struct result result;
    enum status status = store_exec(conn, &read, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    struct thresholds_pool *out = arena_take(arena, (found + 1) * sizeof *out);
    for (size_t i = 0; out != NULL && i < found; i++)
        out[i] = (struct thresholds_pool){
            .source = text_of(&result, i, 0, arena),
            .scope = text_of(&result, i, 1, arena),
            .subject = text_of(&result, i, 2, arena),
            .unit = text_of(&result, i, 3, arena),
            .limit = decimal_from(&result, i, 4),
            .spent = decimal_from(&result, i, 5),
            .from_ms = result_time(&result, i, 6),
            .to_ms = result_time(&result, i, 7),
            .rules = result_copy(&result, i, 8, arena),
        };
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *rows = out;
    *count = found;
    return STATUS_OK;
}

enum status thresholds_read_contracts(struct store_conn *conn, struct arena *arena,
                                      const char ***ids, size_t *count)
{
    STORE_STATEMENT(read, "SELECT contract_id FROM myna.contract ORDER BY contract_id");
    struct result result;
    enum status status = store_exec(conn, &read, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    const char **out = arena_take(arena, (found + 1) * sizeof *out);
    for (size_t i = 0; out != NULL && i < found; i++)
        out[i] = text_of(&result, i, 0, arena);
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *ids = out;
    *count = found;
    return STATUS_OK;
}

/* ---- how they stand ---- */

#define ROW_COLUMNS                                                                                \
    "threshold_id, source, regexp_replace(source, '^([a-z]+):([^:]*):', '\\1/\\2/') AS about,"     \
    " state, period_from, trim_scale(round(fired_limit, 12))::text, revision"

static enum status row_from(const struct result *result, struct arena *arena,
                            struct thresholds_row *out)
{
    struct thresholds_row row = {
        .threshold_id = result_int(result, 0, 0),
        .source = text_of(result, 0, 1, arena),
        .subject = text_of(result, 0, 2, arena),
        .threshold.period_from_ms = result_time(result, 0, 4),
        .has_fired_limit = !result_is_null(result, 0, 5),
        .revision = result_int(result, 0, 6),
    };
    enum status status = threshold_state_find(result_span(result, 0, 3), &row.threshold.state);

    if (status == STATUS_OK && arena_failed(arena))
        status = STATUS_MEMORY;
    if (row.has_fired_limit)
        row.fired_limit = decimal_from(result, 0, 5);
    if (status == STATUS_OK)
        *out = row;
    return status;
}

enum status thresholds_find(struct store_conn *conn, struct arena *arena,
                            const struct thresholds_entry *entry, struct thresholds_row *out)
{
    STORE_STATEMENT(find, "SELECT " ROW_COLUMNS " FROM myna.threshold WHERE source = $1");
    STORE_STATEMENT(make, "INSERT INTO myna.threshold (source, scope, subject, rule, period_from)"
                          " VALUES ($1, $2, $3, $4, $5)"
                          " ON CONFLICT (source) DO UPDATE SET scope = excluded.scope"
                          " RETURNING " ROW_COLUMNS);
    struct result result;
    enum status status = store_exec(conn, &find, STORE_VALUES(value_text(entry->source)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0) {
        result_release(&result);
        status = store_exec(conn, &make,
                            STORE_VALUES(value_text(entry->source), value_text(entry->scope),
                                         value_text(entry->subject), value_json(entry->rule),
                                         value_time(entry->period_from_ms)),
                            &result);
        if (status != STATUS_OK)
            return status;
    }
    status = row_from(&result, arena, out);
    result_release(&result);
    return status;
}

enum status thresholds_note(struct store_conn *conn, int64_t threshold_id, struct span rule,
                            struct span seen)
{
    STORE_STATEMENT(note, "UPDATE myna.threshold SET rule = $2, seen = $3, seen_at = now()"
                          " WHERE threshold_id = $1 AND (rule <> $2 OR seen <> $3)");

    return store_exec(conn, &note,
                      STORE_VALUES(value_int(threshold_id), value_json(rule), value_json(seen)),
                      NULL);
}

enum status thresholds_move(struct store_conn *conn, const struct thresholds_row *row,
                            const struct threshold *to, const struct decimal *fired_limit)
{
    STORE_STATEMENT(
        move, "UPDATE myna.threshold SET state = $3, period_from = $4, revision = revision + 1,"
              " fired_limit = CASE WHEN $5::text IS NULL AND $3 <> 'armed' THEN fired_limit"
              "   ELSE $5::text::numeric END,"
              " fired_at = CASE WHEN $5::text IS NULL THEN fired_at ELSE now() END"
              " WHERE threshold_id = $1 AND revision = $2::integer");
    char limit[DECIMAL_TEXT_SIZE];
    struct result result;

    if (fired_limit != NULL)
        decimal_format(*fired_limit, limit);
    enum status status = store_exec(
        conn, &move,
        STORE_VALUES(value_int(row->threshold_id), value_int(row->revision),
                     value_text(threshold_state_name(to->state)), value_time(to->period_from_ms),
                     value_text(fired_limit != NULL ? limit : NULL)),
        &result);
    if (status != STATUS_OK)
        return status;
    int64_t moved = result_affected(&result);
    result_release(&result);
    return moved == 1 ? STATUS_OK : STATUS_STALE;
}

static enum status touch(struct store_conn *conn, int64_t threshold_id, int64_t *devices)
{
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(ARRAY(SELECT r.device_id::text"
                           " FROM myna.threshold_reach r WHERE r.threshold_id = $1))");
    struct result result;
    enum status status = store_exec(conn, &touch, STORE_VALUES(value_int(threshold_id)), &result);

    if (status != STATUS_OK)
        return status;
    *devices = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static enum status enforce_one(struct store_conn *conn, int64_t threshold_id,
                               const struct thresholds_action *action)
{
    STORE_STATEMENT(setting, "INSERT INTO myna.enforcement (threshold_id, name, value, strictness)"
                             " VALUES ($1, $2, $3, $4::integer)"
                             " ON CONFLICT (threshold_id, name) DO UPDATE SET"
                             " value = excluded.value, strictness = excluded.strictness"
                             " WHERE enforcement.strictness < excluded.strictness");
    STORE_STATEMENT(standing, "INSERT INTO myna.contract_standing AS s (threshold_id, match,"
                              " fall_back_to, model) VALUES ($1, $2, $3, $4)"
                              " ON CONFLICT (threshold_id) DO UPDATE SET"
                              " fall_back_to = coalesce(excluded.fall_back_to, s.fall_back_to),"
                              " model = coalesce(excluded.model, s.model)");

    if (action->name != NULL)
        return store_exec(conn, &setting,
                          STORE_VALUES(value_int(threshold_id), value_text(action->name),
                                       value_json(span_text(action->value)),
                                       value_int(action->strictness)),
                          NULL);
    return store_exec(conn, &standing,
                      STORE_VALUES(value_int(threshold_id), value_json(span_text(action->match)),
                                   value_text(action->fall_back_to), value_text(action->model)),
                      NULL);
}

enum status thresholds_enforce(struct store_conn *conn, int64_t threshold_id,
                               const struct thresholds_action *actions, size_t count,
                               int64_t *devices)
{
    enum status status = STATUS_OK;

    *devices = 0;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = enforce_one(conn, threshold_id, &actions[i]);
    return status == STATUS_OK && count > 0 ? touch(conn, threshold_id, devices) : status;
}

enum status thresholds_lift(struct store_conn *conn, int64_t threshold_id)
{
    STORE_STATEMENT(lift,
                    "WITH a AS (DELETE FROM myna.enforcement WHERE threshold_id = $1 RETURNING 1),"
                    " b AS (DELETE FROM myna.contract_standing WHERE threshold_id = $1 RETURNING 1)"
                    " SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b)");
    struct result result;
    enum status status = store_exec(conn, &lift, STORE_VALUES(value_int(threshold_id)), &result);

    if (status != STATUS_OK)
        return status;
    int64_t lifted = result_int(&result, 0, 0);
    result_release(&result);
    return lifted > 0 ? touch(conn, threshold_id, &lifted) : STATUS_OK;
}

enum status thresholds_audit(struct store_conn *conn, const char *action, const char *source,
                             struct span after)
{
    STORE_STATEMENT(
        audit, "SELECT myna.audit_append('mynad', '', $1, 'threshold/' || $2::text, NULL, $3)");

    return store_exec(conn, &audit,
                      STORE_VALUES(value_text(action), value_text(source), value_json(after)),
                      NULL);
}

struct forgetting {
    struct arena *arena;
    const char *const *kept;
    size_t count;
};

static enum status forget_one(struct store_conn *conn, struct arena *arena, int64_t threshold_id,
                              const char *source, const char *subject)
{
    STORE_STATEMENT(drop, "DELETE FROM myna.threshold WHERE threshold_id = $1");
    const char *about = arena_text(arena, span_text(subject));
    enum status status = thresholds_lift(conn, threshold_id);

    if (about == NULL)
        return STATUS_MEMORY;
    if (status == STATUS_OK)
        status = alarm_end(conn, ALERT_KIND, about);
    if (status == STATUS_OK)
        status = thresholds_audit(conn, "threshold.forget", source, span_text("{}"));
    if (status == STATUS_OK)
        status = store_exec(conn, &drop, STORE_VALUES(value_int(threshold_id)), NULL);
    return status;
}

static enum status forget(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(find, "SELECT " ROW_COLUMNS " FROM myna.threshold"
                          " WHERE source <> ALL ($1::text[]) ORDER BY threshold_id FOR UPDATE");
    const struct forgetting *forgetting = context;
    struct result result;
    enum status status = store_exec(
        conn, &find, STORE_VALUES(value_text_array(forgetting->kept, forgetting->count)), &result);

    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; status == STATUS_OK && i < result_count(&result); i++)
        status = forget_one(conn, forgetting->arena, result_int(&result, i, 0),
                            result_text(&result, i, 1), result_text(&result, i, 2));
    result_release(&result);
    return status;
}

enum status thresholds_forget(struct store *store, struct arena *arena, const char *const *kept,
                              size_t count)
{
    STORE_STATEMENT(any, "SELECT 1 FROM myna.threshold WHERE source <> ALL ($1::text[]) LIMIT 1");
    struct forgetting forgetting = {arena, kept, count};
    struct result result;
    enum status status =
        store_query(store, &any, STORE_VALUES(value_text_array(kept, count)), &result);

    if (status != STATUS_OK)
        return status;
    size_t found = result_count(&result);
    result_release(&result);
    return found > 0 ? store_transaction(store, forget, &forgetting) : STATUS_OK;
}

/* ---- the API ---- */

#define THRESHOLD_JSON                                                                             \
    "jsonb_build_object('id', t.threshold_id, 'source', t.source, 'scope', t.scope, 'subject', "   \
    "nullif(t.subject, ''), 'rule', t.rule, 'state', t.state, 'period_from', t.period_from, "      \
    "'fired_at', CASE WHEN t.state <> 'armed' THEN t.fired_at END, 'seen', t.seen, 'seen_at', "    \
    "t.seen_at, 'holds', (SELECT coalesce(jsonb_object_agg(e.name, e.value), '{}') FROM "          \
    "myna.enforcement e WHERE e.threshold_id = t.threshold_id), 'falls_back_to', (SELECT "         \
    "min(c.fall_back_to) FROM myna.contract_standing c WHERE c.threshold_id = t.threshold_id), "   \
    "'robots', CASE WHEN EXISTS (SELECT FROM myna.enforcement e WHERE e.threshold_id = "           \
    "t.threshold_id) OR EXISTS (SELECT FROM myna.contract_standing c WHERE c.threshold_id = "      \
    "t.threshold_id) THEN (SELECT count(DISTINCT r.device_id) FROM myna.threshold_reach r WHERE "  \
    "r.threshold_id = t.threshold_id) ELSE 0 END)"

enum status thresholds_list(struct store *store, const char *source, const char *state,
                            struct arena *arena, struct span *json)
{
    STORE_STATEMENT(list, "SELECT jsonb_build_object('items', coalesce(jsonb_agg(" THRESHOLD_JSON
                          " ORDER BY t.source), '[]'), 'next', NULL) FROM myna.threshold t"
                          " WHERE ($1::text IS NULL OR starts_with(t.source, $1 || ':'))"
                          " AND ($2::text IS NULL OR t.state = $2)");

    return store_json(store, &list, STORE_VALUES(value_text(source), value_text(state)), arena,
                      json);
}

struct resetting {
    const struct author *author;
    int64_t threshold_id;
    struct arena *arena;
    struct span *json;
};

static enum status waive(struct store_conn *conn, const struct resetting *resetting,
                         struct thresholds_row *row)
{
    STORE_STATEMENT(audit, "SELECT myna.audit_append($1, $2, 'threshold.reset',"
                           " 'threshold/' || $3::text, jsonb_build_object('state', 'fired'),"
                           " jsonb_build_object('state', 'waived'))");
    struct threshold to = row->threshold;

    if (!threshold_waive(&to))
        return STATUS_CONFLICT;
    enum status status = thresholds_move(conn, row, &to, NULL);
    if (status == STATUS_OK)
        status = thresholds_lift(conn, row->threshold_id);
    if (status == STATUS_OK)
        status = alarm_end(conn, ALERT_KIND, row->subject);
    if (status == STATUS_OK)
        status =
            store_exec(conn, &audit,
                       STORE_VALUES(value_text(resetting->author->actor),
                                    value_text(resetting->author->source), value_text(row->source)),
                       NULL);
    return status;
}

static enum status reset(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(find, "SELECT " ROW_COLUMNS " FROM myna.threshold WHERE threshold_id = $1"
                          " FOR UPDATE");
    STORE_STATEMENT(show,
                    "SELECT " THRESHOLD_JSON " FROM myna.threshold t WHERE t.threshold_id = $1");
    const struct resetting *resetting = context;
    struct thresholds_row row;
    struct result result;
    enum status status =
        store_exec(conn, &find, STORE_VALUES(value_int(resetting->threshold_id)), &result);

    if (status != STATUS_OK)
        return status;
    status =
        result_count(&result) > 0 ? row_from(&result, resetting->arena, &row) : STATUS_NOT_FOUND;
    result_release(&result);
    if (status == STATUS_OK)
        status = waive(conn, resetting, &row);
    if (status == STATUS_OK)
        status = store_exec_json(conn, &show, STORE_VALUES(value_int(resetting->threshold_id)),
                                 resetting->arena, resetting->json);
    return status;
}

enum status thresholds_reset(struct store *store, const struct author *author, int64_t threshold_id,
                             struct arena *arena, struct span *json)
{
    struct resetting resetting = {author, threshold_id, arena, json};

    return store_transaction(store, reset, &resetting);
}

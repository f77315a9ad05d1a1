#include "server/store/alerts.h"

#include "server/store/alert_kinds.h"
#include "server/store/alert_words.h"
#include "server/store/deliveries.h"

/* Clearing what was said of a threshold does not end what it did: that is its reset's to do. */
#define IN_FORCE                                                                                   \
    "(SELECT min(t.threshold_id) FROM myna.threshold t WHERE a.kind = 'threshold'"                 \
    " AND t.source = a.detail ->> 'threshold' AND (EXISTS (SELECT FROM myna.enforcement e"         \
    "   WHERE e.threshold_id = t.threshold_id) OR EXISTS (SELECT FROM myna.contract_standing s"    \
    "   WHERE s.threshold_id = t.threshold_id)))"
#define ALERT_JSON                                                                                 \
    "jsonb_build_object('id', a.alert_id, 'kind', a.kind, 'severity', a.severity, 'subject', "     \
    "a.subject, 'state', a.state, 'detail', a.detail, 'count', a.count, 'first_at', a.first_at, "  \
    "'last_at', a.last_at, 'acknowledged_at', a.acknowledged_at, 'acknowledged_by', "              \
    "a.acknowledged_by, 'silenced_until', a.silenced_until, 'silenced_by', a.silenced_by, "        \
    "'cleared_at', a.cleared_at, 'cleared_by', a.cleared_by, 'assigned_to', a.assigned_to, "       \
    "'in_force', " IN_FORCE ")"
#define HELP_JSON                                                                                  \
    "jsonb_build_object('title', " ALERT_KINDS_TITLE ", 'link', " ALERT_KINDS_LINK                 \
    ", 'cure', " ALERT_KINDS_CURE ")"

#define WORDS_BYTES ((size_t)8 << 20)

/* ---- words ---- */

static void write_value(struct json_writer *writer, const struct json *value)
{
    struct buffer text;

    buffer_init(&text, WORDS_BYTES);
    json_dump(value, &text);
    json_write_raw(writer, buffer_span(&text));
    if (buffer_status(&text) != STATUS_OK)
        buffer_fail(writer->out, buffer_status(&text));
    buffer_release(&text);
}

/* The alert with "words" as its last member. */
static void write_alert(struct json_writer *writer, const struct json *alert, struct arena *arena)
{
    const char *words =
        alert_words(json_text(json_member(alert, "kind"), ""), json_member(alert, "detail"), arena);

    json_begin_object(writer);
    for (size_t i = 0; i < json_count(alert); i++) {
        const char *name;
        const struct json *value = json_member_at(alert, i, &name);

        json_key(writer, name);
        write_value(writer, value);
    }
    json_key(writer, "words");
    json_write_text(writer, span_text(words));
    json_end_object(writer);
}

static void write_page(struct json_writer *writer, const struct json *page, struct arena *arena)
{
    const struct json *items = json_member(page, "items");

    json_begin_object(writer);
    json_key(writer, "items");
    json_begin_array(writer);
    for (size_t i = 0; i < json_count(items); i++)
        write_alert(writer, json_item(items, i), arena);
    json_end_array(writer);
    json_key(writer, "next");
    write_value(writer, json_member(page, "next"));
    json_end_object(writer);
}

typedef void (*write_function)(struct json_writer *writer, const struct json *json,
                               struct arena *arena);

static enum status rewrite(write_function write, struct arena *arena, struct span *json)
{
    struct json_writer writer;
    struct buffer out;
    struct json *read;
    enum status status = json_parse(*json, &read, NULL);

    if (status != STATUS_OK)
        return status;
    buffer_init(&out, WORDS_BYTES);
    json_writer_init(&writer, &out);
    write(&writer, read, arena);
    status = buffer_status(&out);
    if (status == STATUS_OK)
        *json = arena_copy(arena, buffer_span(&out));
    buffer_release(&out);
    json_free(read);
    return status == STATUS_OK && arena_failed(arena) ? STATUS_MEMORY : status;
}

/* ---- reading ---- */

enum status alerts_list(struct store *store, const struct alerts_filter *filter, int64_t after,
                        int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT " ALERT_JSON " || " HELP_JSON " AS item, a.alert_id,"
              "    row_number() OVER (ORDER BY a.alert_id DESC) AS n"
              "  FROM myna.alert a" ALERT_KINDS_JOIN("$9", "$10", "$11", "$12") //
        "  WHERE ($1 = 0 OR a.alert_id < $1)"
        "  AND ($3::text IS NULL OR a.state = $3 OR $3 = 'current' AND a.state <> 'cleared')"
        "  AND ($4::text IS NULL OR a.kind = $4) AND ($5::text IS NULL OR a.subject = $5)"
        "  AND ($6::text IS NULL OR a.severity = $6) AND ($7::text IS NULL OR a.assigned_to = $7)"
        "  AND ($8::text IS NULL OR myna.role_sees($8, a.subject))"
        "  ORDER BY a.alert_id DESC LIMIT $2 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
        "  'next', CASE WHEN count(*) > $2 THEN min(alert_id) FILTER (WHERE n <= $2) END)"
        "FROM page");
    struct value values[8 + ALERT_KINDS_COLUMNS] = {value_int(after),
                                                    value_int(limit),
                                                    value_text(filter->state),
                                                    value_text(filter->kind),
                                                    value_text(filter->subject),
                                                    value_text(filter->severity),
                                                    value_text(filter->assigned_to),
                                                    value_text(filter->role)};

    alert_kinds_columns(arena, values + 8);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status =
        store_json(store, &list, values, sizeof values / sizeof *values, arena, json);
    return status == STATUS_OK ? rewrite(write_page, arena, json) : status;
}

enum status alerts_get(struct store *store, int64_t alert_id, struct arena *arena,
                       struct document *out)
{
    STORE_STATEMENT(
        get, "SELECT " ALERT_JSON " || " HELP_JSON " || jsonb_build_object('deliveries',"
             "  (SELECT coalesce(jsonb_agg(d.item ORDER BY d.delivery_id DESC), '[]')"
             "   FROM (SELECT d.delivery_id, " DELIVERIES_JSON " AS item FROM myna.delivery d"
             "         WHERE d.alert_id = a.alert_id ORDER BY d.delivery_id DESC LIMIT 50) d)),"
             " a.alert_id FROM myna.alert a" ALERT_KINDS_JOIN("$2", "$3", "$4", "$5") //
        " WHERE a.alert_id = $1");
    struct value values[1 + ALERT_KINDS_COLUMNS] = {value_int(alert_id)};

    alert_kinds_columns(arena, values + 1);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status =
        document_read(store, &get, values, sizeof values / sizeof *values, arena, out);
    return status == STATUS_OK ? rewrite(write_alert, arena, &out->json) : status;
}

/* ---- answering ---- */

/* The alert as it was and as it is: audit and dashboards hear of a change, and the answer is the
 * alert either way. old and new are what the statement made before. */
#define TELL_AND_SHOW(action, fits)                                                                \
    " done AS (SELECT min(myna.audit_append($1, $2, 'alert." action "',"                           \
    "             'alert/' || n.alert_id, jsonb_build_object('state', old.state),"                 \
    "             jsonb_build_object('kind', n.kind, 'subject', n.subject, 'state', n.state,"      \
    "               'silenced_until', n.silenced_until) || CASE WHEN n.assigned_to"                \
    "                IS DISTINCT FROM old.assigned_to THEN"                                        \
    "                jsonb_build_object('assigned_to', n.assigned_to) ELSE '{}' END)),"            \
    "           min(myna.tell('alert', n.subject)::text)"                                          \
    "         FROM new n JOIN old USING (alert_id)),"                                              \
    " a AS (SELECT * FROM new UNION ALL SELECT * FROM old WHERE NOT EXISTS (SELECT FROM new))"     \
    "SELECT CASE WHEN " fits " THEN " ALERT_JSON " || " HELP_JSON " END, a.alert_id"               \
    " FROM a" ALERT_KINDS_JOIN("$5", "$6", "$7", "$8") " CROSS JOIN done"
#define OLD "WITH old AS (SELECT * FROM myna.alert WHERE alert_id = $3 FOR UPDATE),"

static enum status answer(struct store *store, const struct store_statement *statement,
                          const struct author *author, int64_t alert_id, struct value said,
                          struct arena *arena, struct document *out)
{
    struct value values[4 + ALERT_KINDS_COLUMNS] = {
        value_text(author->actor), value_text(author->source), value_int(alert_id), said};

    alert_kinds_columns(arena, values + 4);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status =
        document_change(store, statement, values, sizeof values / sizeof *values, arena, out);
    return status == STATUS_OK ? rewrite(write_alert, arena, &out->json) : status;
}

/* STATUS_INVALID: there is no such operator. */
static enum status check_operator(struct store *store, const char *operator_id)
{
    STORE_STATEMENT(find,
                    "SELECT FROM myna.operator WHERE operator_id = $1 AND disabled_at IS NULL");
    struct result result;
    enum status status = store_query(store, &find, STORE_VALUES(value_text(operator_id)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_INVALID;
    result_release(&result);
    return status;
}

enum status alerts_assign(struct store *store, const struct author *author, int64_t alert_id,
                          const char *operator_id, struct arena *arena, struct document *out)
{
    STORE_STATEMENT(assign,
                    OLD " new AS (UPDATE myna.alert n SET assigned_to = $4 FROM old"
                        "         WHERE n.alert_id = old.alert_id AND old.state <> 'cleared'"
                        "         AND old.assigned_to IS DISTINCT FROM $4"
                        "         RETURNING n.*)," TELL_AND_SHOW("assign", "a.state <> 'cleared'"));
    enum status status = operator_id != NULL ? check_operator(store, operator_id) : STATUS_OK;

    return status == STATUS_OK
               ? answer(store, &assign, author, alert_id, value_text(operator_id), arena, out)
               : status;
}

enum status alerts_acknowledge(struct store *store, const struct author *author, int64_t alert_id,
                               struct arena *arena, struct document *out)
{
    /* a silence ends with it: somebody is at it now */
    STORE_STATEMENT(
        acknowledge,
        OLD " new AS (UPDATE myna.alert n SET state = 'acknowledged',"
            "         acknowledged_at = now(), acknowledged_by = $1,"
            "         silenced_until = $4, silenced_by = NULL FROM old"
            "         WHERE n.alert_id = old.alert_id AND old.state IN ('open', 'silenced')"
            "         RETURNING n.*)," TELL_AND_SHOW("acknowledge", "a.state <> 'cleared'"));

    return answer(store, &acknowledge, author, alert_id, value_no_time(), arena, out);
}

enum status alerts_silence(struct store *store, const struct author *author, int64_t alert_id,
                           int64_t until_ms, struct arena *arena, struct document *out)
{
    STORE_STATEMENT(silence, OLD
                    " new AS (UPDATE myna.alert n SET state = 'silenced', silenced_until = $4,"
                    "         silenced_by = $1 FROM old"
                    "         WHERE n.alert_id = old.alert_id AND old.state <> 'cleared'"
                    "         AND old.silenced_until IS DISTINCT FROM $4"
                    "         RETURNING n.*)," TELL_AND_SHOW("silence", "a.state <> 'cleared'"));

    return answer(store, &silence, author, alert_id, value_time(until_ms), arena, out);
}

enum status alerts_clear(struct store *store, const struct author *author, int64_t alert_id,
                         struct arena *arena, struct document *out)
{
    STORE_STATEMENT(clear, OLD
                    " new AS (UPDATE myna.alert n SET state = 'cleared', cleared_at = now(),"
                    "         cleared_by = $1, silenced_until = $4, settles_until = NULL FROM old"
                    "         WHERE n.alert_id = old.alert_id AND old.state <> 'cleared'"
                    "         RETURNING n.*)," TELL_AND_SHOW("clear", "true"));

    return answer(store, &clear, author, alert_id, value_no_time(), arena, out);
}

#include "server/store/jobs.h"

/* $3 to $9, of who looks and of who begins. */
#define TARGETS "myna.job_targets(nullif($3::text[], '{}'), $4::jsonb, $5, $6, $7, $8, $9) t"

static struct value ids_of(const struct jobs_order *order)
{
    return value_text_array(order->ids, order->id_count);
}

static struct value program_of(const struct jobs_order *order)
{
    return order->program.size > 0 ? value_json(order->program) : value_no_json();
}

enum status jobs_find_stranger(struct store *store, const struct jobs_order *order,
                               const char **bad)
{
    STORE_STATEMENT(find, "SELECT n.place FROM unnest($1::text[]) WITH ORDINALITY n(name, place)"
                          " LEFT JOIN myna.job_targets($1::text[], NULL, NULL, NULL, NULL, $2, 0) t"
                          " ON t = n.name WHERE t IS NULL ORDER BY 1 LIMIT 1");
    struct result result;
    enum status status =
        store_query(store, &find, STORE_VALUES(ids_of(order), value_text(order->role)), &result);

    if (status != STATUS_OK)
        return status;
    *bad = result_count(&result) > 0 ? order->ids[result_int(&result, 0, 0) - 1] : NULL;
    result_release(&result);
    return STATUS_OK;
}

enum status jobs_preview(struct store *store, const struct jobs_order *order, struct arena *arena,
                         struct span *json)
{
    STORE_STATEMENT(
        preview,
        "WITH meant AS MATERIALIZED (SELECT array_agg(t) AS ids FROM " TARGETS "),"
        " told AS (SELECT d.device_id, d.name, d.status, o.online, e.effect,"
        "    CASE $1 WHEN 'region' THEN jsonb_build_object('region', d.region)"
        "      WHEN 'set' THEN (SELECT jsonb_object_agg(v.key, v.value) FROM myna.layer l"
        "        CROSS JOIN jsonb_each(l.settings) v WHERE l.device_id = d.device_id"
        "        AND $2::jsonb -> 'settings' ? v.key)"
        "      ELSE (SELECT jsonb_object_agg(l.key, l.value) FROM jsonb_each(d.labels) l"
        "        WHERE $2::jsonb -> 'labels' ? l.key) END AS before,"
        "    row_number() OVER (ORDER BY e.effect = 'changes', $10 AND o.online, d.device_id) AS n"
        "  FROM meant m CROSS JOIN LATERAL myna.job_effects($1, $2, m.ids) e"
        "  JOIN myna.device d ON d.device_id = e.device_id"
        "  JOIN myna.device_online o ON o.device_id = d.device_id)"
        "SELECT CASE WHEN count(*) < $9 THEN jsonb_build_object('robots', count(*),"
        "  'changes', count(*) FILTER (WHERE effect = 'changes'),"
        "  'unchanged', count(*) FILTER (WHERE effect = 'unchanged'),"
        "  'refused', count(*) FILTER (WHERE effect = 'refused'),"
        "  'offline', count(*) FILTER (WHERE effect = 'changes' AND NOT online),"
        "  'first', coalesce(jsonb_agg(jsonb_build_object('id', device_id, 'name', name,"
        "      'status', status, 'online', online, 'effect', effect, 'before', before) ORDER BY n)"
        "      FILTER (WHERE n <= 100), '[]')) END FROM told");
    /* who is offline hears a command later, if at all: nothing else waits for a robot */
    enum status status = store_json(
        store, &preview,
        STORE_VALUES(value_text(order->deed), value_json(order->asked), ids_of(order),
                     program_of(order), value_text(order->state), value_text(order->group),
                     value_text(order->text), value_text(order->role), value_int(JOBS_ROBOTS + 1),
                     value_bool(order->is_command)),
        arena, json);

    return status == STATUS_NOT_FOUND ? STATUS_FULL : status;
}

struct creation {
    const struct author *author;
    const struct jobs_order *order;
    int64_t job_id;
};

static enum status create(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        create,
        "WITH meant AS MATERIALIZED (SELECT t AS device_id FROM " TARGETS "),"
        " n AS (SELECT count(*) AS robots, (SELECT count(*) FROM myna.job WHERE state = 'running')"
        "       AS running FROM meant),"
        " j AS (INSERT INTO myna.job (deed, asked, which, robots, created_by, author, source)"
        "       SELECT $1, $2, $10, n.robots, $11, $11, $12 FROM n WHERE n.robots BETWEEN 1 AND $9 "
        "- 1"
        "       AND n.running < $13 RETURNING *),"
        " d AS (INSERT INTO myna.job_device (job_id, device_id) SELECT j.job_id, m.device_id"
        "       FROM j, meant m RETURNING 1),"
        " done AS (SELECT min(myna.audit_append($11, $12, 'job.create', 'job/' || j.job_id, NULL,"
        "             jsonb_build_object('deed', j.deed, 'asked', j.asked, 'which', j.which,"
        "               'robots', j.robots))), min(myna.tell('job', j.job_id::text)::text)"
        "         FROM j CROSS JOIN (SELECT count(*) FROM d) c)"
        "SELECT n.robots, n.running, j.job_id FROM n CROSS JOIN done LEFT JOIN j ON true");
    struct creation *creation = context;
    const struct jobs_order *order = creation->order;
    struct result row;
    enum status status = store_exec(
        conn, &create,
        STORE_VALUES(value_text(order->deed), value_json(order->asked), ids_of(order),
                     program_of(order), value_text(order->state), value_text(order->group),
                     value_text(order->text), value_text(order->role), value_int(JOBS_ROBOTS + 1),
                     value_json(order->which), value_text(creation->author->actor),
                     value_text(creation->author->source), value_int(JOBS_AT_ONCE)),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_int(&row, 0, 0) == 0)
        status = STATUS_NOT_FOUND;
    else if (result_int(&row, 0, 0) > JOBS_ROBOTS)
        status = STATUS_FULL;
    else if (result_is_null(&row, 0, 2))
        status = STATUS_DENIED;
    else
        creation->job_id = result_int(&row, 0, 2);
    result_release(&row);
    return status;
}

enum status jobs_create(struct store *store, const struct author *author,
                        const struct jobs_order *order, struct arena *arena, struct document *out,
                        int64_t *job_id)
{
    struct creation creation = {author, order, 0};
    enum status status = store_transaction(store, create, &creation);

    if (status != STATUS_OK)
        return status;
    *job_id = creation.job_id;
    return jobs_get(store, creation.job_id, NULL, arena, out);
}

enum status jobs_list(struct store *store, const char *state, const char *by, int64_t after,
                      int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT i.job_id, i.item, row_number() OVER (ORDER BY i.job_id DESC) AS n"
        "  FROM (SELECT * FROM myna.job_item WHERE ($1::text IS NULL OR state = $1)"
        "    AND ($2::text IS NULL OR created_by = $2) AND ($3::bigint = 0 OR job_id < $3)"
        "    ORDER BY job_id DESC LIMIT $4 + 1) i)"
        "SELECT jsonb_build_object('as_of', now(),"
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $4), '[]'),"
        "  'next', CASE WHEN count(*) > $4 THEN min(job_id) FILTER (WHERE n <= $4) END) FROM page");

    return store_json(
        store, &list,
        STORE_VALUES(value_text(state), value_text(by), value_int(after), value_int(limit)), arena,
        json);
}

enum status jobs_get(struct store *store, int64_t job_id, const char *by, struct arena *arena,
                     struct document *out)
{
    STORE_STATEMENT(get, "SELECT item || jsonb_build_object('as_of', now()), version"
                         " FROM myna.job_item WHERE job_id = $1"
                         " AND ($2::text IS NULL OR created_by = $2)");

    return document_read(store, &get, STORE_VALUES(value_int(job_id), value_text(by)), arena, out);
}

enum status jobs_devices(struct store *store, int64_t job_id, const char *outcome,
                         const char *after, int64_t limit, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "WITH page AS (SELECT x.device_id::text AS id, jsonb_build_object('device', x.device_id,"
        "    'name', coalesce(d.name, ''), 'outcome', x.outcome,"
        "    'reason', x.reason, 'at', x.at) AS item,"
        "    row_number() OVER (ORDER BY x.device_id) AS n"
        "  FROM myna.job_device x LEFT JOIN myna.device d USING (device_id)"
        "  WHERE x.job_id = $1 AND ($2::text IS NULL OR x.outcome = $2) AND x.device_id > "
        "coalesce($3, '')"
        "  ORDER BY x.device_id LIMIT $4 + 1)"
        "SELECT jsonb_build_object("
        "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $4), '[]'),"
        "  'next', CASE WHEN count(*) > $4 THEN max(id) FILTER (WHERE n <= $4) END) FROM page");

    return store_json(
        store, &list,
        STORE_VALUES(value_int(job_id), value_text(outcome), value_text(after), value_int(limit)),
        arena, json);
}

/* $1 and $2 are the author's, $3 is the job. */
static enum status change(struct store *store, const struct store_statement *statement,
                          const struct author *author, int64_t job_id, struct arena *arena,
                          struct document *out)
{
    struct document ignored;
    enum status status = document_change(
        store, statement,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(job_id)),
        arena, &ignored);

    return status == STATUS_OK ? jobs_get(store, job_id, NULL, arena, out) : status;
}

enum status jobs_stop(struct store *store, const struct author *author, int64_t job_id,
                      struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        stop,
        "WITH old AS (SELECT * FROM myna.job WHERE job_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.job j SET state = 'stopped', note = '', ended_at = now(),"
        "           version = j.version + 1"
        "         FROM old WHERE j.job_id = old.job_id AND old.state = 'running' RETURNING j.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'job.stop', 'job/' || new.job_id,"
        "             NULL, NULL)), min(myna.tell('job', new.job_id::text)::text) FROM new)"
        "SELECT CASE WHEN old.state <> 'ended' THEN to_jsonb(true) END, old.version"
        " FROM done, old");

    return change(store, &stop, author, job_id, arena, out);
}

enum status jobs_resume(struct store *store, const struct author *author, int64_t job_id,
                        struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        resume,
        "WITH old AS (SELECT * FROM myna.job WHERE job_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.job j SET state = 'running', note = '', ended_at = NULL,"
        "           counts = NULL, author = $1, source = $2, version = j.version + 1"
        "         FROM old WHERE j.job_id = old.job_id AND old.state <> 'running' AND EXISTS"
        "           (SELECT FROM myna.job_device x WHERE x.job_id = old.job_id"
        "            AND x.outcome IN ('waiting', 'failed')) RETURNING j.*),"
        " again AS (UPDATE myna.job_device x SET outcome = 'waiting', reason = '', at = NULL FROM "
        "new"
        "           WHERE x.job_id = new.job_id AND x.outcome = 'failed' RETURNING 1),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'job.resume', 'job/' || new.job_id, NULL,"
        "             jsonb_build_object('again', (SELECT count(*) FROM again)))),"
        "           min(myna.tell('job', new.job_id::text)::text) FROM new)"
        "SELECT CASE WHEN old.state = 'running' OR new.job_id IS NOT NULL THEN to_jsonb(true) END,"
        " old.version FROM done, old LEFT JOIN new USING (job_id)");

    return change(store, &resume, author, job_id, arena, out);
}

enum status jobs_forget(struct store *store)
{
    STORE_STATEMENT(forget, "DELETE FROM myna.job WHERE state <> 'running'"
                            " AND ended_at <= now() - interval '30 days'");

    return store_query(store, &forget, STORE_NO_VALUES, NULL);
}

#include "server/store/claim_imports.h"

#define ROWS                                                                                       \
    "jsonb_to_recordset($1::jsonb) AS r(line bigint, serial text, \"group\" text, labels jsonb,"   \
    " hash text)"
#define LIVES "c.withdrawn_at IS NULL AND c.expires_at > now() AND c.uses < c.uses_allowed"

struct work {
    const struct author *author;
    const struct claim_imports_order *order;
    struct arena *arena;
    struct document *out;
    struct claim_imports_faults *faults;
};

/* One import at a time: two of the same list would both find that no code waits. */
static enum status take_turn(struct store_conn *conn)
{
    STORE_STATEMENT(take, "SELECT pg_advisory_xact_lock(hashtext('myna claim import'))");

    return store_exec(conn, &take, STORE_NO_VALUES, NULL);
}

static enum status find_faults(struct store_conn *conn, const struct work *work)
{
    STORE_STATEMENT(
        check, "SELECT r.line, CASE WHEN r.\"group\" IS NOT NULL AND g.group_id IS NULL THEN 0"
               "    WHEN g.filter IS NOT NULL THEN 1 ELSE 2 END, coalesce(w.claim_id, 0) FROM " ROWS
               "  LEFT JOIN myna.device_group g ON g.group_id = r.\"group\""
               "  LEFT JOIN (SELECT c.serial, min(c.claim_id) AS claim_id FROM myna.claim c"
               "    WHERE NOT $2::boolean AND c.serial IS NOT NULL AND " LIVES
               "    GROUP BY c.serial) w ON w.serial = r.serial"
               " WHERE (r.\"group\" IS NOT NULL AND g.group_id IS NULL) OR g.filter IS NOT NULL"
               "    OR w.claim_id IS NOT NULL ORDER BY r.line LIMIT 20");
    struct result result;
    enum status status = store_exec(
        conn, &check, STORE_VALUES(value_json(work->order->rows), value_bool(work->order->replace)),
        &result);

    if (status != STATUS_OK)
        return status;
    work->faults->count = result_count(&result);
    for (size_t i = 0; i < work->faults->count; i++)
        work->faults->items[i] = (struct claim_imports_fault){
            .line = result_int(&result, i, 0),
            .cause = (enum claim_imports_cause)result_int(&result, i, 1),
            .claim_id = result_int(&result, i, 2),
        };
    result_release(&result);
    return work->faults->count == 0 ? STATUS_OK : STATUS_INVALID;
}

/* The audit names the labels of this list and tells what they say where the robot enrols, in rows
 * of its own: there they can be erased with it. */
static enum status make(struct store_conn *conn, const struct work *work)
{
    STORE_STATEMENT(
        create,
        "WITH r AS (SELECT * FROM " ROWS "),"
        " old AS (UPDATE myna.claim c SET withdrawn_at = now() FROM r"
        "         WHERE $3::boolean AND c.serial = r.serial AND " LIVES " RETURNING c.claim_id),"
        " made AS (INSERT INTO myna.claim (code_hash, serial, group_id, labels,"
        "            uses_allowed, expires_at, created_by)"
        "          SELECT decode(r.hash, 'hex'), r.serial, r.\"group\", r.labels, 1,"
        "            now() + make_interval(secs => $2), $4::text FROM r ORDER BY r.line"
        "          RETURNING claim_id, serial, group_id, labels, expires_at),"
        " ended AS (SELECT count(*) AS n, coalesce(jsonb_agg(claim_id ORDER BY claim_id), '[]')"
        "             AS ids FROM old),"
        " listed AS (SELECT min(expires_at) AS expires_at,"
        "              jsonb_object_agg(serial, claim_id) AS ids,"
        "              jsonb_agg(jsonb_build_object('id', claim_id, 'serial', serial,"
        "                'group', group_id, 'labels', ARRAY(SELECT jsonb_object_keys(labels)))"
        "                ORDER BY claim_id) AS claims FROM made),"
        " done AS (SELECT myna.audit_append($4, $5, 'claim.import', 'claim/import', NULL,"
        "            jsonb_build_object('claims', l.claims, 'replaced', e.ids,"
        "              'expires_at', l.expires_at)) FROM listed l, ended e),"
        " told AS (SELECT count(myna.tell('claim', claim_id::text)::text) FROM made) "
        "SELECT jsonb_build_object('expires_at', l.expires_at, 'replaced', e.n, 'ids', l.ids), 0"
        " FROM listed l, ended e, done, told");

    return document_exec(
        conn, &create,
        STORE_VALUES(value_json(work->order->rows), value_int(work->order->expires_in_s),
                     value_bool(work->order->replace), value_text(work->author->actor),
                     value_text(work->author->source)),
        work->arena, work->out);
}

static enum status check_and_make(struct store_conn *conn, void *context)
{
    const struct work *work = context;
    enum status status = take_turn(conn);

    if (status == STATUS_OK)
        status = find_faults(conn, work);
    return status == STATUS_OK ? make(conn, work) : status;
}

enum status claim_imports_make(struct store *store, const struct author *author,
                               const struct claim_imports_order *order, struct arena *arena,
                               struct document *out, struct claim_imports_faults *faults)
{
    struct work work = {author, order, arena, out, faults};

    *faults = (struct claim_imports_faults){.count = 0};
    return store_transaction(store, check_and_make, &work);
}

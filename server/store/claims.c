#include "server/store/claims.h"

#define CLAIM_JSON                                                                                 \
    "jsonb_build_object('id', c.claim_id, 'serial', c.serial, 'group', c.group_id,"                \
    " 'labels', c.labels, 'uses_allowed', c.uses_allowed, 'uses', c.uses, 'expires_at', "          \
    "c.expires_at,"                                                                                \
    " 'withdrawn_at', c.withdrawn_at, 'created_at', c.created_at, 'created_by', c.created_by)"

enum status claims_create(struct store *store, const struct author *author,
                          const struct claims_order *order, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(create,
                    "WITH c AS (INSERT INTO myna.claim (code_hash, serial, group_id, uses_allowed,"
                    "             expires_at, created_by)"
                    "           SELECT $3::bytea, $4::text, $5::text, $6::bigint, now() + "
                    "make_interval(secs => $7), $1::text"
                    "           WHERE NOT EXISTS (SELECT FROM myna.device_group g"
                    "             WHERE g.group_id = $5 AND g.filter IS NOT NULL) RETURNING *),"
                    " done AS (SELECT myna.audit_append($1, $2, 'claim.create',"
                    "             'claim/' || c.claim_id, NULL, " CLAIM_JSON "),"
                    "           myna.tell('claim', c.claim_id::text) FROM c)"
                    "SELECT " CLAIM_JSON ", c.claim_id FROM c, done");

    return document_change(store, &create,
                           STORE_VALUES(value_text(author->actor), value_text(author->source),
                                        value_bytes(order->code_hash), value_text(order->serial),
                                        value_text(order->group), value_int(order->uses),
                                        value_int(order->expires_in_s)),
                           arena, out);
}

enum status claims_list(struct store *store, int64_t after, int64_t limit, struct arena *arena,
                        struct span *json)
{
    STORE_STATEMENT(
        list, "WITH page AS (SELECT " CLAIM_JSON " AS item, c.claim_id,"
              "    row_number() OVER (ORDER BY c.claim_id DESC) AS n"
              "  FROM myna.claim c WHERE $1 = 0 OR c.claim_id < $1"
              "  ORDER BY c.claim_id DESC LIMIT $2 + 1)"
              "SELECT jsonb_build_object("
              "  'items', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE n <= $2), '[]'),"
              "  'next', CASE WHEN count(*) > $2 THEN min(claim_id) FILTER (WHERE n <= $2) END)"
              "FROM page");

    return store_json(store, &list, STORE_VALUES(value_int(after), value_int(limit)), arena, json);
}

enum status claims_withdraw(struct store *store, const struct author *author, int64_t claim_id,
                            struct arena *arena)
{
    STORE_STATEMENT(
        withdraw,
        "WITH old AS (SELECT * FROM myna.claim WHERE claim_id = $3 FOR UPDATE),"
        " new AS (UPDATE myna.claim c SET withdrawn_at = now() FROM old"
        "         WHERE c.claim_id = old.claim_id AND old.withdrawn_at IS NULL RETURNING c.*),"
        " done AS (SELECT min(myna.audit_append($1, $2, 'claim.withdraw',"
        "             'claim/' || c.claim_id, NULL, " CLAIM_JSON ")),"
        "           min(myna.tell('claim', c.claim_id::text)::text) FROM new c)"
        "SELECT to_jsonb(true), 0 FROM old, done");
    struct document ignored;

    return document_change(
        store, &withdraw,
        STORE_VALUES(value_text(author->actor), value_text(author->source), value_int(claim_id)),
        arena, &ignored);
}

/* Enrolment */

enum status claims_find(struct store *store, struct span code_hash)
{
    STORE_STATEMENT(find, "SELECT 1 FROM myna.claim WHERE code_hash = $1"
                          " AND withdrawn_at IS NULL AND expires_at > now()");
    struct result result;
    enum status status = store_query(store, &find, STORE_VALUES(value_bytes(code_hash)), &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

struct enrolling {
    const struct claims_enrolment *enrolment;
    enum claims_verdict *verdict;
};

static enum status run_counted(struct store_conn *conn, const struct store_statement *statement,
                               const struct value *values, size_t count, int64_t *affected)
{
    struct result result;
    enum status status = store_exec(conn, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    *affected = (int64_t)result_count(&result);
    result_release(&result);
    return STATUS_OK;
}

/* A robot that repeats itself, its answer lost: same claim still in its life, same key. */
static enum status repeat(struct store_conn *conn, const struct claims_enrolment *e, bool *repeated)
{
    STORE_STATEMENT(
        again,
        "WITH d AS (UPDATE myna.device d SET certificate_serial = $4, certificate_until = $5,"
        "             sealing_public = $6, server_key_id = $7, secret_wrapped = $8,"
        "             authority = $10, server_authority = $11"
        "           FROM myna.claim c WHERE c.code_hash = $1 AND c.withdrawn_at IS NULL"
        "           AND c.expires_at > now() AND d.claim_id = c.claim_id"
        "           AND d.device_id = $2 AND d.certificate_key_hash = $3 AND d.status = 'active'"
        "           RETURNING d.*)"
        "SELECT myna.audit_append('claim:' || d.claim_id, $9, 'device.enrol_again',"
        "         'device/' || d.device_id, NULL,"
        "         jsonb_build_object('certificate', d.certificate_serial)) FROM d");
    int64_t rows;
    enum status status = run_counted(
        conn, &again,
        STORE_VALUES(
            value_bytes(e->code_hash), value_text(e->newcomer.device_id),
            value_bytes(e->newcomer.public_key_hash), value_text(e->newcomer.certificate_serial),
            value_time(e->newcomer.certificate_until_ms), value_bytes(e->newcomer.sealing_public),
            value_bytes(e->newcomer.server_key_id), value_bytes(e->newcomer.secret_wrapped),
            value_text(e->newcomer.source), value_bytes(e->newcomer.authority),
            value_bytes(e->newcomer.server_authority)),
        &rows);

    if (status == STATUS_OK)
        *repeated = rows > 0;
    return status;
}

/* The one conditional update that decides: no claim is used more often than it allows. */
static enum status use_claim(struct store_conn *conn, const struct claims_enrolment *e,
                             struct newcomers_way *way)
{
    STORE_STATEMENT(use, "UPDATE myna.claim SET uses = uses + 1 WHERE code_hash = $1"
                         " AND withdrawn_at IS NULL AND expires_at > now() AND uses < uses_allowed"
                         " AND (serial IS NULL OR serial = $2) RETURNING claim_id, group_id");
    struct result result;
    enum status status = store_exec(
        conn, &use, STORE_VALUES(value_bytes(e->code_hash), value_text(e->newcomer.serial)),
        &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_DENIED;
    else
        status =
            newcomers_way_by(way, "claim", result_int(&result, 0, 0), result_text(&result, 0, 1));
    result_release(&result);
    return status;
}

static enum status enrol(struct store_conn *conn, void *context)
{
    const struct enrolling *enrolling = context;
    bool repeated = false;
    struct newcomers_way way;
    enum status status = repeat(conn, enrolling->enrolment, &repeated);

    if (status != STATUS_OK || repeated) {
        *enrolling->verdict = CLAIMS_REPEATED;
        return status;
    }
    status = use_claim(conn, enrolling->enrolment, &way);
    if (status == STATUS_OK)
        status = newcomers_add(conn, &enrolling->enrolment->newcomer, &way);
    if (status == STATUS_OK)
        *enrolling->verdict = CLAIMS_ENROLLED;
    return status;
}

enum status claims_enrol(struct store *store, const struct claims_enrolment *enrolment,
                         enum claims_verdict *verdict, int64_t *epoch)
{
    enum claims_verdict reached;
    struct enrolling enrolling = {.enrolment = enrolment, .verdict = &reached};
    enum status status = newcomers_epoch(store, epoch);

    if (status == STATUS_OK)
        status = store_transaction(store, enrol, &enrolling);
    /* refusals undo the transaction, so that a taken id costs the claim nothing */
    if (status == STATUS_DENIED)
        reached = CLAIMS_REFUSED;
    else if (status == STATUS_EXISTS)
        reached = CLAIMS_TAKEN;
    else if (status != STATUS_OK)
        return status;
    *verdict = reached;
    return STATUS_OK;
}

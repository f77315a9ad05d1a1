#include "server/store/renewals.h"

struct renewing {
    const struct renewals_order *order;
    enum renewals_verdict verdict;
    int64_t epoch;
};

/* With the order as $1 to $11. One row, with the epoch in its first column, when the statement did
 * something. */
static enum status run(struct store_conn *conn, const struct store_statement *statement,
                       struct renewing *renewing, bool *done)
{
    const struct renewals_order *order = renewing->order;
    struct result result;
    enum status status = store_exec(
        conn, statement,
        STORE_VALUES(value_text(order->device_id), value_bytes(order->proven_key_hash),
                     value_bytes(order->public_key_hash), value_text(order->certificate_serial),
                     value_time(order->certificate_until_ms), value_bytes(order->sealing_public),
                     value_bytes(order->server_key_id), value_bytes(order->secret_wrapped),
                     value_text(order->source), value_bytes(order->authority),
                     value_bytes(order->server_authority)),
        &result);

    if (status != STATUS_OK)
        return status;
    *done = result_count(&result) > 0;
    if (*done)
        renewing->epoch = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static enum status update(struct store_conn *conn, struct renewing *renewing, bool *done)
{
    STORE_STATEMENT(
        renew,
        "WITH d AS (UPDATE myna.device d SET certificate_serial = $4, certificate_until = $5,"
        "             previous_key_hash = CASE WHEN d.certificate_key_hash = $3"
        "               THEN d.previous_key_hash ELSE d.certificate_key_hash END,"
        "             certificate_key_hash = $3, sealing_public = $6, server_key_id = $7,"
        "             secret_wrapped = $8, authority = $10, server_authority = $11"
        "           WHERE d.device_id = $1 AND d.status IN ('active', 'quarantined')"
        "           AND $2 IN (d.certificate_key_hash, d.previous_key_hash)"
        "           RETURNING d.*)"
        "SELECT (SELECT epoch FROM myna.installation),"
        "       myna.audit_append('device:' || d.device_id, $9, 'device.renew',"
        "         'device/' || d.device_id, NULL, jsonb_build_object('certificate',"
        "         d.certificate_serial, 'until', d.certificate_until)),"
        "       myna.tell('device', d.device_id) FROM d");

    return run(conn, &renew, renewing, done);
}

static enum status recreate(struct store_conn *conn, struct renewing *renewing, bool *done)
{
    STORE_STATEMENT(
        add,
        "WITH d AS (INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
        "             previous_key_hash, certificate_key_hash, sealing_public, server_key_id,"
        "             secret_wrapped, authority, server_authority)"
        "           SELECT $1::text, $4, $5, $2, $3, $6, $7, $8, $10, $11"
        "           WHERE NOT EXISTS (SELECT FROM myna.revoked_before b WHERE b.device_id = $1)"
        "           AND NOT EXISTS (SELECT FROM myna.erased_key e WHERE e.key_hash IN ($2, $3))"
        "           ON CONFLICT DO NOTHING RETURNING *),"
        " link AS (INSERT INTO myna.device_link (device_id) SELECT device_id FROM d RETURNING 1),"
        " joined AS (SELECT myna.group_refresh(NULL, ARRAY[d.device_id::text]) FROM d"
        "            CROSS JOIN (SELECT count(*) FROM link) l)"
        "SELECT (SELECT epoch FROM myna.installation),"
        "       myna.audit_append('device:' || d.device_id, $9, 'device.recreate',"
        "         'device/' || d.device_id, NULL, jsonb_build_object('certificate',"
        "         d.certificate_serial, 'until', d.certificate_until)),"
        "       myna.tell('device', d.device_id) "
        "FROM d CROSS JOIN (SELECT count(*) FROM joined) j");

    return run(conn, &add, renewing, done);
}

static enum status renew(struct store_conn *conn, void *context)
{
    struct renewing *renewing = context;
    bool done = false;
    enum status status = update(conn, renewing, &done);

    renewing->verdict = RENEWALS_RENEWED;
    if (status == STATUS_OK && !done && renewing->order->may_recreate) {
        renewing->verdict = RENEWALS_RECREATED;
        status = recreate(conn, renewing, &done);
    }
    if (!done)
        renewing->verdict = RENEWALS_REFUSED;
    return status;
}

enum status renewals_renew(struct store *store, const struct renewals_order *order,
                           enum renewals_verdict *verdict, int64_t *epoch)
{
    struct renewing renewing = {.order = order};
    enum status status = store_transaction(store, renew, &renewing);

    if (status != STATUS_OK)
        return status;
    *verdict = renewing.verdict;
    *epoch = renewing.epoch;
    return STATUS_OK;
}

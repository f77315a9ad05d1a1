#include "server/store/newcomers.h"

#include <stdio.h>

enum status newcomers_way_by(struct newcomers_way *way, const char *kind, int64_t id,
                             const char *group_id)
{
    const int size = snprintf(way->actor, sizeof way->actor, "%s:%lld", kind, (long long)id);

    way->claim_id = strcmp(kind, "claim") == 0 ? id : 0;
    if (size < 0 || (size_t)size >= sizeof way->actor)
        return STATUS_FULL;
    return span_to_text(span_text(group_id), way->group_id, sizeof way->group_id);
}

enum status newcomers_add(struct store_conn *conn, const struct newcomer *newcomer,
                          const struct newcomers_way *way)
{
    STORE_STATEMENT(
        add,
        "WITH d AS (INSERT INTO myna.device (device_id, serial, certificate_serial,"
        "             certificate_until, certificate_key_hash, claim_id, sealing_public,"
        "             server_key_id, secret_wrapped, authority, server_authority, labels)"
        "           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $13, $14, coalesce((SELECT c.labels"
        "             FROM myna.claim c WHERE c.claim_id = $6), '{}')) RETURNING *),"
        " link AS (INSERT INTO myna.device_link (device_id) SELECT device_id FROM d RETURNING 1),"
        " member AS (INSERT INTO myna.group_member (group_id, device_id)"
        "            SELECT $12::text, d.device_id FROM d WHERE $12::text <> ''"
        "            RETURNING group_id),"
        " joined AS (SELECT myna.group_refresh(NULL, ARRAY[d.device_id::text]) FROM d"
        "            CROSS JOIN (SELECT count(*) FROM link) l"
        "            CROSS JOIN (SELECT count(*) FROM member) m)"
        "SELECT myna.audit_append($11, $10, 'device.enrol',"
        "         'device/' || d.device_id, NULL, jsonb_build_object('serial', d.serial,"
        "           'certificate', d.certificate_serial, 'group', m.group_id,"
        "           'labels', d.labels)),"
        "       myna.tell('device', d.device_id) "
        "FROM d CROSS JOIN (SELECT count(*) FROM joined) j LEFT JOIN member m ON true");

    return store_exec(
        conn, &add,
        STORE_VALUES(value_text(newcomer->device_id), value_text(newcomer->serial),
                     value_text(newcomer->certificate_serial),
                     value_time(newcomer->certificate_until_ms),
                     value_bytes(newcomer->public_key_hash),
                     way->claim_id > 0 ? value_int(way->claim_id) : value_no_int(),
                     value_bytes(newcomer->sealing_public), value_bytes(newcomer->server_key_id),
                     value_bytes(newcomer->secret_wrapped), value_text(newcomer->source),
                     value_text(way->actor), value_text(way->group_id),
                     value_bytes(newcomer->authority), value_bytes(newcomer->server_authority)),
        NULL);
}

enum status newcomers_epoch(struct store *store, int64_t *epoch)
{
    STORE_STATEMENT(read, "SELECT epoch FROM myna.installation");
    struct result result;
    enum status status = store_query(store, &read, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *epoch = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

#include "server/store/authorities.h"

struct ensuring {
    const uint8_t *id;
    enum authorities_standing standing;
};

static struct value id_value(const uint8_t id[PKI_AUTHORITY_SIZE])
{
    return value_bytes(span_of(id, PKI_AUTHORITY_SIZE));
}

/* Whoever else changes the list of keys waits. *is_first: there is none yet. */
static enum status look(struct store_conn *conn, struct ensuring *ensuring, bool *is_known,
                        bool *is_first)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.key_list FOR UPDATE");
    STORE_STATEMENT(find, "SELECT coalesce(bool_or(id = $1), false), count(*) = 0,"
                          " coalesce((SELECT n.id = $1 FROM myna.device_authority n"
                          "   ORDER BY n.number DESC LIMIT 1), false) FROM myna.device_authority");
    struct result result;
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &find, STORE_VALUES(id_value(ensuring->id)), &result);
    if (status != STATUS_OK)
        return status;
    *is_known = result_bool(&result, 0, 0);
    *is_first = result_bool(&result, 0, 1);
    ensuring->standing = result_bool(&result, 0, 2) ? AUTHORITIES_CURRENT : AUTHORITIES_REPLACED;
    result_release(&result);
    return STATUS_OK;
}

/* Nobody is told of the first one for its own sake: all have a certificate of it. */
static enum status ensure(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(first, "WITH a AS (INSERT INTO myna.device_authority (id, told_from)"
                           "  SELECT $1, number + 1 FROM myna.key_list RETURNING id)"
                           "SELECT myna.audit_append('mynad', '', 'device_ca.create',"
                           "  'key/device-ca-' || encode(a.id, 'hex'), NULL, NULL) FROM a");
    STORE_STATEMENT(turn, "UPDATE myna.key_list SET number = number + 1, since = now(),"
                          " stepped_at = now(), is_settled = false");
    STORE_STATEMENT(follow, "WITH old AS (SELECT id FROM myna.device_authority ORDER BY number DESC"
                            "   LIMIT 1),"
                            " a AS (INSERT INTO myna.device_authority (id, told_from)"
                            "   SELECT $1, number FROM myna.key_list RETURNING id)"
                            "SELECT myna.audit_append('mynad', '', 'device_ca.rotate',"
                            "   'key/device-ca-' || encode(a.id, 'hex'),"
                            "   jsonb_build_object('id', 'device-ca-' || encode(old.id, 'hex')),"
                            "   jsonb_build_object('id', 'device-ca-' || encode(a.id, 'hex'))),"
                            " myna.tell('key', 'device-ca-' || encode(a.id, 'hex')) FROM a, old");
    struct ensuring *ensuring = context;
    const struct value id = id_value(ensuring->id);
    bool is_known, is_first;
    enum status status = look(conn, ensuring, &is_known, &is_first);

    if (status != STATUS_OK || is_known)
        return status;
    ensuring->standing = is_first ? AUTHORITIES_CURRENT : AUTHORITIES_FOLLOWS;
    if (is_first)
        return store_exec(conn, &first, STORE_VALUES(id), NULL);
    status = store_exec(conn, &turn, STORE_NO_VALUES, NULL);
    return status == STATUS_OK ? store_exec(conn, &follow, STORE_VALUES(id), NULL) : status;
}

enum status authorities_ensure(struct store *store, const uint8_t id[PKI_AUTHORITY_SIZE],
                               enum authorities_standing *standing)
{
    struct ensuring ensuring = {.id = id};
    enum status status = store_transaction(store, ensure, &ensuring);

    *standing = ensuring.standing;
    return status;
}

/* ---- the end of those before ---- */

struct retiring {
    const struct authorities_order *order;
    int64_t robots;
};

static enum status count_robots(struct store_conn *conn, struct retiring *retiring)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.key_device d JOIN myna.device_authority a"
                           "   ON d.id = 'device-ca-' || encode(a.id, 'hex')"
                           " WHERE a.id <> $1 AND a.retired_at IS NULL");
    struct result result;
    enum status status =
        store_exec(conn, &count, STORE_VALUES(id_value(retiring->order->id)), &result);

    if (status != STATUS_OK)
        return status;
    retiring->robots = result_int(&result, 0, 0);
    result_release(&result);
    return retiring->robots > 0 && !retiring->order->force ? STATUS_CONFLICT : STATUS_OK;
}

static enum status retire(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        end, "WITH a AS (UPDATE myna.device_authority SET retired_at = now()"
             "   WHERE id <> $1 AND retired_at IS NULL RETURNING id)"
             "SELECT myna.audit_append('mynad', '', 'device_ca.retire',"
             "   'key/device-ca-' || encode(a.id, 'hex'), NULL,"
             "   jsonb_build_object('robots', $2::bigint, 'forced', $3::boolean, 'reason',"
             "     $4::text)), myna.tell('key', 'device-ca-' || encode(a.id, 'hex')) FROM a");
    struct retiring *retiring = context;
    const struct authorities_order *order = retiring->order;
    struct ensuring ensuring = {.id = order->id};
    bool is_known, is_first;
    enum status status = look(conn, &ensuring, &is_known, &is_first);

    if (status == STATUS_OK && ensuring.standing != AUTHORITIES_CURRENT)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = count_robots(conn, retiring);
    if (status != STATUS_OK)
        return status;
    return store_exec(conn, &end,
                      STORE_VALUES(id_value(order->id), value_int(retiring->robots),
                                   value_bool(order->force && retiring->robots > 0),
                                   value_text(order->reason)),
                      NULL);
}

enum status authorities_retire(struct store *store, const struct authorities_order *order,
                               int64_t *robots)
{
    struct retiring retiring = {.order = order};
    enum status status = store_transaction(store, retire, &retiring);

    *robots = retiring.robots;
    return status;
}

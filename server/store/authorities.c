#include "server/store/authorities.h"

#include "server/store/standing.h"

static const char *const purposes[] = {
    [AUTHORITIES_DEVICES] = "device-ca",
    [AUTHORITIES_SERVERS] = "server-ca",
};

struct ensuring {
    enum authorities_purpose purpose;
    const uint8_t *id;
    enum authorities_standing standing;
};

enum status authorities_ensure_root(struct store *store,
                                    const uint8_t fingerprint[CRYPTO_HASH_SIZE], bool *is_ours)
{
    STORE_STATEMENT(note, "UPDATE myna.installation SET root = coalesce(root, $1)"
                          " RETURNING root = $1");
    struct result result;
    enum status status = store_query(
        store, &note, STORE_VALUES(value_bytes(span_of(fingerprint, CRYPTO_HASH_SIZE))), &result);

    if (status != STATUS_OK)
        return status;
    *is_ours = result_bool(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

static struct value id_value(const uint8_t id[PKI_AUTHORITY_SIZE])
{
    return value_bytes(span_of(id, PKI_AUTHORITY_SIZE));
}

static struct value purpose_value(enum authorities_purpose purpose)
{
    return value_text(purposes[purpose]);
}

/* Whoever else changes the list of keys waits. *is_first: there is none yet. */
static enum status look(struct store_conn *conn, struct ensuring *ensuring, bool *is_known,
                        bool *is_first)
{
    STORE_STATEMENT(lock, "SELECT FROM myna.key_list FOR UPDATE");
    STORE_STATEMENT(find, "SELECT coalesce(bool_or(id = $1), false), count(*) = 0,"
                          " coalesce((SELECT n.id = $1 FROM myna.authority n WHERE n.purpose = $2"
                          "   ORDER BY n.number DESC LIMIT 1), false) FROM myna.authority"
                          " WHERE purpose = $2");
    struct result result;
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    if (status == STATUS_OK)
        status = store_exec(conn, &find,
                            STORE_VALUES(id_value(ensuring->id), purpose_value(ensuring->purpose)),
                            &result);
    if (status != STATUS_OK)
        return status;
    *is_known = result_bool(&result, 0, 0);
    *is_first = result_bool(&result, 0, 1);
    ensuring->standing = result_bool(&result, 0, 2) ? AUTHORITIES_CURRENT : AUTHORITIES_REPLACED;
    result_release(&result);
    return STATUS_OK;
}

/* Robots are told of another list, some at a time. */
static enum status begin_list(struct store_conn *conn)
{
    STORE_STATEMENT(turn, "UPDATE myna.key_list SET number = number + 1, since = now(),"
                          " stepped_at = now(), is_settled = false");

    return store_exec(conn, &turn, STORE_NO_VALUES, NULL);
}

/* Nobody is told of the first one for its own sake: all have it from their enrolment. */
static enum status ensure(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        first, "WITH a AS (INSERT INTO myna.authority (id, purpose, told_from)"
               "  SELECT $1, $2::text, number + 1 FROM myna.key_list RETURNING id, purpose)"
               "SELECT myna.audit_append('mynad', '', replace(a.purpose, '-', '_') || '.create',"
               "  'key/' || a.purpose || '-' || encode(a.id, 'hex'), NULL, NULL) FROM a");
    STORE_STATEMENT(
        follow,
        "WITH old AS (SELECT purpose || '-' || encode(id, 'hex') AS id FROM myna.authority"
        "   WHERE purpose = $2 ORDER BY number DESC LIMIT 1),"
        " a AS (INSERT INTO myna.authority (id, purpose, told_from)"
        "   SELECT $1, $2::text, number FROM myna.key_list"
        "   RETURNING purpose || '-' || encode(id, 'hex') AS id)"
        "SELECT myna.audit_append('mynad', '', replace($2::text, '-', '_') || '.rotate',"
        "   'key/' || a.id, jsonb_build_object('id', old.id), jsonb_build_object('id', a.id)),"
        " myna.tell('key', a.id) FROM a, old");
    struct ensuring *ensuring = context;
    const struct value id = id_value(ensuring->id), purpose = purpose_value(ensuring->purpose);
    bool is_known, is_first;
    enum status status = look(conn, ensuring, &is_known, &is_first);

    if (status != STATUS_OK || is_known)
        return status;
    ensuring->standing = is_first ? AUTHORITIES_CURRENT : AUTHORITIES_FOLLOWS;
    if (is_first)
        return store_exec(conn, &first, STORE_VALUES(id, purpose), NULL);
    status = begin_list(conn);
    return status == STATUS_OK ? store_exec(conn, &follow, STORE_VALUES(id, purpose), NULL)
                               : status;
}

enum status authorities_ensure(struct store *store, enum authorities_purpose purpose,
                               const uint8_t id[PKI_AUTHORITY_SIZE],
                               enum authorities_standing *standing)
{
    struct ensuring ensuring = {.purpose = purpose, .id = id};
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
    STORE_STATEMENT(count, "SELECT count(*) FROM myna.key_device d JOIN myna.authority a"
                           "   ON d.id = a.purpose || '-' || encode(a.id, 'hex')"
                           " WHERE a.purpose = $2 AND a.id <> $1 AND a.retired_at IS NULL");
    const struct authorities_order *order = retiring->order;
    struct result result;
    enum status status = store_exec(
        conn, &count, STORE_VALUES(id_value(order->id), purpose_value(order->purpose)), &result);

    if (status != STATUS_OK)
        return status;
    retiring->robots = result_int(&result, 0, 0);
    result_release(&result);
    return retiring->robots > 0 && !order->force ? STATUS_CONFLICT : STATUS_OK;
}

static enum status retire(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        end, "WITH a AS (UPDATE myna.authority SET retired_at = now()"
             "   WHERE purpose = $5 AND id <> $1 AND retired_at IS NULL"
             "   RETURNING purpose || '-' || encode(id, 'hex') AS id)"
             "SELECT myna.audit_append('mynad', '', replace($5::text, '-', '_') || '.retire',"
             "   'key/' || a.id, NULL,"
             "   jsonb_build_object('robots', $2::bigint, 'forced', $3::boolean, 'reason',"
             "     $4::text)), myna.tell('key', a.id) FROM a");
    struct retiring *retiring = context;
    const struct authorities_order *order = retiring->order;
    struct ensuring ensuring = {.purpose = order->purpose, .id = order->id};
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
                                   value_text(order->reason), purpose_value(order->purpose)),
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

/* ---- one server CA alone ---- */

struct settling {
    const uint8_t *id;
    const struct authorities_statement *statements;
    size_t count;
    bool changed;
};

static enum status restate(struct store_conn *conn, struct settling *settling)
{
    STORE_STATEMENT(state, "UPDATE myna.sealing_key SET signature_before = signature,"
                           " signature = $2, signed_from = (SELECT number + 1 FROM myna.key_list)"
                           " WHERE key_id = $1 AND signature = $3 AND retired_at IS NULL");

    for (size_t i = 0; i < settling->count; i++) {
        const struct authorities_statement *statement = &settling->statements[i];
        struct result result;
        enum status status = store_exec(
            conn, &state,
            STORE_VALUES(value_bytes(span_of(statement->key_id, sizeof statement->key_id)),
                         value_bytes(span_of(statement->signature, statement->signature_size)),
                         value_bytes(statement->before)),
            &result);

        if (status != STATUS_OK)
            return status;
        settling->changed |= result_affected(&result) > 0;
        result_release(&result);
    }
    return STATUS_OK;
}

/* The list of keys is as it was when neither of the two did anything. */
static enum status settle(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(end, "UPDATE myna.authority SET retired_at = coalesce(retired_at, now()),"
                         " told_until = (SELECT number + 1 FROM myna.key_list)"
                         " WHERE purpose = 'server-ca' AND id <> $1 AND told_until IS NULL");
    struct settling *settling = context;
    struct ensuring ensuring = {.purpose = AUTHORITIES_SERVERS, .id = settling->id};
    struct result result;
    bool is_known, is_first;
    enum status status = look(conn, &ensuring, &is_known, &is_first);

    settling->changed = false;
    if (status != STATUS_OK || ensuring.standing != AUTHORITIES_CURRENT)
        return status;
    status = store_exec(conn, &end, STORE_VALUES(id_value(settling->id)), &result);
    if (status != STATUS_OK)
        return status;
    settling->changed = result_affected(&result) > 0;
    result_release(&result);
    status = restate(conn, settling);
    return status == STATUS_OK && settling->changed ? begin_list(conn) : status;
}

enum status authorities_settle(struct store *store, const uint8_t id[PKI_AUTHORITY_SIZE],
                               const struct authorities_statement *statements, size_t count,
                               bool *changed)
{
    struct settling settling = {.id = id, .statements = statements, .count = count};
    enum status status = store_transaction(store, settle, &settling);

    *changed = settling.changed;
    return status;
}

/* ---- who does not come ---- */

#define LEFT_BEHIND "ca_left_behind"

/* Robots are looked at only while one CA follows another. */
#define LAG                                                                                        \
    "WITH older AS MATERIALIZED (SELECT FROM myna.authority a WHERE a.retired_at IS NULL"          \
    "    AND EXISTS (SELECT FROM myna.authority n WHERE n.purpose = a.purpose"                     \
    "      AND n.number > a.number AND n.since < now() - interval '1 day')),"                      \
    " found AS (SELECT 'key/' || g.key AS subject, 'warning' AS severity, count(*) AS robots,"     \
    "    jsonb_build_object('robots', count(*), 'online', count(*) FILTER (WHERE o.online))"       \
    "      AS detail"                                                                              \
    "    FROM myna.authority_lag g LEFT JOIN myna.device_online o USING (device_id)"               \
    "    WHERE EXISTS (SELECT FROM older) AND g.since < now() - interval '1 day' GROUP BY g.key)"

enum status authorities_watch(struct store *store, struct arena *arena)
{
    STORE_STATEMENT(find, STANDING_QUERY(LEFT_BEHIND, LAG));

    return standing_tell(store, arena, LEFT_BEHIND, &find);
}

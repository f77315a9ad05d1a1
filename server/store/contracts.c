#include "server/store/contracts.h"

#include "server/money/zone.h"

/* The version in force now, or the first one to come. */
#define CONTRACT_FIELDS                                                                            \
    "'id', c.contract_id, 'vendor', c.vendor_id, 'currency', c.currency, 'zone', c.zone, "         \
    "'created_at', c.created_at, 'version', cv.version, 'effective_from', cv.effective_from, "     \
    "'document', cv.document"
#define IN_FORCE                                                                                   \
    " JOIN LATERAL (SELECT * FROM myna.contract_version i WHERE i.contract_id = c.contract_id"     \
    "   ORDER BY i.effective_from <= now() DESC,"                                                  \
    "     CASE WHEN i.effective_from <= now() THEN -extract(epoch FROM i.effective_from)"          \
    "          ELSE extract(epoch FROM i.effective_from) END LIMIT 1) cv ON true "

enum status contracts_list(struct store *store, struct arena *arena, struct span *json)
{
    STORE_STATEMENT(
        list,
        "SELECT json_build_object('items', coalesce(json_agg(json_build_object(" CONTRACT_FIELDS
        ") ORDER BY c.contract_id), '[]'), 'next', NULL)"
        " FROM myna.contract c" IN_FORCE);

    return store_json(store, &list, STORE_NO_VALUES, arena, json);
}

enum status contracts_get(struct store *store, const char *contract_id, struct arena *arena,
                          struct document *out)
{
    STORE_STATEMENT(
        get, "SELECT json_build_object(" CONTRACT_FIELDS ", 'versions', (SELECT json_agg("
             "   json_build_object('version', h.version, 'effective_from', h.effective_from,"
             "     'created_at', h.created_at, 'created_by', h.created_by, 'document', h.document)"
             "   ORDER BY h.version DESC) FROM myna.contract_version h"
             "   WHERE h.contract_id = c.contract_id)), (SELECT max(m.version) FROM"
             "   myna.contract_version m WHERE m.contract_id = c.contract_id)"
             " FROM myna.contract c" IN_FORCE "WHERE c.contract_id = $1");

    return document_read(store, &get, STORE_VALUES(value_text(contract_id)), arena, out);
}

enum status contracts_check_zone(struct store *store, const char *zone)
{
    /* by form first: PostgreSQL takes POSIX rules like "X3" too. Its view of all names takes a
     * tenth of a second. */
    STORE_STATEMENT(known, "SELECT now() AT TIME ZONE $1"
                           " WHERE $1 ~ '^([A-Z][A-Za-z_]+/[A-Za-z0-9_/+-]+|UTC)$'");
    struct result result;
    enum status status = store_query(store, &known, STORE_VALUES(value_text(zone)), &result);

    if (status == STATUS_INVALID)
        return STATUS_NOT_FOUND;
    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? STATUS_OK : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

/* NULL: the contract has no term. */
static const char *term_first(const struct contract *terms, struct arena *arena)
{
    char text[ZONE_DATE_SIZE];

    if (terms->term_first == CONTRACT_NO_DAY)
        return NULL;
    zone_format_date(terms->term_first, text);
    return arena_text(arena, span_text(text));
}

enum status contracts_create(struct store *store, const struct author *author,
                             const struct contract *terms, struct span document,
                             struct arena *arena, struct document *out)
{
    STORE_STATEMENT(
        create,
        "WITH c AS (INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
        "           VALUES ($3, $4, $5, $6) RETURNING *),"
        " cv AS (INSERT INTO myna.contract_version (contract_id, version, effective_from,"
        "          document, created_by)"
        "        SELECT contract_id, 1, coalesce($7::timestamp AT TIME ZONE zone, now()), $8, $1"
        "        FROM c RETURNING *),"
        " done AS (SELECT myna.audit_append($1, $2, 'contract.create',"
        "             'contract/' || cv.contract_id, NULL, to_jsonb(cv)),"
        "           myna.tell('contract', cv.contract_id) FROM cv)"
        "SELECT to_jsonb(cv.version), cv.version FROM cv, done");
    enum status status =
        document_change(store, &create,
                        STORE_VALUES(value_text(author->actor), value_text(author->source),
                                     value_text(terms->contract_id), value_text(terms->vendor_id),
                                     value_text(terms->currency), value_text(terms->zone),
                                     value_text(term_first(terms, arena)), value_json(document)),
                        arena, out);

    return status == STATUS_OK ? contracts_get(store, terms->contract_id, arena, out) : status;
}

enum status contracts_check_new(struct store *store, const struct contract *terms)
{
    STORE_STATEMENT(check, "SELECT EXISTS (SELECT FROM myna.contract WHERE contract_id = $1),"
                           " EXISTS (SELECT FROM myna.vendor WHERE vendor_id = $2)");
    struct result row;
    enum status status = store_query(
        store, &check, STORE_VALUES(value_text(terms->contract_id), value_text(terms->vendor_id)),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_bool(&row, 0, 0))
        status = STATUS_EXISTS;
    else if (!result_bool(&row, 0, 1))
        status = STATUS_CONFLICT;
    result_release(&row);
    return status;
}

/* Locks the contract, so that versions are numbered in one row. */
static enum status check_version(struct store_conn *conn, const struct contracts_addition *addition)
{
    STORE_STATEMENT(
        lock,
        "SELECT c.vendor_id, c.currency, c.zone, (SELECT max(v.effective_from)"
        "   FROM myna.contract_version v WHERE v.contract_id = c.contract_id),"
        " (SELECT max(v.version) FROM myna.contract_version v WHERE v.contract_id = c.contract_id),"
        " (SELECT sum(1 + coalesce(jsonb_array_length(v.document -> 'amendments'), 0))"
        "   FROM myna.contract_version v WHERE v.contract_id = c.contract_id)"
        " FROM myna.contract c WHERE c.contract_id = $1 FOR UPDATE");
    const struct contract *terms = addition->terms;
    struct result row;
    enum status status =
        store_exec(conn, &lock, STORE_VALUES(value_text(terms->contract_id)), &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0)
        status = STATUS_NOT_FOUND;
    else if (addition->newest >= 0 && addition->newest != result_int(&row, 0, 4))
        status = STATUS_CONFLICT;
    else if (strcmp(result_text(&row, 0, 0), terms->vendor_id) != 0 ||
             strcmp(result_text(&row, 0, 1), terms->currency) != 0 ||
             strcmp(result_text(&row, 0, 2), terms->zone) != 0)
        status = STATUS_DENIED;
    else if (addition->effective_from_ms <= result_time(&row, 0, 3))
        status = STATUS_STALE;
    else if (result_int(&row, 0, 5) + (int64_t)terms->version_count > CONTRACT_VERSIONS)
        status = STATUS_FULL;
    result_release(&row);
    return status;
}

struct adding {
    const struct contracts_addition *addition;
    struct arena *arena;
};

static enum status add_version(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        add, "WITH cv AS (INSERT INTO myna.contract_version (contract_id, version, effective_from,"
             "              document, created_by)"
             "            SELECT $3::text, max(version) + 1, $4, $5, $1 FROM myna.contract_version"
             "            WHERE contract_id = $3::text RETURNING *),"
             " touched AS (SELECT myna.touch_devices(ARRAY(SELECT e.device_id::text"
             "               FROM myna.effective_setting e WHERE e.name = 'routes' AND e.value @>"
             "               jsonb_build_array(jsonb_build_object('contract', cv.contract_id))))"
             "             FROM cv),"
             " done AS (SELECT min(myna.audit_append($1, $2, 'contract.version',"
             "             'contract/' || cv.contract_id, NULL, to_jsonb(cv))),"
             "           min(myna.tell('contract', cv.contract_id)::text)"
             "         FROM cv CROSS JOIN (SELECT count(*) FROM touched) t)"
             "SELECT to_jsonb(cv.version), cv.version FROM cv, done");
    const struct adding *adding = context;
    const struct contracts_addition *addition = adding->addition;
    struct document ignored;
    enum status status = check_version(conn, addition);

    if (status != STATUS_OK)
        return status;
    return document_exec(
        conn, &add,
        STORE_VALUES(value_text(addition->author->actor), value_text(addition->author->source),
                     value_text(addition->terms->contract_id),
                     value_time(addition->effective_from_ms), value_json(addition->document)),
        adding->arena, &ignored);
}

enum status contracts_add_version(struct store *store, const struct contracts_addition *addition,
                                  struct arena *arena, struct document *out)
{
    struct adding adding = {addition, arena};
    enum status status = store_transaction(store, add_version, &adding);

    return status == STATUS_OK ? contracts_get(store, addition->terms->contract_id, arena, out)
                               : status;
}

static enum status look(struct store_conn *conn, void *context)
{
    const struct adding *adding = context;

    return check_version(conn, adding->addition);
}

enum status contracts_check_version(struct store *store, const struct contracts_addition *addition)
{
    struct adding adding = {.addition = addition};

    return store_transaction(store, look, &adding);
}

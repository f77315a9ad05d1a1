#include "server/store/sealing_keys.h"

static enum status from_row(const struct result *result, struct sealing_keys_row *out)
{
    struct sealing_keys_row row;
    struct span signature = result_span(result, 0, 3);

    if (result_bytes(result, 0, 0, row.key_id, sizeof row.key_id) != STATUS_OK ||
        result_bytes(result, 0, 1, row.public_key, sizeof row.public_key) != STATUS_OK ||
        result_bytes(result, 0, 2, row.private_wrapped, sizeof row.private_wrapped) != STATUS_OK ||
        signature.size > sizeof row.signature)
        return STATUS_CORRUPT;
    memcpy(row.signature, signature.data, signature.size);
    row.signature_size = signature.size;
    row.valid_from_ms = result_time(result, 0, 4);
    *out = row;
    return STATUS_OK;
}

enum status sealing_keys_current(struct store *store, struct sealing_keys_row *out)
{
    STORE_STATEMENT(current, "SELECT key_id, public_key, private_wrapped, signature, valid_from"
                             " FROM myna.sealing_key WHERE retired_at IS NULL"
                             " ORDER BY valid_from DESC LIMIT 1");
    struct result result;
    enum status status = store_query(store, &current, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    status = result_count(&result) > 0 ? from_row(&result, out) : STATUS_NOT_FOUND;
    result_release(&result);
    return status;
}

static enum status add(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(lock, "LOCK TABLE myna.sealing_key IN SHARE ROW EXCLUSIVE MODE");
    STORE_STATEMENT(
        insert,
        "WITH k AS (INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature,"
        "             valid_from) SELECT $1, $2, $3, $4, $5"
        "           WHERE NOT EXISTS (SELECT FROM myna.sealing_key) RETURNING key_id)"
        "SELECT myna.audit_append('mynad', '', 'sealing_key.create',"
        "         'sealing-key/' || encode(k.key_id, 'hex'), NULL, NULL) FROM k");
    const struct sealing_keys_row *row = context;
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    if (status != STATUS_OK)
        return status;
    return store_exec(
        conn, &insert,
        STORE_VALUES(value_bytes(span_of(row->key_id, sizeof row->key_id)),
                     value_bytes(span_of(row->public_key, sizeof row->public_key)),
                     value_bytes(span_of(row->private_wrapped, sizeof row->private_wrapped)),
                     value_bytes(span_of(row->signature, row->signature_size)),
                     value_time(row->valid_from_ms)),
        NULL);
}

enum status sealing_keys_add_first(struct store *store, const struct sealing_keys_row *row)
{
    struct sealing_keys_row copy = *row;

    return store_transaction(store, add, &copy);
}

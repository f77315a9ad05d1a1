#include "server/store/data_keys.h"

#include <stddef.h>

#include "server/store/columns.h"

static enum status find_row(struct store_conn *conn, struct data_keys_row *out)
{
    STORE_STATEMENT(find, "SELECT wrapped, master_id, stamp_wrapped FROM myna.data_key");
    struct result result;
    struct data_keys_row row = {0};
    enum status status = store_exec(conn, &find, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = result_bytes(&result, 0, 0, row.wrapped, sizeof row.wrapped);
    if (status == STATUS_OK)
        status = result_bytes(&result, 0, 1, row.master_id, sizeof row.master_id);
    row.has_stamp = status == STATUS_OK && result_span(&result, 0, 2).size > 0;
    if (row.has_stamp)
        status = result_bytes(&result, 0, 2, row.stamp, sizeof row.stamp);
    result_release(&result);
    if (status == STATUS_OK)
        *out = row;
    return status;
}

enum status data_keys_lock(struct store_conn *conn, struct data_keys_row *out)
{
    STORE_STATEMENT(lock, "LOCK TABLE myna.data_key IN SHARE ROW EXCLUSIVE MODE");
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    return status == STATUS_OK ? find_row(conn, out) : status;
}

enum status data_keys_look(struct store_conn *conn, struct data_keys_row *out)
{
    STORE_STATEMENT(lock, "LOCK TABLE myna.data_key IN SHARE MODE");
    enum status status = store_exec(conn, &lock, STORE_NO_VALUES, NULL);

    return status == STATUS_OK ? find_row(conn, out) : status;
}

enum status data_keys_add(struct store_conn *conn, const struct data_keys_row *row)
{
    STORE_STATEMENT(insert,
                    "WITH k AS (INSERT INTO myna.data_key (wrapped, master_id, stamp_wrapped)"
                    "  VALUES ($1, $2, $3)"
                    "  RETURNING master_id)"
                    "SELECT myna.audit_append('mynad', '', 'data_key.create', 'key/data', NULL,"
                    "  jsonb_build_object('master_key', encode(k.master_id, 'hex'))) FROM k");

    return store_exec(conn, &insert,
                      STORE_VALUES(value_bytes(span_of(row->wrapped, sizeof row->wrapped)),
                                   value_bytes(span_of(row->master_id, sizeof row->master_id)),
                                   value_bytes(span_of(row->stamp, sizeof row->stamp))),
                      NULL);
}

enum status data_keys_replace(struct store_conn *conn, const struct data_keys_row *row)
{
    STORE_STATEMENT(
        set, "WITH old AS (SELECT master_id FROM myna.data_key),"
             " k AS (UPDATE myna.data_key SET wrapped = $1, master_id = $2, wrapped_at = now()"
             "   RETURNING master_id)"
             "SELECT myna.audit_append('mynad', '', 'master_key.rotate', 'key/master',"
             "  jsonb_build_object('master_key', encode(old.master_id, 'hex')),"
             "  jsonb_build_object('master_key', encode(k.master_id, 'hex'))) FROM k, old");

    return store_exec(conn, &set,
                      STORE_VALUES(value_bytes(span_of(row->wrapped, sizeof row->wrapped)),
                                   value_bytes(span_of(row->master_id, sizeof row->master_id))),
                      NULL);
}

enum status data_keys_turn(struct store_conn *conn, const struct data_keys_row *row,
                           int64_t secrets)
{
    STORE_STATEMENT(
        set, "WITH k AS (UPDATE myna.data_key SET wrapped = $1, master_id = $2, stamp_wrapped = $3,"
             "   created_at = now(), wrapped_at = now() RETURNING 1)"
             "SELECT myna.audit_append('mynad', '', 'data_key.rotate', 'key/data', NULL,"
             "  jsonb_build_object('secrets', $4::bigint)), myna.tell('key', 'data') FROM k");

    return store_exec(conn, &set,
                      STORE_VALUES(value_bytes(span_of(row->wrapped, sizeof row->wrapped)),
                                   value_bytes(span_of(row->master_id, sizeof row->master_id)),
                                   value_bytes(span_of(row->stamp, sizeof row->stamp)),
                                   value_int(secrets)),
                      NULL);
}

/* By the name that server.c opens its connections with; tasks have others. */
enum status data_keys_servers(struct store_conn *conn, int64_t *connections)
{
    STORE_STATEMENT(count, "SELECT count(*) FROM pg_stat_activity"
                           " WHERE datname = current_database() AND application_name = 'mynad'");
    struct result result;
    enum status status = store_exec(conn, &count, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    *connections = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

/* ---- what it wraps ---- */

/* One column of secrets: its purpose, which rows there are, and how they are written back. */
struct kind {
    const char *purpose;
    const struct store_statement *read, *write;
};

#define KIND(number, purpose, table, id, column)                                                   \
    case number: {                                                                                 \
        STORE_STATEMENT(read, "SELECT " id ", t." column " FROM " table " t WHERE t." column       \
                              " <> '' AND " id " > $1 COLLATE \"C\" ORDER BY " id                  \
                              " COLLATE \"C\" LIMIT 1000 FOR NO KEY UPDATE");                      \
        STORE_STATEMENT(write, "UPDATE " table " t SET " column " = v.wrapped"                     \
                               " FROM unnest($1::text[], $2::bytea[]) AS v(id, wrapped)"           \
                               " WHERE " id " = v.id");                                            \
        return (struct kind){purpose, &read, &write};                                              \
    }

static struct kind find_kind(size_t kind)
{
    switch (kind) {
        KIND(0, "sealing-key", "myna.sealing_key", "encode(t.key_id, 'hex')", "private_wrapped")
        KIND(1, "pair:", "myna.device", "t.device_id::text", "secret_wrapped")
        KIND(2, "vendor-key:", "myna.vendor", "t.vendor_id::text", "key_wrapped")
        KIND(3, "vendor-key:", "myna.vendor", "t.vendor_id::text", "next_key_wrapped")
        KIND(4, "channel-url:", "myna.channel", "t.channel_id::text", "url_wrapped")
        KIND(5, "channel-secret:", "myna.channel", "t.channel_id::text", "secret_wrapped")
        KIND(6, "totp:", "myna.operator", "t.operator_id::text", "totp_wrapped")
    default:
        return (struct kind){0};
    }
}

const char *data_keys_kind(size_t kind)
{
    return find_kind(kind).purpose;
}

enum status data_keys_read(struct store_conn *conn, size_t kind, const char *after,
                           struct arena *arena, struct data_keys_secret **out, size_t *count)
{
    struct result result;
    enum status status =
        store_exec(conn, find_kind(kind).read, STORE_VALUES(value_text(after)), &result);

    if (status != STATUS_OK)
        return status;
    const size_t rows = result_count(&result);
    struct data_keys_secret *secrets = arena_take(arena, (rows + 1) * sizeof *secrets);
    for (size_t i = 0; secrets && i < rows; i++)
        secrets[i] = (struct data_keys_secret){arena_text(arena, result_span(&result, i, 0)),
                                               result_copy(&result, i, 1, arena)};
    result_release(&result);
    if (arena_failed(arena))
        return STATUS_MEMORY;
    *out = secrets;
    *count = rows;
    return STATUS_OK;
}

enum status data_keys_write(struct store_conn *conn, size_t kind, struct arena *arena,
                            const struct data_keys_secret *secrets, size_t count)
{
    const struct columns columns = {arena, secrets, count, sizeof *secrets};
    const struct value ids = columns_text(&columns, offsetof(struct data_keys_secret, id));
    const struct value wrapped =
        columns_bytes(&columns, offsetof(struct data_keys_secret, wrapped));

    return arena_failed(arena)
               ? STATUS_MEMORY
               : store_exec(conn, find_kind(kind).write, STORE_VALUES(ids, wrapped), NULL);
}

enum status data_keys_forget_answers(struct store_conn *conn)
{
    STORE_STATEMENT(forget, "UPDATE myna.idempotency SET status = 0, response = ''"
                            " WHERE status > 0");

    return store_exec(conn, &forget, STORE_NO_VALUES, NULL);
}

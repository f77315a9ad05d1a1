#include "server/store/document.h"

static enum status take(const struct result *result, struct arena *arena, struct document *out)
{
    if (result_count(result) == 0)
        return STATUS_NOT_FOUND;
    if (result_is_null(result, 0, 0))
        return STATUS_CONFLICT;
    struct span json = result_copy(result, 0, 0, arena);
    if (json.size == 0)
        return STATUS_MEMORY;
    *out = (struct document){json, result_int(result, 0, 1)};
    return STATUS_OK;
}

enum status document_exec(struct store_conn *conn, const struct store_statement *statement,
                          const struct value *values, size_t count, struct arena *arena,
                          struct document *out)
{
    struct result result;
    enum status status = store_exec(conn, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    status = take(&result, arena, out);
    result_release(&result);
    return status;
}

enum status document_read(struct store *store, const struct store_statement *statement,
                          const struct value *values, size_t count, struct arena *arena,
                          struct document *out)
{
    struct result result;
    enum status status = store_query(store, statement, values, count, &result);

    if (status != STATUS_OK)
        return status;
    status = take(&result, arena, out);
    result_release(&result);
    return status;
}

struct change {
    const struct store_statement *statement;
    const struct value *values;
    size_t count;
    struct arena *arena;
    struct document *out;
};

static enum status run(struct store_conn *conn, void *context)
{
    const struct change *change = context;

    return document_exec(conn, change->statement, change->values, change->count, change->arena,
                         change->out);
}

enum status document_change(struct store *store, const struct store_statement *statement,
                            const struct value *values, size_t count, struct arena *arena,
                            struct document *out)
{
    struct change change = {statement, values, count, arena, out};

    return store_transaction(store, run, &change);
}

#include "server/store/leading.h"

/* None: all. */
static struct value ids_of(const char *const *device_id)
{
    return value_text_array(device_id, *device_id ? 1 : 0);
}

enum status leading_begin(struct store_conn *conn, const struct leading *leading,
                          const char *device_id)
{
    STORE_STATEMENT(before, "SELECT myna.leading_before(nullif($1::text[], '{}'))");

    if (leading->alone < 0)
        return STATUS_OK;
    leading->problem->pointer[0] = '\0';
    leading->problem->detail[0] = '\0';
    return store_exec(conn, &before, STORE_VALUES(ids_of(&device_id)), NULL);
}

enum status leading_end(struct store_conn *conn, const struct leading *leading,
                        const char *device_id)
{
    STORE_STATEMENT(after, "SELECT myna.leading_after(nullif($1::text[], '{}'), $2, $3)");
    struct result row;

    if (leading->alone < 0)
        return STATUS_OK;
    enum status status =
        store_exec(conn, &after,
                   STORE_VALUES(ids_of(&device_id), value_text(leading->author->actor),
                                value_int(leading->alone)),
                   &row);
    if (status != STATUS_OK)
        return status;
    if (result_int(&row, 0, 0) > leading->alone) {
        snprintf(leading->problem->detail, sizeof leading->problem->detail,
                 "with your edits of the last day this leads %d robots to other routes: more "
                 "than %d take a rollout; \"vendor drain\" leaves a failing vendor at once",
                 (int)result_int(&row, 0, 0), (int)leading->alone);
        status = STATUS_DENIED;
    }
    result_release(&row);
    return status;
}

enum status leading_exec(struct store_conn *conn, const struct leading *leading,
                         const char *device_id, const struct store_statement *statement,
                         const struct value *values, size_t count, struct arena *arena,
                         struct document *out)
{
    enum status status = leading_begin(conn, leading, device_id);

    if (status == STATUS_OK)
        status = document_exec(conn, statement, values, count, arena, out);
    return status == STATUS_OK ? leading_end(conn, leading, device_id) : status;
}

struct change {
    const struct leading *leading;
    const char *device_id;
    const struct store_statement *statement;
    const struct value *values;
    size_t count;
    struct arena *arena;
    struct document *out;
};

static enum status run(struct store_conn *conn, void *context)
{
    const struct change *change = context;

    return leading_exec(conn, change->leading, change->device_id, change->statement, change->values,
                        change->count, change->arena, change->out);
}

enum status leading_change(struct store *store, const struct leading *leading,
                           const char *device_id, const struct store_statement *statement,
                           const struct value *values, size_t count, struct arena *arena,
                           struct document *out)
{
    struct change change = {leading, device_id, statement, values, count, arena, out};

    return store_transaction(store, run, &change);
}

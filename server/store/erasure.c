#include "server/store/erasure.h"

#include <string.h>

struct erasing {
    const struct author *author;
    const char *device_id, *confirmation;
    bool is_trial;
    struct arena *arena;
    struct span *json;
    const char **standing;
    bool was_tried;
};

static enum status check(struct store_conn *conn, const struct erasing *e)
{
    STORE_STATEMENT(find, "SELECT coalesce(nullif(serial, ''), device_id) FROM myna.device"
                          " WHERE device_id = $1");
    struct result result;
    enum status status = store_exec(conn, &find, STORE_VALUES(value_text(e->device_id)), &result);

    if (status != STATUS_OK)
        return status;
    if (result_count(&result) == 0)
        status = STATUS_NOT_FOUND;
    else if (!e->is_trial && strcmp(result_text(&result, 0, 0), e->confirmation) != 0)
        status = STATUS_INVALID;
    result_release(&result);
    return status;
}

/* What the function answers: without "id" nothing was done. */
static enum status read_answer(const struct result *result, const struct erasing *e)
{
    if (result_count(result) == 0)
        return STATUS_NOT_FOUND;
    if (result_is_null(result, 0, 0)) {
        *e->standing = arena_text(e->arena, result_span(result, 0, 2));
        return STATUS_CONFLICT;
    }
    *e->json = arena_copy(e->arena, result_span(result, 0, 1));
    return arena_failed(e->arena) ? STATUS_MEMORY : STATUS_OK;
}

static enum status erase(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(widen, "SELECT set_config('statement_timeout', '120s', true)");
    STORE_STATEMENT(run, "SELECT e ->> 'id', jsonb_build_object('id', CASE WHEN NOT $4::boolean"
                         "   THEN e -> 'id' END, 'forgotten', e -> 'forgotten'), e ->> 'status'"
                         " FROM myna.device_erase($1, $2, $3) e WHERE e IS NOT NULL");
    struct erasing *e = context;
    struct result result;
    enum status status = check(conn, e);

    if (status == STATUS_OK)
        status = store_exec(conn, &widen, STORE_NO_VALUES, NULL);
    if (status == STATUS_OK)
        status =
            store_exec(conn, &run,
                       STORE_VALUES(value_text(e->author->actor), value_text(e->author->source),
                                    value_text(e->device_id), value_bool(e->is_trial)),
                       &result);
    if (status != STATUS_OK)
        return status;
    status = read_answer(&result, e);
    result_release(&result);
    e->was_tried = status == STATUS_OK && e->is_trial;
    return e->was_tried ? STATUS_CLOSED : status; /* to have it taken back */
}

enum status erasure_run(struct store *store, const struct author *author, const char *device_id,
                        const char *confirmation, bool is_trial, struct arena *arena,
                        struct span *json, const char **standing)
{
    struct erasing e = {.author = author,
                        .device_id = device_id,
                        .confirmation = confirmation,
                        .is_trial = is_trial,
                        .arena = arena,
                        .json = json,
                        .standing = standing};
    enum status status = store_transaction(store, erase, &e);

    return status == STATUS_CLOSED && e.was_tried ? STATUS_OK : status;
}

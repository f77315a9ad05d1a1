#include "server/store/answers.h"

static enum status look(struct store *store, const struct answers_key *key, struct arena *arena,
                        int64_t *answer_status, struct span *response)
{
    STORE_STATEMENT(find, "SELECT request_hash = $3, status, response FROM myna.idempotency"
                          " WHERE actor = $1 AND key = $2");
    struct result row;
    enum status status = store_query(
        store, &find,
        STORE_VALUES(value_text(key->actor), value_text(key->key), value_bytes(key->request_hash)),
        &row);

    if (status != STATUS_OK)
        return status;
    if (result_count(&row) == 0) {
        status = STATUS_AGAIN; /* given back meanwhile */
    } else if (!result_bool(&row, 0, 0)) {
        status = STATUS_CONFLICT;
    } else if (result_int(&row, 0, 1) == 0) {
        status = STATUS_AGAIN;
    } else {
        *answer_status = result_int(&row, 0, 1);
        *response = result_copy(&row, 0, 2, arena);
        status = STATUS_EXISTS;
    }
    result_release(&row);
    return status;
}

enum status answers_take(struct store *store, const struct answers_key *key, struct arena *arena,
                         int64_t *answer_status, struct span *response)
{
    STORE_STATEMENT(take,
                    "INSERT INTO myna.idempotency (actor, key, request_hash, status, response)"
                    " VALUES ($1, $2, $3, 0, '') ON CONFLICT DO NOTHING RETURNING 1");
    struct result row;
    enum status status = store_query(
        store, &take,
        STORE_VALUES(value_text(key->actor), value_text(key->key), value_bytes(key->request_hash)),
        &row);

    if (status != STATUS_OK)
        return status;
    bool taken = result_count(&row) > 0;
    result_release(&row);
    return taken ? STATUS_OK : look(store, key, arena, answer_status, response);
}

enum status answers_keep(struct store *store, const struct answers_key *key, int64_t answer_status,
                         struct span response)
{
    STORE_STATEMENT(keep, "UPDATE myna.idempotency SET status = $3, response = $4"
                          " WHERE actor = $1 AND key = $2");

    return store_query(store, &keep,
                       STORE_VALUES(value_text(key->actor), value_text(key->key),
                                    value_int(answer_status), value_span(response)),
                       NULL);
}

enum status answers_drop(struct store *store, const struct answers_key *key)
{
    STORE_STATEMENT(drop, "DELETE FROM myna.idempotency WHERE actor = $1 AND key = $2");

    return store_query(store, &drop, STORE_VALUES(value_text(key->actor), value_text(key->key)),
                       NULL);
}

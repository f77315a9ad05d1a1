#include "server/store/tallies.h"

#include <stddef.h>

#include "server/store/columns.h"

enum status tallies_lock(struct store_conn *conn, const char *contract_id, int64_t *revision)
{
    STORE_STATEMENT(lock, "INSERT INTO myna.tally_head AS h (contract_id, revision) VALUES ($1, 1)"
                          " ON CONFLICT (contract_id) DO UPDATE SET revision = h.revision + 1"
                          " RETURNING revision");
    struct result result = {0};
    enum status status = store_exec(conn, &lock, STORE_VALUES(value_text(contract_id)), &result);

    if (status != STATUS_OK)
        return status;
    *revision = result_int(&result, 0, 0);
    result_release(&result);
    return STATUS_OK;
}

enum status tallies_share(struct store_conn *conn, const char *contract_id)
{
    STORE_STATEMENT(share, "SELECT FROM myna.tally_head WHERE contract_id = $1 FOR SHARE");
    STORE_STATEMENT(make, "INSERT INTO myna.tally_head (contract_id, revision) VALUES ($1, 0)"
                          " ON CONFLICT (contract_id) DO NOTHING");
    struct result result = {0};
    enum status status = store_exec(conn, &share, STORE_VALUES(value_text(contract_id)), &result);
    const bool is_there = status == STATUS_OK && result_count(&result) > 0;

    result_release(&result);
    if (status != STATUS_OK || is_there)
        return status;
    /* once in a contract's life; another may make it first */
    status = store_exec(conn, &make, STORE_VALUES(value_text(contract_id)), NULL);
    return status == STATUS_OK
               ? store_exec(conn, &share, STORE_VALUES(value_text(contract_id)), NULL)
               : status;
}

static enum status read_row(const struct result *result, size_t i, struct arena *arena,
                            struct tally_count *out)
{
    struct tally_count count = {
        .version = (uint16_t)result_int(result, i, 0),
        .charge = (uint16_t)result_int(result, i, 1),
        .cell = (int32_t)result_int(result, i, 2),
        .device = arena_text(arena, result_span(result, i, 3)),
        .at_day = result_int(result, i, 4),
    };

    if (!count.device)
        return STATUS_MEMORY;
    enum status status = decimal_parse_exact(result_span(result, i, 5), &count.quantity);
    if (status == STATUS_OK)
        *out = count;
    return status;
}

static enum status load_row(const struct result *result, size_t i, struct arena *arena,
                            struct tally *tally)
{
    struct tally_count count;
    enum status status = read_row(result, i, arena, &count);

    return status == STATUS_OK ? tally_load(tally, &count) : status;
}

enum status tallies_load(struct store_conn *conn, struct arena *arena, const char *contract_id,
                         const struct tallies_charge *charges, size_t count, struct tally *tally)
{
    STORE_STATEMENT(
        load, "SELECT t.version, t.charge, t.cell, t.device_id, t.at_day, t.quantity::text"
              " FROM myna.tally t WHERE t.contract_id = $1 AND (cardinality($2::bigint[]) = 0"
              " OR (t.version, t.charge) IN (SELECT * FROM unnest($2::bigint[], $3::bigint[])))");
    const struct columns columns = {arena, charges, count, sizeof *charges};
    struct result result = {0};
    const struct value values[] = {
        value_text(contract_id),
        columns_int(&columns, offsetof(struct tallies_charge, version)),
        columns_int(&columns, offsetof(struct tallies_charge, charge)),
    };

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = store_exec(conn, &load, values, 3, &result);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++)
        status = load_row(&result, i, arena, tally);
    result_release(&result);
    return status;
}

enum status tallies_load_over(struct store_conn *conn, struct arena *arena, const char *contract_id,
                              int64_t as_of_ms, struct tally *tally, int64_t *first)
{
    STORE_STATEMENT(load, "SELECT version, charge, cell, device_id, at_day, quantity::text"
                          " FROM myna.tally WHERE contract_id = $1");
    struct result result = {0};
    enum status status = store_exec(conn, &load, STORE_VALUES(value_text(contract_id)), &result);

    *first = CONTRACT_FOREVER;
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++) {
        struct period_range days;
        struct tally_count count;

        status = read_row(&result, i, arena, &count);
        if (status == STATUS_OK)
            status = tally_days_of(tally, &count, &days);
        if (status != STATUS_OK)
            break;
        if (tally_is_over(tally, days, as_of_ms))
            status = tally_load(tally, &count);
        else if (days.first < *first)
            *first = days.first;
    }
    result_release(&result);
    return status;
}

enum status tallies_add(struct store_conn *conn, struct arena *arena,
                        struct tallies_change *changes, size_t count)
{
    STORE_STATEMENT(
        add, "INSERT INTO myna.tally AS t (contract_id, version, charge, at_day, cell, device_id,"
             " quantity)"
             " SELECT contract_id, version, charge, at_day, cell, device_id,"
             " sum(quantity::numeric)"
             " FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[],"
             " $6::text[], $7::text[]) AS v(contract_id, version, charge, at_day, cell,"
             " device_id, quantity)"
             " GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6"
             " ON CONFLICT (contract_id, version, charge, at_day, cell, device_id) DO UPDATE SET"
             " quantity = t.quantity + excluded.quantity");
    const struct columns columns = {arena, changes, count, sizeof *changes};
    const char **quantities = arena_take(arena, (count + 1) * sizeof *quantities);

    if (count == 0)
        return STATUS_OK;
    for (size_t i = 0; quantities && i < count; i++)
        quantities[i] = changes[i].quantity;
    const struct value values[] = {
        columns_text(&columns, offsetof(struct tallies_change, contract_id)),
        columns_int(&columns, offsetof(struct tallies_change, version)),
        columns_int(&columns, offsetof(struct tallies_change, charge)),
        columns_int(&columns, offsetof(struct tallies_change, at_day)),
        columns_int(&columns, offsetof(struct tallies_change, cell)),
        columns_text(&columns, offsetof(struct tallies_change, device_id)),
        value_text_array(quantities, quantities ? count : 0),
    };
    return arena_failed(arena)
               ? STATUS_MEMORY
               : store_exec(conn, &add, values, sizeof values / sizeof *values, NULL);
}

struct saving {
    struct store_conn *conn;
    struct arena *arena;
    const char *contract_id;
    struct tallies_change changes[1000];
    size_t count;
};

static enum status flush(struct saving *saving)
{
    enum status status = tallies_add(saving->conn, saving->arena, saving->changes, saving->count);

    saving->count = 0;
    return status;
}

static enum status save_one(void *context, const struct tally_count *count)
{
    struct saving *saving = context;
    struct tallies_change *change = &saving->changes[saving->count++];

    *change = (struct tallies_change){
        .contract_id = saving->contract_id,
        .device_id = count->device,
        .version = count->version,
        .charge = count->charge,
        .cell = count->cell,
        .at_day = count->at_day,
    };
    decimal_format(count->quantity, change->quantity);
    return saving->count == sizeof saving->changes / sizeof *saving->changes ? flush(saving)
                                                                             : STATUS_OK;
}

enum status tallies_save(struct store_conn *conn, struct arena *arena, const char *contract_id,
                         const struct tally *tally)
{
    struct saving *saving = arena_take(arena, sizeof *saving);

    if (!saving)
        return STATUS_MEMORY;
    saving->conn = conn;
    saving->arena = arena;
    saving->contract_id = contract_id;
    enum status status = tally_each(tally, false, save_one, saving);
    return status == STATUS_OK ? flush(saving) : status;
}

enum status tallies_clear(struct store_conn *conn, const char *contract_id)
{
    STORE_STATEMENT(clear, "DELETE FROM myna.tally WHERE contract_id = $1");

    return store_exec(conn, &clear, STORE_VALUES(value_text(contract_id)), NULL);
}

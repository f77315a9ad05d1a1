#include "server/store/credits.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/booking.h"
#include "server/store/columns.h"

#define POOLS_BYTES (8u << 20)

struct credits {
    struct arena *arena; /* of what follows */
    struct credits_pool *pools;
    size_t count;
    int64_t revision; /* -1: not read yet */
    int64_t epoch;
};

enum status credits_create(struct credits **out)
{
    struct credits *credits = calloc(1, sizeof *credits);

    if (!credits || arena_create(&credits->arena, POOLS_BYTES) != STATUS_OK) {
        free(credits);
        return STATUS_MEMORY;
    }
    credits->revision = -1;
    *out = credits;
    return STATUS_OK;
}

void credits_free(struct credits *credits)
{
    if (!credits)
        return;
    arena_free(credits->arena);
    free(credits);
}

const struct credits_pool *credits_pools(const struct credits *credits, size_t *count)
{
    *count = credits->count;
    return credits->pools;
}

int64_t credits_epoch(const struct credits *credits)
{
    return credits->epoch;
}

/* ---- the pools there are ---- */

static const char *text_of(const struct result *result, size_t i, int column, struct arena *arena)
{
    return arena_text(arena, result_span(result, i, column));
}

/* Names joined by line feeds, which no name holds. */
static void split_models(struct span joined, struct arena *arena, struct credits_pool *pool)
{
    size_t count = 1;
    size_t first = 0;

    pool->model_count = 0;
    if (joined.size == 0)
        return;
    for (size_t i = 0; i < joined.size; i++)
        count += joined.data[i] == '\n';
    const char **models = arena_take(arena, count * sizeof *models);
    for (size_t i = 0; models && i <= joined.size; i++) {
        if (i < joined.size && joined.data[i] != '\n')
            continue;
        models[pool->model_count++] = arena_text(arena, span_of(joined.data + first, i - first));
        first = i + 1;
    }
    pool->models = models;
}

static void pool_from_row(const struct result *result, size_t i, struct arena *arena,
                          struct credits_pool *pool)
{
    *pool = (struct credits_pool){
        .pool_id = result_int(result, i, 0),
        .source = text_of(result, i, 1, arena),
        .scope = text_of(result, i, 2, arena),
        .subject = text_of(result, i, 3, arena),
        .unit = text_of(result, i, 4, arena),
        .is_money = result_bool(result, i, 5),
        .metrics = (unsigned)result_int(result, i, 6),
        .hard = result_bool(result, i, 8),
        .is_active = result_bool(result, i, 9),
        .from_ms = result_time(result, i, 10),
        .to_ms = result_is_null(result, i, 11) ? INT64_MAX : result_time(result, i, 11),
        .scale = result_int(result, i, 12),
    };
    split_models(result_span(result, i, 7), arena, pool);
}

static enum status read_pools(struct credits *credits, struct store_conn *conn)
{
    /* late records are booked into the period they belong to for 40 days */
    STORE_STATEMENT(list, "SELECT pool_id, source, scope, subject, unit, is_money, metrics,"
                          " array_to_string(models, E'\\n'), hard AND NOT is_closed, is_active,"
                          " period_from,"
                          " CASE WHEN isfinite(period_to) THEN period_to END, scale"
                          " FROM myna.pool WHERE period_to > now() - interval '40 days'"
                          " ORDER BY pool_id");
    struct result result = {0};
    enum status status = store_exec(conn, &list, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    arena_reset(credits->arena);
    credits->count = result_count(&result);
    credits->pools = arena_take(credits->arena, (credits->count + 1) * sizeof *credits->pools);
    for (size_t i = 0; credits->pools && i < credits->count; i++)
        pool_from_row(&result, i, credits->arena, &credits->pools[i]);
    result_release(&result);
    return arena_failed(credits->arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status credits_refresh(struct credits *credits, struct store_conn *conn)
{
    STORE_STATEMENT(look, "SELECT revision, epoch FROM myna.credit_revision FOR SHARE");
    struct result result = {0};
    enum status status = store_exec(conn, &look, STORE_NO_VALUES, &result);

    if (status != STATUS_OK)
        return status;
    const int64_t revision = result_int(&result, 0, 0);
    credits->epoch = result_int(&result, 0, 1);
    result_release(&result);
    if (revision == credits->revision)
        return STATUS_OK;
    credits->revision = -1;
    status = read_pools(credits, conn);
    if (status == STATUS_OK)
        credits->revision = revision;
    return status;
}

/* ---- accounts ---- */

/* "1,2,3": arrays of arrays do not travel. False: more numbers than there is room for. */
static bool read_numbers(struct span text, int64_t *out, size_t room, size_t *count)
{
    size_t first = 0;

    *count = 0;
    for (size_t i = 0; text.size > 0 && i <= text.size; i++) {
        if (i < text.size && text.data[i] != ',')
            continue;
        if (*count == room ||
            span_to_int64(span_of(text.data + first, i - first), &out[*count]) != STATUS_OK)
            return false;
        (*count)++;
        first = i + 1;
    }
    return true;
}

static const char *write_numbers(struct arena *arena, const int64_t *numbers, size_t count)
{
    char text[CREDITS_POOLS * 21 + 3] = "{";
    size_t size = 1;

    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%lld", i ? "," : "",
                                 (long long)numbers[i]);
    snprintf(text + size, sizeof text - size, "}");
    return arena_text(arena, span_text(text));
}

_Static_assert(CREDITS_POOLS >= LIMIT_WEIGHTS, "write_numbers() has room for weights too");

static bool weights_from_row(const struct result *result, size_t i, wire_CreditMeasure *terms)
{
    int64_t weights[LIMIT_WEIGHTS];
    size_t count;

    if (!read_numbers(result_span(result, i, 6), weights, LIMIT_WEIGHTS, &count))
        return false;
    for (size_t w = 0; w < count; w++)
        terms->weights[w] = (uint64_t)weights[w];
    terms->weights_count = (pb_size_t)count;
    terms->divisor = (uint64_t)result_int(result, i, 7);
    return span_to_text(result_span(result, i, 5), terms->unit, sizeof terms->unit) == STATUS_OK;
}

static struct grant_account amounts_from_row(const struct result *result, size_t i)
{
    return (struct grant_account){
        .granted = (uint64_t)result_int(result, i, 8),
        .returned = (uint64_t)result_int(result, i, 9),
        .settled = (uint64_t)result_int(result, i, 10),
        .charged = (uint64_t)result_int(result, i, 11),
        .return_to = (uint64_t)result_int(result, i, 12),
        .asked = (uint64_t)result_int(result, i, 13),
        .presumed = (uint64_t)result_int(result, i, 14),
        .used = (uint64_t)result_int(result, i, 15),
        .open = (uint64_t)result_int(result, i, 16),
        .wanted = (uint64_t)result_int(result, i, 17),
        .resting = (uint64_t)result_int(result, i, 18), /* -1 is UINT64_MAX */
        .granted_ms = result_is_null(result, i, 19) ? 0 : result_time(result, i, 19),
        .used_ms = result_time(result, i, 20),
        .is_closed = result_bool(result, i, 21),
    };
}

static enum status account_from_row(const struct result *result, size_t i, struct arena *arena,
                                    struct credits_account *row)
{
    *row = (struct credits_account){
        .device_id = text_of(result, i, 0, arena),
        .line_id = text_of(result, i, 2, arena),
        .measure = result_int(result, i, 3),
        .epoch = result_int(result, i, 4),
        .account = amounts_from_row(result, i),
        .confirmed_ms = result_time(result, i, 23),
        .vendor_id = text_of(result, i, 24, arena),
        .model = text_of(result, i, 25, arena),
        .contract_id = text_of(result, i, 26, arena),
        .has_rested = result_bool(result, i, 27),
        .purpose = result_int(result, i, 28),
    };
    if (!weights_from_row(result, i, &row->terms) ||
        !read_numbers(result_span(result, i, 22), row->pools, CREDITS_POOLS, &row->pool_count))
        return STATUS_CORRUPT;
    return result_bytes(result, i, 1, row->journal_id, sizeof row->journal_id);
}

#define ACCOUNT_COLUMNS                                                                            \
    "device_id, journal_id, line_id, measure, epoch, unit, array_to_string(weights, ','),"         \
    " divisor, granted, returned, settled, charged, return_to, asked, presumed, used, open,"       \
    " wanted, resting, granted_at, used_at, is_closed, array_to_string(pools, ','), confirmed_at," \
    " vendor_id, model, contract_id, has_rested, purpose"

static enum status read_rows(struct store_conn *conn, const struct store_statement *statement,
                             struct arena *arena, const char *const *ids, size_t id_count,
                             size_t spare, struct credits_account **rows, size_t *count)
{
    struct result result = {0};
    enum status status =
        store_exec(conn, statement, STORE_VALUES(value_text_array(ids, id_count)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *rows = arena_take(arena, (*count + spare + 1) * sizeof **rows);
    for (size_t i = 0; *rows && status == STATUS_OK && i < *count; i++)
        status = account_from_row(&result, i, arena, &(*rows)[i]);
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : status;
}

enum status credits_lock_accounts(struct store_conn *conn, struct arena *arena,
                                  const char *const *ids, size_t id_count, size_t spare,
                                  struct credits_account **rows, size_t *count)
{
    STORE_STATEMENT(lock, "SELECT " ACCOUNT_COLUMNS " FROM myna.credit_account"
                          " WHERE device_id = ANY ($1::text[])"
                          " ORDER BY device_id COLLATE \"C\", journal_id, line_id COLLATE \"C\","
                          " measure, epoch FOR UPDATE");

    return read_rows(conn, &lock, arena, ids, id_count, spare, rows, count);
}

enum status credits_read_accounts(struct store_conn *conn, struct arena *arena,
                                  const char *const *ids, size_t id_count,
                                  struct credits_account **rows, size_t *count)
{
    STORE_STATEMENT(read, "SELECT " ACCOUNT_COLUMNS " FROM myna.credit_account"
                          " WHERE device_id = ANY ($1::text[])"
                          " ORDER BY device_id COLLATE \"C\", journal_id, line_id COLLATE \"C\","
                          " measure, epoch");

    return read_rows(conn, &read, arena, ids, id_count, 0, rows, count);
}

struct flat {
    const char *device_id;
    uint8_t journal_id[16];
    const char *line_id;
    const char *vendor_id, *model, *contract_id;
    const char *unit;
    const char *weights;
    const char *pools;
    int64_t numbers[15];
    int64_t granted_ms, used_ms, confirmed_ms;
};

enum {
    MEASURE,
    EPOCH,
    DIVISOR,
    GRANTED,
    RETURNED,
    SETTLED,
    CHARGED,
    RETURN_TO,
    ASKED,
    PRESUMED,
    USED,
    OPEN,
    WANTED,
    RESTING,
    PURPOSE
};

static int64_t bounded(uint64_t amount)
{
    return amount > INT64_MAX ? INT64_MAX : (int64_t)amount;
}

static struct flat flatten(const struct credits_account *row, struct arena *arena)
{
    const struct grant_account *a = &row->account;
    int64_t weights[LIMIT_WEIGHTS] = {0};
    struct flat flat = {
        .device_id = row->device_id,
        .line_id = row->line_id,
        .vendor_id = row->vendor_id,
        .model = row->model,
        .contract_id = row->contract_id,
        .unit = row->terms.unit,
        .pools = write_numbers(arena, row->pools, row->pool_count),
        .numbers = {[MEASURE] = row->measure,
                    [EPOCH] = row->epoch,
                    [DIVISOR] = bounded(row->terms.divisor),
                    [GRANTED] = bounded(a->granted),
                    [RETURNED] = bounded(a->returned),
                    [SETTLED] = bounded(a->settled),
                    [CHARGED] = bounded(a->charged),
                    [RETURN_TO] = bounded(a->return_to),
                    [ASKED] = bounded(a->asked),
                    [PRESUMED] = bounded(a->presumed),
                    [USED] = bounded(a->used),
                    [OPEN] = bounded(a->open),
                    [WANTED] = bounded(a->wanted),
                    [RESTING] = a->resting > INT64_MAX ? -1 : (int64_t)a->resting,
                    [PURPOSE] = row->purpose},
        .granted_ms = a->granted_ms,
        .used_ms = a->used_ms,
        .confirmed_ms = row->confirmed_ms,
    };

    for (size_t i = 0; i < row->terms.weights_count; i++)
        weights[i] = bounded(row->terms.weights[i]);
    flat.weights = write_numbers(arena, weights, row->terms.weights_count);
    memcpy(flat.journal_id, row->journal_id, sizeof flat.journal_id);
    return flat;
}

#define NUMBERS (sizeof((struct flat){0}.numbers) / sizeof(int64_t))

static enum status save_flat(struct store_conn *conn, const struct columns *columns,
                             const int64_t *closed, const int64_t *rested)
{
    STORE_STATEMENT(
        save,
        "INSERT INTO myna.credit_account AS a (device_id, journal_id, line_id, unit, weights,"
        " pools, measure, epoch, divisor, granted, returned, settled, charged, return_to, asked,"
        " presumed, used, open, wanted, resting, purpose, granted_at, used_at, confirmed_at,"
        " is_closed, vendor_id, model, contract_id, has_rested)"
        " SELECT device_id, journal_id, line_id, unit, weights::bigint[], pools::bigint[],"
        " measure, epoch, divisor, granted, returned, settled, charged, return_to, asked,"
        " presumed, used, open, wanted, resting, purpose, nullif(granted_at, 'epoch'), used_at,"
        " confirmed_at, is_closed <> 0, vendor_id, model, contract_id, has_rested <> 0"
        " FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],"
        " $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[],"
        " $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bigint[],"
        " $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::timestamptz[],"
        " $23::timestamptz[], $24::timestamptz[], $25::bigint[], $26::text[], $27::text[],"
        " $28::text[], $29::bigint[]) AS v(device_id, journal_id, line_id, unit, weights, pools, "
        "measure, "
        "epoch, divisor,"
        " granted, returned, settled, charged, return_to, asked, presumed, used, open, wanted,"
        " resting, purpose, granted_at, used_at, confirmed_at, is_closed, vendor_id, model,"
        " contract_id, has_rested)"
        " ON CONFLICT (device_id, journal_id, line_id, measure, epoch) DO UPDATE SET"
        " pools = excluded.pools, granted = excluded.granted, returned = excluded.returned,"
        " settled = excluded.settled, charged = excluded.charged,"
        " return_to = excluded.return_to, asked = excluded.asked, presumed = excluded.presumed,"
        " used = excluded.used, open = excluded.open, wanted = excluded.wanted,"
        " resting = excluded.resting, granted_at = excluded.granted_at,"
        " used_at = excluded.used_at, confirmed_at = excluded.confirmed_at,"
        " is_closed = excluded.is_closed, has_rested = excluded.has_rested");
    struct value values[6 + NUMBERS + 8];
    size_t n = 0;

    values[n++] = columns_text(columns, offsetof(struct flat, device_id));
    values[n++] = columns_uuid(columns, offsetof(struct flat, journal_id));
    values[n++] = columns_text(columns, offsetof(struct flat, line_id));
    values[n++] = columns_text(columns, offsetof(struct flat, unit));
    values[n++] = columns_text(columns, offsetof(struct flat, weights));
    values[n++] = columns_text(columns, offsetof(struct flat, pools));
    for (size_t i = 0; i < NUMBERS; i++)
        values[n++] = columns_int(columns, offsetof(struct flat, numbers) + i * sizeof(int64_t));
    values[n++] = columns_time(columns, offsetof(struct flat, granted_ms));
    values[n++] = columns_time(columns, offsetof(struct flat, used_ms));
    values[n++] = columns_time(columns, offsetof(struct flat, confirmed_ms));
    values[n++] = value_int_array(closed, columns->count);
    values[n++] = columns_text(columns, offsetof(struct flat, vendor_id));
    values[n++] = columns_text(columns, offsetof(struct flat, model));
    values[n++] = columns_text(columns, offsetof(struct flat, contract_id));
    values[n++] = value_int_array(rested, columns->count);
    return arena_failed(columns->arena) ? STATUS_MEMORY : store_exec(conn, &save, values, n, NULL);
}

enum status credits_save_accounts(struct store_conn *conn, struct arena *arena,
                                  const struct credits_account *rows, size_t count)
{
    struct flat *flat = arena_take(arena, (count + 1) * sizeof *flat);
    int64_t *closed = arena_take(arena, (count + 1) * sizeof *closed);
    int64_t *rested = arena_take(arena, (count + 1) * sizeof *rested);
    size_t changed = 0;

    if (!flat || !closed || !rested)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].is_changed)
            continue;
        closed[changed] = rows[i].account.is_closed;
        rested[changed] = rows[i].has_rested;
        flat[changed++] = flatten(&rows[i], arena);
    }
    const struct columns columns = {arena, flat, changed, sizeof *flat};
    return changed > 0 ? save_flat(conn, &columns, closed, rested) : STATUS_OK;
}

/* ---- pools ---- */

enum status credits_lock_pools(struct store_conn *conn, struct arena *arena, const int64_t *ids,
                               size_t count, struct credits_sum *sums, size_t *found)
{
    /* rounded against whoever wants some; limits beyond 64 bits are as good as 9 * 10^18 */
    STORE_STATEMENT(lock, "SELECT pool_id, least(floor(limit_amount * scale), 9e18)::bigint,"
                          " least(ceil(spent * scale), 9e18)::bigint, outstanding, scale,"
                          " devices"
                          " FROM myna.pool WHERE pool_id = ANY ($1::bigint[])"
                          " ORDER BY pool_id FOR UPDATE");
    struct result result = {0};

    (void)arena;
    enum status status =
        store_exec(conn, &lock, STORE_VALUES(value_int_array(ids, count)), &result);
    if (status != STATUS_OK)
        return status;
    *found = result_count(&result);
    for (size_t i = 0; i < *found; i++)
        sums[i] = (struct credits_sum){
            .pool_id = result_int(&result, i, 0),
            .pool = {.limit = result_int(&result, i, 1),
                     .spent = result_int(&result, i, 2),
                     .outstanding = result_int(&result, i, 3)},
            .scale = result_int(&result, i, 4),
            .devices = result_int(&result, i, 5),
            .outstanding_before = result_int(&result, i, 3),
        };
    result_release(&result);
    return STATUS_OK;
}

static enum status save_spends(struct store_conn *conn, struct arena *arena,
                               const struct credits_spend *spends, size_t count)
{
    STORE_STATEMENT(spend, "UPDATE myna.pool p SET spent = p.spent + v.amount FROM"
                           " (SELECT pool_id, sum(amount::numeric) AS amount"
                           "  FROM unnest($1::bigint[], $2::text[]) AS u(pool_id, amount)"
                           "  GROUP BY pool_id) v WHERE p.pool_id = v.pool_id");
    const struct columns columns = {arena, spends, count, sizeof *spends};
    const struct value values[] = {
        columns_int(&columns, offsetof(struct credits_spend, pool_id)),
        columns_text(&columns, offsetof(struct credits_spend, amount)),
    };

    return arena_failed(arena) ? STATUS_MEMORY : store_exec(conn, &spend, values, 2, NULL);
}

struct flat_charge {
    const char *device_id;
    uint8_t journal_id[16];
    int64_t seq, pool_id;
    const char *amount;
};

static enum status save_charges(struct store_conn *conn, struct arena *arena,
                                const struct credits_spend *spends, size_t count)
{
    STORE_STATEMENT(charge, "INSERT INTO myna.pool_charge (device_id, journal_id, seq, pool_id,"
                            " amount) SELECT device_id, journal_id, seq, pool_id, amount::numeric"
                            " FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::bigint[],"
                            " $5::text[]) AS v(device_id, journal_id, seq, pool_id, amount)");
    struct flat_charge *rows = arena_take(arena, (count + 1) * sizeof *rows);
    size_t found = 0;

    if (!rows)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct booking_record *record = spends[i].uncertain;

        if (!record)
            continue;
        rows[found] = (struct flat_charge){.device_id = record->device_id,
                                           .seq = record->seq,
                                           .pool_id = spends[i].pool_id,
                                           .amount = spends[i].amount};
        memcpy(rows[found++].journal_id, record->journal_id, sizeof record->journal_id);
    }
    const struct columns columns = {arena, rows, found, sizeof *rows};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct flat_charge, device_id)),
        columns_uuid(&columns, offsetof(struct flat_charge, journal_id)),
        columns_int(&columns, offsetof(struct flat_charge, seq)),
        columns_int(&columns, offsetof(struct flat_charge, pool_id)),
        columns_text(&columns, offsetof(struct flat_charge, amount)),
    };
    if (arena_failed(arena))
        return STATUS_MEMORY;
    return found > 0 ? store_exec(conn, &charge, values, 5, NULL) : STATUS_OK;
}

struct flat_sum {
    int64_t pool_id, moved, charged, is_starved;
};

static enum status save_sums(struct store_conn *conn, struct arena *arena,
                             const struct flat_sum *sums, size_t count)
{
    STORE_STATEMENT(save, "UPDATE myna.pool p SET outstanding = p.outstanding + v.moved,"
                          " spent = p.spent + v.charged::numeric / p.scale,"
                          " starved_at = CASE WHEN v.starved <> 0 THEN now()"
                          "                   ELSE p.starved_at END"
                          " FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])"
                          " AS v(pool_id, moved, charged, starved) WHERE p.pool_id = v.pool_id");
    const struct columns columns = {arena, sums, count, sizeof *sums};
    const struct value values[] = {
        columns_int(&columns, offsetof(struct flat_sum, pool_id)),
        columns_int(&columns, offsetof(struct flat_sum, moved)),
        columns_int(&columns, offsetof(struct flat_sum, charged)),
        columns_int(&columns, offsetof(struct flat_sum, is_starved)),
    };

    return arena_failed(arena) ? STATUS_MEMORY : store_exec(conn, &save, values, 4, NULL);
}

enum status credits_save_pools(struct store_conn *conn, struct arena *arena,
                               const struct credits_sum *sums, size_t count,
                               const struct credits_spend *spends, size_t spend_count)
{
    struct flat_sum *flat = arena_take(arena, (count + 1) * sizeof *flat);
    enum status status = flat ? STATUS_OK : STATUS_MEMORY;
    size_t changed = 0;

    for (size_t i = 0; flat && i < count; i++) {
        const struct credits_sum *sum = &sums[i];
        const int64_t moved = sum->pool.outstanding - sum->outstanding_before;

        if (moved != 0 || sum->pool.charged != 0 || sum->is_starved)
            flat[changed++] =
                (struct flat_sum){sum->pool_id, moved, sum->pool.charged, sum->is_starved};
    }
    if (status == STATUS_OK && spend_count > 0)
        status = save_spends(conn, arena, spends, spend_count);
    if (status == STATUS_OK && spend_count > 0)
        status = save_charges(conn, arena, spends, spend_count);
    if (status == STATUS_OK && changed > 0)
        status = save_sums(conn, arena, flat, changed);
    return status;
}

/* ---- groups, epochs, states ---- */

enum status credits_read_members(struct store_conn *conn, struct arena *arena,
                                 const char *const *ids, size_t id_count,
                                 struct credits_member **members, size_t *count)
{
    STORE_STATEMENT(read, "SELECT device_id, group_id FROM myna.group_member"
                          " WHERE device_id = ANY ($1::text[])"
                          " ORDER BY device_id COLLATE \"C\", group_id COLLATE \"C\"");
    struct result result = {0};
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text_array(ids, id_count)), &result);

    if (status != STATUS_OK)
        return status;
    *count = result_count(&result);
    *members = arena_take(arena, (*count + 1) * sizeof **members);
    for (size_t i = 0; *members && i < *count; i++)
        (*members)[i] =
            (struct credits_member){text_of(&result, i, 0, arena), text_of(&result, i, 1, arena)};
    result_release(&result);
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status credits_read_epochs(struct store_conn *conn, const char *const *ids, size_t id_count,
                                int64_t *epochs)
{
    STORE_STATEMENT(read, "SELECT v.place, e.epoch FROM unnest($1::text[]) WITH ORDINALITY"
                          " AS v(device_id, place) JOIN myna.credit_epoch e"
                          " ON e.device_id = v.device_id");
    struct result result = {0};
    enum status status =
        store_exec(conn, &read, STORE_VALUES(value_text_array(ids, id_count)), &result);

    if (status != STATUS_OK)
        return status;
    memset(epochs, 0, id_count * sizeof *epochs);
    for (size_t i = 0; i < result_count(&result); i++)
        epochs[result_int(&result, i, 0) - 1] = result_int(&result, i, 1);
    result_release(&result);
    return STATUS_OK;
}

enum status credits_note_epoch(struct store_conn *conn, const char *const *ids, size_t id_count,
                               int64_t epoch)
{
    STORE_STATEMENT(note, "INSERT INTO myna.credit_epoch AS e (device_id, epoch)"
                          " SELECT d, $2::bigint FROM unnest($1::text[]) d ORDER BY d"
                          " ON CONFLICT (device_id) DO UPDATE SET epoch = excluded.epoch"
                          " WHERE e.epoch <> excluded.epoch");

    return store_exec(conn, &note, STORE_VALUES(value_text_array(ids, id_count), value_int(epoch)),
                      NULL);
}

enum status credits_read_granted(struct store_conn *conn, const char *device_id,
                                 const uint8_t journal_id[16], int64_t epoch, uint64_t *granted)
{
    STORE_STATEMENT(read, "SELECT least(coalesce(sum(granted), 0), 9223372036854775807)::bigint"
                          " FROM myna.credit_account"
                          " WHERE device_id = $1 AND journal_id = $2 AND epoch = $3");
    struct result result = {0};
    enum status status = store_exec(
        conn, &read, STORE_VALUES(value_text(device_id), value_uuid(journal_id), value_int(epoch)),
        &result);

    if (status == STATUS_OK)
        *granted = (uint64_t)result_int(&result, 0, 0);
    result_release(&result);
    return status;
}

enum status credits_owe_states(struct store_conn *conn, const char *const *ids, size_t id_count)
{
    STORE_STATEMENT(owe, "UPDATE myna.device_link SET state_due = now(), state_sends = 0"
                         " WHERE device_id = ANY ($1::text[])");

    return store_exec(conn, &owe, STORE_VALUES(value_text_array(ids, id_count)), NULL);
}

#include "server/store/charges.h"

#include <stddef.h>
#include <string.h>

#include "server/store/columns.h"
#include "server/store/spending.h"

enum status charges_begin(struct store_conn *conn)
{
    STORE_STATEMENT(share, "SELECT FROM myna.credit_revision FOR SHARE");

    return store_exec(conn, &share, STORE_NO_VALUES, NULL);
}

/* ---- booking ---- */

/* What is to be written, while it is put together. */
struct bookings {
    struct arena *arena;
    const struct credits_pool *pools;
    size_t pool_count;
    const struct credits_member *members;
    size_t member_count;
    bool *needed; /* by the pools' places */
    struct spending_list spends;
};

static void add_record(struct bookings *bookings, const struct booking_record *record)
{
    const wire_UsageRecord usage = spending_measured(record);
    size_t group_count;
    const struct credits_member *groups = spending_find_groups(
        bookings->members, bookings->member_count, record->device_id, &group_count);

    for (size_t i = 0; i < bookings->pool_count; i++) {
        const struct credits_pool *pool = &bookings->pools[i];

        if (!spending_covers(pool, record, groups, group_count, record->at_ms))
            continue;
        bookings->needed[i] = true;
        spending_add(bookings->arena, &bookings->spends,
                     (struct credits_spend){
                         pool->pool_id,
                         pool->is_money ? record->price
                                        : spending_count(bookings->arena, pool->metrics, &usage),
                         spending_is_certain(record) ? NULL : record});
    }
}

static enum status save_bookings(struct store_conn *conn, const struct bookings *bookings)
{
    struct arena *arena = bookings->arena;
    int64_t *ids = arena_take(arena, (bookings->pool_count + 1) * sizeof *ids);
    struct credits_sum *sums = arena_take(arena, (bookings->pool_count + 1) * sizeof *sums);
    size_t count = 0;
    size_t found = 0;

    if (!ids || !sums)
        return STATUS_MEMORY;
    for (size_t i = 0; i < bookings->pool_count; i++)
        if (bookings->needed[i])
            ids[count++] = bookings->pools[i].pool_id;
    if (count == 0)
        return STATUS_OK;
    enum status status = credits_lock_pools(conn, arena, ids, count, sums, &found);
    return status == STATUS_OK ? credits_save_pools(conn, arena, sums, found,
                                                    bookings->spends.items, bookings->spends.count)
                               : status;
}

static enum status book_into(struct store_conn *conn, struct bookings *bookings,
                             const struct booking_record *records, size_t count)
{
    struct arena *arena = bookings->arena;
    const char **ids = arena_take(arena, (count + 1) * sizeof *ids);
    struct credits_member *members = NULL;

    bookings->needed = arena_take(arena, bookings->pool_count * sizeof *bookings->needed);
    if (!ids || !bookings->needed)
        return STATUS_MEMORY;
    memset(bookings->needed, 0, bookings->pool_count * sizeof *bookings->needed);
    for (size_t i = 0; i < count; i++)
        ids[i] = records[i].device_id;
    enum status status =
        credits_read_members(conn, arena, ids, count, &members, &bookings->member_count);
    if (status != STATUS_OK)
        return status;
    bookings->members = members;
    for (size_t i = 0; i < count; i++)
        add_record(bookings, &records[i]);
    return arena_failed(arena) ? STATUS_MEMORY : save_bookings(conn, bookings);
}

enum status charges_book(struct store_conn *conn, struct arena *arena,
                         const struct booking_record *records, size_t count)
{
    struct bookings bookings = {.arena = arena};
    struct credits *credits;
    enum status status = credits_create(&credits);

    if (status != STATUS_OK)
        return status;
    status = credits_refresh(credits, conn);
    if (status == STATUS_OK) {
        bookings.pools = credits_pools(credits, &bookings.pool_count);
        if (bookings.pool_count > 0)
            status = book_into(conn, &bookings, records, count);
    }
    credits_free(credits);
    return status;
}

/* ---- settling ---- */

#define RECORDS                                                                                    \
    "unnest($1::text[], $2::uuid[], $3::bigint[]) WITH ORDINALITY"                                 \
    " AS r(device_id, journal_id, seq, place)"

static enum status lock_charged(struct store_conn *conn, const struct value *records, bool *any)
{
    STORE_STATEMENT(lock, "SELECT pool_id FROM myna.pool WHERE pool_id IN (SELECT c.pool_id"
                          " FROM " RECORDS " JOIN myna.pool_charge c USING (device_id, journal_id,"
                          " seq)) ORDER BY pool_id FOR UPDATE");
    struct result result = {0};
    enum status status = store_exec(conn, &lock, records, 3, &result);

    *any = result_count(&result) > 0;
    result_release(&result);
    return status;
}

/* What was charged goes out, with what later ratings added to the record's price. */
static enum status take_charges(struct store_conn *conn, const struct value *records,
                                struct result *result)
{
    STORE_STATEMENT(
        take,
        "WITH gone AS (DELETE FROM myna.pool_charge c USING " RECORDS
        "   WHERE c.device_id = r.device_id AND c.journal_id = r.journal_id AND c.seq = r.seq"
        "   RETURNING r.place, c.pool_id, c.amount, r.device_id, r.journal_id, r.seq)"
        " SELECT g.place, g.pool_id, p.is_money, p.metrics, (-g.amount)::text,"
        " coalesce((SELECT sum(k.price) FROM myna.usage_correction k WHERE k.reason = 'rerate'"
        "   AND k.device_id = g.device_id AND k.journal_id = g.journal_id AND k.seq = g.seq),"
        " 0)::text FROM gone g JOIN myna.pool p USING (pool_id)");

    return store_exec(conn, &take, records, 3, result);
}

static enum status replace_charges(struct store_conn *conn, struct arena *arena,
                                   const struct booking_record *records,
                                   const struct result *result)
{
    const size_t count = result_count(result);
    struct credits_spend *spends = arena_take(arena, (3 * count + 1) * sizeof *spends);
    size_t spend_count = 0;

    if (!spends)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct booking_record *record = &records[result_int(result, i, 0) - 1];
        const int64_t pool_id = result_int(result, i, 1);
        const wire_UsageRecord usage = spending_measured(record);

        spends[spend_count++] =
            (struct credits_spend){pool_id, arena_text(arena, result_span(result, i, 4)), NULL};
        if (!result_bool(result, i, 2)) {
            spends[spend_count++] = (struct credits_spend){
                pool_id, spending_count(arena, (unsigned)result_int(result, i, 3), &usage), NULL};
            continue;
        }
        spends[spend_count++] = (struct credits_spend){pool_id, record->price, NULL};
        spends[spend_count++] =
            (struct credits_spend){pool_id, arena_text(arena, result_span(result, i, 5)), NULL};
    }
    return arena_failed(arena) ? STATUS_MEMORY
                               : credits_save_pools(conn, arena, NULL, 0, spends, spend_count);
}

enum status charges_settle(struct store_conn *conn, struct arena *arena,
                           const struct booking_record *records, size_t count)
{
    const struct columns columns = {arena, records, count, sizeof *records};
    const struct value values[] = {
        columns_text(&columns, offsetof(struct booking_record, device_id)),
        columns_uuid(&columns, offsetof(struct booking_record, journal_id)),
        columns_int(&columns, offsetof(struct booking_record, seq)),
    };
    struct result result = {0};
    bool any = false;

    if (arena_failed(arena))
        return STATUS_MEMORY;
    enum status status = lock_charged(conn, values, &any);
    if (status != STATUS_OK || !any)
        return status;
    status = take_charges(conn, values, &result);
    if (status == STATUS_OK)
        status = replace_charges(conn, arena, records, &result);
    result_release(&result);
    return status;
}

/* ---- rating again ---- */

enum status charges_lock_money(struct store_conn *conn, const char *currency)
{
    STORE_STATEMENT(lock, "SELECT pool_id FROM myna.pool WHERE is_money AND unit = $1"
                          " ORDER BY pool_id FOR UPDATE");

    return store_exec(conn, &lock, STORE_VALUES(value_text(currency)), NULL);
}

enum status charges_rerate(struct store_conn *conn, struct arena *arena, const char *contract_id,
                           const char *currency, const struct charges_difference *rows,
                           size_t count)
{
    STORE_STATEMENT(
        move,
        "WITH r AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[],"
        " $4::timestamptz[], $5::text[], $6::text[], $7::text[], $10::bigint[])"
        " AS r(device_id, journal_id, seq, at, vendor_id, model, price, purpose))"
        " UPDATE myna.pool p SET spent = p.spent + d.price FROM (SELECT p.pool_id,"
        "   sum(r.price::numeric) AS price FROM r JOIN myna.pool p ON p.is_money AND p.unit = $9"
        "     AND r.at >= p.period_from AND r.at < p.period_to"
        "     AND (p.models IS NULL OR r.model = ANY (p.models))"
        "     AND (r.purpose = 0 OR p.scope IN ('vendor', 'contract'))"
        "     AND CASE p.scope WHEN 'fleet' THEN true WHEN 'device' THEN r.device_id = p.subject"
        "       WHEN 'vendor' THEN r.vendor_id = p.subject"
        "       WHEN 'contract' THEN p.subject = $8"
        "       ELSE EXISTS (SELECT FROM myna.group_member m WHERE m.group_id = p.subject"
        "                    AND m.device_id = r.device_id) END"
        "   WHERE NOT EXISTS (SELECT FROM myna.pool_charge c WHERE c.device_id = r.device_id"
        "     AND c.journal_id = r.journal_id AND c.seq = r.seq AND c.pool_id = p.pool_id)"
        "   GROUP BY p.pool_id) d WHERE p.pool_id = d.pool_id");
    const struct columns columns = {arena, rows, count, sizeof *rows};
#define FIELD(name) offsetof(struct charges_difference, name)
    const struct value values[] = {
        columns_text(&columns, FIELD(device_id)),
        columns_uuid(&columns, FIELD(journal_id)),
        columns_int(&columns, FIELD(seq)),
        columns_time(&columns, FIELD(at_ms)),
        columns_text(&columns, FIELD(vendor_id)),
        columns_text(&columns, FIELD(model)),
        columns_text(&columns, FIELD(price)),
        value_text(contract_id),
        value_text(currency),
        columns_int(&columns, FIELD(purpose)),
    };
#undef FIELD

    return arena_failed(arena)
               ? STATUS_MEMORY
               : store_exec(conn, &move, values, sizeof values / sizeof *values, NULL);
}

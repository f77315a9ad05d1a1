/* What records change: pools are spent, accounts settled. */
#include <string.h>

#include "schema/wire/measure.h"
#include "server/bus/crediting_parts.h"
#include "server/money/fraction.h"
#include "server/money/weight.h"

/* Money is booked at its rated price; while that is uncertain, at its reservation. */
static const char *money_of(struct crediting *c, const struct wallet *wallet,
                            const struct credits_pool *pool, const struct booking_record *record,
                            const wire_UsageRecord *usage)
{
    struct credits_account *row;

    for (size_t at = 0;
         !spending_is_certain(record) && (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (strcmp(row->line_id, record->line_id) == 0 &&
            strcmp(row->terms.unit, pool->unit) == 0) {
            const uint64_t amount = measure_consumed(&row->terms, usage);

            return arena_format(c->batch->arena, "%llu.%09llu",
                                (unsigned long long)(amount / WEIGHT_SCALE),
                                (unsigned long long)(amount % WEIGHT_SCALE));
        }
    }
    return record->price;
}

static bool is_account_of(const struct crediting *c, const struct credits_account *row,
                          const struct booking_record *record)
{
    return row->epoch == c->epoch && strcmp(row->line_id, record->line_id) == 0 &&
           memcmp(row->journal_id, record->journal_id, sizeof row->journal_id) == 0;
}

/* When the pools count a record: not in a period whose pools let its account go because the device
 * had confirmed the end, even when its clock was set back meanwhile. One that began under the
 * journal or epoch before is not of this account; it tells so by an older state's time, which power
 * loss leaves behind too: but once the journal has rested none of those is left. */
static int64_t pool_time(struct crediting *c, const struct wallet *wallet,
                         const struct booking_record *record)
{
    int64_t at_ms = record->at_ms;
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (is_account_of(c, row, record) && row->account.granted_ms != 0 &&
            (row->has_rested || record->state_time_ms >= row->account.granted_ms) &&
            row->confirmed_ms > at_ms)
            at_ms = row->confirmed_ms;
    }
    return at_ms;
}

static void spend(struct crediting *c, const struct wallet *wallet,
                  const struct booking_record *record, const wire_UsageRecord *usage)
{
    const int64_t at_ms = pool_time(c, wallet, record);

    for (size_t i = 0; i < c->pool_count; i++) {
        const struct credits_pool *pool = &c->pools[i];

        if (!spending_covers(pool, record, wallet->groups, wallet->group_count, at_ms))
            continue;
        spending_add(c->batch->arena, &c->spends,
                     (struct credits_spend){
                         pool->pool_id,
                         pool->is_money ? money_of(c, wallet, pool, record, usage)
                                        : spending_count(c->batch->arena, pool->metrics, usage),
                         spending_is_certain(record) ? NULL : record});
    }
}

static void note_overrun(struct crediting *c, const struct booking_record *record,
                         const struct credits_account *row, uint64_t overrun)
{
    batch_alarm(c->batch, "overrun", "warning", record->device_id,
                arena_format(c->batch->arena,
                             "{\"vendor\":\"%s\",\"unit\":\"%s\",\"amount\":%llu,\"problem\":\"the "
                             "vendor counted more than the attempt had reserved\"}",
                             record->vendor_id, row->terms.unit, (unsigned long long)overrun));
}

/* An attempt that began under a journal or epoch before takes back what was charged for it. */
static void refile(struct crediting *c, const struct wallet *wallet,
                   const struct credits_account *settled, uint64_t amount)
{
    struct credits_account *row;

    for (size_t at = 0; amount > 0 && (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        struct hold hold;

        if (row == settled || !row->account.is_closed || row->account.charged == 0 ||
            row->measure != settled->measure || strcmp(row->line_id, settled->line_id) != 0)
            continue;
        amount -= grant_refile(&row->account, crediting_hold(c, row, &hold), amount);
        row->is_changed = true;
    }
}

static void settle(struct crediting *c, const struct wallet *wallet,
                   const struct booking_record *record, const wire_UsageRecord *usage)
{
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        const uint64_t amount = measure_consumed(&row->terms, usage);
        uint64_t overrun = 0;
        struct hold hold;

        if (!is_account_of(c, row, record))
            continue;
        if (grant_settle(&row->account, crediting_hold(c, row, &hold), record->state_time_ms,
                         amount, &overrun))
            row->is_changed = true;
        if (overrun > 0)
            note_overrun(c, record, row, overrun);
        if (row->account.granted_ms == 0 || record->state_time_ms < row->account.granted_ms)
            refile(c, wallet, row, amount);
    }
}

enum status crediting_take_records(struct crediting *c)
{
    struct batch *batch = c->batch;

    for (size_t i = 0; i < batch->record_count; i++) {
        const struct booking_record *record = &batch->records[i];
        const struct wallet *wallet = crediting_find_wallet(c, record->device_id);

        if (!wallet)
            continue;
        const wire_UsageRecord usage = spending_measured(record);
        spend(c, wallet, record, &usage);
        settle(c, wallet, record, &usage);
    }
    return arena_failed(batch->arena) ? STATUS_MEMORY : STATUS_OK;
}

/* The sums that grants are judged by, after what the records added: rounded up. */
void crediting_add_spends(struct crediting *c)
{
    for (size_t i = 0; i < c->spends.count; i++) {
        struct credits_sum *sum = crediting_find_sum(c, c->spends.items[i].pool_id);
        struct decimal amount;
        int64_t whole = INT64_MAX;

        if (!sum)
            continue;
        if (decimal_parse_exact(span_text(c->spends.items[i].amount), &amount) == STATUS_OK) {
            struct fraction scaled;

            if (fraction_multiply(fraction_of_decimal(amount), fraction_of(sum->scale), &scaled) !=
                    STATUS_OK ||
                fraction_ceiling(scaled, &whole) != STATUS_OK)
                whole = INT64_MAX;
        }
        if (__builtin_add_overflow(sum->pool.spent, whole, &sum->pool.spent))
            sum->pool.spent = INT64_MAX;
    }
}

/* What records change: pools are spent, accounts settled. */
#include <string.h>

#include "schema/wire/measure.h"
#include "server/bus/crediting_parts.h"
#include "server/money/fraction.h"
#include "server/money/weight.h"

static bool covers(const struct credits_pool *pool, const struct wallet *wallet,
                   const struct booking_record *record, int64_t at_ms)
{
    return at_ms >= pool->from_ms && at_ms < pool->to_ms &&
           (!pool->is_money || strcmp(record->currency, pool->unit) == 0) &&
           lines_pool_covers(pool, record->device_id, wallet->groups, wallet->group_count,
                             record->vendor_id, record->contract_id, record->model);
}

static wire_UsageRecord measured(const struct booking_record *record)
{
    wire_UsageRecord out = wire_UsageRecord_init_zero;
    const int64_t *quantities = record->quantities;

    out.provenance = (wire_Provenance)record->provenance;
    out.reserved_input = (uint64_t)record->reserved_input;
    out.reserved_output = (uint64_t)record->reserved_output;
    out.input_uncached = (uint64_t)quantities[CONTRACT_INPUT_UNCACHED];
    out.input_cached = (uint64_t)quantities[CONTRACT_INPUT_CACHED];
    out.cache_write_5m = (uint64_t)quantities[CONTRACT_CACHE_WRITE_5M];
    out.cache_write_1h = (uint64_t)quantities[CONTRACT_CACHE_WRITE_1H];
    out.output = (uint64_t)quantities[CONTRACT_OUTPUT];
    out.reasoning = (uint64_t)quantities[CONTRACT_REASONING];
    out.audio_in_ms = (uint64_t)quantities[CONTRACT_AUDIO_IN_MS];
    out.audio_out_chars = (uint64_t)quantities[CONTRACT_AUDIO_OUT_CHARS];
    out.images = (uint64_t)quantities[CONTRACT_IMAGES];
    out.video_ms = (uint64_t)quantities[CONTRACT_VIDEO_MS];
    out.requests = (uint64_t)quantities[CONTRACT_REQUESTS];
    return out;
}

static bool is_certain(const struct booking_record *record)
{
    return record->provenance == wire_Provenance_VENDOR_FINAL ||
           record->provenance == wire_Provenance_NOT_SENT;
}

/* Money is booked at its rated price; while that is uncertain, at its reservation. */
static const char *money_of(struct crediting *c, const struct wallet *wallet,
                            const struct credits_pool *pool, const struct booking_record *record,
                            const wire_UsageRecord *usage)
{
    struct credits_account *row;

    for (size_t at = 0;
         !is_certain(record) && (row = crediting_next_account(c, wallet, &at)) != NULL;) {
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

static const char *count_of(struct crediting *c, const struct credits_pool *pool,
                            const wire_UsageRecord *usage)
{
    wire_CreditMeasure measure = {.weights_count = LIMIT_WEIGHTS, .divisor = 1};

    weight_of_metrics(pool->metrics, measure.weights);
    return arena_format(c->batch->arena, "%llu",
                        (unsigned long long)measure_consumed(&measure, usage));
}

static bool is_account_of(const struct crediting *c, const struct credits_account *row,
                          const struct booking_record *record)
{
    return row->epoch == c->epoch && strcmp(row->line_id, record->line_id) == 0 &&
           memcmp(row->journal_id, record->journal_id, sizeof row->journal_id) == 0;
}

/* When the pools count a record: not in a period whose pools let its account go because the device
 * had confirmed the end, even when its clock was set back meanwhile. */
static int64_t pool_time(struct crediting *c, const struct wallet *wallet,
                         const struct booking_record *record)
{
    int64_t at_ms = record->at_ms;
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (is_account_of(c, row, record) && row->account.granted_ms != 0 &&
            record->state_time_ms >= row->account.granted_ms && row->confirmed_ms > at_ms)
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

        if (!covers(pool, wallet, record, at_ms))
            continue;
        c->spends[c->spend_count++] = (struct credits_spend){
            pool->pool_id,
            pool->is_money ? money_of(c, wallet, pool, record, usage) : count_of(c, pool, usage)};
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

    c->spends =
        arena_take(batch->arena, (batch->record_count * c->pool_count + 1) * sizeof *c->spends);
    if (!c->spends)
        return STATUS_MEMORY;
    for (size_t i = 0; i < batch->record_count; i++) {
        const struct booking_record *record = &batch->records[i];
        const struct wallet *wallet = crediting_find_wallet(c, record->device_id);

        if (!wallet)
            continue;
        const wire_UsageRecord usage = measured(record);
        spend(c, wallet, record, &usage);
        settle(c, wallet, record, &usage);
    }
    return arena_failed(batch->arena) ? STATUS_MEMORY : STATUS_OK;
}

/* The sums that grants are judged by, after what the records added: rounded up. */
void crediting_add_spends(struct crediting *c)
{
    for (size_t i = 0; i < c->spend_count; i++) {
        struct credits_sum *sum = crediting_find_sum(c, c->spends[i].pool_id);
        struct decimal amount;
        int64_t whole = INT64_MAX;

        if (!sum)
            continue;
        if (decimal_parse_exact(span_text(c->spends[i].amount), &amount) == STATUS_OK) {
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

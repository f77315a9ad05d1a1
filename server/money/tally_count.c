/* Usage as changes of counts: which charges it is about, and what they count. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "server/money/tally_parts.h"

#define DEVICE_PAIR 160 /* "old>new" */

static bool is_among(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], text) == 0)
            return true;
    }
    return count == 0;
}

static bool in_hours(const struct contract_filter *filter, int64_t time_of_day_ms)
{
    bool after = time_of_day_ms >= filter->hours_from_ms;
    bool before = time_of_day_ms < filter->hours_to_ms;

    return filter->hours_from_ms <= filter->hours_to_ms ? after && before : after || before;
}

static bool input_fits(const struct contract_filter *filter, const struct tally_usage *usage)
{
    struct decimal input = {0};

    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++) {
        if ((CONTRACT_ALL_INPUT & CONTRACT_BIT(metric)) &&
            decimal_add(input, usage->quantities[metric], &input) != STATUS_OK)
            return filter->input_up_to == 0;
    }
    struct fraction size = fraction_of_decimal(input);
    return fraction_compare(size, fraction_of(filter->input_over)) > 0 &&
           (filter->input_up_to == 0 ||
            fraction_compare(size, fraction_of(filter->input_up_to)) <= 0);
}

static bool holds(const struct tally *tally, const struct contract_filter *filter,
                  const struct tally_usage *usage)
{
    const char *service_tier = *usage->service_tier ? usage->service_tier : "default";

    if (filter->other_count > 0 && is_among(usage->model, filter->others, filter->other_count))
        return false;
    if (!is_among(usage->model, filter->models, filter->model_count) ||
        !is_among(service_tier, filter->service_tiers, filter->service_tier_count))
        return false;
    if (filter->has_hours &&
        !in_hours(filter, zone_time_of_day(tally->zone,
                                           filter->hours_by_end ? usage->end_ms : usage->at_ms)))
        return false;
    return !filter->has_input || input_fits(filter, usage);
}

/* ---- usage as changes of counts ---- */

/* What collecting one usage needs. */
struct collection {
    struct tally *tally;
    const struct tally_usage *usage;
    size_t version, counter;
    int64_t day;     /* local, within the version's days */
    int64_t first;   /* of the counter's period */
    unsigned priced; /* bits of metrics */
    unsigned packed; /* bits of metrics whose packs are taken */
    unsigned packed_points;
    unsigned unpriced;
    enum status status;
};

static bool is_above_zero(struct decimal quantity)
{
    return quantity.units > 0;
}

static void change(struct collection *at, int32_t cell, const char *device, int64_t day,
                   struct decimal quantity)
{
    struct tally *tally = at->tally;
    struct tally_count *count = &tally->changes[tally->change_count];

    if (at->status != STATUS_OK)
        return;
    assert(tally->change_count < TALLY_CHANGES);
    *count = (struct tally_count){.version = (uint16_t)(at->version + 1),
                                  .charge = (uint16_t)at->counter,
                                  .cell = cell,
                                  .at_day = day,
                                  .quantity = quantity};
    at->status = tally_intern(tally, device, &count->device);

    struct tally_book *group;
    struct tally_entry *entry;
    struct decimal sum;
    if (at->status == STATUS_OK)
        at->status = tally_take_book(tally, at->version, at->counter, at->first, &group);
    if (at->status == STATUS_OK)
        at->status = tally_take_entry(tally, group, count, &entry);
    if (at->status == STATUS_OK)
        at->status = decimal_add(entry->cell.quantity, quantity, &sum);
    if (at->status == STATUS_OK)
        at->status = decimal_add(entry->added, quantity, &sum);
    if (at->status == STATUS_OK)
        tally->pending[tally->change_count++] = entry;
}

bool tally_may_pay(const struct contract_credit *pack, const struct contract_charge *charge,
                   unsigned metrics)
{
    if (charge->kind == CONTRACT_WEIGHED)
        return pack->quantity.source == CONTRACT_POINTS;
    return pack->quantity.source == CONTRACT_RECORDED && (pack->quantity.metrics & metrics) != 0;
}

/* The bits of the packs that may pay for this metric of this usage; once only, in the first charge
 * that counts it. */
static int32_t packs_for(struct collection *at, const struct contract_charge *charge,
                         unsigned metric)
{
    const struct tally_version *version = &at->tally->versions[at->version];
    unsigned *packed = charge->kind == CONTRACT_WEIGHED ? &at->packed_points : &at->packed;
    int32_t packs = 0;

    if (*packed & CONTRACT_BIT(metric))
        return 0;
    for (size_t i = 0; i < version->pack_count; i++) {
        const struct contract_credit *pack = version->packs[i];

        if (tally_may_pay(pack, charge, CONTRACT_BIT(metric)) &&
            holds(at->tally, &pack->filter, at->usage))
            packs |= 1 << i;
    }
    *packed |= packs ? CONTRACT_BIT(metric) : 0;
    return packs;
}

/* The rate that takes the metric; -1: none. */
static int32_t rate_for(const struct collection *at, const struct contract_charge *charge,
                        unsigned metric)
{
    for (size_t i = 0; i < charge->rate_count; i++) {
        const struct contract_rate *rate = &charge->rates[i];

        if ((metric == CONTRACT_METRICS || (rate->metrics & CONTRACT_BIT(metric))) &&
            holds(at->tally, &rate->filter, at->usage))
            return (int32_t)i;
    }
    return -1;
}

static void count_metric(struct collection *at, const struct tally_counter *counter,
                         unsigned metric)
{
    const struct contract_charge *charge = counter->charge;
    int32_t cell = 0;

    if (charge && (charge->kind == CONTRACT_PRICED || charge->kind == CONTRACT_WEIGHED))
        cell = rate_for(at, charge, metric);
    else if (!(counter->quantity->metrics & CONTRACT_BIT(metric)))
        cell = -1;
    if (cell < 0)
        return;
    if (charge) {
        at->priced |= CONTRACT_BIT(metric);
        if (counter->daily)
            cell += TALLY_PACK * packs_for(at, charge, metric);
    }
    change(at, cell, counter->per_device ? at->usage->device : "",
           counter->daily ? at->day : at->first, at->usage->quantities[metric]);
}

static void count_sum(struct collection *at, const struct tally_counter *counter)
{
    const struct contract_charge *charge = counter->charge;
    int32_t cell = 0;

    if (counter->quantity->source != CONTRACT_AMOUNT) {
        for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++)
            if (is_above_zero(at->usage->quantities[metric]))
                count_metric(at, counter, metric);
        return;
    }
    if (!at->usage->has_amount)
        return;
    if (charge && charge->kind == CONTRACT_PRICED)
        cell = rate_for(at, charge, CONTRACT_METRICS);
    if (cell < 0)
        return;
    if (charge)
        at->priced = ~0u; /* what the vendor charges for it covers all of it */
    change(at, cell, counter->per_device ? at->usage->device : "",
           counter->daily ? at->day : at->first, at->usage->amount);
}

/* What nothing here has a price for was used elsewhere, whoever reported it. */
static bool is_used_here(const struct collection *at, const struct contract_filter *filter)
{
    const struct tally_usage *usage = at->usage;
    unsigned used = 0;

    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++)
        used |= is_above_zero(usage->quantities[metric]) ? CONTRACT_BIT(metric) : 0;
    return !usage->is_elsewhere && ((at->priced & used) != 0 || at->unpriced == 0) &&
           holds(at->tally, filter, usage);
}

static void count_share(struct collection *at, const struct tally_counter *counter)
{
    int32_t cell = is_used_here(at, counter->filter) ? TALLY_HERE : TALLY_ELSEWHERE;

    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++)
        if ((counter->quantity->metrics & CONTRACT_BIT(metric)) &&
            is_above_zero(at->usage->quantities[metric]))
            change(at, cell, "", at->first, at->usage->quantities[metric]);
}

static struct decimal one(void)
{
    struct decimal number = {0};

    (void)!fraction_is_decimal(fraction_of(1), &number);
    return number;
}

static void count_device(struct collection *at, const struct tally_counter *counter)
{
    const struct tally_usage *usage = at->usage;
    char pair[DEVICE_PAIR];

    if (!usage->is_activity || !*usage->device)
        return;
    change(at, 0, usage->device, at->day, one());
    if (counter->mode != TALLY_MODE_LICENCES || !*usage->replaces)
        return;
    if (snprintf(pair, sizeof pair, "%s>%s", usage->replaces, usage->device) >= (int)sizeof pair)
        at->status = STATUS_FULL;
    change(at, 1, pair, at->day, one());
}

static int32_t ms_of_day(const struct collection *at)
{
    int64_t since = at->usage->at_ms - zone_midnight(at->tally->zone, at->day);

    return since < 0 ? 0 : (int32_t)since; /* before the version's first midnight */
}

static void count_event(struct collection *at, const struct tally_counter *counter)
{
    const struct contract_percentage *terms = &counter->charge->percentage;
    struct fraction fee;
    bool in_order = counter->mode == TALLY_MODE_EVENTS_IN_ORDER;
    int32_t cell = in_order ? 2 * ms_of_day(at) : TALLY_AMOUNT;
    int64_t day = in_order || counter->daily ? at->day : at->first;

    if (!at->usage->has_amount)
        return;
    at->priced = ~0u;
    at->status = fraction_multiply(fraction_of_decimal(at->usage->amount), terms->rate, &fee);
    if (at->status == STATUS_OK)
        at->status = fraction_add(fee, terms->fixed, &fee);
    if (at->status != STATUS_OK)
        return;
    if (terms->has_event_min && fraction_compare(fee, terms->event_min) < 0) {
        change(at, TALLY_AT_MIN, "", day, one());
        change(at, TALLY_BEYOND, "", day, at->usage->amount);
    } else if (terms->has_event_max && fraction_compare(fee, terms->event_max) > 0) {
        change(at, TALLY_AT_MAX, "", day, one());
        change(at, TALLY_BEYOND, "", day, at->usage->amount);
    } else {
        change(at, cell, "", day, at->usage->amount);
        change(at, cell + 1, "", day, one());
    }
}

static void count_gauge(struct collection *at, const struct tally_counter *counter)
{
    if (*at->usage->gauge && strcmp(at->usage->gauge, counter->quantity->gauge_name) == 0)
        change(at, ms_of_day(at), at->usage->device, at->day, at->usage->level);
}

/* A share is of everything: its filter tells what counts as used here. */
static bool is_about(const struct collection *at, const struct tally_counter *counter)
{
    if (counter->mode == TALLY_MODE_NONE || counter->mode == TALLY_MODE_SHARE)
        return counter->mode == TALLY_MODE_SHARE;
    return !at->usage->is_elsewhere &&
           (!counter->filter || holds(at->tally, counter->filter, at->usage));
}

static void count(struct collection *at, struct tally_counter *counter)
{
    if (!is_about(at, counter))
        return;
    if (at->day < counter->last.first || at->day >= counter->last.end)
        counter->last =
            tally_period(at->tally, at->tally->versions[at->version].terms, &counter->rule, at->day)
                .clipped;
    at->first = counter->last.first;
    switch (counter->mode) {
    case TALLY_MODE_SUM:
        count_sum(at, counter);
        break;
    case TALLY_MODE_SHARE:
        count_share(at, counter);
        break;
    case TALLY_MODE_DEVICES:
    case TALLY_MODE_LICENCES:
        count_device(at, counter);
        break;
    case TALLY_MODE_GAUGE:
        count_gauge(at, counter);
        break;
    case TALLY_MODE_EVENTS:
    case TALLY_MODE_EVENTS_IN_ORDER:
        count_event(at, counter);
        break;
    default:
        change(at, 0, "", at->day, one());
    }
}

/* The last version that began; SIZE_MAX when none has, or the contract is over. */
static size_t version_at(const struct tally *tally, int64_t at_ms, int64_t *day)
{
    size_t at = tally->contract->version_count;

    while (at > 0 && tally->versions[at - 1].start_ms > at_ms)
        at--;
    if (at == 0)
        return SIZE_MAX;

    const struct tally_version *version = &tally->versions[at - 1];
    *day = zone_day(tally->zone, at_ms);
    if (*day < version->days.first)
        *day = version->days.first;
    return *day < version->days.end ? at - 1 : SIZE_MAX;
}

static unsigned used_metrics(const struct tally_usage *usage)
{
    unsigned used = 0;

    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++) {
        if (is_above_zero(usage->quantities[metric]) && metric != CONTRACT_REQUESTS)
            used |= CONTRACT_BIT(metric);
    }
    return used;
}

enum status tally_prepare(struct tally *tally, const struct tally_usage *usage, unsigned *unpriced,
                          const struct tally_count **changes, size_t *count_out)
{
    struct collection at = {.tally = tally, .usage = usage};

    tally->change_count = 0;
    at.version = version_at(tally, usage->at_ms, &at.day);
    if (at.version == SIZE_MAX)
        return STATUS_NOT_FOUND;

    struct tally_version *version = &tally->versions[at.version];
    for (at.counter = 0; at.counter < version->counter_count && at.status == STATUS_OK;
         at.counter++) {
        if (at.counter == version->terms->charge_count && !usage->is_elsewhere)
            at.unpriced = used_metrics(usage) & version->priced_kinds & ~at.priced;
        count(&at, &version->counters[at.counter]);
    }
    if (at.status != STATUS_OK) {
        tally->change_count = 0;
        return at.status;
    }
    *unpriced = at.unpriced;
    *changes = tally->changes;
    *count_out = tally->change_count;
    return STATUS_OK;
}

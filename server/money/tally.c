#include "server/money/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "server/money/tally_parts.h"

#define ARENA_LIMIT ((size_t)1 << 36)

static enum tally_mode mode_of(const struct contract_charge *charge,
                               const struct contract_quantity *quantity)
{
    if (charge && (charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY))
        return TALLY_MODE_NONE;
    if (charge && charge->kind == CONTRACT_LICENCE)
        return TALLY_MODE_LICENCES;
    if (charge && charge->kind == CONTRACT_PERCENTAGE)
        return charge->percentage.has_free_amount && charge->percentage.has_free_events
                   ? TALLY_MODE_EVENTS_IN_ORDER
                   : TALLY_MODE_EVENTS;
    switch (quantity->source) {
    case CONTRACT_RECORDED:
    case CONTRACT_AMOUNT:
    case CONTRACT_POINTS:
        return TALLY_MODE_SUM;
    case CONTRACT_ACTIVE_DEVICES:
        return TALLY_MODE_DEVICES;
    case CONTRACT_TERMINALS:
        return TALLY_MODE_LICENCES;
    case CONTRACT_GAUGE:
        return TALLY_MODE_GAUGE;
    default:
        return TALLY_MODE_NONE;
    }
}

static unsigned metrics_of(const struct contract_charge *charge)
{
    unsigned metrics = charge->kind == CONTRACT_PRICED ? 0 : charge->quantity.metrics;

    for (size_t i = 0; i < charge->rate_count; i++)
        metrics |= charge->rates[i].metrics;
    return metrics;
}

static bool needs_days(const struct tally_version *version, const struct contract_charge *charge)
{
    if (version->terms->interim_count > 0)
        return true;
    for (size_t i = 0; i < version->terms->credit_count; i++) {
        if (version->terms->credits[i].is_money)
            return true;
    }
    for (size_t i = 0; i < version->pack_count; i++) {
        if (tally_may_pay(version->packs[i], charge, metrics_of(charge)))
            return true;
    }
    return false;
}

/* Input tokens of any class are alike, and so are output and reasoning: who prices one of them and
 * not the other has most likely forgotten it. What a contract does not price at all it gives for
 * its fee. */
static unsigned with_alike(unsigned metrics)
{
    const unsigned output = CONTRACT_BIT(CONTRACT_OUTPUT) | CONTRACT_BIT(CONTRACT_REASONING);

    return metrics | (metrics & CONTRACT_ALL_INPUT ? CONTRACT_ALL_INPUT : 0) |
           (metrics & output ? output : 0);
}

static void set_charge(struct tally_version *version, struct tally_counter *counter,
                       const struct contract_charge *charge)
{
    *counter = (struct tally_counter){
        .mode = mode_of(charge, &charge->quantity),
        .charge = charge,
        .filter = &charge->filter,
        .quantity = &charge->quantity,
        .rule = charge->rule,
        .per_device = charge->included_per_device,
    };
    counter->daily = (counter->mode == TALLY_MODE_SUM || counter->mode == TALLY_MODE_EVENTS ||
                      counter->mode == TALLY_MODE_EVENTS_IN_ORDER) &&
                     needs_days(version, charge);
    if (counter->mode == TALLY_MODE_SUM && charge->quantity.source != CONTRACT_AMOUNT)
        version->priced_kinds |= with_alike(metrics_of(charge));
}

static enum status find_packs(struct tally_version *version)
{
    for (size_t i = 0; i < version->terms->credit_count; i++) {
        if (version->terms->credits[i].is_money)
            continue;
        if (version->pack_count == TALLY_PACKS)
            return STATUS_FULL;
        version->packs[version->pack_count++] = &version->terms->credits[i];
    }
    return STATUS_OK;
}

static enum status set_counters(struct tally *tally, struct tally_version *version)
{
    const struct contract_terms *terms = version->terms;
    size_t at = 0;

    version->counter_count = terms->charge_count + terms->commitment_count + terms->cap_count + 1;
    version->counters =
        arena_take(tally->arena, version->counter_count * sizeof *version->counters);
    if (!version->counters)
        return STATUS_MEMORY;
    for (size_t i = 0; i < terms->charge_count; i++)
        set_charge(version, &version->counters[at++], &terms->charges[i]);
    for (size_t i = 0; i < terms->commitment_count; i++) {
        const struct contract_commitment *commitment = &terms->commitments[i];

        version->counters[at] = (struct tally_counter){
            mode_of(NULL, &commitment->quantity), .filter = &commitment->filter,
            .quantity = &commitment->quantity, .rule = commitment->rule};
        if (commitment->share_permille > 0 && commitment->shortfall != CONTRACT_WATCHED)
            version->counters[at].mode = TALLY_MODE_SHARE;
        at++;
    }
    for (size_t i = 0; i < terms->cap_count; i++) {
        const struct contract_cap *cap = &terms->caps[i];

        version->counters[at++] =
            (struct tally_counter){mode_of(NULL, &cap->quantity), .filter = &cap->filter,
                                   .quantity = &cap->quantity, .rule = cap->rule};
    }
    if (tally->contract->term_first == CONTRACT_NO_DAY)
        version->counters[at] = (struct tally_counter){TALLY_MODE_DAYS_USED,
                                                       .rule = {.per = PERIOD_DAY}, .daily = true};
    return STATUS_OK;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static struct period_range term_of(const struct contract *contract)
{
    return (struct period_range){
        contract->term_first,
        contract->term_end == CONTRACT_NO_DAY ? CONTRACT_FOREVER : contract->term_end,
    };
}

static enum status set_version(struct tally *tally, struct tally_version *version,
                               const struct contract_terms *terms)
{
    const struct contract *contract = tally->contract;
    struct period_range term = term_of(contract);

    version->terms = terms;
    version->days.first = most(terms->first, term.first);
    version->start_ms = version->days.first == CONTRACT_NO_DAY
                            ? CONTRACT_NO_DAY
                            : zone_midnight(tally->zone, version->days.first);
    version->days.end =
        least(terms->end == CONTRACT_NO_DAY ? CONTRACT_FOREVER : terms->end, term.end);
    if (contract->termination.is_terminated)
        version->days.end = least(version->days.end, contract->termination.end);

    enum status status = find_packs(version);
    return status == STATUS_OK ? set_counters(tally, version) : status;
}

enum status tally_create(struct tally **out, const struct contract *contract,
                         const struct zone *zone)
{
    struct tally *tally = calloc(1, sizeof *tally);
    enum status status = STATUS_MEMORY;

    if (!tally)
        return status;
    tally->contract = contract;
    tally->zone = zone;
    tally->times = 1;
    if (arena_create(&tally->arena, ARENA_LIMIT) != STATUS_OK)
        goto out;
    tally->versions = arena_take(tally->arena, contract->version_count * sizeof *tally->versions);
    status = tally->versions ? STATUS_OK : STATUS_MEMORY;
    for (size_t i = 0; i < contract->version_count && status == STATUS_OK; i++)
        status = set_version(tally, &tally->versions[i], &contract->versions[i]);

out:
    if (status == STATUS_OK)
        *out = tally;
    else
        tally_free(tally);
    return status;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    free(tally->groups.slots);
    free(tally->entries.slots);
    free(tally->devices.slots);
    arena_free(tally->arena);
    free(tally);
}

static void note_day(struct tally *tally, const struct tally_entry *entry)
{
    const struct tally_version *version = &tally->versions[entry->group->version];

    if (version->counters[entry->group->counter].mode != TALLY_MODE_DAYS_USED)
        return;
    if (!tally->is_used || entry->cell.at_day < tally->used_first)
        tally->used_first = entry->cell.at_day;
    if (!tally->is_used || entry->cell.at_day > tally->used_last)
        tally->used_last = entry->cell.at_day;
    tally->is_used = true;
}

static void enliven(struct tally *tally, struct tally_entry *entry)
{
    if (entry->is_live)
        return;
    entry->is_live = true;
    entry->cell.next = entry->group->seen.cells;
    entry->group->seen.cells = &entry->cell;
    note_day(tally, entry);
}

/* One usage may change a count twice (two metrics of one sum); that both fit together was not
 * tried, but what was tried leaves room for more than any one usage holds. */
void tally_commit(struct tally *tally)
{
    for (size_t i = 0; i < tally->change_count; i++) {
        struct tally_entry *entry = tally->pending[i];

        entry->cell.quantity.units += tally->changes[i].quantity.units;
        entry->added.units += tally->changes[i].quantity.units;
        enliven(tally, entry);
        if (entry->is_changed)
            continue;
        entry->is_changed = true;
        entry->next_changed = tally->changed;
        tally->changed = entry;
    }
}

enum status tally_commit_open(struct tally *tally, int64_t at_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < tally->change_count; i++) {
        struct period_range days;
        enum status status = tally_days_of(tally, &tally->changes[i], &days);

        if (status != STATUS_OK)
            return status;
        if (tally_is_over(tally, days, at_ms))
            continue;
        tally->changes[kept] = tally->changes[i];
        tally->pending[kept++] = tally->pending[i];
    }
    tally->change_count = kept;
    tally_commit(tally);
    return STATUS_OK;
}

void tally_undo(struct tally *tally)
{
    for (size_t i = 0; i < tally->change_count; i++) {
        tally->pending[i]->cell.quantity.units -= tally->changes[i].quantity.units;
        tally->pending[i]->added.units -= tally->changes[i].quantity.units;
    }
    tally->change_count = 0;
}

enum status tally_add(struct tally *tally, const struct tally_usage *usage, unsigned *unpriced)
{
    const struct tally_count *changes;
    size_t count_changes;
    enum status status = tally_prepare(tally, usage, unpriced, &changes, &count_changes);

    if (status == STATUS_OK)
        tally_commit(tally);
    return status;
}

enum status tally_days_of(const struct tally *tally, const struct tally_count *count,
                          struct period_range *out)
{
    if (count->version == 0 || count->version > tally->contract->version_count)
        return STATUS_INVALID;
    const struct tally_version *version = &tally->versions[count->version - 1];
    if (count->charge >= version->counter_count ||
        version->counters[count->charge].mode == TALLY_MODE_NONE || count->cell < 0 ||
        count->at_day < version->days.first || count->at_day >= version->days.end)
        return STATUS_INVALID;
    *out =
        tally_period(tally, version->terms, &version->counters[count->charge].rule, count->at_day)
            .clipped;
    return STATUS_OK;
}

bool tally_is_over(const struct tally *tally, struct period_range days, int64_t at_ms)
{
    return days.end != CONTRACT_FOREVER && zone_midnight(tally->zone, days.end) <= at_ms;
}

enum status tally_load(struct tally *tally, const struct tally_count *count_kept)
{
    struct tally_count kept = *count_kept;
    struct period_range days;
    struct tally_book *group;
    struct tally_entry *entry;
    enum status status = tally_days_of(tally, &kept, &days);

    if (status == STATUS_OK)
        status = tally_intern(tally, kept.device, &kept.device);
    if (status == STATUS_OK)
        status = tally_take_book(tally, kept.version - 1u, kept.charge, days.first, &group);
    if (status == STATUS_OK)
        status = tally_take_entry(tally, group, &kept, &entry);
    if (status == STATUS_OK)
        status = decimal_add(entry->cell.quantity, kept.quantity, &entry->cell.quantity);
    if (status == STATUS_OK)
        enliven(tally, entry);
    return status;
}

/* ---- telling what was counted ---- */

static int by_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_counts(const void *one_of, const void *other)
{
    const struct tally_count *a = one_of, *b = other;
    int order = by_order(a->version, b->version);

    if (order == 0)
        order = by_order(a->charge, b->charge);
    if (order == 0)
        order = by_order(a->at_day, b->at_day);
    if (order == 0)
        order = by_order(a->cell, b->cell);
    return order == 0 ? strcmp(a->device, b->device) : order;
}

static struct tally_count count_of(const struct tally_entry *entry, bool added_only)
{
    return (struct tally_count){
        .version = (uint16_t)(entry->group->version + 1),
        .charge = (uint16_t)entry->group->counter,
        .cell = entry->cell.cell,
        .device = entry->cell.device,
        .at_day = entry->cell.at_day,
        .quantity = added_only ? entry->added : entry->cell.quantity,
    };
}

enum status tally_each(const struct tally *tally, bool changed_only, tally_visit visit,
                       void *context)
{
    struct tally_count *counts = calloc(tally->entries.count + 1, sizeof *counts);
    enum status status = STATUS_OK;
    size_t found = 0;

    if (!counts)
        return STATUS_MEMORY;
    for (const struct tally_entry *entry = tally->changed; changed_only && entry;
         entry = entry->next_changed)
        counts[found++] = count_of(entry, true);
    for (size_t i = 0; !changed_only && i < tally->entries.room; i++) {
        const struct tally_entry *entry = tally->entries.slots[i];

        if (entry && entry->is_live)
            counts[found++] = count_of(entry, false);
    }
    qsort(counts, found, sizeof *counts, compare_counts);
    for (size_t i = 0; i < found && status == STATUS_OK; i++)
        status = visit(context, &counts[i]);
    free(counts);
    return status;
}

void tally_mark(struct tally *tally)
{
    while (tally->changed) {
        struct tally_entry *entry = tally->changed;

        tally->changed = entry->next_changed;
        entry->next_changed = NULL;
        entry->is_changed = false;
        entry->added = (struct decimal){0};
    }
}

void tally_repeat(struct tally *tally, int64_t times)
{
    assert(times >= 0);
    tally->times = times;
}

int64_t tally_times(const struct tally *tally)
{
    return tally->times;
}

const struct contract *tally_contract(const struct tally *tally)
{
    return tally->contract;
}

const struct zone *tally_zone(const struct tally *tally)
{
    return tally->zone;
}

static const struct tally_version *version_of(const struct tally *tally,
                                              const struct contract_terms *terms)
{
    return &tally->versions[terms - tally->contract->versions];
}

struct period_range tally_days(const struct tally *tally, const struct contract_terms *terms)
{
    return version_of(tally, terms)->days;
}

struct period tally_period(const struct tally *tally, const struct contract_terms *terms,
                           const struct period_rule *rule, int64_t day)
{
    const struct tally_version *version = version_of(tally, terms);
    struct period period = period_at(rule, term_of(tally->contract), day);

    period.clipped.first = most(period.clipped.first, version->days.first);
    period.clipped.end = least(period.clipped.end, version->days.end);
    return period;
}

const struct tally_group *tally_groups(const struct tally *tally, size_t version, size_t charge)
{
    const struct tally_book *group = tally->versions[version - 1].counters[charge].groups;

    return group ? &group->seen : NULL;
}

const struct tally_cell *tally_cells(const struct tally *tally, size_t version, size_t charge,
                                     int64_t first)
{
    const struct tally_book *group = tally_find_book(tally, version - 1, charge, first);

    return group ? group->seen.cells : NULL;
}

bool tally_used_days(const struct tally *tally, int64_t *first, int64_t *last)
{
    if (!tally->is_used)
        return false;
    *first = tally->used_first;
    *last = tally->used_last;
    return true;
}

/* What the contracts that a rollout leaves and joins will have cost, state by state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/store/bills.h"
#include "server/store/preflight_parts.h"

#define SCRATCH_BYTES    (256u << 20)
#define DAYS_WITHOUT_END 30 /* of contracts without a term */

/* Counts so far, kept to begin each state with. */
struct counts {
    struct tally_count *items;
    size_t count, room;
};

/* One contract at work. */
struct pricing_run {
    struct preflight_work *work;
    struct preflight_cost *cost;
    struct counts counts;
    struct arena *scratch;
    int64_t first, own_end; /* days */
};

/* ---- which contracts ---- */

static enum status note(struct preflight_work *work, const char *contract_id, bool is_joined)
{
    const struct terms_contract *found = terms_find(work->terms, contract_id);
    size_t i = 0;

    if (!found)
        return STATUS_OK;
    while (i < work->cost_count && work->costs[i].terms != found)
        i++;
    if (i == PREFLIGHT_CONTRACTS)
        return STATUS_FULL;
    if (i == work->cost_count)
        work->costs[work->cost_count++] = (struct preflight_cost){.terms = found};
    *(is_joined ? &work->costs[i].is_joined : &work->costs[i].is_left) = true;
    return STATUS_OK;
}

static enum status find_contracts(struct preflight_work *work)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < work->to_count && status == STATUS_OK; i++)
        status = note(work, work->to[i].contract_id, true);
    for (size_t i = 0; i < work->metered_count && status == STATUS_OK; i++)
        if (work->metered[i].to)
            status = note(work, work->metered[i].contract_id, false);
    return status;
}

/* Robots are followed until the first of the contracts ends: beyond, nobody knows who serves. */
static void find_horizon(struct preflight_work *work)
{
    work->horizon = INT64_MAX;
    for (size_t i = 0; i < work->cost_count; i++) {
        const int64_t end = work->costs[i].terms->contract.term_end;

        if (end != CONTRACT_NO_DAY && end < work->horizon)
            work->horizon = end;
    }
    if (work->horizon == INT64_MAX && work->cost_count > 0)
        work->horizon =
            zone_day(work->costs[0].terms->zone, work->ask->now_ms) + 1 + DAYS_WITHOUT_END;
}

/* ---- what is used ---- */

/* A row's mean day, by the share. */
static enum status mean_of(const struct pricing_run *run, const struct preflight_metered *row,
                           struct fraction share, const char *model, struct projection_usage *out)
{
    enum status status = STATUS_OK;

    out->model = model;
    for (size_t m = 0; m < CONTRACT_METRICS && status == STATUS_OK; m++) {
        struct fraction mean;

        status = preflight_mean(run->work, row, m, &mean);
        if (status == STATUS_OK)
            status = fraction_multiply(mean, share, &mean);
        if (status == STATUS_OK)
            status = fraction_cut(mean, &out->per_day[m]);
    }
    return status;
}

static bool is_of(const struct pricing_run *run, const char *contract_id)
{
    return strcmp(run->cost->terms->contract_id, contract_id) == 0;
}

static int64_t part_of(int64_t robots, struct fraction share)
{
    struct decimal rounded;
    struct fraction part;
    int64_t out = 0;

    if (fraction_multiply(fraction_of(robots), share, &part) == STATUS_OK &&
        fraction_round(part, 0, &rounded) == STATUS_OK &&
        fraction_floor(fraction_of_decimal(rounded), &out) == STATUS_OK)
        return out;
    return 0;
}

/* Most robots on one day, of those under this contract or under the others. */
static int64_t robots_of(const struct pricing_run *run, bool is_member, bool is_here)
{
    const struct preflight_work *work = run->work;
    int64_t most = 0;

    for (size_t i = 0; i < work->load_count; i++)
        if ((work->loads[i].group > 0) == is_member &&
            is_of(run, work->loads[i].contract_id) == is_here &&
            (is_here || preflight_moves(work, &work->loads[i], run->cost->terms->contract_id)))
            most += work->loads[i].robots;
    return is_member && most > (int64_t)work->members ? (int64_t)work->members : most;
}

/* Who uses the contract whatever becomes of the rollout. */
static enum status add_others(struct pricing_run *run, struct tally *tally)
{
    struct preflight_work *work = run->work;
    const size_t robots = (size_t)robots_of(run, false, true);
    struct projection_usage usage[PREFLIGHT_METERED];
    const char **devices = arena_take(run->scratch, (robots + 1) * sizeof *devices);
    struct projection projection = {.first = run->first,
                                    .end = run->own_end,
                                    .usage = usage,
                                    .devices = devices,
                                    .device_count = robots};
    unsigned unpriced[PREFLIGHT_METERED];
    enum status status = devices ? STATUS_OK : STATUS_MEMORY;

    for (size_t i = 0; i < robots && status == STATUS_OK; i++) {
        devices[i] = arena_format(run->scratch, "other robot %zu", i);
        status = devices[i] ? STATUS_OK : STATUS_MEMORY;
    }
    for (size_t i = 0; i < work->metered_count && status == STATUS_OK; i++)
        if (!work->metered[i].to && is_of(run, work->metered[i].contract_id))
            status = mean_of(run, &work->metered[i], fraction_of(1), work->metered[i].model,
                             &usage[projection.count++]);
    return status == STATUS_OK ? projection_add(tally, &projection, unpriced) : status;
}

static void tell_unpriced(struct pricing_run *run, const char *model, unsigned metrics)
{
    char names[200] = "";
    size_t used = 0;

    for (unsigned m = 0; m < CONTRACT_METRICS; m++)
        if (metrics & CONTRACT_BIT(m))
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                                     contract_metric_name((enum contract_metric)m));
    preflight_find(run->work, "unpriced", run->work->leaves ? PREFLIGHT_WARN : PREFLIGHT_REFUSE, 0,
                   "contract \"%s\" has no price for %s of model \"%s\"",
                   run->cost->terms->contract_id, names, model);
}

/* Those that would move, some here, some gone. */
static enum status add_members(struct pricing_run *run, struct tally *tally, size_t state)
{
    struct preflight_work *work = run->work;
    const struct fraction moved = preflight_share(work, state);
    struct projection_usage usage[2 * PREFLIGHT_METERED];
    const int64_t came = part_of(robots_of(run, true, false), moved);
    int64_t stayed = robots_of(run, true, true);
    struct projection projection = {
        .first = run->first, .end = work->horizon, .usage = usage, .devices = work->ids};
    unsigned unpriced[2 * PREFLIGHT_METERED];
    struct fraction left;
    enum status status = fraction_subtract(fraction_of(1), moved, &left);

    for (size_t i = 0; i < work->metered_count && status == STATUS_OK; i++) {
        const struct preflight_metered *row = &work->metered[i];

        if (row->to && is_of(run, row->contract_id))
            status = mean_of(run, row, left, row->model, &usage[projection.count++]);
        if (row->to && is_of(run, row->to->contract_id) && status == STATUS_OK)
            status = mean_of(run, row, moved, row->to->model, &usage[projection.count++]);
    }
    if (status != STATUS_OK)
        return status;
    if (run->cost->is_left && !run->cost->is_joined)
        stayed = part_of(stayed, left);
    projection.device_count =
        (size_t)(came + stayed > (int64_t)work->members ? (int64_t)work->members : came + stayed);
    status = projection_add(tally, &projection, unpriced);
    for (size_t i = 0; i < projection.count && status == STATUS_OK && state == work->wave_count;
         i++)
        if (unpriced[i])
            tell_unpriced(run, usage[i].model, unpriced[i]);
    return status;
}

/* ---- what it costs ---- */

static enum status sum_shortfall(const struct bill *bill, struct decimal *out)
{
    struct decimal sum = {0};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < bill->line_count && status == STATUS_OK; i++)
        if (bill->lines[i].source == BILL_COMMITMENT)
            status = decimal_add(sum, bill->lines[i].amount, &sum);
    if (status == STATUS_OK)
        *out = sum;
    return status;
}

static enum status note_promises(struct pricing_run *run, const struct bill *bill, size_t state)
{
    const struct contract *contract = &run->cost->terms->contract;
    const struct contract_terms *terms = &contract->versions[contract->version_count - 1];
    struct preflight_promise *promises = (struct preflight_promise *)(uintptr_t)run->cost->promises;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < terms->commitment_count && status == STATUS_OK; i++) {
        struct preflight_promise *promise = &promises[i];

        promise->name = terms->commitments[i].name;
        promise->metric =
            terms->commitments[i].quantity.text ? terms->commitments[i].quantity.text : "";
        status = projection_sum(bill, BILL_COMMITMENT, promise->name,
                                state == 0 ? &promise->stay : &promise->end,
                                state == 0 ? &promise->stay_missing : &promise->end_missing);
    }
    run->cost->promise_count = terms->commitment_count;
    return status;
}

static enum status price_state(struct pricing_run *run, size_t state)
{
    struct preflight_cost *cost = run->cost;
    struct tally *tally;
    struct bill bill;
    enum status status = tally_create(&tally, &cost->terms->contract, cost->terms->zone);

    if (status != STATUS_OK)
        return status;
    arena_reset(run->scratch);
    for (size_t i = 0; i < run->counts.count && status == STATUS_OK; i++)
        status = tally_load(tally, &run->counts.items[i]);
    if (status == STATUS_OK)
        status = add_others(run, tally);
    if (status == STATUS_OK)
        status = add_members(run, tally, state);
    if (status == STATUS_OK)
        status = bill_usage(tally, &cost->usage[state]);
    if (status == STATUS_OK)
        status = bill_make(tally, BILL_WHOLE_TERM, run->scratch, &bill);
    if (status == STATUS_OK) {
        cost->totals[state] = bill.total;
        status = sum_shortfall(&bill, &cost->shortfall[state]);
    }
    if (status == STATUS_OK && (state == 0 || state == run->work->wave_count))
        status = note_promises(run, &bill, state);
    tally_free(tally);
    return status;
}

static enum status keep_count(void *context, const struct tally_count *count)
{
    struct counts *counts = context;

    if (counts->count == counts->room) {
        const size_t room = counts->room > 0 ? 2 * counts->room : 1024;
        struct tally_count *items = realloc(counts->items, room * sizeof *items);

        if (!items)
            return STATUS_MEMORY;
        counts->items = items;
        counts->room = room;
    }
    counts->items[counts->count++] = *count;
    return STATUS_OK;
}

static enum status price_states(struct pricing_run *run)
{
    const struct contract *contract = &run->cost->terms->contract;
    struct bills_ledger ledger = {0};
    enum status status =
        bills_open(&ledger, run->work->conn, run->cost->terms->contract_id, BILLS_NOW);

    run->first = zone_day(run->cost->terms->zone, run->work->ask->now_ms) + 1;
    run->own_end = contract->term_end == CONTRACT_NO_DAY ? run->work->horizon : contract->term_end;
    run->cost->promises =
        arena_take(run->work->arena, CONTRACT_COMMITMENTS * sizeof *run->cost->promises);
    if (!run->cost->promises)
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        status = tally_each(ledger.tally, false, keep_count, &run->counts);
    if (status == STATUS_OK)
        status = arena_create(&run->scratch, SCRATCH_BYTES);
    for (size_t state = 0; state <= run->work->wave_count && status == STATUS_OK; state++)
        status = price_state(run, state);
    run->cost->is_known = status == STATUS_OK;
    arena_free(run->scratch);
    free(run->counts.items);
    bills_close(&ledger);
    return status;
}

/* ---- what is to be said of it ---- */

static void tell_trust(struct preflight_work *work, const struct preflight_cost *cost)
{
    if (cost->trust == PROJECTION_EXACT)
        return;
    preflight_find(work, cost->trust == PROJECTION_ROUGH ? "rough" : "not_projected",
                   PREFLIGHT_WARN, 0, "contract \"%s\": %s", cost->terms->contract_id, cost->why);
}

/* The first wave after which more falls short than if nobody moved. */
static int64_t first_short(const struct preflight_work *work, const struct preflight_cost *cost)
{
    for (size_t state = 1; state <= work->wave_count; state++)
        if (decimal_compare(cost->shortfall[state], cost->shortfall[0]) > 0)
            return (int64_t)state;
    return 0;
}

static enum status tell_shortfalls(struct preflight_work *work, const struct preflight_cost *cost)
{
    const struct contract *contract = &cost->terms->contract;

    for (size_t i = 0; i < cost->promise_count; i++) {
        const struct preflight_promise *promise = &cost->promises[i];
        char missing[AMOUNT_SIZE], more[AMOUNT_SIZE];
        struct fraction cents;

        if (decimal_compare(promise->end, promise->stay) <= 0)
            continue;
        if (fraction_subtract(fraction_of_decimal(promise->end), fraction_of_decimal(promise->stay),
                              &cents) != STATUS_OK)
            return STATUS_FULL;
        amount_decimal(promise->end_missing, missing);
        amount_rounded(cents, contract->minor_places, more);
        amount_group(more);
        if (strcmp(promise->metric, "spend") == 0)
            preflight_find(work, "shortfall", PREFLIGHT_WARN, first_short(work, cost),
                           "commitment \"%s\" of \"%s\" falls short: %s %s more than if nobody"
                           " moved",
                           promise->name, cost->terms->contract_id, more, contract->currency);
        else
            preflight_find(work, "shortfall", PREFLIGHT_WARN, first_short(work, cost),
                           "commitment \"%s\" of \"%s\" falls short by %s %s: %s %s more than if"
                           " nobody moved",
                           promise->name, cost->terms->contract_id, missing, promise->metric, more,
                           contract->currency);
    }
    return STATUS_OK;
}

/* One sentence per currency: what all contracts of it cost together. */
static enum status tell_cost(struct preflight_work *work, size_t of)
{
    const char *currency = work->costs[of].terms->contract.currency;
    const unsigned places = work->costs[of].terms->contract.minor_places;
    char stay_text[AMOUNT_SIZE], end_text[AMOUNT_SIZE], date[ZONE_DATE_SIZE];
    struct decimal stay = {0}, end = {0};

    for (size_t i = 0; i < work->cost_count; i++) {
        const struct preflight_cost *cost = &work->costs[i];

        if (!cost->is_known || strcmp(cost->terms->contract.currency, currency) != 0)
            continue;
        if (i < of)
            return STATUS_OK; /* said already */
        if (decimal_add(stay, cost->totals[0], &stay) != STATUS_OK ||
            decimal_add(end, cost->totals[work->wave_count], &end) != STATUS_OK)
            return STATUS_FULL;
    }
    amount_money(stay, places, stay_text);
    amount_money(end, places, end_text);
    amount_group(stay_text);
    amount_group(end_text);
    zone_format_date(work->horizon, date);
    preflight_find(work, "cost", PREFLIGHT_INFO, 0,
                   "the contracts' terms cost %s %s when all have moved, %s %s when nobody does;"
                   " robots followed until %s",
                   end_text, currency, stay_text, currency, date);
    return STATUS_OK;
}

enum status preflight_price(struct preflight_work *work)
{
    enum status status = find_contracts(work);

    find_horizon(work);
    for (size_t i = 0; i < work->cost_count && status == STATUS_OK; i++) {
        struct preflight_cost *cost = &work->costs[i];
        struct pricing_run run = {.work = work, .cost = cost};

        cost->trust = projection_trust(&cost->terms->contract, &cost->why);
        tell_trust(work, cost);
        if (cost->trust != PROJECTION_UNKNOWN)
            status = price_states(&run);
        if (status == STATUS_OK && cost->is_known && !work->leaves)
            status = tell_shortfalls(work, cost);
    }
    for (size_t i = 0; i < work->cost_count && status == STATUS_OK && !work->leaves; i++)
        if (work->costs[i].is_known)
            status = tell_cost(work, i);
    return status;
}

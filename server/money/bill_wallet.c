/* Prepaid money at work: lines become sums owed day by day, and credits pay them, oldest first. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"
#include "server/money/burn.h"

#define WALLET (2 * CONTRACT_CREDITS) /* credits of money, by name, in all versions */

/* A part of a line. */
struct due {
    int64_t day;
    size_t line;
    struct fraction owed;
};

struct wallet {
    struct bill_draft *draft;
    const struct contract_credit **credits;
    int64_t *versions;
    size_t count;
    struct due *dues;
    size_t due_count, due_room;
    struct fraction *paid; /* of each line by each credit */
    const struct bill_line *now;
};

static enum status list_money(struct wallet *out)
{
    const struct contract *contract = out->draft->contract;
    size_t room = contract->version_count * CONTRACT_CREDITS + 1;

    out->credits = calloc(room, sizeof *out->credits);
    out->versions = calloc(room, sizeof *out->versions);
    if (!out->credits || !out->versions)
        return STATUS_MEMORY;
    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].credit_count; i++) {
            const struct contract_credit *credit = &contract->versions[v].credits[i];

            if (!credit->is_money || bill_credit_was_known(contract, v, credit))
                continue;
            out->versions[out->count] = contract->versions[v].version;
            out->credits[out->count++] = credit;
        }
    return out->count > WALLET ? STATUS_FULL : STATUS_OK;
}

static const struct contract_charge *charge_of(const struct bill_draft *draft,
                                               const struct bill_line *line)
{
    const struct contract_terms *terms = &draft->contract->versions[line->version - 1];

    for (size_t i = 0; line->source == BILL_CHARGE && i < terms->charge_count; i++) {
        if (strcmp(terms->charges[i].name, line->name) == 0)
            return &terms->charges[i];
    }
    return NULL;
}

/* Whether every model of the charge is among the credit's. */
static bool covers_models(const struct contract_filter *credit,
                          const struct contract_filter *charge)
{
    if (credit->model_count == 0)
        return true;
    for (size_t i = 0; i < charge->model_count; i++) {
        size_t k = 0;

        while (k < credit->model_count && strcmp(credit->models[k], charge->models[i]) != 0)
            k++;
        if (k == credit->model_count)
            return false;
    }
    return charge->model_count > 0;
}

/* Credit for models pays charges for no others than those. */
static bool may_pay(void *context, size_t at)
{
    const struct wallet *wallet = context;
    const struct contract_charge *charge = charge_of(wallet->draft, wallet->now);

    if (wallet->credits[at]->filter.model_count == 0)
        return true;
    return charge && covers_models(&wallet->credits[at]->filter, &charge->filter);
}

/* ---- what is owed, and when ---- */

static enum status add_due(struct wallet *wallet, size_t line, int64_t day, struct decimal amount)
{
    if (amount.units <= 0)
        return STATUS_OK;
    if (wallet->due_count == wallet->due_room) {
        size_t room = wallet->due_room ? wallet->due_room * 2 : 64;
        struct due *grown = realloc(wallet->dues, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        wallet->dues = grown;
        wallet->due_room = room;
    }
    wallet->dues[wallet->due_count++] = (struct due){day, line, fraction_of_decimal(amount)};
    return STATUS_OK;
}

/* Of the period, or of the bill where the period goes on. */
static int64_t last_day(const struct bill_draft *draft, const struct period *period)
{
    int64_t day = period->clipped.end - 1, today;

    if (draft->as_of_ms == BILL_WHOLE_TERM)
        return day;
    today = zone_day(tally_zone(draft->tally), draft->as_of_ms - 1);
    if (today > day)
        return day;
    return today > period->clipped.first ? today : period->clipped.first;
}

static int compare_days(const void *one, const void *other)
{
    const int64_t *a = one, *b = other;

    return (*a > *b) - (*a < *b);
}

/* The days of the line's period with usage, each once, in order; the caller frees them. */
static enum status days_used(const struct tally *tally, const struct bill_part *part, int64_t **out,
                             size_t *count)
{
    const struct tally_cell *cells =
        tally_cells(tally, (size_t)part->terms->version, part->counter, part->period.clipped.first);
    size_t found = 0, distinct = 0;

    for (const struct tally_cell *cell = cells; cell; cell = cell->next)
        found++;
    if (!(*out = calloc(found + 1, sizeof **out)))
        return STATUS_MEMORY;
    for (const struct tally_cell *cell = cells; cell; cell = cell->next)
        (*out)[distinct++] = cell->at_day;
    qsort(*out, found, sizeof **out, compare_days);
    distinct = 0;
    for (size_t i = 0; i < found; i++) {
        if (i == 0 || (*out)[i] != (*out)[i - 1])
            (*out)[distinct++] = (*out)[i];
    }
    *count = distinct;
    return STATUS_OK;
}

/* What each day added, as far as the line goes: one that a lower tier made cheaper gives nothing
 * back, and what a minimum lifted the line by is owed with the last day. */
static enum status owe_by_days(struct wallet *wallet, size_t at,
                               const struct contract_charge *charge)
{
    const struct bill_draft *draft = wallet->draft;
    const struct bill_line *line = &draft->lines[at];
    const struct contract_terms *terms = &draft->contract->versions[line->version - 1];
    struct decimal owed = {0}, until, part;
    struct fraction cost, quantity;
    struct bill_run run;
    int64_t *days = NULL;
    size_t count = 0;

    bill_run_of(draft->tally, terms, (size_t)(charge - terms->charges), &line->period, &run);
    enum status status = days_used(draft->tally, &run.parts[run.count - 1], &days, &count);
    run.has_until = true;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        run.until = days[i];
        status =
            bill_charge_exact(draft->tally, &run, &draft->packs, BILL_OF_USAGE, &quantity, &cost);
        if (status == STATUS_OK)
            status = fraction_round(cost, draft->contract->minor_places, &until);
        if (status != STATUS_OK)
            break;
        if (decimal_compare(until, line->amount) > 0)
            until = line->amount;
        if (decimal_compare(until, owed) <= 0)
            continue;
        part.units = until.units - owed.units;
        owed = until;
        status = add_due(wallet, at, days[i], part);
    }
    free(days);
    part.units = line->amount.units - owed.units;
    return status == STATUS_OK ? add_due(wallet, at, last_day(draft, &line->period), part) : status;
}

static enum status owe_line(struct wallet *wallet, size_t at)
{
    const struct bill_line *line = &wallet->draft->lines[at];
    const struct contract_charge *charge = charge_of(wallet->draft, line);

    switch (line->source) {
    case BILL_CHARGE:
        if (charge && bill_is_of_usage(charge))
            return owe_by_days(wallet, at, charge);
        if (charge && (charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY))
            return add_due(wallet, at, line->period.clipped.first, line->amount);
        return add_due(wallet, at, last_day(wallet->draft, &line->period), line->amount);
    case BILL_COMMITMENT:
        return add_due(wallet, at, last_day(wallet->draft, &line->period), line->amount);
    case BILL_TERMINATION:
        return add_due(wallet, at, line->period.clipped.first, line->amount);
    default:
        return STATUS_OK;
    }
}

static int compare_due(const void *one, const void *other)
{
    const struct due *a = one, *b = other;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* Takes what is left of *off from what is owed on those days, oldest first. */
static enum status forgive(struct wallet *wallet, struct period_range days, struct fraction *off)
{
    for (size_t i = 0; i < wallet->due_count && fraction_sign(*off) > 0; i++) {
        struct due *due = &wallet->dues[i];
        struct fraction part = fraction_compare(due->owed, *off) < 0 ? due->owed : *off;

        if (due->day < days.first || due->day >= days.end)
            continue;
        if (fraction_subtract(due->owed, part, &due->owed) != STATUS_OK ||
            fraction_subtract(*off, part, off) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

/* A wallet pays what is owed, not what discounts and service levels took off the lines of their
 * days; the rest of those that only overlap comes off the others. */
static enum status forgive_all(struct wallet *wallet)
{
    static const struct period_range always = {INT64_MIN, INT64_MAX};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < wallet->draft->count && status == STATUS_OK; i++) {
        const struct bill_line *line = &wallet->draft->lines[i];
        struct fraction off;

        if (line->source != BILL_DISCOUNT && line->source != BILL_SERVICE_LEVEL &&
            line->source != BILL_CARRIED)
            continue;
        status = fraction_subtract(FRACTION_ZERO, fraction_of_decimal(line->amount), &off);
        if (status == STATUS_OK)
            status = forgive(wallet, line->period.clipped, &off);
        if (status == STATUS_OK)
            status = forgive(wallet, always, &off);
    }
    return status;
}

static enum status owe_all(struct wallet *wallet)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < wallet->draft->count && status == STATUS_OK; i++)
        status = owe_line(wallet, i);
    if (status == STATUS_OK && wallet->due_count > 0)
        qsort(wallet->dues, wallet->due_count, sizeof *wallet->dues, compare_due);
    return status == STATUS_OK ? forgive_all(wallet) : status;
}

/* ---- paying ---- */

static enum status pay(struct wallet *wallet, struct burn *burn, const struct due *due)
{
    struct fraction before[WALLET], left[WALLET], covered, part;
    struct fraction *paid = &wallet->paid[due->line * wallet->count];
    size_t recurring;
    enum status status = burn_until(burn, due->day, NULL, NULL);

    wallet->now = &wallet->draft->lines[due->line];
    if (status == STATUS_OK)
        status = burn_left(burn, before);
    if (status == STATUS_OK)
        status = burn_take(burn, due->day, due->owed, may_pay, wallet, &covered, &recurring);
    if (status == STATUS_OK)
        status = burn_left(burn, left);
    for (size_t i = 0; i < wallet->count && status == STATUS_OK; i++) {
        status = fraction_subtract(left[i], before[i], &part);
        if (status == STATUS_OK)
            status = fraction_add(paid[i], part, &paid[i]);
    }
    wallet->now = NULL;
    return status;
}

static enum status tell_paid(struct wallet *wallet, size_t lines)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < lines * wallet->count && status == STATUS_OK; i++) {
        size_t credit = i % wallet->count;
        struct bill_line line = {
            .source = BILL_CREDIT,
            .name = wallet->credits[credit]->name,
            .version = wallet->versions[credit],
            .period = wallet->draft->lines[i / wallet->count].period,
            .metric = "",
            .quantity = fraction_of(1),
            .exact = wallet->paid[i],
        };

        if (fraction_sign(line.exact) < 0)
            status = bill_append(wallet->draft, line, line.exact);
    }
    return status;
}

static enum status pay_all(struct wallet *wallet)
{
    const size_t lines = wallet->draft->count;
    struct burn *burn = NULL;
    enum status status = burn_create(&burn, wallet->credits, wallet->count);

    wallet->paid = calloc(lines * wallet->count + 1, sizeof *wallet->paid);
    if (status == STATUS_OK && !wallet->paid)
        status = STATUS_MEMORY;
    for (size_t i = 0; i < lines * wallet->count && status == STATUS_OK; i++)
        wallet->paid[i] = FRACTION_ZERO;
    if (status == STATUS_OK)
        status = owe_all(wallet);
    for (size_t i = 0; i < wallet->due_count && status == STATUS_OK; i++) {
        if (fraction_sign(wallet->dues[i].owed) > 0)
            status = pay(wallet, burn, &wallet->dues[i]);
    }
    burn_free(burn);
    return status == STATUS_OK ? tell_paid(wallet, lines) : status;
}

enum status bill_credits(struct bill_draft *draft)
{
    struct wallet wallet = {.draft = draft};
    enum status status = list_money(&wallet);

    if (status == STATUS_OK && wallet.count > 0)
        status = pay_all(&wallet);
    free(wallet.credits);
    free(wallet.versions);
    free(wallet.dues);
    free(wallet.paid);
    return status;
}

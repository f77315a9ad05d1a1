/* Prepaid money and packs as lines: what they cost, what money paid; and interim lines. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"
#include "server/money/burn.h"

#define WALLET (2 * CONTRACT_CREDITS) /* credits of money, by name, in all versions */

static bool was_known_before(const struct contract *contract, size_t version,
                             const struct contract_credit *credit)
{
    for (size_t v = 0; v < version; v++)
        for (size_t i = 0; i < contract->versions[v].credit_count; i++)
            if (strcmp(contract->versions[v].credits[i].name, credit->name) == 0)
                return true;
    return false;
}

static enum status purchase(struct bill_draft *draft, int64_t version,
                            const struct contract_credit *credit, const struct period *period)
{
    struct bill_line line = {
        .source = BILL_PURCHASE,
        .name = credit->name,
        .version = version,
        .period = *period,
        .metric = "",
        .quantity = fraction_of(1),
        .exact = credit->price,
    };

    if (fraction_sign(credit->price) == 0 || !bill_began(draft, period))
        return STATUS_OK;
    return bill_append(draft, line, line.exact);
}

/* One that recurs is bought anew in each of its periods. */
static enum status add_purchases(struct bill_draft *draft, int64_t version,
                                 const struct contract_credit *credit)
{
    struct period_range days = {credit->first, credit->end};
    struct period period = {days, days};
    enum status status;

    if (days.first >= days.end)
        return STATUS_OK;
    if (!credit->recurs)
        return purchase(draft, version, credit, &period);
    period = period_at(&credit->rule, days, days.first);
    do
        status = purchase(draft, version, credit, &period);
    while (status == STATUS_OK && bill_began(draft, &period) &&
           period_next(&credit->rule, days, &period));
    return status;
}

enum status bill_purchases(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].credit_count && status == STATUS_OK; i++) {
            const struct contract_credit *credit = &contract->versions[v].credits[i];

            if (!was_known_before(contract, v, credit))
                status = add_purchases(draft, contract->versions[v].version, credit);
        }
    return status;
}

/* ---- money that pays lines ---- */

struct wallet {
    struct bill_draft *draft;
    const struct contract_credit **credits;
    int64_t *versions;
    size_t count;
    const struct bill_line *now;
};

static enum status list_money(struct bill_draft *draft, struct wallet *out)
{
    const struct contract *contract = draft->contract;
    size_t room = contract->version_count * CONTRACT_CREDITS + 1;

    out->credits = calloc(room, sizeof *out->credits);
    out->versions = calloc(room, sizeof *out->versions);
    if (!out->credits || !out->versions)
        return STATUS_MEMORY;
    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].credit_count; i++) {
            const struct contract_credit *credit = &contract->versions[v].credits[i];

            if (!credit->is_money || was_known_before(contract, v, credit))
                continue;
            out->versions[out->count] = contract->versions[v].version;
            out->credits[out->count++] = credit;
        }
    return STATUS_OK;
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

static bool is_payable(enum bill_source source)
{
    return source == BILL_CHARGE || source == BILL_COMMITMENT || source == BILL_TERMINATION;
}

struct due {
    int64_t day;
    size_t line;
};

static int compare_due(const void *one, const void *other)
{
    const struct due *a = one, *b = other;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* What discounts and service levels took off the period's lines, spread over the first of them: a
 * wallet pays what is owed, not what was forgiven. */
static enum status forgiven(const struct bill_draft *draft, struct fraction *out)
{
    *out = FRACTION_ZERO;
    for (size_t i = 0; i < draft->count; i++) {
        const struct bill_line *line = &draft->lines[i];

        if ((line->source == BILL_DISCOUNT || line->source == BILL_SERVICE_LEVEL ||
             line->source == BILL_CARRIED) &&
            fraction_subtract(*out, fraction_of_decimal(line->amount), out) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

static enum status pay_line(struct wallet *wallet, struct burn *burn, const struct due *due,
                            struct fraction *off)
{
    struct bill_draft *draft = wallet->draft;
    struct fraction before[WALLET], left[WALLET], covered;
    struct bill_line paid = draft->lines[due->line];
    struct fraction owed = fraction_of_decimal(paid.amount);
    struct fraction part = fraction_compare(owed, *off) < 0 ? owed : *off;
    size_t recurring;
    enum status status = fraction_subtract(owed, part, &owed);

    if (status == STATUS_OK)
        status = fraction_subtract(*off, part, off);
    wallet->now = &paid;
    if (status == STATUS_OK)
        status = burn_until(burn, due->day, NULL, NULL);
    if (status == STATUS_OK)
        status = burn_left(burn, before);
    if (status == STATUS_OK)
        status = burn_take(burn, due->day, owed, may_pay, wallet, &covered, &recurring);
    if (status == STATUS_OK)
        status = burn_left(burn, left);
    for (size_t i = 0; i < wallet->count && status == STATUS_OK; i++) {
        struct bill_line line = {
            .source = BILL_CREDIT,
            .name = wallet->credits[i]->name,
            .version = wallet->versions[i],
            .period = paid.period,
            .metric = "",
            .quantity = fraction_of(1),
        };

        status = fraction_subtract(left[i], before[i], &line.exact);
        if (status == STATUS_OK && fraction_sign(line.exact) < 0)
            status = bill_append(draft, line, line.exact);
    }
    wallet->now = NULL;
    return status;
}

static enum status pay_lines(struct wallet *wallet, struct burn *burn)
{
    struct bill_draft *draft = wallet->draft;
    struct due *dues = calloc(draft->count + 1, sizeof *dues);
    struct fraction off;
    size_t count = 0;
    enum status status = dues ? forgiven(draft, &off) : STATUS_MEMORY;

    for (size_t i = 0; i < draft->count && status == STATUS_OK; i++) {
        if (is_payable(draft->lines[i].source) && draft->lines[i].amount.units > 0)
            dues[count++] = (struct due){draft->lines[i].period.clipped.first, i};
    }
    if (count > 0)
        qsort(dues, count, sizeof *dues, compare_due);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = pay_line(wallet, burn, &dues[i], &off);
    free(dues);
    return status;
}

enum status bill_credits(struct bill_draft *draft)
{
    struct wallet wallet = {.draft = draft};
    struct burn *burn = NULL;
    enum status status = list_money(draft, &wallet);

    if (status == STATUS_OK && wallet.count > WALLET)
        status = STATUS_FULL;
    if (status == STATUS_OK && wallet.count > 0) {
        status = burn_create(&burn, wallet.credits, wallet.count);
        if (status == STATUS_OK)
            status = pay_lines(&wallet, burn);
    }
    burn_free(burn);
    free(wallet.credits);
    free(wallet.versions);
    return status;
}

/* ---- interim lines ---- */

/* A charge of usage by days: what it cost up to each day. */
static bool is_by_days(const struct contract_charge *charge)
{
    return charge->kind != CONTRACT_FLAT && charge->kind != CONTRACT_CAPACITY &&
           charge->kind != CONTRACT_PERCENTAGE && charge->kind != CONTRACT_LICENCE &&
           (charge->quantity.source == CONTRACT_RECORDED ||
            charge->quantity.source == CONTRACT_AMOUNT);
}

/* The cost of one period's usage up to and including the day. */
static enum status cost_until(const struct bill_draft *draft, const struct contract_terms *terms,
                              const struct period *period, int64_t day, struct fraction *out)
{
    *out = FRACTION_ZERO;
    for (size_t i = 0; i < terms->charge_count; i++) {
        const struct contract_charge *charge = &terms->charges[i];
        struct bill_run run = {
            .parts = {{terms, i, *period}}, .count = 1, .has_until = true, .until = day};
        struct fraction cost, quantity;

        if (!is_by_days(charge) || charge->rule.per == PERIOD_ONCE)
            continue;
        enum status status =
            bill_charge_exact(draft->tally, &run, NULL, BILL_OF_USAGE, &quantity, &cost);
        if (status == STATUS_OK)
            status = fraction_add(*out, cost, out);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status interim_pair(struct bill_draft *draft, const struct contract_terms *terms,
                                const struct period *period, int64_t day, struct fraction amount)
{
    struct bill_line line = {
        .source = BILL_INTERIM,
        .name = "interim",
        .version = terms->version,
        .period = *period,
        .metric = "",
        .quantity = fraction_of(1),
        .exact = amount,
    };
    struct decimal rounded;
    enum status status = fraction_round(amount, draft->contract->minor_places, &rounded);

    line.period.clipped.end = day + 1;
    if (status == STATUS_OK)
        status = bill_append(draft, line, amount);
    line.period = *period;
    rounded.units = -rounded.units;
    line.exact = fraction_of_decimal(rounded);
    return status == STATUS_OK ? bill_append(draft, line, line.exact) : status;
}

/* The first usage charge's periods are those that interim lines run in. */
static const struct period_rule *rule_of(const struct contract_terms *terms)
{
    for (size_t i = 0; i < terms->charge_count; i++) {
        if (is_by_days(&terms->charges[i]))
            return &terms->charges[i].rule;
    }
    return NULL;
}

static enum status interims_of(struct bill_draft *draft, const struct contract_terms *terms,
                               const struct period *period)
{
    struct fraction billed = FRACTION_ZERO;
    size_t next = 0;

    for (int64_t day = period->clipped.first;
         day < period->clipped.end && next < terms->interim_count; day++) {
        struct fraction cost, amount;
        size_t reached = next;
        enum status status = cost_until(draft, terms, period, day, &cost);

        while (status == STATUS_OK && reached < terms->interim_count &&
               fraction_compare(cost, terms->interim[reached]) >= 0)
            reached++;
        if (status == STATUS_OK && reached == next)
            continue;
        next = reached;
        if (status == STATUS_OK)
            status = fraction_subtract(cost, billed, &amount);
        if (status == STATUS_OK)
            status = interim_pair(draft, terms, period, day, amount);
        if (status != STATUS_OK)
            return status;
        billed = cost;
    }
    return STATUS_OK;
}

/* What was spent when a day brought it to the next threshold is due at once; the period's own lines
 * hold it again, so each interim line has its counterpart there. */
enum status bill_interims(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;

    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        const struct period_rule *rule = rule_of(terms);
        struct period period;
        bool more =
            terms->interim_count > 0 && rule && bill_first_period(draft, terms, rule, &period);

        for (; more; more = bill_next_period(draft, terms, rule, &period)) {
            enum status status = interims_of(draft, terms, &period);

            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* What prepaid money and packs cost, and interim lines. What money paid: bill_wallet.c. */
#include <string.h>

#include "server/money/bill_parts.h"

bool bill_credit_was_known(const struct contract *contract, size_t version,
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

            if (!bill_credit_was_known(contract, v, credit))
                status = add_purchases(draft, contract->versions[v].version, credit);
        }
    return status;
}

/* ---- interim lines ---- */

/* What usage of one charge's period cost up to and including the day. */
static enum status cost_until(const struct bill_draft *draft, const struct contract_terms *terms,
                              size_t charge, const struct period *period, int64_t day,
                              struct fraction *out)
{
    struct fraction quantity;
    struct bill_run run;

    bill_run_of(draft->tally, terms, charge, period, &run);
    run.has_until = true;
    run.until = day;
    return bill_charge_exact(draft->tally, &run, &draft->packs, BILL_OF_USAGE, &quantity, out);
}

/* What usage of one charge cost on the days from first to last, in whichever of its periods. */
static enum status cost_between(const struct bill_draft *draft, const struct contract_terms *terms,
                                size_t charge, int64_t first, int64_t last, struct fraction *sum)
{
    const struct period_rule *rule = &terms->charges[charge].rule;

    for (int64_t day = first; day <= last;) {
        struct period period = tally_period(draft->tally, terms, rule, day);
        struct fraction until, before = FRACTION_ZERO;
        enum status status = cost_until(draft, terms, charge, &period, last, &until);

        if (status == STATUS_OK && period.clipped.first < first)
            status = cost_until(draft, terms, charge, &period, first - 1, &before);
        if (status == STATUS_OK)
            status = fraction_subtract(until, before, &until);
        if (status == STATUS_OK)
            status = fraction_add(*sum, until, sum);
        if (status != STATUS_OK)
            return status;
        day = period.clipped.end;
    }
    return STATUS_OK;
}

static enum status cost_of_days(const struct bill_draft *draft, const struct contract_terms *terms,
                                int64_t first, int64_t last, struct fraction *out)
{
    enum status status = STATUS_OK;

    *out = FRACTION_ZERO;
    for (size_t i = 0; i < terms->charge_count && status == STATUS_OK; i++)
        if (bill_is_of_usage(&terms->charges[i]))
            status = cost_between(draft, terms, i, first, last, out);
    return status;
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
        if (bill_is_of_usage(&terms->charges[i]))
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
        enum status status = cost_of_days(draft, terms, period->clipped.first, day, &cost);

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

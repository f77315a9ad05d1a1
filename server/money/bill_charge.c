/* One charge in one of its periods, and what usage alone costs. */
#include "server/money/bill_parts.h"

/* Days billed of the whole period's; once and term are whole unless versions split them, and have
 * no days to share without a term. */
struct fraction bill_share(const struct period *period)
{
    int64_t days, of;

    if (period->whole.first == CONTRACT_NO_DAY || period->whole.end == CONTRACT_FOREVER)
        return fraction_of(1);
    period_share(period, &days, &of);
    return fraction_ratio(days, of);
}

static enum status fee(const struct contract_charge *charge, const struct period *period,
                       bool as_listed, struct fraction *out)
{
    struct fraction share = charge->rule.per == PERIOD_ONCE ? fraction_of(1) : bill_share(period);
    struct fraction amount = charge->amount, off;
    enum status status = STATUS_OK;

    if (charge->kind == CONTRACT_CAPACITY)
        status = fraction_multiply(amount, charge->size, &amount);
    if (status == STATUS_OK)
        status = fraction_multiply(amount, share, &amount);
    if (status == STATUS_OK && charge->has_discount && !as_listed) {
        status = fraction_multiply(amount, charge->discount, &off);
        if (status == STATUS_OK)
            status = fraction_subtract(amount, off, &amount);
    }
    if (status == STATUS_OK)
        *out = amount;
    return status;
}

static bool is_fee(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY;
}

/* Licences paid whatever is activated. */
static enum status raise_to_least(const struct contract_charge *charge, const struct period *period,
                                  struct bill_measure *measure)
{
    struct fraction least;

    if (charge->kind != CONTRACT_LICENCE || charge->licence.at_least == 0)
        return STATUS_OK;
    enum status status =
        fraction_multiply(fraction_of(charge->licence.at_least), bill_share(period), &least);
    if (status == STATUS_OK && fraction_compare(measure->present, least) < 0)
        measure->present = least;
    return status;
}

/* Licences count by themselves what began in the period; nothing goes on from the part before. */
static size_t parts_before(const struct contract_charge *charge, const struct bill_run *run)
{
    return charge->kind == CONTRACT_LICENCE ? 0 : run->count - 1;
}

enum status bill_charge_exact(const struct tally *tally, const struct bill_run *run,
                              const struct bill_packs *packs, bool as_listed,
                              struct fraction *quantity, struct fraction *out)
{
    const struct bill_part *part = &run->parts[run->count - 1];
    const struct contract_charge *charge = bill_charge_of(part);
    struct bill_measure all, before;
    struct fraction cost, cost_before;

    if (is_fee(charge)) {
        *quantity = charge->kind == CONTRACT_CAPACITY ? charge->size : fraction_of(1);
        return fee(charge, &part->period, as_listed, out);
    }
    enum status status = bill_measure_run(tally, run, run->count, packs, &all);
    if (status == STATUS_OK)
        status = raise_to_least(charge, &part->period, &all);
    if (status == STATUS_OK)
        status = bill_price(charge, &all, as_listed, &cost);
    if (status != STATUS_OK || parts_before(charge, run) == 0) {
        *quantity = all.counted;
        if (status == STATUS_OK)
            *out = cost;
        return status;
    }
    status = bill_measure_run(tally, run, run->count - 1, packs, &before);
    if (status == STATUS_OK)
        status = bill_price(charge, &before, as_listed, &cost_before);
    if (status == STATUS_OK)
        status = fraction_subtract(all.counted, before.counted, quantity);
    return status == STATUS_OK ? fraction_subtract(cost, cost_before, out) : status;
}

static enum status raise_to_minimum(const struct contract_charge *charge,
                                    const struct period *period, struct fraction *amount)
{
    struct fraction minimum;

    if (!charge->has_minimum)
        return STATUS_OK;
    enum status status = fraction_multiply(charge->minimum, bill_share(period), &minimum);
    if (status == STATUS_OK && fraction_compare(*amount, minimum) < 0)
        *amount = minimum;
    return status;
}

static const char *metric_of(const struct contract_charge *charge)
{
    if (is_fee(charge))
        return "";
    return charge->quantity.text ? charge->quantity.text : "terminals";
}

static enum status charge_line(const struct tally *tally, const struct contract_terms *terms,
                               size_t place, const struct period *period, bool period_over,
                               const struct bill_packs *packs, struct bill_line *out)
{
    const struct contract_charge *charge = &terms->charges[place];
    struct bill_line line = {
        .source = BILL_CHARGE,
        .name = charge->name,
        .version = terms->version,
        .period = *period,
        .metric = metric_of(charge),
    };
    struct bill_run run;

    bill_run_of(tally, terms, place, period, &run);
    enum status status = bill_charge_exact(tally, &run, packs, false, &line.quantity, &line.exact);
    if (status == STATUS_OK && period_over)
        status = raise_to_minimum(charge, period, &line.exact);
    if (status == STATUS_OK)
        status = fraction_round(line.exact, tally_contract(tally)->minor_places, &line.amount);
    if (status == STATUS_OK)
        *out = line;
    return status;
}

enum status bill_charge(const struct tally *tally, const struct contract_terms *terms,
                        size_t charge, const struct period *period, bool period_over,
                        struct bill_line *out)
{
    struct bill_packs packs = {0};
    enum status status = bill_packs_burn(tally, &packs);

    if (status == STATUS_OK)
        status = charge_line(tally, terms, charge, period, period_over, &packs, out);
    bill_packs_release(&packs);
    return status;
}

enum status bill_charge_line(const struct bill_draft *draft, const struct contract_terms *terms,
                             size_t charge, const struct period *period, struct bill_line *out)
{
    return charge_line(draft->tally, terms, charge, period, bill_is_over(draft, period),
                       &draft->packs, out);
}

enum status bill_quantity(const struct tally *tally, const struct contract_terms *terms,
                          size_t counter, const struct period *period, struct fraction *out)
{
    struct bill_run run = {.parts = {{terms, counter, *period}}, .count = 1};
    struct bill_measure measure;
    enum status status = bill_measure_run(tally, &run, 1, NULL, &measure);

    if (status == STATUS_OK)
        *out = measure.counted;
    return status;
}

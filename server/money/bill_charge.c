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

static void tell_fee(struct bill_steps *steps, const struct contract_charge *charge,
                     const struct period *period, struct fraction full, struct fraction amount)
{
    int64_t days, of;

    bill_step_add(steps,
                  (struct bill_step){.kind = BILL_STEP_FLAT,
                                     .has_quantity = true,
                                     .has_price = true,
                                     .quantity = charge->kind == CONTRACT_CAPACITY ? charge->size
                                                                                   : fraction_of(1),
                                     .price = charge->amount},
                  full);
    if (!steps || fraction_compare(full, amount) == 0)
        return;
    struct fraction less = amount;

    period_share(period, &days, &of);
    less.numerator = -less.numerator;
    if (steps->status == STATUS_OK)
        steps->status = fraction_add(full, less, &less);
    bill_step_take(steps,
                   (struct bill_step){.kind = BILL_STEP_DAYS,
                                      .has_quantity = true,
                                      .has_price = true,
                                      .quantity = fraction_of(days),
                                      .price = fraction_of(of)},
                   less);
}

static enum status fee(const struct contract_charge *charge, const struct period *period,
                       bool as_listed, struct bill_steps *steps, struct fraction *out)
{
    struct fraction share = charge->rule.per == PERIOD_ONCE ? fraction_of(1) : bill_share(period);
    struct fraction amount = charge->amount, off, full;
    enum status status = STATUS_OK;

    if (charge->kind == CONTRACT_CAPACITY)
        status = fraction_multiply(amount, charge->size, &amount);
    full = amount;
    if (status == STATUS_OK)
        status = fraction_multiply(amount, share, &amount);
    if (status == STATUS_OK)
        tell_fee(steps, charge, period, full, amount);
    if (status == STATUS_OK && charge->has_discount && !as_listed) {
        status = fraction_multiply(amount, charge->discount, &off);
        bill_step_take(steps, bill_step_discount(amount, charge->discount), off);
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

/* A period's account through the parts of a run. */
struct account {
    const struct contract_charge *before;      /* of the part before */
    struct fraction gross;                     /* before the maximum, since that last changed */
    struct fraction charged;                   /* after it */
    struct fraction least;                     /* minimums of the parts that are over */
    struct fraction due;                       /* charged, or the minimums */
    struct fraction activated, promised, paid; /* licences */
};

/* Licences paid whatever is activated; what exceeded a part's own helps the next. */
static enum status raise_to_least(struct account *account, const struct bill_part *part,
                                  struct bill_measure *measure)
{
    const struct contract_charge *charge = bill_charge_of(part);
    struct fraction least, paid;
    enum status status = fraction_add(account->activated, measure->present, &account->activated);

    if (status == STATUS_OK)
        status = fraction_multiply(fraction_of(charge->licence.at_least), bill_share(&part->period),
                                   &least);
    if (status == STATUS_OK)
        status = fraction_add(account->promised, least, &account->promised);
    if (status != STATUS_OK)
        return status;
    paid = fraction_compare(account->activated, account->promised) < 0 ? account->promised
                                                                       : account->activated;
    status = fraction_subtract(paid, account->paid, &measure->present);
    account->paid = paid;
    return status;
}

/* Nothing that was counted before changes the price of what a part adds. */
static bool stands_alone(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_LICENCE ||
           (charge->kind == CONTRACT_PRICED && !charge->has_included &&
            charge->quantity.source == CONTRACT_RECORDED);
}

static enum status part_alone(const struct tally *tally, const struct bill_run *run,
                              const struct bill_packs *packs, bool as_listed,
                              struct account *account, struct fraction *quantity,
                              struct fraction *cost)
{
    const struct bill_part *part = &run->parts[run->count - 1];
    const struct contract_charge *charge = bill_charge_of(part);
    struct bill_run alone = {.parts = {*part},
                             .count = 1,
                             .has_until = run->has_until,
                             .until = run->until,
                             .raised_by = run->raised_by,
                             .steps = run->steps};
    struct bill_measure measure;
    enum status status = bill_measure_run(tally, &alone, 1, packs, &measure);

    *quantity = measure.counted;
    if (status == STATUS_OK && charge->kind == CONTRACT_LICENCE)
        status = raise_to_least(account, part, &measure);
    if (status == STATUS_OK)
        bill_steps_measured(run->steps, tally, &alone, packs, &measure);
    return status == STATUS_OK ? bill_price(charge, &measure, as_listed, run->steps, cost) : status;
}

/* What the run's last part adds by its terms, no maximum applied. */
static enum status part_added(const struct tally *tally, const struct bill_run *run,
                              const struct bill_packs *packs, bool as_listed,
                              struct account *account, struct fraction *quantity,
                              struct fraction *cost)
{
    const struct contract_charge *charge = bill_charge_of(&run->parts[run->count - 1]);
    struct bill_measure all, before;
    struct fraction cost_before;

    if (stands_alone(charge))
        return part_alone(tally, run, packs, as_listed, account, quantity, cost);
    enum status status = bill_measure_run(tally, run, run->count, packs, &all);
    *quantity = all.counted;
    if (status == STATUS_OK)
        bill_steps_measured(run->steps, tally, run, packs, &all);
    if (status == STATUS_OK)
        status = bill_price(charge, &all, as_listed, run->steps, cost);
    if (status != STATUS_OK || run->count == 1)
        return status;
    status = bill_measure_run(tally, run, run->count - 1, packs, &before);
    if (status == STATUS_OK)
        status = bill_price(charge, &before, as_listed, NULL, &cost_before);
    if (status == STATUS_OK)
        bill_step_take(run->steps,
                       (struct bill_step){.kind = BILL_STEP_EARLIER,
                                          .has_quantity = true,
                                          .quantity = before.counted},
                       cost_before);
    if (status == STATUS_OK)
        status = fraction_subtract(*cost, cost_before, cost);
    return status == STATUS_OK ? fraction_subtract(all.counted, before.counted, quantity) : status;
}

static bool is_same_maximum(const struct contract_charge *a, const struct contract_charge *b)
{
    return a->has_maximum == b->has_maximum &&
           (!a->has_maximum || fraction_compare(a->maximum, b->maximum) == 0);
}

/* A maximum bounds the whole period. A changed one takes nothing back of what was charged, and
 * charges nothing that an earlier one spared. */
static enum status charge_part(struct account *account, const struct contract_charge *charge,
                               struct fraction cost)
{
    struct fraction most = charge->maximum;

    if (account->before && !is_same_maximum(account->before, charge))
        account->gross = account->charged;
    account->before = charge;
    if (fraction_add(account->gross, cost, &account->gross) != STATUS_OK)
        return STATUS_FULL;
    if (charge->has_maximum && fraction_compare(most, account->charged) < 0)
        most = account->charged;
    account->charged =
        charge->has_maximum && fraction_compare(account->gross, most) > 0 ? most : account->gross;
    return STATUS_OK;
}

static enum status raise_to_minimum(struct account *account, const struct bill_part *part,
                                    bool is_over)
{
    const struct contract_charge *charge = bill_charge_of(part);
    struct fraction minimum;
    enum status status = STATUS_OK;

    if (is_over && charge->has_minimum) {
        status = fraction_multiply(charge->minimum, bill_share(&part->period), &minimum);
        if (status == STATUS_OK)
            status = fraction_add(account->least, minimum, &account->least);
    }
    account->due =
        fraction_compare(account->charged, account->least) < 0 ? account->least : account->charged;
    return status;
}

static struct bill_step bound(enum bill_step_kind kind, struct fraction limit)
{
    return (struct bill_step){
        .kind = kind, .has_quantity = fraction_sign(limit) > 0, .quantity = limit};
}

/* What the maximum and the minimums make of what the part adds. */
static enum status tell_bounds(struct bill_steps *steps, const struct account *before,
                               const struct account *after, struct fraction cost)
{
    struct fraction grown, raised, raised_before;
    enum status status = fraction_subtract(after->charged, before->charged, &grown);

    if (status == STATUS_OK)
        status = fraction_subtract(after->due, after->charged, &raised);
    if (status == STATUS_OK)
        status = fraction_subtract(before->due, before->charged, &raised_before);
    if (status != STATUS_OK)
        return status;
    bill_step_difference(steps, bound(BILL_STEP_MAXIMUM, after->before->maximum), grown, cost);
    bill_step_difference(steps, bound(BILL_STEP_MINIMUM, after->least), raised, raised_before);
    return STATUS_OK;
}

static enum status add_part(const struct tally *tally, const struct bill_run *run,
                            const struct bill_packs *packs, enum bill_basis basis, bool is_last,
                            struct account *account, struct fraction *quantity)
{
    const struct bill_part *part = &run->parts[run->count - 1];
    bool is_over = basis != BILL_OF_USAGE && !(is_last && basis == BILL_OF_OPEN);
    struct fraction cost;
    const struct account before = *account;
    enum status status =
        part_added(tally, run, packs, basis == BILL_OF_LISTED, account, quantity, &cost);

    if (status == STATUS_OK)
        status = charge_part(account, bill_charge_of(part), cost);
    if (status == STATUS_OK)
        status = raise_to_minimum(account, part, is_over);
    return status == STATUS_OK && run->steps ? tell_bounds(run->steps, &before, account, cost)
                                             : status;
}

enum status bill_charge_exact(const struct tally *tally, const struct bill_run *run,
                              const struct bill_packs *packs, enum bill_basis basis,
                              struct fraction *quantity, struct fraction *out)
{
    const struct bill_part *part = &run->parts[run->count - 1];
    const struct contract_charge *charge = bill_charge_of(part);
    struct account account = {NULL,          FRACTION_ZERO, FRACTION_ZERO, FRACTION_ZERO,
                              FRACTION_ZERO, FRACTION_ZERO, FRACTION_ZERO, FRACTION_ZERO};
    struct fraction before = FRACTION_ZERO;
    struct bill_run through = *run;
    enum status status = STATUS_OK;

    if (is_fee(charge)) {
        *quantity = charge->kind == CONTRACT_CAPACITY ? charge->size : fraction_of(1);
        return fee(charge, &part->period, basis == BILL_OF_LISTED, run->steps, out);
    }
    for (size_t i = 1; i <= run->count && status == STATUS_OK; i++) {
        before = account.due;
        through.count = i;
        through.raised_by = i == run->count ? run->raised_by : NULL;
        through.steps = i == run->count ? run->steps : NULL;
        status = add_part(tally, &through, packs, basis, i == run->count, &account, quantity);
    }
    return status == STATUS_OK ? fraction_subtract(account.due, before, out) : status;
}

static const char *metric_of(const struct contract_charge *charge)
{
    if (is_fee(charge))
        return "";
    return charge->quantity.text ? charge->quantity.text : "terminals";
}

static enum status charge_line(const struct tally *tally, const struct contract_terms *terms,
                               size_t place, const struct period *period, bool period_over,
                               const struct bill_packs *packs, struct bill_steps *steps,
                               struct bill_line *out)
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
    run.steps = steps;
    enum status status = bill_charge_exact(
        tally, &run, packs, period_over ? BILL_OF_OVER : BILL_OF_OPEN, &line.quantity, &line.exact);
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
        status = charge_line(tally, terms, charge, period, period_over, &packs, NULL, out);
    bill_packs_release(&packs);
    return status;
}

enum status bill_charge_line(struct bill_draft *draft, const struct contract_terms *terms,
                             size_t charge, const struct period *period, struct bill_line *out)
{
    return charge_line(draft->tally, terms, charge, period, bill_is_over(draft, period),
                       &draft->packs, bill_steps_begin(draft), out);
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

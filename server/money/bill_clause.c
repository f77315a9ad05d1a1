/* Early termination, discounts and rebates, what a service level owes, tax. */
#include <string.h>

#include "server/money/bill_parts.h"

/* ---- termination ---- */

/* What of a rule's periods lies after the end, in whole periods: 2.5 months. */
static enum status periods_left(const struct contract *contract, const struct period_rule *rule,
                                struct fraction *out)
{
    struct period_range term = {contract->term_first, contract->term_end};
    struct period period = period_at(rule, term, contract->termination.end);

    *out = FRACTION_ZERO;
    do {
        struct period rest = period;

        if (rest.clipped.first < contract->termination.end)
            rest.clipped.first = contract->termination.end;
        if (fraction_add(*out, bill_share(&rest), out) != STATUS_OK)
            return STATUS_FULL;
    } while (period_next(rule, term, &period));
    return STATUS_OK;
}

/* A sum in the making, and the steps to it. */
struct rest {
    struct fraction sum;
    struct bill_steps *steps;
};

static enum status add_remaining(const struct contract *contract, const struct period_rule *rule,
                                 const char *name, struct fraction each, struct rest *rest)
{
    struct fraction periods, money;
    enum status status = periods_left(contract, rule, &periods);

    if (status == STATUS_OK)
        status = fraction_multiply(each, periods, &money);
    if (status == STATUS_OK)
        bill_step_add(rest->steps, bill_step_product(BILL_STEP_FLAT, name, periods, each), money);
    return status == STATUS_OK ? fraction_add(rest->sum, money, &rest->sum) : status;
}

/* Commitments in money: of spend, or of units that have a fee. Without any, the flat fees. */
static enum status remaining(const struct contract *contract, const struct contract_terms *terms,
                             struct rest *out)
{
    bool committed = false;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < terms->commitment_count && status == STATUS_OK; i++) {
        const struct contract_commitment *commitment = &terms->commitments[i];
        struct fraction each = commitment->at_least;

        if (commitment->quantity.source != CONTRACT_SPEND) {
            if (commitment->shortfall != CONTRACT_FEE_PER_UNIT || commitment->share_permille > 0)
                continue;
            status = fraction_multiply(each, commitment->fee, &each);
        }
        committed = true;
        if (status == STATUS_OK)
            status = add_remaining(contract, &commitment->rule, commitment->name, each, out);
    }
    for (size_t i = 0; i < terms->charge_count && !committed && status == STATUS_OK; i++) {
        if (terms->charges[i].kind == CONTRACT_FLAT && terms->charges[i].rule.per != PERIOD_ONCE)
            status = add_remaining(contract, &terms->charges[i].rule, terms->charges[i].name,
                                   terms->charges[i].amount, out);
    }
    return status;
}

static enum status tell_fee_share(const struct rest *rest, struct fraction share,
                                  struct fraction fee)
{
    struct fraction off = FRACTION_ZERO;
    struct fraction spared = FRACTION_ZERO;
    enum status status = fraction_subtract(fraction_of(1), share, &off);

    if (status == STATUS_OK)
        status = fraction_subtract(rest->sum, fee, &spared);
    if (status == STATUS_OK && fraction_sign(off) > 0)
        bill_step_take(rest->steps, bill_step_discount(rest->sum, off), spared);
    return status;
}

enum status bill_termination(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    const struct contract_terms *terms = contract_terms_on(contract, contract->termination.end - 1);
    struct bill_line line = {.source = BILL_TERMINATION, .name = "termination", .metric = ""};
    struct rest rest = {FRACTION_ZERO, bill_steps_begin(draft)};

    if (!contract->termination.is_terminated || !terms || contract->term_end == CONTRACT_NO_DAY ||
        contract->termination.end >= contract->term_end)
        return STATUS_OK;
    line.version = terms->version;
    line.quantity = fraction_of(1);
    line.period.whole = (struct period_range){contract->termination.end, contract->term_end};
    line.period.clipped = line.period.whole;
    if (!bill_began(draft, &line.period))
        return STATUS_OK;

    enum status status = remaining(contract, terms, &rest);
    if (status == STATUS_OK)
        status = fraction_multiply(rest.sum, contract->termination.fee_share, &line.exact);
    if (status == STATUS_OK)
        status = tell_fee_share(&rest, contract->termination.fee_share, line.exact);
    if (status != STATUS_OK || fraction_sign(line.exact) == 0)
        return status;
    return bill_append(draft, line, line.exact);
}

/* ---- discounts ---- */

static bool same_texts(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    for (size_t i = 0; i < a_count && i < b_count; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return a_count == b_count;
}

static bool same_tiers(const struct contract_discount *a, const struct contract_discount *b)
{
    for (size_t i = 0; i < a->tier_count && i < b->tier_count; i++)
        if (a->tiers[i].has_up_to != b->tiers[i].has_up_to ||
            fraction_compare(a->tiers[i].up_to, b->tiers[i].up_to) != 0 ||
            fraction_compare(a->tiers[i].price, b->tiers[i].price) != 0)
            return false;
    return a->tier_count == b->tier_count;
}

/* An amendment that leaves a discount as it was does not part its periods. */
static bool same_discount(const struct contract_discount *a, const struct contract_discount *b)
{
    return strcmp(a->name, b->name) == 0 && a->kind == b->kind &&
           fraction_compare(a->value, b->value) == 0 && a->rule.per == b->rule.per &&
           a->rule.anchored == b->rule.anchored && a->rule.anchor == b->rule.anchor &&
           a->periods == b->periods && same_tiers(a, b) &&
           same_texts(a->charges, a->charge_count, b->charges, b->charge_count);
}

static bool has_same(const struct contract_terms *terms, const struct contract_discount *discount)
{
    for (size_t i = 0; i < terms->discount_count; i++) {
        if (same_discount(&terms->discounts[i], discount))
            return true;
    }
    return false;
}

/* One discount through the versions that share it. */
struct reduction {
    struct bill_draft *draft;
    const struct contract_discount *terms;
    size_t first_version, last_version; /* places */
};

/* The lines of charges within the period, as rounded and before; and what earlier discounts took of
 * the same charges in it. */
struct base {
    struct fraction rounded, exact;
    struct fraction taken; /* not above 0 */
};

static enum status base_of(const struct reduction *of, const struct period *period,
                           struct base *out)
{
    const struct bill_draft *draft = of->draft;

    *out = (struct base){FRACTION_ZERO, FRACTION_ZERO, FRACTION_ZERO};
    for (size_t i = 0; i < draft->count; i++) {
        const struct bill_line *line = &draft->lines[i];
        enum status status = STATUS_OK;

        if (!bill_lies_within(draft->contract, &line->period, period))
            continue;
        if (line->source == BILL_DISCOUNT)
            status = fraction_add(out->taken, fraction_of_decimal(line->amount), &out->taken);
        if (line->source == BILL_CHARGE &&
            contract_is_named(line->name, of->terms->charges, of->terms->charge_count) &&
            !bill_is_repriced(draft, line)) {
            status = fraction_add(out->rounded, fraction_of_decimal(line->amount), &out->rounded);
            if (status == STATUS_OK)
                status = fraction_add(out->exact, line->exact, &out->exact);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A rebate's tiers map what was spent to the share that is given back for all of it. */
static const struct contract_tier *rebate_tier(const struct contract_discount *discount,
                                               struct fraction spent)
{
    for (size_t i = 0; i < discount->tier_count; i++) {
        const struct contract_tier *tier = &discount->tiers[i];

        if (!tier->has_up_to || fraction_compare(spent, tier->up_to) <= 0)
            return tier;
    }
    return NULL;
}

static enum status rebate_of(const struct contract_discount *discount, struct fraction spent,
                             struct fraction *out)
{
    const struct contract_tier *tier = rebate_tier(discount, spent);

    *out = FRACTION_ZERO;
    return tier ? fraction_multiply(spent, tier->price, out) : STATUS_OK;
}

static enum status value_of(const struct contract_discount *discount, struct fraction spent,
                            struct fraction *out)
{
    switch (discount->kind) {
    case CONTRACT_PERCENT_OFF:
        return fraction_multiply(spent, discount->value, out);
    case CONTRACT_VOLUME_REBATE:
        return rebate_of(discount, spent, out);
    default:
        *out = discount->value;
        return STATUS_OK;
    }
}

/* Never more than what is left of the lines. */
static enum status bounded(struct fraction value, struct fraction spent, struct fraction taken,
                           struct fraction *out)
{
    struct fraction left;
    enum status status = fraction_add(spent, taken, &left);

    if (status != STATUS_OK)
        return status;
    if (fraction_sign(left) < 0)
        left = FRACTION_ZERO;
    return fraction_subtract(FRACTION_ZERO, fraction_compare(value, left) < 0 ? value : left, out);
}

/* What is taken off, and what of it comes back since the lines were not worth so much. */
static void tell_discount(struct bill_steps *steps, const struct contract_discount *discount,
                          const struct base *base, struct fraction value, struct fraction line)
{
    struct bill_step step = bill_step_discount(base->rounded, discount->value);

    if (discount->kind == CONTRACT_VOLUME_REBATE) {
        step.tier = rebate_tier(discount, base->rounded);
        step.below = step.tier && step.tier > discount->tiers ? step.tier - 1 : NULL;
        step.price = step.tier ? step.tier->price : FRACTION_ZERO;
    } else if (discount->kind == CONTRACT_AMOUNT_OFF) {
        step = (struct bill_step){.kind = BILL_STEP_AMOUNT};
    }
    bill_step_take(steps, step, value);
    value.numerator = -value.numerator;
    bill_step_difference(steps, (struct bill_step){.kind = BILL_STEP_BOUND}, line, value);
}

/* The version in force at the period's end: its tax is on the line. */
static int64_t last_version(const struct reduction *of, const struct period *period)
{
    size_t v = of->last_version;

    for (; v > of->first_version; v--) {
        struct period_range days = tally_days(of->draft->tally, &of->draft->contract->versions[v]);

        if (days.first < days.end && days.first < period->clipped.end)
            break;
    }
    return of->draft->contract->versions[v].version;
}

static enum status discount_period(const struct reduction *of, const struct period *period)
{
    const struct contract_discount *discount = of->terms;
    struct bill_line line = {
        .source = BILL_DISCOUNT,
        .name = discount->name,
        .version = last_version(of, period),
        .period = *period,
        .metric = "",
        .quantity = fraction_of(1),
    };
    struct base base;
    struct fraction value, rounded_from = FRACTION_ZERO;
    enum status status = base_of(of, period, &base);

    if (status == STATUS_OK)
        status = value_of(discount, base.rounded, &value);
    if (status == STATUS_OK)
        status = bounded(value, base.rounded, base.taken, &rounded_from);
    if (status == STATUS_OK)
        tell_discount(bill_steps_begin(of->draft), discount, &base, value, rounded_from);
    if (status == STATUS_OK)
        status = value_of(discount, base.exact, &value);
    if (status == STATUS_OK)
        status = bounded(value, base.exact, base.taken, &line.exact);
    if (status != STATUS_OK || fraction_sign(rounded_from) == 0)
        return status;
    return bill_append(of->draft, line, rounded_from);
}

/* Whether the discount holds for so many periods only, and they were before this one. */
static bool has_run_out(const struct reduction *of, const struct period *period)
{
    const struct contract_discount *discount = of->terms;
    struct period_range term = {of->draft->contract->term_first, CONTRACT_FOREVER};
    int64_t number = 0;

    if (discount->periods == 0 || term.first == CONTRACT_NO_DAY)
        return false;
    struct period at = period_at(&discount->rule, term, term.first);
    while (at.clipped.first < period->whole.first && period_next(&discount->rule, term, &at))
        number++;
    return number >= discount->periods;
}

/* The periods of all versions that share the discount, each once. */
static enum status discount_periods(const struct reduction *of)
{
    const struct bill_draft *draft = of->draft;
    int64_t done = CONTRACT_NO_DAY;

    for (size_t v = of->first_version; v <= of->last_version; v++) {
        const struct contract_terms *terms = &draft->contract->versions[v];
        struct period at;
        bool more = bill_first_period(draft, terms, &of->terms->rule, &at);

        for (; more; more = bill_next_period(draft, terms, &of->terms->rule, &at)) {
            struct period period = bill_stretch(draft, of->first_version, of->last_version, at);

            if (at.clipped.first < done || has_run_out(of, &period))
                continue;
            done = period.clipped.end;
            if (of->terms->kind == CONTRACT_VOLUME_REBATE && !bill_is_over(draft, &period))
                continue;

            enum status status = discount_period(of, &period);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status add_discount(struct bill_draft *draft, size_t version,
                                const struct contract_discount *discount)
{
    const struct contract *contract = draft->contract;
    struct reduction of = {draft, discount, version, version};

    if (version > 0 && has_same(&contract->versions[version - 1], discount))
        return STATUS_OK; /* billed with the version that began it */
    while (of.last_version + 1 < contract->version_count &&
           has_same(&contract->versions[of.last_version + 1], discount))
        of.last_version++;
    return discount_periods(&of);
}

/* The most specific first: those that name charges, then those on everything. */
enum status bill_discounts(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    enum status status = STATUS_OK;

    for (int general = 0; general <= 1; general++)
        for (size_t v = 0; v < contract->version_count; v++) {
            const struct contract_terms *terms = &contract->versions[v];

            for (size_t i = 0; i < terms->discount_count && status == STATUS_OK; i++)
                if ((terms->discounts[i].charge_count == 0) == (general == 1))
                    status = add_discount(draft, v, &terms->discounts[i]);
        }
    return status;
}

/* ---- service levels ---- */

/* What of a line was owed for those days: all of it, or its share of the days that it is about. */
static enum status add_days_of(const struct bill_line *line, struct period_range days,
                               struct fraction *sum)
{
    struct period part = {line->period.clipped, line->period.clipped};
    struct fraction money;

    if (part.clipped.first < days.first)
        part.clipped.first = days.first;
    if (part.clipped.end > days.end)
        part.clipped.end = days.end;
    if (part.clipped.first >= part.clipped.end)
        return STATUS_OK;
    enum status status =
        fraction_multiply(fraction_of_decimal(line->amount), bill_share(&part), &money);
    return status == STATUS_OK ? fraction_add(*sum, money, sum) : status;
}

static enum status add_service_level(struct bill_draft *draft, const struct contract_terms *terms,
                                     const struct contract_service_level *level)
{
    struct period_range days = {level->first, level->end};
    struct fraction share = fraction_compare(level->credit_share, level->cap_share) < 0
                                ? level->credit_share
                                : level->cap_share;
    struct fraction sum = FRACTION_ZERO, credit;
    struct bill_line line = {
        .source = BILL_SERVICE_LEVEL,
        .name = level->name,
        .version = terms->version,
        .period = {days, days},
        .metric = "",
        .quantity = fraction_of(1),
    };
    enum status status = STATUS_OK;

    if (!bill_is_over(draft, &line.period))
        return STATUS_OK;
    for (size_t i = 0; i < draft->count && status == STATUS_OK; i++) {
        const struct bill_line *other = &draft->lines[i];

        if (other->source == BILL_CHARGE)
            status = add_days_of(other, days, &sum);
    }
    if (status == STATUS_OK)
        status = fraction_multiply(sum, share, &credit);
    if (status == STATUS_OK)
        status = fraction_subtract(FRACTION_ZERO, credit, &line.exact);
    if (status == STATUS_OK)
        bill_step_take(bill_steps_begin(draft), bill_step_discount(sum, share), credit);
    if (status != STATUS_OK || fraction_sign(line.exact) == 0)
        return status;
    return bill_append(draft, line, line.exact);
}

static bool knows_level(const struct contract_terms *terms,
                        const struct contract_service_level *level)
{
    for (size_t i = 0; i < terms->service_level_count; i++) {
        if (strcmp(terms->service_levels[i].name, level->name) == 0)
            return true;
    }
    return false;
}

/* What several versions say of the same level is owed once. */
enum status bill_service_levels(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->service_level_count && status == STATUS_OK; i++)
            if (v == 0 || !knows_level(&contract->versions[v - 1], &terms->service_levels[i]))
                status = add_service_level(draft, terms, &terms->service_levels[i]);
    }
    return status;
}

/* ---- tax ---- */

static enum status tax_of(const struct contract_tax *tax, struct fraction amount,
                          struct fraction *out)
{
    struct fraction gross_rate, part;
    enum status status = fraction_multiply(amount, tax->rate, &part);

    if (status != STATUS_OK || !tax->inclusive) {
        if (status == STATUS_OK)
            *out = part;
        return status;
    }
    status = fraction_add(fraction_of(1), tax->rate, &gross_rate);
    return status == STATUS_OK ? fraction_divide(part, gross_rate, out) : status;
}

/* The tax on all lines of one version, by line or at once. */
static enum status tax_of_lines(struct bill_draft *draft, const struct contract_terms *terms,
                                struct fraction *rounded_from, struct period_range *days)
{
    struct fraction sum = FRACTION_ZERO, part;
    bool by_line = terms->tax.rounding == CONTRACT_TAX_PER_LINE;
    struct decimal cut;
    struct bill_steps *steps = bill_steps_begin(draft);
    enum status status = STATUS_OK;

    *days = (struct period_range){INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < draft->count && status == STATUS_OK; i++) {
        const struct bill_line *line = &draft->lines[i];

        if (line->version != terms->version)
            continue;
        if (line->period.clipped.first < days->first)
            days->first = line->period.clipped.first;
        if (line->period.clipped.end > days->end)
            days->end = line->period.clipped.end;
        part = fraction_of_decimal(line->amount);
        if (by_line) {
            status = tax_of(&terms->tax, part, &part);
            if (status == STATUS_OK)
                status = fraction_round(part, draft->contract->minor_places, &cut);
            if (status == STATUS_OK)
                part = fraction_of_decimal(cut);
            if (status == STATUS_OK && line->amount.units != 0)
                bill_step_add(steps,
                              bill_step_product(BILL_STEP_SHARE, line->name,
                                                fraction_of_decimal(line->amount), terms->tax.rate),
                              part);
        }
        if (status == STATUS_OK)
            status = fraction_add(sum, part, &sum);
    }
    part = sum;
    if (status == STATUS_OK && !by_line)
        status = tax_of(&terms->tax, part, &sum);
    if (status == STATUS_OK && !by_line)
        bill_step_add(steps, bill_step_product(BILL_STEP_SHARE, NULL, part, terms->tax.rate), sum);
    *rounded_from = sum;
    return status;
}

/* Interim lines cancel one another, and with them their tax. */
enum status bill_taxes(struct bill_draft *draft, struct decimal *included)
{
    const struct contract *contract = draft->contract;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count && status == STATUS_OK; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        struct bill_line line = {.source = BILL_TAX,
                                 .name = "tax",
                                 .version = terms->version,
                                 .metric = "",
                                 .quantity = fraction_of(1)};
        struct decimal amount;

        if (!terms->tax.is_given)
            continue;
        status = tax_of_lines(draft, terms, &line.exact, &line.period.clipped);
        line.period.whole = line.period.clipped;
        if (status != STATUS_OK || line.period.clipped.first >= line.period.clipped.end)
            continue;
        if (!terms->tax.inclusive) {
            status = bill_append(draft, line, line.exact);
            continue;
        }
        status = fraction_round(line.exact, contract->minor_places, &amount);
        if (status == STATUS_OK)
            status = decimal_add(*included, amount, included);
    }
    return status;
}

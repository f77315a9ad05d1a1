/* Commitments: what is owed when less was used than promised. */
#include <string.h>

#include "server/money/bill_parts.h"

static bool same_steps(const struct contract_commitment *a, const struct contract_commitment *b)
{
    if (a->step_count != b->step_count || a->charge_count != b->charge_count)
        return false;
    for (size_t i = 0; i < a->step_count; i++)
        if (a->steps[i].first != b->steps[i].first ||
            fraction_compare(a->steps[i].at_least, b->steps[i].at_least) != 0)
            return false;
    for (size_t i = 0; i < a->charge_count; i++)
        if (strcmp(a->charges[i], b->charges[i]) != 0)
            return false;
    return true;
}

/* An amendment that leaves a commitment as it was does not split its periods: a peak of half a year
 * is no half of a year's peak. */
static bool same_commitment(const struct contract_commitment *a,
                            const struct contract_commitment *b)
{
    return strcmp(a->name, b->name) == 0 && contract_same_quantity(&a->quantity, &b->quantity) &&
           contract_same_filter(&a->filter, &b->filter) && a->measured == b->measured &&
           a->rule.per == b->rule.per && a->rule.anchored == b->rule.anchored &&
           a->rule.anchor == b->rule.anchor && a->cumulative == b->cumulative &&
           a->shortfall == b->shortfall && fraction_compare(a->at_least, b->at_least) == 0 &&
           a->share_permille == b->share_permille && fraction_compare(a->fee, b->fee) == 0 &&
           same_steps(a, b);
}

/* One commitment through the versions that share it. */
struct promise {
    struct bill_draft *draft;
    size_t first_version, last_version; /* places */
    size_t places[CONTRACT_VERSIONS];   /* in each of them */
    const struct contract_commitment *terms;
    size_t charge_lines;  /* of the draft: commitments do not count one another */
    struct fraction kept; /* cumulative: what exceeded so far, less what fell short */
    struct fraction kept_exact;
    struct fraction owed; /* carried forward from the period before */
};

static const struct contract_terms *version_at(const struct promise *promise, size_t version)
{
    return &promise->draft->contract->versions[version];
}

static size_t find_same(const struct contract_terms *terms,
                        const struct contract_commitment *commitment)
{
    for (size_t i = 0; i < terms->commitment_count; i++) {
        if (same_commitment(&terms->commitments[i], commitment))
            return i;
    }
    return SIZE_MAX;
}

struct period bill_stretch(const struct bill_draft *draft, size_t first, size_t last,
                           struct period period)
{
    for (size_t v = first + 1; v <= last; v++) {
        struct period_range days = tally_days(draft->tally, &draft->contract->versions[v]);

        if (days.first < days.end && days.first < period.whole.end && days.end > period.clipped.end)
            period.clipped.end = days.end < period.whole.end ? days.end : period.whole.end;
    }
    return period;
}

/* A period as it would be if no amendment parted it. */
static struct period_range unparted(const struct contract *contract, const struct period *period)
{
    struct period_range out = period->whole;

    if (contract->term_first == CONTRACT_NO_DAY)
        return out;
    if (out.first < contract->term_first)
        out.first = contract->term_first;
    if (out.end > contract->term_end)
        out.end = contract->term_end;
    return out;
}

bool bill_lies_within(const struct contract *contract, const struct period *inner,
                      const struct period *outer)
{
    struct period_range own = unparted(contract, inner), around = unparted(contract, outer);

    return own.first >= around.first && own.end <= around.end &&
           inner->clipped.first >= outer->clipped.first && inner->clipped.end <= outer->clipped.end;
}

/* The charge that a line is of, when it pays into the commitment within that period; NULL: it does
 * not. */
static const struct contract_charge *pays_into(const struct contract *contract,
                                               const struct contract_commitment *commitment,
                                               const struct bill_line *line,
                                               const struct period *period)
{
    const struct contract_terms *terms = &contract->versions[line->version - 1];

    if (line->source != BILL_CHARGE || !bill_lies_within(contract, &line->period, period) ||
        !contract_is_named(line->name, commitment->charges, commitment->charge_count))
        return NULL;
    for (size_t i = 0; i < terms->charge_count; i++) {
        const struct contract_charge *charge = &terms->charges[i];

        if (strcmp(charge->name, line->name) == 0)
            return !charge->pass_through || terms->third_party.counts_toward_commitments ? charge
                                                                                         : NULL;
    }
    return NULL;
}

static bool counts(const struct promise *promise, const struct bill_line *line,
                   const struct period *period)
{
    return pays_into(promise->draft->contract, promise->terms, line, period) != NULL;
}

enum status bill_spent(const struct bill *bill, const struct contract *contract,
                       const struct contract_commitment *commitment, const struct period *period,
                       struct fraction *out)
{
    struct fraction sum = FRACTION_ZERO;

    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];
        const struct contract_charge *charge = pays_into(contract, commitment, line, period);

        if (charge == NULL || charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY)
            continue;
        if (fraction_add(sum, line->exact, &sum) != STATUS_OK)
            return STATUS_FULL;
    }
    *out = sum;
    return STATUS_OK;
}

/* The sum of the lines within the period, as rounded and before. */
static enum status spent(const struct promise *promise, const struct period *period,
                         struct fraction *rounded, struct fraction *exact)
{
    *rounded = *exact = FRACTION_ZERO;
    for (size_t i = 0; i < promise->charge_lines; i++) {
        const struct bill_line *line = &promise->draft->lines[i];

        if (!counts(promise, line, period))
            continue;
        if (fraction_add(*rounded, fraction_of_decimal(line->amount), rounded) != STATUS_OK ||
            fraction_add(*exact, line->exact, exact) != STATUS_OK)
            return STATUS_FULL;
    }
    return STATUS_OK;
}

/* What was counted, over all versions that share the commitment. */
static enum status counted(const struct promise *promise, const struct period *period,
                           struct bill_measure *out)
{
    struct bill_run run = {.count = 0};

    for (size_t v = promise->first_version; v <= promise->last_version; v++) {
        const struct contract_terms *terms = version_at(promise, v);
        struct period_range days = tally_days(promise->draft->tally, terms);
        int64_t first = days.first > period->clipped.first ? days.first : period->clipped.first;

        if (first >= days.end || first >= period->clipped.end)
            continue;
        run.parts[run.count++] = (struct bill_part){
            terms, terms->charge_count + promise->places[v],
            tally_period(promise->draft->tally, terms, &promise->terms->rule, first)};
    }
    return bill_measure_run(promise->draft->tally, &run, run.count, NULL, out);
}

/* Of a share: what of all usage that comes to (M19). */
static enum status promised_of(const struct promise *promise, const struct bill_measure *used,
                               struct fraction *promised)
{
    if (promise->terms->share_permille == 0)
        return STATUS_OK;
    return fraction_multiply(used->counted, fraction_ratio(promise->terms->share_permille, 1000),
                             promised);
}

static enum status at_least(const struct promise *promise, const struct period *period,
                            struct fraction *out)
{
    const struct contract_commitment *terms = promise->terms;
    struct fraction promised = terms->at_least;

    for (size_t i = 0; i < terms->step_count; i++) {
        if (terms->steps[i].first <= period->clipped.first)
            promised = terms->steps[i].at_least;
    }
    return fraction_multiply(promised, bill_share(period), out);
}

/* What is missing; with `cumulative` what earlier periods had too much (or paid for) helps. */
static enum status missing(const struct promise *promise, struct fraction promised,
                           struct fraction had, struct fraction *kept, struct fraction *out)
{
    enum status status = fraction_subtract(promised, had, out);

    if (status == STATUS_OK && promise->terms->cumulative) {
        status = fraction_subtract(*out, *kept, out);
        *kept = FRACTION_ZERO;
        if (status == STATUS_OK && fraction_sign(*out) < 0)
            status = fraction_subtract(FRACTION_ZERO, *out, kept);
    }
    return status;
}

/* The percentages that were granted for reaching the commitment, taken back. */
static enum status withdrawn(const struct promise *promise, const struct period *period,
                             struct bill_steps *steps, struct fraction *out)
{
    *out = FRACTION_ZERO;
    for (size_t i = 0; i < promise->charge_lines; i++) {
        const struct bill_line *line = &promise->draft->lines[i];
        const struct contract_terms *terms = version_at(promise, (size_t)line->version - 1);
        struct fraction listed, quantity, more = FRACTION_ZERO;
        struct bill_run run;
        size_t charge = 0;

        if (!counts(promise, line, period))
            continue;
        while (strcmp(terms->charges[charge].name, line->name) != 0)
            charge++;
        if (!terms->charges[charge].has_discount && terms->charges[charge].tier_count < 2)
            continue;
        bill_run_of(promise->draft->tally, terms, charge, &line->period, &run);
        enum status status = bill_charge_exact(promise->draft->tally, &run, &promise->draft->packs,
                                               BILL_OF_LISTED, &quantity, &listed);
        if (status == STATUS_OK)
            status = fraction_subtract(listed, line->exact, &more);
        if (status == STATUS_OK && fraction_sign(more) > 0) {
            bill_step_add(steps, (struct bill_step){.kind = BILL_STEP_LISTED, .name = line->name},
                          more);
            status = fraction_add(*out, more, out);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static struct bill_line line_of(const struct promise *promise, const struct period *period,
                                enum bill_source source, struct fraction quantity)
{
    return (struct bill_line){
        .source = source,
        .name = promise->terms->name,
        .version = version_at(promise, promise->first_version)->version,
        .period = *period,
        .metric = promise->terms->quantity.text ? promise->terms->quantity.text : "",
        .quantity = quantity,
    };
}

/* A shortfall that was carried forward comes back as far as this period exceeds its own promise. */
static enum status give_back(struct promise *promise, const struct period *period,
                             struct fraction too_much)
{
    struct fraction back = fraction_compare(too_much, promise->owed) < 0 ? too_much : promise->owed;
    struct bill_line line = line_of(promise, period, BILL_CARRIED, fraction_of(1));

    promise->owed = FRACTION_ZERO;
    if (fraction_sign(back) <= 0)
        return STATUS_OK;
    enum status status = fraction_subtract(FRACTION_ZERO, back, &line.exact);
    return status == STATUS_OK ? bill_append(promise->draft, line, line.exact) : status;
}

static struct fraction negative(struct fraction number)
{
    number.numerator = -number.numerator;
    return number;
}

/* What it is judged by: for money that is owed as it is missing, these are the steps to it. */
static struct bill_steps *tell_judged(const struct promise *promise, struct fraction promised,
                                      struct fraction had, struct fraction kept)
{
    struct bill_steps *steps = bill_steps_begin(promise->draft);
    const enum contract_shortfall how = promise->terms->shortfall;
    bool counts = promise->terms->quantity.source == CONTRACT_SPEND && how != CONTRACT_REPRICE &&
                  how != CONTRACT_PENALTY;

    bill_step_judged(steps, BILL_STEP_PROMISED, promised, counts ? promised : FRACTION_ZERO);
    bill_step_judged(steps, BILL_STEP_COUNTED, had, counts ? negative(had) : FRACTION_ZERO);
    if (promise->terms->cumulative)
        bill_step_judged(steps, BILL_STEP_KEPT, kept, counts ? negative(kept) : FRACTION_ZERO);
    return steps;
}

static enum status judge_spend(struct promise *promise, const struct period *period,
                               struct fraction promised)
{
    struct fraction had, had_exact, rounded_from, kept = promise->kept;
    struct bill_line line = line_of(promise, period, BILL_COMMITMENT, fraction_of(1));
    enum status status = spent(promise, period, &had, &had_exact);

    if (status == STATUS_OK)
        status = missing(promise, promised, had, &promise->kept, &rounded_from);
    if (status == STATUS_OK)
        status = missing(promise, promised, had_exact, &promise->kept_exact, &line.exact);
    if (status != STATUS_OK)
        return status;
    if (fraction_sign(rounded_from) <= 0) {
        struct fraction too_much;

        status = fraction_subtract(FRACTION_ZERO, rounded_from, &too_much);
        return status == STATUS_OK ? give_back(promise, period, too_much) : status;
    }
    struct bill_steps *steps = tell_judged(promise, promised, had, kept);
    promise->owed =
        promise->terms->shortfall == CONTRACT_CARRY_FORWARD ? rounded_from : FRACTION_ZERO;
    if (promise->terms->shortfall == CONTRACT_REPRICE) {
        status = withdrawn(promise, period, steps, &line.exact);
        rounded_from = line.exact;
    }
    if (promise->terms->shortfall == CONTRACT_PENALTY) {
        rounded_from = line.exact = promise->terms->fee;
        bill_step_add(steps, (struct bill_step){.kind = BILL_STEP_AMOUNT}, line.exact);
    }
    return status == STATUS_OK ? bill_append(promise->draft, line, rounded_from) : status;
}

/* The terms in force at the period's end. */
static const struct contract_terms *last_terms(const struct promise *promise,
                                               const struct period *period)
{
    size_t v = promise->last_version;

    for (; v > promise->first_version; v--) {
        struct period_range days = tally_days(promise->draft->tally, version_at(promise, v));

        if (days.first < days.end && days.first < period->clipped.end)
            break;
    }
    return version_at(promise, v);
}

/* The one charge that prices the promised quantity; the document was refused without it. */
static size_t pricing_charge(const struct promise *promise, const struct contract_terms *terms)
{
    size_t i = 0;

    while (i + 1 < terms->charge_count &&
           !(terms->charges[i].kind != CONTRACT_PERCENTAGE && terms->charges[i].rate_count <= 1 &&
             terms->charges[i].quantity.text &&
             contract_same_quantity(&terms->charges[i].quantity, &promise->terms->quantity) &&
             contract_is_named(terms->charges[i].name, promise->terms->charges,
                               promise->terms->charge_count)))
        i++;
    return i;
}

/* What that charge's line would be with the missing units, used at the period's end, less what it
 * is: so that price(max(used, promised)) is billed, with all that bounds the line. */
static enum status price_of_missing(const struct promise *promise, const struct period *period,
                                    struct fraction units, struct bill_steps *steps,
                                    struct fraction *out)
{
    const struct bill_draft *draft = promise->draft;
    const struct contract_terms *terms = last_terms(promise, period);
    size_t charge = pricing_charge(promise, terms);
    struct period line =
        tally_period(draft->tally, terms, &terms->charges[charge].rule, period->clipped.end - 1);
    struct fraction cost, with_missing, quantity;
    struct bill_run run;

    bill_run_of(draft->tally, terms, charge, &line, &run);
    enum status status =
        bill_charge_exact(draft->tally, &run, &draft->packs, BILL_OF_OVER, &quantity, &cost);
    run.raised_by = &units;
    run.steps = steps;
    if (status == STATUS_OK)
        status = bill_charge_exact(draft->tally, &run, &draft->packs, BILL_OF_OVER, &quantity,
                                   &with_missing);
    if (status == STATUS_OK)
        bill_step_take(
            steps,
            (struct bill_step){.kind = BILL_STEP_BILLED, .name = terms->charges[charge].name},
            cost);
    return status == STATUS_OK ? fraction_subtract(with_missing, cost, out) : status;
}

static enum status judge_quantity(struct promise *promise, const struct period *period,
                                  struct fraction promised)
{
    struct bill_measure used;
    struct fraction had, units, kept = promise->kept;
    struct bill_steps *steps;
    struct bill_line line;
    enum status status = counted(promise, period, &used);

    if (status == STATUS_OK)
        status = promised_of(promise, &used, &promised);
    had = promise->terms->share_permille > 0 ? used.rates[TALLY_HERE] : used.counted;
    if (status == STATUS_OK)
        status = missing(promise, promised, had, &promise->kept, &units);
    if (status != STATUS_OK || fraction_sign(units) <= 0)
        return status;
    line = line_of(promise, period, BILL_COMMITMENT, units);
    steps = tell_judged(promise, promised, had, kept);
    switch (promise->terms->shortfall) {
    case CONTRACT_FEE_PER_UNIT:
        status = fraction_multiply(units, promise->terms->fee, &line.exact);
        if (status == STATUS_OK)
            bill_step_add(steps,
                          bill_step_product(BILL_STEP_MISSING, NULL, units, promise->terms->fee),
                          line.exact);
        break;
    case CONTRACT_PENALTY:
        line.exact = promise->terms->fee;
        bill_step_add(steps, (struct bill_step){.kind = BILL_STEP_AMOUNT}, line.exact);
        break;
    case CONTRACT_REPRICE:
        status = withdrawn(promise, period, steps, &line.exact);
        break;
    default:
        status = price_of_missing(promise, period, units, steps, &line.exact);
    }
    return status == STATUS_OK ? bill_append(promise->draft, line, line.exact) : status;
}

static enum status judge(struct promise *promise, const struct period *period)
{
    struct fraction promised;
    enum status status = at_least(promise, period, &promised);

    if (status != STATUS_OK)
        return status;
    return promise->terms->quantity.source == CONTRACT_SPEND
               ? judge_spend(promise, period, promised)
               : judge_quantity(promise, period, promised);
}

/* The periods of all versions that share the commitment, each once. */
static enum status judge_periods(struct promise *promise)
{
    int64_t done = CONTRACT_NO_DAY;

    for (size_t v = promise->first_version; v <= promise->last_version; v++) {
        const struct contract_terms *terms = version_at(promise, v);
        struct period at;
        bool more = bill_first_period(promise->draft, terms, &promise->terms->rule, &at);

        for (; more; more = bill_next_period(promise->draft, terms, &promise->terms->rule, &at)) {
            struct period period =
                bill_stretch(promise->draft, promise->first_version, promise->last_version, at);

            if (at.clipped.first < done || !bill_is_over(promise->draft, &period))
                continue;
            done = period.clipped.end;

            enum status status = judge(promise, &period);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status add_commitment(struct bill_draft *draft, size_t version, size_t place,
                                  size_t charge_lines)
{
    const struct contract *contract = draft->contract;
    const struct contract_commitment *terms = &contract->versions[version].commitments[place];
    struct promise promise = {
        .draft = draft,
        .first_version = version,
        .last_version = version,
        .terms = terms,
        .charge_lines = charge_lines,
        .kept = FRACTION_ZERO,
        .kept_exact = FRACTION_ZERO,
        .owed = FRACTION_ZERO,
    };

    if (terms->shortfall == CONTRACT_WATCHED)
        return STATUS_OK;
    if (version > 0 && find_same(&contract->versions[version - 1], terms) != SIZE_MAX)
        return STATUS_OK; /* billed with the version that began it */
    promise.places[version] = place;
    for (size_t v = version + 1; v < contract->version_count; v++) {
        promise.places[v] = find_same(&contract->versions[v], terms);
        if (promise.places[v] == SIZE_MAX)
            break;
        promise.last_version = v;
    }
    return judge_periods(&promise);
}

enum status bill_commitments(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    const size_t charge_lines = draft->count;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].commitment_count && status == STATUS_OK; i++)
            status = add_commitment(draft, v, i, charge_lines);
    return status;
}

static const struct contract_commitment *commitment_of(const struct bill_draft *draft,
                                                       const struct bill_line *line)
{
    const struct contract_terms *terms = &draft->contract->versions[line->version - 1];

    for (size_t i = 0; line->source == BILL_COMMITMENT && i < terms->commitment_count; i++) {
        if (strcmp(terms->commitments[i].name, line->name) == 0)
            return &terms->commitments[i];
    }
    return NULL;
}

bool bill_is_repriced(const struct bill_draft *draft, const struct bill_line *line)
{
    for (size_t i = 0; i < draft->count; i++) {
        const struct contract_commitment *missed = commitment_of(draft, &draft->lines[i]);

        if (missed && missed->shortfall == CONTRACT_REPRICE &&
            bill_lies_within(draft->contract, &line->period, &draft->lines[i].period) &&
            contract_is_named(line->name, missed->charges, missed->charge_count))
            return true;
    }
    return false;
}

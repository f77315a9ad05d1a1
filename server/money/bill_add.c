/* What usage alone costs, and what one more of it costs: differences that add up. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

bool bill_is_of_usage(const struct contract_charge *charge)
{
    if (charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY ||
        charge->kind == CONTRACT_LICENCE)
        return false;
    return charge->quantity.source == CONTRACT_RECORDED ||
           charge->quantity.source == CONTRACT_AMOUNT || charge->quantity.source == CONTRACT_POINTS;
}

static bool has_packs(const struct contract_terms *terms)
{
    for (size_t i = 0; i < terms->credit_count; i++) {
        if (!terms->credits[i].is_money)
            return true;
    }
    return false;
}

/* What packs pay in one version moves what the versions before and after it add to a period. */
static bool has_packs_anywhere(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++) {
        if (has_packs(&contract->versions[v]))
            return true;
    }
    return false;
}

/* What one unit of a rate costs; false: no such price in DECIMAL_PLACES. */
static bool unit_price(const struct contract_charge *charge, size_t rate, struct decimal *out)
{
    struct fraction price = charge->rates[rate].price;

    if (charge->kind == CONTRACT_WEIGHED &&
        fraction_multiply(price, charge->price, &price) != STATUS_OK)
        return false;
    return fraction_is_decimal(price, out);
}

/* Linear, and exact in DECIMAL_PLACES for whole units. */
static bool is_plain(const struct contract_charge *charge)
{
    struct decimal price;

    if (charge->kind != CONTRACT_PRICED && charge->kind != CONTRACT_WEIGHED)
        return false;
    if (charge->quantity.source == CONTRACT_AMOUNT || charge->tier_count > 0 ||
        charge->has_included || charge->has_discount || charge->has_maximum)
        return false;
    for (size_t i = 0; i < charge->rate_count; i++) {
        if (!unit_price(charge, i, &price))
            return false;
    }
    return true;
}

/* Whether a later version may go on from these counts with more than a price of each. */
static bool is_plain_on(const struct contract *contract, size_t version, size_t charge)
{
    const struct contract_charge *earlier = &contract->versions[version].charges[charge];

    for (size_t v = version + 1; v < contract->version_count; v++) {
        const struct contract_terms *later = &contract->versions[v];

        if (later->counters_restart)
            break;
        for (size_t i = 0; i < later->charge_count; i++)
            if (!is_plain(&later->charges[i]) && bill_counts_alike(earlier, &later->charges[i]))
                return false;
    }
    return is_plain(earlier);
}

bool bill_needs_counts(const struct contract *contract, size_t version, size_t charge)
{
    const struct contract_terms *terms = &contract->versions[version];

    return bill_is_of_usage(&terms->charges[charge]) &&
           (!is_plain_on(contract, version, charge) || has_packs(terms));
}

/* What the usage counted in one period costs, cut; 0 while nothing is counted: what a first tier
 * asks for nothing is a fee. */
static enum status cost_of_period(const struct tally *tally, const struct bill_packs *packs,
                                  const struct contract_terms *terms, size_t charge, int64_t first,
                                  struct decimal *out)
{
    struct period period = tally_period(tally, terms, &terms->charges[charge].rule, first);
    struct bill_measure nothing;
    struct bill_run run;
    struct fraction cost, fee = FRACTION_ZERO, quantity;

    if (!tally_cells(tally, (size_t)terms->version, charge, first)) {
        *out = (struct decimal){0};
        return STATUS_OK;
    }
    bill_run_of(tally, terms, charge, &period, &run);
    enum status status = bill_charge_exact(tally, &run, packs, BILL_OF_USAGE, &quantity, &cost);
    if (status == STATUS_OK && run.count == 1) {
        status = bill_measure_run(tally, &run, 0, packs, &nothing);
        if (status == STATUS_OK)
            status = bill_price(&terms->charges[charge], &nothing, false, NULL, &fee);
        if (status == STATUS_OK && terms->charges[charge].has_maximum &&
            fraction_compare(fee, terms->charges[charge].maximum) > 0)
            fee = terms->charges[charge].maximum;
    }
    if (status == STATUS_OK)
        status = fraction_subtract(cost, fee, &cost);
    return status == STATUS_OK ? fraction_cut(cost, out) : status;
}

static enum status cost_of_charge(const struct tally *tally, const struct bill_packs *packs,
                                  const struct contract_terms *terms, size_t charge,
                                  struct decimal *sum)
{
    const struct tally_group *group = tally_groups(tally, (size_t)terms->version, charge);
    enum status status = STATUS_OK;

    for (; group && status == STATUS_OK; group = group->next) {
        struct decimal cost;

        status = cost_of_period(tally, packs, terms, charge, group->first, &cost);
        if (status == STATUS_OK)
            status = decimal_add(*sum, cost, sum);
    }
    return status;
}

enum status bill_usage(const struct tally *tally, struct decimal *out)
{
    const struct contract *contract = tally_contract(tally);
    struct bill_packs packs;
    struct decimal sum = {0};
    enum status status = bill_packs_burn(tally, &packs);

    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].charge_count && status == STATUS_OK; i++)
            if (bill_is_of_usage(&contract->versions[v].charges[i]))
                status = cost_of_charge(tally, &packs, &contract->versions[v], i, &sum);
    bill_packs_release(&packs);
    if (status == STATUS_OK)
        *out = sum;
    return status;
}

/* ---- one more ---- */

/* A period whose cost changes with the usage. */
struct touched {
    const struct contract_terms *terms;
    size_t charge;
    int64_t first;
};

#define TOUCHED (CONTRACT_CHARGES * 4)

struct addition {
    struct tally *tally;
    struct touched touched[TOUCHED];
    size_t count;
    bool all;             /* too many, or packs: look at everything */
    bool parts;           /* of units are among the changes */
    struct decimal plain; /* of charges whose price is the same whatever came before */
};

static void touch(struct addition *addition, const struct contract_terms *terms, size_t charge,
                  int64_t first)
{
    for (size_t i = 0; i < addition->count; i++) {
        struct touched *known = &addition->touched[i];

        if (known->terms == terms && known->charge == charge && known->first == first)
            return;
    }
    if (addition->count == TOUCHED) {
        addition->all = true;
        return;
    }
    addition->touched[addition->count++] = (struct touched){terms, charge, first};
}

/* Later versions whose counters go on from this period. */
static void touch_later(struct addition *addition, const struct contract_terms *terms,
                        size_t charge, const struct period *period)
{
    const struct contract *contract = tally_contract(addition->tally);
    const struct contract_terms *end = contract->versions + contract->version_count;

    for (const struct contract_terms *later = terms + 1; later < end && !later->counters_restart;
         later++) {
        struct period_range days = tally_days(addition->tally, later);
        size_t place = 0;

        if (days.first >= days.end)
            continue;
        if (days.first >= period->whole.end)
            return;
        while (place < later->charge_count &&
               bill_same_charge(terms, &later->charges[place], place) != charge)
            place++;
        if (place == later->charge_count)
            return;
        touch(addition, later, place,
              tally_period(addition->tally, later, &later->charges[place].rule, days.first)
                  .clipped.first);
        terms = later;
        charge = place;
    }
}

static bool is_whole(struct decimal quantity)
{
    return fraction_of_decimal(quantity).denominator == 1;
}

static enum status add_plain(struct addition *addition, const struct contract_charge *charge,
                             const struct tally_count *change)
{
    decimal_units units = fraction_of_decimal(change->quantity).numerator;
    struct decimal price, part;

    if (units < 0 || units > INT64_MAX ||
        !unit_price(charge, (size_t)(change->cell % TALLY_PACK), &price))
        return STATUS_FULL;
    enum status status = decimal_multiply(price, (uint64_t)units, &part);
    return status == STATUS_OK ? decimal_add(addition->plain, part, &addition->plain) : status;
}

static enum status note(struct addition *addition, const struct tally_count *change)
{
    const struct contract *contract = tally_contract(addition->tally);
    const struct contract_terms *terms = &contract->versions[change->version - 1];
    struct period period;

    if (change->charge >= terms->charge_count || !bill_is_of_usage(&terms->charges[change->charge]))
        return STATUS_OK;
    if (has_packs(terms)) {
        addition->all = true;
        return STATUS_OK;
    }
    if (is_plain_on(contract, change->version - 1u, change->charge) && !addition->parts)
        return add_plain(addition, &terms->charges[change->charge], change);
    if (has_packs_anywhere(contract)) {
        addition->all = true;
        return STATUS_OK;
    }
    period =
        tally_period(addition->tally, terms, &terms->charges[change->charge].rule, change->at_day);
    touch(addition, terms, change->charge, period.clipped.first);
    touch_later(addition, terms, change->charge, &period);
    return STATUS_OK;
}

static enum status cost_of_touched(const struct addition *addition, struct decimal *out)
{
    static const struct bill_packs none = {0};
    struct decimal sum = {0};

    if (addition->all)
        return bill_usage(addition->tally, out);
    for (size_t i = 0; i < addition->count; i++) {
        const struct touched *touched = &addition->touched[i];
        struct decimal cost;
        enum status status = cost_of_period(addition->tally, &none, touched->terms, touched->charge,
                                            touched->first, &cost);

        if (status == STATUS_OK)
            status = decimal_add(sum, cost, &sum);
        if (status != STATUS_OK)
            return status;
    }
    *out = sum;
    return STATUS_OK;
}

static enum status look_at(struct addition *addition, const struct tally_count *changes,
                           size_t count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++)
        addition->parts = addition->parts || !is_whole(changes[i].quantity);
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = note(addition, &changes[i]);
    return status;
}

/* after - before + plain */
static enum status grown_by(struct decimal before, struct decimal after, struct decimal plain,
                            struct decimal *out)
{
    struct decimal less = {-before.units};
    struct decimal grown;
    enum status status = decimal_add(after, less, &grown);

    return status == STATUS_OK ? decimal_add(grown, plain, out) : status;
}

enum status bill_add(struct tally *tally, const struct tally_usage *usage, struct decimal *price,
                     unsigned *unpriced)
{
    struct addition addition = {.tally = tally};
    const struct tally_count *changes;
    const struct decimal none = {0};
    struct decimal before, after;
    size_t count;
    enum status status = tally_prepare(tally, usage, unpriced, &changes, &count);

    if (status == STATUS_OK)
        status = look_at(&addition, changes, count);
    if (status == STATUS_OK)
        status = cost_of_touched(&addition, &before);
    if (status != STATUS_OK)
        return status;
    tally_commit(tally);
    status = cost_of_touched(&addition, &after);
    if (status == STATUS_OK)
        status = grown_by(before, after, addition.all ? none : addition.plain, price);
    if (status != STATUS_OK)
        tally_undo(tally);
    return status;
}

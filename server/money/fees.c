#include "server/money/fees.h"

#include "server/money/contract_clause.h"

#define NO_FIRST 0
#define NO_END   4000000 /* the year 12921 */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct period_range common(struct period_range a, struct period_range b)
{
    return (struct period_range){larger(a.first, b.first), smaller(a.end, b.end)};
}

static struct period_range owned_by(const struct contract_terms *terms)
{
    return (struct period_range){terms->first == CONTRACT_NO_DAY ? NO_FIRST : terms->first,
                                 terms->end == CONTRACT_FOREVER ? NO_END : terms->end};
}

static struct period_range term_of(const struct contract *contract)
{
    return (struct period_range){
        contract->term_first == CONTRACT_NO_DAY ? NO_FIRST : contract->term_first,
        contract->term_end == CONTRACT_NO_DAY ? NO_END : contract->term_end,
    };
}

/* One fee over days that lie within the term. */
static enum status add_fee(const struct contract_charge *charge, struct period_range term,
                           struct period_range days, struct fraction *sum)
{
    struct fraction fee = charge->amount;
    enum status status = STATUS_OK;

    if (charge->kind == CONTRACT_CAPACITY)
        status = fraction_multiply(fee, charge->size, &fee);
    for (int64_t day = days.first; status == STATUS_OK && day < days.end;) {
        const struct period_range whole = period_at(&charge->rule, term, day).whole;
        const int64_t end = smaller(whole.end, days.end);
        struct fraction part;

        status = fraction_multiply(fee, fraction_ratio(end - day, whole.end - whole.first), &part);
        if (status == STATUS_OK)
            status = fraction_add(*sum, part, sum);
        day = end;
    }
    return status;
}

static bool is_fee(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY;
}

enum status fees_of(const struct contract *contract, const char *const *charges, size_t count,
                    struct period_range days, struct fraction *out)
{
    enum status status = STATUS_OK;

    *out = FRACTION_ZERO;
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];
        const struct period_range term = term_of(contract);
        const struct period_range part = common(common(days, term), owned_by(terms));

        for (size_t c = 0; status == STATUS_OK && c < terms->charge_count; c++)
            if (is_fee(&terms->charges[c]) &&
                contract_is_named(terms->charges[c].name, charges, count))
                status = add_fee(&terms->charges[c], term, part, out);
    }
    return status;
}

enum status fees_over(const struct contract *contract, struct period_range days,
                      struct fraction *out)
{
    return fees_of(contract, NULL, 0, days, out);
}

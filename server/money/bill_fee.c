/* Flat fees through amendments that leave them alone. */
#include "server/money/bill_parts.h"

static bool is_fee(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY;
}

static bool is_same_rule(const struct period_rule *a, const struct period_rule *b)
{
    return a->per == b->per && a->anchored == b->anchored &&
           (!a->anchored || a->anchor == b->anchor);
}

static bool is_same_discount(const struct contract_charge *a, const struct contract_charge *b)
{
    return a->has_discount == b->has_discount &&
           (!a->has_discount || fraction_compare(a->discount, b->discount) == 0);
}

static bool is_same_fee(const struct contract_charge *a, const struct contract_charge *b)
{
    return a->kind == b->kind && fraction_compare(a->amount, b->amount) == 0 &&
           (a->kind == CONTRACT_FLAT || fraction_compare(a->size, b->size) == 0) &&
           is_same_rule(&a->rule, &b->rule) && is_same_discount(a, b);
}

/* The same fee in another version; NULL: it is not there, or not the same. */
static const struct contract_charge *same_in(const struct contract_terms *terms,
                                             const struct contract_charge *fee, size_t place)
{
    size_t same = bill_same_charge(terms, fee, place);

    return same != SIZE_MAX && is_same_fee(&terms->charges[same], fee) ? &terms->charges[same]
                                                                       : NULL;
}

static bool owns_nothing(const struct bill_draft *draft, const struct contract_terms *terms)
{
    struct period_range days = tally_days(draft->tally, terms);

    return days.first >= days.end;
}

static bool began_before(const struct bill_draft *draft, const struct contract_terms *terms,
                         size_t charge, const struct period *period)
{
    const struct contract_terms *at = terms;

    if (period->whole.first >= period->clipped.first)
        return false;
    while (at > draft->contract->versions && owns_nothing(draft, at - 1))
        at--;
    return at > draft->contract->versions &&
           same_in(at - 1, &terms->charges[charge], charge) != NULL;
}

bool bill_fee_is_billed(const struct bill_draft *draft, const struct contract_terms *terms,
                        size_t charge, struct period *period)
{
    const struct contract *contract = draft->contract;
    const struct contract_terms *end = contract->versions + contract->version_count;

    if (!is_fee(&terms->charges[charge]))
        return false;
    if (began_before(draft, terms, charge, period))
        return true;
    for (const struct contract_terms *at = terms + 1; at < end; at++) {
        struct period_range days = tally_days(draft->tally, at);

        if (days.first >= days.end)
            continue;
        if (days.first != period->clipped.end || days.first >= period->whole.end ||
            !same_in(at, &terms->charges[charge], charge))
            break;
        period->clipped.end = days.end < period->whole.end ? days.end : period->whole.end;
    }
    return false;
}

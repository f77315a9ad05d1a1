/* Which charge of an earlier version a charge goes on from, and through which of its periods. */
#include <assert.h>
#include <string.h>

#include "server/money/bill_parts.h"

/* A charge that the document does not name is called by its place, "charges/0". */
static bool is_named(const struct contract_charge *charge)
{
    return strncmp(charge->name, "charges/", 8) != 0;
}

static bool is_fee(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_FLAT || charge->kind == CONTRACT_CAPACITY;
}

static bool is_sum(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_PRICED || charge->kind == CONTRACT_GRADUATED ||
           charge->kind == CONTRACT_VOLUME || charge->kind == CONTRACT_PACKAGE;
}

static bool has_two_allowances(const struct contract_charge *charge)
{
    return charge->percentage.has_free_amount && charge->percentage.has_free_events;
}

bool bill_counts_alike(const struct contract_charge *earlier, const struct contract_charge *later)
{
    if (is_fee(later) || is_fee(earlier))
        return is_fee(later) && is_fee(earlier);
    if (later->included_per_device && !earlier->included_per_device)
        return false;
    if (!is_sum(later) || !is_sum(earlier))
        return later->kind == earlier->kind &&
               has_two_allowances(later) == has_two_allowances(earlier);
    return contract_same_quantity(&later->quantity, &earlier->quantity) ||
           (strcmp(later->kind_text, "matrix") == 0 && strcmp(earlier->kind_text, "matrix") == 0);
}

size_t bill_same_charge(const struct contract_terms *terms, const struct contract_charge *charge,
                        size_t place)
{
    assert(charge != NULL);
    const struct contract_charge *same =
        place < terms->charge_count ? &terms->charges[place] : NULL;

    for (size_t i = 0; is_named(charge) && i < terms->charge_count; i++) {
        if (strcmp(terms->charges[i].name, charge->name) == 0)
            return bill_counts_alike(&terms->charges[i], charge) ? i : SIZE_MAX;
    }
    if (same && same->kind == charge->kind && bill_counts_alike(same, charge) &&
        !(is_named(charge) && is_named(same)))
        return place;
    return SIZE_MAX;
}

const struct contract_charge *bill_charge_of(const struct bill_part *part)
{
    return part->counter < part->terms->charge_count ? &part->terms->charges[part->counter] : NULL;
}

/* What of the whole period lies in earlier terms; false when nothing does that goes on. */
static bool part_before(const struct tally *tally, const struct contract_terms *terms,
                        const struct bill_part *later, struct bill_part *out)
{
    struct period_range days = tally_days(tally, terms);
    struct period_range whole = later->period.whole;
    int64_t first = days.first > whole.first ? days.first : whole.first;

    if (first >= days.end || first >= whole.end || days.end <= whole.first)
        return false;
    out->terms = terms;
    out->counter = bill_same_charge(terms, bill_charge_of(later), later->counter);
    if (out->counter == SIZE_MAX)
        return false;
    out->period = tally_period(tally, terms, &bill_charge_of(out)->rule, first);
    return out->period.whole.first == whole.first && out->period.whole.end == whole.end;
}

static void reverse(struct bill_run *run)
{
    for (size_t i = 0; i < run->count / 2; i++) {
        struct bill_part swap = run->parts[i];

        run->parts[i] = run->parts[run->count - 1 - i];
        run->parts[run->count - 1 - i] = swap;
    }
}

void bill_run_of(const struct tally *tally, const struct contract_terms *terms, size_t charge,
                 const struct period *period, struct bill_run *out)
{
    const struct contract_terms *versions = tally_contract(tally)->versions;
    const struct contract_terms *at = terms;

    out->parts[0] = (struct bill_part){terms, charge, *period};
    out->count = 1;
    out->has_until = false;
    out->raised_by = NULL;
    out->steps = NULL;
    while (at > versions && !at->counters_restart && charge < terms->charge_count) {
        struct period_range days = tally_days(tally, --at);

        if (days.first >= days.end)
            continue; /* replaced before it began */
        if (!part_before(tally, at, &out->parts[out->count - 1], &out->parts[out->count]))
            break;
        out->count++;
    }
    reverse(out);
}

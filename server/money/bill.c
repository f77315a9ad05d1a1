#include "server/money/bill.h"

#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

bool bill_began(const struct bill_draft *draft, const struct period *period)
{
    if (period->clipped.first == CONTRACT_NO_DAY || draft->as_of_ms == BILL_WHOLE_TERM)
        return true;
    return zone_midnight(tally_zone(draft->tally), period->clipped.first) < draft->as_of_ms;
}

bool bill_is_over(const struct bill_draft *draft, const struct period *period)
{
    if (draft->as_of_ms == BILL_WHOLE_TERM)
        return true;
    return period->clipped.end != CONTRACT_FOREVER &&
           zone_midnight(tally_zone(draft->tally), period->clipped.end) <= draft->as_of_ms;
}

/* What a version bills; without a term only while something was used. */
static struct period_range days_billed(const struct bill_draft *draft,
                                       const struct contract_terms *terms)
{
    struct period_range days = tally_days(draft->tally, terms);

    if (days.first == CONTRACT_NO_DAY)
        days.first = draft->is_used ? draft->used_first : days.end;
    if (days.end == CONTRACT_FOREVER)
        days.end = draft->is_used ? draft->used_end : days.first;
    return days;
}

bool bill_first_period(const struct bill_draft *draft, const struct contract_terms *terms,
                       const struct period_rule *rule, struct period *out)
{
    struct period_range days = days_billed(draft, terms);

    if (days.first >= days.end)
        return false;
    *out = tally_period(draft->tally, terms, rule, days.first);
    return bill_began(draft, out);
}

bool bill_next_period(const struct bill_draft *draft, const struct contract_terms *terms,
                      const struct period_rule *rule, struct period *period)
{
    struct period_range days = days_billed(draft, terms);

    if (period->clipped.end >= days.end)
        return false;
    *period = tally_period(draft->tally, terms, rule, period->clipped.end);
    return bill_began(draft, period);
}

enum status bill_append(struct bill_draft *draft, struct bill_line line,
                        struct fraction rounded_from)
{
    enum status status = fraction_round(rounded_from, draft->contract->minor_places, &line.amount);

    if (status == STATUS_OK)
        status = bill_steps_end(draft, &line);
    if (status != STATUS_OK)
        return status;
    if (draft->count == draft->room) {
        size_t room = draft->room ? draft->room * 2 : 64;
        struct bill_line *grown = realloc(draft->lines, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        draft->lines = grown;
        draft->room = room;
    }
    draft->lines[draft->count++] = line;
    return STATUS_OK;
}

/* A one-off fee is due once, however often the terms change. */
static bool was_charged_before(const struct bill_draft *draft, const struct contract_terms *terms,
                               size_t charge)
{
    const struct contract_charge *once = &terms->charges[charge];

    if (once->rule.per != PERIOD_ONCE ||
        (once->kind != CONTRACT_FLAT && once->kind != CONTRACT_CAPACITY))
        return false;
    for (const struct contract_terms *at = terms; at-- > draft->contract->versions;) {
        struct period_range days = tally_days(draft->tally, at);
        size_t same = bill_same_charge(at, once, charge);

        if (days.first < days.end && same != SIZE_MAX && at->charges[same].rule.per == PERIOD_ONCE)
            return true;
    }
    return false;
}

static enum status add_charge(struct bill_draft *draft, const struct contract_terms *terms,
                              size_t charge)
{
    const struct period_rule *rule = &terms->charges[charge].rule;
    struct period period;
    struct bill_line line;

    if (was_charged_before(draft, terms, charge))
        return STATUS_OK;
    for (bool more = bill_first_period(draft, terms, rule, &period); more;
         more = bill_next_period(draft, terms, rule, &period)) {
        if (bill_fee_is_billed(draft, terms, charge, &period))
            continue;
        enum status status = bill_charge_line(draft, terms, charge, &period, &line);

        if (status == STATUS_OK)
            status = bill_append(draft, line, line.exact);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status add_charges(struct bill_draft *draft)
{
    const struct contract *contract = draft->contract;
    enum status status = STATUS_OK;

    for (size_t v = 0; v < contract->version_count; v++)
        for (size_t i = 0; i < contract->versions[v].charge_count && status == STATUS_OK; i++)
            status = add_charge(draft, &contract->versions[v], i);
    return status;
}

/* In this order: a commitment counts charges, a discount sees both, money pays what is left, tax is
 * on all of it. */
static enum status draft_all(struct bill_draft *draft, struct decimal *tax_included)
{
    static enum status (*const parts[])(struct bill_draft * draft) = {
        add_charges,    bill_commitments,    bill_termination, bill_purchases,
        bill_discounts, bill_service_levels, bill_credits,     bill_interims,
    };
    enum status status = bill_packs_burn(draft->tally, &draft->packs);

    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == STATUS_OK; i++) {
        bill_steps_begin(draft); /* what a part told of a line that came to nothing */
        status = parts[i](draft);
    }
    return status == STATUS_OK ? bill_taxes(draft, tax_included) : status;
}

static enum status finish(const struct bill_draft *draft, struct bill *bill)
{
    struct bill_line *lines = arena_take(draft->arena, (draft->count + 1) * sizeof *lines);

    if (!lines)
        return STATUS_MEMORY;
    for (size_t i = 0; i < draft->count; i++) {
        lines[i] = draft->lines[i];
        if (decimal_add(bill->total, lines[i].amount, &bill->total) != STATUS_OK)
            return STATUS_FULL;
    }
    bill->lines = lines;
    bill->line_count = draft->count;
    return STATUS_OK;
}

static void set_used_days(struct bill_draft *draft)
{
    const struct zone *zone = tally_zone(draft->tally);
    int64_t last = 0;

    draft->is_used = tally_used_days(draft->tally, &draft->used_first, &last);
    draft->used_end = last + 1;
    if (!draft->is_used) /* nothing yet: what is due in the period at hand */
        draft->used_first =
            draft->as_of_ms == BILL_WHOLE_TERM ? 0 : zone_day(zone, draft->as_of_ms);
    if (draft->as_of_ms != BILL_WHOLE_TERM) {
        draft->used_end = zone_day(zone, draft->as_of_ms - 1) + 1;
        draft->is_used = true;
    }
    if (draft->is_used && draft->used_first >= draft->used_end)
        draft->used_first = draft->used_end - 1;
}

static enum status make(const struct tally *tally, int64_t as_of_ms, bool is_explained,
                        struct arena *arena, struct bill *out)
{
    struct bill_draft draft = {
        .tally = tally,
        .contract = tally_contract(tally),
        .arena = arena,
        .as_of_ms = as_of_ms,
        .is_explained = is_explained,
    };
    struct bill bill = {0};

    set_used_days(&draft);
    enum status status = draft_all(&draft, &bill.tax_included);
    if (status == STATUS_OK)
        status = finish(&draft, &bill);
    bill_packs_release(&draft.packs);
    free(draft.lines);
    free(draft.steps.list);
    if (status == STATUS_OK)
        *out = bill;
    return status;
}

enum status bill_make(const struct tally *tally, int64_t as_of_ms, struct arena *arena,
                      struct bill *out)
{
    return make(tally, as_of_ms, false, arena, out);
}

enum status bill_explain(const struct tally *tally, int64_t as_of_ms, struct arena *arena,
                         struct bill *out)
{
    return make(tally, as_of_ms, true, arena, out);
}

/* What a rollout costs, and whether that is more than its author may decide alone. */
#include <string.h>

#include "server/money/amount.h"
#include "server/store/bills.h"
#include "server/store/preflight_parts.h"

/* What all contracts of one currency will have cost more when everybody has moved. */
static enum status add_up(const struct preflight_work *work, const char *currency,
                          struct decimal *out)
{
    struct decimal sum = {0};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < work->cost_count && status == STATUS_OK; i++) {
        const struct preflight_cost *cost = &work->costs[i];
        const struct decimal before = {-cost->totals[0].units};

        if (!cost->is_known || strcmp(cost->terms->contract.currency, currency) != 0)
            continue;
        status = decimal_add(sum, cost->totals[work->wave_count], &sum);
        if (status == STATUS_OK)
            status = decimal_add(sum, before, &sum);
    }
    if (status == STATUS_OK)
        *out = sum;
    return status;
}

/* One row for each currency, in the order of the contracts. */
static enum status sum(const struct preflight_work *work, struct preflight *out)
{
    struct preflight_more *more = arena_take(work->arena, sizeof *more * PREFLIGHT_CONTRACTS);
    enum status status = more != NULL ? STATUS_OK : STATUS_MEMORY;
    size_t count = 0;

    for (size_t i = 0; i < work->cost_count && status == STATUS_OK; i++) {
        const struct preflight_cost *cost = &work->costs[i];
        const struct contract *contract = &cost->terms->contract;
        bool is_there = false;

        for (size_t j = 0; j < count; j++)
            is_there |= strcmp(more[j].currency, contract->currency) == 0;
        if (!cost->is_known && !out->unknown)
            out->unknown = arena_text(work->arena, span_text(cost->terms->contract_id));
        if (!cost->is_known || is_there)
            continue;
        more[count] = (struct preflight_more){
            .currency = arena_text(work->arena, span_text(contract->currency)),
            .places = contract->minor_places};
        status = add_up(work, contract->currency, &more[count++].amount);
    }
    out->more = more;
    out->more_count = count;
    return status;
}

static const char *say(const struct preflight_work *work, const struct preflight_more *more,
                       const char *limit)
{
    char text[AMOUNT_SIZE];

    amount_rounded(fraction_of_decimal(more->amount), more->places, text);
    return arena_format(work->arena,
                        "it costs %s %s more until its terms end: another operator must approve "
                        "it above %s",
                        text, more->currency, limit);
}

/* limit is checked where it comes in. */
static enum status weigh(const struct preflight_work *work, const char *limit,
                         struct preflight *out)
{
    struct decimal most;
    enum status status = decimal_parse(span_text(limit), &most);

    if (status == STATUS_OK && out->unknown)
        out->approval = arena_format(work->arena,
                                     "what it costs under \"%s\" cannot be told: another operator "
                                     "must approve it, as of any above %s",
                                     out->unknown, limit);
    for (size_t i = 0; i < out->more_count && status == STATUS_OK && !out->approval; i++)
        if (decimal_compare(out->more[i].amount, most) > 0)
            out->approval = say(work, &out->more[i], limit);
    return status;
}

enum status preflight_weigh_cost(struct preflight_work *work, struct preflight *out)
{
    out->approval = NULL;
    enum status status = sum(work, out);

    if (status == STATUS_OK && work->ask->above_cost && work->ask->above_cost[0])
        status = weigh(work, work->ask->above_cost, out);
    if (status == STATUS_OK && !out->approval && work->plan->above_cost[0])
        status = weigh(work, work->plan->above_cost, out);
    if (status == STATUS_OK && out->approval)
        preflight_find(work, "approval", PREFLIGHT_WARN, 0, "%s", out->approval);
    return status;
}

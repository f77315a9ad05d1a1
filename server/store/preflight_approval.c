/* Whether what a rollout costs is more than its author may decide alone. */
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

static const char *say(const struct preflight_work *work, struct decimal more,
                       const struct contract *contract, const char *limit)
{
    char text[AMOUNT_SIZE];

    amount_rounded(fraction_of_decimal(more), contract->minor_places, text);
    return arena_format(work->arena,
                        "it costs %s %s more until its terms end: another operator must approve "
                        "it above %s",
                        text, contract->currency, limit);
}

/* limit is checked where it comes in. */
static enum status weigh(const struct preflight_work *work, const char *limit, const char **out)
{
    struct decimal most, more;
    enum status status = decimal_parse(span_text(limit), &most);

    for (size_t i = 0; i < work->cost_count && status == STATUS_OK && !*out; i++) {
        const struct contract *contract = &work->costs[i].terms->contract;

        if (!work->costs[i].is_known) {
            *out = arena_format(work->arena,
                                "what it costs under \"%s\" cannot be told: another operator must "
                                "approve it, as of any above %s",
                                work->costs[i].terms->contract_id, limit);
            break;
        }
        status = add_up(work, contract->currency, &more);
        if (status == STATUS_OK && decimal_compare(more, most) > 0)
            *out = say(work, more, contract, limit);
    }
    return status;
}

enum status preflight_weigh_cost(struct preflight_work *work, const char **out)
{
    enum status status = STATUS_OK;

    *out = NULL;
    if (work->ask->above_cost && work->ask->above_cost[0])
        status = weigh(work, work->ask->above_cost, out);
    if (status == STATUS_OK && !*out && work->plan->above_cost[0])
        status = weigh(work, work->plan->above_cost, out);
    if (status == STATUS_OK && *out)
        preflight_find(work, "approval", PREFLIGHT_WARN, 0, "%s", *out);
    return status;
}

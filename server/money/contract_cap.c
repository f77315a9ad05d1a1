/* Caps: ceilings. A hard one is held by credit on the robots, which needs a price or a count that
 * grows by no more than so much with each unit an attempt uses. */
#include "server/money/contract_parts.h"
#include "server/money/weight.h"

#define LEVELS                                                                                     \
    (CONTRACT_SOURCE(CONTRACT_CONCURRENCY) | CONTRACT_SOURCE(CONTRACT_REQUESTS_PER_MINUTE) |       \
     CONTRACT_SOURCE(CONTRACT_TOKENS_PER_MINUTE))
#define SOURCES                                                                                    \
    (CONTRACT_SOURCE(CONTRACT_RECORDED) | CONTRACT_SOURCE(CONTRACT_ACTIVE_DEVICES) |               \
     CONTRACT_SOURCE(CONTRACT_TERMINALS) | CONTRACT_SOURCE(CONTRACT_GAUGE) |                       \
     CONTRACT_SOURCE(CONTRACT_SPEND) | CONTRACT_SOURCE(CONTRACT_AMOUNT) | LEVELS)

static bool is_level(const struct contract_cap *cap)
{
    return (LEVELS & CONTRACT_SOURCE(cap->quantity.source)) != 0;
}

static void check_hard(struct reading *reading, const struct contract_draft *draft,
                       const struct contract_cap *cap)
{
    if (!cap->hard || cap->quantity.source == CONTRACT_RECORDED)
        return;
    if (cap->quantity.source != CONTRACT_SPEND) {
        reading_refuse(reading, "hard",
                       "cannot be kept for %.40s: no request tells it beforehand; with hard: false "
                       "it is watched",
                       cap->quantity.text ? cap->quantity.text : "it");
        return;
    }
    const struct contract own = {.versions = draft->terms, .version_count = 1};
    char reason[160];

    if (weight_check(&own, 0, reason) != STATUS_OK)
        reading_refuse_related(reading, "hard", "cannot be kept with %s", reason);
}

static void read_cap(struct reading *reading, const struct json *json, struct contract_draft *draft,
                     void *item)
{
    struct contract_cap *cap = item;

    cap->at_most = FRACTION_ZERO;
    if (!reading_object(reading, json, "name|metric|measured|at_most|per|anchor|hard|models",
                        "metric|at_most"))
        return;
    contract_quantity_read(reading, json, SOURCES, &cap->quantity);
    contract_measured_read(reading, json, &cap->quantity, &cap->measured);
    contract_rule_read(reading, json, draft->contract, &cap->rule);
    contract_filter_read(reading, json, &cap->filter);
    reading_number(reading, json, "at_most", &cap->at_most);
    cap->hard = reading_bool(reading, json, "hard", false);
    if (is_level(cap) && json_member(json, "per"))
        reading_refuse(reading, "per", "has no meaning for a level: leave it out");
    if (!is_level(cap) && !json_member(json, "per"))
        reading_refuse(reading, "per", "is missing: day, week, month, quarter, year or term");
    if (cap->filter.model_count > 0 && cap->quantity.source == CONTRACT_GAUGE)
        reading_refuse(reading, "models", "goes with what is recorded");
    check_hard(reading, draft, cap);
}

void contract_cap_read(struct reading *reading, const struct json *holder,
                       struct contract_draft *draft)
{
    size_t count;

    draft->terms->caps = contract_list_read(reading, holder, "caps", CONTRACT_CAPS,
                                            sizeof(struct contract_cap), read_cap, draft, &count);
    draft->terms->cap_count = count;
}

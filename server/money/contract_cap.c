/* Caps: ceilings. A hard one is held by credit on the robots, which needs a price or a count that
 * grows by no more than so much with each unit an attempt uses. */
#include "server/money/contract_parts.h"

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

/* Why one more unit under the tiers may cost more than any of their prices; NULL: it may not. */
static const char *jump_of_tiers(const struct contract_charge *charge)
{
    for (size_t i = 0; i < charge->tier_count; i++) {
        const struct contract_tier *tier = &charge->tiers[i];

        if (fraction_sign(tier->package_size) > 0)
            return "started packages jump";
        if (fraction_sign(tier->flat) > 0)
            return "a tier's flat fee jumps";
        if (i > 0 && charge->kind == CONTRACT_VOLUME &&
            fraction_compare(tier->price, charge->tiers[i - 1].price) > 0)
            return "a dearer tier reprices what was used before";
    }
    return NULL;
}

/* Why a hard cap on spend cannot hold with the charge; NULL: it can. */
static const char *why_unbounded(const struct contract_charge *charge)
{
    switch (charge->kind) {
    case CONTRACT_FLAT:
    case CONTRACT_CAPACITY:
        return NULL; /* known beforehand, whatever is used */
    case CONTRACT_PACKAGE:
        return "started packages jump";
    case CONTRACT_PERCENTAGE:
        return "its amounts are not known before the request";
    case CONTRACT_LICENCE:
        return "a terminal's licence is not used up by requests";
    case CONTRACT_PRICED:
    case CONTRACT_GRADUATED:
    case CONTRACT_VOLUME:
        break;
    }
    if (charge->quantity.source != CONTRACT_RECORDED)
        return "a level is not used up by requests";
    return jump_of_tiers(charge);
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
    for (size_t i = 0; i < draft->terms->charge_count; i++) {
        const char *why = why_unbounded(&draft->charges[i]);

        if (why)
            reading_refuse(reading, "hard", "cannot be kept with %.48s: %s", draft->charges[i].name,
                           why);
    }
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

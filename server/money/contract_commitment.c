/* Commitments: floors we promised, and what falling short of them costs. */
#include <string.h>

#include "server/money/contract_parts.h"

#define SOURCES                                                                                    \
    (CONTRACT_SOURCE(CONTRACT_RECORDED) | CONTRACT_SOURCE(CONTRACT_ACTIVE_DEVICES) |               \
     CONTRACT_SOURCE(CONTRACT_TERMINALS) | CONTRACT_SOURCE(CONTRACT_GAUGE) |                       \
     CONTRACT_SOURCE(CONTRACT_SPEND) | CONTRACT_SOURCE(CONTRACT_AMOUNT))

/* A ramp: the step that holds at a period's first day. */
static void read_steps(struct reading *reading, const struct json *json,
                       const struct contract *contract, struct contract_commitment *out)
{
    const struct json *list;
    size_t count = reading_list(reading, json, "steps", CONTRACT_STEPS, &list);
    struct contract_step *steps = reading_take(reading, count, sizeof *steps);
    size_t outside = reading_enter(reading, "steps");

    for (size_t i = 0; steps && i < count; i++) {
        const struct json *item = json_item(list, i);
        size_t mark = reading_enter_item(reading, i);

        steps[i].at_least = FRACTION_ZERO;
        if (reading_object(reading, item, "from|at_least", "from|at_least")) {
            reading_day(reading, item, "from", &steps[i].first);
            reading_number(reading, item, "at_least", &steps[i].at_least);
            if (i > 0 && steps[i].first <= steps[i - 1].first)
                reading_refuse(reading, "from", "must be after that of the step before");
            if (contract->term_end != CONTRACT_NO_DAY && steps[i].first >= contract->term_end)
                reading_refuse(reading, "from", "is past the contract's term: nothing reaches it");
        }
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    out->steps = steps;
    out->step_count = count;
}

static void read_floor(struct reading *reading, const struct json *json,
                       const struct contract *contract, struct contract_commitment *out)
{
    struct fraction share = FRACTION_ZERO, permille;
    bool has_amount = reading_number(reading, json, "at_least", &out->at_least);
    bool has_steps = json_member(json, "steps") != NULL;
    bool has_share = reading_share(reading, json, "share", 100, &share);

    if (has_amount + has_steps + has_share != 1)
        reading_refuse(reading, "at_least", "must stand alone: at_least, steps or share");
    if (has_steps)
        read_steps(reading, json, contract, out);
    if (!has_share)
        return;
    if (fraction_multiply(share, fraction_of(1000), &permille) != STATUS_OK ||
        fraction_floor(permille, &out->share_permille) != STATUS_OK ||
        fraction_compare(permille, fraction_of(out->share_permille)) != 0 ||
        out->share_permille == 0)
        reading_refuse(reading, "share", "must be from 0.1%% to 100%% in tenths of a percent");
    if (out->quantity.source != CONTRACT_RECORDED)
        reading_refuse(reading, "share", "is of what all vendors' robots record: tokens, requests");
}

/* Whether prices fall anywhere: something that can be withdrawn. */
static bool has_list_price(const struct contract_terms *terms)
{
    for (size_t i = 0; i < terms->charge_count; i++) {
        const struct contract_charge *charge = &terms->charges[i];

        if (charge->has_discount || charge->tier_count > 1)
            return true;
    }
    return terms->discount_count > 0;
}

/* How many charges have a price for one more unit of what the commitment counts; the last. */
static size_t count_pricing(const struct contract_draft *draft,
                            const struct contract_commitment *commitment,
                            const struct contract_charge **out)
{
    size_t count = 0;

    *out = NULL;
    for (size_t i = 0; commitment->quantity.text && i < draft->terms->charge_count; i++) {
        const struct contract_charge *charge = &draft->charges[i];

        if (!charge->quantity.text || charge->kind == CONTRACT_PERCENTAGE ||
            charge->rate_count > 1 ||
            !contract_same_quantity(&charge->quantity, &commitment->quantity) ||
            !contract_is_named(charge->name, commitment->charges, commitment->charge_count))
            continue;
        *out = charge;
        count++;
    }
    return count;
}

static bool is_same_rule(const struct period_rule *a, const struct period_rule *b)
{
    return a->per == b->per && a->anchored == b->anchored && a->anchor == b->anchor;
}

/* One more unit costs the same, whatever was used before and in whichever period. */
static bool is_linear(const struct contract_charge *charge)
{
    return charge->kind == CONTRACT_PRICED && charge->quantity.source == CONTRACT_RECORDED &&
           !charge->has_included && !charge->has_maximum && !charge->has_minimum;
}

/* price(max(used, promised)) has a meaning only where both count the same. */
static void check_true_up(struct reading *reading, const struct contract_draft *draft,
                          const struct contract_commitment *out)
{
    static const struct contract_filter all = {0};
    const struct contract_charge *charge;
    size_t count = count_pricing(draft, out, &charge);

    if (count != 1) {
        reading_refuse_related(reading, "true_up",
                               "prices missing units like one charge of that metric, and %s: %s",
                               count == 0 ? "there is none" : "there are several",
                               count == 0 ? "use fee_per_unit" : "name it in charges");
        return;
    }
    if (charge->measured != out->measured)
        reading_refuse(
            reading, "true_up",
            "needs the same \"measured\" in the commitment and in %.48s, which prices it",
            charge->name);
    if (!contract_same_filter(&charge->filter, &out->filter))
        reading_refuse(reading, "true_up",
                       "needs the same models, service_tiers and hours in the commitment and in "
                       "%.48s, which prices it",
                       charge->name);
    if (charge->rate_count == 1 && !contract_same_filter(&charge->rates[0].filter, &all))
        reading_refuse(reading, "true_up", "would price units that %.48s has no price for",
                       charge->name);
    if (charge->included_per_device)
        reading_refuse(reading, "true_up",
                       "cannot tell whose included units of %.48s the missing ones would be",
                       charge->name);
    if (charge->prorated)
        reading_refuse(reading, "true_up",
                       "cannot tell on which days the missing ones would count in %.48s, which is "
                       "prorated",
                       charge->name);
    if (!is_linear(charge) && !is_same_rule(&charge->rule, &out->rule))
        reading_refuse(reading, "true_up",
                       "needs the same per and anchor in the commitment and in %.48s, whose price "
                       "depends on what its period held",
                       charge->name);
}

/* What was used elsewhere has no price here, and no next period to make up for it in. */
static void check_share(struct reading *reading, const struct contract_commitment *out)
{
    if (out->shortfall == CONTRACT_TRUE_UP)
        reading_refuse(reading, "true_up",
                       "cannot price what was used elsewhere: fee_per_unit or penalty");
    if (out->cumulative)
        reading_refuse(reading, "", "is judged period by period for a share: leave out cumulative");
}

static void check_shortfall(struct reading *reading, const struct contract_draft *draft,
                            const struct contract_commitment *out)
{
    bool is_spend = out->quantity.source == CONTRACT_SPEND;

    if (out->share_permille > 0)
        check_share(reading, out);
    if (out->shortfall == CONTRACT_CARRY_FORWARD && !is_spend)
        reading_refuse(reading, "carry_forward", "is money and goes with metric: spend");
    if (out->shortfall == CONTRACT_TRUE_UP && !is_spend && out->share_permille == 0)
        check_true_up(reading, draft, out);
    if (out->shortfall == CONTRACT_FEE_PER_UNIT && is_spend)
        reading_refuse(reading, "fee_per_unit", "goes with a quantity; of spend: true_up");
    if (out->shortfall == CONTRACT_REPRICE && !has_list_price(draft->terms))
        reading_refuse_related(reading, "reprice",
                               "withdraws discounts and tiers, and there are none");
}

static void read_shortfall(struct reading *reading, const struct json *json,
                           const struct contract_draft *draft, struct contract_commitment *out)
{
    const struct json *shortfall = json_member(json, "shortfall");
    size_t mark = reading_enter(reading, "shortfall");

    out->shortfall = CONTRACT_WATCHED;
    if (shortfall && reading_object(reading, shortfall,
                                    "true_up|fee_per_unit|penalty|carry_forward|reprice", "")) {
        bool has_fee = reading_number(reading, shortfall, "fee_per_unit", &out->fee);
        bool has_penalty = reading_number(reading, shortfall, "penalty", &out->fee);
        bool true_up = reading_bool(reading, shortfall, "true_up", false);
        bool carry = reading_bool(reading, shortfall, "carry_forward", false);
        bool reprice = reading_bool(reading, shortfall, "reprice", false);

        if (has_fee + has_penalty + true_up + carry + reprice != 1)
            reading_refuse(reading, "",
                           "must say one of true_up: true, fee_per_unit, penalty, "
                           "carry_forward: true and reprice: true");
        out->shortfall = true_up       ? CONTRACT_TRUE_UP
                         : has_fee     ? CONTRACT_FEE_PER_UNIT
                         : has_penalty ? CONTRACT_PENALTY
                         : carry       ? CONTRACT_CARRY_FORWARD
                                       : CONTRACT_REPRICE;
        check_shortfall(reading, draft, out);
    }
    reading_leave(reading, mark);
}

static bool has_licence(const struct contract_terms *terms)
{
    for (size_t i = 0; i < terms->charge_count; i++) {
        if (terms->charges[i].kind == CONTRACT_LICENCE)
            return true;
    }
    return false;
}

static void check_subject(struct reading *reading, const struct contract_draft *draft,
                          const struct contract_commitment *out)
{
    bool is_spend = out->quantity.source == CONTRACT_SPEND;
    bool is_filtered =
        out->filter.model_count > 0 || out->filter.service_tier_count > 0 || out->filter.has_hours;

    if (out->quantity.source == CONTRACT_TERMINALS && !has_licence(draft->terms))
        reading_refuse_related(
            reading, "metric",
            "\"terminals\" are counted by a charge of kind licence, and there is none");
    if (out->charge_count > 0 && !is_spend && out->shortfall != CONTRACT_REPRICE &&
        out->shortfall != CONTRACT_TRUE_UP)
        reading_refuse(reading, "charges", "goes with metric: spend; a quantity is what it is");
    if (is_filtered && (is_spend || out->quantity.source == CONTRACT_GAUGE ||
                        out->quantity.source == CONTRACT_TERMINALS))
        reading_refuse(reading, "models", "goes with what is recorded%s",
                       is_spend ? "; of spend, name its charges" : "");
}

/* What third parties' models use does not count, unless it is said or they are named. */
static void leave_out_third_parties(const struct contract_third_party *third,
                                    struct contract_commitment *out)
{
    if (third->counts_toward_commitments || out->filter.model_count > 0 ||
        out->quantity.source == CONTRACT_SPEND)
        return;
    out->filter.others = third->models;
    out->filter.other_count = third->model_count;
}

static void read_commitment(struct reading *reading, const struct json *json,
                            struct contract_draft *draft, void *item)
{
    struct contract_commitment *out = item;

    out->at_least = out->fee = FRACTION_ZERO;
    if (!reading_object(reading, json,
                        "name|metric|measured|at_least|steps|share|per|anchor|models|service_tiers|"
                        "hours|cumulative|shortfall|charges",
                        "metric"))
        return;
    contract_quantity_read(reading, json, SOURCES, &out->quantity);
    contract_measured_read(reading, json, &out->quantity, &out->measured);
    contract_rule_read(reading, json, draft->contract, &out->rule);
    contract_filter_read(reading, json, &out->filter);
    leave_out_third_parties(&draft->terms->third_party, out);
    read_floor(reading, json, draft->contract, out);
    out->cumulative = reading_bool(reading, json, "cumulative", false);
    if (out->cumulative && (out->rule.per == PERIOD_TERM || out->rule.per == PERIOD_ONCE))
        reading_refuse(reading, "cumulative", "needs several periods: per is the whole term");
    out->charges = contract_named_charges_read(reading, json, draft, &out->charge_count);
    read_shortfall(reading, json, draft, out);
    check_subject(reading, draft, out);
}

void contract_commitment_read(struct reading *reading, const struct json *holder,
                              struct contract_draft *draft)
{
    size_t count;

    draft->terms->commitments =
        contract_list_read(reading, holder, "commitments", CONTRACT_COMMITMENTS,
                           sizeof(struct contract_commitment), read_commitment, draft, &count);
    draft->terms->commitment_count = count;
}

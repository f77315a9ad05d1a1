/* Discounts and prepaid credit. */
#include "server/money/contract_parts.h"

static void read_discount(struct reading *reading, const struct json *json,
                          struct contract_draft *draft, void *out)
{
    struct contract_discount *discount = out;
    bool has_percent, has_amount, has_rebate;

    discount->value = FRACTION_ZERO;
    if (!reading_object(reading, json, "name|percent|amount|rebate|charges|per|anchor|periods", ""))
        return;
    has_percent = reading_share(reading, json, "percent", 100, &discount->value);
    has_amount = reading_number(reading, json, "amount", &discount->value);
    has_rebate = json_member(json, "rebate") != NULL;
    if (has_percent + has_amount + has_rebate != 1)
        reading_refuse(reading, "", "must say one of percent, amount and rebate");
    discount->kind = has_percent  ? CONTRACT_PERCENT_OFF
                     : has_amount ? CONTRACT_AMOUNT_OFF
                                  : CONTRACT_VOLUME_REBATE;
    if (has_rebate)
        discount->tiers = contract_rebate_read(reading, json, &discount->tier_count);
    contract_rule_read(reading, json, draft->contract, &discount->rule);
    discount->charges = contract_named_charges_read(reading, json, draft, &discount->charge_count);
    discount->periods = reading_int(reading, json, "periods", 1, 10000, 0);
}

void contract_discount_read(struct reading *reading, const struct json *holder,
                            struct contract_draft *draft)
{
    size_t count;

    draft->terms->discounts =
        contract_list_read(reading, holder, "discounts", CONTRACT_DISCOUNTS,
                           sizeof(struct contract_discount), read_discount, draft, &count);
    draft->terms->discount_count = count;
}

static void read_rollover(struct reading *reading, const struct json *json,
                          struct contract_credit *credit)
{
    const struct json *rollover = json_member(json, "rollover");
    size_t mark = reading_enter(reading, "rollover");

    credit->roll_most = FRACTION_ZERO;
    if (rollover && reading_object(reading, rollover, "at_most|periods", "periods")) {
        credit->rolls_over = true;
        credit->has_roll_most = reading_number(reading, rollover, "at_most", &credit->roll_most);
        credit->roll_periods = reading_int(reading, rollover, "periods", 1, 1000, 1);
        if (!credit->recurs)
            reading_refuse(reading, "",
                           "goes with per: what is granted once just lasts to its end");
    }
    reading_leave(reading, mark);
}

/* Days that it may be used in: the contract's term where nothing else is said. */
static void read_life(struct reading *reading, const struct json *json,
                      const struct contract *contract, struct contract_credit *credit)
{
    bool has_term = contract->term_first != CONTRACT_NO_DAY;

    credit->first = contract->term_first;
    credit->end = has_term ? contract->term_end : CONTRACT_FOREVER;
    reading_day(reading, json, "from", &credit->first);
    reading_day(reading, json, "to", &credit->end);
    if (credit->first >= credit->end)
        reading_refuse(reading, "to", "must be later than from");
    else if (has_term &&
             (credit->end <= contract->term_first || credit->first >= contract->term_end))
        reading_refuse(reading, "from", "lies outside the contract's term: nothing can use it");
}

static bool has_points(const struct contract_terms *terms)
{
    for (size_t i = 0; i < terms->charge_count; i++) {
        if (terms->charges[i].kind == CONTRACT_WEIGHED)
            return true;
    }
    return false;
}

static void read_credit(struct reading *reading, const struct json *json,
                        struct contract_draft *draft, void *out)
{
    struct contract_credit *credit = out;

    credit->amount = credit->price = FRACTION_ZERO;
    if (!reading_object(
            reading, json,
            "name|amount|units|metric|models|price|from|to|priority|per|anchor|rollover|overage",
            ""))
        return;
    credit->is_money = reading_number(reading, json, "amount", &credit->amount);
    if (credit->is_money == reading_number(reading, json, "units", &credit->amount))
        reading_refuse(reading, "", "must say either amount (money) or units of a metric");
    if (credit->is_money && json_member(json, "metric"))
        reading_refuse(reading, "metric",
                       "goes with units; an amount pays for whatever costs money");
    if (!credit->is_money)
        contract_quantity_read(
            reading, json, CONTRACT_SOURCE(CONTRACT_RECORDED) | CONTRACT_SOURCE(CONTRACT_POINTS),
            &credit->quantity);
    if (credit->quantity.source == CONTRACT_POINTS && !has_points(draft->terms))
        reading_refuse(reading, "metric",
                       "\"points\" are counted by a charge of kind points, and there is none");
    if (fraction_sign(credit->amount) <= 0)
        reading_refuse(reading, credit->is_money ? "amount" : "units", "must be above 0");
    contract_filter_read(reading, json, &credit->filter);
    reading_number(reading, json, "price", &credit->price);
    read_life(reading, json, draft->contract, credit);
    credit->priority = reading_int(reading, json, "priority", 0, 1000, 0);
    credit->recurs = json_member(json, "per") != NULL;
    if (credit->recurs)
        contract_rule_read(reading, json, draft->contract, &credit->rule);
    else if (json_member(json, "anchor"))
        reading_refuse(reading, "anchor", "goes with per");
    if (credit->recurs && (credit->rule.per == PERIOD_ONCE || credit->rule.per == PERIOD_TERM))
        reading_refuse(reading, "per", "must recur: day, week, month, quarter or year");
    read_rollover(reading, json, credit);
    credit->overage_recurs = reading_choice(reading, json, "overage", "charged|carried", 0) == 1;
    if (credit->overage_recurs && !credit->recurs)
        reading_refuse(reading, "overage", "\"carried\" goes with per: there is no next grant");
}

void contract_credit_read(struct reading *reading, const struct json *holder,
                          struct contract_draft *draft)
{
    size_t count;

    draft->terms->credits =
        contract_list_read(reading, holder, "credits", CONTRACT_CREDITS,
                           sizeof(struct contract_credit), read_credit, draft, &count);
    const struct contract_credit *credits = draft->terms->credits;
    size_t packs = 0;

    for (size_t i = 0; i < count; i++)
        packs += !credits[i].is_money;
    if (packs > CONTRACT_PACKS)
        reading_refuse(reading, "credits", "may hold at most %d of units", CONTRACT_PACKS);
    draft->terms->credit_count = count;
}

/* Clauses that stand alone: third parties, termination, tax, service levels, interim lines. */
#include "server/money/contract_clause.h"

#include <string.h>

#include "server/money/contract_parts.h"

bool contract_is_named(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return count == 0;
}

static bool is_third(const struct contract_third_party *third, const char *model)
{
    for (size_t i = 0; i < third->model_count; i++) {
        if (strcmp(third->models[i], model) == 0)
            return true;
    }
    return false;
}

/* Whether models tell its usage apart: fees and levels are asked for whatever the models. */
static bool is_of_models(const struct contract_charge *charge)
{
    return charge->quantity.source == CONTRACT_RECORDED
               ? charge->quantity.text != NULL
               : charge->quantity.source == CONTRACT_AMOUNT ||
                     charge->quantity.source == CONTRACT_POINTS;
}

/* A charge of all models leaves out those that the markup prices. Without a markup it would price
 * theirs together with the vendor's own, which only matters where theirs count otherwise. */
static void part_all_models(struct reading *reading, const struct contract_third_party *third,
                            struct contract_charge *charge)
{
    if (third->model_count == 0 || !is_of_models(charge))
        return;
    if (third->has_markup) {
        charge->filter.others = third->models;
        charge->filter.other_count = third->model_count;
    } else if (!third->counts_toward_commitments) {
        reading_refuse(reading, "models",
                       "are priced by %.48s together with the vendor's own, for it prices all "
                       "models: name its models, and give theirs a charge of their own",
                       charge->name);
    }
}

/* A charge is about third parties' models or about the vendor's own. */
static void mark_pass_through(struct reading *reading, const struct contract_third_party *third,
                              struct contract_charge *charge)
{
    size_t theirs = 0;

    if (charge->filter.model_count == 0)
        part_all_models(reading, third, charge);
    for (size_t i = 0; i < charge->filter.model_count; i++)
        theirs += is_third(third, charge->filter.models[i]);
    charge->pass_through = theirs > 0;
    if (theirs > 0 && theirs < charge->filter.model_count)
        reading_refuse(reading, "models",
                       "names third parties' models that %.48s prices together with the vendor's "
                       "own: part them",
                       charge->name);
}

/* With a markup, what the usage itself says it cost is charged: a charge like those written out,
 * called "third_party_models". */
static void add_markup(struct reading *reading, struct contract_draft *draft,
                       const struct contract_third_party *third, const struct period_rule *rule)
{
    size_t count = draft->terms->charge_count;
    struct contract_charge *charges = reading_take(reading, count + 1, sizeof *charges);
    struct contract_charge *charge;

    if (!charges)
        return;
    memcpy(charges, draft->charges, count * sizeof *charges);
    charge = &charges[count];
    *charge = (struct contract_charge){
        .name = "third_party_models",
        .kind_text = "percentage",
        .kind = CONTRACT_PERCENTAGE,
        .rule = *rule,
        .filter = {.models = third->models, .model_count = third->model_count},
        .quantity = {.text = "amount", .source = CONTRACT_AMOUNT},
        .pass_through = true,
    };
    charge->amount = charge->size = charge->price = FRACTION_ZERO;
    charge->included = charge->discount = charge->maximum = charge->minimum = FRACTION_ZERO;
    charge->licence.price = FRACTION_ZERO;
    charge->percentage.fixed = charge->percentage.free_amount = FRACTION_ZERO;
    charge->percentage.free_events = FRACTION_ZERO;
    charge->percentage.event_min = charge->percentage.event_max = FRACTION_ZERO;
    if (fraction_add(fraction_of(1), third->markup, &charge->percentage.rate) != STATUS_OK)
        reading_refuse(reading, "markup", "is too large");
    draft->charges = charges;
    draft->terms->charges = charges;
    draft->terms->charge_count = count + 1;
}

/* A line for each month unless it says otherwise: lines of the whole term would lie within no
 * commitment of a shorter period. */
static void read_markup_rule(struct reading *reading, const struct json *json,
                             const struct contract_draft *draft,
                             const struct contract_third_party *third, struct period_rule *out)
{
    contract_rule_read(reading, json, draft->contract, out);
    if (!json_member(json, "per"))
        out->per = PERIOD_MONTH;
    if (!third->has_markup && (json_member(json, "per") || json_member(json, "anchor")))
        reading_refuse(reading, json_member(json, "per") ? "per" : "anchor",
                       "goes with markup, whose lines it parts");
}

static void read_third_party(struct reading *reading, const struct json *json,
                             struct contract_draft *draft, struct contract_third_party *out)
{
    struct period_rule rule;

    if (!reading_object(reading, json, "models|counts_toward_commitments|markup|per|anchor", ""))
        return;
    out->allowed = true;
    out->models = reading_texts(reading, json, "models", CONTRACT_MODELS, &out->model_count);
    out->counts_toward_commitments =
        reading_bool(reading, json, "counts_toward_commitments", false);
    out->has_markup = reading_share(reading, json, "markup", 1000, &out->markup);
    read_markup_rule(reading, json, draft, out, &rule);
    if (!reading_failed(reading) && !out->counts_toward_commitments && !out->has_markup &&
        out->model_count == 0)
        reading_refuse(reading, "", "says nothing: true allows them");
    for (size_t i = 0; i < draft->terms->charge_count; i++)
        mark_pass_through(reading, out, &draft->charges[i]);
    if (out->has_markup && out->model_count == 0)
        reading_refuse(reading, "markup", "needs models: whose amounts does it raise?");
    for (size_t i = 0; out->has_markup && i < draft->terms->charge_count; i++) {
        if (draft->charges[i].pass_through)
            reading_refuse(reading, "markup", "contradicts %.48s, which prices those models",
                           draft->charges[i].name);
    }
    if (out->has_markup && !reading_failed(reading) && draft->terms->charge_count > 0)
        add_markup(reading, draft, out, &rule);
}

void contract_third_party_read(struct reading *reading, const struct json *holder,
                               struct contract_draft *draft)
{
    const struct json *json = json_member(holder, "third_party_models");
    struct contract_third_party *out = &draft->terms->third_party;
    size_t mark;

    out->is_given = json != NULL;
    out->markup = FRACTION_ZERO;
    if (json_type(json) == JSON_BOOL) {
        out->allowed = out->counts_toward_commitments = json_bool(json, false);
    } else if (json) {
        mark = reading_enter(reading, "third_party_models");
        read_third_party(reading, json, draft, out);
        reading_leave(reading, mark);
    }
}

void contract_tax_read(struct reading *reading, const struct json *holder,
                       struct contract_draft *draft)
{
    const struct json *json = json_member(holder, "tax");
    struct contract_tax *tax = &draft->terms->tax;
    size_t mark = reading_enter(reading, "tax");

    tax->rate = FRACTION_ZERO;
    if (json && reading_object(reading, json, "rate|inclusive|rounding", "rate")) {
        tax->is_given = true;
        reading_share(reading, json, "rate", 100, &tax->rate);
        tax->inclusive = reading_bool(reading, json, "inclusive", false);
        tax->rounding = reading_choice(reading, json, "rounding", "line|invoice", 0) == 1
                            ? CONTRACT_TAX_PER_INVOICE
                            : CONTRACT_TAX_PER_LINE;
    }
    reading_leave(reading, mark);
}

static void read_service_level(struct reading *reading, const struct json *json,
                               struct contract_draft *draft, void *item)
{
    struct contract_service_level *out = item;
    const struct contract *contract = draft->contract;

    out->credit_share = FRACTION_ZERO;
    out->cap_share = fraction_of(1);
    if (!reading_object(reading, json, "name|from|to|credit|at_most", "from|to|credit"))
        return;
    reading_day(reading, json, "from", &out->first);
    reading_day(reading, json, "to", &out->end);
    reading_share(reading, json, "credit", 100, &out->credit_share);
    reading_share(reading, json, "at_most", 100, &out->cap_share);
    if (out->first >= out->end)
        reading_refuse(reading, "to", "must be later than from");
    else if (contract->term_first != CONTRACT_NO_DAY &&
             (out->end <= contract->term_first || out->first >= contract->term_end))
        reading_refuse(reading, "from", "lies outside the contract's term: it owes nothing");
}

void contract_service_level_read(struct reading *reading, const struct json *holder,
                                 struct contract_draft *draft)
{
    size_t count;

    draft->terms->service_levels = contract_list_read(
        reading, holder, "service_levels", CONTRACT_SERVICE_LEVELS,
        sizeof(struct contract_service_level), read_service_level, draft, &count);
    draft->terms->service_level_count = count;
}

void contract_interim_read(struct reading *reading, const struct json *holder,
                           struct contract_draft *draft)
{
    const struct json *list;
    size_t count = reading_list(reading, holder, "interim", CONTRACT_TIERS, &list);
    struct fraction *sums = reading_take(reading, count, sizeof *sums);

    for (size_t i = 0; sums && i < count && !reading_failed(reading); i++) {
        if (reading_number_of(reading, json_item(list, i), "interim", &sums[i]) &&
            fraction_compare(sums[i], i > 0 ? sums[i - 1] : FRACTION_ZERO) <= 0)
            reading_refuse(reading, "interim", "must be sums above 0 that rise");
    }
    draft->terms->interim = sums;
    draft->terms->interim_count = sums ? count : 0;
}

static void read_end(struct reading *reading, const struct json *json,
                     const struct contract *contract, struct contract_termination *out)
{
    int64_t notified = CONTRACT_NO_DAY;
    bool has_end = reading_day(reading, json, "on", &out->end);
    bool has_notice = reading_day(reading, json, "notified", &notified);

    out->is_terminated = has_end || has_notice;
    if (has_notice && !has_end)
        out->end = notified + out->notice_days;
    else if (has_notice && out->end < notified + out->notice_days)
        reading_refuse(reading, "on", "is before the notice has run: %lld days after notified",
                       (long long)out->notice_days);
    if (out->is_terminated && (out->end < contract->term_first || out->end > contract->term_end))
        reading_refuse(reading, has_end ? "on" : "notified",
                       "ends the contract outside of its term");
}

void contract_termination_read(struct reading *reading, const struct json *document,
                               struct contract *contract)
{
    const struct json *json = json_member(document, "termination");
    struct contract_termination *out = &contract->termination;
    size_t mark = reading_enter(reading, "termination");

    out->fee_share = FRACTION_ZERO;
    if (json && reading_object(reading, json, "notice_days|notified|on|fee", "")) {
        if (contract->term_first == CONTRACT_NO_DAY)
            reading_refuse(reading, "", "needs the contract's term: {from, to}");
        out->notice_days = reading_int(reading, json, "notice_days", 0, 3660, 0);
        reading_share(reading, json, "fee", 100, &out->fee_share);
        read_end(reading, json, contract, out);
    }
    reading_leave(reading, mark);
}

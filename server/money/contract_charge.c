/* Charges: what each kind may say, and what it must. */
#include <string.h>

#include "server/money/contract_parts.h"

#define USAGE                                                                                      \
    "name|kind|metric|models|service_tiers|hours|per|anchor|discount|maximum|minimum|measured|"    \
    "prorated|"
#define RECORDED                                                                                   \
    (CONTRACT_SOURCE(CONTRACT_RECORDED) | CONTRACT_SOURCE(CONTRACT_ACTIVE_DEVICES) |               \
     CONTRACT_SOURCE(CONTRACT_GAUGE))

/* Of what each record counts by itself: devices may have their own. */
static bool is_recorded(const struct contract_quantity *quantity)
{
    return quantity->source == CONTRACT_RECORDED || quantity->source == CONTRACT_POINTS;
}

typedef void (*kind_reader)(struct reading *reading, const struct json *json,
                            struct contract_charge *charge);

static void read_flat(struct reading *reading, const struct json *json,
                      struct contract_charge *charge)
{
    reading_number(reading, json, "amount", &charge->amount);
}

static void read_capacity(struct reading *reading, const struct json *json,
                          struct contract_charge *charge)
{
    reading_number(reading, json, "amount", &charge->amount);
    if (reading_number(reading, json, "count", &charge->size) && fraction_sign(charge->size) <= 0)
        reading_refuse(reading, "count", "must be above 0");
}

static void read_tiers(struct reading *reading, const struct json *json,
                       struct contract_charge *charge)
{
    charge->tiers = contract_tiers_read(reading, json, &charge->tier_count);
}

static void read_package(struct reading *reading, const struct json *json,
                         struct contract_charge *charge)
{
    reading_number(reading, json, "price", &charge->price);
    if (reading_number(reading, json, "size", &charge->size) && fraction_sign(charge->size) <= 0)
        reading_refuse(reading, "size", "must be above 0");
}

static void read_percentage(struct reading *reading, const struct json *json,
                            struct contract_charge *charge)
{
    struct contract_percentage *out = &charge->percentage;

    charge->quantity = (struct contract_quantity){.text = "amount", .source = CONTRACT_AMOUNT};
    reading_share(reading, json, "rate", 10000, &out->rate);
    reading_number(reading, json, "fixed", &out->fixed);
    out->has_free_amount = reading_number(reading, json, "free_amount", &out->free_amount);
    out->has_free_events = reading_number(reading, json, "free_events", &out->free_events);
    out->has_event_min = reading_number(reading, json, "event_min", &out->event_min);
    out->has_event_max = reading_number(reading, json, "event_max", &out->event_max);
    if (out->has_event_min && out->has_event_max &&
        fraction_compare(out->event_min, out->event_max) > 0)
        reading_refuse(reading, "event_min", "contradicts event_max, which is lower");
    if ((out->has_event_min || out->has_event_max) && out->has_free_amount && out->has_free_events)
        reading_refuse(reading, out->has_event_min ? "event_min" : "event_max",
                       "cannot go with free_amount and free_events together: whether an event at "
                       "its bound ends them could not be told");
}

/* A price of each point, or tiers of points. */
static void read_points(struct reading *reading, const struct json *json,
                        struct contract_charge *charge)
{
    contract_rate_read_weights(reading, json, charge);
    if ((json_member(json, "price") != NULL) == (json_member(json, "tiers") != NULL))
        reading_refuse(reading, "price",
                       "must stand alone: the price of a point, or tiers of them");
    else if (json_member(json, "tiers") && json_member(json, "unit"))
        reading_refuse(reading, "unit", "goes with price; a tier has its own");
    else if (json_member(json, "tiers"))
        read_tiers(reading, json, charge);
    else
        contract_price_read(reading, json, &charge->price, &charge->unit);
}

static void read_life(struct reading *reading, const struct json *json,
                      struct contract_licence *licence)
{
    const struct json *term = json_member(json, "term");
    size_t mark = reading_enter(reading, "term");

    if (json_type(term) == JSON_TEXT) {
        if (strcmp(json_text(term, ""), "contract") != 0)
            reading_refuse(reading, "", "must be \"contract\", {months: 12} or {days: 365}");
    } else if (reading_object(reading, term, "months|days", "")) {
        licence->months = (int)reading_int(reading, term, "months", 1, 1200, 0);
        licence->days = (int)reading_int(reading, term, "days", 1, 36600, 0);
        if ((licence->months > 0) == (licence->days > 0))
            reading_refuse(reading, "", "must say either months or days");
    }
    reading_leave(reading, mark);
}

static void read_window(struct reading *reading, const struct json *json,
                        struct contract_licence *licence)
{
    const struct json *window = json_member(json, "window");
    size_t mark = reading_enter(reading, "window");

    licence->window_first = licence->window_end = CONTRACT_NO_DAY;
    if (window && reading_object(reading, window, "from|to", "from|to")) {
        licence->has_window = true;
        reading_day(reading, window, "from", &licence->window_first);
        reading_day(reading, window, "to", &licence->window_end);
        if (licence->window_first >= licence->window_end)
            reading_refuse(reading, "to", "must be later than from");
    }
    reading_leave(reading, mark);
}

static void read_licence(struct reading *reading, const struct json *json,
                         struct contract_charge *charge)
{
    struct contract_licence *licence = &charge->licence;

    charge->quantity =
        (struct contract_quantity){.text = "terminals", .source = CONTRACT_TERMINALS};
    reading_number(reading, json, "price", &licence->price);
    read_life(reading, json, licence);
    read_window(reading, json, licence);
    licence->start = reading_choice(reading, json, "starts", "activation|contract", 0) == 1
                         ? CONTRACT_FROM_TERM
                         : CONTRACT_FROM_ACTIVATION;
    licence->replacement_is_free =
        reading_choice(reading, json, "replacement", "consumes|free", 0) == 1;
    licence->renews = reading_bool(reading, json, "renews", false);
    licence->at_least = reading_int(reading, json, "at_least", 1, INT64_C(1000000000), 0);
    if (licence->renews && licence->months == 0 && licence->days == 0)
        reading_refuse(reading, "renews",
                       "contradicts term: contract, after which nothing is left");
}

/* In the order of KINDS. */
static const struct {
    enum contract_kind kind;
    const char *members;
    const char *required;
    kind_reader read;
} kinds[] = {
    {CONTRACT_FLAT, "name|kind|amount|per|anchor|discount", "amount|per", read_flat},
    {CONTRACT_PRICED, USAGE "included|price|unit", "metric|price", contract_rate_read_unit},
    {CONTRACT_PRICED,
     "name|kind|prices|unit|models|service_tiers|hours|per|anchor|discount|maximum|minimum",
     "prices", contract_rate_read_matrix},
    {CONTRACT_PRICED,
     "name|kind|metric|by|tiers|models|service_tiers|hours|per|anchor|discount|maximum|minimum",
     "metric|tiers", contract_rate_read_length},
    {CONTRACT_PRICED,
     "name|kind|metric|price|unit|windows|decided_by|models|service_tiers|per|anchor|discount|"
     "maximum|minimum",
     "metric|price|windows", contract_rate_read_hours},
    {CONTRACT_PRICED,
     "name|kind|metric|prices|unit|models|hours|per|anchor|discount|maximum|minimum",
     "metric|prices", contract_rate_read_service_tier},
    {CONTRACT_GRADUATED, USAGE "included|tiers", "metric|tiers", read_tiers},
    {CONTRACT_VOLUME, USAGE "included|tiers", "metric|tiers", read_tiers},
    {CONTRACT_PACKAGE, USAGE "included|size|price", "metric|size|price", read_package},
    {CONTRACT_PERCENTAGE,
     "name|kind|rate|fixed|free_amount|free_events|event_min|event_max|models|service_tiers|hours|"
     "per|anchor|discount|maximum|minimum",
     "rate", read_percentage},
    {CONTRACT_LICENCE,
     "name|kind|price|term|starts|replacement|renews|window|at_least|models|per|anchor|discount|"
     "maximum|minimum",
     "price|term", read_licence},
    {CONTRACT_CAPACITY, "name|kind|amount|count|per|anchor|discount", "amount|count|per",
     read_capacity},
    {CONTRACT_WEIGHED,
     "name|kind|weights|price|unit|tiers|models|service_tiers|hours|per|anchor|discount|maximum|"
     "minimum|included",
     "weights", read_points},
};
#define KINDS                                                                                      \
    "flat|unit|matrix|request_length|time_of_day|service_tier|graduated|volume|package|"           \
    "percentage|licence|capacity|points"

/* Included units are of one price; where there are several, which of them they spare is anyone's
 * guess. */
static void read_included(struct reading *reading, const struct json *json,
                          struct contract_charge *charge)
{
    const struct json *included = json_member(json, "included");

    if (!included)
        return;
    charge->has_included = true;
    if (json_type(included) != JSON_OBJECT) {
        reading_number(reading, json, "included", &charge->included);
        return;
    }
    size_t mark = reading_enter(reading, "included");
    if (reading_object(reading, included, "units|per_device", "units")) {
        reading_number(reading, included, "units", &charge->included);
        charge->included_per_device = reading_bool(reading, included, "per_device", false);
        if (charge->included_per_device && !is_recorded(&charge->quantity))
            reading_refuse(reading, "per_device",
                           "goes with what devices record; a level belongs to all of them");
    }
    reading_leave(reading, mark);
}

static void read_bounds(struct reading *reading, const struct json *json,
                        struct contract_charge *charge)
{
    charge->has_discount = reading_share(reading, json, "discount", 100, &charge->discount);
    charge->has_maximum = reading_number(reading, json, "maximum", &charge->maximum);
    charge->has_minimum = reading_number(reading, json, "minimum", &charge->minimum);
    if (charge->has_maximum && charge->has_minimum &&
        fraction_compare(charge->minimum, charge->maximum) > 0)
        reading_refuse(reading, "minimum", "contradicts maximum, which is lower");
}

static void read_levels(struct reading *reading, const struct json *json,
                        struct contract_charge *charge)
{
    const struct contract_filter *filter = &charge->filter;

    if (charge->quantity.text)
        contract_measured_read(reading, json, &charge->quantity, &charge->measured);
    charge->prorated = reading_bool(reading, json, "prorated", false);
    if (charge->prorated && charge->measured == CONTRACT_SUM)
        reading_refuse(reading, "prorated",
                       "goes with active_devices and gauges; what is recorded has no days");
    if (charge->prorated && charge->measured == CONTRACT_AVERAGE)
        reading_refuse(reading, "prorated", "contradicts measured: average, which counts days too");
    if (charge->quantity.source == CONTRACT_GAUGE &&
        (filter->model_count || filter->service_tier_count || filter->has_hours))
        reading_refuse(reading, "metric", "a gauge has no models, service_tiers or hours");
}

static bool has_word(const char *words, const char *word)
{
    return span_is_choice(span_text(word), words);
}

static void refuse_ambiguous(struct reading *reading, const struct json *json, const char *members,
                             const char *kind)
{
    if (json_member(json, "included") && !has_word(members, "included"))
        reading_refuse(reading, "included",
                       "cannot be told for kind %s: which of its prices do they spare?", kind);
}

static void read_kind(struct reading *reading, const struct json *json,
                      const struct contract *contract, size_t kind, struct contract_charge *charge)
{
    unsigned allowed =
        kinds[kind].read == contract_rate_read_unit || kinds[kind].kind != CONTRACT_PRICED
            ? RECORDED
            : CONTRACT_SOURCE(CONTRACT_RECORDED);

    charge->kind = kinds[kind].kind;
    if (charge->kind != CONTRACT_FLAT && charge->kind != CONTRACT_CAPACITY)
        refuse_ambiguous(reading, json, kinds[kind].members, charge->kind_text);
    if (!reading_object(reading, json, kinds[kind].members, kinds[kind].required))
        return;
    contract_rule_read(reading, json, contract, &charge->rule);
    contract_filter_read(reading, json, &charge->filter);
    if (json_member(json, "metric"))
        contract_quantity_read(reading, json, allowed, &charge->quantity);
    kinds[kind].read(reading, json, charge);
    read_included(reading, json, charge);
    read_bounds(reading, json, charge);
    read_levels(reading, json, charge);
}

/* A licence's life and window lie within what the contract says of its own term. */
static void check_licence(struct reading *reading, const struct contract *contract,
                          const struct contract_licence *licence)
{
    bool has_term = contract->term_first != CONTRACT_NO_DAY;

    if (!has_term && licence->months == 0 && licence->days == 0)
        reading_refuse(reading, "term", "\"contract\" needs the contract's term: {from, to}");
    if (!has_term && licence->start == CONTRACT_FROM_TERM)
        reading_refuse(reading, "starts", "\"contract\" needs the contract's term: {from, to}");
    if (has_term && licence->has_window &&
        (licence->window_end <= contract->term_first ||
         licence->window_first >= contract->term_end))
        reading_refuse(reading, "window", "lies outside the contract's term: nothing can reach it");
}

static void read_charge(struct reading *reading, const struct json *json,
                        struct contract_draft *draft, void *out)
{
    struct contract_charge *charge = out;

    charge->amount = charge->size = charge->price = FRACTION_ZERO;
    charge->included = charge->discount = charge->maximum = charge->minimum = FRACTION_ZERO;
    charge->licence.price = FRACTION_ZERO;
    charge->percentage.rate = charge->percentage.fixed = FRACTION_ZERO;
    charge->percentage.free_amount = charge->percentage.free_events = FRACTION_ZERO;
    charge->percentage.event_min = charge->percentage.event_max = FRACTION_ZERO;
    if (json_type(json) != JSON_OBJECT) {
        reading_refuse(reading, "", "must be an object");
        return;
    }
    int kind = reading_choice(reading, json, "kind", KINDS, -1);
    if (kind < 0) {
        reading_refuse(reading, "kind", "is missing: flat, unit, graduated ...");
        return;
    }
    charge->kind_text = reading_keep(reading, json_text(json_member(json, "kind"), ""));
    read_kind(reading, json, draft->contract, (size_t)kind, charge);
    if (charge->kind == CONTRACT_LICENCE)
        check_licence(reading, draft->contract, &charge->licence);
}

void contract_charge_read(struct reading *reading, const struct json *holder,
                          struct contract_draft *draft)
{
    size_t count;

    draft->charges = contract_list_read(reading, holder, "charges", CONTRACT_CHARGES,
                                        sizeof *draft->charges, read_charge, draft, &count);
    draft->terms->charges = draft->charges;
    draft->terms->charge_count = count;
}

#include "server/money/contract_parts.h"

#include <string.h>

#define UNIT_MAX INT64_C(1000000000000)

void contract_models_read(struct reading *reading, const struct json *object,
                          struct contract_filter *filter)
{
    size_t count = 0;
    const char *const *models = reading_texts(reading, object, "models", CONTRACT_MODELS, &count);

    if (!models || (count == 1 && strcmp(models[0], "*") == 0))
        return;
    for (size_t i = 0; i < count; i++) {
        if (strchr(models[i], '*'))
            reading_refuse(reading, "models",
                           "must hold whole model names of up to 64 bytes; \"*\" only alone");
    }
    filter->models = models;
    filter->model_count = count;
}

void contract_rule_read(struct reading *reading, const struct json *object,
                        const struct contract *contract, enum period_per fallback,
                        struct period_rule *out)
{
    bool has_term = contract->term_first != CONTRACT_NO_DAY;

    out->per = (enum period_per)reading_choice(reading, object, "per", PERIOD_NAMES, (int)fallback);
    out->anchored = reading_day(reading, object, "anchor", &out->anchor);
    if ((out->per == PERIOD_ONCE || out->per == PERIOD_TERM) && !has_term)
        reading_refuse(reading, "per", "\"%s\" needs the contract's term: {from, to}",
                       period_name(out->per));
    if (out->anchored &&
        (out->per == PERIOD_ONCE || out->per == PERIOD_TERM || out->per == PERIOD_DAY))
        reading_refuse(reading, "anchor", "goes with per: week, month, quarter or year");
}

static enum period_per usual_per(const struct contract *contract)
{
    return contract->term_first == CONTRACT_NO_DAY ? PERIOD_MONTH : PERIOD_TERM;
}

static void read_flat(struct reading *reading, const struct json *json,
                      const struct contract *contract, struct contract_charge *charge)
{
    charge->kind = CONTRACT_FLAT;
    reading_number(reading, json, "amount", &charge->amount);
    contract_rule_read(reading, json, contract, usual_per(contract), &charge->rule);
}

static void read_metric(struct reading *reading, const struct json *json,
                        struct contract_quantity *out)
{
    const char *text = reading_text(reading, json, "metric", 64);

    for (unsigned i = 0; text && i < CONTRACT_METRICS; i++) {
        if (strcmp(contract_metric_name((enum contract_metric)i), text) == 0) {
            *out = (struct contract_quantity){.text = text, .metrics = CONTRACT_BIT(i)};
            return;
        }
    }
    reading_refuse(reading, "metric",
                   "must be one of input_uncached, input_cached, cache_write_5m, cache_write_1h, "
                   "output, reasoning, audio_in_ms, audio_out_chars, images, video_ms, requests");
}

static void read_price(struct reading *reading, const struct json *json, struct fraction *out)
{
    int64_t unit = reading_int(reading, json, "unit", 1, UNIT_MAX, 1);
    struct fraction price;

    if (reading_number(reading, json, "price", &price) &&
        fraction_divide(price, fraction_of(unit), out) != STATUS_OK)
        reading_refuse(reading, "price", "is too large");
}

static void read_unit(struct reading *reading, const struct json *json,
                      const struct contract *contract, struct contract_charge *charge)
{
    struct contract_rate *rate = reading_take(reading, 1, sizeof *rate);

    if (!rate)
        return;
    charge->kind = CONTRACT_PRICED;
    contract_rule_read(reading, json, contract, usual_per(contract), &charge->rule);
    read_metric(reading, json, &charge->quantity);
    contract_models_read(reading, json, &charge->filter);
    read_price(reading, json, &rate->price);
    rate->metrics = charge->quantity.metrics;
    charge->rates = rate;
    charge->rate_count = 1;
}

static const struct {
    const char *kind;
    const char *members;
    const char *required;
    void (*read)(struct reading *reading, const struct json *json, const struct contract *contract,
                 struct contract_charge *charge);
} kinds[] = {
    {"flat", "kind|amount|per|anchor", "amount|per", read_flat},
    {"unit", "kind|metric|models|per|anchor|price|unit", "metric|price", read_unit},
};

static void read_charge(struct reading *reading, const struct json *json,
                        const struct contract *contract, struct contract_charge *charge)
{
    const char *kind = json_text(json_member(json, "kind"), NULL);

    if (json_type(json) != JSON_OBJECT)
        reading_refuse(reading, "", "must be an object");
    for (size_t i = 0; kind && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].kind, kind) != 0)
            continue;
        charge->kind_text = kinds[i].kind;
        if (reading_object(reading, json, kinds[i].members, kinds[i].required))
            kinds[i].read(reading, json, contract, charge);
        return;
    }
    if (kind)
        reading_refuse(reading, "kind",
                       "charges of kind \"%.32s\" are not rated yet: must be flat or unit", kind);
    else
        reading_refuse(reading, "kind", "must be flat or unit");
}

void contract_charges_read(struct reading *reading, const struct json *document,
                           const struct contract *contract, struct contract_terms *terms)
{
    const struct json *list;
    size_t count = reading_list(reading, document, "charges", CONTRACT_CHARGES, &list);
    struct contract_charge *charges = reading_take(reading, count, sizeof *charges);
    size_t outside = reading_enter(reading, "charges");

    for (size_t i = 0; charges && i < count; i++) {
        size_t mark = reading_enter_item(reading, i);
        charges[i].name = reading_place(reading, "charges", i);
        read_charge(reading, json_item(list, i), contract, &charges[i]);
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    terms->charges = charges;
    terms->charge_count = count;
}

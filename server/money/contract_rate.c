/* Kinds of charge with linear prices: each becomes a list of rates, of which the first that holds
 * takes the quantity. */
#include <string.h>

#include "server/money/contract_parts.h"

#define DAY_MS 86400000

static struct contract_rate *take_rates(struct reading *reading, struct contract_charge *charge,
                                        size_t count)
{
    struct contract_rate *rates = reading_take(reading, count, sizeof *rates);

    charge->rates = rates;
    charge->rate_count = rates ? count : 0;
    for (size_t i = 0; rates && i < count; i++)
        rates[i].metrics = charge->quantity.metrics;
    return rates;
}

void contract_rate_read_unit(struct reading *reading, const struct json *json,
                             struct contract_charge *charge)
{
    struct contract_rate *rates = take_rates(reading, charge, 1);

    if (rates)
        contract_price_read(reading, json, &rates[0].price, &rates[0].unit);
}

/* The member "prices" as rates of one unit. */
static struct contract_rate *read_prices(struct reading *reading, const struct json *json,
                                         struct contract_charge *charge)
{
    const struct json *prices = json_member(json, "prices");
    size_t count = json_count(prices);
    int64_t unit = contract_unit_read(reading, json);

    if (json_type(prices) != JSON_OBJECT || count == 0 || count > CONTRACT_RATES) {
        reading_refuse(reading, "prices", "must be 1 to %d members: {output: \"2.00\"}",
                       CONTRACT_RATES);
        return NULL;
    }
    struct contract_rate *rates = take_rates(reading, charge, count);
    size_t mark = reading_enter(reading, "prices");
    for (size_t i = 0; rates && i < count; i++) {
        const char *word;
        const struct json *price = json_member_at(prices, i, &word);
        struct fraction number = FRACTION_ZERO;

        reading_number_of(reading, price, word, &number);
        rates[i].price = contract_price_of(reading, number, unit);
        rates[i].unit = unit;
    }
    reading_leave(reading, mark);
    return rates;
}

void contract_rate_read_matrix(struct reading *reading, const struct json *json,
                               struct contract_charge *charge)
{
    const struct json *prices = json_member(json, "prices");
    struct contract_rate *rates = read_prices(reading, json, charge);
    unsigned sum = 0;
    size_t mark = reading_enter(reading, "prices");

    for (size_t i = 0; rates && i < charge->rate_count; i++) {
        const char *word;

        json_member_at(prices, i, &word);
        rates[i].metrics = contract_metrics_of(word);
        if (!rates[i].metrics)
            reading_refuse(reading, word, "is no recorded metric: input_uncached, output ...");
        else if (sum & rates[i].metrics)
            reading_refuse(reading, word, "has two prices: it is part of another one's metric");
        sum |= rates[i].metrics;
    }
    reading_leave(reading, mark);
    charge->quantity =
        (struct contract_quantity){.text = contract_metrics_text(reading, sum), .metrics = sum};
}

static bool has_all(const char *const *names, size_t count, const char *const *among, size_t most)
{
    if (most == 0 || count == 0)
        return most == 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;

        while (k < most && strcmp(names[i], among[k]) != 0)
            k++;
        if (k == most)
            return false;
    }
    return true;
}

/* Nothing is left for a weight when an earlier one takes all that it is about. */
static void check_reached(struct reading *reading, const struct contract_rate *rates, size_t at)
{
    const struct contract_rate *later = &rates[at];

    for (size_t i = 0; i < at; i++) {
        const struct contract_filter *earlier = &rates[i].filter;

        if ((later->metrics & ~rates[i].metrics) == 0 &&
            has_all(later->filter.models, later->filter.model_count, earlier->models,
                    earlier->model_count) &&
            has_all(later->filter.service_tiers, later->filter.service_tier_count,
                    earlier->service_tiers, earlier->service_tier_count))
            reading_refuse(reading, "metric",
                           "is never weighed: weights/%zu takes the same usage before", i);
    }
}

/* The charge's own models are all that its weights can be about. */
static void check_models(struct reading *reading, const struct contract_filter *charge,
                         const struct contract_filter *weight)
{
    for (size_t i = 0; charge->model_count > 0 && i < weight->model_count; i++) {
        if (!has_all(&weight->models[i], 1, charge->models, charge->model_count))
            reading_refuse(reading, "models",
                           "names \"%.40s\", which the charge's models leave out",
                           weight->models[i]);
    }
}

static void read_weight(struct reading *reading, const struct json *json,
                        struct contract_rate *rate)
{
    struct contract_quantity quantity = {0};
    struct fraction points = FRACTION_ZERO;

    if (!reading_object(reading, json, "metric|models|service_tiers|points|unit", "metric|points"))
        return;
    contract_quantity_read(reading, json, CONTRACT_SOURCE(CONTRACT_RECORDED), &quantity);
    contract_filter_read(reading, json, &rate->filter);
    reading_number(reading, json, "points", &points);
    rate->metrics = quantity.metrics;
    rate->unit = contract_unit_read(reading, json);
    rate->price = contract_price_of(reading, points, rate->unit);
}

/* The first weight that holds tells how many points a unit is. */
void contract_rate_read_weights(struct reading *reading, const struct json *json,
                                struct contract_charge *charge)
{
    const struct json *list;
    size_t count = reading_list(reading, json, "weights", CONTRACT_RATES, &list);
    struct contract_rate *rates = take_rates(reading, charge, count);
    size_t outside = reading_enter(reading, "weights");
    unsigned metrics = 0;

    for (size_t i = 0; rates && i < count && !reading_failed(reading); i++) {
        size_t mark = reading_enter_item(reading, i);

        read_weight(reading, json_item(list, i), &rates[i]);
        if (!reading_failed(reading))
            check_models(reading, &charge->filter, &rates[i].filter);
        if (!reading_failed(reading))
            check_reached(reading, rates, i);
        metrics |= rates[i].metrics;
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    charge->quantity =
        (struct contract_quantity){.text = "points", .source = CONTRACT_POINTS, .metrics = metrics};
}

static void read_step(struct reading *reading, const struct json *tier, bool is_last, int64_t below,
                      struct contract_rate *rate)
{
    int64_t up_to = 0;

    if (!reading_object(reading, tier, "up_to|price|unit", "price"))
        return;
    if (json_member(tier, "up_to")) {
        up_to = reading_int(reading, tier, "up_to", 1, INT64_C(1000000000000), 1);
        if (up_to <= below)
            reading_refuse(reading, "up_to", "must be above that of the tier before");
        if (is_last)
            reading_refuse(reading, "up_to",
                           "leaves longer requests without a price: the last tier has no up_to");
    } else if (!is_last) {
        reading_refuse(reading, "up_to", "is missing: only the last tier has none");
    }
    rate->filter.has_input = true;
    rate->filter.input_over = below;
    rate->filter.input_up_to = up_to;
    contract_price_read(reading, tier, &rate->price, &rate->unit);
}

void contract_rate_read_length(struct reading *reading, const struct json *json,
                               struct contract_charge *charge)
{
    const struct json *list;
    size_t count = reading_list(reading, json, "tiers", CONTRACT_TIERS, &list);
    struct contract_rate *rates = take_rates(reading, charge, count);
    size_t outside = reading_enter(reading, "tiers");
    int64_t below = 0;

    for (size_t i = 0; rates && i < count; i++) {
        size_t mark = reading_enter_item(reading, i);

        read_step(reading, json_item(list, i), i + 1 == count, below, &rates[i]);
        below = rates[i].filter.input_up_to;
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    if (rates && count > 0)
        rates[0].filter.input_over = -1; /* a request without input has the first tier's price */
    reading_choice(reading, json, "by", "input", 0);
}

static bool is_within(const struct contract_filter *window, int32_t at_ms)
{
    if (window->hours_from_ms < window->hours_to_ms)
        return window->hours_from_ms <= at_ms && at_ms < window->hours_to_ms;
    return window->hours_from_ms <= at_ms || at_ms < window->hours_to_ms;
}

static int32_t length_of(const struct contract_filter *window)
{
    int32_t length = window->hours_to_ms - window->hours_from_ms;

    return length > 0 ? length : length + DAY_MS;
}

/* Windows must leave some of the day to the charge's own price. */
static void check_windows(struct reading *reading, const struct contract_rate *rates, size_t count)
{
    int32_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        sum += length_of(&rates[i].filter);
        for (size_t k = 0; k < i; k++) {
            if (is_within(&rates[k].filter, rates[i].filter.hours_from_ms) ||
                is_within(&rates[i].filter, rates[k].filter.hours_from_ms))
                reading_refuse(reading, "windows", "%zu and %zu overlap: which price holds?", k, i);
        }
    }
    if (sum >= DAY_MS)
        reading_refuse(reading, "windows",
                       "cover the whole day: the charge's own price would never hold");
}

void contract_rate_read_hours(struct reading *reading, const struct json *json,
                              struct contract_charge *charge)
{
    const struct json *list;
    size_t count = reading_list(reading, json, "windows", CONTRACT_RATES - 1, &list);
    struct contract_rate *rates = take_rates(reading, charge, count + 1);
    bool by_end = contract_decided_by_end(reading, json);
    int64_t unit = contract_unit_read(reading, json);
    size_t outside = reading_enter(reading, "windows");

    for (size_t i = 0; rates && i < count; i++) {
        const struct json *window = json_item(list, i);
        size_t mark = reading_enter_item(reading, i);
        struct fraction price = FRACTION_ZERO;

        if (reading_object(reading, window, "from|to|price", "from|to|price")) {
            contract_window_read(reading, window, &rates[i].filter);
            rates[i].filter.hours_by_end = by_end;
            reading_number(reading, window, "price", &price);
            rates[i].price = contract_price_of(reading, price, unit);
            rates[i].unit = unit;
        }
        reading_leave(reading, mark);
    }
    reading_leave(reading, outside);
    if (rates) {
        contract_price_read(reading, json, &rates[count].price, &rates[count].unit);
        check_windows(reading, rates, count);
    }
}

/* "*" takes the service tiers that are not named, so it is put last. */
void contract_rate_read_service_tier(struct reading *reading, const struct json *json,
                                     struct contract_charge *charge)
{
    const struct json *prices = json_member(json, "prices");
    struct contract_rate *rates = read_prices(reading, json, charge);
    const char **names = reading_take(reading, charge->rate_count, sizeof *names);
    size_t rest = charge->rate_count;

    for (size_t i = 0; rates && names && i < charge->rate_count; i++) {
        json_member_at(prices, i, &names[i]);
        names[i] = reading_keep(reading, names[i]);
        if (!names[i])
            return;
        if (strcmp(names[i], "*") == 0) {
            rest = i;
            continue;
        }
        rates[i].filter.service_tiers = &names[i];
        rates[i].filter.service_tier_count = 1;
    }
    if (rates && rest < charge->rate_count) {
        struct contract_rate all = rates[rest];

        memmove(&rates[rest], &rates[rest + 1], (charge->rate_count - rest - 1) * sizeof all);
        rates[charge->rate_count - 1] = all;
    }
}

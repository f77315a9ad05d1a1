#include "tests/simulation/credit/market.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/credit/world.h"

#define PRICE_SCALE   1000000 /* weights of 10^-15, amounts of 10^-9 */
#define TYPICAL_INPUT 200
#define TYPICAL_OUT   250

static const char *const unit_names[MARKET_UNITS] = {"requests", "output", "tokens", "CNY"};

/* Money is weighed dearer than it is billed: at the price before the next tier, say. */
static uint64_t weigh(uint64_t price)
{
    return price + price / 4;
}

static void fill_weights(enum market_unit unit, uint64_t price, wire_CreditMeasure *out)
{
    uint64_t *weights = out->weights;

    snprintf(out->unit, sizeof out->unit, "%s", unit_names[unit]);
    out->weights_count = LIMIT_WEIGHTS;
    out->divisor = unit == MARKET_MONEY ? PRICE_SCALE : 1;
    switch (unit) {
    case MARKET_REQUESTS:
        weights[MEASURE_REQUESTS] = 1;
        break;
    case MARKET_OUTPUT:
        weights[MEASURE_OUTPUT] = weights[MEASURE_REASONING] = 1;
        break;
    case MARKET_TOKENS:
        for (unsigned i = MEASURE_INPUT_UNCACHED; i <= MEASURE_REASONING; i++)
            weights[i] = 1;
        break;
    default:
        weights[MEASURE_INPUT_UNCACHED] = weigh(price) / 4;
        weights[MEASURE_INPUT_CACHED] = weigh(price) / 16;
        weights[MEASURE_OUTPUT] = weigh(price);
        weights[MEASURE_REASONING] = 2 * weigh(price); /* the dearest class is not the first */
        break;
    }
}

static uint64_t price_of(const struct market_line *line)
{
    uint64_t price = line->route == 0 ? 2000000000 : 700000000;

    return price + price / 7 * (line->version % 5);
}

static unsigned add_line(struct market *market, unsigned route, unsigned units)
{
    if (market->line_count == MARKET_LINES) {
        fprintf(stderr, "credit simulation: more lines than the market holds\n");
        abort();
    }
    struct market_line *line = &market->lines[market->line_count];
    *line =
        (struct market_line){.route = route, .version = market->versions[route], .units = units};
    wire_CreditLine *wire = &line->wire;
    snprintf(wire->line_id, sizeof wire->line_id, "line-%u-%u-%x", route, line->version, units);
    snprintf(wire->vendor, sizeof wire->vendor, "vendor-%u", route);
    snprintf(wire->model, sizeof wire->model, "model-%u", route);
    snprintf(wire->contract, sizeof wire->contract, "contract-%u", route);
    wire->contract_version = line->version;
    wire->unlimited = units == 0;
    for (unsigned unit = 0; unit < MARKET_UNITS; unit++) {
        if (!(units >> unit & 1))
            continue;
        line->unit_of[wire->measures_count] = (enum market_unit)unit;
        fill_weights((enum market_unit)unit, price_of(line),
                     &wire->measures[wire->measures_count++]);
    }
    return (unsigned)market->line_count++;
}

bool market_binds(const struct market_cap *cap, unsigned device, unsigned route)
{
    switch (cap->scope) {
    case MARKET_ROUTE:
        return cap->subject == route;
    case MARKET_GROUP:
        return cap->subject == device % 2;
    case MARKET_DEVICE:
        return cap->subject == device;
    default:
        return true;
    }
}

unsigned market_line_of(struct world *world, unsigned device, unsigned route)
{
    struct market *market = &world->market;
    unsigned units = 0;

    for (size_t i = 0; i < market->cap_count; i++)
        if (market_binds(&market->caps[i], device, route))
            units |= 1u << market->caps[i].unit;
    for (size_t i = 0; i < market->line_count; i++) {
        const struct market_line *line = &market->lines[i];

        if (line->route == route && line->version == market->versions[route] &&
            line->units == units)
            return (unsigned)i;
    }
    return add_line(market, route, units);
}

const struct market_line *market_find_line(const struct market *market, const char *line_id)
{
    for (size_t i = 0; i < market->line_count; i++)
        if (strcmp(market->lines[i].wire.line_id, line_id) == 0)
            return &market->lines[i];
    return NULL;
}

const wire_CreditMeasure *market_measure(const struct market_line *line, enum market_unit unit)
{
    for (pb_size_t i = 0; i < line->wire.measures_count; i++)
        if (line->unit_of[i] == unit)
            return &line->wire.measures[i];
    return NULL;
}

/* By the bill, not by the weights: what an attempt cost whose line has no measure of this unit is
 * counted all the same. What is neither final nor unsent is charged at its reservation. */
int64_t market_booked(const struct market_line *line, enum market_unit unit,
                      const wire_UsageRecord *record)
{
    const bool is_final = record->provenance == wire_Provenance_VENDOR_FINAL;
    const bool is_worst = !is_final && record->provenance != wire_Provenance_NOT_SENT;
    wire_CreditMeasure bill = wire_CreditMeasure_init_zero;

    fill_weights(unit, price_of(line), &bill);
    if (is_worst)
        return (int64_t)measure_consumed(&bill, record);
    if (unit == MARKET_MONEY)
        for (unsigned i = 0; i < LIMIT_WEIGHTS; i++)
            bill.weights[i] = bill.weights[i] / 5 * 4;
    return (int64_t)measure_consumed(&bill, record);
}

uint64_t market_typical(const wire_CreditMeasure *measure)
{
    const wire_UsageRecord record = {.reserved_input = TYPICAL_INPUT,
                                     .reserved_output = TYPICAL_OUT};

    return measure_worst_case(measure, &record);
}

/* ---- the operator ---- */

static int64_t size_for(const struct world *world, enum market_unit unit, unsigned attempts)
{
    static const int64_t sizes[MARKET_UNITS] = {1, 200, 360, 0};
    wire_CreditMeasure money = wire_CreditMeasure_init_zero;

    (void)world;
    if (unit != MARKET_MONEY)
        return sizes[unit] * attempts;
    fill_weights(MARKET_MONEY, 1500000000, &money);
    return (int64_t)market_typical(&money) * attempts / 2;
}

static void add_cap(struct world *world, enum market_unit unit, enum market_scope scope,
                    unsigned subject, unsigned attempts)
{
    struct market *market = &world->market;

    market->caps[market->cap_count++] = (struct market_cap){
        .unit = unit,
        .scope = scope,
        .subject = subject,
        .limit = size_for(world, unit, attempts),
        .period_ms = world_between(world, 0, 5) == 0 ? 0 : world->plan.period_ms,
        .since_ms = world->now_ms,
    };
}

static enum market_unit any_unit(struct world *world)
{
    return (enum market_unit)world_between(world, 0, MARKET_UNITS - 1);
}

void market_open(struct world *world)
{
    const unsigned attempts = world->plan.tightness;

    add_cap(world, any_unit(world), MARKET_ROUTE, 0, attempts);
    add_cap(world, MARKET_MONEY, MARKET_FLEET, 0, attempts * 2);
    if (world_between(world, 0, 2) > 0)
        add_cap(world, any_unit(world), MARKET_ROUTE, 1, attempts);
    if (world_between(world, 0, 1))
        add_cap(world, any_unit(world), MARKET_GROUP, 0, attempts);
    if (world_between(world, 0, 1))
        add_cap(world, any_unit(world), MARKET_DEVICE, 0, attempts / 2 + 1);
}

static struct market_cap *any_cap(struct world *world)
{
    struct market *market = &world->market;

    return &market->caps[world_between(world, 0, (int64_t)market->cap_count - 1)];
}

void market_lower_cap(struct world *world)
{
    struct market_cap *cap = any_cap(world);

    cap->limit = cap->limit * world_between(world, 30, 95) / 100;
    world_say(world, "cap %d lowered to %lld", (int)(cap - world->market.caps),
              (long long)cap->limit);
}

void market_raise_cap(struct world *world)
{
    struct market_cap *cap = any_cap(world);

    cap->limit += size_for(world, cap->unit, (unsigned)world_between(world, 1, 20));
    world_say(world, "cap %d raised to %lld", (int)(cap - world->market.caps),
              (long long)cap->limit);
}

void market_add_budget(struct world *world)
{
    const unsigned attempts = (unsigned)world_between(world, 1, 40);
    const enum market_scope scope = (enum market_scope)world_between(world, 0, MARKET_DEVICE);
    const unsigned subjects[] = {MARKET_ROUTES, 1, 2, world->plan.devices};

    if (world->market.cap_count == MARKET_CAPS)
        return;
    add_cap(world, any_unit(world), scope,
            (unsigned)world_between(world, 0, (int64_t)subjects[scope] - 1), attempts);
    judge_cap_added(world, (unsigned)world->market.cap_count - 1);
    world_say(world, "budget %zu added", world->market.cap_count - 1);
}

void market_replace_line(struct world *world)
{
    const unsigned route = (unsigned)world_between(world, 0, MARKET_ROUTES - 1);

    world->market.versions[route]++;
    world_say(world, "route %u has version %u", route, world->market.versions[route]);
}

/* Whether caps, budgets and rate limits carry the robots: pre-flight's headroom. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/money/currency.h"
#include "server/store/preflight_parts.h"

#define DAY_MS      INT64_C(86400000)
#define LONG_DAY_MS (DAY_MS + DAY_MS / 12) /* clocks change */
#define P99         2.326347874            /* of the normal distribution */

/* A pool's row. */
struct pool {
    const char *source, *scope, *subject, *unit;
    bool is_money, is_hard;
    unsigned metrics;
    struct span models; /* JSON list, or empty: all */
    int64_t from_ms, to_ms;
    struct fraction limit, spent;
};

/* ---- pools ---- */

static bool names_model(struct span models, const char *model)
{
    struct json *list;
    bool found = false;

    if (models.size == 0 || json_parse(models, &list, NULL) != STATUS_OK)
        return true;
    for (size_t i = 0; i < json_count(list); i++)
        found |= strcmp(json_text(json_item(list, i), ""), model) == 0;
    json_free(list);
    return found;
}

static bool is_about(const struct pool *pool, const char *contract_id, const char *vendor_id,
                     const char *model)
{
    if (strcmp(pool->scope, "contract") == 0 && strcmp(pool->subject, contract_id) != 0)
        return false;
    if (strcmp(pool->scope, "vendor") == 0 && strcmp(pool->subject, vendor_id) != 0)
        return false;
    return names_model(pool->models, model);
}

static int64_t units_of(const struct pool *pool, const int64_t day[CONTRACT_METRICS])
{
    int64_t sum = 0;

    for (unsigned m = 0; m < CONTRACT_METRICS; m++)
        if (pool->metrics & CONTRACT_BIT(m))
            sum += day[m];
    return sum;
}

/* What that day counted in the pool, in a state: those that moved count where they went. */
static enum status count_day(const struct preflight_work *work, const struct pool *pool, size_t day,
                             struct fraction moved, struct fraction *out)
{
    int64_t fixed = 0, moving = 0; /* with the share that moved */
    struct fraction part;

    for (size_t i = 0; i < work->metered_count; i++) {
        const struct preflight_metered *row = &work->metered[i];
        const int64_t units = units_of(pool, row->days[day]);

        if (is_about(pool, row->contract_id, row->vendor_id, row->model)) {
            fixed += units;
            moving -= row->to ? units : 0;
        }
        if (row->to && is_about(pool, row->to->contract_id, row->to->vendor_id, row->to->model))
            moving += units;
    }
    enum status status = fraction_multiply(fraction_of(moving), moved, &part);

    return status == STATUS_OK ? fraction_add(fraction_of(fixed), part, out) : status;
}

/* A mean day, and the busiest. */
static enum status count_days(const struct preflight_work *work, const struct pool *pool,
                              size_t state, struct fraction *mean, struct fraction *busiest)
{
    const struct fraction moved = preflight_share(work, state);
    enum status status = STATUS_OK;

    *mean = *busiest = FRACTION_ZERO;
    for (size_t day = 0; day < PREFLIGHT_DAYS && status == STATUS_OK; day++) {
        struct fraction units;

        status = count_day(work, pool, day, moved, &units);
        if (status == STATUS_OK && fraction_compare(units, *busiest) > 0)
            *busiest = units;
        if (status == STATUS_OK)
            status = fraction_add(*mean, units, mean);
    }
    return status == STATUS_OK ? fraction_multiply(*mean, fraction_ratio(24, work->hours), mean)
                               : status;
}

/* Money: what is paid now, and what the contracts' own arithmetic says that the move changes. */
static enum status pay_days(const struct preflight_work *work, const struct pool *pool,
                            size_t state, struct fraction *mean)
{
    enum status status = STATUS_OK;

    *mean = FRACTION_ZERO;
    for (size_t i = 0; i < work->metered_count && status == STATUS_OK; i++) {
        const struct preflight_metered *row = &work->metered[i];
        const struct terms_contract *found = terms_find(work->terms, row->contract_id);

        if (found && strcmp(found->contract.currency, pool->unit) == 0 &&
            is_about(pool, row->contract_id, row->vendor_id, row->model))
            status = fraction_add(*mean, row->price, mean);
    }
    if (status == STATUS_OK)
        status = fraction_multiply(*mean, fraction_ratio(24, work->hours), mean);
    for (size_t i = 0; i < work->cost_count && status == STATUS_OK; i++) {
        const struct preflight_cost *cost = &work->costs[i];
        const struct contract *contract = &cost->terms->contract;
        const int64_t first = zone_day(cost->terms->zone, work->ask->now_ms) + 1;
        struct fraction change;

        if (!cost->is_known || work->horizon <= first ||
            strcmp(contract->currency, pool->unit) != 0 ||
            !is_about(pool, contract->contract_id, contract->vendor_id, ""))
            continue;
        status = fraction_subtract(fraction_of_decimal(cost->usage[state]),
                                   fraction_of_decimal(cost->usage[0]), &change);
        if (status == STATUS_OK)
            status = fraction_multiply(change, fraction_ratio(1, work->horizon - first), &change);
        if (status == STATUS_OK)
            status = fraction_add(*mean, change, mean);
    }
    return status;
}

/* What the pool will have counted at its period's end, or a whole period of it, whichever is more;
 * of a pool of days, its busiest. */
static enum status fill_up(const struct preflight_work *work, const struct pool *pool, size_t state,
                           struct fraction *out)
{
    const int64_t length_ms = pool->to_ms - pool->from_ms;
    const int64_t left_ms = pool->to_ms - work->ask->now_ms;
    struct fraction mean, busiest, rest, whole;
    enum status status = pool->is_money ? pay_days(work, pool, state, &mean)
                                        : count_days(work, pool, state, &mean, &busiest);

    if (status != STATUS_OK)
        return status;
    if (length_ms <= LONG_DAY_MS) {
        *out = pool->is_money ? mean : busiest;
        return STATUS_OK;
    }
    status = fraction_multiply(mean, fraction_ratio(left_ms > 0 ? left_ms : 0, DAY_MS), &rest);
    if (status == STATUS_OK)
        status = fraction_add(pool->spent, rest, &rest);
    if (status == STATUS_OK)
        status = fraction_multiply(mean, fraction_ratio(length_ms, DAY_MS), &whole);
    if (status == STATUS_OK)
        *out = fraction_compare(rest, whole) > 0 ? rest : whole;
    return status;
}

/* How much of what would come fits, in percent. */
static int64_t carried(double limit, double stay, double end)
{
    if (end <= limit)
        return 100;
    return stay >= limit ? 0 : (int64_t)(100 * (limit - stay) / (end - stay));
}

static double number_of(struct fraction number)
{
    struct decimal cut;

    return fraction_cut(number, &cut) == STATUS_OK ? (double)cut.units / 1e21 : INFINITY;
}

static void tell_passed(struct preflight_work *work, const struct preflight_room *room,
                        const char *limit, const char *stay, const char *end)
{
    if (work->leaves)
        preflight_find(work, "cap_passed", PREFLIGHT_WARN, 0,
                       "%s has %s %s and is passed without the drain: %s in a period", room->source,
                       limit, room->unit, stay);
    else
        preflight_find(
            work, "cap_passed", PREFLIGHT_WARN, 0,
            "%s has %s %s and would be passed even if nobody moved: %s; %s when all have",
            room->source, limit, room->unit, stay, end);
}

static void tell_room(struct preflight_work *work, const struct preflight_room *room, int64_t wave)
{
    const enum preflight_severity severity = room->is_hard ? PREFLIGHT_REFUSE : PREFLIGHT_WARN;
    const unsigned places = room->is_money ? room->places : 0;
    char limit[AMOUNT_SIZE], stay[AMOUNT_SIZE], end[AMOUNT_SIZE];

    amount_rounded(room->limit, places, limit);
    amount_rounded(room->stay, places, stay);
    amount_rounded(room->end, places, end);
    amount_group(limit);
    amount_group(stay);
    amount_group(end);
    if (fraction_compare(room->stay, room->limit) > 0)
        tell_passed(work, room, limit, stay, end);
    else if (work->leaves)
        preflight_find(work, "cap", severity, 0,
                       "%s has %s %s: %s now, %s with the drained load if that lasts; it carries "
                       "%lld %% of it",
                       room->source, limit, room->unit, stay, end, (long long)room->carries);
    else
        preflight_find(work, "cap", severity, wave,
                       "%s has %s %s: %s when nobody moves, %s when all have; wave %lld breaks it",
                       room->source, limit, room->unit, stay, end, (long long)wave);
}

static enum status measure_pool(struct preflight_work *work, const struct pool *pool)
{
    struct preflight_room *room = &work->rooms[work->room_count];
    struct fraction filled;
    int64_t wave = 0;
    enum status status = STATUS_OK;

    *room = (struct preflight_room){.source = pool->source,
                                    .unit = pool->unit,
                                    .is_hard = pool->is_hard,
                                    .is_money = pool->is_money,
                                    .limit = pool->limit,
                                    .spent = pool->spent};
    if (pool->is_money && !currency_find(pool->unit, &room->places))
        room->places = 2;
    for (size_t state = 0; state <= work->wave_count && status == STATUS_OK; state++) {
        status = fill_up(work, pool, state, &filled);
        if (status == STATUS_OK && state == 0)
            room->stay = filled;
        if (status == STATUS_OK && wave == 0 && fraction_compare(filled, pool->limit) > 0)
            wave = state > 0 ? (int64_t)state : 1;
        room->end = filled;
    }
    if (status != STATUS_OK)
        return status;
    room->carries = carried(number_of(room->limit), number_of(room->stay), number_of(room->end));
    work->room_count++;
    if (wave > 0)
        tell_room(work, room, wave);
    return STATUS_OK;
}

static enum status read_pool(struct preflight_work *work, const struct result *result, size_t i,
                             struct pool *pool)
{
    *pool = (struct pool){
        .source = arena_text(work->arena, result_span(result, i, 0)),
        .scope = arena_text(work->arena, result_span(result, i, 1)),
        .subject = arena_text(work->arena, result_span(result, i, 2)),
        .unit = arena_text(work->arena, result_span(result, i, 3)),
        .is_money = result_bool(result, i, 4),
        .metrics = (unsigned)result_int(result, i, 5),
        .is_hard = result_bool(result, i, 6),
        .from_ms = result_time(result, i, 7),
        .to_ms = result_time(result, i, 8),
        .models = result_copy(result, i, 11, work->arena),
    };
    enum status status = fraction_parse(result_span(result, i, 9), &pool->limit);

    return status == STATUS_OK ? fraction_parse(result_span(result, i, 10), &pool->spent) : status;
}

/* Those of the vendors and contracts that are joined; of the fleet those of money, because what
 * robots use of anything else stays what it is. Pools without an end have no period to fill. */
enum status preflight_measure_rooms(struct preflight_work *work)
{
    STORE_STATEMENT(
        read,
        "SELECT p.source, p.scope, p.subject, p.unit, p.is_money, p.metrics, p.hard,"
        " p.period_from, p.period_to, p.limit_amount::text, p.spent::text,"
        " to_jsonb(p.models)::text FROM myna.pool p"
        " WHERE p.is_active AND NOT p.is_closed AND p.period_to > $3::timestamptz"
        " AND p.period_to < 'infinity' AND (p.scope = 'contract' AND p.subject = ANY ($1::text[])"
        "  OR p.scope = 'vendor' AND p.subject = ANY ($2::text[])"
        "  OR p.scope = 'fleet' AND p.is_money) ORDER BY p.source, p.unit");
    const char *contracts[PREFLIGHT_TO], *vendors[PREFLIGHT_TO];
    struct result result = {0};

    for (size_t i = 0; i < work->to_count; i++) {
        contracts[i] = work->to[i].contract_id;
        vendors[i] = work->to[i].vendor_id;
    }
    enum status status = store_exec(work->conn, &read,
                                    STORE_VALUES(value_text_array(contracts, work->to_count),
                                                 value_text_array(vendors, work->to_count),
                                                 value_time(work->ask->now_ms)),
                                    &result);
    if (status != STATUS_OK)
        return status;
    work->rooms = arena_take(work->arena, (result_count(&result) + 1) * sizeof *work->rooms);
    if (!work->rooms)
        status = STATUS_MEMORY;
    for (size_t i = 0; i < result_count(&result) && status == STATUS_OK; i++) {
        struct pool pool;

        status = read_pool(work, &result, i, &pool);
        if (status == STATUS_OK)
            status = measure_pool(work, &pool);
    }
    result_release(&result);
    return status;
}

/* ---- rates ---- */

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The busiest hour in a hundred, per minute. */
static double busy_minute(const struct preflight_work *work, const char *contract_id, double moved,
                          bool of_tokens)
{
    double hours[PREFLIGHT_HOURS] = {0};

    for (size_t i = 0; i < work->load_count; i++) {
        const struct preflight_load *load = &work->loads[i];
        const bool is_here = strcmp(load->contract_id, contract_id) == 0;
        const double weight = is_here ? 1 : preflight_moves(work, load, contract_id) ? moved : 0;

        for (size_t hour = 0; hour < PREFLIGHT_HOURS; hour++)
            hours[hour] += weight * (double)(of_tokens ? load->tokens[hour] : load->requests[hour]);
    }
    const size_t count = (size_t)work->hours, first = PREFLIGHT_HOURS - count;

    qsort(hours + first, count, sizeof *hours, by_size);
    return hours[first + (size_t)(0.99 * (double)(count - 1) + 0.5)] / 60;
}

/* What is passed in one of a hundred minutes (or moments) when requests come by chance: a Poisson
 * count's 99th percentile, about mean + 2.33 sqrt(mean). */
static double peak_of(double mean)
{
    return mean + P99 * sqrt(mean);
}

static double rate_of(const struct preflight_work *work, const struct contract_cap *cap,
                      const char *contract_id, size_t state)
{
    struct decimal share;
    const double moved = fraction_cut(preflight_share(work, state), &share) == STATUS_OK
                             ? (double)share.units / 1e21
                             : 1;
    const double requests = busy_minute(work, contract_id, moved, false);

    switch (cap->quantity.source) {
    case CONTRACT_REQUESTS_PER_MINUTE:
        return peak_of(requests);
    case CONTRACT_TOKENS_PER_MINUTE:
        return requests > 0
                   ? busy_minute(work, contract_id, moved, true) * peak_of(requests) / requests
                   : 0;
    default:
        return peak_of(requests / 60000 * (double)work->duration_ms);
    }
}

/* A drain shows all that it lands on, also what fits. */
static void note_rate(struct preflight_work *work, const char *contract_id,
                      const struct contract_cap *cap, double limit)
{
    struct preflight_rate *rate = &work->rates[work->rate_count];

    if (work->rate_count == PREFLIGHT_RATES)
        return;
    work->rate_count++;
    *rate = (struct preflight_rate){
        .contract_id = contract_id,
        .metric = cap->quantity.text,
        .is_hard = cap->hard,
        .limit = limit,
        .stay = rate_of(work, cap, contract_id, 0),
        .end = rate_of(work, cap, contract_id, work->wave_count),
    };
    rate->carries = carried(rate->limit, rate->stay, rate->end);
    if (rate->end > limit)
        preflight_find(work, "rate", cap->hard ? PREFLIGHT_REFUSE : PREFLIGHT_WARN, 0,
                       "contract \"%s\" allows %.0f %s: %.0f now, %.0f in busy hours with the"
                       " drained load; it carries %lld %% of it",
                       contract_id, limit, cap->quantity.text, rate->stay, rate->end,
                       (long long)rate->carries);
}

static void check_rate(struct preflight_work *work, const char *contract_id,
                       const struct contract_cap *cap)
{
    const double limit = number_of(cap->at_most);

    if (work->leaves) {
        note_rate(work, contract_id, cap, limit);
        return;
    }
    for (size_t state = 1; state <= work->wave_count; state++) {
        const double rate = rate_of(work, cap, contract_id, state);

        if (rate <= limit)
            continue;
        preflight_find(work, "rate", cap->hard ? PREFLIGHT_REFUSE : PREFLIGHT_WARN, (int64_t)state,
                       "contract \"%s\" allows %.0f %s: %.0f when nobody moves, %.0f in busy hours"
                       " when all have; wave %zu breaks it",
                       contract_id, limit, cap->quantity.text, rate_of(work, cap, contract_id, 0),
                       rate_of(work, cap, contract_id, work->wave_count), state);
        return;
    }
}

static bool is_rate(const struct contract_cap *cap)
{
    return cap->quantity.source == CONTRACT_CONCURRENCY ||
           cap->quantity.source == CONTRACT_REQUESTS_PER_MINUTE ||
           cap->quantity.source == CONTRACT_TOKENS_PER_MINUTE;
}

enum status preflight_check_rates(struct preflight_work *work)
{
    for (size_t i = 0; i < work->cost_count; i++) {
        int64_t version;
        const struct contract_terms *terms =
            work->costs[i].is_joined
                ? terms_in_force(work->costs[i].terms, work->ask->now_ms, &version)
                : NULL;

        for (size_t k = 0; terms && k < terms->cap_count; k++) {
            const struct contract_cap *cap = &terms->caps[k];

            if (is_rate(cap) &&
                (cap->quantity.source != CONTRACT_CONCURRENCY || work->duration_ms > 0))
                check_rate(work, work->costs[i].terms->contract_id, cap);
        }
    }
    return STATUS_OK;
}

#include "server/bus/lines.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/wire/dialects.h"
#include "schema/wire/measure.h"
#include "server/bus/state.h"
#include "server/money/weight.h"
#include "server/store/spending.h"

#define REMEMBERED 64

/* Money's weights of one model under one contract. */
struct memory {
    const struct contract *contract;
    int64_t version;
    char model[LIMIT_MODEL + 1];
    bool is_bounded;
    uint64_t weights[CONTRACT_METRICS];
};

struct lines {
    const struct credits *credits;
    struct terms *terms;
    struct memory memories[REMEMBERED];
    size_t memory_count;
};

_Static_assert(LIMIT_WEIGHTS == CONTRACT_METRICS, "one weight for each token class");

enum status lines_create(struct lines **out, const struct credits *credits, struct terms *terms)
{
    struct lines *lines = calloc(1, sizeof *lines);

    if (!lines)
        return STATUS_MEMORY;
    lines->credits = credits;
    lines->terms = terms;
    *out = lines;
    return STATUS_OK;
}

void lines_free(struct lines *lines)
{
    free(lines);
}

void lines_begin(struct lines *lines)
{
    lines->memory_count = 0;
}

/* ---- which pools ---- */

/* ---- by which weights ---- */

/* Outside of its term a contract prices nothing, but what it capped stays capped. */
static const struct contract *find_contract(struct lines *lines, const struct routes_row *route)
{
    const struct terms_contract *found = terms_find(lines->terms, route->contract_id);

    return found ? &found->contract : NULL;
}

/* The first terms of the document in force when the generation was made: amendments that the
 * document brings by itself are among what may be reached, and so change no line. */
static int64_t find_version(struct lines *lines, const struct routes_row *route)
{
    const struct terms_contract *found = terms_find(lines->terms, route->contract_id);

    for (size_t i = 0; found && i < found->contract.version_count; i++) {
        const struct contract_terms *terms = &found->contract.versions[i];

        if (found->versions[terms->document - 1] >= route->contract_version)
            return terms->version;
    }
    return 0;
}

static struct memory *recall(struct lines *lines, const struct contract *contract, int64_t version,
                             const char *model)
{
    if (lines->memory_count == REMEMBERED)
        lines->memory_count = 0;
    for (size_t i = 0; i < lines->memory_count; i++) {
        struct memory *known = &lines->memories[i];

        if (known->contract == contract && known->version == version &&
            strcmp(known->model, model) == 0)
            return known;
    }
    struct memory *memory = &lines->memories[lines->memory_count++];
    char reason[160];

    *memory = (struct memory){.contract = contract, .version = version};
    memcpy(memory->model, model, strlen(model) + 1);
    memory->is_bounded =
        weight_of_money(contract, version, model, memory->weights, reason) == STATUS_OK;
    return memory;
}

static bool weigh_money(struct lines *lines, const struct routes_row *route,
                        wire_CreditMeasure *terms)
{
    const struct contract *contract = find_contract(lines, route);

    if (!contract || strlen(route->model) > LIMIT_MODEL)
        return false;
    const struct memory *memory = recall(lines, contract, find_version(lines, route), route->model);
    memcpy(terms->weights, memory->weights, sizeof memory->weights);
    terms->divisor = WEIGHT_DIVISOR;
    return memory->is_bounded;
}

/* A limit that output uses up binds nobody whose output has no bound: such vendors are refused when
 * limit or dialect is written, and left out here should both stand all the same. */
static bool can_keep(const struct routes_row *route, const wire_CreditMeasure *terms)
{
    return terms->weights[CONTRACT_OUTPUT] + terms->weights[CONTRACT_REASONING] == 0 ||
           dialects_bounds_output(route->dialect);
}

/* A worst case as it is before the device has said what its own are. */
static wire_UsageRecord typical_attempt(const struct lines_line *line)
{
    wire_UsageRecord typical = wire_UsageRecord_init_zero;

    switch (message_route_use(line->route->use)) {
    case wire_RouteUse_SPEECH:
        typical.audio_out_chars = line->is_test ? LINES_TEST_CHARS : LINES_TYPICAL_CHARS;
        break;
    case wire_RouteUse_TRANSCRIPTION:
        typical.audio_in_ms = LINES_TYPICAL_MS;
        break;
    case wire_RouteUse_CHAT:
        typical.reserved_input = line->is_test ? LINES_TEST_INPUT : LINES_TYPICAL_INPUT;
        typical.reserved_output = line->is_test ? LINES_TEST_OUTPUT : LINES_TYPICAL_OUTPUT;
        break;
    }
    return typical;
}

static bool weigh(struct lines *lines, const struct lines_line *line,
                  const struct credits_pool *pool, struct lines_measure *measure)
{
    const struct routes_row *route = line->route;
    wire_UsageRecord typical = typical_attempt(line);
    wire_CreditMeasure *terms = &measure->terms;

    if (span_to_text(span_text(pool->unit), terms->unit, sizeof terms->unit) != STATUS_OK)
        return false;
    terms->weights_count = LIMIT_WEIGHTS;
    terms->divisor = 1;
    if (!pool->is_money)
        weight_of_metrics(pool->metrics, terms->weights);
    else if (!weigh_money(lines, route, terms))
        return false;
    if (!can_keep(route, terms))
        return false;
    measure->attempt = measure_worst_case(terms, &typical);
    if (measure->attempt == 0)
        measure->attempt = 1;
    typical.reserved_output = LINES_LEAST_OUTPUT;
    const uint64_t shortest = measure_worst_case(terms, &typical);
    measure->answer = measure->attempt > shortest ? measure->attempt - shortest : 0;
    typical.reserved_input = LINES_LEAST_INPUT;
    measure->least = measure_worst_case(terms, &typical);
    return true;
}

/* ---- lines ---- */

/* A limit of money binds only what is paid in its currency. */
static bool is_priced_in(struct lines *lines, const struct routes_row *route,
                         const struct credits_pool *pool)
{
    const struct contract *contract = find_contract(lines, route);

    return !pool->is_money || (contract && strcmp(contract->currency, pool->unit) == 0);
}

static struct lines_measure *find_measure(struct lines_line *line, const char *unit)
{
    for (size_t i = 0; i < line->measure_count; i++) {
        if (strcmp(line->measures[i].terms.unit, unit) == 0)
            return &line->measures[i];
    }
    return NULL;
}

/* A cap's ended pool keeps the unit binding until its next one takes over. */
static bool bind(struct lines *lines, struct lines_line *line, size_t place,
                 const struct credits_pool *pool, int64_t now_ms)
{
    struct lines_measure *measure = find_measure(line, pool->unit);

    if (!measure) {
        if (line->measure_count == LIMIT_MEASURES)
            return false;
        measure = &line->measures[line->measure_count];
        *measure = (struct lines_measure){0};
        if (!weigh(lines, line, pool, measure))
            return false;
        line->measure_count++;
    }
    if (now_ms >= pool->to_ms) {
        measure->is_stalled = true;
        return true;
    }
    if (measure->pool_count == CREDITS_POOLS)
        return false;
    measure->pools[measure->pool_count++] = place;
    return true;
}

/* Whether a later pool of the same cap is in force. */
static bool is_succeeded(const struct credits_pool *pools, size_t count, size_t place)
{
    for (size_t i = place + 1; i < count; i++) {
        if (pools[i].is_active && strcmp(pools[i].source, pools[place].source) == 0 &&
            strcmp(pools[i].unit, pools[place].unit) == 0)
            return true;
    }
    return false;
}

static bool bind_all(struct lines *lines, struct lines_line *line,
                     const struct credits_member *groups, size_t group_count, int64_t now_ms)
{
    const struct routes_row *route = line->route;
    size_t count;
    const struct credits_pool *pools = credits_pools(lines->credits, &count);

    for (size_t i = 0; i < count; i++) {
        if (!pools[i].hard || !pools[i].is_active ||
            (line->is_test && !spending_pays_tests(&pools[i])) ||
            !spending_is_about(&pools[i], route->device_id, groups, group_count, route->vendor_id,
                               route->contract_id, route->model) ||
            !is_priced_in(lines, route, &pools[i]) ||
            (now_ms >= pools[i].to_ms && is_succeeded(pools, count, i)))
            continue;
        if (!bind(lines, line, i, &pools[i], now_ms))
            return false;
    }
    return true;
}

static int by_unit(const void *a, const void *b)
{
    return strcmp(((const struct lines_measure *)a)->terms.unit,
                  ((const struct lines_measure *)b)->terms.unit);
}

/* Measures in the order of their units, whatever order their pools came in. */
static void name_line(struct lines_line *line)
{
    static const char digits[] = "0123456789abcdef";
    struct span parts[2 + 3 * LIMIT_MEASURES];
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t n = 0;

    route_line_id(line->route->vendor_id, line->route->model, line->route->contract_id,
                  (uint32_t)line->route->contract_version, line->line_id);
    if (line->measure_count == 0 && !line->is_test)
        return;
    qsort(line->measures, line->measure_count, sizeof *line->measures, by_unit);
    parts[n++] = line->is_test ? span_of("myna test 1", 12) : span_of("myna line 2", 12);
    parts[n++] = span_text(line->line_id);
    for (size_t i = 0; i < line->measure_count; i++) {
        const wire_CreditMeasure *terms = &line->measures[i].terms;

        parts[n++] = span_of(terms->unit, strlen(terms->unit) + 1);
        parts[n++] = span_of(terms->weights, sizeof terms->weights);
        parts[n++] = span_of(&terms->divisor, sizeof terms->divisor);
    }
    crypto_sha256(parts, n, hash);
    for (unsigned i = 0; i < (ROUTE_LINE_ID_SIZE - 1) / 2; i++) {
        line->line_id[2 * i] = digits[hash[i] >> 4];
        line->line_id[2 * i + 1] = digits[hash[i] & 15];
    }
}

bool lines_draws_from(const struct lines_line *line, size_t pool)
{
    for (size_t m = 0; m < line->measure_count; m++) {
        for (size_t i = 0; i < line->measures[m].pool_count; i++) {
            if (line->measures[m].pools[i] == pool)
                return true;
        }
    }
    return false;
}

static bool share_pool(const struct lines_line *a, const struct lines_line *b)
{
    for (size_t m = 0; m < a->measure_count; m++) {
        for (size_t i = 0; i < a->measures[m].pool_count; i++) {
            if (lines_draws_from(b, a->measures[m].pools[i]))
                return true;
        }
    }
    return false;
}

static void choose_standby(struct lines_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t before = 0;

        lines[i].first = i;
        for (size_t k = i; k-- > 0;) {
            if (strcmp(lines[k].route->use, lines[i].route->use) != 0)
                continue;
            lines[i].first = k;
            before++;
        }
        if (before != 1)
            continue;
        lines[i].is_spare = share_pool(&lines[lines[i].first], &lines[i]);
        lines[i].is_standby = !lines[i].is_spare;
    }
}

/* vendor "": of any. */
static const struct lines_line *first_for(wire_RouteUse use, const char *vendor,
                                          const struct lines_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!lines[i].is_test && message_route_use(lines[i].route->use) == use &&
            (*vendor == 0 || strcmp(lines[i].route->vendor_id, vendor) == 0))
            return &lines[i];
    return NULL;
}

/* Its pools are among those of the line beside it: what could be weighed there can be here. */
static void add_test(struct lines *lines, const struct lines_line *beside,
                     const struct credits_member *groups, size_t group_count, int64_t now_ms,
                     struct lines_line out[LIMIT_CREDIT_LINES], size_t *count)
{
    if (!beside || *count == LIMIT_CREDIT_LINES)
        return;
    struct lines_line *line = &out[*count];
    *line = (struct lines_line){.route = beside->route, .is_test = true, .first = *count};
    if (!bind_all(lines, line, groups, group_count, now_ms))
        return;
    name_line(line);
    (*count)++;
}

void lines_drop_tests(const struct lines_line *lines, size_t *count)
{
    while (*count > 0 && lines[*count - 1].is_test)
        (*count)--;
}

void lines_mark(const struct lines_line *lines, size_t count, int64_t epoch, int64_t generation,
                uint8_t out[LINES_MARK_SIZE])
{
    struct span parts[2 + 3 * LIMIT_CREDIT_LINES];
    uint8_t hash[CRYPTO_HASH_SIZE];
    size_t n = 0;

    parts[n++] = span_of(&epoch, sizeof epoch);
    parts[n++] = span_of(&generation, sizeof generation);
    for (size_t i = 0; i < count; i++) {
        parts[n++] = span_of(lines[i].line_id, sizeof lines[i].line_id);
        parts[n++] = span_of(&lines[i].is_standby, sizeof lines[i].is_standby);
        parts[n++] = span_of(lines[i].route->use, strlen(lines[i].route->use) + 1);
    }
    crypto_sha256(parts, n, hash);
    memcpy(out, hash, LINES_MARK_SIZE);
}

void lines_make(struct lines *lines, const struct routes_row *routes, size_t route_count,
                const struct credits_member *groups, size_t group_count, int64_t now_ms,
                struct lines_line out[LIMIT_CREDIT_LINES], size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < route_count && *count < LIMIT_CREDIT_LINES; i++) {
        struct lines_line *line = &out[*count];

        if (routes[i].rollout_id[0] || !state_route_is_usable(&routes[i]))
            continue;
        *line = (struct lines_line){.route = &routes[i]};
        if (!bind_all(lines, line, groups, group_count, now_ms))
            continue;
        name_line(line);
        (*count)++;
    }
    choose_standby(out, *count);
    const struct routes_row *trial = state_find_trial(routes, route_count);
    if (!trial)
        return;
    const struct lines_line *first = first_for(wire_RouteUse_CHAT, "", out, *count);
    const struct lines_line *changed = first_for(wire_RouteUse_CHAT, trial->vendor_id, out, *count);
    add_test(lines, first, groups, group_count, now_ms, out, count);
    if (changed != first)
        add_test(lines, changed, groups, group_count, now_ms, out, count);
    add_test(lines, first_for(wire_RouteUse_SPEECH, "", out, *count), groups, group_count, now_ms,
             out, count);
}

#include "server/jobs/survey.h"

#include <string.h>

#include "schema/base/log.h"
#include "server/jobs/phrase.h"

#define SOURCES_MAX 20000
#define MINUTE_S    60
#define HOUR_S      3600

static const char *severity_of(const struct contract_threshold *rule)
{
    const bool is_share =
        rule->trigger == CONTRACT_AT_SHARE || rule->trigger == CONTRACT_AT_FORECAST;

    if (rule->commitment != NULL && rule->trigger != CONTRACT_AT_FORECAST)
        return "info"; /* what was promised is reached */
    if (is_share && rule->commitment == NULL && fraction_compare(rule->at, fraction_of(1)) >= 0)
        return "critical";
    for (size_t i = 0; i < rule->action_count; i++)
        if (rule->actions[i].kind != CONTRACT_ALERT && !rule->shadow)
            return "critical";
    return "warning";
}

static enum status add_source(struct survey *survey, const char *source)
{
    if (source == NULL)
        return STATUS_MEMORY;
    if (survey->source_count == SOURCES_MAX)
        return STATUS_FULL;
    survey->sources[survey->source_count++] = source;
    return STATUS_OK;
}

static enum status add_verdict(struct survey *survey, const struct survey_verdict *verdict,
                               const struct threshold_look *look)
{
    struct survey_verdict *kept = arena_take(survey->arena, sizeof *kept);

    if (kept == NULL || verdict->match == NULL || verdict->rule_json.size == 0 ||
        verdict->seen_json.size == 0)
        return STATUS_MEMORY;
    *kept = *verdict;
    kept->moved = kept->row.threshold;
    kept->step = threshold_look(&kept->moved, look);
    kept->fell_back = look->fell_back && !look->raised &&
                      look->period_from_ms == verdict->row.threshold.period_from_ms;
    kept->next = survey->verdicts;
    survey->verdicts = kept;
    return STATUS_OK;
}

/* The active devices that the threshold's commitment or cap counts. */
static enum status read_devices(const struct survey *survey, struct store_conn *conn,
                                struct judge_view *view, const struct contract_threshold *rule,
                                int64_t first_day)
{
    const struct contract_terms *terms = survey->at_hand;
    struct course_usage *devices;
    size_t counter = terms->charge_count;

    view->devices = NULL;
    view->device_days = 0;
    if (rule->commitment != NULL)
        counter += (size_t)(rule->commitment - terms->commitments);
    else if (rule->cap != NULL)
        counter += terms->commitment_count + (size_t)(rule->cap - terms->caps);
    else
        return STATUS_OK;
    enum status status =
        thresholds_read_devices(conn, survey->arena, view->contract->contract_id, terms->version,
                                (int64_t)counter, first_day, &devices, &view->device_days);
    if (status == STATUS_OK)
        view->devices = devices;
    return status;
}

/* What all contracts used, of which the threshold's commitment promises a share. */
static enum status read_all(const struct survey *survey, struct store_conn *conn,
                            struct judge_view *view, int64_t first_day)
{
    struct course_usage *all;
    enum status status =
        thresholds_read_all_days(conn, survey->arena, first_day, &all, &view->all_days);

    if (status == STATUS_OK)
        view->all = all;
    return status;
}

/* What it is judged by, to tell a raise from. */
static enum status limit_of(const struct contract_threshold *rule, const struct judge_sight *sight,
                            struct decimal *out)
{
    return fraction_round(rule->trigger == CONTRACT_AT_AMOUNT ? rule->at
                          : sight->has_limit                  ? sight->limit
                                                              : FRACTION_ZERO,
                          DECIMAL_PRICE_PLACES, out);
}

static enum status judge_one(struct survey *survey, struct store_conn *conn,
                             struct judge_view *view, const struct contract_threshold *rule)
{
    struct arena *arena = survey->arena;
    const char *contract_id = view->contract->contract_id;
    struct survey_verdict verdict = {
        .rule = rule,
        .match = arena_format(arena, "{\"contract\":\"%s\"}", contract_id),
        .severity = severity_of(rule),
        .rule_json = phrase_rule(rule, arena),
    };
    const int64_t today = zone_day(view->zone, view->now_ms);
    const struct period period = judge_period(view->contract, rule, today);
    const struct thresholds_entry entry = {
        .source = arena_format(arena, "contract:%s:%s", contract_id, rule->name),
        .scope = "contract",
        .subject = contract_id,
        .rule = verdict.rule_json,
        .period_from_ms = zone_midnight(view->zone, period.clipped.first),
    };
    struct judge_sight sight;
    enum status status = add_source(survey, entry.source);

    if (judge_wants_devices(rule) && !survey->is_slow)
        return status;
    if (status == STATUS_OK && judge_wants_devices(rule))
        status = read_devices(survey, conn, view, rule, period.clipped.first);
    if (status == STATUS_OK && judge_wants_all(rule))
        status = read_all(survey, conn, view, period.clipped.first);
    if (status == STATUS_OK)
        status = thresholds_find(conn, arena, &entry, &verdict.row);
    if (status == STATUS_OK)
        status = judge_look(view, rule, &verdict.row, arena, &sight);
    if (status == STATUS_OK)
        status = limit_of(rule, &sight, &verdict.limit);
    if (status != STATUS_OK)
        return status;
    verdict.seen_json = phrase_sight(&sight, arena);
    return add_verdict(survey, &verdict, &sight.look);
}

/* What the thresholds of a contract are judged by. */
static enum status read_view(struct survey *survey, struct store_conn *conn,
                             const struct contract_terms *terms, struct judge_view *view)
{
    struct arena *arena = survey->arena;
    const char *contract_id = view->contract->contract_id;
    const int64_t today = zone_day(view->zone, view->now_ms);
    int64_t first = today;
    bool wants_hour = false;
    bool wants_minute = false;
    struct course_usage *days;
    struct course_usage *hour = NULL;
    struct course_usage *minute = NULL;

    for (size_t i = 0; i < terms->threshold_count; i++) {
        const struct period period = judge_period(view->contract, &terms->thresholds[i], today);

        if (period.clipped.first < first)
            first = period.clipped.first;
        wants_hour |= judge_wants_hour(&terms->thresholds[i]);
        wants_minute |= judge_wants_minute(&terms->thresholds[i]);
    }
    enum status status =
        thresholds_read_days(conn, arena, contract_id, first, &days, &view->day_count);
    if (status == STATUS_OK && wants_hour)
        status = thresholds_read_recent(conn, arena, contract_id, HOUR_S, &hour, &view->hour_count);
    if (status == STATUS_OK && wants_minute)
        status = thresholds_read_recent(conn, arena, contract_id, MINUTE_S, &minute,
                                        &view->minute_count);
    if (status == STATUS_OK) {
        view->days = days;
        view->hour = hour;
        view->minute = minute;
    }
    return status;
}

static enum status judge_contract(struct survey *survey, struct store_conn *conn,
                                  const char *contract_id)
{
    const struct terms_contract *found = terms_find(survey->terms, contract_id);
    int64_t version;
    const struct contract_terms *terms =
        found != NULL ? terms_in_force(found, survey->now_ms, &version) : NULL;

    if (terms == NULL || terms->threshold_count == 0)
        return STATUS_OK;
    struct judge_view view = {.contract = &found->contract,
                              .zone = found->zone,
                              .now_ms = survey->now_ms,
                              .third_party = &terms->third_party};
    survey->at_hand = terms;
    enum status status = read_view(survey, conn, terms, &view);
    for (size_t i = 0; status == STATUS_OK && i < terms->threshold_count; i++) {
        status = judge_one(survey, conn, &view, &terms->thresholds[i]);
        if (status == STATUS_FULL) {
            log_warning("thresholds", "cannot judge \"%s\" of contract \"%s\": %s",
                        terms->thresholds[i].name, contract_id, status_text(status));
            status = STATUS_OK;
        }
    }
    return status;
}

/* ---- budgets and caps ---- */

/* Thresholds as they stand in the database. Most budgets have the same. */
struct points {
    struct span text;
    const struct contract_threshold *rules;
    size_t count;
};

static enum status read_points(const struct survey *survey, const struct thresholds_pool *pool,
                               struct points *points)
{
    struct json_problem problem = {0};

    if (points->text.size > 0 && span_equal(points->text, pool->rules))
        return STATUS_OK;
    *points = (struct points){.text = pool->rules};
    enum status status = contract_budget_thresholds_read(pool->rules, NULL, true, survey->arena,
                                                         &points->rules, &points->count, &problem);
    if (status == STATUS_INVALID) {
        log_warning("thresholds", "cannot read those of \"%s\": %s %s", pool->source,
                    problem.pointer, problem.detail);
        return STATUS_OK;
    }
    return status;
}

static const char *match_of(const struct thresholds_pool *pool, struct arena *arena)
{
    if (strcmp(pool->scope, "vendor") != 0 && strcmp(pool->scope, "contract") != 0)
        return "{}";
    return arena_format(arena, "{\"%s\":\"%s\"}", pool->scope, pool->subject);
}

/* The name of the cap that the account is of; NULL: it is a budget's. */
static const char *cap_of(const struct thresholds_pool *pool)
{
    const char *between =
        strncmp(pool->source, "cap:", 4) == 0 ? strchr(pool->source + 4, ':') : NULL;

    return between != NULL ? between + 1 : NULL;
}

/* A cap that its contract gave no name is called by what it counts, and how long. */
static const char *call_cap(const struct survey *survey, const struct thresholds_pool *pool,
                            const char *name)
{
    const struct terms_contract *found = terms_find(survey->terms, pool->subject);
    int64_t version;
    const struct contract_terms *terms =
        found != NULL ? terms_in_force(found, survey->now_ms, &version) : NULL;

    if (strncmp(name, "caps/", 5) != 0)
        return name;
    for (size_t i = 0; terms != NULL && i < terms->cap_count; i++) {
        if (strcmp(terms->caps[i].name, name) == 0)
            return arena_format(survey->arena, "%s per %s", pool->unit,
                                period_name(terms->caps[i].rule.per));
    }
    return pool->unit;
}

/* Whether the contract's own thresholds watch the cap: then they say all there is to say. */
static bool is_watched(const struct survey *survey, const struct thresholds_pool *pool,
                       const char *name)
{
    const struct terms_contract *found = terms_find(survey->terms, pool->subject);
    int64_t version;
    const struct contract_terms *terms =
        found != NULL ? terms_in_force(found, survey->now_ms, &version) : NULL;

    for (size_t i = 0; terms != NULL && i < terms->threshold_count; i++) {
        const struct contract_cap *cap = terms->thresholds[i].cap;

        if (cap != NULL && strcmp(cap->name, name) == 0)
            return true;
    }
    return false;
}

/* Of a cap it stands beside the contract's own: "contract:dahan-2026:cap requests 80%". */
static const char *source_of(const struct thresholds_pool *pool, const char *name,
                             struct arena *arena)
{
    return cap_of(pool) != NULL
               ? arena_format(arena, "contract:%s:cap %s %s", pool->subject, cap_of(pool), name)
               : arena_format(arena, "%s:%s", pool->source, name);
}

static enum status judge_point(struct survey *survey, struct store_conn *conn,
                               const struct thresholds_pool *pool,
                               const struct contract_threshold *point)
{
    struct arena *arena = survey->arena;
    struct contract_threshold *rule = arena_take(arena, sizeof *rule);

    if (rule == NULL)
        return STATUS_MEMORY;
    *rule = *point;
    const char *cap = cap_of(pool);
    rule->of =
        cap != NULL ? arena_format(arena, "cap:%s", call_cap(survey, pool, cap)) : pool->source;
    struct survey_verdict verdict = {.rule = rule,
                                     .match = match_of(pool, arena),
                                     .severity = severity_of(rule),
                                     .rule_json = phrase_rule(rule, arena)};
    const struct thresholds_entry entry = {
        .source = source_of(pool, rule->name, arena),
        .scope = pool->scope,
        .subject = pool->subject,
        .rule = verdict.rule_json,
        .period_from_ms = pool->from_ms,
    };
    struct judge_sight sight;
    enum status status = add_source(survey, entry.source);

    if (status == STATUS_OK)
        status = thresholds_find(conn, arena, &entry, &verdict.row);
    if (status == STATUS_OK)
        status = judge_pool(pool, rule, &verdict.row, &sight);
    if (status == STATUS_OK)
        status = limit_of(rule, &sight, &verdict.limit);
    if (status != STATUS_OK)
        return status;
    verdict.seen_json = phrase_sight(&sight, arena);
    return add_verdict(survey, &verdict, &sight.look);
}

static enum status judge_pools(struct survey *survey, struct store_conn *conn)
{
    struct thresholds_pool *pools;
    struct points points = {0};
    size_t count;
    enum status status = thresholds_read_pools(conn, survey->arena, &pools, &count);

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *cap = cap_of(&pools[i]);

        if (cap != NULL && is_watched(survey, &pools[i], cap))
            continue;
        status = read_points(survey, &pools[i], &points);
        for (size_t k = 0; status == STATUS_OK && k < points.count; k++)
            status = judge_point(survey, conn, &pools[i], &points.rules[k]);
    }
    return status;
}

enum status survey_take(struct store_conn *conn, struct survey *survey)
{
    const char **ids;
    size_t count;

    arena_reset(survey->arena);
    survey->verdicts = NULL;
    survey->source_count = 0;
    survey->sources = arena_take(survey->arena, SOURCES_MAX * sizeof *survey->sources);
    if (survey->sources == NULL)
        return STATUS_MEMORY;
    enum status status = terms_refresh(survey->terms, conn);
    if (status == STATUS_OK)
        status = thresholds_read_contracts(conn, survey->arena, &ids, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = judge_contract(survey, conn, ids[i]);
    return status == STATUS_OK ? judge_pools(survey, conn) : status;
}

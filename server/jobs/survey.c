#include "server/jobs/survey.h"

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

    if (kept == NULL || verdict->rule_json.size == 0 || verdict->seen_json.size == 0)
        return STATUS_MEMORY;
    *kept = *verdict;
    kept->moved = kept->row.threshold;
    kept->step = threshold_look(&kept->moved, look);
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
    struct thresholds_usage *devices;
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
    struct thresholds_usage *all;
    enum status status =
        thresholds_read_all_days(conn, survey->arena, first_day, &all, &view->all_days);

    if (status == STATUS_OK)
        view->all = all;
    return status;
}

static enum status judge_one(struct survey *survey, struct store_conn *conn,
                             struct judge_view *view, const struct contract_threshold *rule)
{
    struct arena *arena = survey->arena;
    const char *contract_id = view->contract->contract_id;
    struct survey_verdict verdict = {
        .rule = rule,
        .contract_id = contract_id,
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
        status = fraction_round(rule->trigger == CONTRACT_AT_AMOUNT ? rule->at
                                : sight.has_limit                   ? sight.limit
                                                                    : FRACTION_ZERO,
                                DECIMAL_PRICE_PLACES, &verdict.limit);
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
    struct thresholds_usage *days;
    struct thresholds_usage *hour = NULL;
    struct thresholds_usage *minute = NULL;

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

/* ---- budgets ---- */

static const struct {
    const char *name;
    int64_t percent;
    const char *severity;
} budget_points[] = {{"80%", 80, "warning"}, {"100%", 100, "critical"}};

static enum status judge_pool(struct survey *survey, struct store_conn *conn,
                              const struct thresholds_pool *pool, size_t point)
{
    struct arena *arena = survey->arena;
    const char *name = budget_points[point].name;
    const char *rule =
        arena_format(arena, "{\"of\":\"%s\",\"at\":\"%s\",\"do\":[\"alert\"],\"shadow\":false}",
                     pool->source, name);
    const struct thresholds_entry entry = {
        .source = arena_format(arena, "%s:%s", pool->source, name),
        .scope = pool->scope,
        .subject = pool->subject,
        .rule = span_text(rule),
        .period_from_ms = pool->from_ms,
    };
    struct survey_verdict verdict = {.severity = budget_points[point].severity,
                                     .limit = pool->limit,
                                     .rule_json = entry.rule,
                                     .seen_json = phrase_pool(pool, arena)};
    struct threshold_look look = {.period_from_ms = pool->from_ms};
    struct fraction at;
    enum status status = add_source(survey, entry.source);

    if (status == STATUS_OK)
        status = fraction_multiply(fraction_of_decimal(pool->limit),
                                   fraction_ratio(budget_points[point].percent, 100), &at);
    if (status == STATUS_OK)
        status = thresholds_find(conn, arena, &entry, &verdict.row);
    if (status != STATUS_OK)
        return status;
    look.reached = fraction_compare(fraction_of_decimal(pool->spent), at) >= 0;
    look.raised =
        verdict.row.has_fired_limit && decimal_compare(pool->limit, verdict.row.fired_limit) > 0;
    return add_verdict(survey, &verdict, &look);
}

static enum status judge_budgets(struct survey *survey, struct store_conn *conn)
{
    struct thresholds_pool *pools;
    size_t count;
    enum status status = thresholds_read_pools(conn, survey->arena, &pools, &count);

    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        for (size_t k = 0; status == STATUS_OK && k < sizeof budget_points / sizeof *budget_points;
             k++)
            status = judge_pool(survey, conn, &pools[i], k);
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
    return status == STATUS_OK ? judge_budgets(survey, conn) : status;
}

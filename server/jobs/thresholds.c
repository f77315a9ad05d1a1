#include "server/jobs/thresholds.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/judge.h"
#include "server/store/alarm.h"
#include "server/store/listener.h"
#include "server/store/terms.h"

#define TICK_MS      3000
#define ARENA_BYTES  (64u << 20)
#define SOURCES_MAX  20000
#define ACTIONS_MAX  (CONTRACT_ACTIONS * 4)
#define TEXT_BYTES   ((size_t)64 << 10)
#define SHOWN_PLACES 6
#define OUTPUT_MIN   16 /* bounds of the setting max_output_tokens */
#define OUTPUT_MAX   4096
#define MINUTE_S     60
#define HOUR_S       3600
#define SLOW_MS      60000 /* active devices are counted as often as this: there are many */

static const char *const channels[] = {"myna_credit"}; /* told when a contract's version is added */

struct thresholds {
    struct store *store;
    struct terms *terms;
    struct arena *arena; /* of one pass */
    struct listener *listener;
    const char **sources; /* of all thresholds that the pass met */
    size_t source_count;
    int64_t slow_due_ms; /* CLOCK_MONOTONIC */
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex, like the next */
    bool woken;
};

/* A threshold that was looked at, with all it takes to act. In the pass's arena. */
struct verdict {
    struct verdict *next;
    struct thresholds_row row;
    struct threshold moved; /* how it stands after the look */
    struct threshold_step step;
    const struct contract_threshold *rule; /* NULL: a budget's */
    const char *contract_id;
    const char *severity;
    struct decimal limit; /* that it is judged by */
    struct span rule_json;
    struct span seen_json;
};

struct pass {
    struct thresholds *job;
    int64_t now_ms;
    struct verdict *verdicts;
    bool is_slow;                       /* the pass that counts devices, too */
    const struct contract_terms *terms; /* of the contract at hand */
};

/* ---- words ---- */

static void write_fraction(struct json_writer *writer, const char *name, struct fraction number)
{
    char text[DECIMAL_TEXT_SIZE] = "too large to tell";
    struct decimal rounded;

    if (fraction_round(number, SHOWN_PLACES, &rounded) == STATUS_OK)
        decimal_format(rounded, text);
    json_key(writer, name);
    json_write_text(writer, span_text(text));
}

static void write_text(struct json_writer *writer, const char *name, const char *text)
{
    json_key(writer, name);
    json_write_text(writer, span_text(text));
}

static void write_time(struct json_writer *writer, const char *name, int64_t at_ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at_ms, text);
    write_text(writer, name, text);
}

static void write_period(struct json_writer *writer, int64_t from_ms, int64_t to_ms)
{
    json_key(writer, "period");
    json_begin_object(writer);
    write_time(writer, "from", from_ms);
    write_time(writer, "to", to_ms);
    json_end_object(writer);
}

/* "throttle to 2 turns a minute". */
static const char *action_words(const struct contract_action *action, struct arena *arena)
{
    switch (action->kind) {
    case CONTRACT_THROTTLE:
        return arena_format(
            arena, "throttle%s%s%s%s%s",
            action->turns_per_minute > 0
                ? arena_format(arena, " to %d turns a minute", (int)action->turns_per_minute)
                : "",
            action->max_output_tokens > 0
                ? arena_format(arena, " to answers of %d tokens", (int)action->max_output_tokens)
                : "",
            action->model != NULL ? " to model " : "", action->model != NULL ? action->model : "",
            "");
    case CONTRACT_FALL_BACK:
        return arena_format(arena, "fall back to %s", action->contract);
    case CONTRACT_CANNED:
        return "answer from the canned persona";
    case CONTRACT_BLOCK:
        return "block";
    case CONTRACT_ALERT:
        break;
    }
    return "alert";
}

static void write_actions(struct json_writer *writer, const char *name,
                          const struct contract_threshold *rule, struct arena *arena)
{
    json_key(writer, name);
    json_begin_array(writer);
    for (size_t i = 0; i < rule->action_count; i++)
        json_write_text(writer, span_text(action_words(&rule->actions[i], arena)));
    json_end_array(writer);
}

/* "80%", "forecast 100%", "5 times the usual hour", "2000". */
static const char *point_words(const struct contract_threshold *rule, struct arena *arena)
{
    const bool is_share =
        rule->trigger == CONTRACT_AT_SHARE || rule->trigger == CONTRACT_AT_FORECAST;
    char text[DECIMAL_TEXT_SIZE] = "?";
    struct fraction shown = rule->at;
    struct decimal rounded;

    if (is_share && fraction_multiply(shown, fraction_of(100), &shown) != STATUS_OK)
        return "?";
    if (fraction_round(shown, SHOWN_PLACES, &rounded) == STATUS_OK)
        decimal_format(rounded, text);
    return arena_format(arena, "%s%s%s", rule->trigger == CONTRACT_AT_FORECAST ? "forecast " : "",
                        text,
                        is_share                            ? "%"
                        : rule->trigger == CONTRACT_AT_RATE ? " times the usual hour"
                                                            : "");
}

static struct span finish(struct buffer *out, struct arena *arena)
{
    struct span json = {0};

    if (buffer_status(out) == STATUS_OK)
        json = arena_copy(arena, buffer_span(out));
    buffer_release(out);
    return json;
}

static struct span rule_json(const struct contract_threshold *rule, struct arena *arena)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_text(&writer, "of", rule->of);
    write_text(&writer, "at", point_words(rule, arena));
    write_actions(&writer, "do", rule, arena);
    json_key(&writer, "shadow");
    json_write_bool(&writer, rule->shadow);
    json_end_object(&writer);
    return finish(&out, arena);
}

static void write_share(struct json_writer *writer, struct fraction value, struct fraction limit)
{
    struct fraction share;

    if (fraction_sign(limit) > 0 && fraction_divide(value, limit, &share) == STATUS_OK)
        write_fraction(writer, "share", share);
}

static void write_forecast(struct json_writer *writer, const struct judge_sight *sight)
{
    char date[ZONE_DATE_SIZE];

    json_key(writer, "forecast");
    json_begin_object(writer);
    write_fraction(writer, "at_end", sight->forecast.at_end);
    write_fraction(writer, "low", sight->forecast.low);
    write_fraction(writer, "high", sight->forecast.high);
    if (sight->runs_out != FORECAST_NEVER) {
        zone_format_date(sight->runs_out, date);
        write_text(writer, "runs_out", date);
    }
    json_end_object(writer);
}

static struct span seen_json(const struct judge_sight *sight, struct arena *arena)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_period(&writer, sight->period_from_ms, sight->period_to_ms);
    if (sight->why_not != NULL) {
        write_text(&writer, "why_not", sight->why_not);
    } else {
        write_fraction(&writer, "value", sight->value);
        if (sight->has_limit) {
            write_fraction(&writer, "limit", sight->limit);
            write_share(&writer, sight->value, sight->limit);
        }
        if (sight->has_forecast)
            write_forecast(&writer, sight);
    }
    json_end_object(&writer);
    return finish(&out, arena);
}

/* ---- looking ---- */

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

static enum status add_source(struct thresholds *job, const char *source)
{
    if (source == NULL)
        return STATUS_MEMORY;
    if (job->source_count == SOURCES_MAX)
        return STATUS_FULL;
    job->sources[job->source_count++] = source;
    return STATUS_OK;
}

static enum status add_verdict(struct pass *pass, const struct verdict *verdict,
                               const struct threshold_look *look)
{
    struct verdict *kept = arena_take(pass->job->arena, sizeof *kept);

    if (kept == NULL || verdict->rule_json.size == 0 || verdict->seen_json.size == 0)
        return STATUS_MEMORY;
    *kept = *verdict;
    kept->moved = kept->row.threshold;
    kept->step = threshold_look(&kept->moved, look);
    kept->next = pass->verdicts;
    pass->verdicts = kept;
    return STATUS_OK;
}

/* The active devices that the threshold's commitment or cap counts. */
static enum status read_devices(const struct pass *pass, struct store_conn *conn,
                                struct judge_view *view, const struct contract_threshold *rule,
                                int64_t first_day)
{
    const struct contract_terms *terms = pass->terms;
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
        thresholds_read_devices(conn, pass->job->arena, view->contract->contract_id, terms->version,
                                (int64_t)counter, first_day, &devices, &view->device_days);
    if (status == STATUS_OK)
        view->devices = devices;
    return status;
}

static enum status judge_one(struct pass *pass, struct store_conn *conn, struct judge_view *view,
                             const struct contract_threshold *rule)
{
    struct arena *arena = pass->job->arena;
    const char *contract_id = view->contract->contract_id;
    struct verdict verdict = {
        .rule = rule,
        .contract_id = contract_id,
        .severity = severity_of(rule),
        .rule_json = rule_json(rule, arena),
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
    enum status status = add_source(pass->job, entry.source);

    if (judge_wants_devices(rule) && !pass->is_slow)
        return status;
    if (status == STATUS_OK && judge_wants_devices(rule))
        status = read_devices(pass, conn, view, rule, period.clipped.first);
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
    verdict.seen_json = seen_json(&sight, arena);
    return add_verdict(pass, &verdict, &sight.look);
}

/* What the thresholds of a contract are judged by. */
static enum status read_view(struct pass *pass, struct store_conn *conn,
                             const struct contract_terms *terms, struct judge_view *view)
{
    struct arena *arena = pass->job->arena;
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

static enum status judge_contract(struct pass *pass, struct store_conn *conn,
                                  const char *contract_id)
{
    const struct terms_contract *found = terms_find(pass->job->terms, contract_id);
    int64_t version;
    const struct contract_terms *terms =
        found != NULL ? terms_in_force(found, pass->now_ms, &version) : NULL;

    if (terms == NULL || terms->threshold_count == 0)
        return STATUS_OK;
    struct judge_view view = {
        .contract = &found->contract, .zone = found->zone, .now_ms = pass->now_ms};
    pass->terms = terms;
    enum status status = read_view(pass, conn, terms, &view);
    for (size_t i = 0; status == STATUS_OK && i < terms->threshold_count; i++) {
        status = judge_one(pass, conn, &view, &terms->thresholds[i]);
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

static struct span pool_json(const struct thresholds_pool *pool, struct arena *arena)
{
    const struct fraction spent = fraction_of_decimal(pool->spent);
    const struct fraction limit = fraction_of_decimal(pool->limit);
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_period(&writer, pool->from_ms, pool->to_ms);
    write_fraction(&writer, "value", spent);
    write_fraction(&writer, "limit", limit);
    write_share(&writer, spent, limit);
    write_text(&writer, "unit", pool->unit);
    json_end_object(&writer);
    return finish(&out, arena);
}

static enum status judge_pool(struct pass *pass, struct store_conn *conn,
                              const struct thresholds_pool *pool, size_t point)
{
    struct arena *arena = pass->job->arena;
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
    struct verdict verdict = {.severity = budget_points[point].severity,
                              .limit = pool->limit,
                              .rule_json = entry.rule,
                              .seen_json = pool_json(pool, arena)};
    struct threshold_look look = {.period_from_ms = pool->from_ms};
    struct fraction at;
    enum status status = add_source(pass->job, entry.source);

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
    return add_verdict(pass, &verdict, &look);
}

static enum status judge_budgets(struct pass *pass, struct store_conn *conn)
{
    struct thresholds_pool *pools;
    size_t count;
    enum status status = thresholds_read_pools(conn, pass->job->arena, &pools, &count);

    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        for (size_t k = 0; status == STATUS_OK && k < sizeof budget_points / sizeof *budget_points;
             k++)
            status = judge_pool(pass, conn, &pools[i], k);
    return status;
}

/* All of it in one view of the database. */
static enum status look(struct store_conn *conn, void *context)
{
    struct pass *pass = context;
    const char **ids;
    size_t count;

    arena_reset(pass->job->arena);
    pass->verdicts = NULL;
    pass->job->source_count = 0;
    pass->job->sources = arena_take(pass->job->arena, SOURCES_MAX * sizeof *pass->job->sources);
    if (pass->job->sources == NULL)
        return STATUS_MEMORY;
    enum status status = terms_refresh(pass->job->terms, conn);
    if (status == STATUS_OK)
        status = thresholds_read_contracts(conn, pass->job->arena, &ids, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = judge_contract(pass, conn, ids[i]);
    return status == STATUS_OK ? judge_budgets(pass, conn) : status;
}

/* ---- acting ---- */

struct acting {
    struct thresholds *job;
    const struct verdict *verdict;
};

/* The settings and standings of one action, appended to out. */
static size_t translate(const struct contract_action *action, const char *contract_id,
                        struct arena *arena, struct thresholds_action *out)
{
    static const char *const modes[] = {
        [CONTRACT_THROTTLE] = "\"throttled\"",
        [CONTRACT_FALL_BACK] = "\"fallback\"",
        [CONTRACT_CANNED] = "\"canned\"",
        [CONTRACT_BLOCK] = "\"blocked\"",
    };
    int64_t tokens = action->max_output_tokens;
    size_t count = 0;

    if (action->kind == CONTRACT_ALERT)
        return 0;
    out[count++] = (struct thresholds_action){
        .name = "limit_mode", .value = modes[action->kind], .strictness = action->kind};
    if (action->kind == CONTRACT_FALL_BACK)
        out[count++] = (struct thresholds_action){.contract_id = contract_id,
                                                  .fall_back_to = action->contract};
    if (action->kind != CONTRACT_THROTTLE)
        return count;
    if (action->turns_per_minute > 0)
        out[count++] = (struct thresholds_action){
            .name = "turns_per_minute",
            .value = arena_format(arena, "%d", (int)action->turns_per_minute),
            .strictness = 1000 - action->turns_per_minute};
    if (tokens > 0) {
        tokens = tokens < OUTPUT_MIN ? OUTPUT_MIN : tokens > OUTPUT_MAX ? OUTPUT_MAX : tokens;
        out[count++] =
            (struct thresholds_action){.name = "max_output_tokens",
                                       .value = arena_format(arena, "%lld", (long long)tokens),
                                       .strictness = OUTPUT_MAX + 1 - tokens};
    }
    if (action->model != NULL)
        out[count++] =
            (struct thresholds_action){.contract_id = contract_id, .model = action->model};
    return count;
}

static struct span detail_json(const struct verdict *verdict, int64_t robots, struct arena *arena)
{
    const struct contract_threshold *rule = verdict->rule;
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, TEXT_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    write_text(&writer, "threshold", verdict->row.source);
    json_key(&writer, "rule");
    json_write_raw(&writer, verdict->rule_json);
    json_key(&writer, "seen");
    json_write_raw(&writer, verdict->seen_json);
    if (rule != NULL && rule->shadow)
        write_actions(&writer, "would", rule, arena);
    else if (rule != NULL)
        write_actions(&writer, "did", rule, arena);
    json_key(&writer, "robots");
    json_write_int(&writer, robots);
    json_end_object(&writer);
    return finish(&out, arena);
}

static enum status fire(struct store_conn *conn, const struct acting *acting)
{
    const struct verdict *verdict = acting->verdict;
    const struct contract_threshold *rule = verdict->rule;
    struct arena *arena = acting->job->arena;
    struct thresholds_action actions[ACTIONS_MAX];
    size_t count = 0;
    int64_t robots;

    for (size_t i = 0; rule != NULL && !rule->shadow && i < rule->action_count; i++)
        count += translate(&rule->actions[i], verdict->contract_id, arena, actions + count);
    enum status status =
        thresholds_enforce(conn, verdict->row.threshold_id, actions, count, &robots);
    const struct span detail = detail_json(verdict, robots, arena);
    const struct alarm alarm = {"threshold", verdict->severity, verdict->row.subject,
                                arena_text(arena, detail)};
    if (status == STATUS_OK && arena_failed(arena))
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        status = alarm_raise(conn, arena, &alarm, 1);
    if (status == STATUS_OK)
        status = thresholds_audit(conn, "threshold.fire", verdict->row.source, detail);
    return status;
}

static enum status lift(struct store_conn *conn, const struct acting *acting)
{
    const struct thresholds_row *row = &acting->verdict->row;
    enum status status = thresholds_lift(conn, row->threshold_id);

    if (status == STATUS_OK)
        status = alarm_clear(conn, "threshold", row->subject);
    if (status == STATUS_OK)
        status = thresholds_audit(conn, "threshold.lift", row->source, acting->verdict->seen_json);
    return status;
}

static enum status act(struct store_conn *conn, void *context)
{
    const struct acting *acting = context;
    const struct verdict *verdict = acting->verdict;
    enum status status = thresholds_move(conn, &verdict->row, &verdict->moved,
                                         verdict->step.fire ? &verdict->limit : NULL);

    if (status == STATUS_OK && verdict->step.lift)
        status = lift(conn, acting);
    if (status == STATUS_OK && verdict->step.fire)
        status = fire(conn, acting);
    return status;
}

static bool has_moved(const struct verdict *verdict)
{
    return verdict->moved.state != verdict->row.threshold.state || verdict->step.lift ||
           verdict->moved.period_from_ms != verdict->row.threshold.period_from_ms;
}

static void settle(struct thresholds *job, const struct verdict *verdict)
{
    struct acting acting = {job, verdict};
    enum status status = STATUS_OK;

    if (has_moved(verdict))
        status = store_transaction(job->store, act, &acting);
    if (status == STATUS_STALE)
        return; /* another instance did */
    if (status == STATUS_OK && verdict->step.fire)
        log_info("thresholds", "threshold \"%s\" was reached", verdict->row.source);
    if (status == STATUS_OK)
        status = thresholds_note(job->store, verdict->row.threshold_id, verdict->rule_json,
                                 verdict->seen_json);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("thresholds", "cannot act on \"%s\": %s", verdict->row.source,
                    status_text(status));
}

static void run_pass(struct thresholds *job)
{
    const int64_t now_ms = clock_mono_ms();
    struct pass pass = {
        .job = job, .now_ms = clock_wall_ms(), .is_slow = now_ms >= job->slow_due_ms};
    enum status status = store_transaction(job->store, look, &pass);

    for (const struct verdict *verdict = pass.verdicts; status == STATUS_OK && verdict != NULL;
         verdict = verdict->next)
        settle(job, verdict);
    if (status == STATUS_OK && pass.is_slow)
        job->slow_due_ms = now_ms + SLOW_MS;
    if (status == STATUS_OK)
        status = thresholds_forget(job->store, job->arena, job->sources, job->source_count);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("thresholds", "cannot judge thresholds: %s", status_text(status));
}

/* ---- the thread ---- */

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct thresholds *job = context;

    (void)channel;
    (void)payload;
    pthread_mutex_lock(&job->mutex);
    job->woken = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->mutex);
}

/* False: it is time to stop. */
static bool rest(struct thresholds *job)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&job->mutex);
    while (!job->stopping && !job->woken && error == 0)
        error = pthread_cond_timedwait(&job->changed, &job->mutex, &at);
    if (job->woken)
        job->slow_due_ms = 0; /* terms that are new are judged at once, all of them */
    job->woken = false;
    bool go_on = !job->stopping;
    pthread_mutex_unlock(&job->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct thresholds *job = argument;

    do {
        run_pass(job);
    } while (rest(job));
    return NULL;
}

static void init_lock(struct thresholds *job)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&job->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status thresholds_start(struct thresholds **out, struct store *store)
{
    struct thresholds *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    init_lock(job);
    job->store = store;
    enum status status = arena_create(&job->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = terms_create(&job->terms);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK) {
        job->thread_runs = pthread_create(&job->thread, NULL, run, job) == 0;
        status = job->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        thresholds_stop(job);
        return status;
    }
    *out = job;
    return STATUS_OK;
}

void thresholds_stop(struct thresholds *job)
{
    if (job == NULL)
        return;
    listener_stop(job->listener);
    pthread_mutex_lock(&job->mutex);
    job->stopping = true;
    pthread_cond_signal(&job->changed);
    pthread_mutex_unlock(&job->mutex);
    if (job->thread_runs)
        pthread_join(job->thread, NULL);
    terms_free(job->terms);
    arena_free(job->arena);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->mutex);
    free(job);
}

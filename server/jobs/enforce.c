#include "server/jobs/enforce.h"

#include "schema/base/log.h"
#include "server/jobs/phrase.h"
#include "server/store/alarm.h"

#define OUTPUT_MIN 16 /* bounds of the setting max_output_tokens */
#define OUTPUT_MAX 4096

struct acting {
    struct arena *arena;
    const struct survey_verdict *verdict;
};

/* The settings and standings of one action, appended to out. */
static size_t translate(const struct contract_action *action, const char *match,
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
        out[count++] = (struct thresholds_action){.match = match, .fall_back_to = action->contract};
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
        out[count++] = (struct thresholds_action){.match = match, .model = action->model};
    return count;
}

size_t enforce_translate(const struct contract_threshold *rule, const char *match,
                         struct arena *arena, struct thresholds_action *out)
{
    size_t count = 0;

    for (size_t i = 0; !rule->shadow && i < rule->action_count; i++)
        count += translate(&rule->actions[i], match, arena, out + count);
    return count;
}

static enum status fire(struct store_conn *conn, const struct acting *acting)
{
    const struct survey_verdict *verdict = acting->verdict;
    struct arena *arena = acting->arena;
    struct thresholds_action actions[ENFORCE_ACTIONS];
    const size_t count = enforce_translate(verdict->rule, verdict->match, arena, actions);
    struct phrase_event event = {.source = verdict->row.source,
                                 .rule = verdict->rule,
                                 .rule_json = verdict->rule_json,
                                 .seen_json = verdict->seen_json};

    enum status status =
        thresholds_enforce(conn, verdict->row.threshold_id, actions, count, &event.robots);
    const struct span detail = phrase_alert(&event, arena);
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
        status = acting->verdict->fell_back ? alarm_clear(conn, "threshold", row->subject)
                                            : alarm_end(conn, "threshold", row->subject);
    if (status == STATUS_OK)
        status = thresholds_audit(conn, "threshold.lift", row->source, acting->verdict->seen_json);
    return status;
}

static bool has_moved(const struct survey_verdict *verdict)
{
    return verdict->moved.state != verdict->row.threshold.state || verdict->step.lift ||
           verdict->moved.period_from_ms != verdict->row.threshold.period_from_ms;
}

static enum status move(struct store_conn *conn, const struct acting *acting)
{
    const struct survey_verdict *verdict = acting->verdict;
    enum status status = thresholds_move(conn, &verdict->row, &verdict->moved,
                                         verdict->step.fire ? &verdict->limit : NULL);

    if (status == STATUS_OK && verdict->step.lift)
        status = lift(conn, acting);
    if (status == STATUS_OK && verdict->step.fire)
        status = fire(conn, acting);
    return status;
}

/* In one transaction, so that nobody reads a threshold that fired beside what was seen before. */
static enum status act(struct store_conn *conn, void *context)
{
    const struct acting *acting = context;
    const struct survey_verdict *verdict = acting->verdict;
    enum status status = has_moved(verdict) ? move(conn, acting) : STATUS_OK;

    if (status == STATUS_OK)
        status = thresholds_note(conn, verdict->row.threshold_id, verdict->rule_json,
                                 verdict->seen_json);
    return status;
}

void enforce_verdict(struct store *store, struct arena *arena, const struct survey_verdict *verdict)
{
    struct acting acting = {arena, verdict};
    enum status status = store_transaction(store, act, &acting);

    if (status == STATUS_STALE)
        return; /* another instance did */
    if (status == STATUS_OK && verdict->step.fire)
        log_info("thresholds", "threshold \"%s\" was reached", verdict->row.source);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("thresholds", "cannot act on \"%s\": %s", verdict->row.source,
                    status_text(status));
}

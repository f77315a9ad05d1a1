#include "server/fleet/why.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECOND_MS 1000
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

struct list {
    struct why_reason *items;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void add(struct list *list, const char *code,
                                                      const char *format, ...)
{
    va_list args;

    assert(list->count < WHY_REASONS);
    struct why_reason *reason = &list->items[list->count++];
    reason->code = code;
    reason->parameter_count = 0;
    reason->is_aside = false;
    va_start(args, format);
    vsnprintf(reason->text, sizeof reason->text, format, args);
    va_end(args);
}

static struct why_parameter *add_parameter(struct list *list, const char *name)
{
    struct why_reason *reason = &list->items[list->count - 1];

    assert(reason->parameter_count < WHY_PARAMETERS);
    struct why_parameter *parameter = &reason->parameters[reason->parameter_count++];
    *parameter = (struct why_parameter){.name = name};
    return parameter;
}

/* Of the reason added last. */
static void with_number(struct list *list, const char *name, int64_t number)
{
    add_parameter(list, name)->number = number;
}

static void with_text(struct list *list, const char *name, const char *text)
{
    add_parameter(list, name)->text = text;
}

/* "12 minutes", in whole units, for people. */
static const char *span_words(int64_t ms, char out[32])
{
    static const struct {
        int64_t from_ms, unit_ms;
        const char *word;
    } units[] = {{2 * DAY_MS, DAY_MS, "days"},
                 {2 * HOUR_MS, HOUR_MS, "hours"},
                 {2 * MINUTE_MS, MINUTE_MS, "minutes"},
                 {INT64_MIN, SECOND_MS, "seconds"}};
    size_t i = 0;

    while (ms < units[i].from_ms)
        i++;
    snprintf(out, 32, "%lld %s", (long long)(ms > 0 ? ms / units[i].unit_ms : 0), units[i].word);
    return out;
}

static void tell_status(const struct why_facts *facts, struct list *list)
{
    static const struct {
        const char *status, *text;
    } rows[] = {
        {"revoked", "it is revoked: broker and server refuse it for good"},
        {"quarantined", "it is quarantined: it gets no more credit until somebody has looked"},
        {"retired", "it is retired"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(facts->status, rows[i].status) == 0)
            add(list, rows[i].status, "%s", rows[i].text);
}

static void tell_trial(const struct why_facts *facts, struct list *list)
{
    if (strcmp(facts->trial_verdict, "running") == 0) {
        add(list, "trial_running", "it tries generation %lld before it runs it",
            (long long)facts->desired);
        with_number(list, "generation", facts->desired);
        return;
    }
    add(list, "trial_failed", "its own trial of generation %lld failed, and it runs %lld: %.140s",
        (long long)facts->desired, (long long)facts->reported, facts->trial_reason);
    with_number(list, "generation", facts->desired);
    with_number(list, "running", facts->reported);
    with_text(list, "reason", facts->trial_reason);
}

/* It could take the newest generation and has not. */
static void tell_answer(const struct why_facts *facts, struct list *list)
{
    char words[32];

    if (facts->sends == 0) {
        add(list, "not_sent_yet", "generation %lld is made and goes out next",
            (long long)facts->desired);
        with_number(list, "generation", facts->desired);
        return;
    }
    const int64_t since_ms = facts->now_ms - facts->desired_since_ms;
    if (facts->sends == 1)
        add(list, "unanswered", "generation %lld was sent, and it has not answered yet",
            (long long)facts->desired);
    else
        add(list, "unanswered",
            "generation %lld was sent %lld times within %s, and it has not answered",
            (long long)facts->desired, (long long)facts->sends, span_words(since_ms, words));
    with_number(list, "generation", facts->desired);
    with_number(list, "sends", facts->sends);
    if (facts->sends > 1)
        with_number(list, "seconds", since_ms / SECOND_MS);
}

/* Behind: the newest generation is not what it runs. */
static void tell_delivery(const struct why_facts *facts, struct list *list)
{
    char words[32];

    if (strcmp(facts->trial_verdict, "running") == 0 ||
        strcmp(facts->trial_verdict, "failed") == 0) {
        tell_trial(facts, list);
        return;
    }
    if (facts->is_online) {
        tell_answer(facts, list);
        return;
    }
    if (facts->last_seen_ms == 0) {
        add(list, "offline_since", "it has never been heard");
        return;
    }
    const int64_t since_ms = facts->now_ms - facts->last_seen_ms;
    add(list, "offline_since", "it is offline and was last heard %s ago",
        span_words(since_ms, words));
    with_number(list, "seconds", since_ms / SECOND_MS);
}

static void tell_settings(const struct why_facts *facts, struct list *list)
{
    if (*facts->refused) {
        add(list, "refused", "it refused %.200s", facts->refused);
        with_text(list, "settings", facts->refused);
    }
    if (*facts->for_restart) {
        add(list, "needs_restart", "it takes %.200s at its next restart", facts->for_restart);
        with_text(list, "settings", facts->for_restart);
    }
}

/* What keeps a rollout's change from a device that waits for it, while the rollout stands still. */
static bool tell_pause(const struct why_facts *facts, struct list *list)
{
    static const struct {
        const char *cause, *code, *text;
    } rows[] = {
        {"red", "gate_red", "its gate is red"},
        {"no_verdict", "no_verdict", "its gate could not tell, and people must"},
        {"refused", "preflight_refused", "pre-flight refuses its next wave"},
        {"by_hand", "wave_not_open", "its next wave is started by hand"},
        {"approval", "approval_outgrown", "it has outgrown its approval: agree again"},
        {"stalled", "paused", "it stalled"},
        {"operator", "paused", "an operator paused it"},
    };

    if (strcmp(facts->rollout_state, "rolling_back") == 0) {
        add(list, "rolling_back", "rollout \"%s\" is being taken back", facts->rollout);
        with_text(list, "rollout", facts->rollout);
        return true;
    }
    if (strcmp(facts->rollout_state, "paused") != 0)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(facts->rollout_cause, rows[i].cause) != 0)
            continue;
        add(list, rows[i].code, "rollout \"%s\" stands still: %s", facts->rollout, rows[i].text);
        with_text(list, "rollout", facts->rollout);
        with_text(list, "cause", facts->rollout_cause);
        if (strcmp(facts->rollout_cause, "approval") == 0)
            with_text(list, "reason", facts->rollout_reason);
    }
    return true;
}

/* Its members are not fixed yet. */
static bool tell_beginning(const struct why_facts *facts, struct list *list)
{
    if (strcmp(facts->rollout_state, "approval") == 0)
        add(list, "approval_missing",
            "rollout \"%s\" would reach it, and another operator must approve that first: %.200s",
            facts->rollout, facts->rollout_reason);
    else if (strcmp(facts->rollout_state, "waiting") == 0)
        add(list, "waits_for_rollout", "rollout \"%s\" would reach it, and waits: %.140s",
            facts->rollout, facts->rollout_reason);
    else if (strcmp(facts->rollout_state, "preflight") == 0)
        add(list, "looked_over", "rollout \"%s\" would reach it, and is looked over first",
            facts->rollout);
    else
        return false;
    with_text(list, "rollout", facts->rollout);
    if (*facts->rollout_reason)
        with_text(list, "reason", facts->rollout_reason);
    return true;
}

/* It waits for a rollout that moves. */
static void tell_turn(const struct why_facts *facts, struct list *list)
{
    if (facts->is_control)
        add(list, "held_back", "rollout \"%s\" holds it back to the end, to compare with",
            facts->rollout);
    else if (facts->device_wave == 0)
        add(list, "wave_not_open", "rollout \"%s\" is at wave %lld and has not come to it",
            facts->rollout, (long long)facts->rollout_wave);
    else if (*facts->drained_vendor)
        add(list, "vendor_drained",
            "it is in wave %lld of rollout \"%s\" and is tried when it has left vendor \"%s\", "
            "which is drained, or when that is back",
            (long long)facts->device_wave, facts->rollout, facts->drained_vendor);
    else if (*facts->window_opens && facts->is_blackout)
        add(list, "blackout",
            "it is in wave %lld of rollout \"%s\", and a blackout lasts: it is opened from %s on",
            (long long)facts->device_wave, facts->rollout, facts->window_opens);
    else if (*facts->window_opens)
        add(list, "window_shut",
            "it is in wave %lld of rollout \"%s\", whose window is shut at its local time until %s",
            (long long)facts->device_wave, facts->rollout, facts->window_opens);
    else
        add(list, "rate_limited", "it is in wave %lld of rollout \"%s\" and its turn comes",
            (long long)facts->device_wave, facts->rollout);
    with_text(list, "rollout", facts->rollout);
    if (!facts->is_control)
        with_number(list, "wave", facts->device_wave ? facts->device_wave : facts->rollout_wave);
    if (facts->is_control || facts->device_wave == 0)
        return;
    if (*facts->drained_vendor)
        with_text(list, "vendor", facts->drained_vendor);
    else if (*facts->window_opens)
        with_text(list, "opens_at", facts->window_opens);
}

static void tell_rollout(const struct why_facts *facts, struct list *list)
{
    if (!*facts->rollout)
        return;
    if (strcmp(facts->device_state, "failed") == 0) {
        add(list, "trial_failed", "rollout \"%s\" took its change back from it: %.140s",
            facts->rollout, facts->device_reason);
        with_text(list, "rollout", facts->rollout);
        with_text(list, "reason", facts->device_reason);
        return;
    }
    if (!tell_beginning(facts, list) && !tell_pause(facts, list))
        tell_turn(facts, list);
}

/* Not why it is behind, but what it waits for. */
static void tell_transfer(const struct why_facts *facts, struct list *list)
{
    char words[32];

    if (facts->transfer_asked_ms == 0)
        return;
    const int64_t since_ms = facts->now_ms - facts->transfer_asked_ms;
    add(list, "transfer_waits",
        "it gets another owner as soon as somebody at the robot agrees: asked %s ago%s",
        span_words(since_ms, words), facts->is_online ? "" : ", and told when it connects");
    with_number(list, "seconds", since_ms / SECOND_MS);
    list->items[list->count - 1].is_aside = true;
}

size_t why_reasons(const struct why_facts *facts, struct why_reason out[WHY_REASONS])
{
    struct list list = {out, 0};

    tell_status(facts, &list);
    if (facts->reported < facts->desired && list.count == 0)
        tell_delivery(facts, &list);
    tell_settings(facts, &list);
    tell_rollout(facts, &list);
    tell_transfer(facts, &list);
    return list.count;
}

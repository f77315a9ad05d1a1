#include "server/fleet/rollout_pace.h"

#define MINUTE_MS   60000
#define DAY_MIN     1440
#define CATCH_UP_MS 10000

/* from in the first minute, from * percent / 100 in the next, and so on: the rate is that of the
 * minute in which the opened ones' last would have been opened. */
int64_t rollout_pace_rate(const struct rollout_plan *plan, int64_t opened)
{
    int64_t rate = plan->ramp_from;
    int64_t reached = 0;

    if (plan->ramp_from == 0)
        return plan->rate_per_minute;
    while (reached + rate <= opened &&
           (plan->rate_per_minute == 0 || rate < plan->rate_per_minute)) {
        reached += rate;
        rate += (rate * (plan->ramp_percent - 100) + 99) / 100;
    }
    return plan->rate_per_minute > 0 && rate > plan->rate_per_minute ? plan->rate_per_minute : rate;
}

struct rollout_pace rollout_pace_allow(int64_t rate, int64_t tokens_ms, int64_t now_ms)
{
    const int64_t step_ms = rate > 0 ? (MINUTE_MS + rate - 1) / rate : 0;
    const int64_t most_ms = step_ms + CATCH_UP_MS;
    struct rollout_pace pace = {.allowed = INT64_MAX, .tokens_ms = now_ms, .rate = rate};

    if (rate == 0)
        return pace;
    /* the first may go at once */
    pace.tokens_ms = tokens_ms > 0 ? tokens_ms : now_ms - step_ms;
    if (now_ms - pace.tokens_ms > most_ms)
        pace.tokens_ms = now_ms - most_ms;
    pace.allowed = now_ms > pace.tokens_ms ? (now_ms - pace.tokens_ms) * rate / MINUTE_MS : 0;
    return pace;
}

int64_t rollout_pace_use(const struct rollout_pace *pace, int64_t count, int64_t now_ms)
{
    if (pace->rate == 0)
        return now_ms;
    return pace->tokens_ms + (count * MINUTE_MS + pace->rate - 1) / pace->rate;
}

int64_t rollout_pace_next_ms(int64_t rate, int64_t tokens_ms)
{
    return rate > 0 ? tokens_ms + (MINUTE_MS + rate - 1) / rate : tokens_ms;
}

static int minute_of_day(int64_t at_ms, int zone_min)
{
    const int64_t minute = (at_ms / MINUTE_MS + zone_min) % DAY_MIN;

    return (int)(minute < 0 ? minute + DAY_MIN : minute);
}

bool rollout_pace_is_open(const struct rollout_plan *plan, int64_t now_ms, int zone_min)
{
    const int minute = minute_of_day(now_ms, zone_min);

    for (size_t i = 0; i < plan->window_count; i++)
        if (local_time_is_within(plan->windows[i], minute))
            return true;
    return plan->window_count == 0;
}

int64_t rollout_pace_opens_ms(const struct rollout_plan *plan, int64_t now_ms, int zone_min)
{
    int64_t at_ms = now_ms;

    for (int i = 0; i < DAY_MIN && !rollout_pace_is_open(plan, at_ms, zone_min); i++)
        at_ms = (at_ms / MINUTE_MS + 1) * MINUTE_MS;
    return at_ms;
}

int64_t rollout_pace_blackout_ms(const struct rollout_plan *plan, int64_t now_ms)
{
    int64_t end_ms = 0;

    for (size_t i = 0; i < plan->blackout_count; i++) {
        const struct rollout_plan_blackout *blackout = &plan->blackouts[i];
        const int64_t at_ms = end_ms > 0 ? end_ms : now_ms;

        if (blackout->from_ms <= at_ms && at_ms < blackout->to_ms) {
            end_ms = blackout->to_ms;
            i = (size_t)-1; /* one before it in the list may go on from here */
        }
    }
    return end_ms;
}

int64_t rollout_pace_free_ms(const struct rollout_plan *plan, int64_t now_ms, int zone_min)
{
    int64_t at_ms = now_ms;

    /* each blackout ends once, and the hours open at most once behind each */
    for (size_t i = 0; i <= plan->blackout_count; i++) {
        const int64_t light_ms = rollout_pace_blackout_ms(plan, at_ms);

        at_ms = rollout_pace_opens_ms(plan, light_ms > 0 ? light_ms : at_ms, zone_min);
        if (rollout_pace_blackout_ms(plan, at_ms) == 0)
            return rollout_pace_is_open(plan, at_ms, zone_min) ? at_ms : INT64_MAX;
    }
    return INT64_MAX;
}

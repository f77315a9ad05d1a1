#include "server/fleet/rollout_step.h"

#include "server/fleet/rollout_wave.h"

static bool is_failing(const struct rollout_plan *plan, const struct rollout_step_facts *facts)
{
    const struct rollout_step_counts *wave = &facts->wave;

    return rollout_wave_fails(plan, wave->confirmed + wave->failed, wave->failed);
}

static enum rollout_event red(const struct rollout_plan *plan)
{
    return plan->back_on_red ? ROLLOUT_RED_BACK : ROLLOUT_TURN_RED;
}

static enum rollout_event running_event(const struct rollout_plan *plan,
                                        const struct rollout_step_facts *facts)
{
    const struct rollout_step_counts *wave = &facts->wave;

    if (is_failing(plan, facts))
        return red(plan);
    switch (facts->place) {
    case ROLLOUT_PUBLISHING:
        return facts->is_wave_open && wave->waiting == 0 ? ROLLOUT_ALL_OPEN : ROLLOUT_NOTHING;
    case ROLLOUT_CONFIRMING:
        if (wave->opened > 0 || wave->waiting > 0)
            return ROLLOUT_NOTHING;
        /* there is nobody left to compare the control with */
        return facts->is_control ? ROLLOUT_GREEN_LAST : ROLLOUT_ALL_SETTLED;
    default:
        return facts->now_ms >= facts->look_ms ? ROLLOUT_LOOK : ROLLOUT_NOTHING;
    }
}

enum rollout_event rollout_step_event(const struct rollout_plan *plan,
                                      const struct rollout_step_facts *facts)
{
    const int64_t limit_ms = rollout_limit_ms(facts->place);
    enum rollout_event event = ROLLOUT_NOTHING;

    if (facts->place >= ROLLOUT_PUBLISHING && facts->place <= ROLLOUT_SOAKING)
        event = running_event(plan, facts);
    else if (facts->place == ROLLOUT_ROLLING_BACK && facts->open == 0 && facts->going_back == 0)
        event = ROLLOUT_ALL_BACK;
    if (event == ROLLOUT_NOTHING && limit_ms > 0 && facts->now_ms - facts->moved_ms >= limit_ms)
        event = ROLLOUT_EXPIRED;
    return event;
}

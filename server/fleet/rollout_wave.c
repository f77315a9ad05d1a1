#include "server/fleet/rollout_wave.h"

#include <math.h>

#define RARE 0.005

static int64_t share_of(int64_t share, int64_t members)
{
    return (members * share + ROLLOUT_PLAN_ALL - 1) / ROLLOUT_PLAN_ALL;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t rollout_wave_control(const struct rollout_plan *plan, int64_t members)
{
    const int64_t wanted = share_of(plan->control_share, members);

    return least(wanted > plan->control_at_least ? wanted : plan->control_at_least, members / 2);
}

static int64_t reach_of(const struct rollout_plan_wave *wave, int64_t members)
{
    int64_t reach = share_of(wave->share, members);

    if (reach < wave->at_least)
        reach = wave->at_least;
    if (wave->at_most > 0)
        reach = least(reach, wave->at_most);
    return reach;
}

size_t rollout_wave_sizes(const struct rollout_plan *plan, int64_t members,
                          struct rollout_wave out[ROLLOUT_WAVE_MAX])
{
    const int64_t control = rollout_wave_control(plan, members);
    int64_t opened = 0;
    size_t count = 0;

    for (size_t i = 0; i < plan->wave_count; i++) {
        const bool is_last = i + 1 == plan->wave_count;
        const int64_t reach = is_last ? members : reach_of(&plan->waves[i], members);
        const int64_t upto = least(reach, members - control);

        if (upto <= opened)
            continue;
        out[count++] = (struct rollout_wave){plan->waves[i].share, upto - opened, false};
        opened = upto;
    }
    if (control > 0)
        out[count++] = (struct rollout_wave){ROLLOUT_PLAN_ALL, control, true};
    return count;
}

/* Below log(0) nothing is added up: a share of 0 or all is told apart first. */
bool rollout_wave_fails(const struct rollout_plan *plan, int64_t finished, int64_t failed)
{
    const double p = (double)plan->max_failed / ROLLOUT_PLAN_ALL;
    const double n = (double)finished;
    double below = 0;

    if (failed == 0 || plan->max_failed >= ROLLOUT_PLAN_ALL)
        return false;
    if (plan->max_failed == 0)
        return true;
    double log_chance = n * log1p(-p);
    for (int64_t i = 0; i < failed; i++) {
        below += exp(log_chance);
        log_chance += log((n - (double)i) / ((double)i + 1)) + log(p) - log1p(-p);
    }
    return 1 - below < RARE;
}

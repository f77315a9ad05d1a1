#include "server/fleet/threshold.h"

#include <assert.h>
#include <stddef.h>

static const char *const names[] = {"armed", "fired", "waived"};

const char *threshold_state_name(enum threshold_state state)
{
    static_assert(sizeof names / sizeof *names == THRESHOLD_WAIVED + 1, "each state has a name");
    return names[state];
}

enum status threshold_state_find(struct span name, enum threshold_state *out)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (span_equal_text(name, names[i])) {
            *out = (enum threshold_state)i;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}

enum event {
    EVENT_NONE,
    EVENT_BEGIN,  /* of another period */
    EVENT_RETURN, /* below the point again, by a raised limit or by itself */
    EVENT_REACH,
    EVENT_WAIVE,
};

static const struct {
    enum threshold_state from;
    enum event event;
    enum threshold_state to;
    struct threshold_step step;
} moves[] = {
    {THRESHOLD_ARMED, EVENT_REACH, THRESHOLD_FIRED, {.fire = true}},
    {THRESHOLD_FIRED, EVENT_BEGIN, THRESHOLD_ARMED, {.lift = true}},
    {THRESHOLD_FIRED, EVENT_RETURN, THRESHOLD_ARMED, {.lift = true}},
    {THRESHOLD_FIRED, EVENT_WAIVE, THRESHOLD_WAIVED, {.lift = true}},
    {THRESHOLD_WAIVED, EVENT_BEGIN, THRESHOLD_ARMED, {0}},
    {THRESHOLD_WAIVED, EVENT_RETURN, THRESHOLD_ARMED, {0}},
};

static bool move(struct threshold *threshold, enum event event, struct threshold_step *step)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        if (moves[i].from == threshold->state && moves[i].event == event) {
            threshold->state = moves[i].to;
            step->lift |= moves[i].step.lift;
            step->fire |= moves[i].step.fire;
            return true;
        }
    }
    return false;
}

struct threshold_step threshold_look(struct threshold *threshold, const struct threshold_look *look)
{
    struct threshold_step step = {0};
    bool returned = look->fell_back || look->raised;

    if (look->period_from_ms != threshold->period_from_ms)
        move(threshold, EVENT_BEGIN, &step);
    threshold->period_from_ms = look->period_from_ms;
    if (!look->reached && returned)
        move(threshold, EVENT_RETURN, &step);
    if (look->reached)
        move(threshold, EVENT_REACH, &step);
    return step;
}

bool threshold_waive(struct threshold *threshold)
{
    struct threshold_step step = {0};

    return move(threshold, EVENT_WAIVE, &step);
}

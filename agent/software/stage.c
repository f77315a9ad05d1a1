#include "agent/software/stage.h"

#include <assert.h>
#include <stddef.h>

static const struct {
    enum stage from;
    enum stage_event event;
    enum stage to;
} moves[] = {
    {STAGE_NONE, STAGE_WANT, STAGE_FETCHING},
    {STAGE_FETCHING, STAGE_HAVE_FILE, STAGE_FETCHED},
    {STAGE_FETCHED, STAGE_LOSE_FILE, STAGE_FETCHING},
    {STAGE_FETCHED, STAGE_INSTALL, STAGE_INSTALLING},
    {STAGE_INSTALLING, STAGE_PUT_OFF, STAGE_FETCHED},
    {STAGE_INSTALLING, STAGE_NEEDS_RESTART, STAGE_RESTARTING},
    {STAGE_INSTALLING, STAGE_IS_THERE, STAGE_INSTALLED},
    {STAGE_INSTALLING, STAGE_GO_BACK, STAGE_REVERTING},
    {STAGE_INSTALLING, STAGE_END, STAGE_NONE},
    {STAGE_RESTARTING, STAGE_IS_THERE, STAGE_INSTALLED},
    {STAGE_RESTARTING, STAGE_GO_BACK, STAGE_REVERTING},
    {STAGE_INSTALLED, STAGE_KEEP, STAGE_CONFIRMING},
    {STAGE_INSTALLED, STAGE_GO_BACK, STAGE_REVERTING},
    {STAGE_CONFIRMING, STAGE_END, STAGE_NONE},
    {STAGE_CONFIRMING, STAGE_GO_BACK, STAGE_REVERTING},
    {STAGE_REVERTING, STAGE_END, STAGE_NONE},
    {STAGE_NONE, STAGE_TAKE_BACK, STAGE_GOING_BACK},
    {STAGE_GOING_BACK, STAGE_END, STAGE_NONE},
    {STAGE_FETCHING, STAGE_END, STAGE_NONE},
    {STAGE_FETCHED, STAGE_END, STAGE_NONE},
};

bool stage_move(enum stage *stage, enum stage_event event)
{
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (moves[i].from == *stage && moves[i].event == event) {
            *stage = moves[i].to;
            return true;
        }
    }
    return false;
}

bool stage_is_begun(enum stage stage)
{
    return stage >= STAGE_INSTALLING && stage <= STAGE_GOING_BACK;
}

const char *stage_name(enum stage stage)
{
    static const char *const names[] = {"none",       "fetching",   "fetched",
                                        "installing", "restarting", "installed",
                                        "confirming", "reverting",  "going back"};

    static_assert(sizeof names / sizeof names[0] == STAGE_COUNT, "a name each");
    return (unsigned)stage < STAGE_COUNT ? names[stage] : "unknown";
}

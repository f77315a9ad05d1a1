#include "agent/ear/attention.h"

static const struct attention_row table[] = {
    {ATTENTION_RESTING, ATTENTION_CALL, ATTENTION_ADDRESSED, ATTENTION_WAIT},
    {ATTENTION_ADDRESSED, ATTENTION_SPEECH, ATTENTION_HEARING, ATTENTION_BEGIN},
    {ATTENTION_ADDRESSED, ATTENTION_END, ATTENTION_RESTING, ATTENTION_GIVE_UP},
    {ATTENTION_ADDRESSED, ATTENTION_NOTHING, ATTENTION_RESTING, ATTENTION_GIVE_UP},
    {ATTENTION_ADDRESSED, ATTENTION_LOST, ATTENTION_RESTING, ATTENTION_GIVE_UP},
    {ATTENTION_HEARING, ATTENTION_END, ATTENTION_RESTING, ATTENTION_FINISH},
    {ATTENTION_HEARING, ATTENTION_LOST, ATTENTION_RESTING, ATTENTION_FINISH},
    {ATTENTION_RESTING, ATTENTION_MUTE, ATTENTION_MUTED, ATTENTION_NO_ACT},
    {ATTENTION_ADDRESSED, ATTENTION_MUTE, ATTENTION_MUTED, ATTENTION_GIVE_UP},
    {ATTENTION_HEARING, ATTENTION_MUTE, ATTENTION_MUTED, ATTENTION_DROP},
    {ATTENTION_MUTED, ATTENTION_UNMUTE, ATTENTION_RESTING, ATTENTION_NO_ACT},
};

#define ROWS (sizeof table / sizeof table[0])

const struct attention_row *attention_table(size_t *count)
{
    *count = ROWS;
    return table;
}

enum attention_act attention_step(enum attention_state *state, enum attention_event event)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].from != *state || table[i].event != event)
            continue;
        *state = table[i].to;
        return table[i].act;
    }
    return ATTENTION_NO_ACT;
}

const char *attention_name(enum attention_state state)
{
    static const char *const names[] = {"muted", "resting", "addressed", "hearing"};

    return names[state];
}

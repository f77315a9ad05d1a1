#include "agent/ear/barge_in.h"

static const struct barge_in_row table[] = {
    {BARGE_IN_QUIET, BARGE_IN_OPENS, BARGE_IN_TALKING, BARGE_IN_NO_ACT},
    {BARGE_IN_TALKING, BARGE_IN_SHUTS, BARGE_IN_QUIET, BARGE_IN_NO_ACT},
    {BARGE_IN_TALKING, BARGE_IN_SPEECH, BARGE_IN_DUCKED, BARGE_IN_DUCK},
    {BARGE_IN_TALKING, BARGE_IN_CALL, BARGE_IN_QUIET, BARGE_IN_NO_ACT},
    {BARGE_IN_DUCKED, BARGE_IN_WORDS, BARGE_IN_QUIET, BARGE_IN_STOP},
    {BARGE_IN_DUCKED, BARGE_IN_PATIENCE, BARGE_IN_TALKING, BARGE_IN_RESTORE},
    {BARGE_IN_DUCKED, BARGE_IN_SHUTS, BARGE_IN_LATE, BARGE_IN_NO_ACT},
    {BARGE_IN_DUCKED, BARGE_IN_CALL, BARGE_IN_QUIET, BARGE_IN_RESTORE},
    {BARGE_IN_LATE, BARGE_IN_WORDS, BARGE_IN_QUIET, BARGE_IN_STOP},
    {BARGE_IN_LATE, BARGE_IN_PATIENCE, BARGE_IN_QUIET, BARGE_IN_RESTORE},
    {BARGE_IN_LATE, BARGE_IN_OPENS, BARGE_IN_DUCKED, BARGE_IN_NO_ACT},
    {BARGE_IN_LATE, BARGE_IN_CALL, BARGE_IN_QUIET, BARGE_IN_RESTORE},
};

#define ROWS (sizeof table / sizeof table[0])

const struct barge_in_row *barge_in_table(size_t *count)
{
    *count = ROWS;
    return table;
}

enum barge_in_act barge_in_step(enum barge_in_state *state, enum barge_in_event event)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (table[i].from != *state || table[i].event != event)
            continue;
        *state = table[i].to;
        return table[i].act;
    }
    return BARGE_IN_NO_ACT;
}

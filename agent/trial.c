#include "agent/trial.h"

#include <assert.h>
#include <stddef.h>

#define AGAIN_FIRST_MS 2000
#define AGAIN_MAX_MS   60000
#define AGAIN_FLOOR_MS 1000

enum event {
    OFFERED,
    WITHDRAWN,
    BEGUN,
    WENT_WELL,
    STUMBLED, /* and there is time for another test */
    BROKE,    /* or stumbled for the last time */
};

static const struct {
    enum trial_state from;
    enum event event;
    enum trial_state to;
} moves[] = {
    {TRIAL_NONE, OFFERED, TRIAL_WAITING},     {TRIAL_WAITING, BEGUN, TRIAL_TESTING},
    {TRIAL_TESTING, WENT_WELL, TRIAL_PASSED}, {TRIAL_TESTING, STUMBLED, TRIAL_WAITING},
    {TRIAL_TESTING, BROKE, TRIAL_FAILED},     {TRIAL_WAITING, WITHDRAWN, TRIAL_NONE},
    {TRIAL_TESTING, WITHDRAWN, TRIAL_NONE},   {TRIAL_PASSED, WITHDRAWN, TRIAL_NONE},
    {TRIAL_FAILED, WITHDRAWN, TRIAL_NONE},    {TRIAL_NONE, WITHDRAWN, TRIAL_NONE},
};

/* The one place that changes the state. */
static void move(struct trial *trial, enum event event)
{
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        if (moves[i].from == trial->state && moves[i].event == event) {
            trial->state = moves[i].to;
            return;
        }
    }
    assert(!"a trial cannot do that now");
}

static void pass_time(struct trial *trial, bool is_online, int64_t now_ms)
{
    if (is_online && now_ms > trial->seen_ms)
        trial->left_ms -= now_ms - trial->seen_ms;
    trial->seen_ms = now_ms;
}

void trial_offer(struct trial *trial, uint64_t generation, uint32_t window_s, uint32_t tries,
                 int64_t now_ms)
{
    move(trial, WITHDRAWN);
    move(trial, OFFERED);
    trial->generation = generation;
    trial->tries = tries;
    trial->left_ms = (window_s > 0 ? window_s : TRIAL_WINDOW_S) * INT64_C(1000);
    trial->seen_ms = trial->due_ms = now_ms;
    backoff_init(&trial->backoff, AGAIN_FIRST_MS, AGAIN_MAX_MS, AGAIN_FLOOR_MS);
}

void trial_withdraw(struct trial *trial)
{
    move(trial, WITHDRAWN);
}

int64_t trial_due_ms(const struct trial *trial)
{
    return trial->due_ms;
}

bool trial_begin(struct trial *trial, bool is_online, int64_t now_ms)
{
    pass_time(trial, is_online, now_ms);
    if (trial->state != TRIAL_WAITING || now_ms < trial->due_ms)
        return false;
    move(trial, BEGUN);
    trial->tries++;
    return true;
}

void trial_end(struct trial *trial, enum trial_outcome outcome, bool is_online, int64_t now_ms,
               uint64_t random)
{
    pass_time(trial, is_online, now_ms);
    if (outcome == TRIAL_WENT_WELL) {
        move(trial, WENT_WELL);
    } else if (outcome == TRIAL_CANNOT_PASS || trial->left_ms <= 0) {
        move(trial, BROKE);
    } else {
        move(trial, STUMBLED);
        trial->due_ms = now_ms + backoff_next(&trial->backoff, random);
    }
}

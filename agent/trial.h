/* trial.h - the rules of a trial: when a held configuration is tested, again, and no more
 *
 * What may pass (a vendor that is busy, a network that is away) is tested again for the trial's
 * window, in which time without a server does not count: then the robot is cut off, and nothing is
 * known about the new route. What cannot pass ends the trial at once, and so does a test that went
 * well, with or without a server (invariant I11).
 *
 * Pure: time and chance are arguments; no I/O, no lock. Fields are private.
 */
#ifndef AGENT_TRIAL_H
#define AGENT_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/backoff.h"

#define TRIAL_WINDOW_S 600 /* where the server names none */

enum trial_state {
    TRIAL_NONE,    /* nothing is held */
    TRIAL_WAITING, /* for its next test */
    TRIAL_TESTING,
    TRIAL_PASSED,
    TRIAL_FAILED,
};

/* How a test ended. */
enum trial_outcome {
    TRIAL_WENT_WELL,
    TRIAL_MAY_PASS,    /* it may go well another time */
    TRIAL_CANNOT_PASS, /* not with this configuration */
};

struct trial {
    enum trial_state state;
    uint64_t generation;
    uint32_t tries;
    int64_t left_ms; /* of the window */
    int64_t seen_ms; /* time has passed up to here */
    int64_t due_ms;  /* of the next test */
    struct backoff backoff;
};

/* Another generation is held; whatever was tried before is forgotten. tries: of the same one,
 * before a restart. window_s 0: TRIAL_WINDOW_S. */
void trial_offer(struct trial *trial, uint64_t generation, uint32_t window_s, uint32_t tries,
                 int64_t now_ms);

/* Nothing is held any more. */
void trial_withdraw(struct trial *trial);

/* When trial_begin() is worth calling next; now or in the past while nothing waits. */
int64_t trial_due_ms(const struct trial *trial);

/* Lets time pass. True: the test is due, and counts as begun. */
bool trial_begin(struct trial *trial, bool is_online, int64_t now_ms);

/* The test that began has ended: the state tells what comes. */
void trial_end(struct trial *trial, enum trial_outcome outcome, bool is_online, int64_t now_ms,
               uint64_t random);

#endif

/* rollout.h - where a rollout stands and what may come next: one table
 *
 *   draft > preflight > (approval, waiting >) publishing > confirming > soaking > judging
 *                                                  ^______________________________|  for each wave
 *
 * From the first wave on it may be paused, by hand or for a cause, and taken back; it ends as
 * completed, rolled back or aborted. The driver (server/jobs/rollouts.h) and the API turn what
 * happened into an event; this says whether it may happen here, where that leads, and what must be
 * done in the same transaction. Every place but the last ones has a way out by hand and a time
 * after which something happens by itself. No I/O; thread-safe.
 */
#ifndef SERVER_FLEET_ROLLOUT_H
#define SERVER_FLEET_ROLLOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/span.h"

enum rollout_place {
    ROLLOUT_DRAFT = 0,
    ROLLOUT_PREFLIGHT = 1,
    ROLLOUT_APPROVAL = 2,   /* another operator must agree */
    ROLLOUT_WAITING = 3,    /* for another rollout to end */
    ROLLOUT_PUBLISHING = 4, /* running, like the next three */
    ROLLOUT_CONFIRMING = 5,
    ROLLOUT_SOAKING = 6,
    ROLLOUT_JUDGING = 7,
    ROLLOUT_PAUSED_PUBLISHING = 8, /* paused by an operator, like the next two */
    ROLLOUT_PAUSED_CONFIRMING = 9,
    ROLLOUT_PAUSED_SOAKING = 10,
    ROLLOUT_BY_HAND = 11,   /* paused: the next wave is an operator's to start */
    ROLLOUT_REFUSED = 12,   /* paused: pre-flight refuses the next wave */
    ROLLOUT_RED = 13,       /* paused: the gate is red, or too many failed */
    ROLLOUT_UNDECIDED = 14, /* paused: all looks are taken and none could tell */
    ROLLOUT_STALLED = 15,   /* paused: nothing moved for too long */
    ROLLOUT_OUTGROWN = 16,  /* paused: it is more by now than anybody agreed to */
    ROLLOUT_ROLLING_BACK = 17,
    ROLLOUT_ROLLED_BACK = 18, /* over, like the next two */
    ROLLOUT_COMPLETED = 19,
    ROLLOUT_ABORTED = 20,
};
#define ROLLOUT_PLACES 21

/* A place as the database and the API have it; step and cause may be NULL. */
struct rollout_name {
    const char *state;
    const char *step;
    const char *cause;
};
const struct rollout_name *rollout_name(enum rollout_place place);
/* step and cause may be NULL or "". STATUS_INVALID: there is no such place. */
MUST_CHECK enum status rollout_find(const char *state, const char *step, const char *cause,
                                    enum rollout_place *out);

/* Its patch may be seen by devices: running, paused, rolling back. */
bool rollout_is_under_way(enum rollout_place place);
bool rollout_is_paused(enum rollout_place place);
bool rollout_is_over(enum rollout_place place);

enum rollout_event {
    ROLLOUT_NOTHING = 0,
    /* an operator's */
    ROLLOUT_START = 1,
    ROLLOUT_APPROVE = 2,
    ROLLOUT_PAUSE = 3,
    ROLLOUT_RESUME = 4,
    ROLLOUT_NEXT = 5,
    ROLLOUT_FORCE = 6, /* go on as if the wave were green, for a reason that is kept */
    ROLLOUT_FORCE_LAST = 7,
    ROLLOUT_RETRY = 8, /* those that failed */
    ROLLOUT_ROLL_BACK = 9,
    ROLLOUT_ABORT = 10,
    /* what the driver found */
    ROLLOUT_CHECKED = 11, /* pre-flight has nothing against it */
    ROLLOUT_NEEDS_APPROVAL = 12,
    ROLLOUT_BUSY = 13, /* another rollout has the layer or some of the devices */
    ROLLOUT_FREE = 14,
    ROLLOUT_REFUSE = 15, /* pre-flight refuses it, or its next wave */
    ROLLOUT_ALL_OPEN = 16,
    ROLLOUT_ALL_SETTLED = 17,
    ROLLOUT_LOOK = 18,    /* it is time for the gate */
    ROLLOUT_SOAK_ON = 19, /* the gate has nothing to say yet */
    ROLLOUT_GREEN = 20,
    ROLLOUT_GREEN_LAST = 21,
    ROLLOUT_GREEN_BY_HAND = 22, /* green, and the plan leaves the next wave to an operator */
    ROLLOUT_TURN_RED = 23,
    ROLLOUT_RED_BACK = 24, /* red, and the plan rolls back then */
    ROLLOUT_NO_VERDICT = 25,
    ROLLOUT_ALL_BACK = 26,
    ROLLOUT_GONE = 27,    /* its layer's group was deleted */
    ROLLOUT_EXPIRED = 28, /* rollout_limit_ms() is over */
    ROLLOUT_DECLINE = 29, /* an operator's: whoever could approve does not, and says why */
};
#define ROLLOUT_EVENTS 30

/* "start", "all_open": how the audit and the API name it. */
const char *rollout_event_name(enum rollout_event event);

enum rollout_action {
    ROLLOUT_DO_NOTHING,
    ROLLOUT_DO_BEGIN,    /* fix the members and the waves */
    ROLLOUT_DO_ADVANCE,  /* close the wave; the next one is to be opened */
    ROLLOUT_DO_COMPLETE, /* close the wave; the patch becomes part of the layer */
    ROLLOUT_DO_RETRY,    /* those that failed wait to be opened again */
    ROLLOUT_DO_END,      /* devices are no members any more */
    ROLLOUT_DO_REMIND,   /* tell people that it waits for them */
};

struct rollout_move {
    enum rollout_place to;
    enum rollout_action action;
};

/* False: the event cannot happen at that place, and *out is untouched. */
bool rollout_move(enum rollout_place from, enum rollout_event event, struct rollout_move *out);

/* How long it may stand at a place before ROLLOUT_EXPIRED; 0: for ever. Those of publishing and
 * confirming count from the last device that moved. */
int64_t rollout_limit_ms(enum rollout_place place);

#endif

/* talk.h - the conversations of one simulated robot: questions at random times, answered by its
 * routes over real HTTP, each attempt in the journal
 *
 * As agent/chat/turn.h does it on a thread, this does it on the loop: opens the attempt while the
 * owner speaks, asks the routes in order with one short retry and without those that fail again and
 * again (agent/chat/next_step.h, circuit.h: the agent's own rules), closes the record with what was
 * consumed and how surely that is known. Credit and the limits that a configuration sets are kept
 * as the agent keeps them.
 */
#ifndef TESTS_ROBOTS_TALK_H
#define TESTS_ROBOTS_TALK_H

#include "agent/meter/journal.h"
#include "agent/selfcheck.h"
#include "tests/robots/asker.h"
#include "tests/robots/plan.h"
#include "tests/robots/settings.h"
#include "tests/support/dice.h"

struct talk;

struct talk_options {
    struct loop *loop; /* borrowed, as all pointers */
    struct asker *asker;
    struct plans *plans;
    struct journal *journal;
    struct dice dice;
    int64_t wall_skew_ms;    /* of the robot's clock */
    double turns_per_minute; /* 0: the owner never asks */
    int64_t think_ms;        /* how long the owner speaks: from opening an attempt to sending it */
    unsigned interrupt_percent;
    const struct settings_patience *patience; /* of vendors for whom it is another */
    size_t patience_count;
    void *context;
    /* an attempt was closed, or refused for want of credit; must not free the talk */
    void (*on_closed)(void *context);
    /* whether the server answers */
    bool (*is_online)(void *context);
};

struct talk_counts {
    uint64_t turns;       /* ended */
    uint64_t failed;      /* without any answer */
    uint64_t interrupted; /* by the owner */
    uint64_t attempts;    /* opened */
    uint64_t refused;     /* by journal or credit: never opened */
    uint64_t denied;      /* of these by credit */
    uint64_t clipped;     /* opened with less output than wanted, for want of credit */
    uint64_t limited;     /* turns in which limit_mode or turns_per_minute kept from asking */
};

MUST_CHECK enum status talk_create(struct talk **out, const struct talk_options *options);

/* The owner leaves: an attempt under way is closed as interrupted, no turn follows. */
void talk_hush(struct talk *talk);

/* As talk_hush(). NULL is allowed. */
void talk_free(struct talk *talk);

/* From the next turn on. plan is held by the talk while it needs it. */
void talk_set_plan(struct talk *talk, struct plan *plan, uint64_t generation);

/* Ends a probe: reason is one line, empty when the route answered. */
typedef void (*talk_probed_fn)(void *context, const char *reason);

/* Asks the one route "vendor/model" of the plan now, as a turn of its own. STATUS_NOT_FOUND: no
 * such route; STATUS_AGAIN: a turn is under way; STATUS_DENIED: limit_mode allows no vendor. */
MUST_CHECK enum status talk_probe(struct talk *talk, const char *route, talk_probed_fn on_probed);

/* What was talked about until now goes along with no later question. */
void talk_forget(struct talk *talk);

bool talk_is_busy(const struct talk *talk);
const struct talk_counts *talk_counts(const struct talk *talk);
/* What the last turn says about why none is answered; see agent/selfcheck.h. */
void talk_tell_turn(const struct talk *talk, struct selfcheck_facts *out);
/* Tells the routes that are left out, as an agent does. */
void talk_tell_circuits(const struct talk *talk, wire_Health *out);

#endif

/* tryout.h - a simulated robot's trial: asks the first route of a held configuration a question of
 * its own, on the loop, by the agent's own rules (agent/trial.h)
 *
 * The robot has neither voice nor mouth: these steps are reached with the words. What is held is in
 * memory alone; after a restart the server sends it again.
 */
#ifndef TESTS_ROBOTS_TRYOUT_H
#define TESTS_ROBOTS_TRYOUT_H

#include "agent/meter/journal.h"
#include "tests/robots/asker.h"
#include "tests/robots/plan.h"
#include "tests/support/dice.h"

struct tryout;

struct tryout_options {
    struct loop *loop; /* borrowed, as all pointers */
    struct asker *asker;
    struct plans *plans;
    struct journal *journal;
    struct dice dice;
    int64_t wall_skew_ms;
    void *context;
    /* An attempt was closed, or refused for want of credit. Must not free the tryout, like the
     * next. */
    void (*on_closed)(void *context);
    bool (*is_online)(void *context);
    /* The trial has ended, as tryout_report() says; what was held is the robot's to run or drop. */
    void (*on_settled)(void *context, bool is_passed);
};

MUST_CHECK enum status tryout_create(struct tryout **out, const struct tryout_options *options);

/* An attempt under way is closed as interrupted. NULL is allowed. */
void tryout_free(struct tryout *tryout);

/* Holds plan, which comes with a trial, until it has ended; what was held before is dropped. The
 * generation held, or that failed, is left as it is: false. */
bool tryout_offer(struct tryout *tryout, struct plan *plan, uint64_t generation);

/* Another configuration runs. */
void tryout_withdraw(struct tryout *tryout);

/* False: there is none. */
bool tryout_report(const struct tryout *tryout, wire_TrialReport *out);

#endif

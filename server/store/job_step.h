/* job_step.h - one robot's part of a bulk job
 *
 * The deed, its audit row in the name of whoever began the job, and what became of it are one
 * transaction: a server that dies in it has done nothing, and one that dies after it repeats
 * nothing. A robot that another instance is at is passed over. Times and limits are arguments.
 */
#ifndef SERVER_STORE_JOB_STEP_H
#define SERVER_STORE_JOB_STEP_H

#include "server/store/store.h"

/* The jobs that run, oldest first, at most max; *count of them. */
MUST_CHECK enum status job_step_running(struct store *store, int64_t *ids, size_t max,
                                        size_t *count);

/* Where one instance is in a job; plain data. */
struct job_step {
    int64_t job_id;
    int64_t alone;  /* leading.h, of whoever began the job */
    char after[64]; /* the robot before; "": from the start, as once none is left behind it */
    bool moved;     /* out: a robot was dealt with */
};

/* Deals with the next robot that waits. */
MUST_CHECK enum status job_step_take(struct store *store, struct job_step *step,
                                     struct arena *arena);

/* Ends the job when no robot waits, also for other instances; dashboards are told how far it is. */
MUST_CHECK enum status job_step_settle(struct store *store, int64_t job_id);

#endif

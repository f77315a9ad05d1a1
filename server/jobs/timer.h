/* timer.h - a thread that does one job again and again: every so often, or at once when it is woken
 *
 * A wake-up that comes while the job runs is not lost: it runs once more.
 */
#ifndef SERVER_JOBS_TIMER_H
#define SERVER_JOBS_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/status.h"

struct timer;

/* woken: since the run before somebody called timer_wake(). On the timer's thread. */
typedef void timer_job(void *context, bool woken);

/* Runs job at once, then tick_ms after the end of each run. The caller owns *out. */
MUST_CHECK enum status timer_start(struct timer **out, int64_t tick_ms, timer_job *job,
                                   void *context);

/* From any thread. */
void timer_wake(struct timer *timer);

/* Returns when the run under way has ended; job is not called any more. NULL is allowed. */
void timer_stop(struct timer *timer);

#endif

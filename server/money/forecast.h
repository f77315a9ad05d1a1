/* forecast.h - where a period's quantity or sum is going, from its days so far
 *
 * The trend is linear: the mean of the period's last days (FORECAST_DAYS complete ones, before the
 * first is complete what of today has gone by) goes on until the end. Its band is between the
 * quietest and the busiest of those days. Exact, like all of money; no I/O.
 */
#ifndef SERVER_MONEY_FORECAST_H
#define SERVER_MONEY_FORECAST_H

#include "server/money/fraction.h"
#include "server/money/period.h"

#define FORECAST_DAYS    14
#define FORECAST_NEVER   INT64_MAX
#define FORECAST_MINUTES 1440 /* what is told of today is told in parts of these */

/* Plain data. days[i] is the amount of the period's day first + i, the last one is today's. */
struct forecast_basis {
    struct period_range period;
    const struct fraction *days;
    size_t day_count;
    int64_t today_minutes; /* of today that have gone by, 0 to FORECAST_MINUTES */
};

struct forecast {
    struct fraction so_far;
    struct fraction per_day;
    struct fraction at_end;    /* when the trend goes on */
    struct fraction low, high; /* when all days are like the quietest, the busiest */
};

/* STATUS_AGAIN: there is nothing to tell a trend by yet (less than an hour of the first day).
 * STATUS_FULL: a number does not fit. */
MUST_CHECK enum status forecast_make(const struct forecast_basis *basis, struct forecast *out);

/* The day in which the trend reaches the limit: "runs out on the 23rd". FORECAST_NEVER: not in this
 * period. */
MUST_CHECK enum status forecast_runs_out(const struct forecast_basis *basis,
                                         const struct forecast *forecast, struct fraction limit,
                                         int64_t *day);

/* Whether the last hour's growth is at least times the usual hour, which is what the period's hours
 * before it had on average. *reached is false while there are less than 24 of them, or nothing to
 * compare with. */
MUST_CHECK enum status forecast_is_surge(struct fraction so_far, struct fraction last_hour,
                                         int64_t hours, struct fraction times, bool *reached);

#endif

/* sampled.h - a course that was looked at once a day: what lies between, and where it goes
 *
 * For what no sums by day tell: levels of traffic (each day's busiest minute), and what only the
 * bill counts (what it came to by the end of each day). A day that nobody looked at lies on the
 * straight line between those around it. Exact; no I/O; thread-safe.
 */
#ifndef SERVER_MONEY_SAMPLED_H
#define SERVER_MONEY_SAMPLED_H

#include "server/money/forecast.h"

#define SAMPLED_TREND 28 /* whole days at most that a line is laid through */
#define SAMPLED_LINE  3  /* whole days at least; of fewer the mean goes on */

struct sampled_day {
    int64_t day;
    struct fraction amount;
};

enum sampled_kind {
    SAMPLED_SUM,   /* grows from nothing at the first day's beginning */
    SAMPLED_LEVEL, /* was before the first look as it was then */
};

/* Each day's amount from that day on. Samples are in order of their days, none before first, and
 * the last one is of the last day. *is_whole: each day was looked at. STATUS_FULL: a number does
 * not fit. */
MUST_CHECK enum status sampled_fill(enum sampled_kind kind, const struct sampled_day *samples,
                                    size_t count, int64_t first, struct fraction *days,
                                    size_t day_count, bool *is_whole);

/* Where levels go: the straight line nearest to the last whole days (least squares) goes on to the
 * end; the band is as far above and below it as the farthest of those days. Nothing is below zero.
 * days[count - 1] is today's, which goes on and is not in it; ahead is how many follow it.
 * *trend_days: how many it is told by. *runs_out: so many days from today the line reaches the
 * limit, FORECAST_NEVER: it does not; limit NULL: there is none. STATUS_AGAIN: there is no whole
 * day yet. STATUS_FULL: a number does not fit. */
MUST_CHECK enum status sampled_trend(const struct fraction *days, size_t count, int64_t ahead,
                                     const struct fraction *limit, struct forecast *out,
                                     size_t *trend_days, int64_t *runs_out);

/* A level that keeps to its last whole days: their mean, the least and the most of them. Without
 * one, today's. */
MUST_CHECK enum status sampled_stays(const struct fraction *days, size_t count,
                                     struct forecast *out, size_t *trend_days);

#endif

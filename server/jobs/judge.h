/* judge.h - compares a contract's threshold with what was used, exactly
 *
 * What can be judged: sums of recorded metrics and of money, by day; active devices of a commitment
 * or cap, by day; requests and tokens a minute and requests under way, over the last minute. How
 * they are counted is course.h's. A commitment's threshold on the forecast fires when the forecast
 * falls short of the share (it is endangered), once there are three whole days to tell by; all
 * others when the share is reached. No I/O; all is in the arena.
 */
#ifndef SERVER_JOBS_JUDGE_H
#define SERVER_JOBS_JUDGE_H

#include "server/fleet/threshold.h"
#include "server/money/course.h"
#include "server/store/thresholds.h"

/* What is known of a contract now. Plain data, borrowed. */
struct judge_view {
    const struct contract *contract;
    const struct zone *zone;
    int64_t now_ms;
    const struct course_usage *days; /* at least from the period's first day on */
    size_t day_count;
    const struct course_usage *hour; /* the last 3,600 seconds */
    size_t hour_count;
    const struct course_usage *minute; /* the last 60 */
    size_t minute_count;
    const struct course_usage *devices; /* active ones by day, of the threshold at hand */
    size_t device_days;
    const struct course_usage *all; /* of every contract, by day and likewise */
    size_t all_days;
    const struct contract_third_party *third_party; /* of the terms at hand */
};

/* What the view must hold to judge it. */
bool judge_wants_hour(const struct contract_threshold *threshold);
bool judge_wants_minute(const struct contract_threshold *threshold);
bool judge_wants_devices(const struct contract_threshold *threshold);
bool judge_wants_all(const struct contract_threshold *threshold);

/* What a look found. Plain data. */
struct judge_sight {
    struct threshold_look look;
    struct period period;
    int64_t period_from_ms;
    int64_t period_to_ms;
    struct fraction value;
    const char *unit; /* the currency of money; NULL: a count of what the rule names */
    bool has_limit;
    struct fraction limit;
    bool has_forecast;
    struct forecast forecast;
    int64_t runs_out; /* day, or FORECAST_NEVER */
};

/* The period that a threshold stands for now, and its first day: days must go back to it. */
struct period judge_period(const struct contract *contract,
                           const struct contract_threshold *threshold, int64_t today);

/* row: how it stands, for the limit that it fired at. STATUS_FULL: a number does not fit. */
MUST_CHECK enum status judge_look(const struct judge_view *view,
                                  const struct contract_threshold *threshold,
                                  const struct thresholds_row *row, struct arena *arena,
                                  struct judge_sight *out);

/* The same of a budget's running account. */
MUST_CHECK enum status judge_pool(const struct thresholds_pool *pool,
                                  const struct contract_threshold *threshold,
                                  const struct thresholds_row *row, struct judge_sight *out);

#endif

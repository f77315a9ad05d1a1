/* period.h - the periods that terms count in: half-open, local, and anchors that return
 *
 * A period is a pair of local days [first, end). Calendar periods begin with the day, the Monday,
 * the month, the quarter, the year; with an anchor they are anniversaries of that date, which is
 * clamped to a short month and returns (31 Jan, 29 Feb, 31 Mar). Everything is computed from the
 * anchor, never from the period before. Instants come from zone.h. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_PERIOD_H
#define SERVER_MONEY_PERIOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

enum period_per {
    PERIOD_ONCE, /* the whole range, at its start */
    PERIOD_TERM, /* the whole range */
    PERIOD_DAY,
    PERIOD_WEEK,
    PERIOD_MONTH,
    PERIOD_QUARTER,
    PERIOD_YEAR,
};
#define PERIOD_NAMES "once|term|day|week|month|quarter|year"
const char *period_name(enum period_per per);
MUST_CHECK enum status period_find(const char *name, enum period_per *out);

/* How a term repeats. Plain data. */
struct period_rule {
    enum period_per per;
    bool anchored;
    int64_t anchor; /* day; when anchored */
};

/* Local days. Plain data. */
struct period_range {
    int64_t first;
    int64_t end; /* exclusive */
};

/* One period within a range. Plain data. */
struct period {
    struct period_range whole;   /* as the calendar has it */
    struct period_range clipped; /* to the range; what is billed */
};

/* The period that holds the day, clipped to the range. day must lie in the range. For once and term
 * whole is the range itself. */
struct period period_at(const struct period_rule *rule, struct period_range range, int64_t day);

/* The one after; false when none begins before the range's end. */
bool period_next(const struct period_rule *rule, struct period_range range, struct period *period);

/* Days billed over days of the whole period: 60 of 366. Both above 0. */
void period_share(const struct period *period, int64_t *days, int64_t *of);

#endif

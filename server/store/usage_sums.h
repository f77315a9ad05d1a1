/* usage_sums.h - what was used and what it cost, summed by what people ask for
 *
 * Sums by vendor, model and contract over days come from the sums by day, which each contract keeps
 * in its own zone; what asks for robots, groups, hours or another zone comes from the sums by robot
 * and hour, with the records that are not in them yet. Both count the same records. Besides those
 * of store.h.
 */
#ifndef SERVER_STORE_USAGE_SUMS_H
#define SERVER_STORE_USAGE_SUMS_H

#include "server/store/store.h"

#define USAGE_SUMS_ROWS     10000 /* of one JSON answer */
#define USAGE_SUMS_MOST_TOP 1000

/* By which columns sums are grouped; the currency always is, for unlike money does not add up. */
enum usage_sums_by {
    USAGE_SUMS_VENDOR = 1,
    USAGE_SUMS_MODEL = 2,
    USAGE_SUMS_CONTRACT = 4,
    USAGE_SUMS_GROUP = 16, /* a robot of two groups counts in both, one of none in "" */
    USAGE_SUMS_DEVICE = 32,
    USAGE_SUMS_CLASS = 64, /* a row for each token class, with its quantity alone */
};

/* Plain data. Texts that are NULL ask for nothing. */
struct usage_sums_order {
    unsigned by;      /* enum usage_sums_by, or-ed */
    const char *unit; /* of time: "hour" (UTC), "day", "week", "month", "year"; NULL: all in one */
    const char *from, *to; /* days, "YYYY-MM-DD", both inclusive; NULL from: today; NULL to: no end
                            */
    const char *zone; /* of days; NULL: each contract's own. One whose days begin within an hour of
                         UTC counts that hour as of the day in which it begins */
    const char *vendor, *model, *contract, *group, *device; /* only of these */
    int64_t top;      /* above 0: the rest, by what the order says, is one row with "rest" */
    const char *sort; /* "attempts", "input", "output", "cost": the most first; NULL: by name */
};

/* {"as_of", "items", "totals", "next"}; totals count each attempt once. STATUS_INVALID: no date;
 * STATUS_NOT_FOUND: no such zone; STATUS_FULL: more than USAGE_SUMS_ROWS. */
MUST_CHECK enum status usage_sums_read(struct store *store, const struct usage_sums_order *order,
                                       struct arena *arena, struct span *json);

/* Whether an order can be answered as a file: the statuses of usage_sums_read() for what is asked
 * wrongly. */
MUST_CHECK enum status usage_sums_check(struct store *store, const struct usage_sums_order *order);

/* Where a file goes, piece by piece. Another status than STATUS_OK ends it and is the answer. */
typedef enum status (*usage_sums_add)(void *sink, struct span text);

/* The rows as CSV by RFC 4180, with a head, as the database stood at one moment. Periods are looked
 * up one after the other, so that the first rows come soon and neither here nor in the database is
 * the whole in memory; it may take minutes and holds a connection as long. top and sort do not
 * count. */
MUST_CHECK enum status usage_sums_csv(struct store *store, const struct usage_sums_order *order,
                                      usage_sums_add add, void *sink);

#endif

/* curve.h - exact piecewise linear functions of a whole number, and where which is least
 *
 * What a contract costs is such a function of the fleet's size: kinks at tier bounds and
 * commitments, jumps at packages, not monotone. A crossing of two of them is therefore no number
 * but a set of intervals, and bisection for it would lie; everything here is computed on the
 * segments, exactly. No I/O; not thread-safe on one arena.
 */
#ifndef SERVER_MONEY_CURVE_H
#define SERVER_MONEY_CURVE_H

#include "schema/base/arena.h"
#include "server/money/fraction.h"

#define CURVE_SEGMENTS 200000 /* of one curve: started packages make one for each step */
#define CURVE_MOST     16     /* curves that can be compared */

/* For n from .. to, both inclusive: fixed + n * per_step. Plain data. */
struct curve_segment {
    int64_t from, to;
    struct fraction fixed, per_step;
};

/* Segments that follow one another; none can be made longer. Plain data. */
struct curve {
    const struct curve_segment *segments;
    size_t count;
};

/* One summand of the value at n, known by its key; summands that are absent are 0. */
struct curve_part {
    unsigned key;
    struct fraction value;
};

/* Appends the value's summands at n, keys ascending, to parts, which has room for most: STATUS_FULL
 * beyond. */
typedef enum status (*curve_sample)(void *context, int64_t n, struct curve_part *parts, size_t most,
                                    size_t *count);

/* What is known of the function: see curve_find(). */
struct curve_shape {
    curve_sample sample;
    void *context;
    size_t parts;        /* the most that sample gives */
    const int64_t *cuts; /* in any order, repeats allowed */
    size_t cut_count;
};

/* Finds the segments of from .. to. Between two neighbouring cuts (a cut is the last number before
 * a change) each summand must be straight but for at most two kinks, as a value clamped from below
 * and above has them. Then equal steps at both ends and on average prove that it is straight; what
 * is not is halved. STATUS_FULL: more than CURVE_SEGMENTS, or a number does not fit; besides those
 * of sample. */
MUST_CHECK enum status curve_find(const struct curve_shape *shape, int64_t from, int64_t to,
                                  struct arena *arena, struct curve *out);

/* STATUS_NOT_FOUND: n lies outside; STATUS_FULL: does not fit. */
MUST_CHECK enum status curve_value(const struct curve *curve, int64_t n, struct fraction *out);

/* All values times the factor, as for another currency. */
MUST_CHECK enum status curve_scale(const struct curve *curve, struct fraction factor,
                                   struct arena *arena, struct curve *out);

/* Bits of the curves that are least, more than one on a tie. Plain data. */
struct curve_interval {
    int64_t from, to;
    unsigned least;
};

/* All maximal intervals, in order; they cover what the curves have in common, which must be the
 * same range. At most CURVE_MOST curves. */
MUST_CHECK enum status curve_compare(const struct curve *const *curves, size_t count,
                                     struct arena *arena, const struct curve_interval **out,
                                     size_t *interval_count);

#endif

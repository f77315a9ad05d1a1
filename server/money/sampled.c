#include "server/money/sampled.h"

/* The amount so many days after an earlier one, on the way to a later one. */
static enum status between(const struct sampled_day *from, const struct sampled_day *to,
                           int64_t day, struct fraction *out)
{
    struct fraction more;
    enum status status = fraction_subtract(to->amount, from->amount, &more);

    if (status == STATUS_OK)
        status =
            fraction_multiply(more, fraction_ratio(day - from->day, to->day - from->day), &more);
    return status == STATUS_OK ? fraction_add(from->amount, more, out) : status;
}

enum status sampled_fill(enum sampled_kind kind, const struct sampled_day *samples, size_t count,
                         int64_t first, struct fraction *days, size_t day_count, bool *is_whole)
{
    struct sampled_day before = {.day = first - 1,
                                 .amount = kind == SAMPLED_SUM ? FRACTION_ZERO : samples[0].amount};
    enum status status = STATUS_OK;
    size_t next = 0;

    *is_whole = count == day_count;
    for (size_t i = 0; i < day_count && status == STATUS_OK; i++) {
        const int64_t day = first + (int64_t)i;

        if (samples[next].day == day) {
            before = samples[next];
            days[i] = before.amount;
            next += next + 1 < count;
        } else {
            status = between(&before, &samples[next], day, &days[i]);
        }
    }
    return status;
}

/* ---- where it goes ---- */

/* value(x) = start + slope * x, of the first of the days at x = 0. */
struct line {
    struct fraction start, slope;
};

static enum status at(const struct line *line, int64_t x, struct fraction *out)
{
    enum status status = fraction_multiply(line->slope, fraction_of(x), out);

    return status == STATUS_OK ? fraction_add(line->start, *out, out) : status;
}

static enum status sums_of(const struct fraction *days, int64_t count, struct fraction *sum,
                           struct fraction *weighed)
{
    enum status status = STATUS_OK;

    *sum = *weighed = FRACTION_ZERO;
    for (int64_t x = 0; x < count && status == STATUS_OK; x++) {
        struct fraction product;

        status = fraction_add(*sum, days[x], sum);
        if (status == STATUS_OK)
            status = fraction_multiply(days[x], fraction_of(x), &product);
        if (status == STATUS_OK)
            status = fraction_add(*weighed, product, weighed);
    }
    return status;
}

/* Least squares. With x = 0, 1, ... its sums are known: sum x = n (n - 1) / 2, and the slope is
 * 12 (sum xy - mean(x) sum y) / (n (n^2 - 1)). */
static enum status lay(const struct fraction *days, int64_t count, struct line *out)
{
    struct fraction sum, weighed, part;
    enum status status = sums_of(days, count, &sum, &weighed);

    out->slope = FRACTION_ZERO;
    if (status == STATUS_OK && count >= SAMPLED_LINE) {
        status = fraction_multiply(sum, fraction_ratio(count - 1, 2), &part);
        if (status == STATUS_OK)
            status = fraction_subtract(weighed, part, &part);
        if (status == STATUS_OK)
            status = fraction_multiply(part, fraction_ratio(12, count * (count * count - 1)),
                                       &out->slope);
    }
    if (status == STATUS_OK)
        status = fraction_multiply(sum, fraction_ratio(1, count), &out->start);
    if (status == STATUS_OK)
        status = fraction_multiply(out->slope, fraction_ratio(count - 1, 2), &part);
    return status == STATUS_OK ? fraction_subtract(out->start, part, &out->start) : status;
}

/* How far the farthest days lie below and above the line. */
static enum status stray(const struct fraction *days, int64_t count, const struct line *line,
                         struct fraction *below, struct fraction *above)
{
    enum status status = STATUS_OK;

    *below = *above = FRACTION_ZERO;
    for (int64_t x = 0; x < count && status == STATUS_OK; x++) {
        struct fraction off;

        status = at(line, x, &off);
        if (status == STATUS_OK)
            status = fraction_subtract(days[x], off, &off);
        if (status == STATUS_OK && fraction_compare(off, *below) < 0)
            *below = off;
        if (status == STATUS_OK && fraction_compare(off, *above) > 0)
            *above = off;
    }
    return status;
}

static struct fraction not_below_zero(struct fraction number)
{
    return fraction_sign(number) < 0 ? FRACTION_ZERO : number;
}

static const struct fraction *whole_days(const struct fraction *days, size_t count, size_t most,
                                         size_t *found)
{
    *found = count - 1 < most ? count - 1 : most;
    return days + (count - 1 - *found);
}

static enum status reach(const struct line *line, int64_t today, int64_t ahead,
                         struct fraction limit, int64_t *runs_out)
{
    enum status status = STATUS_OK;
    struct fraction level;

    for (int64_t day = 1; day <= ahead && *runs_out == FORECAST_NEVER && status == STATUS_OK;
         day++) {
        status = at(line, today + day, &level);
        if (status == STATUS_OK && fraction_compare(level, limit) >= 0)
            *runs_out = day;
    }
    return status;
}

enum status sampled_trend(const struct fraction *days, size_t count, int64_t ahead,
                          const struct fraction *limit, struct forecast *out, size_t *trend_days,
                          int64_t *runs_out)
{
    size_t found;
    const struct fraction *whole = whole_days(days, count, SAMPLED_TREND, &found);
    struct forecast made = {.so_far = days[count - 1]};
    struct fraction below, above, end;
    int64_t reached = FORECAST_NEVER;
    struct line line;

    if (found == 0)
        return STATUS_AGAIN;
    enum status status = lay(whole, (int64_t)found, &line);
    if (status == STATUS_OK)
        status = stray(whole, (int64_t)found, &line, &below, &above);
    if (status == STATUS_OK)
        status = at(&line, (int64_t)found + ahead, &end);
    if (status == STATUS_OK)
        status = fraction_add(end, below, &made.low);
    if (status == STATUS_OK)
        status = fraction_add(end, above, &made.high);
    if (status == STATUS_OK && limit != NULL)
        status = reach(&line, (int64_t)found, ahead, *limit, &reached);
    if (status != STATUS_OK)
        return status;
    made.per_day = line.slope;
    made.at_end = not_below_zero(end);
    made.low = not_below_zero(made.low);
    made.high = not_below_zero(made.high);
    *out = made;
    *trend_days = found;
    *runs_out = reached;
    return STATUS_OK;
}

enum status sampled_stays(const struct fraction *days, size_t count, struct forecast *out,
                          size_t *trend_days)
{
    size_t found;
    const struct fraction *whole = whole_days(days, count, FORECAST_DAYS, &found);
    struct fraction sum = FRACTION_ZERO;
    enum status status = STATUS_OK;

    *trend_days = found;
    if (found == 0) {
        whole = days;
        found = 1;
    }
    out->so_far = days[count - 1];
    out->per_day = FRACTION_ZERO;
    out->low = out->high = whole[0];
    for (size_t i = 0; i < found && status == STATUS_OK; i++) {
        status = fraction_add(sum, whole[i], &sum);
        if (fraction_compare(whole[i], out->low) < 0)
            out->low = whole[i];
        if (fraction_compare(whole[i], out->high) > 0)
            out->high = whole[i];
    }
    return status == STATUS_OK
               ? fraction_multiply(sum, fraction_ratio(1, (int64_t)found), &out->at_end)
               : status;
}

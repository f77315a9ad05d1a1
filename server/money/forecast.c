#include "server/money/forecast.h"

#define USUAL_HOURS_MIN 24

static enum status sum(const struct fraction *days, size_t count, struct fraction *out)
{
    enum status status = STATUS_OK;

    *out = FRACTION_ZERO;
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = fraction_add(*out, days[i], out);
    return status;
}

/* The days that the trend is told by: the newest complete ones. */
static const struct fraction *trend_days(const struct forecast_basis *basis, size_t *count)
{
    size_t complete = basis->day_count - 1;

    *count = complete < FORECAST_DAYS ? complete : FORECAST_DAYS;
    return basis->days + complete - *count;
}

static enum status from_days(const struct fraction *days, size_t count, struct fraction *mean,
                             struct fraction *least, struct fraction *most)
{
    enum status status = sum(days, count, mean);

    if (status == STATUS_OK)
        status = fraction_divide(*mean, fraction_of((int64_t)count), mean);
    *least = *most = days[0];
    for (size_t i = 1; i < count; i++) {
        if (fraction_compare(days[i], *least) < 0)
            *least = days[i];
        if (fraction_compare(days[i], *most) > 0)
            *most = days[i];
    }
    return status;
}

/* So far, and each day that is left as the given one. */
static enum status extend(const struct forecast_basis *basis, struct fraction so_far,
                          struct fraction per_day, struct fraction *out)
{
    const int64_t today = basis->period.first + (int64_t)basis->day_count - 1;
    const int64_t left = (basis->period.end - today) * FORECAST_MINUTES - basis->today_minutes;
    struct fraction more;
    enum status status =
        fraction_multiply(per_day, fraction_ratio(left > 0 ? left : 0, FORECAST_MINUTES), &more);

    return status == STATUS_OK ? fraction_add(so_far, more, out) : status;
}

enum status forecast_make(const struct forecast_basis *basis, struct forecast *out)
{
    struct forecast made;
    struct fraction least;
    struct fraction most;
    size_t count;
    const struct fraction *days = trend_days(basis, &count);
    enum status status = sum(basis->days, basis->day_count, &made.so_far);

    if (status != STATUS_OK)
        return status;
    if (count > 0) {
        status = from_days(days, count, &made.per_day, &least, &most);
    } else {
        if (basis->today_minutes < 60)
            return STATUS_AGAIN;
        status = fraction_multiply(
            made.so_far, fraction_ratio(FORECAST_MINUTES, basis->today_minutes), &made.per_day);
        least = most = made.per_day;
    }
    if (status == STATUS_OK)
        status = extend(basis, made.so_far, made.per_day, &made.at_end);
    if (status == STATUS_OK)
        status = extend(basis, made.so_far, least, &made.low);
    if (status == STATUS_OK)
        status = extend(basis, made.so_far, most, &made.high);
    if (status == STATUS_OK)
        *out = made;
    return status;
}

enum status forecast_runs_out(const struct forecast_basis *basis, const struct forecast *forecast,
                              struct fraction limit, int64_t *day)
{
    const int64_t today = basis->period.first + (int64_t)basis->day_count - 1;
    struct fraction days;
    int64_t whole;

    if (fraction_compare(forecast->so_far, limit) >= 0) {
        *day = today;
        return STATUS_OK;
    }
    if (fraction_compare(forecast->at_end, limit) < 0 || fraction_sign(forecast->per_day) <= 0) {
        *day = FORECAST_NEVER;
        return STATUS_OK;
    }
    enum status status = fraction_subtract(limit, forecast->so_far, &days);
    if (status == STATUS_OK)
        status = fraction_divide(days, forecast->per_day, &days);
    if (status == STATUS_OK)
        status = fraction_add(days, fraction_ratio(basis->today_minutes, FORECAST_MINUTES), &days);
    if (status == STATUS_OK)
        status = fraction_floor(days, &whole);
    if (status != STATUS_OK)
        return status;
    /* what is reached with the period's last moment is reached on its last day */
    *day = today + whole < basis->period.end ? today + whole : basis->period.end - 1;
    return STATUS_OK;
}

enum status forecast_is_surge(struct fraction so_far, struct fraction last_hour, int64_t hours,
                              struct fraction times, bool *reached)
{
    const int64_t before = hours - 1;
    struct fraction usual;
    enum status status = fraction_subtract(so_far, last_hour, &usual);

    if (status != STATUS_OK)
        return status;
    if (before < USUAL_HOURS_MIN || fraction_sign(usual) <= 0) {
        *reached = false;
        return STATUS_OK;
    }
    status = fraction_divide(usual, fraction_of(before), &usual);
    if (status == STATUS_OK)
        status = fraction_multiply(usual, times, &usual);
    if (status == STATUS_OK)
        *reached = fraction_compare(last_hour, usual) >= 0;
    return status;
}

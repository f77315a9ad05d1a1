#include "server/money/period.h"

#include <string.h>

#include "server/money/zone.h"

static const char *const names[] = {
    [PERIOD_ONCE] = "once", [PERIOD_TERM] = "term",   [PERIOD_DAY] = "day",
    [PERIOD_WEEK] = "week", [PERIOD_MONTH] = "month", [PERIOD_QUARTER] = "quarter",
    [PERIOD_YEAR] = "year",
};

#define NAMES (sizeof names / sizeof *names)

const char *period_name(enum period_per per)
{
    return names[per];
}

enum status period_find(const char *name, enum period_per *out)
{
    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum period_per)i;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* Days or months from one boundary to the next. */
static int64_t step_of(enum period_per per)
{
    switch (per) {
    case PERIOD_WEEK:
        return 7;
    case PERIOD_QUARTER:
        return 3;
    case PERIOD_YEAR:
        return 12;
    default:
        return 1;
    }
}

/* A date as the months since year 0 and a day of the month that need not exist in every month. */
struct month_day {
    int64_t month;
    int day_of_month;
};

static struct month_day month_day_of(int64_t day)
{
    int year, month, day_of_month;

    zone_date_of(day, &year, &month, &day_of_month);
    return (struct month_day){(int64_t)year * 12 + month - 1, day_of_month};
}

static int64_t day_of(struct month_day date)
{
    int64_t year = floor_divide(date.month, 12);

    return zone_day_of((int)year, (int)(date.month - year * 12) + 1, date.day_of_month);
}

/* Without an anchor: any Monday; 1 January of year 0, with which quarters and years begin too. */
static struct period_range days_at(int64_t start, int64_t step, int64_t day)
{
    int64_t first = start + floor_divide(day - start, step) * step;

    return (struct period_range){first, first + step};
}

static struct period_range months_at(struct month_day start, int64_t step, int64_t day)
{
    int64_t index = floor_divide(month_day_of(day).month - start.month, step);
    struct month_day first = {start.month + index * step, start.day_of_month};

    if (day_of(first) > day)
        first.month -= step;
    struct month_day end = {first.month + step, start.day_of_month};
    return (struct period_range){day_of(first), day_of(end)};
}

static struct period_range whole_at(const struct period_rule *rule, struct period_range range,
                                    int64_t day)
{
    static const int64_t some_monday = 4; /* 1970-01-05 */
    static const struct month_day some_january = {0, 1};

    switch (rule->per) {
    case PERIOD_ONCE:
    case PERIOD_TERM:
        return range;
    case PERIOD_DAY:
    case PERIOD_WEEK:
        return days_at(rule->anchored ? rule->anchor : some_monday, step_of(rule->per), day);
    default:
        return months_at(rule->anchored ? month_day_of(rule->anchor) : some_january,
                         step_of(rule->per), day);
    }
}

struct period period_at(const struct period_rule *rule, struct period_range range, int64_t day)
{
    struct period period = {.whole = whole_at(rule, range, day)};

    period.clipped = period.whole;
    if (period.clipped.first < range.first)
        period.clipped.first = range.first;
    if (period.clipped.end > range.end)
        period.clipped.end = range.end;
    return period;
}

bool period_next(const struct period_rule *rule, struct period_range range, struct period *period)
{
    if (period->clipped.end >= range.end)
        return false;
    *period = period_at(rule, range, period->clipped.end);
    return true;
}

void period_share(const struct period *period, int64_t *days, int64_t *of)
{
    *days = period->clipped.end - period->clipped.first;
    *of = period->whole.end - period->whole.first;
}

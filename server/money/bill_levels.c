/* Devices that were active and levels that were sampled, as one number for a period. */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

#define DAY_MS INT64_C(86400000)

/* One device on one day, or one sample. */
struct point {
    int64_t at; /* day, or instant */
    const char *device;
    struct decimal level;
};

static int compare_points(const void *one, const void *other)
{
    const struct point *a = one, *b = other;

    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return (a->device > b->device) - (a->device < b->device);
}

static int compare_devices(const void *one, const void *other)
{
    const struct point *a = one, *b = other;

    return (a->device > b->device) - (a->device < b->device);
}

struct points {
    struct point *list;
    size_t count, room;
};

static enum status add_point(struct points *points, struct point point)
{
    if (points->count == points->room) {
        size_t room = points->room ? points->room * 2 : 256;
        struct point *grown = realloc(points->list, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        points->list = grown;
        points->room = room;
    }
    points->list[points->count++] = point;
    return STATUS_OK;
}

/* ---- devices ---- */

static enum status active_days(const struct tally *tally, const struct bill_run *run, size_t count,
                               struct points *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct bill_part *part = &run->parts[i];
        const struct tally_cell *cell = tally_cells(tally, (size_t)part->terms->version,
                                                    part->counter, part->period.clipped.first);

        for (; cell; cell = cell->next) {
            struct point point = {cell->at_day, cell->device, cell->quantity};

            if (cell->quantity.units > 0 && cell->cell == 0 && add_point(out, point) != STATUS_OK)
                return STATUS_MEMORY;
        }
    }
    return STATUS_OK;
}

/* Points are by day. */
static int64_t devices_on_busiest_day(const struct points *points, bool last_day)
{
    int64_t best = 0, today = 0;

    for (size_t i = 0; i < points->count; i++) {
        today = i > 0 && points->list[i].at == points->list[i - 1].at ? today + 1 : 1;
        best = last_day || today > best ? today : best;
    }
    return best;
}

static int64_t distinct_devices(struct points *points)
{
    int64_t distinct = 0;

    if (points->count > 0)
        qsort(points->list, points->count, sizeof *points->list, compare_devices);
    for (size_t i = 0; i < points->count; i++)
        distinct += i == 0 || points->list[i].device != points->list[i - 1].device;
    return distinct;
}

static int64_t days_of(const struct bill_run *run, size_t count)
{
    int64_t days = 0;

    for (size_t i = 0; i < count; i++)
        days += run->parts[i].period.clipped.end - run->parts[i].period.clipped.first;
    return days;
}

enum status bill_devices(const struct tally *tally, const struct bill_run *run, size_t count,
                         enum contract_measured measured, struct fraction *out)
{
    struct points points = {0};
    struct fraction number = FRACTION_ZERO;
    enum status status = active_days(tally, run, count, &points);

    if (status != STATUS_OK || points.count == 0)
        goto out;
    qsort(points.list, points.count, sizeof *points.list, compare_points);
    switch (measured) {
    case CONTRACT_PEAK:
    case CONTRACT_LAST:
        number = fraction_of(devices_on_busiest_day(&points, measured == CONTRACT_LAST));
        break;
    case CONTRACT_AVERAGE:
        number = fraction_ratio((int64_t)points.count, days_of(run, count));
        break;
    case CONTRACT_EVER:
        number = fraction_of(distinct_devices(&points));
        break;
    default:
        number = fraction_of((int64_t)points.count);
    }
    status = fraction_multiply(number, fraction_of(tally_times(tally)), &number);

out:
    free(points.list);
    if (status == STATUS_OK)
        *out = number;
    return status;
}

/* ---- levels: a sample holds until the next one of the same device ---- */

/* All samples of the run's charge before the end: those before its beginning tell the level then.
 */
static enum status samples_until(const struct tally *tally, const struct bill_part *part,
                                 int64_t end, struct points *out)
{
    const struct tally_group *group =
        tally_groups(tally, (size_t)part->terms->version, part->counter);

    for (; group; group = group->next) {
        for (const struct tally_cell *cell = group->cells; cell; cell = cell->next) {
            struct point point = {zone_midnight(tally_zone(tally), cell->at_day) + cell->cell,
                                  cell->device, cell->quantity};

            if (cell->at_day < end && add_point(out, point) != STATUS_OK)
                return STATUS_MEMORY;
        }
    }
    return STATUS_OK;
}

/* The level of all devices while time goes on. */
struct level {
    struct decimal now;
    struct decimal peak;
    struct fraction integral; /* level times ms */
    int64_t since_ms;
};

/* The sample before points[at] of the same device; 0 when there is none. */
static struct decimal level_before(const struct points *points, size_t at)
{
    for (size_t i = at; i-- > 0;) {
        if (points->list[i].device == points->list[at].device)
            return points->list[i].level;
    }
    return (struct decimal){0};
}

static enum status pass(struct level *level, int64_t until_ms)
{
    struct fraction area;
    enum status status = fraction_multiply(fraction_of_decimal(level->now),
                                           fraction_of(until_ms - level->since_ms), &area);

    if (status == STATUS_OK)
        status = fraction_add(level->integral, area, &level->integral);
    level->since_ms = until_ms;
    return status;
}

static enum status follow(const struct points *points, int64_t from_ms, int64_t to_ms,
                          struct level *level)
{
    enum status status = STATUS_OK;
    bool began = false;

    level->since_ms = from_ms;
    for (size_t i = 0; i < points->count && status == STATUS_OK; i++) {
        const struct point *point = &points->list[i];
        struct decimal before = level_before(points, i);

        if (point->at > from_ms && !began) {
            began = true;
            level->peak = level->now;
        }
        if (point->at > from_ms)
            status = pass(level, point->at);
        before.units = -before.units;
        if (status == STATUS_OK)
            status = decimal_add(level->now, point->level, &level->now);
        if (status == STATUS_OK)
            status = decimal_add(level->now, before, &level->now);
        bool settled = i + 1 == points->count || points->list[i + 1].at != point->at;
        if (settled && point->at >= from_ms && decimal_compare(level->now, level->peak) > 0)
            level->peak = level->now;
    }
    if (!began && decimal_compare(level->now, level->peak) > 0)
        level->peak = level->now;
    return status == STATUS_OK ? pass(level, to_ms) : status;
}

enum status bill_gauge(const struct tally *tally, const struct bill_run *run, size_t count,
                       enum contract_measured measured, struct fraction *out)
{
    struct points points = {0};
    struct level level = {.integral = FRACTION_ZERO};
    struct fraction number = FRACTION_ZERO;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status =
            samples_until(tally, &run->parts[i], run->parts[count - 1].period.clipped.end, &points);
    if (status != STATUS_OK || points.count == 0)
        goto out;
    qsort(points.list, points.count, sizeof *points.list, compare_points);

    int64_t from_ms = zone_midnight(tally_zone(tally), run->parts[0].period.clipped.first);
    int64_t to_ms = zone_midnight(tally_zone(tally), run->parts[count - 1].period.clipped.end);
    status = follow(&points, from_ms, to_ms, &level);
    if (status != STATUS_OK)
        goto out;
    number = fraction_of_decimal(measured == CONTRACT_LAST ? level.now : level.peak);
    if (measured == CONTRACT_AVERAGE)
        status = fraction_divide(level.integral, fraction_of(to_ms - from_ms), &number);
    if (status == STATUS_OK)
        status = fraction_multiply(number, fraction_of(tally_times(tally)), &number);

out:
    free(points.list);
    if (status == STATUS_OK)
        *out = number;
    return status;
}

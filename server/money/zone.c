#include "server/money/zone.h"

#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"

#define DAY_S      86400
#define DAY_MS     (DAY_S * INT64_C(1000))
#define FIRST_S    INT64_C(0)
#define LAST_S     (INT64_C(180) * 366 * DAY_S) /* 2150 */
#define NAME_BYTES 64

/* One offset holds from its instant to the next one's. */
struct stretch {
    int64_t from_s;
    int64_t offset_s;
};

/* GLib tells the offset at an instant by a walk over all changes and keeps no index of them that
 * one may read; so they are read once, and what is asked for every record is a search in a table.
 */
struct zone {
    size_t count;
    size_t room;
    struct stretch *stretches;
};

/* The form of an IANA name. POSIX rules ("XYZ5"), which GLib would take as well, hold digits and no
 * slash; paths that leave the database hold two dots. */
static bool is_zone_name(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > NAME_BYTES || !g_ascii_isalpha(name[0]) || strstr(name, ".."))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isalnum(name[i]) && !strchr("_+-/", name[i]))
            return false;
        if (g_ascii_isdigit(name[i]) && !strchr(name, '/'))
            return false;
    }
    return true;
}

static enum status append(struct zone *zone, struct stretch stretch)
{
    if (zone->count == zone->room) {
        size_t room = zone->room ? zone->room * 2 : 16;
        struct stretch *grown = realloc(zone->stretches, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        zone->stretches = grown;
        zone->room = room;
    }
    zone->stretches[zone->count++] = stretch;
    return STATUS_OK;
}

static int interval_at(GTimeZone *source, int64_t at_s)
{
    return g_time_zone_find_interval(source, G_TIME_TYPE_UNIVERSAL, at_s);
}

/* The first second after at_s that another interval holds; LAST_S when there is none before. */
static int64_t next_change(GTimeZone *source, int64_t at_s)
{
    const int interval = interval_at(source, at_s);
    int64_t same_s = at_s, step_s = 64 * INT64_C(86400);
    int64_t other_s;

    for (;;) {
        other_s = same_s + step_s < LAST_S ? same_s + step_s : LAST_S;
        if (interval_at(source, other_s) != interval)
            break;
        if (other_s == LAST_S)
            return LAST_S;
        same_s = other_s;
        step_s *= 2;
    }
    while (other_s - same_s > 1) {
        int64_t middle_s = same_s + (other_s - same_s) / 2;

        if (interval_at(source, middle_s) == interval)
            same_s = middle_s;
        else
            other_s = middle_s;
    }
    return other_s;
}

static enum status read_stretches(struct zone *zone, GTimeZone *source)
{
    for (int64_t at_s = FIRST_S; at_s < LAST_S; at_s = next_change(source, at_s)) {
        struct stretch stretch = {at_s, g_time_zone_get_offset(source, interval_at(source, at_s))};
        enum status status = STATUS_OK;

        if (zone->count == 0 || zone->stretches[zone->count - 1].offset_s != stretch.offset_s)
            status = append(zone, stretch);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status zone_open(struct zone **out, const char *name)
{
    GTimeZone *source = is_zone_name(name) ? g_time_zone_new_identifier(name) : NULL;
    struct zone *zone;
    enum status status = STATUS_MEMORY;

    if (!source)
        return STATUS_NOT_FOUND;
    zone = calloc(1, sizeof *zone);
    if (zone)
        status = read_stretches(zone, source);
    g_time_zone_unref(source);
    if (status == STATUS_OK)
        *out = zone;
    else
        zone_close(zone);
    return status;
}

void zone_close(struct zone *zone)
{
    if (!zone)
        return;
    free(zone->stretches);
    free(zone);
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* The stretch that holds the instant; the first one for what is earlier. */
static size_t stretch_at(const struct zone *zone, int64_t at_s)
{
    size_t low = 0, high = zone->count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (zone->stretches[middle].from_s <= at_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first instant whose local clock shows 00:00 of the day or later: stretch by stretch, from one
 * that lies surely before it. */
int64_t zone_midnight(const struct zone *zone, int64_t day)
{
    const int64_t local_s = day * DAY_S;

    for (size_t i = stretch_at(zone, local_s - 2 * DAY_S);; i++) {
        const struct stretch *stretch = &zone->stretches[i];
        int64_t at_s = local_s - stretch->offset_s;

        if (i > 0 && at_s < stretch->from_s)
            return stretch->from_s * 1000; /* skipped by the change */
        if (i + 1 == zone->count || at_s < stretch[1].from_s)
            return at_s * 1000;
    }
}

static int64_t local_ms(const struct zone *zone, int64_t at_ms)
{
    size_t i = stretch_at(zone, floor_divide(at_ms, 1000));

    return at_ms + zone->stretches[i].offset_s * 1000;
}

/* Where a clock is put back over midnight, the hour before it comes again: by then the new day has
 * begun and does not end. */
int64_t zone_day(const struct zone *zone, int64_t at_ms)
{
    int64_t day = floor_divide(local_ms(zone, at_ms), DAY_MS);

    return at_ms >= zone_midnight(zone, day + 1) ? day + 1 : day;
}

int64_t zone_first_day(const struct zone *zone, int64_t at_ms)
{
    const int64_t day = zone_day(zone, at_ms);

    return zone_midnight(zone, day) < at_ms ? day + 1 : day;
}

int64_t zone_time_of_day(const struct zone *zone, int64_t at_ms)
{
    int64_t local = local_ms(zone, at_ms);

    return local - floor_divide(local, DAY_MS) * DAY_MS;
}

/* Days and dates by eras of 400 years that begin on 1 March, so that the leap day is the last. */
#define ERA_YEARS 400
#define ERA_DAYS  146097
#define ERA_FIRST 719468 /* days from 0000-03-01 to 1970-01-01 */

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_length(int64_t year, int month)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

int64_t zone_day_of(int year, int month, int day_of_month)
{
    assert(month >= 1 && month <= 12 && day_of_month >= 1);
    int64_t from_march = (month + 9) % 12;
    int64_t shifted = year - (month <= 2);
    int64_t era = floor_divide(shifted, ERA_YEARS);
    int64_t year_of_era = shifted - era * ERA_YEARS;
    int length = month_length(year, month);
    int64_t day_of_year =
        (153 * from_march + 2) / 5 + (day_of_month < length ? day_of_month : length) - 1;

    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           ERA_FIRST;
}

void zone_date_of(int64_t day, int *year, int *month, int *day_of_month)
{
    int64_t era = floor_divide(day + ERA_FIRST, ERA_DAYS);
    int64_t day_of_era = day + ERA_FIRST - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;

    *day_of_month = (int)(day_of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + era * ERA_YEARS + (*month <= 2));
}

enum status zone_parse_date(struct span text, int64_t *day)
{
    char date[ZONE_DATE_SIZE];
    int year, month, day_of_month;

    if (span_to_text(text, date, sizeof date) != STATUS_OK || !clock_is_date(date) ||
        sscanf(date, "%4d-%2d-%2d", &year, &month, &day_of_month) != 3)
        return STATUS_INVALID;
    *day = zone_day_of(year, month, day_of_month);
    return STATUS_OK;
}

void zone_format_date(int64_t day, char out[ZONE_DATE_SIZE])
{
    int year, month, day_of_month;

    zone_date_of(day, &year, &month, &day_of_month);
    snprintf(out, ZONE_DATE_SIZE, "%04d-%02d-%02d", year % 10000, month, day_of_month);
}

int zone_weekday(int64_t day)
{
    return (int)(day + 3 - floor_divide(day + 3, 7) * 7); /* 1970-01-01 was a Thursday */
}

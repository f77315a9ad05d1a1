/* zone.h - local calendars: days of an IANA time zone as instants, and back
 *
 * Opening reads the system's time zone database; nothing else here does I/O. Civil dates are days
 * since 1970-01-01 in the proleptic Gregorian calendar, whatever the zone. A local midnight that a
 * clock change skips is the first instant of that day; one that occurs twice is the first. Days may
 * have 23 or 25 hours. Thread-safe once opened.
 */
#ifndef SERVER_MONEY_ZONE_H
#define SERVER_MONEY_ZONE_H

#include <stdbool.h>

#include "schema/base/span.h"

struct zone;

/* The caller owns *out. STATUS_NOT_FOUND: the system knows no such zone. */
MUST_CHECK enum status zone_open(struct zone **out, const char *name);
void zone_close(struct zone *zone);

/* The instant (ms, UTC) at which the local day begins. */
int64_t zone_midnight(const struct zone *zone, int64_t day);

/* The first local day that begins at that instant or later. */
int64_t zone_first_day(const struct zone *zone, int64_t at_ms);

/* The local day that an instant lies in, and the local time of that day in ms since its wall
 * clock showed 00:00 (for windows of the day: 02:30 is 9,000,000 on both sides of a change). */
int64_t zone_day(const struct zone *zone, int64_t at_ms);
int64_t zone_time_of_day(const struct zone *zone, int64_t at_ms);

/* Civil dates. month is 1 to 12; a day past the month's length is clamped to it. */
int64_t zone_day_of(int year, int month, int day_of_month);
void zone_date_of(int64_t day, int *year, int *month, int *day_of_month);

/* "2026-01-31". STATUS_INVALID. */
MUST_CHECK enum status zone_parse_date(struct span text, int64_t *day);
#define ZONE_DATE_SIZE 16
void zone_format_date(int64_t day, char out[ZONE_DATE_SIZE]);

/* 0: Monday. */
int zone_weekday(int64_t day);

#endif

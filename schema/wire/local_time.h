/* local_time.h - the forms in which settings name hours of the day and a zone
 *
 * Hours are "22:00-07:00", from the first minute up to and without the last, over midnight when the
 * first is the later one. A zone is a fixed distance from UTC, "+08:00". Pure.
 */
#ifndef SCHEMA_WIRE_LOCAL_TIME_H
#define SCHEMA_WIRE_LOCAL_TIME_H

#include "schema/base/span.h"

/* Plain data: minutes of the day, 0..1439; equal: no hours. */
struct local_time_hours {
    int from_min;
    int to_min;
};

/* "" is no hours. STATUS_INVALID: another form, or both ends equal. */
MUST_CHECK enum status local_time_hours(struct span text, struct local_time_hours *out);

bool local_time_is_within(struct local_time_hours hours, int minute);

/* -14:00 to +14:00, in minutes. STATUS_INVALID: another form. */
MUST_CHECK enum status local_time_offset(struct span text, int *offset_min);

/* The other way. STATUS_INVALID: further from UTC than any place. */
#define LOCAL_TIME_OFFSET_SIZE sizeof "+08:00"
MUST_CHECK enum status local_time_offset_text(int offset_min, char out[LOCAL_TIME_OFFSET_SIZE]);

#endif

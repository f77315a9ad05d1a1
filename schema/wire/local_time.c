#include "schema/wire/local_time.h"

#include <stdio.h>

#define MAX_OFFSET_MIN (14 * 60)

static int digits(const uint8_t *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return -1;
    return (text[0] - '0') * 10 + (text[1] - '0');
}

/* "07:30"; -1: not a time. */
static int minutes(const uint8_t text[5])
{
    const int hour = digits(text), minute = digits(text + 3);

    return hour < 0 || hour > 23 || minute < 0 || minute > 59 || text[2] != ':'
               ? -1
               : hour * 60 + minute;
}

enum status local_time_hours(struct span text, struct local_time_hours *out)
{
    if (text.size == 0) {
        *out = (struct local_time_hours){0};
        return STATUS_OK;
    }
    if (text.size != 11 || text.data[5] != '-')
        return STATUS_INVALID;
    const int from_min = minutes(text.data), to_min = minutes(text.data + 6);
    if (from_min < 0 || to_min < 0 || from_min == to_min)
        return STATUS_INVALID;
    *out = (struct local_time_hours){from_min, to_min};
    return STATUS_OK;
}

bool local_time_is_within(struct local_time_hours hours, int minute)
{
    const bool is_late = minute >= hours.from_min, is_early = minute < hours.to_min;

    if (hours.from_min == hours.to_min)
        return false;
    return hours.from_min < hours.to_min ? is_late && is_early : is_late || is_early;
}

enum status local_time_offset(struct span text, int *offset_min)
{
    if (text.size != 6 || (text.data[0] != '+' && text.data[0] != '-'))
        return STATUS_INVALID;
    const int size_min = minutes(text.data + 1);
    if (size_min < 0 || size_min > MAX_OFFSET_MIN)
        return STATUS_INVALID;
    *offset_min = text.data[0] == '-' ? -size_min : size_min;
    return STATUS_OK;
}

enum status local_time_offset_text(int offset_min, char out[LOCAL_TIME_OFFSET_SIZE])
{
    if (offset_min < -MAX_OFFSET_MIN || offset_min > MAX_OFFSET_MIN)
        return STATUS_INVALID;
    const unsigned size_min = (unsigned)(offset_min < 0 ? -offset_min : offset_min);
    snprintf(out, LOCAL_TIME_OFFSET_SIZE, "%c%02u:%02u", offset_min < 0 ? '-' : '+',
             size_min / 60 % 100, size_min % 60);
    return STATUS_OK;
}

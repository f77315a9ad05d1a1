#include "server/api/media.h"

#include <time.h>

const char *media_date(struct arena *arena, int64_t wall_ms)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    if (gmtime_r(&seconds, &tm) == NULL)
        return NULL;
    return arena_format(arena, "%s, %02d %s %d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
                        months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

enum status media_range(const char *header, uint64_t size, uint64_t *offset, uint64_t *count)
{
    static const char unit[] = "bytes=";
    uint64_t first = 0;
    uint64_t last = size > 0 ? size - 1 : 0;

    if (header == NULL || strncmp(header, unit, sizeof unit - 1) != 0)
        return STATUS_NOT_FOUND;
    const char *from = header + sizeof unit - 1;
    const char *dash = strchr(from, '-');
    if (dash == NULL || strchr(from, ',') != NULL)
        return STATUS_NOT_FOUND;
    struct span left = span_of(from, (size_t)(dash - from));
    struct span right = span_text(dash + 1);
    if (left.size == 0) { /* the last bytes */
        uint64_t tail;
        if (span_to_uint64(right, &tail) != STATUS_OK)
            return STATUS_NOT_FOUND;
        if (tail == 0 || size == 0)
            return STATUS_INVALID;
        first = tail < size ? size - tail : 0;
    } else {
        uint64_t end;
        if (span_to_uint64(left, &first) != STATUS_OK)
            return STATUS_NOT_FOUND;
        if (right.size > 0) {
            if (span_to_uint64(right, &end) != STATUS_OK || end < first)
                return STATUS_NOT_FOUND;
            last = end < last ? end : last;
        }
        if (first >= size)
            return STATUS_INVALID;
    }
    *offset = first;
    *count = last - first + 1;
    return STATUS_OK;
}

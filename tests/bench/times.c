#include "tests/bench/times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct times {
    int64_t *ns;
    size_t count, room;
};

static void *must(void *memory)
{
    if (memory)
        return memory;
    fputs("out of memory\n", stderr);
    exit(1);
}

struct times *times_create(void)
{
    return must(calloc(1, sizeof(struct times)));
}

void times_add(struct times *times, int64_t duration_ns)
{
    if (times->count == times->room) {
        times->room = times->room ? 2 * times->room : 4096;
        times->ns = must(realloc(times->ns, times->room * sizeof *times->ns));
    }
    times->ns[times->count++] = duration_ns;
}

void times_join(struct times *times, struct times *other)
{
    for (size_t i = 0; i < other->count; i++)
        times_add(times, other->ns[i]);
    other->count = 0;
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double at_ms(const struct times *times, double share)
{
    size_t place = (size_t)(share * (double)times->count);

    if (place >= times->count)
        place = times->count - 1;
    return times->count ? (double)times->ns[place] / 1e6 : 0;
}

void times_print(struct times *times, double span_s)
{
    if (times->count)
        qsort(times->ns, times->count, sizeof *times->ns, compare);
    printf("{\"count\":%zu,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           times->count, (double)times->count / span_s, at_ms(times, 0.5), at_ms(times, 0.99),
           at_ms(times, 1));
}

#include "tests/simulation/credit/calendar.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_before(const struct calendar_event *a, const struct calendar_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void calendar_put(struct calendar *calendar, const struct calendar_event *event)
{
    struct calendar_event *heap = calendar->events;
    size_t place = calendar->count++;

    if (place == CALENDAR_EVENTS) {
        fprintf(stderr, "credit simulation: more events than the calendar holds\n");
        abort();
    }
    struct calendar_event added = *event;
    added.order = calendar->order++;
    while (place > 0 && is_before(&added, &heap[(place - 1) / 2])) {
        heap[place] = heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap[place] = added;
}

bool calendar_take(struct calendar *calendar, struct calendar_event *out)
{
    struct calendar_event *heap = calendar->events;
    size_t place = 0;

    if (calendar->count == 0)
        return false;
    *out = heap[0];
    const struct calendar_event last = heap[--calendar->count];
    for (;;) {
        size_t child = 2 * place + 1;

        if (child >= calendar->count)
            break;
        if (child + 1 < calendar->count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (is_before(&last, &heap[child]))
            break;
        heap[place] = heap[child];
        place = child;
    }
    heap[place] = last;
    return true;
}

/* calendar.h - what happens when: events by their time, those of one time in the order they were
 * put down. Plain data; no pointers, so that a run costs no allocation. */
#ifndef TESTS_SIMULATION_CREDIT_CALENDAR_H
#define TESTS_SIMULATION_CREDIT_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALENDAR_EVENTS 1024

struct calendar_event {
    int64_t at_ms;
    uint64_t order;
    unsigned kind;     /* what to do */
    unsigned who;      /* with which robot, server, message */
    unsigned life;     /* of whom: an event of an earlier life is void */
    unsigned argument; /* of the kind */
};

struct calendar {
    uint64_t order;
    size_t count;
    struct calendar_event events[CALENDAR_EVENTS]; /* a heap */
};

/* Ends the program when the calendar is full. */
void calendar_put(struct calendar *calendar, const struct calendar_event *event);

/* Takes the earliest; false: none is left. */
bool calendar_take(struct calendar *calendar, struct calendar_event *out);

#endif

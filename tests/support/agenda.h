/* agenda.h - what is to be done at which time: a heap of items that their owners hold */
#ifndef TESTS_SUPPORT_AGENDA_H
#define TESTS_SUPPORT_AGENDA_H

#include "schema/base/span.h"

/* Held by the owner inside its own struct. Fields are private. */
struct agenda_item {
    int64_t at_ms;
    size_t place; /* in the heap, counted from 1; 0: not on the agenda */
};

struct agenda;

MUST_CHECK enum status agenda_create(struct agenda **out);
void agenda_free(struct agenda *agenda);

/* Puts item on the agenda for at_ms, or moves it. It stays where it is in memory until taken or
 * dropped. STATUS_MEMORY. */
MUST_CHECK enum status agenda_put(struct agenda *agenda, struct agenda_item *item, int64_t at_ms);

/* Nothing when item is not on the agenda. */
void agenda_drop(struct agenda *agenda, struct agenda_item *item);

/* The earliest item that is due at now_ms, taken off; NULL: none. */
struct agenda_item *agenda_take_due(struct agenda *agenda, int64_t now_ms);

/* When the earliest item is due; INT64_MAX: none is waiting. */
int64_t agenda_next_ms(const struct agenda *agenda);

#endif

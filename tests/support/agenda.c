#include "tests/support/agenda.h"

struct agenda {
    struct agenda_item **heap; /* heap[0] is unused: children of i are 2i and 2i + 1 */
    size_t count, capacity;
};

enum status agenda_create(struct agenda **out)
{
    struct agenda *agenda = calloc(1, sizeof *agenda);

    if (agenda == NULL)
        return STATUS_MEMORY;
    *out = agenda;
    return STATUS_OK;
}

void agenda_free(struct agenda *agenda)
{
    if (agenda == NULL)
        return;
    free(agenda->heap);
    free(agenda);
}

static void set(struct agenda *agenda, size_t place, struct agenda_item *item)
{
    agenda->heap[place] = item;
    item->place = place;
}

static void sift(struct agenda *agenda, struct agenda_item *item)
{
    size_t place = item->place;

    while (place > 1 && agenda->heap[place / 2]->at_ms > item->at_ms) {
        set(agenda, place, agenda->heap[place / 2]);
        place /= 2;
    }
    for (;;) {
        size_t child = place * 2;

        if (child < agenda->count && agenda->heap[child + 1]->at_ms < agenda->heap[child]->at_ms)
            child++;
        if (child > agenda->count || agenda->heap[child]->at_ms >= item->at_ms)
            break;
        set(agenda, place, agenda->heap[child]);
        place = child;
    }
    set(agenda, place, item);
}

enum status agenda_put(struct agenda *agenda, struct agenda_item *item, int64_t at_ms)
{
    if (item->place == 0) {
        if (agenda->count + 1 >= agenda->capacity) {
            size_t capacity = agenda->capacity > 0 ? agenda->capacity * 2 : 64;
            struct agenda_item **heap = realloc(agenda->heap, capacity * sizeof(*heap));

            if (heap == NULL)
                return STATUS_MEMORY;
            agenda->heap = heap;
            agenda->capacity = capacity;
        }
        set(agenda, ++agenda->count, item);
    }
    item->at_ms = at_ms;
    sift(agenda, item);
    return STATUS_OK;
}

void agenda_drop(struct agenda *agenda, struct agenda_item *item)
{
    if (item->place == 0)
        return;
    struct agenda_item *last = agenda->heap[agenda->count--];
    if (last != item) {
        set(agenda, item->place, last);
        sift(agenda, last);
    }
    item->place = 0;
}

struct agenda_item *agenda_take_due(struct agenda *agenda, int64_t now_ms)
{
    if (agenda->count == 0 || agenda->heap[1]->at_ms > now_ms)
        return NULL;
    struct agenda_item *item = agenda->heap[1];
    agenda_drop(agenda, item);
    return item;
}

int64_t agenda_next_ms(const struct agenda *agenda)
{
    return agenda->count == 0 ? INT64_MAX : agenda->heap[1]->at_ms;
}

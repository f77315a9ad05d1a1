/* Licences of terminals: taken on first activation, valid for a time, handed on by a replacement.
 */
#include <stdlib.h>
#include <string.h>

#include "server/money/bill_parts.h"

#define MOST_EXCHANGES 64 /* of one robot after another: beyond it their order is by name */

/* A device in use on a day; or, with from, the device that it replaced. */
struct event {
    int64_t day;
    const char *device;
    const char *from; /* NULL: use */
    size_t rank;      /* so many were exchanged before it */
};

struct events {
    struct event *list;
    size_t count, room;
};

/* What a device holds. Sorted by the device's name. */
struct holder {
    const char *device;
    int64_t end;         /* of its licence; exclusive */
    bool ever, given_up; /* had one; gave it to its replacement */
    const char *from;    /* whose licence it may take over */
};

static enum status add_event(struct events *events, struct event event)
{
    if (events->count == events->room) {
        size_t room = events->room ? events->room * 2 : 256;
        struct event *grown = realloc(events->list, room * sizeof *grown);

        if (!grown)
            return STATUS_MEMORY;
        events->list = grown;
        events->room = room;
    }
    events->list[events->count++] = event;
    return STATUS_OK;
}

/* By day; on one day a replacement is known before either device is used, the old one is used
 * before the new one, as it was, and else by name, so that the order of arrival does not matter. */
static int compare_events(const void *one, const void *other)
{
    const struct event *a = one, *b = other;

    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    if (!a->from != !b->from)
        return a->from ? -1 : 1;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return strcmp(a->device, b->device);
}

/* "old>new" */
static enum status read_pair(const struct tally_cell *cell, struct arena *arena, struct event *out)
{
    char *names = arena_text(arena, span_text(cell->device));
    char *arrow = names ? strchr(names, '>') : NULL;

    if (!names)
        return STATUS_MEMORY;
    if (!arrow)
        return STATUS_INVALID;
    *arrow = 0;
    *out = (struct event){cell->at_day, arrow + 1, names, 0};
    return STATUS_OK;
}

static enum status add_cell(const struct tally_cell *cell, struct events *out, struct arena *arena)
{
    struct event event = {cell->at_day, cell->device, NULL, 0};

    if (cell->quantity.units <= 0)
        return STATUS_OK;
    if (cell->cell == 1) {
        enum status status = read_pair(cell, arena, &event);

        if (status != STATUS_OK)
            return status;
    }
    return add_event(out, event);
}

/* Use under the charge and those it goes on from, until end. Licences outlive versions of the
 * terms, whether tiers restart or not. */
static enum status gather(const struct tally *tally, const struct bill_part *part,
                          struct events *out, struct arena *arena)
{
    const struct contract_terms *versions = tally_contract(tally)->versions;
    const struct contract_terms *terms = part->terms;
    const struct contract_charge *charge = bill_charge_of(part);
    size_t counter = part->counter;

    for (;;) {
        const struct tally_group *group = tally_groups(tally, (size_t)terms->version, counter);

        for (; group; group = group->next)
            for (const struct tally_cell *cell = group->cells; cell; cell = cell->next) {
                enum status status = cell->at_day < part->period.clipped.end
                                         ? add_cell(cell, out, arena)
                                         : STATUS_OK;
                if (status != STATUS_OK)
                    return status;
            }
        if (terms == versions || !charge)
            return STATUS_OK;
        counter = bill_same_charge(--terms, charge, counter);
        if (counter == SIZE_MAX)
            return STATUS_OK;
        charge = &terms->charges[counter];
    }
}

static int64_t after(int64_t day, int months, int days)
{
    int year, month, day_of_month;

    zone_date_of(day, &year, &month, &day_of_month);
    month += months - 1;
    return zone_day_of(year + month / 12, month % 12 + 1, day_of_month) + days;
}

/* When a licence taken that day ends. */
static int64_t end_of(const struct contract *contract, const struct contract_licence *licence,
                      int64_t day)
{
    int64_t start = day;

    if (licence->months == 0 && licence->days == 0)
        return contract->term_end == CONTRACT_NO_DAY ? CONTRACT_FOREVER : contract->term_end;
    if (licence->start == CONTRACT_FROM_TERM && contract->term_first != CONTRACT_NO_DAY)
        start = contract->term_first;
    for (int i = 1;; i++) { /* from the start of the term: the life that holds the day */
        int64_t end = after(start, licence->months * i, licence->days * i);

        if (end > day)
            return end;
    }
}

static int compare_holders(const void *one, const void *other)
{
    const struct holder *a = one, *b = other;

    return strcmp(a->device, b->device);
}

static struct holder *find_holder(struct holder *holders, size_t count, const char *device)
{
    struct holder key = {.device = device};

    return bsearch(&key, holders, count, sizeof *holders, compare_holders);
}

static enum status list_holders(const struct events *events, struct holder **out, size_t *count)
{
    struct holder *holders = calloc(events->count + 1, sizeof *holders);

    *count = 0;
    if (!holders)
        return STATUS_MEMORY;
    for (size_t i = 0; i < events->count; i++)
        holders[i].device = events->list[i].device;
    qsort(holders, events->count, sizeof *holders, compare_holders);
    for (size_t i = 0; i < events->count; i++) {
        if (*count == 0 || strcmp(holders[*count - 1].device, holders[i].device) != 0)
            holders[(*count)++].device = holders[i].device;
    }
    *out = holders;
    return STATUS_OK;
}

/* Who came after whom; the holders are left as they were. */
static void rank_events(struct events *events, struct holder *holders, size_t count)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = &events->list[i];
        struct holder *holder = find_holder(holders, count, event->device);

        if (event->from && (!holder->from || strcmp(event->from, holder->from) < 0))
            holder->from = event->from;
    }
    for (size_t i = 0; i < events->count; i++) {
        struct event *event = &events->list[i];
        const struct holder *holder = find_holder(holders, count, event->device);

        while (holder && holder->from && event->rank < MOST_EXCHANGES) {
            event->rank++;
            holder = find_holder(holders, count, holder->from);
        }
    }
    for (size_t i = 0; i < count; i++)
        holders[i].from = NULL;
}

/* A replacement takes over what is left of the old device's licence. */
static bool take_over(struct holder *holders, size_t count, struct holder *holder, int64_t day)
{
    struct holder *old = holder->from ? find_holder(holders, count, holder->from) : NULL;

    if (!old || old->given_up || old->end <= day)
        return false;
    holder->end = old->end;
    holder->ever = true;
    old->end = day;
    old->given_up = true;
    return true;
}

/* Whether using the device that day takes a new licence. */
static bool activates(const struct contract *contract, const struct contract_licence *licence,
                      struct holder *holders, size_t count, struct holder *holder, int64_t day)
{
    if (holder->end > day)
        return false;
    if (licence->replacement_is_free && take_over(holders, count, holder, day))
        return false;
    if (holder->ever && !holder->given_up && !licence->renews)
        return false;
    if (licence->has_window && (day < licence->window_first || day >= licence->window_end))
        return false;
    holder->end = end_of(contract, licence, day);
    holder->ever = true;
    holder->given_up = false;
    return true;
}

static int64_t count_activations(const struct contract *contract,
                                 const struct contract_licence *licence,
                                 const struct events *events, struct holder *holders, size_t count,
                                 struct period_range within)
{
    int64_t taken = 0;

    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = &events->list[i];
        struct holder *holder = find_holder(holders, count, event->device);

        if (event->from)
            holder->from = event->from;
        else if (activates(contract, licence, holders, count, holder, event->day) &&
                 event->day >= within.first && event->day < within.end)
            taken++;
    }
    return taken;
}

enum status bill_licences(const struct tally *tally, const struct bill_part *part,
                          const struct contract_licence *licence, struct fraction *out)
{
    struct events events = {0};
    struct holder *holders = NULL;
    struct arena *arena = NULL;
    size_t count = 0;
    enum status status = arena_create(&arena, (size_t)1 << 32);

    if (status == STATUS_OK)
        status = gather(tally, part, &events, arena);
    if (status == STATUS_OK)
        status = list_holders(&events, &holders, &count);
    if (status != STATUS_OK)
        goto out;
    rank_events(&events, holders, count);
    if (events.count > 0)
        qsort(events.list, events.count, sizeof *events.list, compare_events);
    int64_t taken = count_activations(tally_contract(tally), licence, &events, holders, count,
                                      part->period.clipped);
    status = fraction_multiply(fraction_of(taken), fraction_of(tally_times(tally)), out);

out:
    free(holders);
    free(events.list);
    arena_free(arena);
    return status;
}

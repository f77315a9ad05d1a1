/* Where counts are kept: tables by hash, and lists by period. */
#include <stdlib.h>
#include <string.h>

#include "server/money/tally_parts.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return mix(hash, 0);
}

static uint64_t hash_at(const void *node)
{
    return *(const uint64_t *)node;
}

/* Where the search for a hash goes on: the next slot that holds it; NULL at its end. */
static void *table_next(const struct tally_table *table, uint64_t hash, size_t *at)
{
    for (; table->room > 0; ++*at) {
        void *node = table->slots[*at & (table->room - 1)];

        if (!node)
            return NULL;
        if (hash_at(node) == hash) {
            ++*at;
            return node;
        }
    }
    return NULL;
}

static void table_place(struct tally_table *table, void *node)
{
    size_t at = hash_at(node);

    while (table->slots[at & (table->room - 1)])
        at++;
    table->slots[at & (table->room - 1)] = node;
}

static enum status table_insert(struct tally_table *table, void *node)
{
    if (table->count * 2 >= table->room) {
        struct tally_table grown = {.room = table->room ? table->room * 2 : 64,
                                    .count = table->count};

        grown.slots = calloc(grown.room, sizeof *grown.slots);
        if (!grown.slots)
            return STATUS_MEMORY;
        for (size_t i = 0; i < table->room; i++)
            if (table->slots[i])
                table_place(&grown, table->slots[i]);
        free(table->slots);
        *table = grown;
    }
    table_place(table, node);
    table->count++;
    return STATUS_OK;
}

enum status tally_intern(struct tally *tally, const char *name, const char **out)
{
    uint64_t hash = hash_text(name);
    size_t at = hash;

    for (struct tally_device *device; (device = table_next(&tally->devices, hash, &at));) {
        if (strcmp(device->name, name) == 0) {
            *out = device->name;
            return STATUS_OK;
        }
    }
    struct tally_device *device = arena_take(tally->arena, sizeof *device);
    if (!device || !(device->name = arena_text(tally->arena, span_text(name))))
        return STATUS_MEMORY;
    device->hash = hash;
    *out = device->name;
    return table_insert(&tally->devices, device);
}

struct tally_book *tally_find_book(const struct tally *tally, size_t version, size_t counter,
                                   int64_t first)
{
    uint64_t hash = mix(mix(version << 16 | counter, 1), (uint64_t)first);
    size_t at = hash;

    for (struct tally_book *group; (group = table_next(&tally->groups, hash, &at));) {
        if (group->version == version && group->counter == counter && group->seen.first == first)
            return group;
    }
    return NULL;
}

enum status tally_take_book(struct tally *tally, size_t version, size_t counter, int64_t first,
                            struct tally_book **out)
{
    *out = tally_find_book(tally, version, counter, first);
    if (*out)
        return STATUS_OK;

    struct tally_book *group = arena_take(tally->arena, sizeof *group);
    if (!group)
        return STATUS_MEMORY;
    *group = (struct tally_book){.hash = mix(mix(version << 16 | counter, 1), (uint64_t)first),
                                 .version = version,
                                 .counter = counter,
                                 .seen.first = first};
    if (table_insert(&tally->groups, group) != STATUS_OK)
        return STATUS_MEMORY;
    struct tally_counter *owner = &tally->versions[version].counters[counter];
    group->seen.next = owner->groups ? &owner->groups->seen : NULL;
    owner->groups = group;
    *out = group;
    return STATUS_OK;
}

enum status tally_take_entry(struct tally *tally, struct tally_book *group,
                             const struct tally_count *count, struct tally_entry **out)
{
    uint64_t hash = mix(mix(mix((uint64_t)(uintptr_t)group, (uint64_t)count->cell),
                            (uint64_t)(uintptr_t)count->device),
                        (uint64_t)count->at_day);
    size_t at = hash;

    for (struct tally_entry *entry; (entry = table_next(&tally->entries, hash, &at));) {
        if (entry->group == group && entry->cell.cell == count->cell &&
            entry->cell.device == count->device && entry->cell.at_day == count->at_day) {
            *out = entry;
            return STATUS_OK;
        }
    }
    struct tally_entry *entry = arena_take(tally->arena, sizeof *entry);
    if (!entry)
        return STATUS_MEMORY;
    entry->hash = hash;
    entry->group = group;
    entry->cell.cell = count->cell;
    entry->cell.device = count->device;
    entry->cell.at_day = count->at_day;
    *out = entry;
    return table_insert(&tally->entries, entry);
}

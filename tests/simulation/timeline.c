#include "tests/simulation/timeline.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define ARENA_BYTES (512u << 20)

struct act {
    struct agenda_item item;
    timeline_act act;
    void *context;
    uint64_t argument;
};

static void give_up(void)
{
    fprintf(stderr, "simulation: out of memory\n");
    abort();
}

void timeline_init(struct timeline *timeline, uint64_t seed, const char *name)
{
    *timeline = (struct timeline){0};
    dice_init(&timeline->dice, seed, span_text(name));
    if (agenda_create(&timeline->agenda) != STATUS_OK ||
        arena_create(&timeline->arena, ARENA_BYTES) != STATUS_OK)
        give_up();
}

void timeline_release(struct timeline *timeline)
{
    agenda_free(timeline->agenda);
    arena_free(timeline->arena);
}

void *timeline_take(struct timeline *timeline, size_t size)
{
    void *memory = arena_take(timeline->arena, size);

    if (!memory)
        give_up();
    return memory;
}

void timeline_after(struct timeline *timeline, int64_t delay_ms, timeline_act act, void *context,
                    uint64_t argument)
{
    struct act *entry = timeline_take(timeline, sizeof *entry);

    entry->act = act;
    entry->context = context;
    entry->argument = argument;
    if (agenda_put(timeline->agenda, &entry->item, timeline->now_ms + delay_ms) != STATUS_OK)
        give_up();
}

void timeline_run_until(struct timeline *timeline, int64_t until_ms)
{
    for (;;) {
        const int64_t next_ms = agenda_next_ms(timeline->agenda);

        if (next_ms > until_ms)
            break;
        if (next_ms > timeline->now_ms)
            timeline->now_ms = next_ms;
        struct agenda_item *item = agenda_take_due(timeline->agenda, timeline->now_ms);
        struct act *entry = (struct act *)(void *)((char *)item - offsetof(struct act, item));
        entry->act(entry->context, entry->argument);
    }
    timeline->now_ms = until_ms;
}

void timeline_note(struct timeline *timeline, uint64_t what)
{
    timeline->trace = (timeline->trace ^ what ^ (uint64_t)timeline->now_ms) * 0x100000001b3u;
}

int64_t timeline_wall_ms(const struct timeline *timeline)
{
    return TIMELINE_EPOCH_MS + timeline->now_ms;
}

bool timeline_chance(struct timeline *timeline, unsigned per_mille)
{
    return dice_below(&timeline->dice, 1000) < per_mille;
}

int64_t timeline_between(struct timeline *timeline, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(&timeline->dice, (uint64_t)(high - low + 1));
}

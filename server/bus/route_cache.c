#include "server/bus/route_cache.h"

#include <stdlib.h>
#include <string.h>

#include "schema/wire/limits.h"

#define SLOTS       32768 /* a power of two; half of them may be used */
#define ARENA_BYTES (32u << 20)

struct entry {
    char device_id[LIMIT_SLUG + 1]; /* empty: unused */
    int64_t epoch;
    int64_t generation;
    const struct routes_row *routes; /* in the arena */
    size_t count;
};

struct route_cache {
    struct arena *arena;
    size_t used;
    struct entry entries[SLOTS];
};

enum status route_cache_create(struct route_cache **out)
{
    struct route_cache *cache = calloc(1, sizeof *cache);

    if (!cache || arena_create(&cache->arena, ARENA_BYTES) != STATUS_OK) {
        free(cache);
        return STATUS_MEMORY;
    }
    *out = cache;
    return STATUS_OK;
}

void route_cache_free(struct route_cache *cache)
{
    if (!cache)
        return;
    arena_free(cache->arena);
    free(cache);
}

static bool is_full(const struct route_cache *cache)
{
    return cache->used == SLOTS / 2 || arena_failed(cache->arena);
}

void route_cache_trim(struct route_cache *cache)
{
    if (!is_full(cache))
        return;
    memset(cache->entries, 0, sizeof cache->entries);
    arena_reset(cache->arena);
    cache->used = 0;
}

/* The device's slot, or the free one where it would stand: half the slots are free. */
static size_t slot_of(const struct route_cache *cache, const char *device_id)
{
    uint32_t hash = 2166136261u;

    for (const char *at = device_id; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    size_t slot = hash % SLOTS;
    while (cache->entries[slot].device_id[0] &&
           strcmp(cache->entries[slot].device_id, device_id) != 0)
        slot = (slot + 1) % SLOTS;
    return slot;
}

bool route_cache_find(const struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row **routes, size_t *count)
{
    const struct entry *entry = &cache->entries[slot_of(cache, device_id)];

    if (!entry->device_id[0] || entry->epoch != epoch || entry->generation != generation)
        return false;
    *routes = entry->routes;
    *count = entry->count;
    return true;
}

static const char *keep_text(struct route_cache *cache, const char *text)
{
    return arena_text(cache->arena, span_text(text));
}

static struct routes_row *copy(struct route_cache *cache, const struct routes_row *routes,
                               size_t count)
{
    struct routes_row *out = arena_take(cache->arena, (count + 1) * sizeof *out);

    for (size_t i = 0; out && i < count; i++) {
        out[i] = routes[i];
        out[i].device_id = keep_text(cache, routes[i].device_id);
        out[i].vendor_id = keep_text(cache, routes[i].vendor_id);
        out[i].model = keep_text(cache, routes[i].model);
        out[i].contract_id = keep_text(cache, routes[i].contract_id);
        out[i].dialect = keep_text(cache, routes[i].dialect);
        out[i].base_url = keep_text(cache, routes[i].base_url);
        out[i].vendor_region = keep_text(cache, routes[i].vendor_region);
        out[i].device_region = keep_text(cache, routes[i].device_region);
        out[i].filing = keep_text(cache, routes[i].filing);
        out[i].use = keep_text(cache, routes[i].use);
        out[i].voice = keep_text(cache, routes[i].voice);
        out[i].rollout_id = keep_text(cache, routes[i].rollout_id);
        out[i].key_wrapped = span_of(NULL, 0);
    }
    return arena_failed(cache->arena) ? NULL : out;
}

void route_cache_keep(struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row *routes, size_t count)
{
    if (strlen(device_id) > LIMIT_SLUG || is_full(cache))
        return;
    const struct routes_row *kept = copy(cache, routes, count);
    if (!kept)
        return;

    struct entry *entry = &cache->entries[slot_of(cache, device_id)];
    cache->used += !entry->device_id[0];
    memcpy(entry->device_id, device_id, strlen(device_id) + 1);
    entry->epoch = epoch;
    entry->generation = generation;
    entry->routes = kept;
    entry->count = count;
}

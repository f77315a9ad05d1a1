#include "server/bus/route_cache.h"

#include <pthread.h>
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
    pthread_mutex_t mutex; /* guards what follows; what stands in the arena is not changed */
    struct arena *arena;
    const struct routes_row *last; /* those that were kept before: a fleet's are much the same */
    size_t last_count, used;
    struct entry entries[SLOTS];
};

enum status route_cache_create(struct route_cache **out)
{
    struct route_cache *cache = calloc(1, sizeof *cache);

    if (!cache || arena_create(&cache->arena, ARENA_BYTES) != STATUS_OK) {
        free(cache);
        return STATUS_MEMORY;
    }
    pthread_mutex_init(&cache->mutex, NULL);
    *out = cache;
    return STATUS_OK;
}

void route_cache_free(struct route_cache *cache)
{
    if (!cache)
        return;
    arena_free(cache->arena);
    pthread_mutex_destroy(&cache->mutex);
    free(cache);
}

static bool is_full(const struct route_cache *cache)
{
    return cache->used == SLOTS / 2 || arena_failed(cache->arena);
}

void route_cache_trim(struct route_cache *cache)
{
    pthread_mutex_lock(&cache->mutex);
    if (is_full(cache)) {
        memset(cache->entries, 0, sizeof cache->entries);
        arena_reset(cache->arena);
        cache->used = cache->last_count = 0;
    }
    pthread_mutex_unlock(&cache->mutex);
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

bool route_cache_find(struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row **routes, size_t *count)
{
    pthread_mutex_lock(&cache->mutex);
    const struct entry *entry = &cache->entries[slot_of(cache, device_id)];
    const bool is_known =
        entry->device_id[0] && entry->epoch == epoch && entry->generation == generation;
    if (is_known) {
        *routes = entry->routes;
        *count = entry->count;
    }
    pthread_mutex_unlock(&cache->mutex);
    return is_known;
}

/* last: the text that stood in the same place the last time; NULL: there was none. */
static const char *keep_text(struct route_cache *cache, const char *text, const char *last)
{
    return last && text && strcmp(last, text) == 0 ? last
                                                   : arena_text(cache->arena, span_text(text));
}

static void keep_texts(struct route_cache *cache, struct routes_row *row,
                       const struct routes_row *last)
{
    row->vendor_id = keep_text(cache, row->vendor_id, last->vendor_id);
    row->model = keep_text(cache, row->model, last->model);
    row->contract_id = keep_text(cache, row->contract_id, last->contract_id);
    row->dialect = keep_text(cache, row->dialect, last->dialect);
    row->base_url = keep_text(cache, row->base_url, last->base_url);
    row->vendor_region = keep_text(cache, row->vendor_region, last->vendor_region);
    row->device_region = keep_text(cache, row->device_region, last->device_region);
    row->filing = keep_text(cache, row->filing, last->filing);
    row->use = keep_text(cache, row->use, last->use);
    row->voice = keep_text(cache, row->voice, last->voice);
    row->rollout_id = keep_text(cache, row->rollout_id, last->rollout_id);
}

static struct routes_row *copy(struct route_cache *cache, const struct routes_row *routes,
                               size_t count)
{
    static const struct routes_row none = {.device_id = NULL};
    struct routes_row *out = arena_take(cache->arena, (count + 1) * sizeof *out);
    const char *device_id = NULL;

    for (size_t i = 0; out && i < count; i++) {
        out[i] = routes[i];
        out[i].device_id = device_id = keep_text(cache, routes[i].device_id, device_id);
        keep_texts(cache, &out[i], i < cache->last_count ? &cache->last[i] : &none);
        out[i].key_wrapped = span_of(NULL, 0);
    }
    if (arena_failed(cache->arena))
        return NULL;
    cache->last = out;
    cache->last_count = count;
    return out;
}

static void keep(struct route_cache *cache, const struct entry *which,
                 const struct routes_row *routes)
{
    struct entry *entry = &cache->entries[slot_of(cache, which->device_id)];
    const struct routes_row *kept;

    if (is_full(cache) || (kept = copy(cache, routes, which->count)) == NULL)
        return;
    cache->used += !entry->device_id[0];
    *entry = *which;
    entry->routes = kept;
}

void route_cache_keep(struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row *routes, size_t count)
{
    struct entry which = {.epoch = epoch, .generation = generation, .count = count};

    if (strlen(device_id) > LIMIT_SLUG)
        return;
    memcpy(which.device_id, device_id, strlen(device_id) + 1);
    pthread_mutex_lock(&cache->mutex);
    keep(cache, &which, routes);
    pthread_mutex_unlock(&cache->mutex);
}

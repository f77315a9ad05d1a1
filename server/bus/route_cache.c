#include "server/bus/route_cache.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "schema/wire/limits.h"

#define SLOTS       32768 /* a power of two; half of them may be used */
#define ARENA_BYTES (32u << 20)
#define LISTS       16 /* that a new one is compared with */

/* In the arena, unchanged as long as that is not reset. */
struct list {
    const struct routes_row *rows; /* without device_id, since_ms and key_wrapped */
    size_t count;
};

struct entry {
    char device_id[LIMIT_SLUG + 1]; /* empty: unused */
    int64_t epoch;
    int64_t generation;
    struct list list;
};

struct route_cache {
    pthread_mutex_t mutex; /* guards what follows; what stands in the arena is not changed */
    struct arena *arena;
    struct list lists[LISTS]; /* kept lately, the oldest at next_list */
    size_t next_list, used;
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
        memset(cache->lists, 0, sizeof cache->lists);
        cache->used = cache->next_list = 0;
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

/* Each device's rows name it. */
static bool copy_out(const struct list *list, struct arena *arena, const char *device_id,
                     const struct routes_row **routes)
{
    struct routes_row *out = arena_take(arena, (list->count + 1) * sizeof *out);

    if (!out)
        return false;
    for (size_t i = 0; i < list->count; i++) {
        out[i] = list->rows[i];
        out[i].device_id = device_id;
    }
    *routes = out;
    return true;
}

bool route_cache_find(struct route_cache *cache, struct arena *arena, const char *device_id,
                      int64_t epoch, int64_t generation, const struct routes_row **routes,
                      size_t *count)
{
    pthread_mutex_lock(&cache->mutex);
    const struct entry *entry = &cache->entries[slot_of(cache, device_id)];
    const bool is_known = entry->device_id[0] && entry->epoch == epoch &&
                          entry->generation == generation &&
                          copy_out(&entry->list, arena, device_id, routes);
    if (is_known)
        *count = entry->list.count;
    pthread_mutex_unlock(&cache->mutex);
    return is_known;
}

/* ---- lists ---- */

/* Every text of a row but the device's id. */
static const size_t texts[] = {
    offsetof(struct routes_row, vendor_id),     offsetof(struct routes_row, model),
    offsetof(struct routes_row, contract_id),   offsetof(struct routes_row, dialect),
    offsetof(struct routes_row, base_url),      offsetof(struct routes_row, vendor_region),
    offsetof(struct routes_row, device_region), offsetof(struct routes_row, filing),
    offsetof(struct routes_row, use),           offsetof(struct routes_row, voice),
    offsetof(struct routes_row, rollout_id),    offsetof(struct routes_row, open_regions),
};
#define TEXTS (sizeof texts / sizeof *texts)

static const char *text_at(const struct routes_row *row, size_t place)
{
    const char *text;

    memcpy(&text, (const char *)row + texts[place], sizeof text);
    return text;
}

static bool is_same_row(const struct routes_row *a, const struct routes_row *b)
{
    if (a->contract_version != b->contract_version || a->is_complete != b->is_complete ||
        a->is_minted != b->is_minted || a->pair_is_open != b->pair_is_open ||
        a->filing_is_due != b->filing_is_due || a->window_s != b->window_s ||
        a->is_test != b->is_test || a->is_install != b->is_install ||
        a->is_under_way != b->is_under_way)
        return false;
    for (size_t i = 0; i < TEXTS; i++) {
        const char *left = text_at(a, i), *right = text_at(b, i);

        if (strcmp(left ? left : "", right ? right : "") != 0)
            return false;
    }
    return true;
}

static const struct list *find_list(const struct route_cache *cache,
                                    const struct routes_row *routes, size_t count)
{
    for (size_t i = 0; i < LISTS; i++) {
        const struct list *list = &cache->lists[i];
        size_t same = 0;

        while (list->rows && list->count == count && same < count &&
               is_same_row(&list->rows[same], &routes[same]))
            same++;
        if (list->rows && list->count == count && same == count)
            return list;
    }
    return NULL;
}

static void keep_row(struct arena *arena, const struct routes_row *row, struct routes_row *out)
{
    *out = *row;
    out->device_id = NULL;
    out->since_ms = 0;
    out->key_wrapped = span_of(NULL, 0);
    for (size_t i = 0; i < TEXTS; i++) {
        const char *text = text_at(row, i);
        const char *kept = arena_text(arena, span_text(text ? text : ""));

        memcpy((char *)out + texts[i], &kept, sizeof kept);
    }
}

static const struct list *add_list(struct route_cache *cache, const struct routes_row *routes,
                                   size_t count)
{
    struct routes_row *rows = arena_take(cache->arena, (count + 1) * sizeof *rows);
    struct list *list = &cache->lists[cache->next_list];

    for (size_t i = 0; rows && i < count; i++)
        keep_row(cache->arena, &routes[i], &rows[i]);
    if (arena_failed(cache->arena))
        return NULL;
    cache->next_list = (cache->next_list + 1) % LISTS;
    *list = (struct list){rows, count};
    return list;
}

static void keep(struct route_cache *cache, const struct entry *which,
                 const struct routes_row *routes, size_t count)
{
    struct entry *entry = &cache->entries[slot_of(cache, which->device_id)];
    const struct list *list = find_list(cache, routes, count);

    if (is_full(cache) || (!list && !(list = add_list(cache, routes, count))))
        return;
    cache->used += !entry->device_id[0];
    *entry = *which;
    entry->list = *list;
}

void route_cache_keep(struct route_cache *cache, const char *device_id, int64_t epoch,
                      int64_t generation, const struct routes_row *routes, size_t count)
{
    struct entry which = {.epoch = epoch, .generation = generation};

    if (strlen(device_id) > LIMIT_SLUG)
        return;
    memcpy(which.device_id, device_id, strlen(device_id) + 1);
    pthread_mutex_lock(&cache->mutex);
    keep(cache, &which, routes, count);
    pthread_mutex_unlock(&cache->mutex);
}

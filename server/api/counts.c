#include "server/api/counts.h"

#include <pthread.h>
#include <stdlib.h>

#include "schema/base/buffer.h"

#define KEPT_BYTES ((size_t)1 << 20)

struct kept {
    pthread_mutex_t making; /* held while a large fleet is counted; guards the rest */
    struct buffer json;
    bool is_there;
    int64_t asked_ms; /* when the count was begun */
};

struct counts {
    struct kept kinds[COUNTS_KINDS];
};

enum status counts_create(struct counts **out)
{
    struct counts *counts = calloc(1, sizeof *counts);

    if (counts == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < COUNTS_KINDS; i++) {
        pthread_mutex_init(&counts->kinds[i].making, NULL);
        buffer_init(&counts->kinds[i].json, KEPT_BYTES);
    }
    *out = counts;
    return STATUS_OK;
}

void counts_free(struct counts *counts)
{
    if (counts == NULL)
        return;
    for (size_t i = 0; i < COUNTS_KINDS; i++) {
        pthread_mutex_destroy(&counts->kinds[i].making);
        buffer_release(&counts->kinds[i].json);
    }
    free(counts);
}

/* What does not fit is not kept. */
static void keep(struct kept *kept, struct span json, int64_t now_ms)
{
    buffer_clear(&kept->json);
    buffer_add(&kept->json, json);
    kept->is_there = buffer_status(&kept->json) == STATUS_OK;
    kept->asked_ms = now_ms;
}

enum status counts_read(struct counts *counts, enum counts_kind kind, int64_t now_ms,
                        counts_make make, void *context, struct arena *arena, struct span *json)
{
    struct kept *kept = &counts->kinds[kind];
    int64_t robots = 0;
    enum status status = STATUS_OK;

    pthread_mutex_lock(&kept->making);
    /* a small fleet leaves nothing: it is counted beside others, without the lock */
    const bool was_large = kept->is_there;
    if (was_large && now_ms - kept->asked_ms < COUNTS_MS) {
        *json = arena_copy(arena, buffer_span(&kept->json));
        pthread_mutex_unlock(&kept->making);
        return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
    }
    kept->is_there = false;
    if (!was_large)
        pthread_mutex_unlock(&kept->making);

    status = make(context, arena, json, &robots);

    if (!was_large)
        pthread_mutex_lock(&kept->making);
    if (status == STATUS_OK && robots >= COUNTS_LARGE)
        keep(kept, *json, now_ms);
    pthread_mutex_unlock(&kept->making);
    return status;
}

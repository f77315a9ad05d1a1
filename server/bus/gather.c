#include "server/bus/gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"

struct gather {
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* for either thread */
    int64_t linger_ms;
    struct gather_list lists[2];
    unsigned filling; /* the reader's list; the other is the committer's */
    size_t records;   /* in the reader's list */
    int64_t due_ms;   /* when it need not wait for more; set by its first message */
    bool is_reading;  /* between gather_begin() and gather_end() */
    bool is_wanted;   /* the committer waits */
    bool closed;
};

static bool init_waiting(struct gather *gather)
{
    pthread_condattr_t attributes;
    bool good = false;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_cond_init(&gather->changed, &attributes) == 0) {
        good = pthread_mutex_init(&gather->mutex, NULL) == 0;
        if (!good)
            pthread_cond_destroy(&gather->changed);
    }
    pthread_condattr_destroy(&attributes);
    return good;
}

enum status gather_create(struct gather **out, size_t arena_bytes, int64_t linger_ms)
{
    struct gather *gather = calloc(1, sizeof *gather);

    if (!gather)
        return STATUS_MEMORY;
    if (!init_waiting(gather)) {
        free(gather);
        return STATUS_MEMORY;
    }
    gather->linger_ms = linger_ms;
    for (size_t i = 0; i < 2; i++) {
        enum status status = arena_create(&gather->lists[i].arena, arena_bytes);

        if (status != STATUS_OK) {
            gather_free(gather);
            return status;
        }
    }
    *out = gather;
    return STATUS_OK;
}

void gather_free(struct gather *gather)
{
    if (!gather)
        return;
    for (size_t i = 0; i < 2; i++)
        arena_free(gather->lists[i].arena);
    pthread_cond_destroy(&gather->changed);
    pthread_mutex_destroy(&gather->mutex);
    free(gather);
}

static bool is_full(const struct gather *gather)
{
    const struct gather_list *list = &gather->lists[gather->filling];

    return list->count == GATHER_ITEMS || gather->records >= GATHER_RECORDS ||
           arena_failed(list->arena);
}

/* An arena that is full of one message that was given up is a full list of none. */
static void drop_if_empty(struct gather *gather)
{
    struct gather_list *list = &gather->lists[gather->filling];

    if (list->count == 0 && arena_failed(list->arena))
        arena_reset(list->arena);
}

/* Changes the lists when the committer waits for this one. Called by either thread, with the mutex:
 * a reader that always has more to read would hardly ever leave it to the committer. */
static void hand_over(struct gather *gather)
{
    const struct gather_list *list = &gather->lists[gather->filling];

    if (!gather->is_wanted || gather->is_reading || list->count == 0 ||
        (!is_full(gather) && clock_mono_ms() < gather->due_ms))
        return;
    gather->is_wanted = false;
    gather->filling ^= 1;
    gather->records = 0;
    gather->lists[gather->filling].count = 0;
    arena_reset(gather->lists[gather->filling].arena);
    pthread_cond_broadcast(&gather->changed);
}

struct intake_item *gather_begin(struct gather *gather, struct arena **arena)
{
    struct intake_item *item = NULL;

    pthread_mutex_lock(&gather->mutex);
    hand_over(gather);
    while (is_full(gather) && !gather->closed)
        pthread_cond_wait(&gather->changed, &gather->mutex);
    if (!gather->closed) {
        struct gather_list *list = &gather->lists[gather->filling];

        item = &list->items[list->count];
        *arena = list->arena;
        gather->is_reading = true;
    }
    pthread_mutex_unlock(&gather->mutex);
    return item;
}

void gather_end(struct gather *gather, bool keep)
{
    pthread_mutex_lock(&gather->mutex);
    struct gather_list *list = &gather->lists[gather->filling];

    gather->is_reading = false;
    if (keep) {
        gather->records += list->items[list->count].usage.count;
        if (list->count++ == 0)
            gather->due_ms = clock_mono_ms() + gather->linger_ms;
    }
    drop_if_empty(gather);
    hand_over(gather);
    if (gather->is_wanted)
        pthread_cond_broadcast(&gather->changed);
    pthread_mutex_unlock(&gather->mutex);
}

/* With the mutex held: until the list is due or something changes, at most until the deadline. */
static void wait_for_list(struct gather *gather, int64_t deadline_ms)
{
    const bool has_some = gather->lists[gather->filling].count > 0;
    const int64_t until_ms = has_some ? gather->due_ms : deadline_ms;
    const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                   .tv_nsec = (long)(until_ms % 1000) * 1000000};

    if (has_some && gather->is_reading)
        pthread_cond_wait(&gather->changed, &gather->mutex);
    else
        (void)pthread_cond_timedwait(&gather->changed, &gather->mutex, &until);
}

const struct gather_list *gather_take(struct gather *gather, int64_t wait_ms)
{
    const int64_t deadline_ms = clock_mono_ms() + wait_ms;
    const struct gather_list *taken = NULL;

    pthread_mutex_lock(&gather->mutex);
    gather->is_wanted = true;
    for (;;) {
        hand_over(gather);
        if (!gather->is_wanted || gather->closed ||
            (clock_mono_ms() >= deadline_ms && gather->lists[gather->filling].count == 0))
            break;
        wait_for_list(gather, deadline_ms);
    }
    if (!gather->is_wanted && !gather->closed)
        taken = &gather->lists[gather->filling ^ 1];
    gather->is_wanted = false;
    pthread_mutex_unlock(&gather->mutex);
    return taken;
}

void gather_close(struct gather *gather)
{
    pthread_mutex_lock(&gather->mutex);
    gather->closed = true;
    pthread_cond_broadcast(&gather->changed);
    pthread_mutex_unlock(&gather->mutex);
}

#include "server/api/shared.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/buffer.h"

#define PLACES       32 /* above the number of workers, each of which may ask something else */
#define KEY_BYTES    160
#define ANSWER_BYTES ((size_t)24 << 20) /* what a request's arena holds */

/* An answer that is yet to be begun, and then those who wait for it. */
struct flight {
    pthread_cond_t done;
    unsigned readers; /* the leader, who makes it, and those who follow */
    bool is_done;
    enum status status;
    struct buffer json;
    int64_t version;
};

/* A question that somebody asks now. */
struct place {
    char key[KEY_BYTES];
    unsigned users; /* 0: it is free */
    bool is_busy;   /* an answer is being made */
    struct flight *coming;
    pthread_cond_t over; /* for the leader of what is coming */
};

struct shared {
    pthread_mutex_t mutex;
    struct place places[PLACES];
};

enum status shared_create(struct shared **out)
{
    struct shared *shared = calloc(1, sizeof *shared);

    if (shared == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&shared->mutex, NULL);
    for (size_t i = 0; i < PLACES; i++)
        pthread_cond_init(&shared->places[i].over, NULL);
    *out = shared;
    return STATUS_OK;
}

void shared_free(struct shared *shared)
{
    if (shared == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++)
        pthread_cond_destroy(&shared->places[i].over);
    pthread_mutex_destroy(&shared->mutex);
    free(shared);
}

/* NULL: the key is too long, or there is no room. */
static struct place *enter(struct shared *shared, const char *key)
{
    struct place *free_place = NULL;

    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &shared->places[i];

        if (place->users == 0)
            free_place = place;
        else if (strcmp(place->key, key) == 0) {
            place->users++;
            return place;
        }
    }
    if (free_place == NULL || span_to_text(span_text(key), free_place->key, KEY_BYTES) != STATUS_OK)
        return NULL;
    free_place->users = 1;
    return free_place;
}

static struct flight *flight_make(void)
{
    struct flight *flight = calloc(1, sizeof *flight);

    if (flight == NULL)
        return NULL;
    pthread_cond_init(&flight->done, NULL);
    buffer_init(&flight->json, ANSWER_BYTES);
    flight->readers = 1;
    return flight;
}

static void flight_leave(struct flight *flight)
{
    if (--flight->readers > 0)
        return;
    pthread_cond_destroy(&flight->done);
    buffer_release(&flight->json);
    free(flight);
}

/* What a reader asks; the mutex is free while it is answered. */
struct question {
    shared_make make;
    void *context;
    struct arena *arena;
    struct document *out;
};

static enum status answer(struct shared *shared, struct place *place,
                          const struct question *question)
{
    place->is_busy = true;
    pthread_mutex_unlock(&shared->mutex);
    enum status status = question->make(question->context, question->arena, question->out);
    pthread_mutex_lock(&shared->mutex);
    place->is_busy = false;
    if (place->coming != NULL)
        pthread_cond_signal(&place->over);
    return status;
}

static enum status lead(struct shared *shared, struct place *place, const struct question *question)
{
    struct flight *flight = flight_make();

    if (flight == NULL)
        return STATUS_MEMORY;
    place->coming = flight;
    while (place->is_busy)
        pthread_cond_wait(&place->over, &shared->mutex);
    place->coming = NULL; /* who asks from now on is too late for it */
    const enum status status = answer(shared, place, question);
    flight->status = status;
    if (status == STATUS_OK && flight->readers > 1) {
        buffer_add(&flight->json, question->out->json);
        flight->version = question->out->version;
        flight->status = buffer_status(&flight->json);
    }
    flight->is_done = true;
    pthread_cond_broadcast(&flight->done);
    flight_leave(flight);
    return status;
}

static enum status follow(struct shared *shared, struct flight *flight,
                          const struct question *question)
{
    flight->readers++;
    while (!flight->is_done)
        pthread_cond_wait(&flight->done, &shared->mutex);
    enum status status = flight->status;
    if (status == STATUS_OK) {
        *question->out = (struct document){arena_copy(question->arena, buffer_span(&flight->json)),
                                           flight->version};
        status = arena_failed(question->arena) ? STATUS_MEMORY : STATUS_OK;
    }
    flight_leave(flight);
    return status;
}

enum status shared_read(struct shared *shared, const char *key, shared_make make, void *context,
                        struct arena *arena, struct document *out)
{
    const struct question question = {make, context, arena, out};
    enum status status;

    pthread_mutex_lock(&shared->mutex);
    struct place *place = enter(shared, key);
    if (place == NULL) {
        pthread_mutex_unlock(&shared->mutex);
        return make(context, arena, out);
    }
    if (place->coming != NULL)
        status = follow(shared, place->coming, &question);
    else if (place->is_busy)
        status = lead(shared, place, &question);
    else
        status = answer(shared, place, &question);
    place->users--;
    pthread_mutex_unlock(&shared->mutex);
    return status;
}

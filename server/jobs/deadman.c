#include "server/jobs/deadman.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/notify/post.h"

struct deadman {
    struct store *store;
    struct bus *bus;
    struct ingest *ingest;
    struct post *post;
    char *url;
    int64_t interval_ms;
    struct deadman_sight seen;
    bool was_well;
    pthread_t thread;
    bool thread_runs;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex */
};

bool deadman_is_well(const struct deadman_sight *before, const struct deadman_sight *now)
{
    bool moves = now->queued == 0 || before->queued == 0 || now->taken != before->taken;

    return now->database && now->connected && moves;
}

static struct deadman_sight look(struct deadman *deadman)
{
    struct ingest_stats ingest;
    struct bus_stats bus;

    bus_read_stats(deadman->bus, &bus);
    ingest_read_stats(deadman->ingest, &ingest);
    return (struct deadman_sight){
        .database = store_ping(deadman->store) == STATUS_OK,
        .connected = bus.connected,
        .queued = bus.queued,
        .taken = ingest.messages + ingest.dropped,
    };
}

static void ping(struct deadman *deadman)
{
    const struct post_request request = {.method = POST_GET, .url = deadman->url};
    struct post_result result;
    unsigned slot;

    if (post_send(deadman->post, 0, &request) != STATUS_OK)
        return;
    /* bounded by the request's own limits */
    while (!post_collect(deadman->post, &slot, &result))
        post_wait(deadman->post, 1000);
    if (result.status != STATUS_OK)
        log_warning("deadman", "the watcher was not reached: %s", result.problem);
    else if (result.code / 100 != 2)
        log_warning("deadman", "the watcher answered %ld", result.code);
}

static void check(struct deadman *deadman)
{
    const struct deadman_sight now = look(deadman);
    bool well = deadman_is_well(&deadman->seen, &now);

    if (well)
        ping(deadman);
    else if (deadman->was_well)
        log_warning("deadman", "not well, so no ping: database=%d broker=%d waiting=%llu",
                    now.database, now.connected, (unsigned long long)now.queued);
    deadman->was_well = well;
    deadman->seen = now;
}

/* False: it is time to stop. */
static bool rest(struct deadman *deadman)
{
    const int64_t at_ns = clock_mono_ns() + deadman->interval_ms * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&deadman->mutex);
    while (!deadman->stopping && error == 0)
        error = pthread_cond_timedwait(&deadman->changed, &deadman->mutex, &at);
    bool go_on = !deadman->stopping;
    pthread_mutex_unlock(&deadman->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct deadman *deadman = argument;

    while (rest(deadman))
        check(deadman);
    return NULL;
}

static void init_lock(struct deadman *deadman)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&deadman->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&deadman->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum status deadman_start(struct deadman **out, struct store *store, struct bus *bus,
                          struct ingest *ingest, const struct deadman_options *options)
{
    struct deadman *deadman = calloc(1, sizeof *deadman);

    if (deadman == NULL)
        return STATUS_MEMORY;
    init_lock(deadman);
    deadman->store = store;
    deadman->bus = bus;
    deadman->ingest = ingest;
    deadman->interval_ms = options->interval_ms;
    deadman->was_well = true;
    deadman->url = strdup(options->url);
    enum status status =
        deadman->url != NULL ? post_create(&deadman->post, options->ca_file) : STATUS_MEMORY;
    if (status == STATUS_OK) {
        deadman->thread_runs = pthread_create(&deadman->thread, NULL, run, deadman) == 0;
        status = deadman->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        deadman_stop(deadman);
        return status;
    }
    *out = deadman;
    return STATUS_OK;
}

void deadman_stop(struct deadman *deadman)
{
    if (deadman == NULL)
        return;
    pthread_mutex_lock(&deadman->mutex);
    deadman->stopping = true;
    pthread_cond_signal(&deadman->changed);
    pthread_mutex_unlock(&deadman->mutex);
    if (deadman->thread_runs)
        pthread_join(deadman->thread, NULL);
    post_free(deadman->post);
    free(deadman->url);
    pthread_cond_destroy(&deadman->changed);
    pthread_mutex_destroy(&deadman->mutex);
    free(deadman);
}

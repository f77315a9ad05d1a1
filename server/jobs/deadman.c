#include "server/jobs/deadman.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/log.h"
#include "server/jobs/timer.h"
#include "server/notify/post.h"

struct deadman {
    struct store *store;
    struct bus *bus;
    struct ingest *ingest;
    struct post *post;
    char *url;
    struct timer *timer;
    struct deadman_sight seen; /* of the timer's thread, like the next */
    bool has_seen;
    bool was_well;
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

/* Well is told by two looks, so the first one tells nothing. */
static void run_job(void *context, bool woken)
{
    struct deadman *deadman = context;

    (void)woken;
    if (deadman->has_seen)
        check(deadman);
    else
        deadman->seen = look(deadman);
    deadman->has_seen = true;
}

enum status deadman_start(struct deadman **out, struct store *store, struct bus *bus,
                          struct ingest *ingest, const struct deadman_options *options)
{
    struct deadman *deadman = calloc(1, sizeof *deadman);

    if (deadman == NULL)
        return STATUS_MEMORY;
    deadman->store = store;
    deadman->bus = bus;
    deadman->ingest = ingest;
    deadman->was_well = true;
    deadman->url = strdup(options->url);
    enum status status =
        deadman->url != NULL ? post_create(&deadman->post, options->ca_file) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = timer_start(&deadman->timer, options->interval_ms, run_job, deadman);
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
    timer_stop(deadman->timer);
    post_free(deadman->post);
    free(deadman->url);
    free(deadman);
}

#include "server/bus/ingest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/bus/batch.h"
#include "server/bus/gather.h"
#include "server/bus/refusals.h"
#include "server/bus/sender.h"

#define LINGER_MS    10
#define PROBLEM_SIZE 200 /* as batch.h has it */
#define IDLE_WAIT_MS 200 /* how often an idle ingest looks whether to stop */
#define ARENA_BYTES  (128u << 20)

struct ingest {
    struct store *store;
    struct bus *bus;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    uint8_t stamp_key[CRYPTO_KEY_SIZE];
    int64_t stale_window_ms;
    struct peers *peers;
    struct intake *intake;
    struct sender *sender;
    struct terms *terms;
    struct route_cache *routes;
    struct pricing *pricing;
    struct batch_refused refused[LIMIT_BATCH_RECORDS];
    struct credits *credits;
    struct lines *lines;
    struct gather *gather;
    struct arena *try_arena;
    pthread_t reader, committer;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    struct refusals refusals;
    struct ingest_stats stats; /* guarded by mutex */
};

static bool is_stopping(struct ingest *ingest)
{
    return atomic_load(&ingest->stopping);
}

static void add_stats(struct ingest *ingest, const struct ingest_stats *more)
{
    pthread_mutex_lock(&ingest->mutex);
    ingest->stats.batches += more->batches;
    ingest->stats.messages += more->messages;
    ingest->stats.records += more->records;
    ingest->stats.duplicates += more->duplicates;
    ingest->stats.quarantined += more->quarantined;
    ingest->stats.forks += more->forks;
    ingest->stats.gaps += more->gaps;
    ingest->stats.adjustments += more->adjustments;
    ingest->stats.stale += more->stale;
    ingest->stats.replayed += more->replayed;
    ingest->stats.forged += more->forged;
    ingest->stats.dropped += more->dropped;
    ingest->stats.retries += more->retries;
    ingest->stats.grants += more->grants;
    pthread_mutex_unlock(&ingest->mutex);
}

/* Failures that pass: the database is away, busy or full. */
static bool is_passing(enum status status)
{
    return status == STATUS_UNREACHABLE || status == STATUS_AGAIN || status == STATUS_TIMEOUT ||
           status == STATUS_FULL;
}

/* In short sleeps, so that stopping does not wait for a database that is away. */
static void pause_for(struct ingest *ingest, struct backoff *backoff)
{
    const int64_t until_ms = clock_mono_ms() + backoff_next(backoff, crypto_random_u64());

    while (!is_stopping(ingest) && clock_mono_ms() < until_ms)
        clock_sleep_ms(50);
}

/* ---- reading ---- */

/* False: the message was given up, because the ingest stops or the message cannot be kept. */
static bool read_message(struct ingest *ingest, const struct bus_message *message,
                         struct arena *arena, struct intake_item *item)
{
    struct backoff backoff;

    backoff_init(&backoff, 100, 5000, 50);
    for (;;) {
        enum status status = intake_read(ingest->intake, message, arena, item);

        if (status == STATUS_OK)
            return true;
        if (!is_passing(status) || is_stopping(ingest)) {
            log_error("ingest", "cannot read a message of device \"%s\": %s", message->device_id,
                      status_text(status));
            return false;
        }
        pause_for(ingest, &backoff);
    }
}

static void *read_all(void *argument)
{
    struct ingest *ingest = argument;
    struct bus_message message;

    while (!is_stopping(ingest)) {
        struct intake_item *item;
        struct arena *arena;

        if (bus_receive(ingest->bus, IDLE_WAIT_MS, &message) != STATUS_OK)
            continue;
        item = gather_begin(ingest->gather, &arena);
        if (item)
            gather_end(ingest->gather, read_message(ingest, &message, arena, item));
        bus_message_release(&message);
    }
    return NULL;
}

/* ---- committing ---- */

static void send_states(struct ingest *ingest, const struct batch *batch)
{
    wire_State message;

    for (size_t i = 0; i < batch->state_count; i++) {
        const struct state_facts *facts = &batch->states[i];

        state_fill(facts, ingest->stamp_key, clock_wall_ms(), &message);
        enum status status = sender_send(ingest->sender, facts->device_id, facts->broker,
                                         TOPIC_STATE, MESSAGE_STATE, &message);
        if (status != STATUS_OK)
            log_debug("ingest", "state for \"%s\" not sent: %s", facts->device_id,
                      status_text(status));
    }
}

/* What was refused before and is stored now. Should it not be noted, the next message does. */
static void end_refusals(struct ingest *ingest, const struct intake_item *items, size_t count)
{
    enum status status =
        refusals_end(&ingest->refusals, ingest->try_arena, items, count, clock_mono_ms());

    if (status != STATUS_OK)
        log_debug("ingest", "cannot note what is stored again: %s", status_text(status));
}

/* Tries until it is in the database, or a failure that does not pass, or stopping. said: what the
 * database had against it. */
static enum status commit(struct ingest *ingest, const struct intake_item *items, size_t count,
                          char said[PROBLEM_SIZE])
{
    struct batch batch = {
        .arena = ingest->try_arena,
        .terms = ingest->terms,
        .routes = ingest->routes,
        .pricing = ingest->pricing,
        .refused = ingest->refused,
        .credits = ingest->credits,
        .lines = ingest->lines,
        .stamp_key = ingest->stamp_key,
        .items = items,
        .item_count = count,
        .stale_window_ms = ingest->stale_window_ms,
    };
    struct backoff backoff;

    backoff_init(&backoff, 50, 5000, 20);
    for (;;) {
        enum status status = batch_commit(ingest->store, &batch);

        if (status == STATUS_OK) {
            add_stats(ingest, &batch.stats);
            send_states(ingest, &batch);
            end_refusals(ingest, items, count);
            return STATUS_OK;
        }
        if (!is_passing(status) || is_stopping(ingest)) {
            snprintf(said, PROBLEM_SIZE, "%s", batch.problem);
            return status;
        }
        if (backoff.attempts == 0)
            log_warning("ingest", "cannot store a batch: %s; trying again messages=%zu",
                        status_text(status), count);
        add_stats(ingest, &(struct ingest_stats){.retries = 1});
        batch.maybe_committed = batch.maybe_committed || status == STATUS_UNREACHABLE;
        pause_for(ingest, &backoff);
    }
}

/* One message that the database will not have must not stop the others. */
static void give_up(struct ingest *ingest, const struct intake_item *item, enum status why,
                    const char *said)
{
    const char *problem = said[0] != '\0' ? said : status_text(why);

    log_error("ingest", "cannot store a message: %s device=%s kind=%s", problem, item->device_id,
              topic_kind_name(item->kind));
    add_stats(ingest, &(struct ingest_stats){.dropped = 1});
    if (refusals_raise(&ingest->refusals, ingest->try_arena, item, problem) != STATUS_OK)
        log_error("ingest", "cannot raise an alert either device=%s", item->device_id);
}

static void commit_all(struct ingest *ingest, const struct intake_item *items, size_t count)
{
    char said[PROBLEM_SIZE] = "";
    enum status status = commit(ingest, items, count, said);

    if (status == STATUS_OK || is_passing(status))
        return;
    if (count == 1) {
        give_up(ingest, items, status, said);
        return;
    }
    commit_all(ingest, items, count / 2);
    commit_all(ingest, items + count / 2, count - count / 2);
}

static void *commit_lists(void *argument)
{
    struct ingest *ingest = argument;

    while (!is_stopping(ingest)) {
        const struct gather_list *list = gather_take(ingest->gather, IDLE_WAIT_MS);

        if (list)
            commit_all(ingest, list->items, list->count);
    }
    return NULL;
}

/* ---- life ---- */

static enum status make_parts(struct ingest *ingest)
{
    enum status status = peers_create(&ingest->peers, ingest->store, ingest->master_key);

    if (status == STATUS_OK)
        status = intake_create(&ingest->intake, ingest->peers);
    if (status == STATUS_OK)
        status = sender_create(&ingest->sender, ingest->bus, ingest->peers);
    if (status == STATUS_OK)
        status = terms_create(&ingest->terms);
    if (status == STATUS_OK)
        status = route_cache_create(&ingest->routes);
    if (status == STATUS_OK)
        status = pricing_create(&ingest->pricing, ingest->terms, PRICING_NEEDED);
    if (status == STATUS_OK)
        status = credits_create(&ingest->credits);
    if (status == STATUS_OK)
        status = lines_create(&ingest->lines, ingest->credits, ingest->terms);
    if (status == STATUS_OK)
        status = gather_create(&ingest->gather, ARENA_BYTES, LINGER_MS);
    if (status == STATUS_OK)
        status = arena_create(&ingest->try_arena, ARENA_BYTES);
    return status;
}

static void release(struct ingest *ingest)
{
    arena_free(ingest->try_arena);
    gather_free(ingest->gather);
    route_cache_free(ingest->routes);
    lines_free(ingest->lines);
    credits_free(ingest->credits);
    pricing_free(ingest->pricing);
    terms_free(ingest->terms);
    sender_free(ingest->sender);
    intake_free(ingest->intake);
    peers_free(ingest->peers);
    pthread_mutex_destroy(&ingest->mutex);
    crypto_wipe(ingest->master_key, sizeof ingest->master_key);
    crypto_wipe(ingest->stamp_key, sizeof ingest->stamp_key);
    free(ingest);
}

static void join(struct ingest *ingest, pthread_t thread)
{
    atomic_store(&ingest->stopping, true);
    gather_close(ingest->gather);
    pthread_join(thread, NULL);
}

static enum status start_threads(struct ingest *ingest)
{
    if (pthread_create(&ingest->committer, NULL, commit_lists, ingest) != 0)
        return STATUS_MEMORY;
    if (pthread_create(&ingest->reader, NULL, read_all, ingest) == 0)
        return STATUS_OK;
    join(ingest, ingest->committer);
    return STATUS_MEMORY;
}

enum status ingest_start(struct ingest **out, struct store *store, struct bus *bus,
                         const struct ingest_options *options)
{
    struct ingest *ingest = calloc(1, sizeof *ingest);

    if (!ingest)
        return STATUS_MEMORY;
    ingest->store = store;
    ingest->bus = bus;
    ingest->refusals.store = store;
    ingest->stale_window_ms = options->stale_window_ms;
    memcpy(ingest->master_key, options->master_key, sizeof ingest->master_key);
    memcpy(ingest->stamp_key, options->stamp_key, sizeof ingest->stamp_key);
    pthread_mutex_init(&ingest->mutex, NULL);
    enum status status = make_parts(ingest);
    if (status == STATUS_OK)
        status = start_threads(ingest);
    if (status != STATUS_OK) {
        release(ingest);
        return status;
    }
    *out = ingest;
    return STATUS_OK;
}

void ingest_stop(struct ingest *ingest)
{
    if (!ingest)
        return;
    join(ingest, ingest->reader);
    join(ingest, ingest->committer);
    release(ingest);
}

struct route_cache *ingest_routes(struct ingest *ingest)
{
    return ingest->routes;
}

void ingest_read_stats(struct ingest *ingest, struct ingest_stats *out)
{
    pthread_mutex_lock(&ingest->mutex);
    *out = ingest->stats;
    pthread_mutex_unlock(&ingest->mutex);
}

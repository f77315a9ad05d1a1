#include "agent/vendor_voice.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "agent/chat/limit_mode.h"
#include "agent/spoken.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "schema/wire/message.h"

#define FIRST_REST_MS  15000
#define MAX_REST_MS    300000
#define DENIED_REST_MS 2000 /* a grant may come meanwhile */

/* A request under way. */
struct open_order {
    bool is_used;
    uint64_t turn;
    uint32_t clause;
    size_t route;
    uint64_t generation;
    wire_UsageRecord record;
};

/* How a route fared lately. */
struct fare {
    int64_t rests_until_ms;
    int64_t rest_ms; /* the last one; 0: it did not fail */
};

struct vendor_voice {
    struct vendor_voice_options options;
    atomic_bool has_routes;
    atomic_llong rests_until_ms; /* all of them do */

    pthread_mutex_t lock; /* guards what follows */
    struct settings_values values;
    struct fare fares[LIMIT_ROUTES];
    struct open_order orders[JOURNAL_MAX_OPEN];
};

/* --- routes --- */

/* Call with the lock held. */
static void note_rests(struct vendor_voice *voice)
{
    int64_t soonest = INT64_MAX;

    for (size_t i = 0; i < voice->values.speech_route_count; i++) {
        if (voice->fares[i].rests_until_ms < soonest)
            soonest = voice->fares[i].rests_until_ms;
    }
    atomic_store(&voice->rests_until_ms, soonest);
}

/* Call with the lock held. */
static void rest(struct vendor_voice *voice, size_t route, int64_t duration_ms)
{
    voice->fares[route].rests_until_ms = clock_mono_ms() + duration_ms;
    note_rests(voice);
}

/* Call with the lock held. */
static void note_failure(struct vendor_voice *voice, size_t route)
{
    struct fare *fare = &voice->fares[route];
    if (clock_mono_ms() < fare->rests_until_ms)
        return; /* the request of another clause failed with this one */
    const int64_t longer_ms = fare->rest_ms > 0 ? 2 * fare->rest_ms : FIRST_REST_MS;

    fare->rest_ms = longer_ms < MAX_REST_MS ? longer_ms : MAX_REST_MS;
    rest(voice, route, fare->rest_ms);
    log_warning("voice", "vendor \"%s\" does not speak; the offline voice does for %" PRId64 " s",
                voice->values.speech_routes[route].vendor, fare->rest_ms / 1000);
}

void vendor_voice_settings_changed(struct vendor_voice *voice)
{
    pthread_mutex_lock(&voice->lock);
    settings_values(voice->options.settings, &voice->values);
    memset(voice->fares, 0, sizeof voice->fares);
    note_rests(voice);
    atomic_store(&voice->has_routes,
                 voice->values.speech_route_count > 0 &&
                     limit_mode_allows_asking(limit_mode_from_name(voice->values.limit_mode)));
    pthread_mutex_unlock(&voice->lock);
}

static bool is_ready(void *context)
{
    struct vendor_voice *voice = context;

    return atomic_load(&voice->has_routes) &&
           clock_mono_ms() >= atomic_load(&voice->rests_until_ms);
}

/* --- opening --- */

/* Call with the lock held. NULL: as many are under way as the journal takes. */
static struct open_order *find_free(struct vendor_voice *voice)
{
    for (size_t i = 0; i < JOURNAL_MAX_OPEN; i++) {
        if (!voice->orders[i].is_used)
            return &voice->orders[i];
    }
    return NULL;
}

/* Call with the lock held, which is given up while the journal waits for the disk. */
static enum status open_on(struct vendor_voice *voice, size_t route, uint64_t turn, uint32_t clause,
                           struct span text, struct speaker_order *order)
{
    struct open_order *open = find_free(voice);

    if (!open)
        return STATUS_FULL;
    *open = (struct open_order){.is_used = true,
                                .turn = turn,
                                .clause = clause,
                                .route = route,
                                .generation = voice->values.generation};
    spoken_prepare(&voice->values.speech_routes[route], open->generation, text, &open->record);
    enum status status =
        attempts_next(voice->options.attempts, turn, open->record.turn, &open->record.attempt);
    if (status == STATUS_OK)
        spoken_order(&voice->values.speech_routes[route], &open->record, order);
    wire_UsageRecord record = open->record;
    if (status == STATUS_OK) {
        pthread_mutex_unlock(&voice->lock);
        status = journal_begin(voice->options.journal, &record);
        pthread_mutex_lock(&voice->lock);
    }
    open->record = record;
    open->is_used = status == STATUS_OK; /* whatever became of the program meanwhile */
    return status;
}

static enum status open_request(void *context, uint64_t turn, uint32_t clause, struct span text,
                                struct speaker_order *order)
{
    struct vendor_voice *voice = context;
    enum status status = STATUS_NOT_FOUND;

    pthread_mutex_lock(&voice->lock);
    for (size_t i = 0; i < voice->values.speech_route_count && status != STATUS_OK; i++) {
        if (clock_mono_ms() < voice->fares[i].rests_until_ms)
            continue;
        status = open_on(voice, i, turn, clause, text, order);
        if (status == STATUS_DENIED || status == STATUS_IO || status == STATUS_FULL)
            rest(voice, i, DENIED_REST_MS);
    }
    pthread_mutex_unlock(&voice->lock);
    if (status == STATUS_DENIED && voice->options.on_used)
        voice->options.on_used(voice->options.context);
    return status;
}

/* --- closing --- */

/* Call with the lock held. */
static void note_fare(struct vendor_voice *voice, const struct open_order *open,
                      const struct voice_used *used)
{
    if (open->generation != voice->values.generation ||
        open->route >= voice->values.speech_route_count)
        return;
    if (used->fate == VOICE_FATE_ANSWERED)
        voice->fares[open->route] = (struct fare){0};
    else if (used->error_class != wire_ErrorClass_ERROR_NONE)
        note_failure(voice, open->route);
}

static void close_order(struct vendor_voice *voice, const wire_UsageRecord *record)
{
    const enum status status = journal_close_attempt(voice->options.journal, record);

    if (status != STATUS_OK)
        log_error("voice",
                  "cannot close attempt %u in the journal: %s (hint: it counts as lost at the next "
                  "start)",
                  (unsigned)record->attempt, status_text(status));
    if (voice->options.on_used)
        voice->options.on_used(voice->options.context);
}

static void close_request(void *context, uint64_t turn, uint32_t clause,
                          const struct voice_used *used)
{
    struct vendor_voice *voice = context;
    wire_UsageRecord record;
    bool is_found = false;

    pthread_mutex_lock(&voice->lock);
    for (size_t i = 0; i < JOURNAL_MAX_OPEN && !is_found; i++) {
        struct open_order *open = &voice->orders[i];

        if (!open->is_used || open->turn != turn || open->clause != clause)
            continue;
        is_found = true;
        spoken_judge(used, &open->record);
        note_fare(voice, open, used);
        record = open->record;
        open->is_used = false;
    }
    pthread_mutex_unlock(&voice->lock);
    if (is_found)
        close_order(voice, &record);
}

static void close_all(void *context)
{
    static const struct voice_used unknown = {.fate = VOICE_FATE_UNKNOWN,
                                              .error_class = wire_ErrorClass_NET};
    struct vendor_voice *voice = context;

    for (size_t i = 0; i < JOURNAL_MAX_OPEN; i++) {
        pthread_mutex_lock(&voice->lock);
        const struct open_order open = voice->orders[i];
        pthread_mutex_unlock(&voice->lock);
        if (open.is_used)
            close_request(voice, open.turn, open.clause, &unknown);
    }
}

/* --- life --- */

enum status vendor_voice_create(struct vendor_voice **out,
                                const struct vendor_voice_options *options)
{
    struct vendor_voice *voice = calloc(1, sizeof *voice);

    if (!voice)
        return STATUS_MEMORY;
    voice->options = *options;
    pthread_mutex_init(&voice->lock, NULL);
    vendor_voice_settings_changed(voice);
    *out = voice;
    return STATUS_OK;
}

void vendor_voice_free(struct vendor_voice *voice)
{
    if (!voice)
        return;
    pthread_mutex_destroy(&voice->lock);
    crypto_wipe(voice, sizeof *voice);
    free(voice);
}

struct speaker_vendor vendor_voice_for_speaker(struct vendor_voice *voice, const char *program)
{
    return (struct speaker_vendor){.program = program,
                                   .context = voice,
                                   .is_ready = is_ready,
                                   .open = open_request,
                                   .close = close_request,
                                   .gone = close_all};
}

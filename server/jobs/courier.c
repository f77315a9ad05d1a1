#include "server/jobs/courier.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "server/notify/message.h"
#include "server/store/deliveries.h"
#include "server/store/listener.h"

#define TICK_MS     1000
#define FIRST_MS    5000
#define LONGEST_MS  900000
#define FLOOR_MS    1000
#define ARENA_BYTES ((size_t)1 << 20)

static const char *const channels[] = {"myna_notices"};

/* A claim that is being sent. */
struct errand {
    struct arena *arena; /* holds the claim, the request and the two below */
    struct deliveries_claim claim;
    char *url; /* unwrapped; wiped when the errand ends */
    char *secret;
    bool is_under_way;
};

struct courier {
    struct store *store;
    struct post *post;
    struct listener *listener;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    char *dashboard;
    int64_t attempts;
    struct errand errands[POST_SLOTS];
    pthread_t thread;
    bool thread_runs;
    atomic_bool stopping;
};

/* ---- one errand ---- */

/* NUL-terminated in the arena; NULL: it cannot be unwrapped. */
static char *unwrap(const struct courier *courier, struct arena *arena, const char *what,
                    const char *channel_id, struct span wrapped)
{
    const char *purpose = arena_format(arena, "channel-%s:%s", what, channel_id);
    uint8_t *plain = arena_take(arena, wrapped.size + 1);

    if (wrapped.size == 0)
        return (char *)plain;
    if (purpose == NULL || plain == NULL || wrapped.size < CRYPTO_WRAP_OVERHEAD ||
        crypto_unwrap(courier->master_key, purpose, wrapped, plain) != STATUS_OK)
        return NULL;
    return (char *)plain;
}

static void to_notice(const struct deliveries_row *row, struct notice *notice)
{
    *notice = (struct notice){
        .delivery_id = row->delivery_id,
        .event = row->alert_id == 0                   ? NOTICE_TEST
                 : strcmp(row->event, "cleared") == 0 ? NOTICE_CLEARED
                                                      : NOTICE_RAISED,
        .alert_id = row->alert_id,
        .kind = row->kind,
        .severity = row->severity,
        .subject = row->subject,
        .detail = row->detail,
        .words = row->words,
        .count = row->count,
        .first_at_ms = row->first_at_ms,
        .last_at_ms = row->last_at_ms,
        .title = row->title,
        .link = row->link,
        .cure = row->cure,
    };
}

static enum status begin(struct courier *courier, unsigned slot)
{
    struct errand *errand = &courier->errands[slot];
    const struct deliveries_channel *channel = &errand->claim.channel;
    struct notice notices[DELIVERIES_CLAIM_MAX];
    struct post_request request;

    static_assert(DELIVERIES_CLAIM_MAX <= MESSAGE_NOTICES, "one message tells a whole claim");
    errand->url = unwrap(courier, errand->arena, "url", channel->channel_id, channel->url_wrapped);
    errand->secret =
        unwrap(courier, errand->arena, "secret", channel->channel_id, channel->secret_wrapped);
    if (errand->url == NULL || errand->secret == NULL)
        return STATUS_FORGED;
    for (size_t i = 0; i < errand->claim.count; i++)
        to_notice(&errand->claim.rows[i], &notices[i]);
    const struct message_channel to = {
        .kind = channel->kind,
        .url = errand->url,
        .secret = errand->secret,
        .login = channel->login,
        .sender = channel->sender,
        .recipients = channel->recipients,
    };
    enum status status = message_build(&to, notices, errand->claim.count, courier->dashboard,
                                       clock_wall_ms(), errand->arena, &request);
    return status == STATUS_OK ? post_send(courier->post, slot, &request) : status;
}

static int64_t delay_ms(const struct deliveries_claim *claim, int64_t asked_ms)
{
    struct backoff backoff;
    int64_t attempts = 1;

    for (size_t i = 0; i < claim->count; i++)
        if (claim->rows[i].attempts > attempts)
            attempts = claim->rows[i].attempts;
    backoff_init(&backoff, FIRST_MS, LONGEST_MS, FLOOR_MS);
    backoff.attempts = (unsigned)(attempts - 1);
    int64_t delay = backoff_next(&backoff, crypto_random_u64());
    return delay > asked_ms ? delay : asked_ms;
}

static void fail(struct courier *courier, struct errand *errand, const char *problem,
                 int64_t asked_ms)
{
    enum status status =
        deliveries_failed(courier->store, &errand->claim, problem,
                          delay_ms(&errand->claim, asked_ms), courier->attempts, errand->arena);

    log_warning("courier", "channel \"%s\" was not reached: %s attempt=%lld",
                errand->claim.channel.channel_id, problem,
                (long long)errand->claim.rows[0].attempts);
    if (status != STATUS_OK)
        log_warning("courier", "cannot note that, so it is sent again after the lease: %s",
                    status_text(status));
}

static void forget(struct errand *errand)
{
    if (errand->url != NULL)
        crypto_wipe(errand->url, strlen(errand->url));
    if (errand->secret != NULL)
        crypto_wipe(errand->secret, strlen(errand->secret));
    errand->url = errand->secret = NULL;
    errand->is_under_way = false;
}

static void finish(struct courier *courier, struct errand *errand, const struct post_result *result)
{
    const char *kind = errand->claim.channel.kind;
    char problem[POST_PROBLEM];

    if (message_was_taken(kind, result, problem)) {
        enum status status =
            deliveries_arrived(courier->store, &errand->claim, message_gap_ms(kind), errand->arena);
        if (status != STATUS_OK)
            log_warning("courier", "cannot note what was sent, so it is sent again: %s channel=%s",
                        status_text(status), errand->claim.channel.channel_id);
    } else {
        fail(courier, errand, problem, result->retry_after_ms);
    }
    forget(errand);
}

/* ---- the loop ---- */

/* Claims into a free slot. False: nothing is due. */
static bool set_out(struct courier *courier, unsigned slot)
{
    struct errand *errand = &courier->errands[slot];

    arena_reset(errand->arena);
    enum status status = deliveries_take(courier->store, errand->arena, &errand->claim);
    if (status != STATUS_OK) {
        if (status != STATUS_NOT_FOUND)
            log_debug("courier", "no deliveries now: %s", status_text(status));
        return false;
    }
    status = begin(courier, slot);
    errand->is_under_way = status == STATUS_OK;
    if (status != STATUS_OK) {
        fail(courier, errand,
             status == STATUS_FORGED ? "its address cannot be unwrapped: give it again"
                                     : status_text(status),
             0);
        forget(errand);
    }
    return true;
}

/* False: nothing is under way. */
static bool fill(struct courier *courier)
{
    bool more = true;
    bool busy = false;

    for (unsigned i = 0; i < POST_SLOTS; i++) {
        while (more && !courier->errands[i].is_under_way)
            more = set_out(courier, i);
        busy |= courier->errands[i].is_under_way;
    }
    return busy;
}

static void *run(void *argument)
{
    struct courier *courier = argument;
    struct post_result result;
    unsigned slot;

    while (!atomic_load(&courier->stopping)) {
        fill(courier);
        post_wait(courier->post, TICK_MS);
        while (post_collect(courier->post, &slot, &result))
            finish(courier, &courier->errands[slot], &result);
    }
    return NULL;
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct courier *courier = context;

    (void)channel;
    (void)payload;
    post_wake(courier->post);
}

static enum status make_parts(struct courier *courier, const struct courier_options *options)
{
    enum status status = post_create(&courier->post, options->ca_file);

    courier->dashboard = strdup(options->dashboard);
    if (courier->dashboard == NULL)
        return STATUS_MEMORY;
    for (unsigned i = 0; status == STATUS_OK && i < POST_SLOTS; i++)
        status = arena_create(&courier->errands[i].arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status =
            listener_start(&courier->listener, courier->store, channels, 1, on_notify, courier);
    return status;
}

enum status courier_start(struct courier **out, struct store *store,
                          const struct courier_options *options)
{
    struct courier *courier = calloc(1, sizeof *courier);

    if (courier == NULL)
        return STATUS_MEMORY;
    courier->store = store;
    courier->attempts = options->attempts;
    memcpy(courier->master_key, options->master_key, sizeof courier->master_key);
    enum status status = make_parts(courier, options);
    if (status == STATUS_OK) {
        courier->thread_runs = pthread_create(&courier->thread, NULL, run, courier) == 0;
        status = courier->thread_runs ? STATUS_OK : STATUS_MEMORY;
    }
    if (status != STATUS_OK) {
        courier_stop(courier);
        return status;
    }
    *out = courier;
    return STATUS_OK;
}

void courier_stop(struct courier *courier)
{
    if (courier == NULL)
        return;
    listener_stop(courier->listener);
    atomic_store(&courier->stopping, true);
    if (courier->thread_runs) {
        post_wake(courier->post);
        pthread_join(courier->thread, NULL);
    }
    post_free(courier->post);
    for (unsigned i = 0; i < POST_SLOTS; i++) {
        forget(&courier->errands[i]);
        arena_free(courier->errands[i].arena);
    }
    free(courier->dashboard);
    crypto_wipe(courier->master_key, sizeof courier->master_key);
    free(courier);
}

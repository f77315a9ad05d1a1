#include "agent/renewal.h"

#include <pthread.h>
#include <stdlib.h>

#include "schema/base/backoff.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"

#define LOOK_EVERY_MS  1000
#define MINUTE_MS      ((int64_t)60 * 1000)
#define AGAIN_FIRST_MS (5 * MINUTE_MS)
#define AGAIN_MAX_MS   (6 * 60 * MINUTE_MS)
#define AGAIN_FLOOR_MS MINUTE_MS
#define SPREAD_MS      (60 * MINUTE_MS) /* robots enrolled together do not all come at once */
#define NOT_AGAIN_MS   (60 * MINUTE_MS) /* what a renewal did not mend another one will not */

struct renewal {
    struct renewal_options options;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_stopping;
    atomic_bool cancel;
    struct backoff backoff;
    int64_t renew_after_ms, not_after_ms; /* of the certificate on disk */
    bool has_authority;                   /* it is known which one the certificate is from: */
    uint8_t authority[PKI_AUTHORITY_SIZE];
    size_t server_count; /* and which ones speak for the server, as far as it was told */
    uint8_t servers[SERVER_CA_MAX][PKI_AUTHORITY_SIZE];
    int64_t due_ms;    /* not before, monotonic */
    int64_t looked_ms; /* at the calendar */
    bool is_spread;    /* due_ms was put off for the others' sake */
    struct identity renewed;
};

static void read_dates(struct renewal *renewal)
{
    struct identity *identity = &renewal->renewed;
    char key_pem[PKI_PEM_SIZE], chain_pem[IDENTITY_CHAIN_SIZE], problem[256];
    struct pki_facts facts;

    renewal->not_after_ms = INT64_MAX;
    if (identity_load(identity, renewal->options.request.state_dir, problem) == STATUS_OK &&
        identity_read_pair(renewal->options.request.state_dir, key_pem, chain_pem, problem) ==
            STATUS_OK &&
        pki_read(span_text(chain_pem), &facts) == STATUS_OK) {
        renewal->not_after_ms = facts.not_after_ms;
        renewal->renew_after_ms = identity->renew_after_ms;
        renewal->has_authority = pki_chain_authority(chain_pem, renewal->authority) == STATUS_OK;
        renewal->server_count = server_ca_ids(identity->server_ca_pem, renewal->servers);
    } else {
        log_warning("agent", "when to renew this robot's certificate is not known: %s", problem);
    }
    crypto_wipe(key_pem, sizeof key_pem);
    identity_wipe(identity);
}

static void put_off(struct renewal *renewal, int64_t for_ms)
{
    renewal->due_ms = clock_mono_ms() + for_ms;
}

static void renew(struct renewal *renewal, enum renewal_reason reason)
{
    static const char *const reasons[] = {
        [RENEWAL_AGE] = "it is time",
        [RENEWAL_EXPIRED] = "it has expired",
        [RENEWAL_UNHEARD] = "broker or server do not take it",
        [RENEWAL_AUTHORITY] = "authorities have followed those that it knows",
    };
    struct renewal_request request = renewal->options.request;
    char problem[256];

    request.cancel = &renewal->cancel;
    enum status status = renewal_run(&request, &renewal->renewed, problem);
    if (status != STATUS_OK) {
        log_warning("agent", "the robot's certificate is not renewed (%s): %s", reasons[reason],
                    problem);
        put_off(renewal, backoff_next(&renewal->backoff, crypto_random_u64()));
        return;
    }
    log_info("agent", "the robot's certificate is renewed: %s", reasons[reason]);
    renewal->options.on_renewed(renewal->options.context, &renewal->renewed);
    read_dates(renewal);
    backoff_reset(&renewal->backoff);
    renewal->is_spread = false;
    put_off(renewal, NOT_AGAIN_MS);
}

static bool is_known(const struct renewal *renewal, const uint8_t server[PKI_AUTHORITY_SIZE])
{
    bool found = false;

    for (size_t i = 0; i < renewal->server_count; i++)
        found |= memcmp(renewal->servers[i], server, PKI_AUTHORITY_SIZE) == 0;
    return found;
}

static bool is_of_another(const struct renewal *renewal)
{
    struct renewal_authorities said;

    if (!renewal->has_authority)
        return false;
    renewal->options.find_authorities(renewal->options.context, &said);
    for (size_t i = 0; i < said.server_count; i++)
        if (!is_known(renewal, said.servers[i]))
            return true;
    return said.is_device_said && memcmp(said.device, renewal->authority, sizeof said.device) != 0;
}

static void look(struct renewal *renewal)
{
    struct calendar *calendar = renewal->options.request.calendar;
    const struct renewal_facts facts = {
        .now_ms = calendar_now_ms(calendar),
        .renew_after_ms = renewal->renew_after_ms,
        .not_after_ms = renewal->not_after_ms,
        .silence = link_silence(renewal->options.link),
        .is_of_another = is_of_another(renewal),
    };
    const int64_t mono_ms = clock_mono_ms();
    const enum renewal_reason reason = renewal_find(&facts);

    if (mono_ms - renewal->looked_ms >= MINUTE_MS) {
        renewal->looked_ms = mono_ms;
        calendar_look(calendar);
    }
    if (reason == RENEWAL_NONE || mono_ms < renewal->due_ms)
        return;
    if (reason == RENEWAL_AGE && !renewal->is_spread) {
        renewal->is_spread = true;
        put_off(renewal, (int64_t)(crypto_random_u64() % SPREAD_MS));
        return;
    }
    renew(renewal, reason);
}

/* False: the end. */
static bool wait(struct renewal *renewal)
{
    const int64_t until_ns = clock_mono_ns() + (int64_t)LOOK_EVERY_MS * 1000000;
    const struct timespec until = {.tv_sec = until_ns / 1000000000,
                                   .tv_nsec = until_ns % 1000000000};

    pthread_mutex_lock(&renewal->lock);
    if (!renewal->is_stopping)
        pthread_cond_timedwait(&renewal->changed, &renewal->lock, &until);
    const bool goes_on = !renewal->is_stopping;
    pthread_mutex_unlock(&renewal->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct renewal *renewal = context;

    read_dates(renewal);
    while (wait(renewal))
        look(renewal);
    return NULL;
}

static void release(struct renewal *renewal)
{
    identity_wipe(&renewal->renewed);
    pthread_cond_destroy(&renewal->changed);
    pthread_mutex_destroy(&renewal->lock);
    free(renewal);
}

enum status renewal_start(struct renewal **out, const struct renewal_options *options)
{
    struct renewal *renewal = calloc(1, sizeof *renewal);
    pthread_condattr_t clock;

    if (!renewal)
        return STATUS_MEMORY;
    renewal->options = *options;
    backoff_init(&renewal->backoff, AGAIN_FIRST_MS, AGAIN_MAX_MS, AGAIN_FLOOR_MS);
    pthread_mutex_init(&renewal->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&renewal->changed, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&renewal->thread, NULL, run, renewal) != 0) {
        release(renewal);
        return STATUS_MEMORY;
    }
    *out = renewal;
    return STATUS_OK;
}

void renewal_stop(struct renewal *renewal)
{
    if (!renewal)
        return;
    pthread_mutex_lock(&renewal->lock);
    renewal->is_stopping = true;
    atomic_store(&renewal->cancel, true);
    pthread_cond_signal(&renewal->changed);
    pthread_mutex_unlock(&renewal->lock);
    pthread_join(renewal->thread, NULL);
    release(renewal);
}

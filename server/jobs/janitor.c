#include "server/jobs/janitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/fleet/mint.h"
#include "server/store/alarm.h"
#include "server/store/cleaning.h"
#include "server/store/usage_hours.h"
#include "server/store/usage_months.h"
#include "server/store/deliveries.h"
#include "server/store/devices.h"
#include "server/store/groups.h"
#include "server/store/health_history.h"

#define TICK_MS 5000

struct janitor {
    struct store *store;
    struct janitor_options options;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex */
};

static enum status drop_months(struct store *store, const struct janitor_options *options)
{
    int64_t dropped = 0;
    enum status status = usage_months_drop(store, options->usage_months, &dropped);

    if (dropped > 0)
        log_info("janitor", "dropped months of usage records count=%lld", (long long)dropped);
    return status;
}

static enum status renew_credentials(struct store *store)
{
    return cleaning_renew_credentials(store, MINT_RENEW_MS);
}

/* Each has one of the two. */
static const struct {
    const char *name;
    int64_t every_ms;
    enum status (*run)(struct store *store);
    enum status (*run_with)(struct store *store, const struct janitor_options *options);
} chores[] = {
    {"expire commands", TICK_MS, cleaning_expire_commands, NULL},
    {"put contract versions into force", TICK_MS, cleaning_announce_contracts, NULL},
    {"bring groups up to date", TICK_MS, groups_refresh, NULL},
    {"keep what lists show of robots", 30000, devices_show, NULL},
    {"keep what robots measure of themselves", 60000, health_history_sample, NULL},
    {"renew minted credentials", 10000, renew_credentials, NULL},
    {"end the silence of alerts", TICK_MS, alarm_end_silences, NULL},
    {"give up what waits too long for a channel", TICK_MS, deliveries_shed, NULL},
    {"forget login sessions", 60000, cleaning_forget_sessions, NULL},
    {"forget answered posts", 600000, cleaning_forget_answers, NULL},
    {"forget alerts that are long over", 3600000, cleaning_forget_alerts, NULL},
    {"roll usage up by hour", 10000, usage_hours_roll_up, NULL},
    {"make the next months of usage", 3600000, usage_months_make, NULL},
    {"drop old months of usage", 3600000, NULL, drop_months},
};

#define CHORE_COUNT (sizeof chores / sizeof *chores)

/* False: it is time to stop. */
static bool rest(struct janitor *janitor)
{
    const int64_t at_ns = clock_mono_ns() + TICK_MS * INT64_C(1000000);
    const struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};
    int error = 0;

    pthread_mutex_lock(&janitor->mutex);
    while (!janitor->stopping && error == 0)
        error = pthread_cond_timedwait(&janitor->changed, &janitor->mutex, &at);
    bool go_on = !janitor->stopping;
    pthread_mutex_unlock(&janitor->mutex);
    return go_on;
}

static void *run(void *argument)
{
    struct janitor *janitor = argument;
    int64_t due_ms[CHORE_COUNT] = {0};

    do {
        for (size_t i = 0; i < CHORE_COUNT; i++) {
            if (clock_mono_ms() < due_ms[i])
                continue;
            due_ms[i] = clock_mono_ms() + chores[i].every_ms;
            enum status status = chores[i].run
                                     ? chores[i].run(janitor->store)
                                     : chores[i].run_with(janitor->store, &janitor->options);
            if (status != STATUS_OK && status != STATUS_UNREACHABLE)
                log_warning("janitor", "cannot %s: %s", chores[i].name, status_text(status));
        }
    } while (rest(janitor));
    return NULL;
}

enum status janitor_start(struct janitor **out, struct store *store,
                          const struct janitor_options *options)
{
    struct janitor *janitor = calloc(1, sizeof *janitor);
    pthread_condattr_t attributes;

    if (!janitor)
        return STATUS_MEMORY;
    janitor->store = store;
    janitor->options = *options;
    pthread_mutex_init(&janitor->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&janitor->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&janitor->thread, NULL, run, janitor) != 0) {
        pthread_cond_destroy(&janitor->changed);
        pthread_mutex_destroy(&janitor->mutex);
        free(janitor);
        return STATUS_MEMORY;
    }
    *out = janitor;
    return STATUS_OK;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    pthread_mutex_lock(&janitor->mutex);
    janitor->stopping = true;
    pthread_cond_signal(&janitor->changed);
    pthread_mutex_unlock(&janitor->mutex);
    pthread_join(janitor->thread, NULL);
    pthread_cond_destroy(&janitor->changed);
    pthread_mutex_destroy(&janitor->mutex);
    free(janitor);
}

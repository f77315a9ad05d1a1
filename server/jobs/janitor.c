#include "server/jobs/janitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/store/alarm.h"
#include "server/store/cleaning.h"
#include "server/store/deliveries.h"

#define TICK_MS 5000

struct janitor {
    struct store *store;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping; /* guarded by mutex */
};

static const struct {
    const char *name;
    int64_t every_ms;
    enum status (*run)(struct store *store);
} chores[] = {
    {"expire commands", TICK_MS, cleaning_expire_commands},
    {"put contract versions into force", TICK_MS, cleaning_announce_contracts},
    {"end the silence of alerts", TICK_MS, alarm_end_silences},
    {"give up what waits too long for a channel", TICK_MS, deliveries_shed},
    {"forget login sessions", 60000, cleaning_forget_sessions},
    {"forget answered posts", 600000, cleaning_forget_answers},
    {"forget alerts that are long over", 3600000, cleaning_forget_alerts},
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
            enum status status = chores[i].run(janitor->store);
            if (status != STATUS_OK && status != STATUS_UNREACHABLE)
                log_warning("janitor", "cannot %s: %s", chores[i].name, status_text(status));
        }
    } while (rest(janitor));
    return NULL;
}

enum status janitor_start(struct janitor **out, struct store *store)
{
    struct janitor *janitor = calloc(1, sizeof *janitor);
    pthread_condattr_t attributes;

    if (!janitor)
        return STATUS_MEMORY;
    janitor->store = store;
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

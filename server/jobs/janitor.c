#include "server/jobs/janitor.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/fleet/mint.h"
#include "server/jobs/timer.h"
#include "server/store/alarm.h"
#include "server/store/cleaning.h"
#include "server/store/usage_hours.h"
#include "server/store/usage_months.h"
#include "server/store/deliveries.h"
#include "server/store/devices.h"
#include "server/store/groups.h"
#include "server/store/health_history.h"
#include "server/store/jobs.h"
#include "server/store/pairings.h"
#include "server/store/transfers.h"

#define TICK_MS 5000

static enum status forget(struct store *store, const struct janitor_options *options)
{
    int64_t gone = 0;
    enum status status = retention_run(store, &options->retention, &gone);

    if (gone > 0)
        log_info("janitor", "forgot what had its time count=%lld", (long long)gone);
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
    {"end pairings that nobody confirmed", TICK_MS, pairings_expire, NULL},
    {"end transfers that were answered", TICK_MS, transfers_settle, NULL},
    {"forget pairings that are long over", 600000, pairings_forget, NULL},
    {"forget answered posts", 600000, cleaning_forget_answers, NULL},
    {"forget what robots used in days that are over", 600000, cleaning_forget_use, NULL},
    {"forget bulk jobs that are long over", 600000, jobs_forget, NULL},
    {"roll usage up by hour", 10000, usage_hours_roll_up, NULL},
    {"make the next months of usage", 3600000, usage_months_make, NULL},
    {"forget what had its time", 600000, NULL, forget},
};

#define CHORE_COUNT (sizeof chores / sizeof *chores)

struct janitor {
    struct store *store;
    struct janitor_options options;
    struct timer *timer;
    int64_t due_ms[CHORE_COUNT]; /* of the timer's thread */
};

static enum status run_chore(struct janitor *janitor, size_t i)
{
    return chores[i].run ? chores[i].run(janitor->store)
                         : chores[i].run_with(janitor->store, &janitor->options);
}

static void run_job(void *context, bool woken)
{
    struct janitor *janitor = context;

    (void)woken;
    for (size_t i = 0; i < CHORE_COUNT; i++) {
        if (clock_mono_ms() < janitor->due_ms[i])
            continue;
        janitor->due_ms[i] = clock_mono_ms() + chores[i].every_ms;
        enum status status = run_chore(janitor, i);
        if (status != STATUS_OK && status != STATUS_UNREACHABLE)
            log_warning("janitor", "cannot %s: %s", chores[i].name, status_text(status));
    }
}

enum status janitor_start(struct janitor **out, struct store *store,
                          const struct janitor_options *options)
{
    struct janitor *janitor = calloc(1, sizeof *janitor);

    if (!janitor)
        return STATUS_MEMORY;
    janitor->store = store;
    janitor->options = *options;
    enum status status = timer_start(&janitor->timer, TICK_MS, run_job, janitor);
    if (status != STATUS_OK) {
        free(janitor);
        return status;
    }
    *out = janitor;
    return STATUS_OK;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    timer_stop(janitor->timer);
    free(janitor);
}

#include "server/jobs/thresholds.h"

#include <stdlib.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/jobs/enforce.h"
#include "server/jobs/timer.h"
#include "server/store/burndown_facts.h"
#include "server/store/listener.h"

#define TICK_MS     3000
#define ARENA_BYTES (64u << 20)
#define NOTE_BYTES  (256u << 20) /* all counts of a contract may stand behind one line */
#define SLOW_MS     60000        /* active devices are counted as often as this: there are many */
#define NOTE_MS     60000        /* levels are those of the last minute: each is noted once */
#define BILL_MS     300000

static const char *const channels[] = {"myna_credit"}; /* told when a contract's version is added */

struct thresholds {
    struct store *store;
    struct terms *terms;
    struct arena *arena; /* of one pass */
    struct listener *listener;
    int64_t slow_due_ms; /* CLOCK_MONOTONIC */
    int64_t note_due_ms, bill_due_ms;
    struct timer *timer;
};

static enum status look(struct store_conn *conn, void *context)
{
    return survey_take(conn, context);
}

/* ---- what nothing tells afterwards ---- */

struct noting {
    struct thresholds *job;
    struct arena *arena;
    const char *contract_id;
    const char **ids;
    size_t count;
    bool with_bill;
};

static enum status find_contracts(struct store_conn *conn, void *context)
{
    struct noting *noting = context;
    enum status status = terms_refresh(noting->job->terms, conn);

    return status == STATUS_OK
               ? thresholds_read_contracts(conn, noting->job->arena, &noting->ids, &noting->count)
               : status;
}

static enum status note(struct store_conn *conn, void *context)
{
    const struct noting *noting = context;
    const struct terms_contract *found = terms_find(noting->job->terms, noting->contract_id);

    return found != NULL
               ? burndown_facts_note(conn, found, clock_wall_ms(), noting->with_bill, noting->arena)
               : STATUS_OK;
}

/* Each contract in a transaction of its own: one that cannot be told keeps no other from it. */
static void note_courses(struct thresholds *job)
{
    const int64_t now_ms = clock_mono_ms();
    struct noting noting = {.job = job, .with_bill = now_ms >= job->bill_due_ms};

    if (now_ms < job->note_due_ms)
        return;
    arena_reset(job->arena);
    enum status status = arena_create(&noting.arena, NOTE_BYTES);
    if (status == STATUS_OK)
        status = store_transaction(job->store, find_contracts, &noting);
    for (size_t i = 0; i < noting.count && status != STATUS_UNREACHABLE; i++) {
        noting.contract_id = noting.ids[i];
        arena_reset(noting.arena);
        status = store_transaction(job->store, note, &noting);
        if (status != STATUS_OK && status != STATUS_UNREACHABLE)
            log_warning("thresholds", "cannot note how contract \"%s\" goes: %s",
                        noting.contract_id, status_text(status));
    }
    arena_free(noting.arena);
    job->note_due_ms = now_ms + NOTE_MS;
    if (noting.with_bill)
        job->bill_due_ms = now_ms + BILL_MS;
}

static void run_pass(struct thresholds *job)
{
    const int64_t now_ms = clock_mono_ms();
    struct survey survey = {.arena = job->arena,
                            .terms = job->terms,
                            .now_ms = clock_wall_ms(),
                            .is_slow = now_ms >= job->slow_due_ms};
    enum status status = store_transaction(job->store, look, &survey);

    for (const struct survey_verdict *verdict = survey.verdicts;
         status == STATUS_OK && verdict != NULL; verdict = verdict->next)
        enforce_verdict(job->store, job->arena, verdict);
    if (status == STATUS_OK && survey.is_slow)
        job->slow_due_ms = now_ms + SLOW_MS;
    if (status == STATUS_OK)
        status = thresholds_forget(job->store, job->arena, survey.sources, survey.source_count);
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("thresholds", "cannot judge thresholds: %s", status_text(status));
}

static void run_job(void *context, bool woken)
{
    struct thresholds *job = context;

    if (woken)
        job->slow_due_ms = job->note_due_ms = 0; /* terms that are new are judged at once, all */
    run_pass(job);
    note_courses(job);
}

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct thresholds *job = context;

    (void)channel;
    (void)payload;
    timer_wake(job->timer);
}

enum status thresholds_start(struct thresholds **out, struct store *store)
{
    struct thresholds *job = calloc(1, sizeof *job);

    if (job == NULL)
        return STATUS_MEMORY;
    job->store = store;
    enum status status = arena_create(&job->arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = terms_create(&job->terms);
    if (status == STATUS_OK)
        status = timer_start(&job->timer, TICK_MS, run_job, job);
    if (status == STATUS_OK)
        status = listener_start(&job->listener, store, channels, 1, on_notify, job);
    if (status == STATUS_OK)
        timer_wake(job->timer); /* for what was told before we listened */
    if (status != STATUS_OK) {
        thresholds_stop(job);
        return status;
    }
    *out = job;
    return STATUS_OK;
}

void thresholds_stop(struct thresholds *job)
{
    if (job == NULL)
        return;
    listener_stop(job->listener);
    timer_stop(job->timer);
    terms_free(job->terms);
    arena_free(job->arena);
    free(job);
}

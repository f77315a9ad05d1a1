#include "server/jobs/levels.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "schema/wire/measure.h"
#include "server/bus/lines.h"
#include "server/jobs/timer.h"
#include "server/store/events.h"
#include "server/store/exhaustion.h"
#include "server/store/installation.h"
#include "server/store/listener.h"
#include "server/store/outage.h"
#include "server/store/pools.h"

#define TICK_MS       1000
#define COUNT_MS      5000
#define DEVICES_LIMIT 1000 /* of one transaction, so that booking does not wait long for it */
#define REMIND_LIMIT  2000 /* of one round, so that messages find room beside them */
#define ARENA_BYTES   (64u << 20)

static const char *const channels[] = {"myna_credit"};

struct levels {
    struct store *store;
    struct arena *arena;     /* of one round */
    struct arena *try_arena; /* of one transaction */
    struct terms *terms;
    struct credits *credits;
    struct listener *listener;
    struct bus *bus;
    int64_t reminded; /* the revision after which robots that want credit were reminded of */
    int64_t pool_id;  /* that is levelled */
    int64_t count_due_ms;
    struct timer *timer;
};

static void on_notify(void *context, const char *channel, struct span payload)
{
    struct levels *levels = context;

    (void)channel;
    (void)payload;
    timer_wake(levels->timer);
}

/* ---- one pool ---- */

struct levelling {
    struct arena *arena;
    struct credits_account *accounts;
    size_t count;
    struct grant_holder *holders; /* of the accounts that the pool holds */
    size_t held;
    const char **told;
    size_t told_count;
};

static bool is_held(const struct credits_account *row, int64_t pool_id)
{
    for (size_t i = 0; i < row->pool_count; i++) {
        if (row->pools[i] == pool_id)
            return !row->account.is_closed;
    }
    return false;
}

static int by_age(const void *a, const void *b)
{
    const struct grant_holder *left = a;
    const struct grant_holder *right = b;

    return (left->used_ms > right->used_ms) - (left->used_ms < right->used_ms);
}

static struct grant_holder holder_of(struct credits_account *row)
{
    wire_UsageRecord typical = wire_UsageRecord_init_zero;

    typical.reserved_input = LINES_TYPICAL_INPUT;
    typical.reserved_output = LINES_TYPICAL_OUTPUT;
    struct grant_holder holder =
        grant_hold(&row->account, measure_worst_case(&row->terms, &typical), clock_wall_ms());
    holder.context = row;
    return holder;
}

static bool has_attempt(const struct grant_holder *holder)
{
    return holder->idle >= holder->attempt;
}

/* Whether a device rather keeps what it has on this line than on the other: on the one that it used
 * last; of two never used, most lies on the first. */
static bool is_preferred(const struct grant_holder *holder, const struct grant_holder *other)
{
    return holder->used_ms != other->used_ms ? holder->used_ms > other->used_ms
                                             : holder->idle > other->idle;
}

/* The accounts are sorted by device, and so are the holders as long as they are not by age. */
static void find_others(struct levelling *l)
{
    for (size_t i = 0, end; i < l->held; i = end) {
        const struct credits_account *row = l->holders[i].context;
        const struct grant_holder *main = NULL;

        for (end = i; end < l->held; end++) {
            const struct credits_account *next = l->holders[end].context;

            if (strcmp(next->device_id, row->device_id) != 0)
                break;
            if (has_attempt(&l->holders[end]) && (!main || is_preferred(&l->holders[end], main)))
                main = &l->holders[end];
        }
        for (size_t k = i; k < end; k++)
            l->holders[k].has_other = main && main != &l->holders[k];
    }
}

static enum status gather(struct levelling *l, int64_t pool_id)
{
    l->holders = arena_take(l->arena, (l->count + 1) * sizeof *l->holders);
    l->told = arena_take(l->arena, (l->count + 1) * sizeof *l->told);
    if (!l->holders || !l->told)
        return STATUS_MEMORY;
    for (size_t i = 0; i < l->count; i++) {
        if (!is_held(&l->accounts[i], pool_id))
            continue;
        l->holders[l->held++] = holder_of(&l->accounts[i]);
    }
    find_others(l);
    qsort(l->holders, l->held, sizeof *l->holders, by_age);
    return STATUS_OK;
}

static enum status level_accounts(struct levelling *l, const struct credits_sum *sum)
{
    uint64_t *scratch = arena_take(l->arena, (2 * l->held + 1) * sizeof *scratch);

    if (!scratch)
        return STATUS_MEMORY;
    grant_level(sum->pool.limit - sum->pool.spent - sum->pool.outstanding, l->holders, l->held,
                clock_wall_ms(), scratch);
    for (size_t i = 0; i < l->held; i++) {
        struct credits_account *row = l->holders[i].context;

        if (!grant_recall(&row->account, l->holders[i].keep))
            continue;
        row->is_changed = true;
        l->told[l->told_count++] = row->device_id;
    }
    return STATUS_OK;
}

static enum status save(struct store_conn *conn, struct levelling *l)
{
    enum status status = credits_save_accounts(conn, l->arena, l->accounts, l->count);

    if (status == STATUS_OK && l->told_count > 0)
        status = credits_owe_states(conn, l->told, l->told_count);
    if (status == STATUS_OK && l->told_count > 0)
        status = events_wake_outbox(conn);
    return status;
}

static enum status level(struct store_conn *conn, void *context)
{
    struct levels *levels = context;
    struct levelling l = {.arena = levels->try_arena};
    struct credits_sum sum;
    const char **ids = NULL;
    size_t id_count = 0;
    size_t found = 0;

    arena_reset(levels->try_arena);
    enum status status = credits_refresh(levels->credits, conn);
    if (status == STATUS_OK)
        status = pools_lock_devices(conn, l.arena, levels->pool_id, DEVICES_LIMIT, &ids, &id_count);
    if (status != STATUS_OK || id_count == 0)
        return status;
    status = credits_lock_accounts(conn, l.arena, ids, id_count, 0, &l.accounts, &l.count);
    if (status == STATUS_OK)
        status = credits_lock_pools(conn, l.arena, &levels->pool_id, 1, &sum, &found);
    if (status != STATUS_OK || found == 0)
        return status;
    status = gather(&l, levels->pool_id);
    if (status == STATUS_OK)
        status = level_accounts(&l, &sum);
    return status == STATUS_OK ? save(conn, &l) : status;
}

/* ---- the loop ---- */

static void complain(const char *what, enum status status)
{
    if (status != STATUS_OK && status != STATUS_UNREACHABLE)
        log_warning("levels", "cannot %s: %s", what, status_text(status));
}

/* Limits, periods or lines changed: what robots wanted may be there now. The ingest grants it, by
 * the same rules as if they had asked again. What finds no room is reminded of in the next round.
 */
static enum status remind(struct levels *levels)
{
    const char **ids = NULL;
    size_t count = 0;
    int64_t revision;
    enum status status = pools_read_revision(levels->store, &revision);

    if (status != STATUS_OK || revision == levels->reminded)
        return status;
    arena_reset(levels->arena);
    status = pools_find_hopeful(levels->store, levels->arena, REMIND_LIMIT, &ids, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = bus_remind(levels->bus, ids[i]);
    if (status == STATUS_OK && count < REMIND_LIMIT)
        levels->reminded = revision;
    return status == STATUS_FULL ? STATUS_OK : status;
}

static void work(struct levels *levels)
{
    int64_t *ids = NULL;
    size_t count = 0;
    bool changed;
    bool raised;

    complain("look whether the database is the one it was",
             installation_watch(levels->store, &raised));
    complain("keep the pools in step with caps and budgets",
             pools_refresh(levels->store, levels->arena, levels->terms, clock_wall_ms(), &changed));
    complain("remind of robots that want credit", remind(levels));
    arena_reset(levels->arena);
    enum status status = pools_find_starved(levels->store, levels->arena, &ids, &count);
    complain("look for pools that are used up", status);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        levels->pool_id = ids[i];
        complain("ask credit back", store_transaction(levels->store, level, levels));
    }
}

static void run_job(void *context, bool woken)
{
    struct levels *levels = context;

    (void)woken;
    work(levels);
    if (clock_mono_ms() < levels->count_due_ms)
        return;
    levels->count_due_ms = clock_mono_ms() + COUNT_MS;
    complain("count who wants credit", pools_count_devices(levels->store));
    arena_reset(levels->arena);
    complain("look whether robots ask for credit in vain",
             exhaustion_watch(levels->store, levels->arena));
    arena_reset(levels->arena);
    complain("look whether a vendor fails robots", outage_watch(levels->store, levels->arena));
}

static enum status make_parts(struct levels *levels)
{
    enum status status = arena_create(&levels->arena, ARENA_BYTES);

    if (status == STATUS_OK)
        status = arena_create(&levels->try_arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = terms_create(&levels->terms);
    if (status == STATUS_OK)
        status = credits_create(&levels->credits);
    return status;
}

enum status levels_start(struct levels **out, struct store *store, struct bus *bus)
{
    struct levels *levels = calloc(1, sizeof *levels);

    if (!levels)
        return STATUS_MEMORY;
    levels->store = store;
    levels->bus = bus;
    levels->reminded = -1;
    enum status status = make_parts(levels);
    if (status == STATUS_OK)
        status = timer_start(&levels->timer, TICK_MS, run_job, levels);
    if (status == STATUS_OK)
        status = listener_start(&levels->listener, store, channels, 1, on_notify, levels);
    if (status == STATUS_OK)
        timer_wake(levels->timer); /* for what was told before we listened */
    if (status != STATUS_OK) {
        levels_stop(levels);
        return status;
    }
    *out = levels;
    return STATUS_OK;
}

void levels_stop(struct levels *levels)
{
    if (!levels)
        return;
    listener_stop(levels->listener);
    timer_stop(levels->timer);
    credits_free(levels->credits);
    terms_free(levels->terms);
    arena_free(levels->try_arena);
    arena_free(levels->arena);
    free(levels);
}

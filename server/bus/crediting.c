#include "server/bus/crediting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/bus/crediting_parts.h"

/* ---- pools ---- */

static int by_id(const void *a, const void *b)
{
    const int64_t *id = a;
    const struct credits_pool *pool = b;

    return (*id > pool->pool_id) - (*id < pool->pool_id);
}

/* NULL: of a period that is long over. */
struct credits_sum *crediting_find_sum(struct crediting *c, int64_t pool_id)
{
    const struct credits_pool *pool =
        bsearch(&pool_id, c->pools, c->pool_count, sizeof *c->pools, by_id);

    return pool && c->sums[pool - c->pools].pool_id ? &c->sums[pool - c->pools] : NULL;
}

struct grant_pools crediting_hold(struct crediting *c, const struct credits_account *row,
                                  struct hold *hold)
{
    hold->list = (struct grant_pools){hold->pools, 0};
    for (size_t i = 0; i < row->pool_count; i++) {
        struct credits_sum *sum = crediting_find_sum(c, row->pools[i]);

        if (sum)
            hold->pools[hold->list.count++] = &sum->pool;
    }
    return hold->list;
}

/* True when the pool holds the account now. */
bool crediting_join(struct crediting *c, struct credits_account *row, int64_t pool_id)
{
    struct credits_sum *sum = crediting_find_sum(c, pool_id);

    for (size_t i = 0; i < row->pool_count; i++) {
        if (row->pools[i] == pool_id)
            return true;
    }
    if (!sum || row->pool_count == CREDITS_POOLS)
        return false;
    row->pools[row->pool_count++] = pool_id;
    row->is_changed = true;
    sum->pool.outstanding += (int64_t)grant_outstanding(&row->account);
    return true;
}

static void leave(struct crediting *c, struct credits_account *row, size_t place)
{
    struct credits_sum *sum = crediting_find_sum(c, row->pools[place]);

    if (sum)
        sum->pool.outstanding -= (int64_t)grant_outstanding(&row->account);
    row->pools[place] = row->pools[--row->pool_count];
    row->is_changed = true;
}

/* ---- accounts ---- */

static bool is_of(const struct credits_account *row, const struct wallet *wallet)
{
    return strcmp(row->device_id, wallet->device->row->device_id) == 0;
}

/* The accounts of a device, one by one; NULL after the last. */
struct credits_account *crediting_next_account(struct crediting *c, const struct wallet *wallet,
                                               size_t *at)
{
    if (*at < wallet->first)
        *at = wallet->first;
    if (*at >= wallet->end && *at < c->accounts_found)
        *at = c->accounts_found;
    while (*at >= c->accounts_found && *at < c->account_count && !is_of(&c->accounts[*at], wallet))
        (*at)++;
    return *at < c->account_count ? &c->accounts[(*at)++] : NULL;
}

struct credits_account *crediting_find_account(struct crediting *c, const struct wallet *wallet,
                                               const uint8_t journal_id[16], const char *line_id,
                                               size_t measure)
{
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (row->measure == (int64_t)measure && row->epoch == c->epoch &&
            memcmp(row->journal_id, journal_id, sizeof row->journal_id) == 0 &&
            strcmp(row->line_id, line_id) == 0)
            return row;
    }
    return NULL;
}

static bool has_journal(const struct wallet *wallet)
{
    static const uint8_t none[16];

    return memcmp(wallet->device->row->journal_id, none, sizeof none) != 0;
}

static uint64_t most_of(const struct lines_measure *measure)
{
    return measure->attempt > INT64_MAX / GRANT_ATTEMPTS ? INT64_MAX
                                                         : measure->attempt * GRANT_ATTEMPTS;
}

/* A device that was not heard in this epoch may hold credit of a line that a restored database
 * forgot, or opened only now. */
static void open_account(struct crediting *c, const struct wallet *wallet,
                         const struct lines_line *line, size_t measure)
{
    struct credits_account *row = &c->accounts[c->account_count];

    if (c->account_count == c->account_room)
        return;
    c->account_count++;
    *row = (struct credits_account){
        .device_id = wallet->device->row->device_id,
        .line_id = line->line_id,
        .measure = (int64_t)measure,
        .epoch = c->epoch,
        .vendor_id = line->route->vendor_id,
        .model = line->route->model,
        .contract_id = line->route->contract_id,
        .terms = line->measures[measure].terms,
        .purpose = line->is_test ? wire_Purpose_TEST : wire_Purpose_TALK,
        .account = {.resting = UINT64_MAX, .used_ms = c->now_ms},
        .confirmed_ms = c->now_ms,
        .is_changed = true,
    };
    if (c->epoch > 1 && !wallet->is_in_epoch)
        row->account = grant_renew(most_of(&line->measures[measure]), c->now_ms);
    memcpy(row->journal_id, wallet->device->row->journal_id, sizeof row->journal_id);
}

static void open_accounts(struct crediting *c, const struct wallet *wallet)
{
    for (size_t i = 0; i < wallet->line_count && has_journal(wallet); i++) {
        const struct lines_line *line = &wallet->lines[i];

        for (size_t m = 0; m < line->measure_count; m++) {
            if (!crediting_find_account(c, wallet, wallet->device->row->journal_id, line->line_id,
                                        m))
                open_account(c, wallet, line, m);
        }
    }
}

/* ---- loading ---- */

static const char **device_ids(struct batch *batch)
{
    const char **ids = arena_take(batch->arena, (batch->device_count + 1) * sizeof *ids);

    for (size_t i = 0; ids && i < batch->device_count; i++)
        ids[i] = batch->devices[i].row->device_id;
    return ids;
}

/* After a restore accounts are renewed first (store/pools.h); until then nothing moves. */
static bool is_epoch_settled(const struct crediting *c, const struct wallet *wallet)
{
    return wallet->device->row->epoch == c->epoch;
}

static bool is_trying(const struct batch_device *device)
{
    return state_find_trial(device->routes, device->route_count) &&
           device->row->reported_generation < device->row->desired_generation;
}

static void make_wallets(struct crediting *c, const int64_t *epochs)
{
    struct batch *batch = c->batch;
    size_t at = 0;

    for (size_t i = 0; i < batch->device_count; i++) {
        struct wallet *wallet = &c->wallets[i];

        *wallet = (struct wallet){.device = &batch->devices[i]};
        const char *device_id = wallet->device->row->device_id;
        wallet->groups =
            spending_find_groups(c->members, c->member_count, device_id, &wallet->group_count);
        lines_make(batch->lines, wallet->device->routes, wallet->device->route_count,
                   wallet->groups, wallet->group_count, c->now_ms, wallet->lines,
                   &wallet->line_count);
        wallet->is_trying = is_trying(wallet->device);
        if (!wallet->is_trying)
            lines_drop_tests(wallet->lines, &wallet->line_count);
        wallet->is_in_epoch =
            is_epoch_settled(c, wallet) && (c->epoch == 1 || epochs[i] == c->epoch);
        while (at < c->accounts_found && strcmp(c->accounts[at].device_id, device_id) < 0)
            at++;
        wallet->first = at;
        while (at < c->accounts_found && strcmp(c->accounts[at].device_id, device_id) == 0)
            at++;
        wallet->end = at;
        if (is_epoch_settled(c, wallet))
            open_accounts(c, wallet);
    }
}

static enum status load(struct store_conn *conn, struct crediting *c)
{
    struct batch *batch = c->batch;
    const char **ids = device_ids(batch);
    const size_t count = batch->device_count;
    int64_t *epochs = arena_take(batch->arena, (count + 1) * sizeof *epochs);
    const size_t spare = count * LIMIT_CREDIT_LINES * LIMIT_MEASURES;

    c->wallets = arena_take(batch->arena, (count + 1) * sizeof *c->wallets);
    if (!ids || !epochs || !c->wallets)
        return STATUS_MEMORY;
    enum status status = batch_read_routes(conn, batch, true);
    if (status == STATUS_OK)
        status =
            credits_read_members(conn, batch->arena, ids, count, &c->members, &c->member_count);
    if (status == STATUS_OK && c->epoch > 1)
        status = credits_read_epochs(conn, ids, count, epochs);
    if (status == STATUS_OK)
        status = credits_lock_accounts(conn, batch->arena, ids, count, spare, &c->accounts,
                                       &c->accounts_found);
    if (status != STATUS_OK)
        return status;
    c->account_count = c->accounts_found;
    c->account_room = c->accounts_found + spare;
    make_wallets(c, epochs);
    return STATUS_OK;
}

struct wallet *crediting_find_wallet(struct crediting *c, const char *device_id)
{
    const struct batch_device *device = batch_find_device(c->batch, device_id);

    return device ? &c->wallets[device - c->batch->devices] : NULL;
}

/* Every pool that anything here may change. */
static void mark_pools(struct crediting *c, bool *needed)
{
    struct batch *batch = c->batch;

    for (size_t i = 0; i < batch->device_count; i++) {
        const struct wallet *wallet = &c->wallets[i];

        for (size_t l = 0; l < wallet->line_count; l++) {
            for (size_t m = 0; m < wallet->lines[l].measure_count; m++) {
                const struct lines_measure *measure = &wallet->lines[l].measures[m];

                for (size_t p = 0; p < measure->pool_count; p++)
                    needed[measure->pools[p]] = true;
            }
        }
    }
    for (size_t i = 0; i < c->accounts_found; i++) {
        for (size_t p = 0; p < c->accounts[i].pool_count; p++) {
            const struct credits_pool *pool =
                bsearch(&c->accounts[i].pools[p], c->pools, c->pool_count, sizeof *c->pools, by_id);

            if (pool)
                needed[pool - c->pools] = true;
        }
    }
}

static enum status lock_pools(struct store_conn *conn, struct crediting *c)
{
    struct arena *arena = c->batch->arena;
    bool *needed = arena_take(arena, c->pool_count * sizeof *needed);
    int64_t *ids = arena_take(arena, c->pool_count * sizeof *ids);
    struct credits_sum *found = arena_take(arena, c->pool_count * sizeof *found);
    size_t count = 0;
    size_t found_count = 0;

    c->sums = arena_take(arena, c->pool_count * sizeof *c->sums);
    if (!needed || !ids || !found || !c->sums)
        return STATUS_MEMORY;
    memset(needed, 0, c->pool_count * sizeof *needed);
    memset(c->sums, 0, c->pool_count * sizeof *c->sums);
    mark_pools(c, needed);
    for (size_t i = 0; i < c->pool_count; i++) {
        if (needed[i])
            ids[count++] = c->pools[i].pool_id;
    }
    if (count == 0)
        return STATUS_OK;
    enum status status = credits_lock_pools(conn, arena, ids, count, found, &found_count);
    for (size_t i = 0; status == STATUS_OK && i < found_count; i++) {
        const struct credits_pool *pool =
            bsearch(&found[i].pool_id, c->pools, c->pool_count, sizeof *c->pools, by_id);

        if (pool)
            c->sums[pool - c->pools] = found[i];
    }
    return status;
}

/* What a new account is presumed to hold weighs in every pool that binds its line, before anything
 * is granted from them. */
static void hold_presumed(struct crediting *c, const struct wallet *wallet)
{
    for (size_t i = 0; i < wallet->line_count && has_journal(wallet); i++) {
        for (size_t m = 0; m < wallet->lines[i].measure_count; m++) {
            const struct lines_measure *measure = &wallet->lines[i].measures[m];
            struct credits_account *row = crediting_find_account(
                c, wallet, wallet->device->row->journal_id, wallet->lines[i].line_id, m);

            for (size_t p = 0; row && row->account.presumed > 0 && p < measure->pool_count; p++)
                (void)crediting_join(c, row, c->pools[measure->pools[p]].pool_id);
        }
    }
}

/* ---- what devices say ---- */

/* The watermark before this batch: what the batch itself brings is settled after all was heard, and
 * would count as settled twice if a message behind it were at rest already. */
static uint64_t settled_seq(const struct batch *batch, const struct journal_row *journal)
{
    const size_t place = (size_t)(journal - batch->journals);

    return place < batch->journals_found ? batch->journals_before[place].ledger.seq : 0;
}

static bool is_at_rest(const struct crediting *c, const struct wallet *wallet,
                       const struct intake_item *item, const struct journal_row *journal)
{
    return item->head && journal && item->head->open_attempts == 0 &&
           memcmp(item->head->id, wallet->device->row->journal_id, sizeof item->head->id) == 0 &&
           item->head->head_seq <= settled_seq(c->batch, journal);
}

/* A database that was restored may have forgotten what it granted: that is for a hello's receipt to
 * say, and only where there is none is it a lie. */
static void note_forged(struct crediting *c, const struct wallet *wallet,
                        const struct credits_account *row, const struct intake_item *item)
{
    if (!item->hello) {
        wallet->device->want_hello = wallet->device->owes_state = true;
        return;
    }
    batch_alarm(c->batch, "credit_forged", "critical", wallet->device->row->device_id,
                arena_format(c->batch->arena,
                             "{\"line\":\"%s\",\"problem\":\"it reports credit that was never "
                             "granted, or returns what was never asked back\"}",
                             row->line_id));
}

static void hear_amount(struct crediting *c, const struct wallet *wallet,
                        struct credits_account *row, const wire_CreditAmount *amount,
                        const struct intake_item *item, bool is_newest, bool rests)
{
    const struct grant_account before = row->account;
    struct hold hold;
    const struct grant_report report = {
        .granted_seen = amount->granted_seen,
        .used = amount->used,
        .open = amount->open,
        .returned = amount->returned,
        .wanted = amount->wanted,
        .is_newest = is_newest,
        .is_at_rest = rests,
        .at_ms = item->arrived_ms,
    };

    if (grant_hear(&row->account, crediting_hold(c, row, &hold), &report) == GRANT_FORGED)
        note_forged(c, wallet, row, item);
    else if (memcmp(&before, &row->account, sizeof before) != 0)
        row->is_changed = true;
    row->has_returned = row->has_returned || row->account.returned > before.returned;
    if (is_newest)
        row->least = amount->least;
}

/* A hello of another epoch brings amounts that mean nothing here; its state tells the new one, and
 * the hello after that is of it. */
static void judge_epoch(struct crediting *c, struct wallet *wallet, const struct intake_item *item)
{
    if (!item->hello || c->epoch == 1 || !is_epoch_settled(c, wallet))
        return;
    wallet->is_in_epoch = item->hello->epoch_seen == c->epoch;
}

/* What the journal or epoch before began is booked by now. */
static void note_rest(struct crediting *c, const struct wallet *wallet,
                      const uint8_t journal_id[16])
{
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        if (row->has_rested || row->epoch != c->epoch ||
            memcmp(row->journal_id, journal_id, sizeof row->journal_id) != 0)
            continue;
        row->has_rested = row->is_changed = true;
    }
}

static void hear(struct crediting *c, const struct intake_item *item, bool is_newest)
{
    struct wallet *wallet = crediting_find_wallet(c, item->device_id);
    const uint8_t *journal_id = item->journal_id;

    if (!wallet || (!item->uses && !item->hello))
        return;
    wallet->told_credit = true;
    judge_epoch(c, wallet, item);
    if (!wallet->is_in_epoch) {
        wallet->device->want_hello = wallet->device->owes_state = true;
        return;
    }
    /* made before a hello that was heard already, perhaps in the epoch before */
    if (c->epoch > 1 && !is_newest)
        return;
    if (item->kind == TOPIC_REPORT)
        journal_id = item->head ? item->head->id : wallet->device->row->journal_id;
    const struct journal_row *journal = batch_find_journal(c->batch, item->device_id, journal_id);
    const bool rests = is_at_rest(c, wallet, item, journal);

    if (rests && is_newest) {
        wallet->rest_ms = item->device_time_ms + wallet->device->row->clock_offset_ms;
        note_rest(c, wallet, journal_id);
    }
    for (size_t i = 0; i < item->use_count; i++) {
        for (size_t m = 0; m < item->uses[i].amounts_count; m++) {
            struct credits_account *row =
                crediting_find_account(c, wallet, journal_id, item->uses[i].line_id, m);

            if (row)
                hear_amount(c, wallet, row, &item->uses[i].amounts[m], item, is_newest, rests);
        }
    }
}

/* ---- ends ---- */

static bool is_current(const struct wallet *wallet, const struct credits_account *row)
{
    for (size_t i = 0; i < wallet->line_count; i++) {
        if (strcmp(wallet->lines[i].line_id, row->line_id) == 0)
            return true;
    }
    return false;
}

/* A deleted budget binds nobody any more, nor one that became soft. */
static bool binds(const struct credits_pool *pool)
{
    return pool->hard && pool->is_active;
}

static void leave_ended(struct crediting *c, const struct wallet *wallet,
                        struct credits_account *row)
{
    for (size_t i = row->pool_count; i-- > 0;) {
        const struct credits_pool *pool =
            bsearch(&row->pools[i], c->pools, c->pool_count, sizeof *c->pools, by_id);
        const int64_t end_ms = pool ? pool->to_ms : 0;

        if (pool && !binds(pool)) {
            leave(c, row, i);
            continue;
        }
        if (end_ms > c->now_ms)
            continue;
        if (!pool || grant_outstanding(&row->account) == 0 ||
            grant_confirms(wallet->rest_ms > 0, wallet->rest_ms, end_ms)) {
            leave(c, row, i);
            row->confirmed_ms = c->now_ms;
        }
    }
}

/* Of the journal that the device's present one goes on from. */
static void end_parent(struct crediting *c, struct credits_account *row)
{
    struct hold hold;

    row->account.is_closed = true;
    (void)grant_charge(&row->account, crediting_hold(c, row, &hold));
    row->is_changed = true;
}

static void end_accounts(struct crediting *c, struct wallet *wallet)
{
    const struct link_row *link = wallet->device->row;
    const struct journal_row *journal =
        batch_find_journal(c->batch, link->device_id, link->journal_id);
    struct credits_account *row;

    for (size_t at = 0; (row = crediting_next_account(c, wallet, &at)) != NULL;) {
        const bool is_present =
            memcmp(row->journal_id, link->journal_id, sizeof row->journal_id) == 0;

        if (!is_present && !row->account.is_closed && journal &&
            memcmp(journal->parent.id, row->journal_id, sizeof row->journal_id) == 0)
            end_parent(c, row);
        leave_ended(c, wallet, row);
        if (!is_present || row->epoch != c->epoch)
            continue;
        /* the routes that serve until the trial has its verdict keep what they have */
        if (wallet->is_trying && !row->account.is_closed)
            continue;
        if (is_current(wallet, row) == row->account.is_closed) {
            row->account.is_closed = !row->account.is_closed;
            row->is_changed = true;
        }
        if (row->account.is_closed && grant_recall(&row->account, 0)) {
            row->is_changed = true;
            wallet->device->owes_state = true;
        }
    }
}

/* ---- the whole ---- */

static enum status note_epochs(struct store_conn *conn, struct crediting *c)
{
    const char **ids = arena_take(c->batch->arena, (c->batch->device_count + 1) * sizeof *ids);
    size_t count = 0;

    if (!ids)
        return STATUS_MEMORY;
    for (size_t i = 0; i < c->batch->device_count; i++) {
        if (c->wallets[i].is_in_epoch)
            ids[count++] = c->wallets[i].device->row->device_id;
    }
    return count > 0 ? credits_note_epoch(conn, ids, count, c->epoch) : STATUS_OK;
}

static enum status save(struct store_conn *conn, struct crediting *c)
{
    struct arena *arena = c->batch->arena;
    struct credits_sum *sums = arena_take(arena, (c->pool_count + 1) * sizeof *sums);
    size_t count = 0;

    if (!sums)
        return STATUS_MEMORY;
    for (size_t i = 0; i < c->pool_count; i++) {
        if (c->sums[i].pool_id)
            sums[count++] = c->sums[i];
    }
    enum status status = credits_save_accounts(conn, arena, c->accounts, c->account_count);
    if (status == STATUS_OK)
        status = credits_save_pools(conn, arena, sums, count, c->spends.items, c->spends.count);
    if (status == STATUS_OK && c->epoch > 1)
        status = note_epochs(conn, c);
    return status;
}

enum status crediting_begin(struct store_conn *conn, struct batch *batch)
{
    size_t count;

    batch->crediting = NULL;
    enum status status = credits_refresh(batch->credits, conn);

    if (status != STATUS_OK)
        return status;
    credits_pools(batch->credits, &count);
    if (count == 0)
        return STATUS_OK;
    batch->crediting = arena_take(batch->arena, sizeof *batch->crediting);
    if (!batch->crediting)
        return STATUS_MEMORY;
    *batch->crediting = (struct crediting){.batch = batch, .epoch = credits_epoch(batch->credits)};
    return STATUS_OK;
}

enum status crediting_run(struct store_conn *conn, struct batch *batch)
{
    struct crediting *c = batch->crediting;

    if (!c || batch->device_count == 0)
        return STATUS_OK;
    lines_begin(batch->lines);
    c->pools = credits_pools(batch->credits, &c->pool_count);
    for (size_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].arrived_ms > c->now_ms)
            c->now_ms = batch->items[i].arrived_ms;
    }
    enum status status = load(conn, c);
    if (status == STATUS_OK)
        status = lock_pools(conn, c);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; c->epoch > 1 && i < batch->device_count; i++)
        hold_presumed(c, &c->wallets[i]);
    for (size_t i = 0; i < batch->item_count; i++) {
        if (batch->heard[i] != BATCH_UNHEARD)
            hear(c, &batch->items[i], batch->heard[i] == BATCH_HEARD_NEWEST);
    }
    status = crediting_take_records(c);
    if (status != STATUS_OK)
        return status;
    crediting_add_spends(c);
    for (size_t i = 0; i < batch->device_count; i++)
        end_accounts(c, &c->wallets[i]);
    for (size_t i = 0; i < batch->device_count; i++)
        crediting_grant(c, &c->wallets[i]);
    return save(conn, c);
}

enum status crediting_tell(struct batch *batch, const struct batch_device *device,
                           struct state_facts *facts)
{
    struct crediting *c = batch->crediting;
    struct lines_line *lines;
    size_t at = 0;

    if (!c) {
        lines = arena_take(batch->arena, LIMIT_CREDIT_LINES * sizeof *lines);
        if (!lines)
            return STATUS_MEMORY;
        lines_make(batch->lines, device->routes, device->route_count, NULL, 0, 0, lines,
                   &facts->line_count);
        if (!is_trying(device))
            lines_drop_tests(lines, &facts->line_count);
        facts->lines = lines;
        return STATUS_OK;
    }
    const struct wallet *wallet = &c->wallets[device - batch->devices];
    const struct credits_account **accounts = arena_take(
        batch->arena, (wallet->end - wallet->first + c->account_count - c->accounts_found + 1) *
                          sizeof *accounts);
    if (!accounts)
        return STATUS_MEMORY;
    facts->lines = wallet->lines;
    facts->line_count = wallet->line_count;
    facts->accounts = accounts;
    for (struct credits_account *row; (row = crediting_next_account(c, wallet, &at)) != NULL;)
        accounts[facts->account_count++] = row;
    return STATUS_OK;
}

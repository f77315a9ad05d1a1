#include "tests/simulation/credit/accounts.h"

#include <assert.h>
#include <string.h>

#include "tests/simulation/credit/world.h"

#define MAX_HELD 64

/* ---- pools ---- */

/* The pools that hold an account, as the rules want them. */
struct held {
    size_t count;
    struct grant_pool *pools[MAX_HELD];
};

static struct grant_pools held_by(struct base_tables *tables, const struct base_set *set,
                                  struct held *held)
{
    held->count = 0;
    for (unsigned word = 0; word < BASE_POOLS / 64; word++) {
        for (uint64_t bits = set->bits[word]; bits != 0; bits &= bits - 1) {
            assert(held->count < MAX_HELD);
            held->pools[held->count++] =
                &tables->pools[word * 64 + (unsigned)__builtin_ctzll(bits)].credit;
        }
    }
    return (struct grant_pools){held->pools, held->count};
}

static int64_t period_start(const struct market_cap *cap, int64_t at_ms)
{
    return cap->period_ms == 0 ? 0 : at_ms - at_ms % cap->period_ms;
}

/* The pool of a cap at a time, made when there is none. */
static unsigned pool_at(const struct world *world, struct base_tables *tables, unsigned cap,
                        int64_t at_ms)
{
    const struct market_cap *rule = &world->market.caps[cap];
    const int64_t from_ms = period_start(rule, at_ms);

    for (unsigned i = (unsigned)tables->pool_count; i-- > 0;)
        if (tables->pools[i].cap == cap && tables->pools[i].from_ms == from_ms)
            return i;
    const unsigned place = base_add_pool(tables);
    tables->pools[place] = (struct base_pool){
        .cap = cap,
        .from_ms = from_ms,
        .to_ms = rule->period_ms == 0 ? INT64_MAX : from_ms + rule->period_ms,
        .first_row = tables->row_count,
        .credit = {.limit = rule->limit},
    };
    return place;
}

static void hold(struct base_tables *tables, struct base_account *account, unsigned pool)
{
    if (base_set_has(&account->held, pool))
        return;
    base_set_put(&account->held, pool);
    tables->pools[pool].credit.outstanding += (int64_t)grant_outstanding(&account->credit);
}

static void let_go(struct base_tables *tables, struct base_account *account, unsigned pool)
{
    base_set_drop(&account->held, pool);
    tables->pools[pool].credit.outstanding -= (int64_t)grant_outstanding(&account->credit);
}

static bool counts_in(const struct world *world, const struct base_account *account, unsigned cap)
{
    const struct market_cap *rule = &world->market.caps[cap];
    const struct market_line *line = &world->market.lines[account->line];

    return rule->unit == line->unit_of[account->measure] &&
           market_binds(rule, account->device, line->route);
}

static void hold_now(struct world *world, struct base_tables *tables, struct base_account *account)
{
    for (unsigned cap = 0; cap < world->market.cap_count; cap++)
        if (counts_in(world, account, cap))
            hold(tables, account, pool_at(world, tables, cap, world->now_ms));
}

void accounts_roll(struct world *world, struct base_tables *tables)
{
    for (unsigned i = 0; i < tables->pool_count; i++)
        tables->pools[i].credit.limit = world->market.caps[tables->pools[i].cap].limit;
    for (unsigned i = 0; i < tables->account_count; i++) {
        struct base_account *account = &tables->accounts[i];

        if (account->epoch == tables->epoch &&
            (!account->credit.is_closed || grant_outstanding(&account->credit) > 0))
            hold_now(world, tables, account);
    }
}

/* ---- accounts ---- */

static struct base_account *find(struct base_tables *tables, unsigned journal, unsigned line,
                                 unsigned measure)
{
    for (size_t i = tables->account_count; i-- > 0;) {
        struct base_account *account = &tables->accounts[i];

        if (account->journal == journal && account->line == line && account->measure == measure &&
            account->epoch == tables->epoch)
            return account;
    }
    return NULL;
}

static void open_line(struct world *world, struct base_tables *tables, unsigned device,
                      unsigned line)
{
    const struct market_line *terms = &world->market.lines[line];
    const unsigned journal = tables->devices[device].journal;

    for (unsigned measure = 0; measure < terms->wire.measures_count; measure++) {
        struct base_account *account = find(tables, journal, line, measure);

        if (!account) {
            account = &tables->accounts[base_add_account(tables)];
            *account = (struct base_account){
                .device = device,
                .journal = journal,
                .line = line,
                .measure = measure,
                .epoch = tables->epoch,
                .credit = {.resting = UINT64_MAX, .used_ms = world->now_ms},
            };
        }
        account->credit.is_closed = false; /* a line may come back */
        hold_now(world, tables, account);
    }
}

void accounts_refresh(struct world *world, struct base_tables *tables, unsigned device)
{
    const unsigned journal = tables->devices[device].journal;
    unsigned lines[MARKET_ROUTES];

    if (journal == BASE_NONE || tables->journals[journal].status != BASE_OPEN)
        return;
    for (unsigned route = 0; route < MARKET_ROUTES; route++) {
        lines[route] = market_line_of(world, device, route);
        open_line(world, tables, device, lines[route]);
    }
    for (size_t i = 0; i < tables->account_count; i++) {
        struct base_account *account = &tables->accounts[i];

        if (account->journal != journal || account->epoch != tables->epoch ||
            account->line == lines[0] || account->line == lines[1])
            continue;
        account->credit.is_closed = true;
        (void)grant_recall(&account->credit, 0);
    }
}

/* ---- hearing ---- */

/* A period's credit counts on after its end, until the device is heard at rest. */
static void confirm(struct base_tables *tables, struct base_account *account,
                    const struct accounts_message *message)
{
    for (unsigned i = 0; i < tables->pool_count; i++)
        if (base_set_has(&account->held, i) &&
            grant_confirms(message->is_at_rest, message->made_ms, tables->pools[i].to_ms))
            let_go(tables, account, i);
}

static void hear_line(struct world *world, struct base_tables *tables,
                      const struct accounts_message *message, const wire_CreditUse *use)
{
    const struct market_line *line = market_find_line(&world->market, use->line_id);

    for (pb_size_t i = 0; line && i < use->amounts_count; i++) {
        struct base_account *account =
            find(tables, message->journal, (unsigned)(line - world->market.lines), i);
        const struct grant_report report = {
            .granted_seen = use->amounts[i].granted_seen,
            .used = use->amounts[i].used,
            .open = use->amounts[i].open,
            .returned = use->amounts[i].returned,
            .wanted = use->amounts[i].wanted,
            .is_newest = message->is_newest,
            .is_at_rest = message->is_at_rest,
            .at_ms = world->now_ms,
        };
        struct held held;

        if (!account)
            continue;
        account->least = use->amounts[i].least;
        if (grant_hear(&account->credit, held_by(tables, &account->held, &held), &report) ==
            GRANT_FORGED)
            judge_forged(world, account, &report);
    }
}

void accounts_hear(struct world *world, struct base_tables *tables,
                   const struct accounts_message *message, const wire_CreditUse *uses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        hear_line(world, tables, message, &uses[i]);
    if (!message->is_newest)
        return;
    for (size_t i = 0; i < tables->account_count; i++) {
        struct base_account *account = &tables->accounts[i];

        if (account->journal == message->journal && account->epoch == tables->epoch)
            confirm(tables, account, message);
    }
    if (message->is_at_rest && message->made_ms > tables->journals[message->journal].confirmed_ms)
        tables->journals[message->journal].confirmed_ms = message->made_ms;
}

/* ---- booking ---- */

static void spend(struct world *world, struct base_tables *tables, const struct base_row *row)
{
    const struct market_line *line = &world->market.lines[row->line];

    for (unsigned cap = 0; cap < world->market.cap_count; cap++) {
        if (!market_binds(&world->market.caps[cap], row->device, line->route))
            continue;
        const unsigned pool = pool_at(world, tables, cap, row->at_ms);
        if (tables->pools[pool].first_row <= (size_t)(row - world->base.rows))
            tables->pools[pool].credit.spent += row->booked[world->market.caps[cap].unit];
    }
}

/* The credit of the journals before, from the nearest on. */
static void refile(struct base_tables *tables, unsigned journal, unsigned line, unsigned measure,
                   uint64_t amount)
{
    for (unsigned parent = tables->journals[journal].parent_journal;
         parent != BASE_NONE && amount > 0; parent = tables->journals[parent].parent_journal) {
        struct base_account *account = find(tables, parent, line, measure);
        struct held held;

        if (account)
            amount -=
                grant_refile(&account->credit, held_by(tables, &account->held, &held), amount);
    }
}

void accounts_book(struct world *world, struct base_tables *tables, const struct base_row *row,
                   const wire_UsageRecord *record)
{
    const struct market_line *line = &world->market.lines[row->line];

    for (unsigned i = 0; i < line->wire.measures_count; i++) {
        const uint64_t amount = measure_consumed(&line->wire.measures[i], record);
        struct base_account *account = find(tables, row->journal, row->line, i);
        struct held held;
        uint64_t overrun = 0;

        const int64_t began_ms = record->state_time_ms - WORLD_EPOCH_MS;
        if (account)
            (void)grant_settle(&account->credit, held_by(tables, &account->held, &held), began_ms,
                               amount, &overrun);
        if (!account || account->credit.granted_ms == 0 || began_ms < account->credit.granted_ms)
            refile(tables, row->journal, row->line, i, amount);
    }
    spend(world, tables, row);
}

/* ---- granting ---- */

static bool is_short(const struct world *world, struct base_tables *tables, unsigned journal,
                     unsigned line)
{
    const struct market_line *terms = &world->market.lines[line];
    bool is_short = false;

    for (unsigned i = 0; i < terms->wire.measures_count; i++) {
        const struct base_account *account = find(tables, journal, line, i);

        is_short |=
            account && grant_is_short(&account->credit, market_typical(&terms->wire.measures[i]));
    }
    return is_short;
}

enum readiness { READY_FIRST, READY_STANDBY, READY_SPARE };

/* An attempt lies ready on the second route, asked for when no cap binds it with the first. */
static bool is_standby(const struct world *world, unsigned device)
{
    for (unsigned i = 0; i < world->market.cap_count; i++)
        if (market_binds(&world->market.caps[i], device, 0) &&
            market_binds(&world->market.caps[i], device, 1))
            return false;
    return true;
}

static bool is_contested(const struct world *world, const struct base_tables *tables,
                         const struct base_account *account)
{
    const struct market_line *line = &world->market.lines[account->line];
    const uint64_t attempt = market_typical(&line->wire.measures[account->measure]);

    for (unsigned i = 0; i < tables->pool_count; i++) {
        const struct base_pool *pool = &tables->pools[i];

        if (base_set_has(&account->held, i) && pool->to_ms > world->now_ms &&
            market_binds(&world->market.caps[pool->cap], account->device, 0) &&
            grant_is_narrow(&pool->credit, world->plan.devices, attempt))
            return true;
    }
    return false;
}

/* What lies ready on the second line is asked back near the end of a pool that both draw from.
 * True: it was, and has not come back yet. */
static bool gives_up_spare(struct world *world, struct base_tables *tables, unsigned journal,
                           unsigned line)
{
    const unsigned count = world->market.lines[line].wire.measures_count;
    bool is_narrow = false;
    bool is_asked = false;

    for (unsigned i = 0; i < count; i++) {
        const struct base_account *account = find(tables, journal, line, i);

        if (!account || account->credit.wanted > 0)
            return false;
        is_narrow |= is_contested(world, tables, account);
    }
    for (unsigned i = 0; is_narrow && i < count; i++) {
        struct grant_account *credit = &find(tables, journal, line, i)->credit;

        (void)grant_recall(credit, 0);
        is_asked |= credit->return_to > credit->returned;
    }
    return is_asked;
}

static uint64_t spare_of(const struct grant_account *credit, uint64_t attempt)
{
    return credit->wanted == 0 && grant_usable(credit) < attempt ? attempt : 0;
}

static void grant_line(struct world *world, struct base_tables *tables, unsigned device,
                       unsigned line, enum readiness readiness)
{
    const struct market_line *terms = &world->market.lines[line];
    const unsigned journal = tables->devices[device].journal;
    struct grant_claim claims[LIMIT_MEASURES];
    struct held held[LIMIT_MEASURES];
    bool wants = false;

    for (unsigned i = 0; i < terms->wire.measures_count; i++) {
        struct base_account *account = find(tables, journal, line, i);

        if (!account)
            return;
        claims[i] = (struct grant_claim){
            .account = &account->credit,
            .held = held_by(tables, &account->held, &held[i]),
            .wanted = account->credit.wanted,
            .more = readiness == READY_FIRST ? account->credit.wanted : 0,
            .attempt = market_typical(&terms->wire.measures[i]),
            .least = readiness == READY_FIRST ? account->least : 0,
            .devices = world->plan.devices,
        };
        if (readiness == READY_SPARE)
            claims[i].more = spare_of(&account->credit, claims[i].attempt);
        wants = wants || claims[i].wanted > 0 || claims[i].more > 0;
    }
    if (!wants || !grant_give(claims, terms->wire.measures_count, world->now_ms))
        return;
    world->coverage->grants++;
    for (unsigned i = 0; i < terms->wire.measures_count; i++)
        if (claims[i].amount > 0)
            judge_granted(world, tables, find(tables, journal, line, i));
}

void accounts_grant(struct world *world, struct base_tables *tables, unsigned device)
{
    const unsigned journal = tables->devices[device].journal;

    if (journal == BASE_NONE || tables->journals[journal].status != BASE_OPEN ||
        tables->devices[device].epoch_heard != tables->epoch)
        return;
    bool is_first = true;

    for (unsigned route = 0; route < MARKET_ROUTES; route++) {
        const unsigned line = market_line_of(world, device, route);

        const bool is_spare = route == 1 && !is_standby(world, device);

        if (is_spare && gives_up_spare(world, tables, journal, line))
            continue;
        grant_line(world, tables, device, line,
                   is_first   ? READY_FIRST
                   : is_spare ? READY_SPARE
                              : READY_STANDBY);
        is_first = is_first && is_short(world, tables, journal, line);
    }
}

/* ---- recalls ---- */

static size_t find_holders(const struct world *world, struct base_tables *tables, unsigned pool,
                           struct base_account **accounts, struct grant_holder *holders)
{
    size_t count = 0;

    for (size_t i = 0; i < tables->account_count && count < BASE_ACCOUNTS; i++) {
        struct base_account *account = &tables->accounts[i];
        const struct market_line *line = &world->market.lines[account->line];

        if (!base_set_has(&account->held, pool) || account->epoch != tables->epoch ||
            account->credit.is_closed || tables->journals[account->journal].status != BASE_OPEN)
            continue;
        accounts[count] = account;
        holders[count++] = (struct grant_holder){
            .idle = grant_usable(&account->credit),
            .wanted = account->credit.wanted,
            .attempt = market_typical(&line->wire.measures[account->measure]),
            .used_ms = account->credit.used_ms,
        };
    }
    return count;
}

static unsigned level(struct world *world, struct base_tables *tables, unsigned pool)
{
    struct base_account *accounts[BASE_ACCOUNTS];
    struct grant_holder holders[BASE_ACCOUNTS];
    uint64_t scratch[2 * BASE_ACCOUNTS];
    const struct grant_pool *sums = &tables->pools[pool].credit;
    const size_t count = find_holders(world, tables, pool, accounts, holders);
    unsigned told = 0;

    grant_level(sums->limit - sums->spent - sums->outstanding, holders, count, world->now_ms,
                scratch);
    for (size_t i = 0; i < count; i++)
        if (holders[i].keep < holders[i].idle &&
            grant_recall(&accounts[i]->credit, holders[i].keep))
            told |= 1u << accounts[i]->device;
    return told;
}

static bool starves(const struct world *world, struct base_tables *tables, unsigned pool)
{
    if (grant_is_over(&tables->pools[pool].credit))
        return true;
    for (size_t i = 0; i < tables->account_count; i++) {
        const struct base_account *account = &tables->accounts[i];
        const struct market_line *line = &world->market.lines[account->line];

        if (base_set_has(&account->held, pool) && account->epoch == tables->epoch &&
            account->credit.wanted > grant_free(&tables->pools[pool].credit) &&
            grant_usable(&account->credit) < market_typical(&line->wire.measures[account->measure]))
            return true;
    }
    return false;
}

unsigned accounts_recall(struct world *world, struct base_tables *tables)
{
    unsigned told = 0;

    for (unsigned pool = 0; pool < tables->pool_count; pool++)
        if (tables->pools[pool].from_ms <= world->now_ms &&
            tables->pools[pool].to_ms > world->now_ms && starves(world, tables, pool))
            told |= level(world, tables, pool);
    return told;
}

/* ---- ends ---- */

void accounts_close_parent(struct world *world, struct base_tables *tables, unsigned parent)
{
    for (size_t i = 0; i < tables->account_count; i++) {
        struct base_account *account = &tables->accounts[i];
        struct held held;

        if (account->journal != parent || account->epoch != tables->epoch)
            continue;
        judge_charged(world, account,
                      grant_charge(&account->credit, held_by(tables, &account->held, &held)));
        account->credit.is_closed = true;
    }
}

/* Charges of closed journals stay what they are. */
void accounts_renew(struct world *world, struct base_tables *tables)
{
    const size_t count = tables->account_count;

    for (size_t i = 0; i < count; i++) {
        const struct base_account old = tables->accounts[i];
        const struct market_line *line = &world->market.lines[old.line];

        if (old.epoch != tables->epoch - 1)
            continue;
        if (tables->journals[old.journal].status == BASE_FORKED && old.credit.charged > 0) {
            tables->accounts[i].epoch = tables->epoch;
            continue;
        }
        for (unsigned pool = 0; pool < tables->pool_count; pool++)
            if (base_set_has(&old.held, pool))
                let_go(tables, &tables->accounts[i], pool);
        struct base_account *renewed = &tables->accounts[base_add_account(tables)];
        *renewed = old;
        renewed->epoch = tables->epoch;
        memset(&renewed->held, 0, sizeof renewed->held);
        renewed->credit = grant_renew(
            GRANT_ATTEMPTS * market_typical(&line->wire.measures[old.measure]), world->now_ms);
        for (unsigned pool = 0; pool < tables->pool_count; pool++)
            if (base_set_has(&old.held, pool))
                hold(tables, renewed, pool);
    }
}

/* ---- telling ---- */

static void fill_line(const struct world *world, struct base_tables *tables, unsigned journal,
                      unsigned line, wire_State *state)
{
    const struct market_line *terms = &world->market.lines[line];

    if (state->credit_count == sizeof state->credit / sizeof *state->credit)
        return;
    wire_CreditLine *out = &state->credit[state->credit_count++];
    *out = terms->wire;
    for (unsigned i = 0; i < terms->wire.measures_count; i++) {
        const struct base_account *account = find(tables, journal, line, i);

        if (!account)
            continue;
        out->measures[i].granted = account->credit.granted;
        out->measures[i].return_to = account->credit.return_to;
    }
    out->used_up = is_short(world, tables, journal, line);
}

static bool has_line(const wire_State *state, const char *line_id)
{
    for (pb_size_t i = 0; i < state->credit_count; i++)
        if (strcmp(state->credit[i].line_id, line_id) == 0)
            return true;
    return false;
}

/* First what the routes have now, then what is being recalled. */
void accounts_fill(struct world *world, const struct base_tables *tables, unsigned device,
                   wire_State *state)
{
    struct base_tables *readable = (struct base_tables *)(uintptr_t)tables;
    const unsigned journal = tables->devices[device].journal;

    for (unsigned route = 0; route < MARKET_ROUTES; route++)
        fill_line(world, readable, journal, market_line_of(world, device, route), state);
    if (state->credit_count > 1)
        state->credit[1].standby = is_standby(world, device);
    for (size_t i = 0; i < tables->account_count; i++) {
        const struct base_account *account = &tables->accounts[i];

        if (account->journal == journal && account->epoch == tables->epoch &&
            account->credit.is_closed && grant_outstanding(&account->credit) > 0 &&
            !has_line(state, world->market.lines[account->line].wire.line_id))
            fill_line(world, readable, journal, account->line, state);
    }
}

#include "server/fleet/grant.h"

/* ---- sums that stay in range ---- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static int64_t add_signed(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        sum = b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static int64_t to_signed(uint64_t amount)
{
    return amount > INT64_MAX ? INT64_MAX : (int64_t)amount;
}

/* ---- pools ---- */

static int64_t room_of(const struct grant_pool *pool)
{
    return add_signed(add_signed(pool->limit, -pool->spent), -pool->outstanding);
}

uint64_t grant_free(const struct grant_pool *pool)
{
    int64_t room = room_of(pool);

    return room > 0 ? (uint64_t)room : 0;
}

bool grant_is_over(const struct grant_pool *pool)
{
    return room_of(pool) < 0;
}

/* Every change of an account goes through this, with what it had out before. */
static void move(const struct grant_account *account, struct grant_pools held, uint64_t before)
{
    const int64_t change = add_signed(to_signed(grant_outstanding(account)), -to_signed(before));

    for (size_t i = 0; i < held.count; i++)
        held.pools[i]->outstanding = add_signed(held.pools[i]->outstanding, change);
}

static void spend(struct grant_pools held, int64_t amount)
{
    for (size_t i = 0; i < held.count; i++) {
        held.pools[i]->spent = add_signed(held.pools[i]->spent, amount);
        held.pools[i]->charged = add_signed(held.pools[i]->charged, amount);
    }
}

/* ---- accounts ---- */

/* Granted, and neither returned nor settled nor charged. */
static uint64_t left_of(const struct grant_account *account)
{
    return less(account->granted, add(account->returned, add(account->settled, account->charged)));
}

uint64_t grant_outstanding(const struct grant_account *account)
{
    return larger(left_of(account), account->presumed);
}

static uint64_t gone_of(const struct grant_account *account)
{
    return add(larger(account->used, account->settled), account->open);
}

uint64_t grant_usable(const struct grant_account *account)
{
    return less(account->granted, add(account->returned, gone_of(account)));
}

bool grant_is_short(const struct grant_account *account, uint64_t attempt)
{
    return account->wanted > 0 && grant_usable(account) < attempt;
}

/* What was charged and came to light after all is no longer spent twice. */
static void give_back(struct grant_account *account, struct grant_pools held, uint64_t amount)
{
    const uint64_t back = smaller(account->charged, amount);

    account->charged -= back;
    spend(held, -to_signed(back));
}

/* ---- what devices say ---- */

/* An attempt that began under another journal or epoch closes in this one: the device counts it as
 * used, its record settles there. Two messages at rest that agree leave no doubt. */
static void settle_rest(struct grant_account *account, const struct grant_report *report)
{
    if (!report->is_at_rest) {
        account->resting = UINT64_MAX;
        return;
    }
    if (account->resting == report->used && report->used > account->settled)
        account->settled = report->used;
    account->resting = report->used;
}

enum grant_verdict grant_hear(struct grant_account *account, struct grant_pools held,
                              const struct grant_report *report)
{
    const uint64_t before = grant_outstanding(account);

    if (report->granted_seen > account->granted || report->returned > account->asked ||
        report->returned > report->granted_seen)
        return GRANT_FORGED;
    if (report->returned > account->returned) {
        give_back(account, held, report->returned - account->returned);
        account->returned = report->returned;
    }
    if (report->used > account->used) {
        account->used = report->used;
        account->used_ms = report->at_ms;
    }
    if (report->is_newest) {
        account->open = report->open;
        account->wanted = report->wanted;
        if (report->is_at_rest)
            account->presumed = 0;
        settle_rest(account, report);
    }
    move(account, held, before);
    return GRANT_MERGED;
}

bool grant_settle(struct grant_account *account, struct grant_pools held, int64_t began_ms,
                  uint64_t amount, uint64_t *overrun)
{
    const uint64_t before = grant_outstanding(account);

    const bool is_ours = account->granted_ms != 0 && began_ms >= account->granted_ms;
    const uint64_t out = add(left_of(account), account->charged);

    *overrun = 0;
    if (!is_ours && add(account->settled, amount) > account->used)
        return false;
    if (is_ours)
        *overrun = less(amount, out);
    account->settled = add(account->settled, amount);
    give_back(account, held, amount);
    move(account, held, before);
    return true;
}

/* ---- grants ---- */

static uint64_t free_of(struct grant_pools held)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < held.count; i++)
        least = smaller(least, grant_free(held.pools[i]));
    return least;
}

/* An attempt can be cut to what the device has and what is left: one measure does not keep the
 * others from what they need. */
static bool fits_when_cut(const struct grant_claim *claim, uint64_t free)
{
    return claim->least > 0 && add(grant_usable(claim->account), free) >= claim->least;
}

/* What nobody asked for is given whole and out of plenty, or not at all. */
static bool size_spare(struct grant_claim *claim, uint64_t most)
{
    if (claim->account->is_closed || claim->more > most)
        return false;
    claim->amount = claim->more;
    return true;
}

/* False: not even the least that would help. */
static bool size_claim(struct grant_claim *claim)
{
    const uint64_t free = free_of(claim->held);
    const uint64_t most =
        claim->attempt > UINT64_MAX / GRANT_ATTEMPTS ? UINT64_MAX : claim->attempt * GRANT_ATTEMPTS;
    const uint64_t room = less(most, grant_outstanding(claim->account));
    const uint64_t want = smaller(claim->wanted, room);
    const uint64_t least = smaller(want, claim->attempt);
    const uint64_t share = free / 2 / (claim->devices > 0 ? claim->devices : 1);

    claim->amount = 0;
    if (claim->account->is_closed && want > 0)
        return false;
    if (claim->wanted == 0 && claim->more > 0)
        return size_spare(claim, smaller(share, room));
    if (free < least) {
        claim->amount = fits_when_cut(claim, free) ? free : 0;
        return fits_when_cut(claim, free);
    }
    if (want > 0)
        claim->amount = smaller(smaller(add(want, claim->more), room), larger(least, share));
    return true;
}

static void give(struct grant_claim *claim, int64_t at_ms)
{
    struct grant_account *account = claim->account;
    const uint64_t before = grant_outstanding(account);
    /* what was used beyond all that was out is taken off at the device first */
    const uint64_t deficit =
        less(add(account->returned, add(account->settled, account->charged)), account->granted);

    if (claim->amount == 0)
        return;
    account->granted = add(account->granted, add(claim->amount, deficit));
    account->wanted = less(account->wanted, claim->amount);
    account->return_to = account->returned;
    if (account->granted_ms == 0)
        account->granted_ms = at_ms;
    move(account, claim->held, before);
}

bool grant_give(struct grant_claim *claims, size_t count, int64_t at_ms)
{
    bool any = false;

    for (size_t i = 0; i < count; i++) {
        if (!size_claim(&claims[i])) {
            for (size_t k = 0; k <= i; k++)
                claims[k].amount = 0;
            return false;
        }
        any = any || claims[i].amount > 0;
    }
    for (size_t i = 0; i < count; i++)
        give(&claims[i], at_ms);
    return any;
}

bool grant_is_narrow(const struct grant_pool *pool, uint64_t devices, uint64_t attempt)
{
    return grant_free(pool) / (devices > 0 ? devices : 1) < attempt;
}

/* ---- recalls ---- */

/* The level up to which every want is met, found by filling: each round gives the unmet an equal
 * part. What does not divide goes one by one to the first. */
void grant_share(uint64_t capacity, const uint64_t *wants, size_t count, uint64_t *shares)
{
    uint64_t unmet;

    for (size_t i = 0; i < count; i++)
        shares[i] = 0;
    do {
        uint64_t part;

        unmet = 0;
        for (size_t i = 0; i < count; i++)
            unmet += shares[i] < wants[i];
        if (unmet == 0 || capacity == 0)
            return;
        part = larger(capacity / unmet, 1);
        for (size_t i = 0; i < count && capacity > 0; i++) {
            uint64_t more = smaller(smaller(part, capacity), wants[i] - shares[i]);

            shares[i] += more;
            capacity -= more;
        }
    } while (unmet > 0);
}

struct grant_holder grant_hold(const struct grant_account *account, uint64_t typical,
                               int64_t now_ms)
{
    const uint64_t idle = grant_usable(account);
    uint64_t attempt = larger(typical, 1);

    if (account->wanted == 0 && idle > 0)
        attempt = smaller(attempt, idle);
    else if (idle >= attempt && now_ms - account->used_ms >= GRANT_IDLE_MS)
        attempt = add(idle, smaller(account->wanted, idle));
    return (struct grant_holder){
        .idle = idle,
        .wanted = account->wanted,
        .attempt = attempt,
        .used_ms = account->used_ms,
    };
}

/* In the order in which whole attempts are given out. */
enum standing {
    STANDING_USES,
    STANDING_WAITS,
    STANDING_IDLE,
    STANDING_SECOND, /* waits or idles, but its device has an attempt's worth on another line */
    STANDING_CONTENT
};

static enum standing standing_of(const struct grant_holder *holder, int64_t now_ms)
{
    if (holder->idle >= holder->attempt && now_ms - holder->used_ms < GRANT_IDLE_MS)
        return STANDING_USES;
    if (holder->idle < holder->attempt && holder->wanted == 0)
        return STANDING_CONTENT;
    if (holder->has_other)
        return STANDING_SECOND;
    return holder->idle >= holder->attempt ? STANDING_IDLE : STANDING_WAITS;
}

static void level_attempts(uint64_t capacity, struct grant_holder *holders, size_t count,
                           int64_t now_ms)
{
    for (int standing = STANDING_USES; standing <= STANDING_SECOND; standing++) {
        for (size_t i = 0; i < count; i++) {
            const uint64_t one =
                smaller(holders[i].attempt, add(holders[i].idle, holders[i].wanted));

            if (standing_of(&holders[i], now_ms) != (enum standing)standing || one > capacity)
                continue;
            holders[i].keep = one;
            capacity -= one;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_spare = holders[i].has_other && holders[i].idle >= holders[i].attempt;

        if (holders[i].keep > 0 || is_spare)
            continue;
        holders[i].keep = smaller(holders[i].idle, capacity);
        capacity -= holders[i].keep;
    }
}

static bool has_attempt(const struct grant_holder *holder, uint64_t share)
{
    return share >= smaller(holder->attempt, add(holder->idle, holder->wanted));
}

void grant_level(int64_t free, struct grant_holder *holders, size_t count, int64_t now_ms,
                 uint64_t *scratch)
{
    uint64_t *wants = scratch;
    uint64_t *shares = scratch + count;
    int64_t capacity = free;
    bool enough = true;

    for (size_t i = 0; i < count; i++) {
        holders[i].keep = 0;
        wants[i] = add(holders[i].idle, holders[i].wanted);
        capacity = add_signed(capacity, to_signed(holders[i].idle));
    }
    if (capacity <= 0)
        return;
    grant_share((uint64_t)capacity, wants, count, shares);
    for (size_t i = 0; i < count; i++)
        enough = enough && has_attempt(&holders[i], shares[i]);
    for (size_t i = 0; enough && i < count; i++)
        holders[i].keep = shares[i];
    if (!enough)
        level_attempts((uint64_t)capacity, holders, count, now_ms);
}

bool grant_recall(struct grant_account *account, uint64_t keep)
{
    const uint64_t to = less(account->granted, add(gone_of(account), keep));

    if (to <= account->return_to || to <= account->returned)
        return false;
    account->return_to = to;
    account->asked = larger(account->asked, to);
    return true;
}

/* ---- ends ---- */

uint64_t grant_charge(struct grant_account *account, struct grant_pools held)
{
    const uint64_t out = grant_outstanding(account);
    const uint64_t before = out;

    account->charged = add(account->charged, out);
    account->presumed = 0;
    move(account, held, before);
    spend(held, to_signed(out));
    return out;
}

uint64_t grant_refile(struct grant_account *account, struct grant_pools held, uint64_t amount)
{
    const uint64_t before = grant_outstanding(account);
    const uint64_t back = smaller(account->charged, amount);

    account->settled = add(account->settled, back);
    give_back(account, held, back);
    move(account, held, before);
    return back;
}

struct grant_account grant_renew(uint64_t most, int64_t at_ms)
{
    return (struct grant_account){.presumed = most, .resting = UINT64_MAX, .used_ms = at_ms};
}

bool grant_confirms(bool is_at_rest, int64_t at_ms, int64_t end_ms)
{
    return is_at_rest && at_ms >= end_ms;
}

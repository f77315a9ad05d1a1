#include "server/fleet/grant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define NOW_MS INT64_C(1800000000000)

/* One account in one pool. */
struct world {
    struct grant_pool pool;
    struct grant_pool *list[1];
    struct grant_account account;
    struct grant_pools held;
};

static void make(struct world *world, int64_t limit)
{
    *world = (struct world){.pool.limit = limit, .account.resting = UINT64_MAX};
    world->list[0] = &world->pool;
    world->held = (struct grant_pools){world->list, 1};
}

static uint64_t want(struct world *world, uint64_t wanted, uint64_t attempt)
{
    struct grant_claim claim = {
        .account = &world->account, .held = world->held, .wanted = wanted, .attempt = attempt};

    return grant_give(&claim, 1, NOW_MS) ? claim.amount : 0;
}

static enum grant_verdict hear(struct world *world, uint64_t used, uint64_t open, uint64_t returned,
                               bool is_at_rest)
{
    const struct grant_report report = {.granted_seen = world->account.granted,
                                        .used = used,
                                        .open = open,
                                        .returned = returned,
                                        .is_newest = true,
                                        .is_at_rest = is_at_rest,
                                        .at_ms = NOW_MS};

    return grant_hear(&world->account, world->held, &report);
}

static bool settle(struct world *world, uint64_t amount)
{
    uint64_t overrun;

    return grant_settle(&world->account, world->held, NOW_MS, amount, &overrun);
}

/* ---- grants ---- */

static void i2_a_grant_never_exceeds_what_is_free_in_any_pool(void **state)
{
    struct grant_pool wide = {.limit = 1000};
    struct grant_pool tight = {.limit = 100, .spent = 60};
    struct grant_pool *list[] = {&wide, &tight};
    struct grant_account account = {.resting = UINT64_MAX};
    struct grant_claim claim = {
        .account = &account, .held = {list, 2}, .wanted = 500, .attempt = 30};

    (void)state;
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 30);
    assert_int_equal(tight.outstanding, 30);
    assert_int_equal(wide.outstanding, 30);
    claim.wanted = 500;
    assert_false(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(account.granted, 30);
}

static void i2_all_measures_are_granted_or_none(void **state)
{
    struct world requests;
    struct world output;

    (void)state;
    make(&requests, 100);
    make(&output, 10);
    struct grant_claim claims[] = {
        {.account = &requests.account, .held = requests.held, .wanted = 4, .attempt = 1},
        {.account = &output.account, .held = output.held, .wanted = 800, .attempt = 200},
    };
    assert_false(grant_give(claims, 2, NOW_MS));
    assert_int_equal(requests.account.granted, 0);
    assert_int_equal(requests.pool.outstanding, 0);
}

static void a_wide_pool_gives_what_is_wanted_and_a_tight_one_single_attempts(void **state)
{
    struct world world;

    (void)state;
    make(&world, 100000);
    assert_int_equal(want(&world, 700, 100), 700);
    make(&world, 1000);
    assert_int_equal(want(&world, 700, 100), 500); /* half of what is free */
    make(&world, 150);
    assert_int_equal(want(&world, 700, 100), 100);
    make(&world, 99);
    assert_int_equal(want(&world, 700, 100), 0);
}

/* A plan's last tokens were never granted: they were less than a typical attempt. */
static void what_is_left_is_granted_when_an_attempt_can_be_cut_to_it(void **state)
{
    struct world world;
    struct grant_claim claim = {
        .account = &world.account, .held = {world.list, 1}, .wanted = 400, .attempt = 400};

    (void)state;
    make(&world, 107);
    claim.held = world.held;
    assert_false(grant_give(&claim, 1, NOW_MS));
    claim.least = 108;
    assert_false(grant_give(&claim, 1, NOW_MS));
    claim.least = 107;
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 107);
    world.account.wanted = 293;
    assert_true(grant_is_short(&world.account, 400));
    assert_false(grant_is_short(&world.account, 107));
    assert_false(grant_give(&claim, 1, NOW_MS));
}

/* A scrap of output was no use: the request that it takes was not granted beside it. */
static void a_measure_that_has_enough_for_a_cut_attempt_keeps_no_other_from_its_grant(void **state)
{
    struct world output;
    struct world requests;

    (void)state;
    make(&output, 62);
    make(&requests, 100);
    want(&output, 62, 62);
    struct grant_claim claims[] = {
        {.account = &output.account,
         .held = output.held,
         .wanted = 338,
         .attempt = 400,
         .least = 32},
        {.account = &requests.account,
         .held = requests.held,
         .wanted = 1,
         .attempt = 1,
         .least = 1},
    };
    assert_true(grant_give(claims, 2, NOW_MS));
    assert_int_equal(claims[0].amount, 0);
    assert_int_equal(claims[1].amount, 1);
    claims[0].least = 63;
    claims[1].wanted = 1;
    assert_false(grant_give(claims, 2, NOW_MS));
}

static void a_second_attempt_is_given_only_while_pools_are_wide(void **state)
{
    struct world world;
    struct grant_claim claim = {.account = &world.account,
                                .held = {world.list, 1},
                                .wanted = 100,
                                .more = 100,
                                .attempt = 100,
                                .devices = 2};

    (void)state;
    make(&world, 100000);
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 200);
    make(&world, 600);
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 150);
    make(&world, 199);
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 100);
    claim.wanted = 0;
    assert_false(grant_give(&claim, 1, NOW_MS));
}

/* A robot with a server out of reach and a vendor that was down fell silent: nothing lay on its
 * next route where a budget bound both. */
static void what_nobody_asked_for_is_given_whole_while_pools_are_wide_or_not_at_all(void **state)
{
    struct world world;
    struct grant_claim claim = {.account = &world.account,
                                .held = {world.list, 1},
                                .more = 100,
                                .attempt = 100,
                                .least = 10,
                                .devices = 2};

    (void)state;
    make(&world, 400);
    claim.held = world.held;
    assert_true(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(claim.amount, 100);
    make(&world, 399);
    assert_false(grant_give(&claim, 1, NOW_MS));
    assert_int_equal(world.account.granted, 0);
    make(&world, 400);
    world.account.is_closed = true;
    assert_false(grant_give(&claim, 1, NOW_MS));
}

static void a_pool_with_less_than_an_attempt_for_each_device_is_narrow(void **state)
{
    const struct grant_pool pool = {.limit = 1000, .spent = 500, .outstanding = 200};

    (void)state;
    assert_false(grant_is_narrow(&pool, 3, 100));
    assert_true(grant_is_narrow(&pool, 3, 101));
    assert_true(grant_is_narrow(&pool, 4, 100));
    assert_false(grant_is_narrow(&pool, 0, 300));
}

static void nobody_holds_more_than_the_most_that_an_epoch_presumes(void **state)
{
    struct world world;

    (void)state;
    make(&world, INT64_MAX);
    assert_int_equal(want(&world, 1000000, 10), 10 * GRANT_ATTEMPTS);
    assert_int_equal(want(&world, 1000000, 10), 0);
}

static void what_was_used_beyond_all_that_was_out_comes_off_the_next_grant(void **state)
{
    struct world world;
    uint64_t overrun;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    assert_true(grant_settle(&world.account, world.held, NOW_MS, 130, &overrun));
    assert_int_equal(overrun, 30);
    assert_int_equal(world.pool.outstanding, 0);
    assert_int_equal(want(&world, 100, 100), 100);
    assert_int_equal(world.account.granted, 230);
    assert_int_equal(world.pool.outstanding, 100);
}

/* ---- reports ---- */

static void reports_merge_by_maximum_in_any_order(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    grant_recall(&world.account, 0);
    assert_int_equal(hear(&world, 40, 0, 60, false), GRANT_MERGED);
    assert_int_equal(hear(&world, 10, 0, 0, false), GRANT_MERGED);
    assert_int_equal(world.account.used, 40);
    assert_int_equal(world.account.returned, 60);
    assert_int_equal(world.pool.outstanding, 40);
}

static void i2_a_report_of_more_than_was_granted_or_asked_back_changes_nothing(void **state)
{
    struct world world;
    struct grant_report report = {.granted_seen = 101, .is_newest = true};

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    assert_int_equal(grant_hear(&world.account, world.held, &report), GRANT_FORGED);
    assert_int_equal(hear(&world, 0, 0, 50, false), GRANT_FORGED); /* nothing was asked back */
    grant_recall(&world.account, 60);
    assert_int_equal(hear(&world, 0, 0, 41, false), GRANT_FORGED);
    assert_int_equal(world.pool.outstanding, 100);
    assert_int_equal(hear(&world, 0, 0, 40, false), GRANT_MERGED);
    assert_int_equal(world.pool.outstanding, 60);
}

static void i2_only_records_free_what_was_used(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    hear(&world, 70, 0, 0, false);
    assert_int_equal(world.pool.outstanding, 100);
    settle(&world, 70);
    assert_int_equal(world.pool.outstanding, 30);
}

static void an_attempt_that_began_before_the_first_grant_settles_elsewhere(void **state)
{
    struct world world;
    uint64_t overrun;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    assert_false(grant_settle(&world.account, world.held, NOW_MS - 1, 70, &overrun));
    assert_int_equal(world.pool.outstanding, 100);
}

static void used_without_a_record_is_settled_when_two_messages_at_rest_agree(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 100);
    hear(&world, 70, 0, 0, true);
    assert_int_equal(world.pool.outstanding, 100);
    hear(&world, 70, 0, 0, false);
    hear(&world, 70, 0, 0, true);
    assert_int_equal(world.pool.outstanding, 100);
    hear(&world, 70, 0, 0, true);
    assert_int_equal(world.pool.outstanding, 30);
}

/* ---- recalls ---- */

static void v25_shares_are_max_min(void **state)
{
    const uint64_t wants[] = {1000, 50, 10};
    uint64_t shares[3];

    (void)state;
    grant_share(120, wants, 3, shares);
    assert_int_equal(shares[0], 60);
    assert_int_equal(shares[1], 50);
    assert_int_equal(shares[2], 10);
    grant_share(2, wants, 3, shares);
    assert_int_equal(shares[0] + shares[1] + shares[2], 2);
    grant_share(5000, wants, 3, shares);
    assert_int_equal(shares[0], 1000);
}

static void i2_recalled_credit_is_free_only_once_it_is_reported(void **state)
{
    struct world world;

    (void)state;
    make(&world, 100);
    want(&world, 100, 10);
    assert_int_equal(world.account.granted, 50);
    hear(&world, 5, 10, 0, false);
    assert_true(grant_recall(&world.account, 0));
    assert_int_equal(world.account.return_to, 35);
    assert_false(grant_recall(&world.account, 0));
    assert_int_equal(world.pool.outstanding, 50);
    hear(&world, 5, 10, 35, false);
    assert_int_equal(world.pool.outstanding, 15);
}

static void scraps_that_serve_nobody_are_gathered_into_whole_attempts(void **state)
{
    struct grant_holder holders[] = {
        {.idle = 70, .wanted = 30, .attempt = 100, .used_ms = NOW_MS - 9000},
        {.idle = 70, .wanted = 30, .attempt = 100, .used_ms = NOW_MS - 8000},
        {.idle = 70, .wanted = 30, .attempt = 100, .used_ms = NOW_MS - 7000},
    };
    uint64_t scratch[6];

    (void)state;
    grant_level(10, holders, 3, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 100);
    assert_int_equal(holders[1].keep, 100);
    assert_int_equal(holders[2].keep, 20); /* stays where it lies */
}

static void whoever_lets_an_attempt_lie_makes_room_for_whoever_waits(void **state)
{
    struct grant_holder holders[] = {
        {.idle = 100, .attempt = 100, .used_ms = NOW_MS - GRANT_IDLE_MS},
        {.idle = 0, .wanted = 100, .attempt = 100, .used_ms = NOW_MS - 5000},
        {.idle = 100, .attempt = 100, .used_ms = NOW_MS - 10},
    };
    uint64_t scratch[6];

    (void)state;
    grant_level(0, holders, 3, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 0);
    assert_int_equal(holders[1].keep, 100);
    assert_int_equal(holders[2].keep, 100);
}

/* It was taken for too little to be an attempt and asked back within a second, over and over. */
static void who_wants_no_more_has_an_attempts_worth_however_little_that_is(void **state)
{
    struct grant_account account = {.granted = 200, .used_ms = NOW_MS - 1000};
    struct grant_holder holders[] = {
        grant_hold(&account, 400, NOW_MS),
        {.wanted = 200, .attempt = 400, .used_ms = NOW_MS - 5000},
    };
    uint64_t scratch[4];

    (void)state;
    assert_int_equal(holders[0].attempt, 200);
    grant_level(0, holders, 2, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 200);
    assert_int_equal(holders[1].keep, 0);
}

static void who_lets_more_than_is_typical_lie_and_wants_more_makes_larger_attempts(void **state)
{
    struct grant_account account = {
        .granted = 400, .wanted = 600, .used_ms = NOW_MS - GRANT_IDLE_MS};

    (void)state;
    assert_int_equal(grant_hold(&account, 400, NOW_MS).attempt, 800);
    assert_int_equal(grant_hold(&account, 400, NOW_MS - 1).attempt, 400);
    assert_int_equal(grant_hold(&account, 0, NOW_MS - 1).attempt, 1);
}

/* A robot that lets an attempt lie on one line and waits on another got each of them in turn. */
static void nothing_is_moved_from_a_robots_line_to_its_other_one(void **state)
{
    struct grant_holder holders[] = {
        {.idle = 100, .attempt = 100, .used_ms = NOW_MS - GRANT_IDLE_MS},
        {.wanted = 100, .attempt = 100, .used_ms = NOW_MS - GRANT_IDLE_MS, .has_other = true},
    };
    uint64_t scratch[4];

    (void)state;
    grant_level(50, holders, 2, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 100);
    assert_int_equal(holders[1].keep, 0);
    holders[1].has_other = false;
    grant_level(50, holders, 2, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 50);
    assert_int_equal(holders[1].keep, 100);
}

static void near_the_end_what_lies_on_a_robots_other_line_is_given_up_first(void **state)
{
    struct grant_holder holders[] = {
        {.idle = 100, .attempt = 100, .used_ms = NOW_MS - 3 * GRANT_IDLE_MS, .has_other = true},
        {.idle = 100, .attempt = 100, .used_ms = NOW_MS - 2 * GRANT_IDLE_MS},
        {.wanted = 100, .attempt = 100, .used_ms = NOW_MS - GRANT_IDLE_MS},
    };
    uint64_t scratch[6];

    (void)state;
    grant_level(50, holders, 3, NOW_MS, scratch);
    assert_int_equal(holders[0].keep, 0);
    assert_int_equal(holders[1].keep, 100);
    assert_int_equal(holders[2].keep, 100);
}

static void i2_a_cap_below_what_is_out_is_over_and_asks_it_back(void **state)
{
    struct world world;
    struct grant_holder holder = {.idle = 100, .attempt = 10, .used_ms = NOW_MS};
    uint64_t scratch[2];

    (void)state;
    make(&world, 1000);
    want(&world, 100, 10);
    world.pool.limit = 50;
    assert_true(grant_is_over(&world.pool));
    assert_int_equal(want(&world, 10, 10), 0);
    grant_level(-50, &holder, 1, NOW_MS, scratch);
    assert_int_equal(holder.keep, 50);
    holder.idle = 40;
    grant_level(-50, &holder, 1, NOW_MS, scratch);
    assert_int_equal(holder.keep, 0);
}

static void a_new_grant_withdraws_what_was_asked_back_and_not_given(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 10);
    grant_recall(&world.account, 0);
    hear(&world, 80, 0, 20, false);
    want(&world, 30, 10);
    assert_int_equal(world.account.return_to, 20);
    assert_int_equal(grant_usable(&world.account), 30);
}

/* ---- ends ---- */

static void a_write_off_charges_and_later_records_and_returns_reduce_it(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 10);
    assert_int_equal(grant_charge(&world.account, world.held), 100);
    assert_int_equal(world.pool.outstanding, 0);
    assert_int_equal(world.pool.spent, 100);
    settle(&world, 30); /* the record's own price is booked by the caller */
    assert_int_equal(world.pool.spent, 70);
    grant_recall(&world.account, 0);
    hear(&world, 30, 0, 70, true);
    assert_int_equal(world.pool.spent, 0);
    assert_int_equal(world.pool.charged, 0);
    assert_int_equal(world.account.charged, 0);
}

static void a_closed_journal_is_charged_and_refiled_records_reduce_it(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    want(&world, 100, 10);
    world.account.is_closed = true;
    grant_charge(&world.account, world.held);
    assert_int_equal(grant_refile(&world.account, world.held, 60), 60);
    assert_int_equal(grant_refile(&world.account, world.held, 60), 40);
    assert_int_equal(world.pool.spent, 0);
    assert_int_equal(want(&world, 10, 10), 0);
}

static void i2_a_new_epoch_presumes_the_most_until_the_device_is_at_rest(void **state)
{
    struct world world;

    (void)state;
    make(&world, 1000);
    world.account = grant_renew(400, NOW_MS);
    world.pool.outstanding = (int64_t)grant_outstanding(&world.account);
    assert_int_equal(world.pool.outstanding, 400);
    hear(&world, 0, 20, 0, false);
    assert_int_equal(world.pool.outstanding, 400);
    hear(&world, 20, 0, 0, true);
    assert_int_equal(world.pool.outstanding, 0);
}

static void a_period_is_confirmed_by_a_message_at_rest_after_its_end(void **state)
{
    (void)state;
    assert_true(grant_confirms(true, NOW_MS, NOW_MS));
    assert_false(grant_confirms(true, NOW_MS - 1, NOW_MS));
    assert_false(grant_confirms(false, NOW_MS, NOW_MS));
}

/* ---- property ---- */

#define DEVICES 6
#define POOLS   3
#define STEPS   4000

/* What a device really is: it obeys, and its messages may be late. */
struct device {
    struct grant_account account;
    struct grant_pool *list[POOLS];
    struct grant_pools held;
    uint64_t granted, used, open, returned;
    uint64_t unbooked;
};

struct play {
    struct dice dice;
    struct grant_pool pools[POOLS];
    bool was_lowered[POOLS];
    struct device devices[DEVICES];
};

static void take_state(struct device *device)
{
    const struct grant_account *account = &device->account;
    uint64_t spare = 0;

    if (account->granted > device->granted)
        device->granted = account->granted;
    if (device->granted > device->used + device->open)
        spare = device->granted - device->used - device->open;
    if (account->return_to < spare)
        spare = account->return_to;
    if (spare > device->returned)
        device->returned = spare;
}

static void talk(struct play *play, struct device *device)
{
    const uint64_t amount = 1 + dice_below(&play->dice, 40);

    if (device->open == 0 && device->granted >= device->returned + device->used + amount) {
        device->open = amount;
    } else if (device->open > 0) {
        const uint64_t used = dice_below(&play->dice, device->open + 1);

        device->used += used;
        device->unbooked += used;
        device->open = 0;
    }
}

/* All records at once, then what it says. */
static void be_heard(struct play *play, struct device *device)
{
    struct grant_report report = {
        .granted_seen = device->granted,
        .used = device->used,
        .open = device->open,
        .returned = device->returned,
        .is_newest = true,
        .at_ms = NOW_MS,
    };
    uint64_t overrun = 0;

    if (dice_below(&play->dice, 2) == 0) {
        for (size_t i = 0; i < device->held.count; i++)
            device->held.pools[i]->spent += (int64_t)device->unbooked;
        if (device->unbooked > 0)
            assert_true(
                grant_settle(&device->account, device->held, NOW_MS, device->unbooked, &overrun));
        assert_int_equal(overrun, 0);
        device->unbooked = 0;
        report.is_at_rest = device->open == 0;
    }
    assert_int_equal(grant_hear(&device->account, device->held, &report), GRANT_MERGED);
}

static void ask(struct play *play, struct device *device)
{
    struct grant_claim claim = {.account = &device->account,
                                .held = device->held,
                                .wanted = 1 + dice_below(&play->dice, 300),
                                .attempt = 40,
                                .devices = DEVICES};

    if (!grant_give(&claim, 1, NOW_MS))
        return;
    for (size_t i = 0; i < device->held.count; i++)
        assert_true(device->held.pools[i]->spent + device->held.pools[i]->outstanding <=
                    device->held.pools[i]->limit);
}

static void level(struct play *play, size_t pool)
{
    struct grant_holder holders[DEVICES] = {0};
    uint64_t scratch[2 * DEVICES];
    const struct grant_pool *of = &play->pools[pool];

    for (size_t i = 0; i < DEVICES; i++)
        holders[i] = (struct grant_holder){.idle = grant_usable(&play->devices[i].account),
                                           .wanted = dice_below(&play->dice, 50),
                                           .attempt = 40,
                                           .used_ms = NOW_MS};
    grant_level(of->limit - of->spent - of->outstanding, holders, DEVICES, NOW_MS, scratch);
    for (size_t i = 0; i < DEVICES; i++)
        grant_recall(&play->devices[i].account, holders[i].keep);
}

/* Sums are those of the accounts, no device exceeds its credit, and a pool that was never lowered
 * is never exceeded, whatever the devices do unheard. */
static void check(const struct play *play)
{
    for (size_t p = 0; p < POOLS; p++) {
        int64_t out = 0;
        int64_t real = play->pools[p].spent;

        for (size_t i = 0; i < DEVICES; i++) {
            const struct device *device = &play->devices[i];

            assert_true(device->used + device->open + device->returned <= device->granted);
            if (p < device->held.count) {
                out += (int64_t)grant_outstanding(&device->account);
                real +=
                    (int64_t)(device->unbooked + device->granted - device->returned - device->used);
            }
        }
        assert_int_equal(play->pools[p].outstanding, out);
        if (!play->was_lowered[p])
            assert_true(real <= play->pools[p].limit);
    }
}

static void step(struct play *play)
{
    struct device *device = &play->devices[dice_below(&play->dice, DEVICES)];

    switch (dice_below(&play->dice, 8)) {
    case 0:
    case 1:
    case 2:
        talk(play, device);
        break;
    case 3:
        be_heard(play, device);
        break;
    case 4:
        ask(play, device);
        break;
    case 5:
        take_state(device);
        break;
    case 6:
        level(play, dice_below(&play->dice, POOLS));
        break;
    default: {
        size_t pool = dice_below(&play->dice, POOLS);

        if (dice_below(&play->dice, 20) == 0 && pool > 0) {
            play->pools[pool].limit = (int64_t)dice_below(&play->dice, 5000);
            play->was_lowered[pool] = true;
        }
    }
    }
    check(play);
}

static void i2_no_sequence_of_events_exceeds_a_limit(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct play play = {0};

        dice_init(&play.dice, seed, span_text("credit"));
        for (size_t p = 0; p < POOLS; p++)
            play.pools[p].limit = 200 + (int64_t)dice_below(&play.dice, 4000);
        for (size_t i = 0; i < DEVICES; i++) {
            struct device *device = &play.devices[i];

            device->account.resting = UINT64_MAX;
            for (size_t p = 0; p < POOLS; p++)
                device->list[p] = &play.pools[p];
            device->held = (struct grant_pools){device->list, 1 + i % POOLS};
        }
        for (unsigned n = 0; n < STEPS; n++)
            step(&play);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i2_a_grant_never_exceeds_what_is_free_in_any_pool),
        cmocka_unit_test(i2_all_measures_are_granted_or_none),
        cmocka_unit_test(a_wide_pool_gives_what_is_wanted_and_a_tight_one_single_attempts),
        cmocka_unit_test(what_is_left_is_granted_when_an_attempt_can_be_cut_to_it),
        cmocka_unit_test(a_measure_that_has_enough_for_a_cut_attempt_keeps_no_other_from_its_grant),
        cmocka_unit_test(a_second_attempt_is_given_only_while_pools_are_wide),
        cmocka_unit_test(what_nobody_asked_for_is_given_whole_while_pools_are_wide_or_not_at_all),
        cmocka_unit_test(a_pool_with_less_than_an_attempt_for_each_device_is_narrow),
        cmocka_unit_test(near_the_end_what_lies_on_a_robots_other_line_is_given_up_first),
        cmocka_unit_test(nobody_holds_more_than_the_most_that_an_epoch_presumes),
        cmocka_unit_test(what_was_used_beyond_all_that_was_out_comes_off_the_next_grant),
        cmocka_unit_test(reports_merge_by_maximum_in_any_order),
        cmocka_unit_test(i2_a_report_of_more_than_was_granted_or_asked_back_changes_nothing),
        cmocka_unit_test(i2_only_records_free_what_was_used),
        cmocka_unit_test(an_attempt_that_began_before_the_first_grant_settles_elsewhere),
        cmocka_unit_test(used_without_a_record_is_settled_when_two_messages_at_rest_agree),
        cmocka_unit_test(v25_shares_are_max_min),
        cmocka_unit_test(i2_recalled_credit_is_free_only_once_it_is_reported),
        cmocka_unit_test(scraps_that_serve_nobody_are_gathered_into_whole_attempts),
        cmocka_unit_test(whoever_lets_an_attempt_lie_makes_room_for_whoever_waits),
        cmocka_unit_test(who_wants_no_more_has_an_attempts_worth_however_little_that_is),
        cmocka_unit_test(who_lets_more_than_is_typical_lie_and_wants_more_makes_larger_attempts),
        cmocka_unit_test(nothing_is_moved_from_a_robots_line_to_its_other_one),
        cmocka_unit_test(i2_a_cap_below_what_is_out_is_over_and_asks_it_back),
        cmocka_unit_test(a_new_grant_withdraws_what_was_asked_back_and_not_given),
        cmocka_unit_test(a_write_off_charges_and_later_records_and_returns_reduce_it),
        cmocka_unit_test(a_closed_journal_is_charged_and_refiled_records_reduce_it),
        cmocka_unit_test(i2_a_new_epoch_presumes_the_most_until_the_device_is_at_rest),
        cmocka_unit_test(a_period_is_confirmed_by_a_message_at_rest_after_its_end),
        cmocka_unit_test(i2_no_sequence_of_events_exceeds_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Any sequence of layer edits, rollouts of settings, software and keys, trials that fail for good
 * or for a while, pauses, tries again, roll-backs, drains and returns, robots that come and go,
 * servers that are killed in the middle of what they do and databases that crash: each robot ends
 * at the configuration that model.h computes, and on the way whatever changes for a robot has a new
 * generation. On a real PostgreSQL, because what is in question is what the statements and the
 * views say; time is the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/store/rollouts.h"
#include "tests/simulation/rollout/events.h"

#define STEPS           200
#define CHECK_EVERY     8
#define FAILING_ROUNDS  20
#define END_ROUNDS      800 /* a queue of rollouts goes one after the other */
#define SEEDS           3
#define SEEDS_LONG      100
#define KEY_TWICE_EVERY 4 /* seeds */

/* Which seeds are run. */
struct seeds {
    uint64_t first, last;
};

struct test {
    struct seeds seeds;
    struct world world;
};

static int value_of(const char *name)
{
    for (int i = 0; i < MODEL_VALUES; i++)
        if (strcmp(name, world_values[i]) == 0)
            return i;
    fail_msg("nobody set %s", name);
    return 0;
}

static struct model_map read_content(const struct result *rows, int robot)
{
    struct model_map content = model_map_of(MODEL_UNSET);
    char id[16];

    world_robot_id(robot, id);
    for (size_t row = 0; row < result_count(rows); row++) {
        if (strcmp(result_text(rows, row, 0), id) != 0)
            continue;
        content.values[value_of(result_text(rows, row, 1))] = (int)result_int(rows, row, 2);
    }
    return content;
}

static const struct world_made *open_for(const struct world *world, const struct result *opened,
                                         const char *id)
{
    for (size_t row = 0; row < result_count(opened); row++) {
        for (int i = 0; strcmp(result_text(opened, row, 0), id) == 0 && i < world->made_count; i++)
            if (strcmp(world->made[i].id, result_text(opened, row, 1)) == 0)
                return &world->made[i];
    }
    return NULL;
}

static void check_robot(struct world *world, int robot, const struct result *contents,
                        const struct result *opened, int64_t generation)
{
    const struct model_map content = read_content(contents, robot);
    char id[16];

    world_robot_id(robot, id);
    const struct world_made *made = open_for(world, opened, id);
    const struct model_map expected = model_content(
        &world->model, robot, made != NULL ? made->layer : 0, made != NULL ? &made->patch : NULL);
    for (int i = 0; i < MODEL_VALUES; i++) {
        if (content.values[i] != expected.values[i])
            print_error("%s: %s is %d, not %d (%s)\n", id, world_values[i], content.values[i],
                        expected.values[i], made != NULL ? made->id : "opened by none");
        assert_int_equal(content.values[i], expected.values[i]);
        if (content.values[i] != world->seen[robot].values[i] &&
            generation <= world->generations[robot])
            fail_msg("%s: %s was %d and is %d, and nobody told it", id, world_values[i],
                     world->seen[robot].values[i], content.values[i]);
    }
    assert_true(generation >= world->generations[robot]);
    world->seen[robot] = content;
    world->generations[robot] = generation;
}

static enum status check_all(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(content, "SELECT device_id::text, name::text, (value #>> '{}')::bigint"
                             " FROM myna.effective_setting WHERE name <> 'routes'"
                             " UNION ALL SELECT device_id, '/software',"
                             "  ((manifest ->> 'document')::jsonb ->> 'version')::bigint"
                             " FROM myna.device_software WHERE NOT withdrawn"
                             " UNION ALL SELECT d.device_id, '/key', v.key_number"
                             "  + myna.key_is_next(v, d.device_id)::integer"
                             " FROM myna.device d JOIN myna.vendor v ON v.vendor_id = 'a'"
                             " JOIN myna.effective_setting e ON e.device_id = d.device_id"
                             "  AND e.name = 'routes' AND e.value @> '[{\"vendor\": \"a\"}]'"
                             " UNION ALL SELECT device_id, '/vendor',"
                             "  (value #>> '{0,vendor}' <> 'a')::integer"
                             " FROM myna.effective_setting WHERE name = 'routes'");
    STORE_STATEMENT(open, "SELECT device_id, rollout_id FROM myna.rollout_device WHERE is_open");
    STORE_STATEMENT(generation, "SELECT desired_generation FROM myna.device_link"
                                " ORDER BY device_id");
    struct world *world = context;
    struct result contents;
    struct result opened;
    struct result generations;

    assert_int_equal(store_exec(conn, &content, STORE_NO_VALUES, &contents), STATUS_OK);
    assert_int_equal(store_exec(conn, &open, STORE_NO_VALUES, &opened), STATUS_OK);
    assert_int_equal(store_exec(conn, &generation, STORE_NO_VALUES, &generations), STATUS_OK);
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        check_robot(world, robot, &contents, &opened, result_int(&generations, (size_t)robot, 0));
    result_release(&contents);
    result_release(&opened);
    result_release(&generations);
    return STATUS_OK;
}

static void check(struct world *world)
{
    assert_int_equal(store_transaction(world->store, check_all, world), STATUS_OK);
}

/* ---- the run ---- */

/* What waits for people is decided one way or the other. */
static void decide(struct world *world, const char *id)
{
    static const enum rollout_event ways_on[] = {ROLLOUT_NEXT, ROLLOUT_RESUME, ROLLOUT_RETRY,
                                                 ROLLOUT_FORCE};

    if (world_roll(world, 3) > 0) {
        for (size_t i = 0; i < sizeof ways_on / sizeof *ways_on; i++)
            if (events_act(world, id, ways_on[i]) == STATUS_OK)
                return;
    }
    assert_int_equal(events_act(world, id, ROLLOUT_ROLL_BACK), STATUS_OK);
}

/* Everybody is there, and after a while what is tried comes through. */
static void let_it_end(struct world *world)
{
    STORE_STATEMENT(active, "SELECT rollout_id, state FROM myna.rollout WHERE state NOT IN"
                            " ('draft', 'completed', 'rolled_back', 'aborted')"
                            " ORDER BY rollout_id");
    size_t left = 1;

    events_return_vendors(world);
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        world_set_online(world, robot, true);
    for (int round = 0; left > 0 && round < END_ROUNDS; round++) {
        struct result rows;

        if (round < FAILING_ROUNDS)
            world_fail(world, 4);
        world_hear(world, 1);
        world->now_ms += 15000;
        events_drive(world);
        assert_int_equal(store_query(world->store, &active, STORE_NO_VALUES, &rows), STATUS_OK);
        left = result_count(&rows);
        for (size_t i = 0; i < left; i++)
            if (strcmp(result_text(&rows, i, 1), "paused") == 0)
                decide(world, result_text(&rows, i, 0));
        result_release(&rows);
        world_follow(world);
        arena_reset(world->arena);
    }
    assert_int_equal(left, 0);
}

static void check_nothing_left(struct world *world)
{
    STORE_STATEMENT(left, "SELECT count(*) FROM myna.rollout_device WHERE is_open OR is_live");
    struct result row;

    assert_int_equal(store_query(world->store, &left, STORE_NO_VALUES, &row), STATUS_OK);
    assert_int_equal(result_int(&row, 0, 0), 0);
    result_release(&row);
}

/* What chance hardly ever does: a key is taken back from robots that had it before. */
static void give_a_key_twice(struct world *world)
{
    events_renew_key(world);
    events_begin_key(world, MODEL_GROUP + world_roll(world, MODEL_GROUPS));
    let_it_end(world);
    check(world);
    const char *again = events_begin_key(world, MODEL_FLEET);
    for (int round = 4 + world_roll(world, 8); round > 0; round--) {
        world_hear(world, 1);
        world->now_ms += 15000;
        events_drive(world);
        arena_reset(world->arena);
    }
    check(world);
    const enum status status = events_act(world, again, ROLLOUT_ROLL_BACK);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
    let_it_end(world);
    check(world);
}

static void run_seed(struct world *world, uint64_t seed)
{
    world_begin(world, seed);
    const int crash_at = world_roll(world, STEPS);
    for (int i = 0; i < MODEL_ROBOTS; i++)
        events_change_membership(world);
    events_change_key(world);
    for (int step = 0; step < STEPS; step++) {
        events_happen(world);
        if (step % CHECK_EVERY == 0)
            check(world);
        if (step == crash_at)
            world_crash(world);
        arena_reset(world->arena);
    }
    let_it_end(world);
    check(world);
    /* what could not be taken back because others had its robots, can now */
    for (int i = 0; i < 3; i++)
        events_take_back(world);
    events_change_key(world);
    let_it_end(world);
    check(world);
    if (seed % KEY_TWICE_EVERY == 0)
        give_a_key_twice(world);
    check_nothing_left(world);
}

static void each_robot_ends_at_what_one_page_computes(void **state)
{
    struct test *test = *state;
    struct world *world = &test->world;

    for (uint64_t seed = test->seeds.first; seed <= test->seeds.last; seed++) {
        print_message("seed %d\n", (int)seed); /* --seed runs it alone */
        run_seed(world, seed);
    }
}

/* One that met nothing of what it is about has shown nothing. */
static void and_has_met_all_that_can_happen(void **state)
{
    const struct test *test = *state;
    const struct world_counts *counts = &test->world.counts;
    const struct {
        const char *what;
        unsigned count;
        bool is_rare; /* not met in every short run */
    } rows[] = {
        {"rollouts of settings completed", counts->completed_of[WORLD_SETTINGS], false},
        {"rollouts of software completed", counts->completed_of[WORLD_SOFTWARE], false},
        {"rollouts of keys completed", counts->completed_of[WORLD_KEY], true},
        {"taken back or dropped", counts->taken_back, false},
        {"reversed", counts->reversed, false},
        {"edits refused", counts->refused, true},
        {"keys ended", counts->keys_ended, false},
        {"keys kept back from who failed them", counts->keys_kept_back, true},
        {"keys left with who had them before", counts->keys_restored, true},
        {"trials that failed for good", counts->failed_for_good, false},
        {"trials to be tried again", counts->failed_to_be_tried_again, false},
        {"robots that kept what they had", counts->kept_old, false},
        {"drains", counts->drains, false},
        {"trials that a drain ended", counts->drained, false},
        {"crashes of the database", counts->crashes, false},
        {"servers killed in the middle", counts->died_in_the_middle, false},
        {"servers killed behind the end", counts->died_behind_the_end, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print_message("%5u %s\n", rows[i].count, rows[i].what);
    const uint64_t seeds = test->seeds.last - test->seeds.first + 1;
    for (size_t i = 0; seeds > 1 && i < sizeof rows / sizeof *rows; i++)
        if (rows[i].count == 0 && (seeds >= SEEDS_LONG || !rows[i].is_rare))
            fail_msg("no %s", rows[i].what);
}

static struct test *the_test(void)
{
    static struct test test;

    return &test;
}

static int set_up(void **state)
{
    *state = the_test();
    return world_start(&the_test()->world) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct test *test = *state;

    world_stop(&test->world);
    return 0;
}

/* --long: a hundred seeds; --seed N: that one; --seeds N M: from N to M. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_robot_ends_at_what_one_page_computes),
        cmocka_unit_test(and_has_met_all_that_can_happen),
    };
    struct seeds *seeds = &the_test()->seeds;

    *seeds = (struct seeds){1, SEEDS};
    if (argc > 1 && strcmp(argv[1], "--long") == 0)
        *seeds = (struct seeds){1, SEEDS_LONG};
    else if (argc > 2 && strcmp(argv[1], "--seed") == 0)
        seeds->first = seeds->last = strtoull(argv[2], NULL, 10);
    else if (argc > 3 && strcmp(argv[1], "--seeds") == 0)
        *seeds = (struct seeds){strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* What a rollout leaves behind, in which order it opens and takes back, and what it keeps its hands
 * off: roll.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/store/rollout_steps.h"
#include "server/store/rollouts.h"
#include "tests/integration/server/roll.h"

/* One wave of all, which needs no answers to be open. */
static struct rollout_plan all_at_once(void)
{
    struct rollout_plan plan = roll_plan(false);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    return plan;
}

static void start(struct roll *roll, const char *id)
{
    assert_int_equal(roll_act(roll, id, ROLLOUT_START), STATUS_OK);
}

static void look_until(struct roll *roll, const char *id, const char *place)
{
    for (int i = 0; i < 40 && strcmp(roll_place(roll, id), place) != 0; i++)
        roll_look(roll, id);
    assert_string_equal(roll_place(roll, id), place);
}

/* ---- who is opened and taken back, and when ---- */

static void those_held_back_are_opened_last_and_as_a_wave_of_their_own(void **state)
{
    struct roll *roll = *state;
    struct rollout_plan plan = all_at_once();

    plan.control_at_least = 2;
    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    ROLL_ASSERT_SQL(
        roll,
        "SELECT string_agg(CASE WHEN is_control THEN 'held' ELSE 'open' END, ' '"
        " ORDER BY place, device_id) FROM myna.rollout_device WHERE is_control <> is_open",
        "open open open open open open held held");
    roll_drive(roll, "roll", "completed", false);
    ROLL_ASSERT_SQL(roll,
                    "SELECT string_agg(DISTINCT concat(wave, is_control), ' ')"
                    " FROM myna.rollout_device WHERE state = 'confirmed'",
                    "1f 2t");
}

static void whoever_was_opened_last_is_taken_back_first(void **state)
{
    struct roll *roll = *state;
    struct rollout_plan plan = roll_plan(false);

    plan.is_by_hand = true;
    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    roll_drive(roll, "roll", "paused", false);
    assert_int_equal(roll_act(roll, "roll", ROLLOUT_NEXT), STATUS_OK);
    look_until(roll, "roll", "running/confirming");
    assert_int_equal(roll_act_as(roll, "operator:anna", "roll", ROLLOUT_ROLL_BACK, 6), STATUS_OK);
    for (int i = 0; i < 10 && strlen(roll_opened(roll)) == 8 * 3 - 1; i++)
        roll_look(roll, "roll");
    /* some are back, and not all */
    ROLL_ASSERT_SQL(roll,
                    "SELECT concat(count(*) FILTER (WHERE is_open) BETWEEN 1 AND 7, ' ',"
                    " bool_and(is_open = (n <= opened))) FROM (SELECT is_open,"
                    "  row_number() OVER (ORDER BY wave, place) AS n,"
                    "  count(*) FILTER (WHERE is_open) OVER () AS opened"
                    "  FROM myna.rollout_device) d",
                    "t t");
}

static void who_was_taken_back_is_not_counted_as_confirmed(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = all_at_once();

    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    assert_int_equal(roll_act(roll, "roll", ROLLOUT_ROLL_BACK), STATUS_OK);
    roll_drive(roll, "roll", "rolled_back", false);
    ROLL_ASSERT_SQL(roll,
                    "SELECT concat(count(*), min(state), max(state), count(settled_at))"
                    " FROM myna.rollout_device",
                    "8revertedreverted8");
}

static void a_later_wave_is_refused_when_preflight_refuses_it_then(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = roll_plan(false);

    roll_create_software(roll, "roll", NULL, "2.0", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    roll_answer(roll, false);
    roll_run(roll, "UPDATE myna.device_link SET capabilities = '[]'");
    look_until(roll, "roll", "paused/publishing/refused");
    ROLL_ASSERT_SQL(roll, "SELECT state_reason FROM myna.rollout",
                    "none of its 8 robots would install it");
    assert_int_equal(strlen(roll_opened(roll)), 5); /* the first two */
    assert_int_equal(roll_act(roll, "roll", ROLLOUT_FORCE), STATUS_CONFLICT);
    roll_run(roll, "UPDATE myna.device_link SET capabilities = '[\"software\"]'");
    assert_int_equal(roll_act(roll, "roll", ROLLOUT_RESUME), STATUS_OK);
    roll_drive(roll, "roll", "completed", false);
}

/* ---- the state ---- */

struct moving {
    struct roll *roll;
    int64_t behind;
};

static enum status move(struct store_conn *conn, void *context)
{
    const struct moving *moving = context;
    const struct rollout_steps_lock lock = {.rollout_id = "roll"};
    const struct rollout_steps_move pause = {.event = ROLLOUT_PAUSE,
                                             .to = ROLLOUT_PAUSED_CONFIRMING,
                                             .wave = 1,
                                             .now_ms = moving->roll->now_ms};
    struct rollout_steps_row row;
    enum status status = rollout_steps_lock(conn, moving->roll->arena, &lock, &row);

    if (status != STATUS_OK)
        return status;
    row.version -= moving->behind;
    return rollout_steps_move(conn, moving->roll->arena, &row, &pause);
}

static void whoever_read_an_older_state_moves_nothing(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = all_at_once();
    struct moving moving = {roll, 1};

    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    assert_int_equal(store_transaction(roll->store, move, &moving), STATUS_CONFLICT);
    assert_string_equal(roll_place(roll, "roll"), "running/confirming");
    moving.behind = 0;
    assert_int_equal(store_transaction(roll->store, move, &moving), STATUS_OK);
    assert_string_equal(roll_place(roll, "roll"), "paused/confirming/operator");
}

/* ---- software of several layers ---- */

static void roll_out_but_to_r3(struct roll *roll, const char *id, const char *group,
                               const char *version, bool r3_fails)
{
    const struct rollout_plan plan = all_at_once();

    roll_create_software(roll, id, group, version, &plan);
    start(roll, id);
    roll_drive(roll, id, "completed", r3_fails);
}

static void roll_out(struct roll *roll, const char *id, const char *group, const char *version)
{
    roll_out_but_to_r3(roll, id, group, version, false);
}

#define VERSIONS                                                                                   \
    "SELECT string_agg(concat(device_id, ' ', packages -> 0 ->> 'version'), ', '"                  \
    " ORDER BY device_id) FROM myna.device_link WHERE device_id IN ('r1', 'r2')"

static void a_group_goes_on_with_its_own_version_and_without_it_with_the_fleets(void **state)
{
    struct roll *roll = *state;
    static const struct author anna = {"operator:anna", "10.0.0.1"};
    char problem[512];

    roll_run(roll, "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
                   "INSERT INTO myna.group_member VALUES ('shop', 'r1')");
    roll_out(roll, "shop", "shop", "2.0");
    roll_out(roll, "all", NULL, "3.0");
    ROLL_ASSERT_SQL(roll, VERSIONS, "r1 2.0, r2 3.0");
    ROLL_ASSERT_SQL(roll,
                    "SELECT string_agg(DISTINCT state, ' ') FROM myna.rollout_device"
                    " WHERE rollout_id = 'all'",
                    "confirmed");
    assert_int_equal(
        rollouts_reverse(roll->store, &anna, "shop", 0, roll->arena, &roll->document, problem),
        STATUS_OK);
    look_until(roll, "shop-back", "running/confirming");
    roll_answer(roll, false); /* while it is taken back, as afterwards */
    ROLL_ASSERT_SQL(roll, VERSIONS, "r1 3.0, r2 3.0");
    roll_drive(roll, "shop-back", "completed", false);
    ROLL_ASSERT_SQL(roll, VERSIONS, "r1 3.0, r2 3.0");
}

#define R3_HAS                                                                                     \
    "SELECT (manifest ->> 'document')::jsonb ->> 'version' || CASE WHEN withdrawn THEN ' less'"    \
    " ELSE '' END FROM myna.device_software WHERE device_id = 'r3'"

static void who_failed_software_twice_keeps_what_it_had_at_first(void **state)
{
    struct roll *roll = *state;

    roll_out(roll, "first", NULL, "1.0");
    roll_out_but_to_r3(roll, "second", NULL, "2.0", true);
    ROLL_ASSERT_SQL(roll, R3_HAS, "1.0");
    roll_out_but_to_r3(roll, "third", NULL, "3.0", true);
    ROLL_ASSERT_SQL(roll, R3_HAS, "1.0");
    roll_answer(roll, false);
    roll_out(roll, "fourth", NULL, "4.0");
    ROLL_ASSERT_SQL(roll, R3_HAS, "4.0");
}

static void who_failed_a_groups_first_software_keeps_the_fleets(void **state)
{
    struct roll *roll = *state;

    roll_run(roll, "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
                   "INSERT INTO myna.group_member VALUES ('shop', 'r1'), ('shop', 'r3')");
    roll_out(roll, "all", NULL, "1.0");
    roll_out_but_to_r3(roll, "shop", "shop", "2.0", true);
    ROLL_ASSERT_SQL(roll, R3_HAS, "1.0");
}

/* ---- what is left when it is over ---- */

static void complete(struct roll *roll, const char *patch, bool r3_fails)
{
    const struct rollout_plan plan = all_at_once();

    roll_create(roll, "roll", NULL, patch, &plan);
    start(roll, "roll");
    roll_drive(roll, "roll", "completed", r3_fails);
}

static void what_was_completed_stands_in_the_layers_history_and_knows_what_was_before(void **state)
{
    struct roll *roll = *state;

    roll_run(roll, "UPDATE myna.layer SET settings = settings || '{\"volume\": 50}'");
    complete(roll, "{\"volume\": 3, \"persona\": \"kind\"}", false);
    ROLL_ASSERT_SQL(roll,
                    "SELECT concat_ws(' ', h.settings ->> 'volume', h.settings ->> 'persona',"
                    "  h.changed_by, h.settings = l.settings)"
                    " FROM myna.layer l JOIN myna.layer_revision h USING (layer_id, revision)"
                    " WHERE layer_id = 'fleet'",
                    "3 kind operator:anna t");
    ROLL_ASSERT_SQL(roll, "SELECT before::text FROM myna.rollout",
                    "{\"volume\": 50, \"persona\": null}");
}

static void who_failed_keeps_what_it_had_in_a_layer_of_its_own(void **state)
{
    struct roll *roll = *state;

    roll_run(roll, "UPDATE myna.layer SET settings = settings || '{\"volume\": 50}'");
    complete(roll, "{\"volume\": 3, \"history_turns\": 2}", true);
    ROLL_ASSERT_SQL(roll,
                    "SELECT string_agg(concat_ws(' ', layer_id, settings, changed_by), ', ')"
                    " FROM myna.layer WHERE device_id IS NOT NULL",
                    "device:r3 {\"volume\": 50, \"history_turns\": 6} rollout:roll");
    ROLL_ASSERT_SQL(roll,
                    "SELECT string_agg(DISTINCT concat(device_id = 'r3', value), ' ')"
                    " FROM myna.effective_setting WHERE name = 'volume'",
                    "f3 t50");
}

/* r8 was out of reach, r3 failed, and r7 joined when it was nearly over. */
static void at_the_end_whoever_was_not_confirmed_is_told_and_nobody_else(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = all_at_once();

    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    roll_run(roll, "UPDATE myna.device_link SET session_hello = false,"
                   " last_seen = now() - interval '3 hours' WHERE device_id = 'r8';"
                   "UPDATE myna.device SET status = 'quarantined' WHERE device_id = 'r7'");
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    for (int i = 0; i < 40 && strcmp(roll_place(roll, "roll"), "running/judging") != 0; i++) {
        roll_answer(roll, true);
        roll_run(roll, "UPDATE myna.device_link SET reported_generation = 0"
                       " WHERE device_id = 'r8'");
        roll_look(roll, "roll");
    }
    roll_run(roll, "UPDATE myna.device SET status = 'active' WHERE device_id = 'r7';"
                   "DROP TABLE IF EXISTS before_end; CREATE TEMP TABLE before_end AS"
                   " SELECT device_id, desired_generation FROM myna.device_link");
    /* no time to join */
    assert_int_equal(roll_try_look(roll, "roll"), STATUS_OK);
    assert_string_equal(roll_place(roll, "roll"), "completed");
    struct result row;
    STORE_STATEMENT(told, "SELECT string_agg(device_id, ' ' ORDER BY device_id)"
                          " FROM myna.device_link l JOIN before_end b USING (device_id)"
                          " WHERE l.desired_generation > b.desired_generation");
    assert_int_equal(store_exec(roll->conn, &told, STORE_NO_VALUES, &row), STATUS_OK);
    assert_string_equal(result_text(&row, 0, 0), "r3 r7 r8");
    result_release(&row);
}

/* The history of its name is still there. */
static void a_group_that_is_made_anew_takes_a_rollout_like_the_first(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = all_at_once();
    static const char *const ids[] = {"first", "second"};

    for (int i = 0; i < 2; i++) {
        roll_run(roll, "DELETE FROM myna.device_group;"
                       "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
                       "INSERT INTO myna.group_member VALUES ('shop', 'r1')");
        roll_create(roll, ids[i], "shop", "{\"volume\": 3}", &plan);
        start(roll, ids[i]);
        roll_drive(roll, ids[i], "completed", false);
    }
    ROLL_ASSERT_SQL(roll,
                    "SELECT concat(l.revision, ' ', count(*)) FROM myna.layer l"
                    " JOIN myna.layer_revision USING (layer_id)"
                    " WHERE layer_id = 'group:shop' GROUP BY l.revision",
                    "2 2");
}

static void its_robots_are_free_for_the_next_one(void **state)
{
    struct roll *roll = *state;
    const struct rollout_plan plan = all_at_once();

    complete(roll, "{\"volume\": 3}", false);
    ROLL_ASSERT_SQL(roll, "SELECT count(*)::text FROM myna.rollout_device WHERE is_live OR is_open",
                    "0");
    roll_create(roll, "after", NULL, "{\"volume\": 4}", &plan);
    start(roll, "after");
    roll_drive(roll, "after", "completed", false);
}

static void whoever_waits_for_it_is_looked_at_at_once(void **state)
{
    struct roll *roll = *state;
    struct rollout_plan plan = all_at_once();

    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    plan.queues = true;
    roll_create(roll, "waits", NULL, "{\"volume\": 4}", &plan);
    start(roll, "waits");
    look_until(roll, "waits", "waiting");
    roll_run(roll, "UPDATE myna.rollout SET due_at = '2999-01-01' WHERE rollout_id = 'waits'");
    roll_drive(roll, "roll", "completed", false);
    ROLL_ASSERT_SQL(roll,
                    "SELECT (due_at <= now())::text FROM myna.rollout"
                    " WHERE rollout_id = 'waits'",
                    "true");
    roll_drive(roll, "waits", "completed", false);
}

static void whoever_waits_longest_is_looked_at_first(void **state)
{
    struct roll *roll = *state;
    struct rollout_plan plan = all_at_once();
    static const char *const waiting[] = {"second", "first"}; /* their names say the contrary */
    const char *ids[4];
    size_t count;

    roll_create(roll, "roll", NULL, "{\"volume\": 3}", &plan);
    start(roll, "roll");
    look_until(roll, "roll", "running/confirming");
    plan.queues = true;
    for (int i = 0; i < 2; i++) {
        roll_create(roll, waiting[i], NULL, "{\"volume\": 4}", &plan);
        start(roll, waiting[i]);
        look_until(roll, waiting[i], "waiting");
        roll->now_ms += 1000;
    }
    roll_drive(roll, "roll", "completed", false);
    assert_int_equal(
        rollout_steps_due(roll->store, INT64_C(4000000000000), roll->arena, ids, 4, &count),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_string_equal(ids[0], "second");
    assert_string_equal(ids[1], "first");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, roll_begin)
    const struct CMUnitTest tests[] = {
        TEST(those_held_back_are_opened_last_and_as_a_wave_of_their_own),
        TEST(whoever_was_opened_last_is_taken_back_first),
        TEST(who_was_taken_back_is_not_counted_as_confirmed),
        TEST(a_later_wave_is_refused_when_preflight_refuses_it_then),
        TEST(whoever_read_an_older_state_moves_nothing),
        TEST(a_group_goes_on_with_its_own_version_and_without_it_with_the_fleets),
        TEST(who_failed_software_twice_keeps_what_it_had_at_first),
        TEST(who_failed_a_groups_first_software_keeps_the_fleets),
        TEST(what_was_completed_stands_in_the_layers_history_and_knows_what_was_before),
        TEST(who_failed_keeps_what_it_had_in_a_layer_of_its_own),
        TEST(at_the_end_whoever_was_not_confirmed_is_told_and_nobody_else),
        TEST(a_group_that_is_made_anew_takes_a_rollout_like_the_first),
        TEST(its_robots_are_free_for_the_next_one),
        TEST(whoever_waits_for_it_is_looked_at_at_once),
        TEST(whoever_waits_longest_is_looked_at_first),
    };

    return cmocka_run_group_tests(tests, roll_set_up, roll_tear_down);
}

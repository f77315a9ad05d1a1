/* Rollouts of keys, when robots are opened and what becomes of them: roll.h. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/jobs/rollout_look.h"
#include "server/store/drains.h"
#include "server/store/rollout_key.h"
#include "server/store/rollouts.h"
#include "server/store/routes.h"
#include "server/store/vendor_keys.h"
#include "tests/integration/server/roll.h"

static const struct author anna = {"operator:anna", "10.0.0.1"};

static void create(struct roll *fixture, const char *id, const char *patch, bool test)
{
    const struct rollout_plan plan = roll_plan(test);

    roll_create(fixture, id, NULL, patch, &plan);
}

/* Robots whose configuration has that key of vendor "a", and whether their trial is about it. */
static char *holders(struct roll *fixture, const char *key, bool in_trial)
{
    static const char *const ids[ROLL_ROBOTS] = {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"};
    static char names[64];
    struct routes_row *rows;
    size_t count, size = 0;

    names[0] = '\0';
    assert_int_equal(routes_read(fixture->conn, fixture->arena, ids, ROLL_ROBOTS, &rows, &count),
                     STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].vendor_id, "a") != 0 || rows[i].rollout_id[0] ||
            !span_equal(rows[i].key_wrapped, span_text(key)))
            continue;
        size_t last = i;
        while (last + 1 < count && strcmp(rows[last + 1].device_id, rows[i].device_id) == 0)
            last++;
        const bool is_tried = rows[last].rollout_id[0] && strcmp(rows[last].vendor_id, "a") == 0;
        if (is_tried == in_trial)
            size += (size_t)snprintf(names + size, sizeof names - size, "%s%s", size ? " " : "",
                                     rows[i].device_id);
    }
    return names;
}

static int64_t next(struct roll *fixture, const char *member)
{
    json_free(fixture->json);
    fixture->json = NULL;
    assert_int_equal(vendor_keys_get(fixture->store, "a", fixture->arena, &fixture->document),
                     STATUS_OK);
    assert_int_equal(json_parse(fixture->document.json, &fixture->json, NULL), STATUS_OK);
    return json_int(json_member(json_member(fixture->json, "next"), member), -1);
}

static enum status finish(struct roll *fixture, const char *reason, char problem[400])
{
    problem[0] = '\0';
    return vendor_keys_finish(fixture->store, &anna, "a", reason, fixture->arena,
                              &fixture->document, problem);
}

/* ---- keys ---- */

static void a_next_key_goes_out_in_waves_that_try_it(void **state)
{
    struct roll *fixture = *state;
    char first[400], problem[400];

    create(fixture, "rotate", NULL, true);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 10 && roll_opened(fixture)[0] == '\0'; i++)
        roll_look(fixture, "rotate");
    snprintf(first, sizeof first, "%s", roll_opened(fixture));
    assert_int_equal(strlen(first), 5); /* two of eight */
    assert_string_equal(holders(fixture, "next", true), first);
    assert_string_equal(holders(fixture, "next", false), "");
    assert_int_equal(next(fixture, "given"), 2);
    assert_int_equal(next(fixture, "carried"), 0);
    assert_string_equal(json_text(json_member(json_member(fixture->json, "next"), "rollout"), ""),
                        "rotate");

    roll_drive(fixture, "rotate", "completed", false);
    assert_string_equal(holders(fixture, "next", false), "r1 r2 r3 r4 r5 r6 r7 r8");
    assert_int_equal(next(fixture, "carried"), ROLL_ROBOTS);
    assert_int_equal(finish(fixture, NULL, problem), STATUS_OK);
    ROLL_ASSERT_SQL(fixture,
                    "SELECT convert_from(key_wrapped, 'UTF8') || ' ' || key_number"
                    " FROM myna.vendor WHERE vendor_id = 'a'",
                    "next 2");
}

static void whoever_comes_after_a_rotation_has_the_next_key_at_once(void **state)
{
    struct roll *fixture = *state;

    create(fixture, "rotate", NULL, true);
    roll_run(fixture, "UPDATE myna.device SET status = 'quarantined' WHERE device_id = 'r8'");
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    roll_drive(fixture, "rotate", "completed", false);
    /* in quarantine nobody is a member, and it is given the key all the same */
    assert_string_equal(holders(fixture, "next", false), "r1 r2 r3 r4 r5 r6 r7 r8");
    assert_int_equal(next(fixture, "missing"), 0);
    assert_int_equal(next(fixture, "given"), ROLL_ROBOTS);
    ROLL_ASSERT_SQL(
        fixture, "SELECT count(*)::text FROM myna.vendor_key_device WHERE generation IS NULL", "0");
    roll_run(fixture, "UPDATE myna.device SET status = 'active' WHERE device_id = 'r8';"
                      "DELETE FROM myna.vendor_key_device WHERE device_id = 'r8'");
    assert_string_equal(holders(fixture, "next", false), "r1 r2 r3 r4 r5 r6 r7 r8");
}

static void a_robot_whose_trial_failed_holds_the_old_key_and_is_named(void **state)
{
    struct roll *fixture = *state;
    char problem[400];

    create(fixture, "rotate", NULL, true);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    roll_drive(fixture, "rotate", "completed", true);
    roll_answer(fixture, false); /* of the old key */
    assert_string_equal(holders(fixture, "old", false), "r3");
    assert_int_equal(next(fixture, "kept_back"), 1);
    assert_int_equal(next(fixture, "missing"), 1);
    assert_int_equal(next(fixture, "carried"), ROLL_ROBOTS - 1);
    assert_int_equal(finish(fixture, NULL, problem), STATUS_CONFLICT);
    assert_string_equal(problem, "1 robot may hold the old key: r3");
    assert_int_equal(finish(fixture, "it is broken", problem), STATUS_OK);
    ROLL_ASSERT_SQL(fixture,
                    "SELECT (desired_generation > reported_generation)::text"
                    " FROM myna.device_link WHERE device_id = 'r3'",
                    "true");
}

static void a_rotation_that_is_taken_back_leaves_nobody_with_the_next_key(void **state)
{
    struct roll *fixture = *state;
    char problem[400];

    create(fixture, "rotate", NULL, true);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 10 && roll_opened(fixture)[0] == '\0'; i++)
        roll_look(fixture, "rotate");
    /* by hand nobody meddles meanwhile */
    assert_int_equal(
        vendor_keys_switch(fixture->store, &anna, "a", "1", fixture->arena, &fixture->document),
        STATUS_DENIED);
    assert_int_equal(
        vendor_keys_drop(fixture->store, &anna, "a", fixture->arena, &fixture->document),
        STATUS_DENIED);
    assert_int_equal(finish(fixture, "now", problem), STATUS_DENIED);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_ROLL_BACK), STATUS_OK);
    roll_drive(fixture, "rotate", "rolled_back", false);
    assert_string_equal(holders(fixture, "old", false), "r1 r2 r3 r4 r5 r6 r7 r8");
    assert_int_equal(next(fixture, "given"), 0);
    assert_int_equal(next(fixture, "kept_back"), 0);
    assert_int_equal(
        vendor_keys_drop(fixture->store, &anna, "a", fixture->arena, &fixture->document),
        STATUS_OK);
}

static void a_key_that_changed_or_goes_out_by_shares_is_refused(void **state)
{
    struct roll *fixture = *state;
    STORE_STATEMENT(place, "SELECT state || ': ' || state_reason FROM myna.rollout");

    create(fixture, "rotate", NULL, true);
    assert_int_equal(
        vendor_keys_switch(fixture->store, &anna, "a", "0.10", fixture->arena, &fixture->document),
        STATUS_OK);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    roll_look(fixture, "rotate");
    assert_non_null(
        strstr(roll_text(fixture, &place, NULL), "draft: a share of the robots has the next key"));
    assert_int_equal(
        vendor_keys_drop(fixture->store, &anna, "a", fixture->arena, &fixture->document),
        STATUS_OK);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    roll_look(fixture, "rotate");
    assert_non_null(
        strstr(roll_text(fixture, &place, NULL), "draft: vendor \"a\" has no next key now"));
}

static enum status hold(struct store_conn *conn, void *context)
{
    const struct rollout_steps_row row = {.rollout_id = context, .is_key = true};

    return rollout_key_hold(conn, &row);
}

/* Shares may have begun between pre-flight and the first robot. */
static void a_key_that_is_not_as_it_was_is_not_given(void **state)
{
    struct roll *fixture = *state;
    char id[] = "rotate";

    create(fixture, id, NULL, true);
    assert_int_equal(store_transaction(fixture->store, hold, id), STATUS_OK);
    roll_run(fixture, "UPDATE myna.vendor SET next_key_share = 0.1 WHERE vendor_id = 'a'");
    assert_int_equal(store_transaction(fixture->store, hold, id), STATUS_NOT_FOUND);
    roll_run(fixture,
             "UPDATE myna.vendor SET next_key_share = 0, key_number = 2 WHERE vendor_id = 'a'");
    assert_int_equal(store_transaction(fixture->store, hold, id), STATUS_NOT_FOUND);
    roll_run(fixture, "UPDATE myna.vendor SET key_number = 1, next_key_wrapped = NULL"
                      " WHERE vendor_id = 'a'");
    assert_int_equal(store_transaction(fixture->store, hold, id), STATUS_NOT_FOUND);
}

static void make_group(struct roll *fixture, const char *members)
{
    char sql[200];

    snprintf(sql, sizeof sql,
             "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
             "INSERT INTO myna.group_member SELECT 'shop', unnest('{%s}'::text[])",
             members);
    roll_run(fixture, sql);
}

static void who_had_the_next_key_has_it_when_a_later_rotation_is_taken_back(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(true);

    make_group(fixture, "r1,r2");
    roll_create(fixture, "first", "shop", NULL, &plan);
    assert_int_equal(roll_act(fixture, "first", ROLLOUT_START), STATUS_OK);
    roll_drive(fixture, "first", "completed", false);
    assert_string_equal(holders(fixture, "next", false), "r1 r2");
    create(fixture, "all", NULL, true);
    assert_int_equal(roll_act(fixture, "all", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 40 && strlen(roll_opened(fixture)) < 8 * 3 - 1; i++) {
        roll_look(fixture, "all");
        roll_answer(fixture, false);
    }
    assert_int_equal(roll_act(fixture, "all", ROLLOUT_ROLL_BACK), STATUS_OK);
    roll_drive(fixture, "all", "rolled_back", false);
    assert_string_equal(holders(fixture, "next", false), "r1 r2");
    assert_int_equal(next(fixture, "carried"), 2);
    /* and another next key would be none that they were told of */
    assert_int_equal(vendor_keys_put(fixture->store, &anna, "a", span_text("third"), fixture->arena,
                                     &fixture->document),
                     STATUS_EXISTS);
}

static void who_leaves_a_rotation_gives_the_key_back_by_a_new_generation(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(false);

    make_group(fixture, "r1,r2,r4,r5");
    roll_create(fixture, "some", "shop", NULL, &plan);
    assert_int_equal(roll_act(fixture, "some", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 40 && strlen(roll_opened(fixture)) < 4 * 3 - 1; i++) {
        roll_look(fixture, "some");
        roll_answer(fixture, false);
    }
    assert_string_equal(holders(fixture, "next", false), "r1 r2 r4 r5");
    roll_answer(fixture, false);
    roll_run(fixture, "DELETE FROM myna.group_member WHERE device_id = 'r4'");
    roll_look(fixture, "some");
    assert_string_equal(holders(fixture, "next", false), "r1 r2 r5");
    ROLL_ASSERT_SQL(fixture,
                    "SELECT string_agg(device_id, ' ') FROM myna.device_link"
                    " WHERE reported_generation < desired_generation",
                    "r4");
}

/* ---- when ---- */

static void start(struct roll *fixture, const struct rollout_plan *plan)
{
    roll_create(fixture, "slow", NULL, "{\"volume\": 3}", plan);
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 4; i++)
        roll_look(fixture, "slow");
}

static void nobody_is_opened_in_a_blackout(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);

    plan.blackouts[0] =
        (struct rollout_plan_blackout){fixture->now_ms - 1000, fixture->now_ms + 3600000};
    plan.blackout_count = 1;
    start(fixture, &plan);
    assert_string_equal(roll_opened(fixture), "");
    fixture->now_ms += 3600000;
    roll_look(fixture, "slow");
    assert_int_equal(strlen(roll_opened(fixture)), 5);
}

#define HELD                                                                                       \
    "SELECT coalesce(item -> 'held' ->> 'by' || ', ' || (item -> 'held' ->> 'reason'), 'not')"     \
    " FROM myna.rollout_item WHERE rollout_id = 'slow'"

static void nobody_is_opened_in_a_blackout_of_the_calendar_whatever_the_plan_says(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(false);

    roll_run(fixture, "INSERT INTO myna.blackout (from_at, until_at, reason, created_by) VALUES"
                      " (now() - interval '2 h', now() - interval '1 h', 'over', 'test'),"
                      " (now() + interval '2 h', now() + interval '3 h', 'not yet', 'test'),"
                      " (now() - interval '1 h', now() + interval '1 h', 'fair', 'test')");
    start(fixture, &plan);
    assert_string_equal(roll_opened(fixture), "");
    ROLL_ASSERT_SQL(fixture, HELD, "blackout, fair");
    roll_run(fixture, "DELETE FROM myna.blackout WHERE reason = 'fair'");
    roll_look(fixture, "slow");
    assert_int_equal(strlen(roll_opened(fixture)), 5);
    ROLL_ASSERT_SQL(fixture, HELD, "not");
    roll_run(fixture, "DELETE FROM myna.blackout");
}

/* Until the hours of the one that is next. */
static void a_rollout_says_until_when_its_hours_are_shut(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);
    const int now_min = (int)(fixture->now_ms / 60000 % 1440);

    plan.windows[0] = (struct local_time_hours){(now_min + 120) % 1440, (now_min + 180) % 1440};
    plan.window_count = 1;
    start(fixture, &plan);
    assert_string_equal(roll_opened(fixture), "");
    ROLL_ASSERT_SQL(
        fixture,
        "SELECT item -> 'held' ->> 'by' || ' ' || ((item -> 'held' ->> 'until')"
        "::timestamptz BETWEEN now() + interval '118 min' AND now() + interval '121 min')"
        " FROM myna.rollout_item WHERE rollout_id = 'slow'",
        "window true");
}

/* Half the day, by the robots' own clocks: r1 and r2 live twelve hours away from the others, the
 * one by its setting, the other by its own word, which counts for nothing where there is a setting.
 */
static void a_robot_is_opened_in_its_own_hours_alone(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);
    const int now_min = (int)(fixture->now_ms / 60000 % 1440);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.windows[0] = (struct local_time_hours){(now_min + 1380) % 1440, (now_min + 300) % 1440};
    plan.window_count = 1;
    roll_run(fixture, "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by) VALUES"
                      " ('device:r1', 'r1', '{\"zone\": \"+12:00\"}', 'test'),"
                      " ('device:r3', 'r3', '{\"zone\": \"+00:00\"}', 'test'),"
                      " ('device:r4', 'r4', '{\"zone\": \"\"}', 'test');"
                      "UPDATE myna.device_link SET utc_offset = CASE device_id WHEN 'r1' THEN"
                      " '+00:00' ELSE '-12:00' END WHERE device_id IN ('r1', 'r2', 'r3', 'r4')");
    start(fixture, &plan);
    assert_string_equal(roll_opened(fixture), "r3 r5 r6 r7 r8");
    fixture->now_ms += INT64_C(12) * 3600000;
    roll_look(fixture, "slow");
    assert_string_equal(roll_opened(fixture), "r1 r2 r4");
    roll_run(fixture, "DELETE FROM myna.layer WHERE device_id IN ('r1', 'r3', 'r4');"
                      "UPDATE myna.device_link SET utc_offset = NULL");
}

/* The hour before the one that is open, until the clock of r2 is put forward. */
static void a_robot_whose_clock_is_put_forward_is_opened_by_the_new_hour(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);
    const int now_min = (int)(fixture->now_ms / 60000 % 1440);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.windows[0] = (struct local_time_hours){(now_min + 90) % 1440, (now_min + 180) % 1440};
    plan.window_count = 1;
    roll_run(fixture, "UPDATE myna.device_link SET utc_offset = '+01:00'");
    start(fixture, &plan);
    assert_string_equal(roll_opened(fixture), "");
    roll_run(fixture, "UPDATE myna.device_link SET utc_offset = '+02:00' WHERE device_id = 'r2'");
    roll_look(fixture, "slow");
    assert_string_equal(roll_opened(fixture), "r2");
    roll_run(fixture, "UPDATE myna.device_link SET utc_offset = NULL");
}

static void robots_are_opened_no_faster_than_the_plan_says(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.rate_per_minute = 2; /* one for each look of 31 s */
    start(fixture, &plan);
    const size_t at_first = (strlen(roll_opened(fixture)) + 1) / 3;
    roll_look(fixture, "slow");
    const size_t then = (strlen(roll_opened(fixture)) + 1) / 3;
    assert_true(at_first > 0 && at_first < 5);
    assert_int_equal(then, at_first + 1);
}

static void a_rollout_whose_group_is_gone_is_aborted_and_frees_its_robots(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(false);

    roll_run(fixture, "INSERT INTO myna.device_group (group_id, priority) VALUES ('shop', 1);"
                      "INSERT INTO myna.group_member VALUES ('shop', 'r1'), ('shop', 'r2'),"
                      " ('shop', 'r3'), ('shop', 'r4')");
    roll_create(fixture, "shop", "shop", "{\"volume\": 3}", &plan);
    assert_int_equal(roll_act(fixture, "shop", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 4; i++)
        roll_look(fixture, "shop");
    assert_int_equal(strlen(roll_opened(fixture)), 2);
    roll_run(fixture, "DELETE FROM myna.device_group WHERE group_id = 'shop'");
    roll_look(fixture, "shop");
    ROLL_ASSERT_SQL(fixture, "SELECT concat(state, ': ', state_reason) FROM myna.rollout",
                    "aborted: its group was deleted");
    ROLL_ASSERT_SQL(fixture, "SELECT count(*)::text FROM myna.rollout_device WHERE is_live", "0");
}

/* ---- what becomes of them ---- */

/* Whoever is opened says that its trial of so many generations ago failed. */
static void fail_trials(struct roll *fixture, const char *ago, const char *retryable)
{
    char sql[400];

    snprintf(sql, sizeof sql,
             "UPDATE myna.device_link l SET trial = jsonb_build_object('generation',"
             " l.desired_generation - %s, 'verdict', 'failed', 'reason', 'http=500', 'retryable',"
             " %s) FROM myna.rollout_device o WHERE o.device_id = l.device_id AND o.is_open",
             ago, retryable);
    roll_run(fixture, sql);
}

#define FARES                                                                                      \
    "SELECT coalesce(string_agg(DISTINCT concat(state, ' ', tries), ', '), '')"                    \
    " FROM myna.rollout_device WHERE opened_at IS NOT NULL"

static void a_trial_fails_by_what_is_said_of_this_generation(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    start(fixture, &plan);
    fail_trials(fixture, "1", "false"); /* of one before */
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "opened 1");
    fail_trials(fixture, "0", "false");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "failed 1");
}

static void what_may_pass_is_tried_again_as_often_as_planned(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.retries = 1;
    start(fixture, &plan);
    fail_trials(fixture, "0", "true");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "opened 2");
    fail_trials(fixture, "0", "true");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "failed 2");
}

static void what_cannot_pass_is_not_tried_again(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.retries = 1;
    start(fixture, &plan);
    fail_trials(fixture, "0", "false");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "failed 1");
}

static void a_robot_is_out_of_reach_when_it_was_silent_for_long(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);

    plan.unreachable_after_s = 7200;
    roll_run(fixture, "UPDATE myna.device_link SET session_hello = false,"
                      " last_seen = now() - interval '1 hour'");
    start(fixture, &plan);
    ROLL_ASSERT_SQL(fixture, FARES, "opened 1");
    roll_run(fixture, "UPDATE myna.device_link SET last_seen = now() - interval '3 hours'");
    roll_look(fixture, "slow");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "unreachable 1");
}

/* ---- another try ---- */

#define OPENED_ROBOTS(fixture) ((strlen(roll_opened(fixture)) + 1) / 3)

static void what_fails_in_a_blackout_is_tried_again_after_it(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.retries = 1;
    plan.blackouts[0] =
        (struct rollout_plan_blackout){fixture->now_ms + 150000, fixture->now_ms + 3600000};
    plan.blackout_count = 1;
    start(fixture, &plan);
    ROLL_ASSERT_SQL(fixture, FARES, "opened 1");
    fail_trials(fixture, "0", "true");
    fixture->now_ms = plan.blackouts[0].from_ms;
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "waiting 1");
    assert_string_equal(roll_opened(fixture), "");
    fixture->now_ms = plan.blackouts[0].to_ms;
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "opened 2");
}

/* However many days it lasts: nothing stalls that may not move. */
static void a_blackout_while_robots_wait_for_another_try_is_no_standstill(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.retries = 1;
    plan.blackouts[0] = (struct rollout_plan_blackout){fixture->now_ms + 200000,
                                                       fixture->now_ms + INT64_C(9) * 24 * 3600000};
    plan.blackout_count = 1;
    start(fixture, &plan);
    roll_look(fixture, "slow");
    assert_string_equal(roll_place(fixture, "slow"), "running/confirming");
    fail_trials(fixture, "0", "true");
    fixture->now_ms = plan.blackouts[0].to_ms - 3600000;
    roll_look(fixture, "slow");
    roll_look(fixture, "slow");
    assert_string_equal(roll_place(fixture, "slow"), "running/confirming");
    ROLL_ASSERT_SQL(fixture, FARES, "waiting 1");
}

static void a_retry_by_hand_keeps_to_the_hours_of_the_plan(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);
    const int now_min = (int)(fixture->now_ms / 60000 % 1440);

    plan.windows[0] = (struct local_time_hours){(now_min + 1380) % 1440, (now_min + 60) % 1440};
    plan.window_count = 1;
    start(fixture, &plan);
    fail_trials(fixture, "0", "false");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "failed 1");
    fixture->now_ms += INT64_C(12) * 3600000;
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_RETRY), STATUS_OK);
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "waiting 1");
    fixture->now_ms += INT64_C(12) * 3600000;
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "opened 2");
}

static void robots_are_tried_again_no_faster_than_the_plan_says(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.rate_per_minute = 2; /* one for each look of 31 s */
    start(fixture, &plan);
    for (int i = 0; i < ROLL_ROBOTS; i++)
        roll_look(fixture, "slow");
    assert_int_equal(OPENED_ROBOTS(fixture), ROLL_ROBOTS);
    fail_trials(fixture, "0", "false");
    roll_look(fixture, "slow");
    assert_string_equal(roll_opened(fixture), "");
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_RETRY), STATUS_OK);
    roll_look(fixture, "slow");
    assert_int_equal(OPENED_ROBOTS(fixture), 1);
    roll_look(fixture, "slow");
    assert_int_equal(OPENED_ROBOTS(fixture), 2);
}

/* Wave 1 failed and was let pass; wave 2 is open when it is tried again. */
static void robots_of_an_earlier_wave_are_tried_again_as_well(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(true);
    STORE_STATEMENT(place, "SELECT concat(step, wave) FROM myna.rollout");

    start(fixture, &plan);
    fail_trials(fixture, "0", "false");
    for (int i = 0; i < 10 && strcmp(roll_text(fixture, &place, NULL), "confirming2") != 0; i++)
        roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, FARES, "failed 1, opened 1");
    roll_answer(fixture, false);
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_RETRY), STATUS_OK);
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture,
                    "SELECT string_agg(DISTINCT concat(wave, state, tries), ' ')"
                    " FROM myna.rollout_device",
                    "1opened2 2confirmed1");
}

/* Forced to its end meanwhile, it has failed: it keeps what it had, in a layer of its own. */
static void who_waits_for_another_try_at_the_end_has_failed(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.soak_s = 86400;
    start(fixture, &plan);
    roll_look(fixture, "slow");
    fail_trials(fixture, "0", "false");
    roll_run(fixture, "UPDATE myna.device_link SET trial = '{}' WHERE device_id <> 'r3'");
    roll_answer(fixture, true);
    roll_look(fixture, "slow");
    roll_look(fixture, "slow");
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_RETRY), STATUS_OK);
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_FORCE), STATUS_OK);
    ROLL_ASSERT_SQL(fixture,
                    "SELECT concat(r.state, ' ', o.state, ' ', l.settings ->> 'volume')"
                    " FROM myna.rollout r JOIN myna.rollout_device o USING (rollout_id)"
                    " LEFT JOIN myna.layer l ON l.device_id = o.device_id"
                    " WHERE o.device_id = 'r3'",
                    "completed failed 70");
}

/* As whoever failed for good: it installs nothing meanwhile, and holds the old key. */
static void who_waits_for_another_try_is_told_of_no_software(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(true);

    plan.retries = 1;
    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    plan.blackouts[0] =
        (struct rollout_plan_blackout){fixture->now_ms + 150000, fixture->now_ms + 3600000};
    plan.blackout_count = 1;
    roll_create_software(fixture, "mood", NULL, "2", &plan);
    assert_int_equal(roll_act(fixture, "mood", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 5; i++)
        roll_look(fixture, "mood");
    assert_int_equal(OPENED_ROBOTS(fixture), ROLL_ROBOTS);
    fail_trials(fixture, "0", "true");
    roll_look(fixture, "mood");
    ROLL_ASSERT_SQL(fixture,
                    "SELECT string_agg(DISTINCT concat(o.state, s.withdrawn), ' ')"
                    " FROM myna.rollout_device o LEFT JOIN myna.device_software s"
                    " USING (device_id)",
                    "waitingt");
}

/* ---- drains ---- */

static void lead_away(struct roll *fixture, struct store *store, enum status expected)
{
    const struct drains_order order = {
        .vendor_id = "a", .kind = "emergency", .reason = "down", .now_ms = clock_wall_ms()};
    struct document drain;
    struct arena *arena;

    (void)fixture;
    assert_int_equal(arena_create(&arena, 1u << 20), STATUS_OK);
    assert_int_equal(drains_start(store, &anna, &order, arena, &drain), expected);
    arena_free(arena);
}

static void a_drain_takes_the_next_key_from_whoever_was_to_try_it(void **state)
{
    struct roll *fixture = *state;

    create(fixture, "rotate", NULL, true);
    assert_int_equal(roll_act(fixture, "rotate", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 10 && roll_opened(fixture)[0] == '\0'; i++)
        roll_look(fixture, "rotate");
    lead_away(fixture, fixture->store, STATUS_OK);
    assert_string_equal(roll_opened(fixture), "");
    ROLL_ASSERT_SQL(fixture, "SELECT count(*)::text FROM myna.vendor_key_device", "0");
    roll_look(fixture, "rotate");
    assert_string_equal(roll_opened(fixture), "");
}

#define AWAY                                                                                       \
    "{\"routes\":[{\"vendor\":\"b\",\"model\":\"n\",\"contract\":\"b\"},"                          \
    " {\"vendor\":\"a\",\"model\":\"m\",\"contract\":\"a\"}]}"

static void start_away(struct roll *fixture, const char *patch)
{
    const struct rollout_plan plan = roll_plan(true);

    roll_create(fixture, "away", NULL, patch, &plan);
    lead_away(fixture, fixture->store, STATUS_OK);
    assert_int_equal(roll_act(fixture, "away", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 4; i++)
        roll_look(fixture, "away");
    assert_string_equal(roll_place(fixture, "away"), "running/publishing");
    assert_string_equal(roll_opened(fixture), "");
}

/* The old vendor is down and drained, and stays on the list behind the new one. */
static void a_switch_away_from_a_drained_vendor_follows_its_drain(void **state)
{
    struct roll *fixture = *state;

    start_away(fixture, AWAY);
    ROLL_ASSERT_SQL(fixture,
                    "SELECT concat(i.item -> 'drained', f ->> 'severity')"
                    " FROM myna.rollout_item i, myna.rollout r,"
                    " jsonb_array_elements(r.preflight -> 'findings') f"
                    " WHERE f ->> 'code' = 'drain_waits' AND f ->> 'text' LIKE '8 of the robots %'",
                    "[{\"robots\": 2, \"vendor\": \"a\"}]warn");
    roll_run(fixture, "UPDATE myna.vendor_drain_device SET moved_at = now()");
    roll_look(fixture, "away");
    assert_int_equal(OPENED_ROBOTS(fixture), 2);
    ROLL_ASSERT_SQL(fixture, "SELECT (item -> 'drained')::text FROM myna.rollout_item", "[]");
}

static void who_is_out_of_reach_is_not_waited_for_until_it_left_a_drained_vendor(void **state)
{
    struct roll *fixture = *state;

    start_away(fixture, AWAY);
    roll_run(fixture, "UPDATE myna.device_link SET last_seen = now() - interval '59 minutes'");
    roll_look(fixture, "away");
    assert_string_equal(roll_opened(fixture), "");
    roll_run(fixture, "UPDATE myna.device_link SET last_seen = now() - interval '61 minutes'");
    roll_look(fixture, "away");
    assert_int_equal(OPENED_ROBOTS(fixture), 2);
}

static void what_a_drained_vendor_would_be_tried_with_waits_until_it_is_back(void **state)
{
    static const char other_model[] =
        "{\"routes\":[{\"vendor\":\"a\",\"model\":\"m2\",\"contract\":\"a\"},"
        " {\"vendor\":\"b\",\"model\":\"n\",\"contract\":\"b\"}]}";
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(true);

    for (int n = 0; n < 2; n++) {
        const char *id = n == 0 ? "key" : "routes";

        roll_create(fixture, id, NULL, n == 0 ? NULL : other_model, &plan);
        assert_int_equal(roll_act(fixture, id, ROLLOUT_START), STATUS_OK);
        for (int i = 0; i < 3; i++)
            roll_look(fixture, id);
        lead_away(fixture, fixture->store, STATUS_OK);
        roll_run(fixture, "UPDATE myna.vendor_drain_device SET moved_at = now()");
        for (int i = 0; i < 2; i++)
            roll_look(fixture, id);
        assert_string_equal(roll_opened(fixture), "");
        roll_run(fixture, "UPDATE myna.vendor_drain SET state = 'returning'");
        roll_look(fixture, id);
        assert_int_equal(OPENED_ROBOTS(fixture), 2);
        roll_run(fixture, "DELETE FROM myna.rollout");
    }
}

/* In sessions that say so robots are touched when the lock 7 is free: what was chosen before may be
 * another's by then. */
static const char slow_touch[] =
    "ALTER FUNCTION myna.touch_devices(text[]) RENAME TO touch_at_once;"
    "CREATE FUNCTION myna.touch_devices(ids text[]) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN"
    "  IF current_setting('application_name') LIKE '%slow%' THEN"
    "    PERFORM pg_advisory_xact_lock(7); END IF; RETURN myna.touch_at_once(ids); END $$";

struct racer {
    struct roll *fixture;
    struct store *store;
    struct arena *arena;
    enum status status;
};

static void *open_robots(void *context)
{
    struct racer *racer = context;
    const struct rollout_look once = {
        .rollout_id = "trial", .now_ms = racer->fixture->now_ms, .approval_devices = -1};
    bool moved;

    racer->status = rollout_look(racer->store, racer->arena, &once, &moved);
    return NULL;
}

static void *drain_vendor(void *context)
{
    struct racer *racer = context;

    lead_away(racer->fixture, racer->store, STATUS_OK);
    return NULL;
}

/* Until so many sessions wait for a lock, or the drain is there. */
static void wait_for_locks(struct roll *fixture, const char *count)
{
    STORE_STATEMENT(read, "SELECT ((SELECT count(*) FROM pg_stat_activity WHERE wait_event_type ="
                          " 'Lock') >= $1::text::integer OR EXISTS (SELECT FROM myna.vendor_drain"
                          " ))::text");

    for (int i = 0; i < 3000 && strcmp(roll_text(fixture, &read, count), "true") != 0; i++)
        clock_sleep_ms(10);
    assert_string_equal(roll_text(fixture, &read, count), "true");
}

static void a_robot_that_is_opened_while_its_vendor_is_drained_has_no_trial(void **state)
{
    struct roll *fixture = *state;
    struct racer racer = {.fixture = fixture};
    STORE_STATEMENT(place, "SELECT concat(step, wave) FROM myna.rollout");
    pthread_t opening, draining;
    char problem[256];

    create(fixture, "trial", "{\"volume\": 3}", true);
    assert_int_equal(roll_act(fixture, "trial", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 10 && strcmp(roll_text(fixture, &place, NULL), "publishing1") != 0; i++)
        roll_look(fixture, "trial");
    roll_look(fixture, "trial"); /* the wave is open, and nobody yet */
    roll_run(fixture, "UPDATE myna.rollout SET due_at = '2020-01-01'");
    roll_run(fixture, slow_touch);
    assert_int_equal(store_open(&racer.store, pg_conninfo(fixture->pg), 1, "slow", problem),
                     STATUS_OK);
    assert_int_equal(arena_create(&racer.arena, 4u << 20), STATUS_OK);
    roll_run(fixture, "SELECT pg_advisory_lock(7)");
    assert_int_equal(pthread_create(&opening, NULL, open_robots, &racer), 0);
    wait_for_locks(fixture, "1");
    struct racer drain = {.fixture = fixture, .store = fixture->store};
    assert_int_equal(pthread_create(&draining, NULL, drain_vendor, &drain), 0);
    wait_for_locks(fixture, "2");
    roll_run(fixture, "SELECT pg_advisory_unlock(7)");
    pthread_join(opening, NULL);
    pthread_join(draining, NULL);
    assert_int_equal(racer.status, STATUS_OK);
    assert_string_equal(roll_opened(fixture), "");
    store_close(racer.store);
    arena_free(racer.arena);
    roll_run(fixture, "DROP FUNCTION myna.touch_devices;"
                      "ALTER FUNCTION myna.touch_at_once RENAME TO touch_devices");
}

static void *look_at_late(void *context)
{
    struct racer *racer = context;
    const struct rollout_look once = {
        .rollout_id = "late", .now_ms = racer->fixture->now_ms, .approval_devices = -1};
    bool moved;

    racer->status = rollout_look(racer->store, racer->arena, &once, &moved);
    return NULL;
}

/* Between its own look for others and its begin: the layer's lock holds it there. */
static void a_rollout_that_comes_second_says_behind_which(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(false);
    struct racer racer = {.fixture = fixture, .store = fixture->store};
    pthread_t late;

    roll_create(fixture, "late", NULL, "{\"volume\": 3}", &plan);
    assert_int_equal(roll_act(fixture, "late", ROLLOUT_START), STATUS_OK);
    roll_run(fixture, "UPDATE myna.rollout SET due_at = '2020-01-01'");
    assert_int_equal(arena_create(&racer.arena, 4u << 20), STATUS_OK);
    roll_run(fixture, "BEGIN; SELECT 1 FROM myna.layer WHERE layer_id = 'fleet' FOR UPDATE");
    assert_int_equal(pthread_create(&late, NULL, look_at_late, &racer), 0);
    wait_for_locks(fixture, "1");
    roll_run(fixture,
             "INSERT INTO myna.rollout (rollout_id, layer_id, group_id, patch, plan, state,"
             " step, author) SELECT 'first', 'group:x', 'x', '{}', plan, 'running',"
             " 'publishing', author FROM myna.rollout;"
             "INSERT INTO myna.rollout_device (rollout_id, device_id, place)"
             " VALUES ('first', 'r1', 1), ('first', 'r2', 2); COMMIT");
    pthread_join(late, NULL);
    arena_free(racer.arena);
    assert_int_equal(racer.status, STATUS_OK);
    ROLL_ASSERT_SQL(fixture,
                    "SELECT concat(state, ': ', state_reason) FROM myna.rollout"
                    " WHERE rollout_id = 'late'",
                    "draft: rollout \"first\" has 2 of its robots");
}

/* ---- back ---- */

static void whoever_is_taken_back_is_told_so_and_waited_for(void **state)
{
    struct roll *fixture = *state;
    const struct rollout_plan plan = roll_plan(false);

    start(fixture, &plan);
    assert_int_equal(strlen(roll_opened(fixture)), 5);
    roll_answer(fixture, false);
    assert_int_equal(roll_act(fixture, "slow", ROLLOUT_ROLL_BACK), STATUS_OK);
    roll_look(fixture, "slow");
    assert_string_equal(roll_opened(fixture), "");
    ROLL_ASSERT_SQL(
        fixture,
        "SELECT count(*)::text FROM myna.rollout_device JOIN myna.device_link"
        " USING (device_id) WHERE state = 'reverted' AND generation = desired_generation"
        " AND desired_generation > reported_generation",
        "2");
    /* they are online and run the patch still */
    fixture->now_ms -= 31000;
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, "SELECT state FROM myna.rollout", "rolling_back");
    roll_answer(fixture, false);
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture,
                    "SELECT string_agg(DISTINCT state, ' ') FROM myna.rollout_device"
                    " WHERE settled_at IS NOT NULL",
                    "reverted");
    roll_look(fixture, "slow");
    ROLL_ASSERT_SQL(fixture, "SELECT state FROM myna.rollout", "rolled_back");
}

/* ---- who comes and goes ---- */

static void who_leaves_the_group_leaves_and_who_joins_joins_the_open_wave(void **state)
{
    struct roll *fixture = *state;
    struct rollout_plan plan = roll_plan(false);

    plan.waves[0] = (struct rollout_plan_wave){ROLLOUT_PLAN_ALL, 0, 0};
    plan.wave_count = 1;
    roll_run(fixture, "INSERT INTO myna.device_group (group_id, priority) VALUES ('hall', 1);"
                      "INSERT INTO myna.group_member VALUES ('hall', 'r1'), ('hall', 'r2')");
    roll_create(fixture, "hall", "hall", "{\"volume\": 3}", &plan);
    assert_int_equal(roll_act(fixture, "hall", ROLLOUT_START), STATUS_OK);
    for (int i = 0; i < 4; i++)
        roll_look(fixture, "hall");
    assert_string_equal(roll_opened(fixture), "r1 r2");
    roll_run(fixture, "DELETE FROM myna.group_member WHERE group_id = 'hall' AND device_id = 'r2';"
                      "INSERT INTO myna.group_member VALUES ('hall', 'r5')");
    for (int i = 0; i < 3; i++)
        roll_look(fixture, "hall");
    assert_string_equal(roll_opened(fixture), "r1 r5");
    ROLL_ASSERT_SQL(fixture,
                    "SELECT concat(state, is_live) FROM myna.rollout_device"
                    " WHERE device_id = 'r2'",
                    "leftf");
    roll_run(fixture,
             "DELETE FROM myna.rollout; DELETE FROM myna.device_group WHERE group_id = 'hall'");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, roll_begin)
    const struct CMUnitTest tests[] = {
        TEST(a_next_key_goes_out_in_waves_that_try_it),
        TEST(whoever_comes_after_a_rotation_has_the_next_key_at_once),
        TEST(a_robot_whose_trial_failed_holds_the_old_key_and_is_named),
        TEST(a_rotation_that_is_taken_back_leaves_nobody_with_the_next_key),
        TEST(a_key_that_changed_or_goes_out_by_shares_is_refused),
        TEST(a_key_that_is_not_as_it_was_is_not_given),
        TEST(who_had_the_next_key_has_it_when_a_later_rotation_is_taken_back),
        TEST(who_leaves_a_rotation_gives_the_key_back_by_a_new_generation),
        TEST(nobody_is_opened_in_a_blackout),
        TEST(nobody_is_opened_in_a_blackout_of_the_calendar_whatever_the_plan_says),
        TEST(a_rollout_says_until_when_its_hours_are_shut),
        TEST(a_robot_is_opened_in_its_own_hours_alone),
        TEST(a_robot_whose_clock_is_put_forward_is_opened_by_the_new_hour),
        TEST(robots_are_opened_no_faster_than_the_plan_says),
        TEST(a_rollout_whose_group_is_gone_is_aborted_and_frees_its_robots),
        TEST(a_trial_fails_by_what_is_said_of_this_generation),
        TEST(what_may_pass_is_tried_again_as_often_as_planned),
        TEST(what_cannot_pass_is_not_tried_again),
        TEST(a_robot_is_out_of_reach_when_it_was_silent_for_long),
        TEST(what_fails_in_a_blackout_is_tried_again_after_it),
        TEST(a_blackout_while_robots_wait_for_another_try_is_no_standstill),
        TEST(a_retry_by_hand_keeps_to_the_hours_of_the_plan),
        TEST(robots_are_tried_again_no_faster_than_the_plan_says),
        TEST(robots_of_an_earlier_wave_are_tried_again_as_well),
        TEST(who_waits_for_another_try_at_the_end_has_failed),
        TEST(who_waits_for_another_try_is_told_of_no_software),
        TEST(a_drain_takes_the_next_key_from_whoever_was_to_try_it),
        TEST(a_switch_away_from_a_drained_vendor_follows_its_drain),
        TEST(who_is_out_of_reach_is_not_waited_for_until_it_left_a_drained_vendor),
        TEST(what_a_drained_vendor_would_be_tried_with_waits_until_it_is_back),
        TEST(a_robot_that_is_opened_while_its_vendor_is_drained_has_no_trial),
        TEST(a_rollout_that_comes_second_says_behind_which),
        TEST(whoever_is_taken_back_is_told_so_and_waited_for),
        TEST(who_leaves_the_group_leaves_and_who_joins_joins_the_open_wave),
    };

    return cmocka_run_group_tests(tests, roll_set_up, roll_tear_down);
}

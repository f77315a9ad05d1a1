/* Robots are led away from a vendor and back, on a real database.
 *
 * Six robots ask vendor "a" first: r1 to r4 by the fleet's list with "b" behind it, r5 has "a"
 * alone, r6 lives where "b" may not answer. r1 to r4 also speak by "a", which nobody else can for
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/store/drains.h"
#include "server/store/migrate.h"
#include "server/store/rollout_members.h"
#include "server/store/routes.h"
#include "tests/support/pg.h"

#define NOW    INT64_C(1796056200000)
#define MINUTE INT64_C(60000)

static const struct author anna = {"operator:anna", "10.0.0.1"};

struct fixture {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
    struct store_statement asked[100]; /* each is prepared under its address */
    size_t asked_count;
};

#define VENDOR(id, region)                                                                         \
    "INSERT INTO myna.vendor (vendor_id, base_url, region) VALUES ('" id "', 'http://v', '" region \
    "'); INSERT INTO myna.contract VALUES ('" id "', '" id "', 'CNY', 'UTC');"                     \
    "INSERT INTO myna.contract_version VALUES ('" id "', 1, '2020-01-01', '{}', now(), 'test');"

#define ROUTE(vendor) "{\"vendor\":\"" vendor "\",\"model\":\"m\",\"contract\":\"" vendor "\"}"
#define SPEECH(vendor)                                                                             \
    "{\"vendor\":\"" vendor "\",\"model\":\"s\",\"contract\":\"" vendor "\",\"use\":\"speech\"}"

static const char world[] = VENDOR("a", "") VENDOR("b", "south") VENDOR(
    "c", "") "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
             " VALUES ('abcd', '', '', '');"
             "INSERT INTO myna.device (device_id, region, certificate_serial, certificate_until,"
             " sealing_public, server_key_id, secret_wrapped) SELECT 'r' || i, CASE i WHEN 6 THEN"
             " 'north' ELSE '' END, '1', now(), '', 'abcd', '' FROM generate_series(1, 6) i;"
             "INSERT INTO myna.device_link (device_id, reported_generation) SELECT device_id, 1"
             " FROM myna.device;"
             "UPDATE myna.layer SET settings = '{\"routes\":[" ROUTE("a") "," SPEECH("a") "," ROUTE(
                 "b") "]}' WHERE layer_id = 'fleet';"
                      "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by) VALUES"
                      " ('device:r5', 'r5', '{\"routes\":[" ROUTE("a") "]}', 'test');";

static const char forget[] =
    "DELETE FROM myna.rollout; DELETE FROM myna.vendor_drain; DELETE FROM myna.alert;"
    "UPDATE myna.device_link SET reported_generation = desired_generation,"
    " reported_at = '2026-11-01'";

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 4u << 20) != STATUS_OK ||
        store_acquire(fixture.store, &fixture.conn) != STATUS_OK ||
        store_script(fixture.conn, world) != STATUS_OK) {
        fprintf(stderr, "%s\n", fixture.conn ? store_problem(fixture.conn) : problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    store_release(fixture->store, fixture->conn);
    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

/* Each test begins with nothing drained. */
static int begin(void **state)
{
    struct fixture *fixture = *state;

    arena_reset(fixture->arena);
    return store_script(fixture->conn, forget) == STATUS_OK ? 0 : -1;
}

/* The first column of the first row. */
static const char *ask(struct fixture *fixture, const char *sql)
{
    struct store_statement *statement = &fixture->asked[fixture->asked_count++];
    struct result row;

    assert_true(fixture->asked_count <= 100);
    statement->sql = sql;
    assert_int_equal(store_query(fixture->store, statement, STORE_NO_VALUES, &row), STATUS_OK);
    const char *text =
        result_count(&row) > 0 ? arena_text(fixture->arena, result_span(&row, 0, 0)) : "(no row)";
    result_release(&row);
    return text;
}

static void run(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_script(fixture->conn, sql), STATUS_OK);
}

/* "a b": the vendors that it asks in the use, in their order. */
#define VENDORS_OF(device, use)                                                                    \
    "SELECT string_agg(i ->> 'vendor', ' ') FROM myna.effective_setting e,"                        \
    " jsonb_array_elements(e.value) i WHERE e.name = 'routes' AND e.device_id = '" device          \
    "' AND coalesce(i ->> 'use', 'chat') = '" use "'"
#define GENERATIONS                                                                                \
    "SELECT string_agg(desired_generation::text, ' ' ORDER BY device_id) FROM myna.device_link"

static enum status start(struct fixture *fixture, struct drains_order order)
{
    struct document drain;

    order.vendor_id = order.vendor_id ? order.vendor_id : "a";
    order.reason = order.reason ? order.reason : "down";
    order.now_ms = order.now_ms ? order.now_ms : NOW;
    order.from_ms = order.from_ms ? order.from_ms : order.now_ms;
    return drains_start(fixture->store, &anna, &order, fixture->arena, &drain);
}

static enum status drain_vendor(struct fixture *fixture, const char *vendor_id)
{
    return start(fixture, (struct drains_order){.vendor_id = vendor_id, .kind = "emergency"});
}

static enum status give_back(struct fixture *fixture, const char *vendor_id)
{
    struct document returned;

    return drains_return(fixture->store, &anna, vendor_id, NOW + MINUTE, fixture->arena, &returned);
}

static void tick(struct fixture *fixture, int64_t now_ms)
{
    assert_int_equal(drains_tick(fixture->store, fixture->arena, now_ms), STATUS_OK);
}

static void a_drained_vendor_is_left_wherever_another_route_serves_the_same_use(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, "UPDATE myna.device_link SET desired_generation = 7, reported_generation = 7");
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "b");
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "speech")), "a"); /* nobody else speaks */
    assert_string_equal(ask(fixture, VENDORS_OF("r5", "chat")), "a");   /* it has nothing else */
    assert_string_equal(ask(fixture, GENERATIONS), "8 8 8 8 7 7");
    assert_string_equal(ask(fixture, "SELECT item ->> 'robots' FROM myna.vendor_drain_item"), "4");
    /* for chat or speech */
    assert_string_equal(ask(fixture, "SELECT item ->> 'kept' FROM myna.vendor_drain_item"), "6");
}

static void i13_nobody_is_led_across_a_border(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r6", "chat")), "a b");
    run(fixture, "INSERT INTO myna.region VALUES ('north');"
                 "INSERT INTO myna.region_pair VALUES ('north', 'south')");
    assert_string_equal(ask(fixture, VENDORS_OF("r6", "chat")), "b");
    run(fixture, "DELETE FROM myna.region");
}

static void a_contract_that_is_not_in_force_carries_nobody(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, "UPDATE myna.contract_version SET effective_from = '2099-01-01'"
                 " WHERE contract_id = 'b'");
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b");
    run(fixture, "UPDATE myna.contract_version SET effective_from = '2020-01-01'"
                 " WHERE contract_id = 'b'");
}

static void a_returned_vendor_is_first_again_for_all_that_have_it(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    run(fixture, "UPDATE myna.device_link SET desired_generation = 20");
    assert_int_equal(give_back(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b");
    assert_string_equal(ask(fixture, GENERATIONS), "21 21 21 21 20 20");
    assert_int_equal(give_back(fixture, "a"), STATUS_CONFLICT);
    assert_int_equal(give_back(fixture, "none"), STATUS_NOT_FOUND);
}

static void two_drains_leave_what_neither_is_about(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, "UPDATE myna.layer SET settings = '{\"routes\":[" ROUTE("a") "," ROUTE(
                     "b") "," ROUTE("c") "]}' WHERE layer_id = 'fleet'");
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_EXISTS);
    assert_int_equal(drain_vendor(fixture, "b"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "c");
    assert_int_equal(drain_vendor(fixture, "c"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b c"); /* all are down */
    assert_int_equal(give_back(fixture, "b"), STATUS_OK);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "b");
    run(fixture, "UPDATE myna.layer SET settings = '{\"routes\":[" ROUTE("a") "," SPEECH(
                     "a") "," ROUTE("b") "]}' WHERE layer_id = 'fleet'");
}

static void i7_a_drain_is_audited_and_alerted_until_the_vendor_is_back(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, "SELECT concat_ws(' ', actor, action, subject, after ->>"
                                     " 'robots') FROM myna.audit ORDER BY seq DESC LIMIT 1"),
                        "operator:anna vendor.drain vendor/a 4");
    assert_string_equal(ask(fixture, "SELECT concat_ws(' ', severity, state, detail ->> 'reason')"
                                     " FROM myna.alert WHERE kind = 'vendor_drained'"),
                        "warning open down");
    assert_int_equal(give_back(fixture, "a"), STATUS_OK);
    assert_string_equal(ask(fixture, "SELECT action FROM myna.audit ORDER BY seq DESC LIMIT 1"),
                        "vendor.return");
    assert_string_equal(ask(fixture, "SELECT state FROM myna.alert"), "cleared");
}

static void a_window_drains_and_returns_by_itself(void **state)
{
    struct fixture *fixture = *state;
    const struct drains_order window = {
        .kind = "maintenance", .from_ms = NOW + 10 * MINUTE, .until_ms = NOW + 20 * MINUTE};
    struct drains_order overlapping = window;

    assert_int_equal(start(fixture, window), STATUS_OK);
    overlapping.from_ms += 5 * MINUTE;
    overlapping.until_ms += 5 * MINUTE;
    assert_int_equal(start(fixture, overlapping), STATUS_EXISTS);
    tick(fixture, NOW + 10 * MINUTE - 1);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b");
    tick(fixture, NOW + 10 * MINUTE);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "b");
    const char *generations = ask(fixture, GENERATIONS);
    tick(fixture, NOW + 20 * MINUTE - 1); /* another server, or the same again: nothing twice */
    assert_string_equal(ask(fixture, GENERATIONS), generations);
    tick(fixture, NOW + 20 * MINUTE);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b");
    assert_string_equal(ask(fixture, "SELECT string_agg(action, ' ' ORDER BY seq) FROM (SELECT *"
                                     " FROM myna.audit ORDER BY seq DESC LIMIT 3) a"),
                        "vendor.plan vendor.drain vendor.return");
}

static void a_window_that_no_server_saw_is_missed(void **state)
{
    struct fixture *fixture = *state;
    const struct drains_order window = {
        .kind = "maintenance", .from_ms = NOW + MINUTE, .until_ms = NOW + 2 * MINUTE};

    assert_int_equal(start(fixture, window), STATUS_OK);
    const char *generations = ask(fixture, GENERATIONS);
    tick(fixture, NOW + 2 * MINUTE);
    assert_string_equal(ask(fixture, "SELECT state FROM myna.vendor_drain"), "missed");
    assert_string_equal(ask(fixture, GENERATIONS), generations);
}

static void a_cancelled_window_never_begins(void **state)
{
    struct fixture *fixture = *state;
    const struct drains_order window = {
        .kind = "maintenance", .from_ms = NOW + MINUTE, .until_ms = NOW + 9 * MINUTE};
    struct document drain;

    assert_int_equal(start(fixture, window), STATUS_OK);
    const int64_t id =
        strtoll(ask(fixture, "SELECT drain_id::text FROM myna.vendor_drain"), NULL, 10);
    assert_int_equal(drains_cancel(fixture->store, &anna, "b", id, fixture->arena, &drain),
                     STATUS_NOT_FOUND);
    assert_int_equal(drains_cancel(fixture->store, &anna, "a", id, fixture->arena, &drain),
                     STATUS_OK);
    assert_int_equal(drains_cancel(fixture->store, &anna, "a", id, fixture->arena, &drain),
                     STATUS_CONFLICT);
    tick(fixture, NOW + 2 * MINUTE);
    assert_string_equal(ask(fixture, VENDORS_OF("r1", "chat")), "a b");
}

static void a_drill_moves_its_share_alone_and_reports_how_long_it_took(void **state)
{
    struct fixture *fixture = *state;
    const struct drains_order drill = {
        .kind = "drill", .share = "0.5", .until_ms = NOW + 10 * MINUTE};

    assert_int_equal(start(fixture, drill), STATUS_OK);
    assert_string_equal(ask(fixture, "SELECT count(*)::text FROM myna.effective_setting"
                                     " WHERE layer_id = 'drain:a'"),
                        "2");
    assert_string_equal(ask(fixture, "SELECT count(*)::text FROM myna.alert"), "0");
    tick(fixture, NOW + 1000);
    assert_string_equal(ask(fixture, "SELECT item ->> 'moved' FROM myna.vendor_drain_item"), "0");
    /* one answers after 3 s, the other after 5, and both again 2 s after their way back began */
    run(fixture,
        "UPDATE myna.device_link l SET reported_generation = m.generation,"
        " reported_at = d.started_at + make_interval(secs => p.s) FROM (SELECT device_id, drain_id,"
        "  generation, 1 + 2 * row_number() OVER (ORDER BY device_id) AS s"
        "  FROM myna.vendor_drain_device) m JOIN myna.vendor_drain d USING (drain_id)"
        " CROSS JOIN LATERAL (SELECT m.s) p WHERE l.device_id = m.device_id");
    tick(fixture, NOW + MINUTE);
    tick(fixture, NOW + 10 * MINUTE);
    run(fixture, "UPDATE myna.device_link l SET reported_generation = l.desired_generation,"
                 " reported_at = d.return_at + interval '2 s' FROM myna.vendor_drain_device m"
                 " JOIN myna.vendor_drain d USING (drain_id) WHERE l.device_id = m.device_id");
    tick(fixture, NOW + 11 * MINUTE);
    assert_string_equal(ask(fixture, "SELECT concat_ws(' ', state, report ->> 'robots', report ->>"
                                     " 'first_moved_s', report ->> 'last_moved_s', report ->>"
                                     " 'back', report ->> 'last_back_s') FROM myna.vendor_drain"),
                        "ended 2 3.000 5.000 2 2.000");
}

/* Whichever two are there, they are the ones; of three the third is one that is not. */
static void a_drill_draws_who_is_online_first_and_tells_who_was_not(void **state)
{
    struct fixture *fixture = *state;
    static const char *const pairs[][2] = {{"r1", "r2"}, {"r3", "r4"}, {"r2", "r4"}};
    static const struct drains_order drills[] = {
        {.kind = "drill", .share = "0.5", .until_ms = NOW + 10 * MINUTE},
        {.kind = "drill", .share = "0.75", .until_ms = NOW + 10 * MINUTE}};

    for (size_t i = 0; i < 6; i++) {
        char there[200], expected[40];

        snprintf(there, sizeof there,
                 "DELETE FROM myna.vendor_drain; UPDATE myna.device_link SET last_seen = now(),"
                 " session_number = 1, ended_session = 0,"
                 " session_hello = device_id IN ('%s', '%s')",
                 pairs[i / 2][0], pairs[i / 2][1]);
        run(fixture, there);
        assert_int_equal(start(fixture, drills[i % 2]), STATUS_OK);
        snprintf(expected, sizeof expected, "%s %s, %zu", pairs[i / 2][0], pairs[i / 2][1], i % 2);
        assert_string_equal(
            ask(fixture, "SELECT string_agg(m.device_id, ' ' ORDER BY m.device_id) FILTER (WHERE"
                         " m.was_online) || ', ' || min(i.item ->> 'offline')"
                         " FROM myna.vendor_drain_device m JOIN myna.vendor_drain_item i"
                         " USING (drain_id)"),
            expected);
    }
    run(fixture, "UPDATE myna.device_link SET session_hello = false");
}

static void a_drill_that_could_move_nobody_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct drains_order drill = {
        .vendor_id = "c", .kind = "drill", .share = "0.01", .until_ms = NOW + MINUTE};

    assert_int_equal(start(fixture, drill), STATUS_CONFLICT);
    assert_string_equal(ask(fixture, "SELECT count(*)::text FROM myna.vendor_drain"), "0");
}

static void who_does_not_come_back_in_time_is_named(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_int_equal(give_back(fixture, "a"), STATUS_OK);
    tick(fixture, NOW + MINUTE + DRAINS_SETTLE_MS - 1);
    assert_string_equal(ask(fixture, "SELECT state FROM myna.vendor_drain"), "returning");
    tick(fixture, NOW + MINUTE + DRAINS_SETTLE_MS);
    assert_string_equal(ask(fixture, "SELECT concat_ws(' ', state, report ->> 'not_back')"
                                     " FROM myna.vendor_drain"),
                        "ended [\"r1\", \"r2\", \"r3\", \"r4\"]");
}

/* The vendors of each robot's routes, in their order: "r1 a b a|r2 b" and so on. */
static const char *vendors_read(struct fixture *fixture)
{
    const char *ids[] = {"r1", "r2", "r3", "r4", "r5", "r6"};
    struct routes_row *rows;
    size_t count;
    const char *text = "";

    assert_int_equal(routes_read(fixture->conn, fixture->arena, ids, 6, &rows, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        const bool is_first = i == 0 || strcmp(rows[i].device_id, rows[i - 1].device_id) != 0;

        text = arena_format(fixture->arena, "%s%s%s %s", text, is_first && i > 0 ? "|" : "",
                            is_first ? rows[i].device_id : "", rows[i].vendor_id);
    }
    return text;
}

/* What lists show of a robot is the first of its routes. */
static void assert_shown(struct fixture *fixture)
{
    run(fixture, "UPDATE myna.device_shown SET generation = 0; SELECT myna.device_show(1000)");
    assert_string_equal(ask(fixture, "SELECT count(*)::text FROM myna.device_shown s"
                                     " LEFT JOIN myna.effective_setting e"
                                     "   ON e.device_id = s.device_id AND e.name = 'routes'"
                                     " WHERE s.route IS NOT DISTINCT FROM e.value -> 0"),
                        "6");
}

/* Read list by list where all robots' routes are read, and robot by robot elsewhere. */
static void both_ways_to_read_routes_leave_the_same_vendors(void **state)
{
    static const char effective[] =
        "SELECT string_agg(device_id || ' ' || vendors, '|' ORDER BY device_id) FROM ("
        " SELECT e.device_id, string_agg(r.item ->> 'vendor', ' ' ORDER BY place) AS vendors"
        " FROM myna.effective_setting e CROSS JOIN LATERAL jsonb_array_elements(e.value)"
        "   WITH ORDINALITY AS r(item, place) WHERE e.name = 'routes' GROUP BY 1) v";
    struct fixture *fixture = *state;
    const struct drains_order drill = {
        .kind = "drill", .share = "0.5", .until_ms = NOW + 10 * MINUTE};
    const char *before = vendors_read(fixture);

    assert_string_equal(before, ask(fixture, effective));
    assert_shown(fixture);
    assert_int_equal(start(fixture, drill), STATUS_OK);
    const char *drilled = vendors_read(fixture);
    assert_string_not_equal(drilled, before);
    assert_string_equal(drilled, ask(fixture, effective));
    assert_shown(fixture);
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    const char *drained = vendors_read(fixture);
    assert_string_not_equal(drained, drilled);
    assert_string_equal(drained, ask(fixture, effective));
    assert_shown(fixture);
    assert_int_equal(give_back(fixture, "a"), STATUS_OK);
    assert_string_equal(vendors_read(fixture), before);
}

static void a_trial_under_way_waits_until_the_vendor_is_back(void **state)
{
    struct fixture *fixture = *state;
    const struct rollout_members_choice choice = {.limit = 10};
    struct rollout_steps_row row = {.rollout_id = "spring", .wave = 1};
    const char *ids[] = {"r1"};
    struct routes_row *rows;
    size_t count;
    int64_t opened = 0;

    run(fixture,
        "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, author, state, step, wave,"
        "  has_open) VALUES ('spring', 'fleet', '{\"volume\": 3}',"
        "  '{\"unreachable_after_s\": 3600, \"confirm\": {\"test\": true, \"deadline_s\": 60}}',"
        "  'operator:anna', 'running',"
        "  'confirming', 1, true);"
        "UPDATE myna.device_link SET last_seen = now() WHERE device_id = 'r1';"
        "INSERT INTO myna.rollout_wave (rollout_id, wave, share, planned) VALUES ('spring', 1,"
        "  '100%', 1);"
        "INSERT INTO myna.rollout_device (rollout_id, device_id, wave, place, state, is_open,"
        "  opened_at, generation) SELECT 'spring', 'r1', 1, 1, 'opened', true, now(),"
        "  desired_generation FROM myna.device_link WHERE device_id = 'r1'");
    assert_int_equal(routes_read(fixture->conn, fixture->arena, ids, 1, &rows, &count), STATUS_OK);
    assert_int_equal(count, 4);
    assert_string_equal(rows[3].rollout_id, "spring");
    assert_int_equal(drain_vendor(fixture, "a"), STATUS_OK);
    assert_int_equal(routes_read(fixture->conn, fixture->arena, ids, 1, &rows, &count), STATUS_OK);
    assert_int_equal(count, 2); /* no trial: the drain is at once */
    assert_string_equal(ask(fixture, "SELECT state FROM myna.rollout_device"), "waiting");
    assert_int_equal(
        rollout_members_open(fixture->conn, fixture->arena, &row, &choice, NOW, &opened),
        STATUS_OK);
    assert_int_equal(opened, 0);
    assert_int_equal(give_back(fixture, "a"), STATUS_OK);
    assert_int_equal(
        rollout_members_open(fixture->conn, fixture->arena, &row, &choice, NOW, &opened),
        STATUS_OK);
    assert_int_equal(opened, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_drained_vendor_is_left_wherever_another_route_serves_the_same_use),
        TEST(i13_nobody_is_led_across_a_border),
        TEST(a_contract_that_is_not_in_force_carries_nobody),
        TEST(a_returned_vendor_is_first_again_for_all_that_have_it),
        TEST(two_drains_leave_what_neither_is_about),
        TEST(i7_a_drain_is_audited_and_alerted_until_the_vendor_is_back),
        TEST(a_window_drains_and_returns_by_itself),
        TEST(a_window_that_no_server_saw_is_missed),
        TEST(a_cancelled_window_never_begins),
        TEST(a_drill_moves_its_share_alone_and_reports_how_long_it_took),
        TEST(a_drill_draws_who_is_online_first_and_tells_who_was_not),
        TEST(a_drill_that_could_move_nobody_is_refused),
        TEST(who_does_not_come_back_in_time_is_named),
        TEST(both_ways_to_read_routes_leave_the_same_vendors),
        TEST(a_trial_under_way_waits_until_the_vendor_is_back),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

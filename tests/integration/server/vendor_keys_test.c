/* A vendor's robots are moved to its next key, on a real database. r1 to r8 ask vendor "a", r9 asks
 * nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/json.h"
#include "server/store/migrate.h"
#include "server/store/routes.h"
#include "server/store/vendor_keys.h"
#include "server/store/vendors.h"
#include "tests/support/pg.h"

#define ROBOTS 8

static const struct author anna = {"operator:anna", "10.0.0.1"};

struct fixture {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
    struct document key;
    struct json *json;
};

static const char world[] =
    "INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped) VALUES ('a', 'http://v', 'old'),"
    " ('bare', 'http://v', NULL);"
    "INSERT INTO myna.contract VALUES ('a', 'a', 'CNY', 'UTC');"
    "INSERT INTO myna.contract_version VALUES ('a', 1, '2020-01-01', '{}', now(), 'test');"
    "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
    " VALUES ('abcd', '', '', '');"
    "INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
    " server_key_id, secret_wrapped) SELECT 'r' || i, '1', now(), '', 'abcd', ''"
    " FROM generate_series(1, 9) i;"
    "INSERT INTO myna.device_link (device_id) SELECT device_id FROM myna.device;"
    "UPDATE myna.layer SET settings = '{\"routes\":[{\"vendor\":\"a\",\"model\":\"m\","
    "\"contract\":\"a\"}]}' WHERE layer_id = 'fleet';"
    "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by) VALUES"
    " ('device:r9', 'r9', '{\"routes\":[]}', 'test');";

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

    json_free(fixture->json);
    store_release(fixture->store, fixture->conn);
    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static void run(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_script(fixture->conn, sql), STATUS_OK);
}

/* Each test begins with everybody current and a next key that nobody has. */
static int begin(void **state)
{
    struct fixture *fixture = *state;

    arena_reset(fixture->arena);
    run(fixture, "UPDATE myna.vendor SET key_wrapped = 'old', next_key_wrapped = NULL,"
                 " next_key_share = 0, next_key_at = NULL, key_number = 1 WHERE vendor_id = 'a';"
                 "DELETE FROM myna.vendor_key_device;"
                 "UPDATE myna.device SET status = 'active';"
                 "UPDATE myna.device_link SET reported_generation = desired_generation");
    return vendor_keys_put(fixture->store, &anna, "a", span_text("next"), fixture->arena,
                           &fixture->key) == STATUS_OK
               ? 0
               : -1;
}

static enum status switch_to(struct fixture *fixture, const char *share)
{
    return vendor_keys_switch(fixture->store, &anna, "a", share, fixture->arena, &fixture->key);
}

static int64_t next(struct fixture *fixture, const char *member)
{
    json_free(fixture->json);
    fixture->json = NULL;
    assert_int_equal(vendor_keys_get(fixture->store, "a", fixture->arena, &fixture->key),
                     STATUS_OK);
    assert_int_equal(json_parse(fixture->key.json, &fixture->json, NULL), STATUS_OK);
    return json_int(json_member(json_member(fixture->json, "next"), member), -1);
}

/* How many of r1 to r8 are given that key in their content. */
static size_t holders(struct fixture *fixture, const char *key)
{
    static const char *const ids[ROBOTS] = {"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8"};
    struct routes_row *rows;
    size_t count, found = 0;

    assert_int_equal(routes_read(fixture->conn, fixture->arena, ids, ROBOTS, &rows, &count),
                     STATUS_OK);
    assert_int_equal(count, ROBOTS);
    for (size_t i = 0; i < count; i++)
        found += rows[i].key_wrapped.size == strlen(key) &&
                 memcmp(rows[i].key_wrapped.data, key, strlen(key)) == 0;
    return found;
}

static enum status finish(struct fixture *fixture, const char *reason, char problem[400])
{
    return vendor_keys_finish(fixture->store, &anna, "a", reason, fixture->arena, &fixture->key,
                              problem);
}

static void a_growing_share_gets_the_next_key_and_keeps_it(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(holders(fixture, "next"), 0);
    assert_int_equal(switch_to(fixture, "0.5"), STATUS_OK);
    const size_t half = holders(fixture, "next");
    assert_in_range(half, 1, ROBOTS - 1);
    assert_int_equal(holders(fixture, "old"), ROBOTS - half);
    assert_int_equal(switch_to(fixture, "0.4"), STATUS_CONFLICT);
    assert_int_equal(switch_to(fixture, "1"), STATUS_OK);
    assert_int_equal(holders(fixture, "next"), ROBOTS);
    assert_int_equal(next(fixture, "waiting"), 0);
    assert_int_equal(next(fixture, "missing"),
                     ROBOTS); /* none has answered; r9 has nothing to say */
}

static void the_old_key_is_kept_until_the_last_robot_has_answered(void **state)
{
    struct fixture *fixture = *state;
    char problem[400] = "";

    assert_int_equal(switch_to(fixture, "0.5"), STATUS_OK);
    assert_int_equal(finish(fixture, NULL, problem), STATUS_CONFLICT);
    assert_non_null(strstr(problem, "switch 100%"));
    assert_int_equal(switch_to(fixture, "1"), STATUS_OK);
    run(fixture, "UPDATE myna.device_link SET reported_generation = desired_generation"
                 " WHERE device_id <> 'r3'"); /* offline */
    assert_int_equal(next(fixture, "missing"), 1);
    assert_int_equal(finish(fixture, NULL, problem), STATUS_CONFLICT);
    assert_string_equal(problem, "1 robot may hold the old key: r3");
    run(fixture, "UPDATE myna.device_link SET reported_generation = desired_generation");
    assert_int_equal(finish(fixture, NULL, problem), STATUS_OK);
    assert_int_equal(holders(fixture, "next"), ROBOTS);
    assert_int_equal(next(fixture, "share"), -1); /* there is no next one any more */
    assert_int_equal(json_int(json_member(fixture->json, "number"), 0), 2);
}

static void a_robot_that_is_behind_may_hold_the_old_key_though_it_asks_nobody_now(void **state)
{
    struct fixture *fixture = *state;
    char problem[400] = "";

    run(fixture, "UPDATE myna.device_link SET desired_generation = desired_generation + 1"
                 " WHERE device_id = 'r9'");
    assert_int_equal(switch_to(fixture, "1"), STATUS_OK);
    run(fixture, "UPDATE myna.device_link SET reported_generation = desired_generation"
                 " WHERE device_id <> 'r9'");
    assert_int_equal(finish(fixture, NULL, problem), STATUS_CONFLICT);
    assert_string_equal(problem, "1 robot may hold the old key: r9");
    run(fixture, "UPDATE myna.device SET status = 'revoked' WHERE device_id = 'r9'");
    assert_int_equal(finish(fixture, NULL, problem), STATUS_OK);
}

static void a_lost_robot_is_left_behind_for_a_reason_that_is_kept(void **state)
{
    struct fixture *fixture = *state;
    char problem[400] = "";

    assert_int_equal(switch_to(fixture, "0.5"), STATUS_OK);
    assert_int_equal(finish(fixture, "the old key leaked", problem), STATUS_OK);
    assert_int_equal(holders(fixture, "next"), ROBOTS);

    STORE_STATEMENT(kept, "SELECT count(*) FROM myna.audit WHERE action = 'vendor.finish_key'"
                          " AND actor = 'operator:anna' AND after ->> 'reason' ="
                          "  'the old key leaked'");
    struct result row;
    assert_int_equal(store_query(fixture->store, &kept, STORE_NO_VALUES, &row), STATUS_OK);
    assert_int_equal(result_int(&row, 0, 0), 1);
    result_release(&row);
}

static void a_dropped_next_key_leaves_no_robot_with_it(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(switch_to(fixture, "1"), STATUS_OK);
    run(fixture, "UPDATE myna.device_link SET reported_generation = desired_generation");
    assert_int_equal(
        vendor_keys_put(fixture->store, &anna, "a", span_text("x"), fixture->arena, &fixture->key),
        STATUS_EXISTS);
    assert_int_equal(vendor_keys_drop(fixture->store, &anna, "a", fixture->arena, &fixture->key),
                     STATUS_OK);
    assert_int_equal(holders(fixture, "old"), ROBOTS);

    STORE_STATEMENT(told, "SELECT count(*) FROM myna.device_link"
                          " WHERE reported_generation < desired_generation");
    struct result row;
    assert_int_equal(store_query(fixture->store, &told, STORE_NO_VALUES, &row), STATUS_OK);
    assert_int_equal(result_int(&row, 0, 0), ROBOTS);
    result_release(&row);
    assert_int_equal(vendor_keys_drop(fixture->store, &anna, "a", fixture->arena, &fixture->key),
                     STATUS_CONFLICT);
}

static void i9_no_key_is_in_the_audit(void **state)
{
    struct fixture *fixture = *state;

    STORE_STATEMENT(leaks, "SELECT count(*) FROM myna.audit WHERE concat(before, after) ~"
                           " 'key_wrapped|\"next\"|6e657874'");
    const struct vendors_fields fields = {.name = "Renamed"};
    char reason[160];
    struct result row;
    assert_int_equal(switch_to(fixture, "1"), STATUS_OK);
    assert_int_equal(vendors_update(fixture->store, &anna, "a", -1, &fields, fixture->arena,
                                    &fixture->key, reason),
                     STATUS_OK);
    assert_int_equal(store_query(fixture->store, &leaks, STORE_NO_VALUES, &row), STATUS_OK);
    assert_int_equal(result_int(&row, 0, 0), 0);
    result_release(&row);
    assert_int_equal(vendor_keys_put(fixture->store, &anna, "bare", span_text("x"), fixture->arena,
                                     &fixture->key),
                     STATUS_CONFLICT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_growing_share_gets_the_next_key_and_keeps_it),
        TEST(the_old_key_is_kept_until_the_last_robot_has_answered),
        TEST(a_robot_that_is_behind_may_hold_the_old_key_though_it_asks_nobody_now),
        TEST(a_lost_robot_is_left_behind_for_a_reason_that_is_kept),
        TEST(a_dropped_next_key_leaves_no_robot_with_it),
        TEST(i9_no_key_is_in_the_audit),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

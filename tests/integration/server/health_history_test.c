/* What robots measured of themselves, sampled into a ring on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/json.h"
#include "server/store/health_history.h"
#include "server/store/migrate.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
};

static const char robots[] =
    "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
    " VALUES ('abcd', '', '', '');"
    "INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
    " server_key_id, secret_wrapped) SELECT id, '1', now(), sha256(id::bytea), 'abcd', ''"
    " FROM unnest(ARRAY['heard', 'silent', 'new']) id;"
    "INSERT INTO myna.device_link (device_id, last_seen, health) VALUES"
    " ('heard', now(), '{\"cpu_percent\": 7, \"turns\": 12}'),"
    " ('silent', now() - interval '1 hour', '{\"cpu_percent\": 9}'), ('new', now(), '{}');";

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 2, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 1u << 20) != STATUS_OK ||
        store_acquire(fixture.store, &fixture.conn) != STATUS_OK ||
        store_script(fixture.conn, robots) != STATUS_OK) {
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

static int64_t count(struct fixture *fixture, const char *device)
{
    static const struct store_statement read = {
        "SELECT count(*) FROM myna.device_health WHERE device_id = $1"};
    struct result result;

    assert_int_equal(store_query(fixture->store, &read, STORE_VALUES(value_text(device)), &result),
                     STATUS_OK);
    const int64_t rows = result_int(&result, 0, 0);
    result_release(&result);
    return rows;
}

static void run(struct fixture *fixture, const char *script)
{
    assert_int_equal(store_script(fixture->conn, script), STATUS_OK);
}

static void who_was_heard_is_sampled_once_in_ten_minutes(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(health_history_sample(fixture->store), STATUS_OK);
    assert_int_equal(count(fixture, "heard"), 1);
    assert_int_equal(count(fixture, "silent"), 0);
    assert_int_equal(count(fixture, "new"), 0);
    /* somebody has already, and the next ten minutes are not to begin in the midst of this */
    run(fixture, "DELETE FROM myna.device_health;"
                 "UPDATE myna.device_health_round SET at = at + interval '10 min'");
    assert_int_equal(health_history_sample(fixture->store), STATUS_OK);
    assert_int_equal(count(fixture, "heard"), 0);
}

static void two_days_later_the_ring_begins_to_forget(void **state)
{
    struct fixture *fixture = *state;

    run(fixture, "DELETE FROM myna.device_health;"
                 "INSERT INTO myna.device_health SELECT 'heard', n, now() - interval '2 days',"
                 " 1, 1, 1, 1, 1, 1, 1, 1, 0 FROM generate_series(0, 287) n;"
                 "UPDATE myna.device_health_round SET at = '-infinity'");
    assert_int_equal(health_history_sample(fixture->store), STATUS_OK);
    assert_int_equal(count(fixture, "heard"), 288);
}

static void the_newest_word_follows_the_samples(void **state)
{
    struct fixture *fixture = *state;
    struct json *json;
    struct span text;

    run(fixture, "DELETE FROM myna.device_health;"
                 "INSERT INTO myna.device_health VALUES"
                 " ('heard', 3, now() - interval '1 hour', 4, 1, 1, 1, 1, 1, 1, 1, -50),"
                 " ('heard', 4, now() - interval '3 days', 5, 1, 1, 1, 1, 1, 1, 1, -50)");
    assert_int_equal(health_history_read(fixture->store, "heard", fixture->arena, &text),
                     STATUS_OK);
    assert_int_equal(json_parse(text, &json, NULL), STATUS_OK);
    const struct json *items = json_member(json, "items");
    assert_int_equal(json_count(items), 2);
    assert_int_equal(json_int(json_member(json_item(items, 0), "cpu_percent"), 0), 4);
    assert_int_equal(json_int(json_member(json_item(items, 1), "cpu_percent"), 0), 7);
    assert_int_equal(json_int(json_member(json_item(items, 1), "turns"), 0), 12);
    json_free(json);
    assert_int_equal(health_history_read(fixture->store, "nobody", fixture->arena, &text),
                     STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_heard_is_sampled_once_in_ten_minutes),
        cmocka_unit_test(two_days_later_the_ring_begins_to_forget),
        cmocka_unit_test(the_newest_word_follows_the_samples),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

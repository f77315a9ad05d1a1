/* Months, hourly sums and their cursor, on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/store/migrate.h"
#include "server/store/usage_hours.h"
#include "server/store/usage_months.h"
#include "tests/support/dice.h"
#include "tests/support/pg.h"

#define WRITERS 3
#define STEPS   400

struct fixture {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    struct store_conn *writers[WRITERS];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), WRITERS + 2, "test", problem) !=
            STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 1u << 20) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(store_acquire(fixture.store, &fixture.writers[i]), STATUS_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < WRITERS; i++)
        store_release(fixture->store, fixture->writers[i]);
    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static void script(struct store_conn *conn, const char *sql)
{
    assert_int_equal(store_script(conn, sql), STATUS_OK);
}

#define ASSERT_SQL(fixture, query, expected)                                                       \
    do {                                                                                           \
        static const struct store_statement statement = {"SELECT (" query ")::text"};              \
        struct span text = span_text("");                                                          \
        arena_reset((fixture)->arena);                                                             \
        assert_int_equal(                                                                          \
            store_json((fixture)->store, &statement, STORE_NO_VALUES, (fixture)->arena, &text),    \
            STATUS_OK);                                                                            \
        assert_string_equal(arena_text((fixture)->arena, text), expected);                         \
    } while (0)

/* One record of 7 tokens, at the present hour. */
#define PUT(device, arrived)                                                                       \
    "INSERT INTO myna.usage SELECT '" device "', '00000000-0000-0000-0000-000000000001', 1,"       \
    " now(), " arrived ", gen_random_uuid(), 1, 'dahan', 'big-1', '', 'dahan-2026', 1, '', 1, 1,"  \
    " 0, 1, 1, 1, false, 1, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 1, 0.5, 'CNY'"

static void one_put(struct store_conn *conn)
{
    script(conn, PUT("r1", "now()"));
}

static const char differences[] =
    "WITH a AS (SELECT device_id, date_trunc('hour', at), contract_id, vendor_id, model, currency,"
    " count(*), sum(requests), sum(input_uncached), sum(output), sum(price) FROM myna.usage"
    " GROUP BY 1, 2, 3, 4, 5, 6), b AS (SELECT device_id, hour, contract_id, vendor_id, model,"
    " currency, attempts, requests, input_uncached, output, price FROM myna.usage_hour)"
    " SELECT count(*) FROM ((TABLE a EXCEPT TABLE b) UNION ALL (TABLE b EXCEPT TABLE a)) d";

static void expect_equal(struct fixture *fixture)
{
    const struct store_statement statement = {differences};
    struct result result = {0};

    assert_int_equal(store_query(fixture->store, &statement, STORE_NO_VALUES, &result), STATUS_OK);
    assert_int_equal(result_int(&result, 0, 0), 0);
    result_release(&result);
}

static void a_record_committed_after_a_later_one_was_rolled_up_still_counts(void **state)
{
    struct fixture *fixture = *state;

    script(fixture->writers[0], "BEGIN");
    one_put(fixture->writers[0]);
    one_put(fixture->writers[1]); /* committed at once, with a higher stamp */
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    script(fixture->writers[0], "COMMIT");
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    ASSERT_SQL(fixture, "SELECT sum(attempts) FROM myna.usage_hour WHERE device_id = 'r1'", "2");
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    ASSERT_SQL(fixture, "SELECT sum(attempts) FROM myna.usage_hour WHERE device_id = 'r1'", "2");
    expect_equal(fixture);
}

/* Writers begin, write, commit and roll back in any order, with roll-ups in between. */
static void hourly_sums_equal_the_records_whatever_order_they_are_committed_in(void **state)
{
    struct fixture *fixture = *state;
    struct dice dice;
    bool is_open[WRITERS] = {false};

    dice_init(&dice, 4711, span_text("writers"));
    for (int step = 0; step < STEPS; step++) {
        size_t i = (size_t)dice_below(&dice, WRITERS);
        struct store_conn *writer = fixture->writers[i];

        switch (dice_below(&dice, 10)) {
        case 0:
            assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
            break;
        case 1:
        case 2:
            if (is_open[i])
                script(writer, dice_below(&dice, 4) ? "COMMIT" : "ROLLBACK");
            else
                script(writer, "BEGIN");
            is_open[i] = !is_open[i];
            break;
        case 3:
            script(writer, PUT("r2", "now()"));
            break;
        default:
            one_put(writer);
        }
    }
    for (size_t i = 0; i < WRITERS; i++) {
        if (is_open[i])
            script(fixture->writers[i], "COMMIT");
    }
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    expect_equal(fixture);
}

static void sums_up_to_now_count_what_is_not_rolled_up_yet_once(void **state)
{
    struct fixture *fixture = *state;

    script(fixture->writers[0], PUT("now", "now()"));
    ASSERT_SQL(fixture, "SELECT sum(attempts) FROM myna.usage_hourly WHERE device_id = 'now'", "1");
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    script(fixture->writers[0], PUT("now", "now()"));
    script(fixture->writers[0],
           "INSERT INTO myna.usage_correction (device_id, journal_id, seq, at, vendor_id, model,"
           " contract_id, contract_version, currency, reason, output, price) VALUES ('now',"
           " '00000000-0000-0000-0000-000000000001', 1, now(), 'dahan', 'big-1', 'dahan-2026', 1,"
           " 'CNY', 'import', 4, 0.25)");
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', sum(attempts), sum(output), sum(price))"
               " FROM myna.usage_hourly WHERE device_id = 'now'",
               "2 10 1.25");
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', sum(attempts), sum(output), sum(price))"
               " FROM myna.usage_hourly WHERE device_id = 'now'",
               "2 10 1.25");
    script(fixture->writers[0], "DELETE FROM myna.usage WHERE device_id = 'now'");
    script(fixture->writers[0], "DELETE FROM myna.usage_hour WHERE device_id = 'now'");
    script(fixture->writers[0], "DELETE FROM myna.usage_correction WHERE device_id = 'now'");
}

static void a_database_moved_to_another_cluster_goes_on_counting(void **state)
{
    struct fixture *fixture = *state;

    /* the other cluster's transactions had higher numbers than this one's */
    script(fixture->writers[0], "UPDATE myna.usage_cursor SET done = done + 1000000");
    script(fixture->writers[0], "UPDATE myna.usage SET stamp = stamp + 999000");
    assert_int_equal(usage_hours_adopt(fixture->store), STATUS_OK);
    one_put(fixture->writers[0]);
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    expect_equal(fixture);
    ASSERT_SQL(fixture, "SELECT base > 900000 FROM myna.usage_cursor", "true");
    assert_int_equal(usage_hours_adopt(fixture->store), STATUS_OK);
    one_put(fixture->writers[0]);
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    expect_equal(fixture);
}

static void the_next_months_are_made_ahead_and_the_default_partition_stays_empty(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(usage_months_make(fixture->store), STATUS_OK);
    assert_int_equal(usage_months_make(fixture->store), STATUS_OK);
    script(fixture->writers[0], PUT("months", "now()"));
    script(fixture->writers[0], PUT("months", "now() + interval '2 months'"));
    ASSERT_SQL(fixture, "SELECT count(*) FROM myna.usage_default", "0");
    script(fixture->writers[0], PUT("months", "now() + interval '4 months'"));
    ASSERT_SQL(fixture, "SELECT count(*) FROM myna.usage_default", "1");
    /* its month is not taken away from under it */
    ASSERT_SQL(fixture, "SELECT myna.usage_make_month((now() + interval '4 months')::date)",
               "false");
    script(fixture->writers[0], "DELETE FROM myna.usage WHERE device_id = 'months'");
}

static void drop_months(struct fixture *fixture, int64_t expected)
{
    int64_t dropped = -1;

    assert_int_equal(usage_months_drop(fixture->store, 12, &dropped), STATUS_OK);
    assert_int_equal(dropped, expected);
}

static void a_month_goes_when_it_is_old_rolled_up_and_closed(void **state)
{
    struct fixture *fixture = *state;
    struct store_conn *conn = fixture->writers[0];

    script(conn, "INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('dahan', 'http://v');"
                 "INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                 " VALUES ('dahan-2026', 'dahan', 'CNY', 'Asia/Shanghai')");
    script(conn, "SELECT myna.usage_make_month('2020-05-01')");
    script(conn, PUT("old", "'2020-05-10'"));
    script(conn, "UPDATE myna.usage SET at = '2020-05-31 20:00Z' WHERE device_id = 'old'");
    drop_months(fixture, 0); /* neither rolled up nor closed */
    assert_int_equal(usage_hours_roll_up(fixture->store), STATUS_OK);
    drop_months(fixture, 0);
    script(conn, "CREATE OR REPLACE VIEW myna.usage_month_closed AS"
                 " SELECT 'dahan-2026'::text AS contract_id, '2020-05-01'::date AS month");
    drop_months(fixture, 0); /* in the contract's zone the record is one of June */
    script(conn, "CREATE OR REPLACE VIEW myna.usage_month_closed AS"
                 " SELECT 'dahan-2026'::text AS contract_id, '2020-06-01'::date AS month");
    drop_months(fixture, 1);
    ASSERT_SQL(fixture, "SELECT count(*) FROM myna.usage WHERE device_id = 'old'", "0");
    ASSERT_SQL(fixture, "SELECT sum(attempts) FROM myna.usage_hour WHERE device_id = 'old'", "1");
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.audit WHERE action = 'usage.drop_month'"
               " AND subject = 'usage/usage_2020_05'",
               "1");
    drop_months(fixture, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_committed_after_a_later_one_was_rolled_up_still_counts),
        cmocka_unit_test(hourly_sums_equal_the_records_whatever_order_they_are_committed_in),
        cmocka_unit_test(sums_up_to_now_count_what_is_not_rolled_up_yet_once),
        cmocka_unit_test(a_database_moved_to_another_cluster_goes_on_counting),
        cmocka_unit_test(the_next_months_are_made_ahead_and_the_default_partition_stays_empty),
        cmocka_unit_test(a_month_goes_when_it_is_old_rolled_up_and_closed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

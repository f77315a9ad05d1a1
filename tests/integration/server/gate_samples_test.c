/* What a gate is told of each robot, from usage records on a real database. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "server/store/gate_samples.h"
#include "server/store/migrate.h"
#include "tests/support/pg.h"

#define HOUR INT64_C(3600000)

/* 2026-06-10 00:00 UTC: the rollout starts; its first wave opens at 01:00, its second a day later.
 */
#define START   INT64_C(1781049600000)
#define ONE     (START + HOUR)
#define TWO     (START + 25 * HOUR)
#define DAY_END (TWO + 24 * HOUR)

/* Places among the treated and in the control. */
enum { LATE_AT, ONE_AT, TWO_AT };
enum { GONE_AT, HELD_AT, OTHER_AT };

struct fixture {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
    struct gate_group treated, control;
};

static const char fleet[] =
    "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
    " VALUES ('abcd', '', '', '');"
    "INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
    " server_key_id, secret_wrapped) SELECT id, '1', now(), sha256(id::bytea), 'abcd', ''"
    " FROM unnest(ARRAY['one', 'two', 'late', 'failed', 'held', 'gone', 'other']) id;"
    "INSERT INTO myna.device_link (device_id, last_seen)"
    " SELECT device_id, '2026-06-12 00:50Z' FROM myna.device;"
    "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, state, author, started_at)"
    " VALUES ('switch', 'fleet', '{}', '{}', 'running', 'operator:anna', '2026-06-10');"
    "INSERT INTO myna.rollout_wave (rollout_id, wave, share, planned, opened_at) VALUES"
    " ('switch', 1, '1%', 1, '2026-06-10 01:00Z'), ('switch', 2, '5%', 2, '2026-06-11 01:00Z'),"
    " ('switch', 3, '50%', 2, NULL);"
    "INSERT INTO myna.rollout_device (rollout_id, device_id, wave, is_control, place, state,"
    " is_open, settled_at) VALUES"
    " ('switch', 'one', 1, false, 10, 'confirmed', true, '2026-06-10 01:05Z'),"
    " ('switch', 'two', 2, false, 30, 'confirmed', true, '2026-06-11 01:00Z'),"
    " ('switch', 'late', 2, false, 20, 'opened', true, NULL),"
    " ('switch', 'failed', 2, false, 15, 'failed', false, '2026-06-11 01:05Z'),"
    " ('switch', 'held', NULL, true, 50, 'waiting', false, NULL),"
    " ('switch', 'gone', NULL, true, 40, 'waiting', false, NULL),"
    " ('switch', 'other', NULL, false, 60, 'waiting', false, NULL);";

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 2, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 4u << 20) != STATUS_OK ||
        store_acquire(fixture.store, &fixture.conn) != STATUS_OK ||
        store_script(fixture.conn, fleet) != STATUS_OK) {
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

/* One attempt. Plain data. */
struct record {
    const char *device;
    int64_t at_ms;
    int64_t turn, attempt, provenance, outcome, error_class;
    int64_t first_token_ms, first_audio_ms;
    bool interrupted;
    int64_t audio_out_chars, purpose;
    const char *price, *currency;
};

static void put(struct fixture *fixture, const struct record *record)
{
    static const struct store_statement insert = {
        "INSERT INTO myna.usage (device_id, journal_id, seq, at, arrived_at, turn, attempt,"
        " vendor_id, model, model_served, contract_id, contract_version, vendor_request_id,"
        " provenance, outcome, error_class, duration_ms, first_token_ms, first_audio_ms,"
        " interrupted, generation, reserved_input, reserved_output, input_uncached, input_cached,"
        " cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images,"
        " video_ms, requests, price, currency, purpose)"
        " SELECT $1, '00000000-0000-0000-0000-000000000001', 1, $2::timestamptz,"
        " $2::timestamptz + interval '1 minute',"
        " lpad($3::bigint::text, 32, '0')::uuid, $4::int, 'v', 'm', '', 'c', 1, '', $5::int,"
        " $6::int, $7::int, 1, $8::int, $9::int, $10, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, $11::bigint, 0,"
        " 0, 1, $12::text::numeric, $13::text, $14::int"};

    if (store_exec(fixture->conn, &insert,
                   STORE_VALUES(value_text(record->device), value_time(record->at_ms),
                                value_int(record->turn), value_int(record->attempt),
                                value_int(record->provenance), value_int(record->outcome),
                                value_int(record->error_class), value_int(record->first_token_ms),
                                value_int(record->first_audio_ms), value_bool(record->interrupted),
                                value_int(record->audio_out_chars), value_text(record->price),
                                value_text(record->currency), value_int(record->purpose)),
                   NULL) != STATUS_OK)
        fail_msg("%s", store_problem(fixture->conn));
}

static const struct record answered = {"two", TWO + HOUR, 1,     1, 1, 1,     0,
                                       500,   900,        false, 0, 0, "0.5", "CNY"};

static void empty(struct fixture *fixture)
{
    assert_int_equal(store_script(fixture->conn, "DELETE FROM myna.usage"), STATUS_OK);
}

static void look(struct fixture *fixture)
{
    arena_reset(fixture->arena);
    assert_int_equal(gate_samples_read(fixture->conn, "switch", 2, TWO, DAY_END, fixture->arena,
                                       &fixture->treated, &fixture->control),
                     STATUS_OK);
}

static void assert_amount(struct gate_amount amount, double sum, double count)
{
    if (fabs(amount.sum - sum) > 1e-9 || fabs(amount.count - count) > 1e-9)
        fail_msg("%g of %g instead of %g of %g", amount.sum, amount.count, sum, count);
}

static void who_runs_the_change_stands_apart_from_who_does_not(void **state)
{
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    put(fixture, &record);
    record.device = "gone";
    put(fixture, &record);
    record.device = "failed"; /* went back by itself: neither */
    put(fixture, &record);
    look(fixture);
    assert_int_equal(fixture->treated.count, 3); /* late, two, one */
    assert_int_equal(fixture->control.count, 3); /* gone, held, and other that waits */
    assert_amount(fixture->treated.samples[TWO_AT].now[GATE_FAILURES], 0, 1);
    assert_amount(fixture->control.samples[GONE_AT].now[GATE_FAILURES], 0, 1);
    assert_amount(fixture->control.samples[HELD_AT].now[GATE_FAILURES], 0, 0);
}

static void each_attempt_is_counted_for_what_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    put(fixture, &record);
    record = answered; /* another attempt of the same turn: it failed */
    record.attempt = 2, record.outcome = 5, record.error_class = 2;
    record.first_token_ms = record.first_audio_ms = 0, record.price = "0.25";
    put(fixture, &record);
    record = answered; /* speech of the same turn: no answer of its own */
    record.attempt = 3, record.audio_out_chars = 40, record.first_audio_ms = 80;
    record.first_token_ms = 0, record.price = "0.125";
    put(fixture, &record);
    record = answered;
    record.turn = 2, record.outcome = 4, record.interrupted = true, record.first_token_ms = 2000;
    put(fixture, &record);
    record = answered;
    record.turn = 3, record.outcome = 3, record.first_token_ms = 0, record.first_audio_ms = 0;
    put(fixture, &record);
    record.turn = 4, record.outcome = 6;
    put(fixture, &record);
    record.turn = 5, record.outcome = 5, record.error_class = 8; /* never got there */
    record.provenance = 5, record.price = "0";
    put(fixture, &record);
    look(fixture);
    const struct gate_sample *two = &fixture->treated.samples[TWO_AT];

    assert_amount(two->now[GATE_FAILURES], 4, 7);
    assert_amount(two->now[GATE_FIRST_TOKEN], log(500) + log(2000), 2);
    assert_amount(two->now[GATE_FIRST_AUDIO], 2 * log(900), 2);
    assert_amount(two->now[GATE_INTERRUPTED], 1, 2);
    assert_amount(two->now[GATE_COST], 2.375, 5);
    assert_true(two->failed[GATE_CLASS_BUSY] == 1);
    assert_true(two->failed[GATE_CLASS_FILTERED] == 1);
    assert_true(two->failed[GATE_CLASS_LOST] == 1);
    assert_true(two->failed[GATE_CLASS_NET] == 1);
    assert_string_equal(fixture->treated.currency, "CNY");
    assert_true(fixture->treated.has_one_currency);
}

static void what_is_no_attempt_of_talk_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    record.purpose = 1; /* a self-test */
    put(fixture, &record);
    record = answered;
    record.provenance = 6; /* an adjustment */
    put(fixture, &record);
    record.provenance = 1, record.attempt = 0; /* a summary */
    put(fixture, &record);
    look(fixture);
    assert_amount(fixture->treated.samples[TWO_AT].now[GATE_FAILURES], 0, 0);
}

static void records_belong_to_the_window_or_to_the_days_before_the_start(void **state)
{
    static const int64_t outside[] = {TWO - 1, DAY_END, START, START - 24 * HOUR - 1};
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        record.at_ms = outside[i];
        put(fixture, &record);
    }
    look(fixture);
    assert_amount(fixture->treated.samples[TWO_AT].now[GATE_FAILURES], 0, 0);
    assert_amount(fixture->treated.samples[TWO_AT].before[GATE_FAILURES], 0, 0);
    record.at_ms = DAY_END - 1;
    put(fixture, &record);
    record.at_ms = START - 1;
    put(fixture, &record);
    record.at_ms = START - 24 * HOUR;
    put(fixture, &record);
    record.device = "held";
    put(fixture, &record);
    record.at_ms = TWO;
    put(fixture, &record);
    look(fixture);
    assert_amount(fixture->treated.samples[TWO_AT].now[GATE_FAILURES], 0, 1);
    assert_amount(fixture->treated.samples[TWO_AT].before[GATE_FIRST_TOKEN], 2 * log(500), 2);
    assert_amount(fixture->control.samples[HELD_AT].before[GATE_FIRST_TOKEN], log(500), 1);
    assert_amount(fixture->control.samples[HELD_AT].now[GATE_FAILURES], 0, 1);
}

static void hours_of_the_week_before_are_summed_up(void **state)
{
    struct fixture *fixture = *state;

    empty(fixture);
    assert_int_equal(
        store_script(fixture->conn,
                     "INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model,"
                     " currency, attempts, failed, interrupted, price) VALUES"
                     " ('two', '2026-06-03 00:00Z', 'c', 'v', 'm', 'CNY', 10, 2, 1, 0.5),"
                     " ('two', '2026-06-09 23:00Z', 'c', 'v', 'm', 'CNY', 20, 1, 3, 0.25),"
                     " ('two', '2026-06-02 23:00Z', 'c', 'v', 'm', 'CNY', 999, 9, 9, 9),"
                     " ('two', '2026-06-10 00:00Z', 'c', 'v', 'm', 'CNY', 999, 9, 9, 9)"),
        STATUS_OK);
    look(fixture);
    const struct gate_sample *two = &fixture->treated.samples[TWO_AT];

    assert_amount(two->before[GATE_FAILURES], 3, 30);
    assert_amount(two->before[GATE_INTERRUPTED], 4, 30);
    assert_amount(two->before[GATE_COST], 0.75, 30);
    assert_amount(two->before[GATE_UNREACHABLE], 0, 0);
}

static void a_robot_that_does_not_run_the_change_counts_only_for_being_there(void **state)
{
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    record.device = "late";
    put(fixture, &record);
    look(fixture);
    assert_amount(fixture->treated.samples[LATE_AT].now[GATE_FAILURES], 0, 0);
    assert_amount(fixture->treated.samples[LATE_AT].now[GATE_UNREACHABLE], 0, 1);
}

static void who_was_there_when_the_wave_was_opened_and_fell_silent_is_unreachable(void **state)
{
    struct fixture *fixture = *state;

    empty(fixture);
    assert_int_equal(
        store_script(fixture->conn,
                     "UPDATE myna.device_link SET last_seen = '2026-06-11 09:00Z'"
                     " WHERE device_id = 'two';" /* after its wave was opened: lost */
                     "UPDATE myna.device_link SET last_seen = '2026-06-11 00:40Z'"
                     " WHERE device_id = 'one';" /* before it: off all the time */
                     "UPDATE myna.device_link SET last_seen = NULL WHERE device_id = 'gone'"),
        STATUS_OK);
    look(fixture);
    assert_amount(fixture->treated.samples[LATE_AT].now[GATE_UNREACHABLE], 0, 1);
    assert_amount(fixture->treated.samples[TWO_AT].now[GATE_UNREACHABLE], 1, 1);
    assert_amount(fixture->treated.samples[ONE_AT].now[GATE_UNREACHABLE], 0, 0);
    assert_amount(fixture->control.samples[GONE_AT].now[GATE_UNREACHABLE], 0, 0);
    assert_amount(fixture->control.samples[HELD_AT].now[GATE_UNREACHABLE], 0, 1);
}

static void prices_in_two_currencies_are_told(void **state)
{
    struct fixture *fixture = *state;
    struct record record = answered;

    empty(fixture);
    put(fixture, &record);
    record.device = "one", record.currency = "USD", record.price = "0";
    put(fixture, &record);
    look(fixture);
    assert_true(fixture->treated.has_one_currency); /* what costs nothing has none */
    record.price = "0.01";
    put(fixture, &record);
    look(fixture);
    assert_false(fixture->treated.has_one_currency);
}

static void a_wave_that_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct gate_group treated = {0}, control = {0};

    assert_int_equal(gate_samples_read(fixture->conn, "switch", 9, TWO, DAY_END, fixture->arena,
                                       &treated, &control),
                     STATUS_NOT_FOUND);
    assert_int_equal(gate_samples_read(fixture->conn, "none", 1, TWO, DAY_END, fixture->arena,
                                       &treated, &control),
                     STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_runs_the_change_stands_apart_from_who_does_not),
        cmocka_unit_test(each_attempt_is_counted_for_what_it_is),
        cmocka_unit_test(what_is_no_attempt_of_talk_is_left_out),
        cmocka_unit_test(records_belong_to_the_window_or_to_the_days_before_the_start),
        cmocka_unit_test(hours_of_the_week_before_are_summed_up),
        cmocka_unit_test(a_robot_that_does_not_run_the_change_counts_only_for_being_there),
        cmocka_unit_test(who_was_there_when_the_wave_was_opened_and_fell_silent_is_unreachable),
        cmocka_unit_test(prices_in_two_currencies_are_told),
        cmocka_unit_test(a_wave_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "server/fleet/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define WINDOW_MS 60000
#define NOW_MS    INT64_C(1800000000000)

static const uint8_t id_a[SESSION_ID_SIZE] = {1};
static const uint8_t id_b[SESSION_ID_SIZE] = {2};

static enum session_verdict judge(struct session *session, uint64_t number, const uint8_t *id,
                                  uint64_t counter, bool is_hello, struct session_note *note)
{
    const struct session_claim claim = {
        .number = number, .id = id, .counter = counter, .sent_ms = NOW_MS, .is_hello = is_hello};

    return session_judge(session, &claim, WINDOW_MS, NOW_MS, note);
}

static enum session_verdict say(struct session *session, uint64_t number, uint64_t counter)
{
    struct session_note note;

    return judge(session, number, id_a, counter, false, &note);
}

static void i3_a_higher_session_is_adopted_and_ends_the_one_before(void **state)
{
    struct session session = {0};

    (void)state;
    assert_int_equal(say(&session, 5, 1), SESSION_ADOPTED);
    assert_false(session.has_hello);
    assert_int_equal(say(&session, 9, 1), SESSION_ADOPTED);
    assert_int_equal(session.number, 9);
    assert_int_equal(session.ended, 5);
    assert_int_equal(session.ended_at_ms, NOW_MS);
    assert_true(session_is_live(&session));
}

static void i3_each_counter_counts_once_in_any_order_within_the_window(void **state)
{
    struct session session = {0};

    (void)state;
    assert_int_equal(say(&session, 1, 10), SESSION_ADOPTED);
    assert_int_equal(say(&session, 1, 12), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 11), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 11), SESSION_STALE);
    assert_int_equal(say(&session, 1, 12), SESSION_STALE);
    assert_int_equal(say(&session, 1, 10), SESSION_STALE);
    assert_int_equal(say(&session, 1, 1), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 75), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 11), SESSION_STALE);
    assert_int_equal(say(&session, 1, 12), SESSION_STALE);
    assert_int_equal(say(&session, 1, 13), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 200), SESSION_CURRENT);
    assert_int_equal(say(&session, 1, 136), SESSION_STALE);
    assert_int_equal(say(&session, 1, 137), SESSION_CURRENT);
}

static void i3_a_repeated_message_is_a_replay_once_it_is_old(void **state)
{
    struct session session = {0};
    struct session_note note;
    struct session_claim claim = {.number = 1, .id = id_a, .counter = 1, .sent_ms = NOW_MS};

    (void)state;
    assert_int_equal(session_judge(&session, &claim, WINDOW_MS, NOW_MS, &note), SESSION_ADOPTED);
    assert_int_equal(session_judge(&session, &claim, WINDOW_MS, NOW_MS + WINDOW_MS, &note),
                     SESSION_STALE);
    assert_int_equal(session_judge(&session, &claim, WINDOW_MS, NOW_MS + WINDOW_MS + 1, &note),
                     SESSION_REPLAYED);
}

static void i3_a_message_of_an_ended_session_is_stale_and_then_a_replay(void **state)
{
    struct session session = {0};
    struct session_note note;
    const struct session_claim old = {.number = 1, .id = id_a, .counter = 2, .sent_ms = NOW_MS};

    (void)state;
    say(&session, 1, 1);
    say(&session, 2, 1);
    assert_int_equal(session_judge(&session, &old, WINDOW_MS, NOW_MS + 1, &note), SESSION_STALE);
    assert_int_equal(session_judge(&session, &old, WINDOW_MS, NOW_MS + WINDOW_MS + 1, &note),
                     SESSION_REPLAYED);
    assert_int_equal(session.number, 2);
    assert_int_equal(session.counter_top, 1);
}

static void i3_a_hello_below_or_beside_the_session_gets_the_floor_and_changes_nothing(void **state)
{
    struct session session = {0};
    struct session before;
    struct session_note note;

    (void)state;
    judge(&session, 7, id_a, 1, true, &note);
    before = session;
    assert_int_equal(judge(&session, 6, id_b, 1, true, &note), SESSION_FLOOR);
    assert_int_equal(judge(&session, 7, id_b, 5, true, &note), SESSION_FLOOR);
    assert_memory_equal(&session, &before, sizeof session);
}

static void a_floor_long_after_the_session_ended_is_told_to_the_operator_too(void **state)
{
    struct session session = {0};
    struct session_note note;
    const struct session_claim old = {
        .number = 1, .id = id_b, .counter = 1, .sent_ms = NOW_MS, .is_hello = true};

    (void)state;
    say(&session, 1, 1);
    say(&session, 2, 1);
    assert_int_equal(session_judge(&session, &old, WINDOW_MS, NOW_MS, &note), SESSION_FLOOR);
    assert_false(note.late);
    assert_int_equal(session_judge(&session, &old, WINDOW_MS, NOW_MS + WINDOW_MS + 1, &note),
                     SESSION_FLOOR);
    assert_true(note.late);
}

static void i3_a_last_will_ends_only_the_session_it_names(void **state)
{
    struct session session = {0};

    (void)state;
    say(&session, 3, 1);
    assert_false(session_end(&session, 3, id_b, NOW_MS));
    assert_false(session_end(&session, 2, id_a, NOW_MS));
    assert_true(session_is_live(&session));
    assert_true(session_end(&session, 3, id_a, NOW_MS));
    assert_false(session_is_live(&session));
    assert_false(session_end(&session, 3, id_a, NOW_MS + 5));
    assert_int_equal(session.ended_at_ms, NOW_MS);
    assert_int_equal(say(&session, 4, 1), SESSION_ADOPTED);
}

/* A robot that somebody declared dead was never heard again on its connection. */
static void i3_a_device_that_outlives_its_will_is_told_to_connect_again(void **state)
{
    struct session session = {0};
    struct session before;

    (void)state;
    say(&session, 3, 1);
    assert_true(session_end(&session, 3, id_a, NOW_MS));
    before = session;
    assert_int_equal(say(&session, 3, 2), SESSION_FLOOR);
    assert_memory_equal(&session, &before, sizeof session);
}

static void only_the_newest_message_says_where_the_device_is_now(void **state)
{
    struct session session = {0};
    struct session_note note;

    (void)state;
    judge(&session, 1, id_a, 5, true, &note);
    assert_true(note.newest);
    judge(&session, 1, id_a, 4, true, &note);
    assert_false(note.newest);
    judge(&session, 1, id_a, 6, true, &note);
    assert_true(note.newest);
}

static void numbers_that_no_device_sends_are_invalid(void **state)
{
    struct session session = {0};

    (void)state;
    assert_int_equal(say(&session, 0, 1), SESSION_INVALID);
    assert_int_equal(say(&session, 1, 0), SESSION_INVALID);
    assert_int_equal(say(&session, UINT64_C(1) << 63, 1), SESSION_INVALID);
    assert_int_equal(say(&session, 1, UINT64_MAX), SESSION_INVALID);
    assert_int_equal(session.number, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i3_a_higher_session_is_adopted_and_ends_the_one_before),
        cmocka_unit_test(i3_each_counter_counts_once_in_any_order_within_the_window),
        cmocka_unit_test(i3_a_repeated_message_is_a_replay_once_it_is_old),
        cmocka_unit_test(i3_a_message_of_an_ended_session_is_stale_and_then_a_replay),
        cmocka_unit_test(i3_a_hello_below_or_beside_the_session_gets_the_floor_and_changes_nothing),
        cmocka_unit_test(a_floor_long_after_the_session_ended_is_told_to_the_operator_too),
        cmocka_unit_test(i3_a_last_will_ends_only_the_session_it_names),
        cmocka_unit_test(i3_a_device_that_outlives_its_will_is_told_to_connect_again),
        cmocka_unit_test(only_the_newest_message_says_where_the_device_is_now),
        cmocka_unit_test(numbers_that_no_device_sends_are_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

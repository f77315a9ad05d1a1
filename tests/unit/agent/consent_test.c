#include "agent/consent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t first[16] = {1}, second[16] = {2};

static int make(void **state)
{
    static struct consent consent;

    consent_init(&consent);
    *state = &consent;
    return 0;
}

static int release(void **state)
{
    consent_release(*state);
    return 0;
}

static void ask(struct consent *consent, const uint8_t id[16])
{
    enum consent_answer answer = CONSENT_NONE;

    assert_int_equal(consent_ask(consent, id, 1000, &answer), CONSENT_ASKED);
    assert_int_equal(answer, CONSENT_NONE);
}

static enum consent_answer press(struct consent *consent, int64_t held_ms)
{
    enum consent_answer answer;
    uint8_t id[16] = {0};

    assert_true(consent_button(consent, true, 2000, &answer, id));
    assert_int_equal(answer, CONSENT_NONE);
    assert_true(consent_button(consent, false, 2000 + held_ms, &answer, id));
    assert_memory_equal(id, first, sizeof id);
    return answer;
}

static void a_button_that_is_held_agrees(void **state)
{
    ask(*state, first);
    assert_int_equal(press(*state, CONSENT_HOLD_MS), CONSENT_GIVEN);
}

static void a_short_press_declines(void **state)
{
    ask(*state, first);
    assert_int_equal(press(*state, CONSENT_HOLD_MS - 1), CONSENT_DECLINED);
}

static void without_a_request_the_button_is_the_ears(void **state)
{
    enum consent_answer answer;
    uint8_t id[16];

    assert_false(consent_button(*state, true, 0, &answer, id));
    assert_false(consent_button(*state, false, 9000, &answer, id));
    assert_int_equal(answer, CONSENT_NONE);
    assert_false(consent_say(*state, CONSENT_GIVEN, id));
}

static void a_press_that_began_before_the_request_is_no_answer(void **state)
{
    enum consent_answer answer;
    uint8_t id[16];

    assert_false(consent_button(*state, true, 500, &answer, id));
    ask(*state, first);
    assert_false(consent_button(*state, false, 9000, &answer, id));
    assert_int_equal(press(*state, CONSENT_HOLD_MS), CONSENT_GIVEN);
}

static void nobodys_answer_is_none_and_comes_once(void **state)
{
    uint8_t id[16] = {0};

    ask(*state, first);
    assert_false(consent_expire(*state, 1000 + CONSENT_WINDOW_MS - 1, id));
    assert_true(consent_expire(*state, 1000 + CONSENT_WINDOW_MS, id));
    assert_memory_equal(id, first, sizeof id);
    assert_false(consent_expire(*state, 1000 + CONSENT_WINDOW_MS, id));
    assert_false(consent_say(*state, CONSENT_GIVEN, id));
}

static void one_request_waits_at_a_time(void **state)
{
    enum consent_answer answer = CONSENT_NONE;

    ask(*state, first);
    assert_int_equal(consent_ask(*state, first, 1500, &answer), CONSENT_WAITS);
    assert_int_equal(consent_ask(*state, second, 1500, &answer), CONSENT_BUSY);
    consent_drop(*state);
    ask(*state, second);
}

static void an_answer_that_was_lost_is_not_asked_for_twice(void **state)
{
    enum consent_answer answer = CONSENT_NONE;
    uint8_t id[16];

    ask(*state, first);
    assert_true(consent_say(*state, CONSENT_DECLINED, id));
    assert_int_equal(consent_ask(*state, first, 5000, &answer), CONSENT_ANSWERED);
    assert_int_equal(answer, CONSENT_DECLINED);
    ask(*state, second); /* another request is another question */
}

static void a_dropped_request_is_asked_anew(void **state)
{
    uint8_t id[16];

    ask(*state, first);
    consent_drop(*state);
    assert_false(consent_say(*state, CONSENT_GIVEN, id));
    ask(*state, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_button_that_is_held_agrees, make, release),
        cmocka_unit_test_setup_teardown(a_short_press_declines, make, release),
        cmocka_unit_test_setup_teardown(without_a_request_the_button_is_the_ears, make, release),
        cmocka_unit_test_setup_teardown(a_press_that_began_before_the_request_is_no_answer, make,
                                        release),
        cmocka_unit_test_setup_teardown(nobodys_answer_is_none_and_comes_once, make, release),
        cmocka_unit_test_setup_teardown(one_request_waits_at_a_time, make, release),
        cmocka_unit_test_setup_teardown(an_answer_that_was_lost_is_not_asked_for_twice, make,
                                        release),
        cmocka_unit_test_setup_teardown(a_dropped_request_is_asked_anew, make, release),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

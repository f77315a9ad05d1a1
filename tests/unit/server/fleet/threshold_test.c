#include "server/fleet/threshold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MAY  1000
#define JUNE 2000

/* "L", "F", "LF" or "": what one look asks for. */
static const char *look(struct threshold *threshold, struct threshold_look what)
{
    const struct threshold_step step = threshold_look(threshold, &what);

    return step.lift && step.fire ? "LF" : step.lift ? "L" : step.fire ? "F" : "";
}

static const struct threshold_look below = {.period_from_ms = MAY};
static const struct threshold_look reached = {.period_from_ms = MAY, .reached = true};

static void it_fires_once_however_often_one_looks(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    assert_string_equal(look(&threshold, below), "");
    assert_string_equal(look(&threshold, reached), "F");
    assert_string_equal(look(&threshold, reached), "");
    assert_string_equal(look(&threshold, below), "");
    assert_string_equal(look(&threshold, reached), "");
    assert_int_equal(threshold.state, THRESHOLD_FIRED);
}

static void a_new_period_lifts_it_and_arms_it_again(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    look(&threshold, reached);
    assert_string_equal(look(&threshold, (struct threshold_look){.period_from_ms = JUNE}), "L");
    assert_int_equal(threshold.state, THRESHOLD_ARMED);
    assert_string_equal(
        look(&threshold, (struct threshold_look){.period_from_ms = JUNE, .reached = true}), "F");
}

static void a_new_period_that_begins_past_the_point_lifts_and_fires(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    look(&threshold, reached);
    assert_string_equal(
        look(&threshold, (struct threshold_look){.period_from_ms = JUNE, .reached = true}), "LF");
    assert_int_equal(threshold.state, THRESHOLD_FIRED);
}

static void a_raised_limit_arms_it_again_when_the_value_is_below_by_that(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    look(&threshold, reached);
    assert_string_equal(
        look(&threshold,
             (struct threshold_look){.period_from_ms = MAY, .reached = true, .raised = true}),
        "");
    assert_string_equal(
        look(&threshold, (struct threshold_look){.period_from_ms = MAY, .raised = true}), "L");
    assert_string_equal(look(&threshold, reached), "F");
}

static void falling_back_arms_it_only_where_the_rule_says_how_far(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    look(&threshold, reached);
    assert_string_equal(look(&threshold, below), "");
    assert_string_equal(
        look(&threshold, (struct threshold_look){.period_from_ms = MAY, .fell_back = true}), "L");
    assert_string_equal(look(&threshold, reached), "F");
}

static void what_is_waived_by_hand_stays_quiet_until_it_is_armed_again(void **state)
{
    struct threshold threshold = {.period_from_ms = MAY};

    (void)state;
    assert_false(threshold_waive(&threshold));
    look(&threshold, reached);
    assert_true(threshold_waive(&threshold));
    assert_false(threshold_waive(&threshold));
    assert_string_equal(look(&threshold, reached), "");
    assert_int_equal(threshold.state, THRESHOLD_WAIVED);
    assert_string_equal(
        look(&threshold, (struct threshold_look){.period_from_ms = JUNE, .reached = true}), "F");
}

static void each_state_has_a_name_that_finds_it(void **state)
{
    enum threshold_state found;

    (void)state;
    for (int i = THRESHOLD_ARMED; i <= THRESHOLD_WAIVED; i++) {
        const char *name = threshold_state_name((enum threshold_state)i);

        assert_int_equal(threshold_state_find(span_text(name), &found), STATUS_OK);
        assert_int_equal(found, i);
    }
    assert_int_equal(threshold_state_find(span_text("asleep"), &found), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fires_once_however_often_one_looks),
        cmocka_unit_test(a_new_period_lifts_it_and_arms_it_again),
        cmocka_unit_test(a_new_period_that_begins_past_the_point_lifts_and_fires),
        cmocka_unit_test(a_raised_limit_arms_it_again_when_the_value_is_below_by_that),
        cmocka_unit_test(falling_back_arms_it_only_where_the_rule_says_how_far),
        cmocka_unit_test(what_is_waived_by_hand_stays_quiet_until_it_is_armed_again),
        cmocka_unit_test(each_state_has_a_name_that_finds_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

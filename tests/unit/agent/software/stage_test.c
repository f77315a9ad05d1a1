#include "agent/software/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum stage after(enum stage stage, enum stage_event event)
{
    return stage_move(&stage, event) ? stage : STAGE_COUNT;
}

static void software_comes_step_by_step(void **state)
{
    (void)state;
    assert_int_equal(after(STAGE_NONE, STAGE_WANT), STAGE_FETCHING);
    assert_int_equal(after(STAGE_FETCHING, STAGE_HAVE_FILE), STAGE_FETCHED);
    assert_int_equal(after(STAGE_FETCHED, STAGE_INSTALL), STAGE_INSTALLING);
    assert_int_equal(after(STAGE_INSTALLING, STAGE_IS_THERE), STAGE_INSTALLED);
    assert_int_equal(after(STAGE_INSTALLED, STAGE_KEEP), STAGE_CONFIRMING);
    assert_int_equal(after(STAGE_CONFIRMING, STAGE_END), STAGE_NONE);
}

static void nothing_is_confirmed_that_was_not_installed(void **state)
{
    (void)state;
    for (int stage = 0; stage < STAGE_COUNT; stage++)
        if (stage != STAGE_INSTALLED)
            assert_int_equal(after((enum stage)stage, STAGE_KEEP), STAGE_COUNT);
}

/* What an installer may have touched ends by its confirm, its refusal or its revert alone. */
static void what_was_begun_does_not_end_without_the_installer(void **state)
{
    (void)state;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        if (!stage_is_begun((enum stage)stage))
            continue;
        const bool may_end = stage == STAGE_INSTALLING || stage == STAGE_CONFIRMING ||
                             stage == STAGE_REVERTING || stage == STAGE_GOING_BACK;
        assert_int_equal(after((enum stage)stage, STAGE_END), may_end ? STAGE_NONE : STAGE_COUNT);
    }
    assert_false(stage_is_begun(STAGE_FETCHED));
    assert_true(stage_is_begun(STAGE_INSTALLING));
    assert_true(stage_is_begun(STAGE_GOING_BACK));
}

static void a_stage_that_nobody_knows_stays(void **state)
{
    enum stage stage = (enum stage)99;

    (void)state;
    assert_false(stage_move(&stage, STAGE_END));
    assert_int_equal(stage, 99);
    assert_string_equal(stage_name(stage), "unknown");
    assert_string_equal(stage_name(STAGE_GOING_BACK), "going back");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(software_comes_step_by_step),
        cmocka_unit_test(nothing_is_confirmed_that_was_not_installed),
        cmocka_unit_test(what_was_begun_does_not_end_without_the_installer),
        cmocka_unit_test(a_stage_that_nobody_knows_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

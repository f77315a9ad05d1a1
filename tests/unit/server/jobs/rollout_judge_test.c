#include "server/jobs/rollout_judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void what_was_read_counts_for_the_version_it_was_read_for(void **state)
{
    const struct rollout_reading nothing = {.version = 0};
    const struct rollout_reading reading = {.version = 7};
    struct rollout_steps_row row = {.version = 7};

    (void)state;
    assert_true(rollout_judge_has_read(&reading, &row));
    assert_false(rollout_judge_has_read(&nothing, &row));
    row.version = 8; /* somebody moved it meanwhile */
    assert_false(rollout_judge_has_read(&reading, &row));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_read_counts_for_the_version_it_was_read_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

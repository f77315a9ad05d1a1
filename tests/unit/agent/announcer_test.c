#include "agent/announcer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void digits_are_spelled_one_by_one_in_two_halves(void **state)
{
    char halves[2][ANNOUNCER_HALF_BYTES];

    (void)state;
    announcer_spell("047129", false, halves);
    assert_string_equal(halves[0], "zero, four, seven.");
    assert_string_equal(halves[1], "one, two, nine.");
    announcer_spell("356898", true, halves);
    assert_string_equal(halves[0], "三，五，六。");
    assert_string_equal(halves[1], "八，九，八。");
}

static void every_digit_has_a_word_that_fits(void **state)
{
    char halves[2][ANNOUNCER_HALF_BYTES];

    (void)state;
    announcer_spell("777333", false, halves);
    assert_string_equal(halves[0], "seven, seven, seven.");
    assert_string_equal(halves[1], "three, three, three.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_spelled_one_by_one_in_two_halves),
        cmocka_unit_test(every_digit_has_a_word_that_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/meter/reservation.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint64_t tokens_of(const char *text)
{
    struct reservation_estimate estimate = {0};

    reservation_estimate_add(&estimate, span_text(text));
    return reservation_estimate_tokens(&estimate);
}

static void a_reservation_bounds_input_by_bytes_and_output_by_the_limit_sent(void **state)
{
    (void)state;
    struct reservation worst = reservation_worst_case(120, 15, 400);

    assert_int_equal(worst.input, 135);
    assert_int_equal(worst.output, 400);
}

static void an_estimate_is_zero_only_for_no_text(void **state)
{
    (void)state;
    assert_int_equal(tokens_of(""), 0);
    assert_int_equal(tokens_of("a"), 1);
}

static void four_letters_or_one_and_a_half_han_characters_are_about_a_token(void **state)
{
    (void)state;
    assert_int_equal(tokens_of("twelve bytes"), 3);
    assert_int_equal(tokens_of("你好吗"), 2);
    assert_int_equal(tokens_of("—————————"), 7); /* dashes are not wide: 27 bytes */
}

static void text_that_comes_in_pieces_is_estimated_as_a_whole(void **state)
{
    (void)state;
    struct reservation_estimate estimate = {0};

    for (int i = 0; i < 12; i++)
        reservation_estimate_add(&estimate, span_text("x"));
    assert_int_equal(reservation_estimate_tokens(&estimate), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reservation_bounds_input_by_bytes_and_output_by_the_limit_sent),
        cmocka_unit_test(an_estimate_is_zero_only_for_no_text),
        cmocka_unit_test(four_letters_or_one_and_a_half_han_characters_are_about_a_token),
        cmocka_unit_test(text_that_comes_in_pieces_is_estimated_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

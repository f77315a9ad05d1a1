#include "schema/wire/window_size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_size_is_two_numbers_within_what_can_be_drawn(void **state)
{
    struct window_size size;

    (void)state;
    assert_int_equal(window_size_read(span_text("240x240"), &size), STATUS_OK);
    assert_int_equal(window_size_read(span_text("1280x800"), &size), STATUS_OK);
    assert_int_equal(size.width, 1280);
    assert_int_equal(size.height, 800);
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
    static const char *const others[] = {"",         "x",        "480",      "480x",    "x480",
                                         "480x239",  "239x480",  "1281x800", "800x801", "480X480",
                                         "480x480x", "480 x480", "-480x480", "480x+480"};
    struct window_size size = {1, 2};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (window_size_read(span_text(others[i]), &size) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", others[i]);
    assert_int_equal(size.width, 1);
    assert_int_equal(size.height, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_is_two_numbers_within_what_can_be_drawn),
        cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

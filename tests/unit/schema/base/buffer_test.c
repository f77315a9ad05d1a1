#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/buffer.h"

static void pieces_are_joined_and_end_with_a_nul(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1024);
    assert_string_equal(buffer_cstring(&buffer), "");
    buffer_text(&buffer, "a");
    buffer_byte(&buffer, 'b');
    buffer_add(&buffer, span_of("cd", 2));
    buffer_format(&buffer, "%d", 42);
    assert_int_equal(buffer_status(&buffer), STATUS_OK);
    assert_string_equal(buffer_cstring(&buffer), "abcd42");
    assert_int_equal(buffer_span(&buffer).size, 6);
    buffer_release(&buffer);
}

static void it_grows_past_its_first_storage(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100000);
    for (int i = 0; i < 10000; i++)
        buffer_format(&buffer, "%04d,", i);
    assert_int_equal(buffer_status(&buffer), STATUS_OK);
    assert_int_equal(buffer_span(&buffer).size, 50000);
    assert_true(span_equal_text(span_of(buffer_span(&buffer).data + 49990, 10), "9998,9999,"));
    buffer_release(&buffer);
}

/* The storage behind it grows in steps; whichever step the text just fills, the NUL has a place. */
static void a_nul_follows_whatever_the_size(void **state)
{
    (void)state;
    for (size_t size = 1; size < 300; size++) {
        struct buffer buffer;

        buffer_init(&buffer, size);
        for (size_t i = 0; i < size; i++)
            buffer_byte(&buffer, 'x');
        assert_int_equal(buffer_status(&buffer), STATUS_OK);
        assert_int_equal(strlen(buffer_cstring(&buffer)), size);
        buffer_release(&buffer);
    }
}

static void the_limit_can_be_filled_exactly(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    buffer_text(&buffer, "1234");
    assert_int_equal(buffer_status(&buffer), STATUS_OK);
    buffer_text(&buffer, "5");
    assert_int_equal(buffer_status(&buffer), STATUS_FULL);
    assert_string_equal(buffer_cstring(&buffer), "1234");
    buffer_release(&buffer);
}

static void after_a_failure_nothing_more_is_written(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    buffer_text(&buffer, "12");
    buffer_text(&buffer, "too long");
    buffer_text(&buffer, "3");
    buffer_format(&buffer, "%s", "4");
    assert_int_equal(buffer_status(&buffer), STATUS_FULL);
    assert_string_equal(buffer_cstring(&buffer), "12");

    buffer_clear(&buffer);
    buffer_text(&buffer, "3");
    assert_int_equal(buffer_status(&buffer), STATUS_OK);
    assert_string_equal(buffer_cstring(&buffer), "3");
    buffer_release(&buffer);
}

static void the_first_failure_is_the_one_that_stays(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 4);
    buffer_fail(&buffer, STATUS_CORRUPT);
    buffer_fail(&buffer, STATUS_INVALID);
    assert_int_equal(buffer_status(&buffer), STATUS_CORRUPT);
    buffer_release(&buffer);
}

static void cutting_drops_from_the_end(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 16);
    buffer_cut(&buffer, 0);
    buffer_text(&buffer, "abcdef");
    buffer_cut(&buffer, 6);
    assert_string_equal(buffer_cstring(&buffer), "abcdef");
    buffer_cut(&buffer, 2);
    buffer_text(&buffer, "x");
    assert_string_equal(buffer_cstring(&buffer), "abx");
    buffer_release(&buffer);
}

static void consuming_drops_from_the_front(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 16);
    buffer_consume(&buffer, 3);
    buffer_text(&buffer, "abcdef");
    buffer_consume(&buffer, 2);
    assert_string_equal(buffer_cstring(&buffer), "cdef");
    buffer_consume(&buffer, 100);
    assert_string_equal(buffer_cstring(&buffer), "");
    assert_int_equal(buffer_span(&buffer).size, 0);
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_joined_and_end_with_a_nul),
        cmocka_unit_test(it_grows_past_its_first_storage),
        cmocka_unit_test(a_nul_follows_whatever_the_size),
        cmocka_unit_test(the_limit_can_be_filled_exactly),
        cmocka_unit_test(after_a_failure_nothing_more_is_written),
        cmocka_unit_test(the_first_failure_is_the_one_that_stays),
        cmocka_unit_test(cutting_drops_from_the_end),
        cmocka_unit_test(consuming_drops_from_the_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

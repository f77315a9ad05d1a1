#include "server/store/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define HEADER_BYTES 19

struct fixture {
    struct buffer out;
    struct copy copy;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    buffer_init(&fixture.out, 1024);
    copy_begin(&fixture.copy, &fixture.out);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    buffer_release(&((struct fixture *)*state)->out);
    return 0;
}

/* What was written behind the header. */
static void expect(const struct fixture *fixture, const void *bytes, size_t size)
{
    const struct span span = buffer_span(&fixture->out);

    assert_int_equal(buffer_status(&fixture->out), STATUS_OK);
    assert_int_equal(span.size, HEADER_BYTES + size);
    assert_memory_equal(span.data + HEADER_BYTES, bytes, size);
}

#define EXPECT(...)                                                                                \
    expect(fixture, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void rows_stand_between_the_signature_and_the_trailer(void **state)
{
    struct fixture *fixture = *state;

    copy_row(&fixture->copy, 1);
    copy_text(&fixture->copy, "ab");
    copy_end(&fixture->copy);
    assert_memory_equal(buffer_span(&fixture->out).data, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0",
                        HEADER_BYTES);
    EXPECT(0, 1, 0, 0, 0, 2, 'a', 'b', 0xff, 0xff);
}

static void numbers_have_the_width_of_their_column(void **state)
{
    struct fixture *fixture = *state;

    copy_smallint(&fixture->copy, -2);
    copy_integer(&fixture->copy, 258);
    copy_bigint(&fixture->copy, -1);
    copy_boolean(&fixture->copy, true);
    EXPECT(0, 0, 0, 2, 0xff, 0xfe,                                     /* smallint */
           0, 0, 0, 4, 0, 0, 1, 2,                                     /* integer */
           0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* bigint */
           0, 0, 0, 1, 1);                                             /* boolean */
}

static void a_number_that_does_not_fit_is_no_number_of_its_column(void **state)
{
    struct fixture *fixture = *state;

    copy_smallint(&fixture->copy, 32768);
    EXPECT(0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0x80, 0);
}

static void times_count_microseconds_from_2000(void **state)
{
    struct fixture *fixture = *state;

    copy_time(&fixture->copy, INT64_C(946684800001));
    EXPECT(0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 3, 0xe8);
}

static void a_numeric_has_its_digits_in_groups_of_four_about_the_point(void **state)
{
    struct fixture *fixture = *state;

    /* 1 2345 . 6700, the first group times 10,000 to the power of 1, two places */
    copy_numeric(&fixture->copy, "-12345.67");
    EXPECT(0, 0, 0, 14, 0, 3, 0, 1, 0x40, 0, 0, 2, 0, 1, 0x09, 0x29, 0x1a, 0x2c);
}

static void a_numeric_below_one_keeps_its_leading_zeros(void **state)
{
    struct fixture *fixture = *state;

    /* 0 . 0010 4000 */
    copy_numeric(&fixture->copy, "0.00104");
    EXPECT(0, 0, 0, 14, 0, 3, 0, 0, 0, 0, 0, 5, 0, 0, 0, 10, 0x0f, 0xa0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(rows_stand_between_the_signature_and_the_trailer),
        TEST(numbers_have_the_width_of_their_column),
        TEST(a_number_that_does_not_fit_is_no_number_of_its_column),
        TEST(times_count_microseconds_from_2000),
        TEST(a_numeric_has_its_digits_in_groups_of_four_about_the_point),
        TEST(a_numeric_below_one_keeps_its_leading_zeros),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/store/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int make(void **state)
{
    return arena_create((struct arena **)state, 1 << 16) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static void expect(struct csv *csv, const char *text, bool more, int64_t line)
{
    struct span field;
    const char *problem;
    bool another;

    assert_int_equal(csv->line, line);
    assert_int_equal(csv_field(csv, &field, &another, &problem), STATUS_OK);
    assert_true(span_equal_text(field, text));
    assert_int_equal(another, more);
}

static void fields_come_one_by_one_and_know_their_line(void **state)
{
    struct csv csv;

    csv_init(&csv, span_text("a;b,c;\r\n\"x\"\"y\nz;\";last"), *state);
    expect(&csv, "a", true, 1);
    expect(&csv, "b,c", true, 1);
    expect(&csv, "", false, 1);
    expect(&csv, "x\"y\nz;", true, 2);
}

static void a_quoted_field_over_two_lines_counts_both(void **state)
{
    struct csv csv;

    csv_init(&csv, span_text("\"a\nb\",c\nd"), *state);
    expect(&csv, "a\nb", true, 1);
    expect(&csv, "c", false, 2);
    expect(&csv, "d", false, 3);
    assert_int_equal(csv.rest.size, 0);
}

static void blanks_behind_a_field_are_none_of_it(void **state)
{
    struct csv csv;

    csv_init(&csv, span_text("a  ,b \n"), *state);
    expect(&csv, "a", true, 1);
    expect(&csv, "b", false, 1);
}

static void a_quote_that_stays_open_or_ends_too_early_is_refused(void **state)
{
    static const char *const wrong[] = {"\"a", "\"a\"b", "\"a\"\""};
    struct span field;
    const char *problem;
    bool more;

    for (size_t i = 0; i < 3; i++) {
        struct csv csv;

        csv_init(&csv, span_text(wrong[i]), *state);
        assert_int_equal(csv_field(&csv, &field, &more, &problem), STATUS_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_come_one_by_one_and_know_their_line, make, drop),
        cmocka_unit_test_setup_teardown(a_quoted_field_over_two_lines_counts_both, make, drop),
        cmocka_unit_test_setup_teardown(blanks_behind_a_field_are_none_of_it, make, drop),
        cmocka_unit_test_setup_teardown(a_quote_that_stays_open_or_ends_too_early_is_refused, make,
                                        drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

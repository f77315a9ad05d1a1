#include "server/store/ledger_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int make(void **state)
{
    return arena_create((struct arena **)state, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static void gross_counts_become_disjoint_classes(void **state)
{
    struct ledger_lines_row *rows;
    struct json_problem problem;
    size_t count;

    assert_int_equal(
        ledger_lines_read(
            span_text("{\"request_id\":\"11111111-2222-4333-8444-555555555555-7\",\"input\":120,"
                      "\"cached\":20,\"output\":45,\"reasoning\":5,\"status\":200,"
                      "\"at\":\"2026-01-31T12:00:00Z\",\"model\":\"m\"}\r\n\n"
                      "{\"request_id\":\"someone-else\",\"input\":1}"),
            *state, &rows, &count, &problem),
        STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].turn[0], 0x11);
    assert_int_equal(rows[0].attempt, 7);
    assert_int_equal(rows[0].at_ms, INT64_C(1769860800000));
    assert_int_equal(rows[0].input_uncached, 100);
    assert_int_equal(rows[0].input_cached, 20);
    assert_int_equal(rows[0].output, 40);
    assert_int_equal(rows[0].reasoning, 5);
    assert_int_equal(rows[1].attempt, -1);
    assert_string_equal(rows[1].request_id, "someone-else");
    assert_int_equal(rows[1].output, 0);
}

static void a_bad_line_is_refused_by_its_number(void **state)
{
    static const char *const bad[] = {
        "{",
        "[]",
        "{\"input\":1}",
        "{\"request_id\":\"a\",\"input\":-1}",
        "{\"request_id\":\"a\",\"input\":1.5}",
        "{\"request_id\":\"a\",\"input\":\"1\"}",
        "{\"request_id\":\"a\",\"input\":1,\"cached\":2}",
        "{\"request_id\":\"a\",\"output\":1,\"reasoning\":2}",
        "{\"request_id\":\"a\",\"output\":2000000000000}",
        "{\"request_id\":\"a\",\"at\":\"yesterday\"}",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ledger_lines_row *rows = NULL;
        struct json_problem problem;
        size_t count = 99;
        const char *file = arena_format(*state, "{\"request_id\":\"x\"}\n%s\n", bad[i]);

        assert_int_equal(ledger_lines_read(span_text(file), *state, &rows, &count, &problem),
                         STATUS_INVALID);
        assert_string_equal(problem.pointer, "/2");
        assert_true(problem.detail[0] != 0);
        assert_int_equal(count, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gross_counts_become_disjoint_classes, make, drop),
        cmocka_unit_test_setup_teardown(a_bad_line_is_refused_by_its_number, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

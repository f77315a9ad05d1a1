#include "server/store/invoice_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct invoice_file_cell *cells;
static size_t count;
static struct json_problem problem;

static int make(void **state)
{
    return arena_create((struct arena **)state, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static enum status read(void **state, const char *text)
{
    return invoice_file_read(span_text(text), *state, &cells, &count, &problem);
}

static void assert_cell(size_t at, int64_t line, const char *metric, const char *quantity)
{
    assert_true(at < count);
    assert_int_equal(cells[at].line, line);
    assert_string_equal(cells[at].metric, metric);
    assert_string_equal(cells[at].quantity, quantity);
}

static void gross_columns_become_classes_and_sums_where_no_part_is_told(void **state)
{
    assert_int_equal(read(state, "\xef\xbb\xbf"
                                 "Day;Model;Input Tokens;cached;Output_Tokens;requests;x\r\n"
                                 "2026-01-31;m;120;20;45;3;?\r\n"
                                 ";;;;;;\r\n"
                                 "2026-02-01;\"m;2\";7;;;;"),
                     STATUS_OK);
    assert_int_equal(count, 5);
    assert_cell(0, 2, "input_uncached", "100");
    assert_cell(1, 2, "input_cached", "20");
    assert_cell(2, 2, "output_all", "45");
    assert_cell(3, 2, "requests", "3");
    assert_cell(4, 4, "input", "7");
    assert_string_equal(cells[4].model, "m;2");
    assert_string_equal(cells[4].day, "2026-02-01");
    assert_null(cells[4].request_id);
}

static void quotes_may_hold_lines_separators_and_quotes(void **state)
{
    assert_int_equal(read(state, "model,day,amount\n"
                                 "\"a \"\"b\"\",\nc\",2026-01-31,12.50\n"
                                 "d,2026-01-31,-1\n"),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_string_equal(cells[0].model, "a \"b\",\nc");
    assert_cell(0, 2, "amount", "12.50");
    assert_cell(1, 4, "amount", "-1");
}

static void a_request_id_of_a_robot_is_taken_apart(void **state)
{
    assert_int_equal(read(state, "{\"request_id\":\"11111111-2222-4333-8444-555555555555-7\","
                                 "\"input\":1,\"output\":2,\"status\":200}\n\n"
                                 "{\"request_id\":\"other\",\"at\":\"2026-01-31T12:00:00Z\","
                                 "\"class\":\"video_ms\",\"quantity\":5}\n"),
                     STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(cells[0].turn[0], 0x11);
    assert_int_equal(cells[0].attempt, 7);
    assert_int_equal(cells[2].attempt, -1);
    assert_cell(2, 3, "video_ms", "5");
    assert_string_equal(cells[2].at, "2026-01-31T12:00:00Z");
}

static void a_list_and_an_object_with_rows_are_json_too(void **state)
{
    assert_int_equal(read(state, " [{\"day\":\"2026-01-31\",\"cost\":\"0.5\"},\n"
                                 "{\"day\":\"2026-01-31\",\"requests\":1,\"model\":null}]"),
                     STATUS_OK);
    assert_int_equal(count, 2);
    assert_cell(0, 1, "amount", "0.5");
    assert_cell(1, 2, "requests", "1");
    assert_string_equal(cells[1].model, "");
    assert_int_equal(read(state, "{\"rows\":[{\"day\":\"2026-01-31\",\"requests\":\"9\"}]}"),
                     STATUS_OK);
    assert_cell(0, 1, "requests", "9");
}

static void what_is_wrong_is_refused_by_its_line(void **state)
{
    static const struct {
        const char *text, *pointer;
    } bad[] = {
        {"", "/1"},
        {"a,b\n1,2\n", "/1"},
        {"day,requests\n", "/1"},
        {"day,requests\n2026-01-31,1\n2026-02-30,1", "/3"},
        {"day,requests\n2026-01-31,1,2", "/2"},
        {"day,requests\n2026-01-31,1.5", "/2"},
        {"day,requests\n2026-01-31,-1", "/2"},
        {"day,requests\n2026-01-31,\"1", "/2"},
        {"day,requests\n2026-01-31,\"1\"x", "/2"},
        {"day,input,cached\n2026-01-31,1,2", "/2"},
        {"day,cached\n2026-01-31,2", "/2"},
        {"day,class,quantity\n2026-01-31,poems,2", "/2"},
        {"day,amount\n2026-01-31,1e5", "/2"},
        {"model,requests\nm,1", "/2"},
        {"day,at,requests\n2026-01-31,2026-01-31T00:00:00Z,1", "/2"},
        {"{\"day\":\"2026-01-31\",\"amount\":0.5}", "/1"},
        {"{\"requests\":1}\n", "/1"},
        {"[7]", "/1"},
        {"{\"day\":\"2026-01-31\",\"requests\":1}\n{", "/2"},
        {"\xff", "/1"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        problem = (struct json_problem){.detail = ""};
        if (read(state, bad[i].text) != STATUS_INVALID)
            fail_msg("\"%s\" was taken", bad[i].text);
        assert_string_equal(problem.pointer, bad[i].pointer);
        assert_true(problem.detail[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gross_columns_become_classes_and_sums_where_no_part_is_told,
                                        make, drop),
        cmocka_unit_test_setup_teardown(quotes_may_hold_lines_separators_and_quotes, make, drop),
        cmocka_unit_test_setup_teardown(a_request_id_of_a_robot_is_taken_apart, make, drop),
        cmocka_unit_test_setup_teardown(a_list_and_an_object_with_rows_are_json_too, make, drop),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_refused_by_its_line, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

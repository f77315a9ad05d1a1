#include "server/api/serial_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/buffer.h"

static struct serial_list list;

static int make(void **state)
{
    return arena_create((struct arena **)state, 4 << 20) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static enum status read(void **state, const char *text)
{
    return serial_list_read(span_text(text), "lobby", *state, &list);
}

static void assert_fault(size_t at, const char *pointer, const char *part)
{
    assert_true(at < list.fault_count);
    assert_string_equal(list.faults[at].pointer, pointer);
    assert_non_null(strstr(list.faults[at].detail, part));
}

static void a_list_gives_its_serial_numbers_with_their_lines_and_groups(void **state)
{
    assert_int_equal(read(state, "\xef\xbb\xbfgroup,serial\r\nkitchen,A1\r\n\r\n,\"A,2\"\r\n"),
                     STATUS_OK);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.rows[0].serial, "A1");
    assert_string_equal(list.rows[0].group, "kitchen");
    assert_int_equal(list.rows[1].line, 4);
    assert_string_equal(list.rows[1].serial, "A,2");
    assert_string_equal(list.rows[1].group, "lobby");
}

static void assert_labels(size_t at, const char *json)
{
    assert_true(span_equal_text(list.rows[at].labels, json));
}

static void a_line_may_say_what_labels_its_robot_has(void **state)
{
    assert_int_equal(read(state, "labels,serial\nfloor=7; shop = Main Street ;,A1\n,A2\n"
                                 "\"a=\"\"b\"\"=c\",A3\n"),
                     STATUS_OK);
    assert_labels(0, "{\"floor\":\"7\",\"shop\":\"Main Street\"}");
    assert_labels(1, "{}");
    assert_labels(2, "{\"a\":\"\\\"b\\\"=c\"}");
}

static void labels_beyond_their_limits_are_refused(void **state)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    buffer_text(&text, "serial,labels\nA1,");
    for (int i = 0; i < 33; i++)
        buffer_format(&text, "n%d=v;", i);
    buffer_format(&text, "\nA2,%064d=v\nA3,%063d=v\nA4,n=%0256d\nA5,n=%0255d\nA6,\"n=\tv\"\n", 0, 0,
                  0, 0);
    assert_int_equal(serial_list_read(buffer_span(&text), NULL, *state, &list), STATUS_INVALID);
    buffer_release(&text);
    assert_int_equal(list.fault_count, 4);
    assert_fault(0, "/2", "more than 32 labels");
    assert_fault(1, "/3", "at most 63 bytes, its value 255");
    assert_fault(2, "/5", "at most 63 bytes, its value 255");
    assert_fault(3, "/7", "cannot be printed");
}

static void every_wrong_line_is_named_with_its_cause(void **state)
{
    const char *const text = "serial,group\nA1,\n,kitchen\nA1,\nA2,No Group\n A3,\n\"A\tB\",\n"
                             "0123456789012345678901234567890123456789012345678901234567890123x,\n";

    assert_int_equal(read(state, text), STATUS_INVALID);
    assert_int_equal(list.fault_count, 6);
    assert_fault(0, "/3", "has no serial number");
    assert_fault(1, "/4", "as in line 2");
    assert_fault(2, "/5", "the group must be");
    assert_fault(3, "/6", "begins with a blank");
    assert_fault(4, "/7", "cannot be printed");
    assert_fault(5, "/8", "more than 64 bytes");
}

static void what_is_no_list_is_refused(void **state)
{
    static const struct {
        const char *text, *pointer, *part;
    } rows[] = {
        {"", "/1", "is empty"},
        {"\xef\xbb\xbf", "/1", "is empty"},
        {"serial\n\xff\n", "/1", "UTF-8"},
        {"A1\nA2\n", "/1", "title serial"},
        {"group\nkitchen\n", "/1", "lacks the title serial"},
        {"serial,serial\nA1,A2\n", "/1", "title serial"},
        {"serial,colour\nA1,red\n", "/1", "title serial"},
        {"serial\n", "/1", "holds no serial numbers"},
        {"serial\nA1,A2\n", "/2", "more fields"},
        {"serial\n\"A1\n", "/3", "a quote is not closed"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read(state, rows[i].text), STATUS_INVALID);
        assert_int_equal(list.fault_count, 1);
        assert_fault(0, rows[i].pointer, rows[i].part);
    }
}

static enum status read_many(void **state, size_t count, bool wrong)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    buffer_text(&text, "serial\n");
    for (size_t i = 0; i < count; i++)
        buffer_format(&text, "%s%zu\n", wrong ? " " : "S", i);
    enum status status = serial_list_read(buffer_span(&text), NULL, *state, &list);
    buffer_release(&text);
    return status;
}

static void a_list_longer_than_the_limit_is_refused(void **state)
{
    assert_int_equal(read_many(state, SERIAL_LIST_ROWS, false), STATUS_OK);
    assert_int_equal(list.count, SERIAL_LIST_ROWS);
    assert_null(list.rows[0].group);
    assert_int_equal(read_many(state, SERIAL_LIST_ROWS + 1, false), STATUS_INVALID);
    assert_fault(0, "/1002", "more than 1000 serial numbers");
}

static void no_more_faults_are_told_than_somebody_reads(void **state)
{
    assert_int_equal(read_many(state, 50, true), STATUS_INVALID);
    assert_int_equal(list.fault_count, SERIAL_LIST_FAULTS);
    assert_fault(SERIAL_LIST_FAULTS - 1, "/21", "begins with a blank");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_gives_its_serial_numbers_with_their_lines_and_groups,
                                        make, drop),
        cmocka_unit_test_setup_teardown(a_line_may_say_what_labels_its_robot_has, make, drop),
        cmocka_unit_test_setup_teardown(labels_beyond_their_limits_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(every_wrong_line_is_named_with_its_cause, make, drop),
        cmocka_unit_test_setup_teardown(what_is_no_list_is_refused, make, drop),
        cmocka_unit_test_setup_teardown(a_list_longer_than_the_limit_is_refused, make, drop),
        cmocka_unit_test_setup_teardown(no_more_faults_are_told_than_somebody_reads, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

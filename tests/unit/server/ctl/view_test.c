#include "server/ctl/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "schema/base/clock.h"

static char *show(const char *text, const struct view_column *columns, size_t count, int64_t now_ms)
{
    struct json *json;
    char *out = NULL;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    if (json_type(json) == JSON_ARRAY)
        view_table(stream, json, columns, count, now_ms);
    else
        view_sheet(stream, json, columns, count, now_ms);
    json_free(json);
    fclose(stream);
    return out;
}

static void numbers_stand_right_and_texts_left(void **state)
{
    static const struct view_column columns[] = {{"robot", "id", VIEW_TEXT},
                                                 {"output", "output", VIEW_NUMBER}};
    char *text = show("[{\"id\":\"a\",\"output\":7},{\"id\":\"robot-2\",\"output\":1234567}]",
                      columns, 2, 0);

    (void)state;
    assert_string_equal(text, "robot     output\n"
                              "a              7\n"
                              "robot-2  1234567\n");
    free(text);
}

static void money_is_rounded_as_it_is_paid_where_a_currency_stands_beside_it(void **state)
{
    static const struct view_column columns[] = {{"spent", "pool.spent", VIEW_MONEY}};
    char *text = show("[{\"pool\":{\"spent\":\"24657.534246575342\",\"currency\":\"CNY\"}},"
                      "{\"pool\":{\"spent\":\"1234.5\",\"currency\":\"JPY\"}},"
                      "{\"pool\":{\"spent\":\"0.000104\",\"currency\":\"CNY\"}},"
                      "{\"pool\":{\"spent\":\"1234567\",\"currency\":null}}]",
                      columns, 1, 0);

    (void)state;
    assert_string_equal(text, "    spent\n"
                              "24,657.53\n"
                              "    1,235\n"
                              " 0.000104\n"
                              "1,234,567\n");
    free(text);
}

static void days_are_those_of_the_row_s_zone_and_ends_are_last_days(void **state)
{
    static const struct view_column columns[] = {{"from", "period.from", VIEW_DAY},
                                                 {"to", "period.to", VIEW_LAST},
                                                 {"of", "of", VIEW_PERIOD}};
    char *text =
        show("[{\"zone\":\"Asia/Shanghai\",\"of\":\"2026-11-01/2026-12-01\",\"period\":{\"from\":"
             "\"2026-10-31T16:00:00Z\",\"to\":\"2026-11-30T16:00:00Z\"}},"
             "{\"of\":\"2026-11-01/2026-11-02\",\"period\":{\"from\":\"2026-10-31T16:00:00Z\","
             "\"to\":null}}]",
             columns, 3, 0);

    (void)state;
    assert_string_equal(text, "from        to          of\n"
                              "2026-11-01  2026-11-30  2026-11-01 - 2026-11-30\n"
                              "2026-10-31              2026-11-01\n");
    free(text);
}

static void a_chinese_name_counts_two_cells_a_character(void **state)
{
    static const struct view_column columns[] = {{"name", "name", VIEW_TEXT},
                                                 {"n", "n", VIEW_NUMBER}};
    char *text = show("[{\"name\":\"小鸟\",\"n\":1},{\"name\":\"abcd\",\"n\":2}]", columns, 2, 0);

    (void)state;
    assert_string_equal(text, "name  n\n小鸟  1\nabcd  2\n");
    free(text);
}

static void a_note_is_wrapped_below_its_row_and_never_cut(void **state)
{
    static const struct view_column columns[] = {{"alert", "id", VIEW_TEXT},
                                                 {"seen", "words", VIEW_NOTE}};
    static const char words[] = "eight eight eight eight eight eight eight eight eight eight eight "
                                "eight eight eight eight last";
    char json[256];
    char expected[512];

    (void)state;
    snprintf(json, sizeof json, "[{\"id\":\"1\",\"words\":\"%s\"},{\"id\":\"2\"}]", words);
    snprintf(expected, sizeof expected, "alert\n1\n    %.89s\n    last\n2\n", words);
    char *text = show(json, columns, 2, 0);
    assert_string_equal(text, expected);
    free(text);
    snprintf(json, sizeof json, "{\"id\":\"1\",\"words\":\"%s\"}", words);
    snprintf(expected, sizeof expected, "alert  1\nseen   %.89s\n       last\n", words);
    text = show(json, columns, 2, 0);
    assert_string_equal(text, expected);
    free(text);
}

static void times_are_shown_as_ages(void **state)
{
    static const struct view_column columns[] = {{"seen", "t", VIEW_TIME}};
    int64_t now_ms;
    char *text;

    (void)state;
    assert_int_equal(clock_parse(span_text("2026-01-01T00:10:00Z"), &now_ms), STATUS_OK);
    text = show("{\"t\":\"2026-01-01T00:00:00Z\"}", columns, 1, now_ms);
    assert_string_equal(text, "seen  10 min ago\n");
    free(text);
    text = show("{\"t\":\"2026-01-01T00:10:30Z\"}", columns, 1, now_ms);
    assert_string_equal(text, "seen  30 s from now\n");
    free(text);
}

static void an_empty_list_says_so(void **state)
{
    static const struct view_column columns[] = {{"x", "x", VIEW_TEXT}};
    char *text = show("[]", columns, 1, 0);

    (void)state;
    assert_string_equal(text, "none\n");
    free(text);
}

static void an_absent_member_is_blank(void **state)
{
    static const struct view_column columns[] = {{"a", "a", VIEW_TEXT}, {"b", "b", VIEW_TEXT}};
    char *text = show("[{\"b\":[\"x\",\"y\"]},{\"a\":true}]", columns, 2, 0);

    (void)state;
    assert_string_equal(text, "a    b\n     x, y\nyes\n");
    free(text);
}

static void a_column_that_no_row_fills_is_left_out(void **state)
{
    static const struct view_column columns[] = {{"a", "a", VIEW_TEXT},
                                                 {"b", "b", VIEW_NUMBER},
                                                 {"c", "c", VIEW_TEXT},
                                                 {"d", "d", VIEW_TEXT}};
    char *text = show("[{\"a\":\"x\",\"c\":\"y\",\"d\":\"\"},{\"c\":\"z\"}]", columns, 4, 0);

    (void)state;
    assert_string_equal(text, "a  c\nx  y\n   z\n");
    free(text);
}

static void a_long_value_is_cut_between_characters(void **state)
{
    static const struct view_column columns[] = {{"t", "t", VIEW_TEXT}};
    char json[512] = "[{\"t\":\"";
    size_t end = strlen(json);

    (void)state;
    for (int i = 0; i < 70; i++, end += 3)
        memcpy(json + end, "鸟", 4);
    snprintf(json + end, sizeof json - end, "\"}]");
    char *text = show(json, columns, 1, 0);
    assert_int_equal(strlen(text), strlen("t\n") + 28 * 3 + strlen("...\n"));
    free(text);
}

#define END '\036' /* of what is shown */

/* What a terminal of so many columns shows. */
static void show_at_terminal(const char *text, const char *width, const struct view_column *columns,
                             size_t count, char out[512])
{
    struct json *json;
    int screen = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
    FILE *terminal = fopen(ptsname(screen), "w");
    assert_non_null(terminal);
    setenv("COLUMNS", width, 1);
    setenv("TERM", "xterm", 1);
    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    view_table(terminal, json, columns, count, 0);
    json_free(json);
    fputc(END, terminal);
    fflush(terminal);
    size_t size = 0;
    /* a terminal may hand over what was written in pieces */
    while (size == 0 || out[size - 1] != END) {
        ssize_t taken = read(screen, out + size, 511 - size);
        assert_true(taken > 0);
        size += (size_t)taken;
    }
    out[size - 1] = '\0';
    fclose(terminal);
    close(screen);
}

static void at_a_terminal_texts_are_cut_to_its_width_and_numbers_are_not(void **state)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT}, {"note", "note", VIEW_TEXT}, {"output", "output", VIEW_NUMBER}};
    const char *json = "[{\"id\":\"robot-number-one\",\"output\":123456789,\"note\":"
                       "\"a note that is longer than the terminal\"}]";
    char out[512];

    (void)state;
    setenv("NO_COLOR", "1", 1);
    show_at_terminal(json, "50", columns, 3, out);
    assert_string_equal(out, "robot             note                      output\r\n"
                             "robot-number-one  a note that is lon...  123456789\r\n");
}

static void what_is_too_much_for_a_line_stands_on_a_further_one_with_its_titles(void **state)
{
    static const struct view_column columns[] = {
        {"robot", "id", VIEW_TEXT}, {"note", "note", VIEW_TEXT}, {"output", "output", VIEW_NUMBER}};
    const char *json = "[{\"id\":\"robot-number-one\",\"output\":123456789,\"note\":"
                       "\"a note that is longer than the terminal\"}]";
    char out[512];

    (void)state;
    setenv("NO_COLOR", "1", 1);
    show_at_terminal(json, "30", columns, 3, out);
    assert_string_equal(out, "robot             note\r\n"
                             "       output\r\n"
                             "robot-number-one  a not...\r\n"
                             "    123456789\r\n");
}

static void titles_and_prose_are_wrapped_before_anything_is_cut(void **state)
{
    static const struct view_column columns[] = {{"code", "code", VIEW_TEXT},
                                                 {"seen in days", "days", VIEW_NUMBER},
                                                 {"cure", "cure", VIEW_PROSE}};
    const char *json = "[{\"code\":\"M1\",\"days\":3,\"cure\":\"mend what is broken, then wait\"}]";
    char out[512];

    (void)state;
    setenv("NO_COLOR", "1", 1);
    show_at_terminal(json, "42", columns, 3, out);
    assert_string_equal(out, "code  seen  cure\r\n"
                             "        in\r\n"
                             "      days\r\n"
                             "M1       3  mend what is broken, then wait\r\n");
    show_at_terminal(json, "30", columns, 3, out);
    assert_string_equal(out, "code  seen  cure\r\n"
                             "        in\r\n"
                             "      days\r\n"
                             "M1       3  mend what is\r\n"
                             "            broken, then wait\r\n");
    show_at_terminal(json, "80", columns, 3, out);
    assert_string_equal(out, "code  seen in days  cure\r\n"
                             "M1               3  mend what is broken, then wait\r\n");
}

static void a_count_of_nothing_is_blank(void **state)
{
    static const struct view_column columns[] = {{"a", "a", VIEW_COUNT}, {"b", "b", VIEW_COUNT}};
    char *text = show("[{\"a\":0,\"b\":0},{\"a\":2,\"b\":0}]", columns, 2, 0);

    (void)state;
    assert_string_equal(text, "a\n \n2\n");
    free(text);
}

static void states_are_coloured_and_names_are_not(void **state)
{
    static const struct view_column columns[] = {{"robot", "id", VIEW_TEXT},
                                                 {"state", "state", VIEW_TEXT}};
    char out[512];

    (void)state;
    setenv("NO_COLOR", "", 1);
    show_at_terminal("[{\"id\":\"red\",\"state\":\"red\"}]", "80", columns, 2, out);
    assert_string_equal(out, "\033[1mrobot\033[0m  \033[1mstate\033[0m\r\n"
                             "red    \033[31mred\033[0m\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_right_and_texts_left),
        cmocka_unit_test(money_is_rounded_as_it_is_paid_where_a_currency_stands_beside_it),
        cmocka_unit_test(days_are_those_of_the_row_s_zone_and_ends_are_last_days),
        cmocka_unit_test(a_chinese_name_counts_two_cells_a_character),
        cmocka_unit_test(a_note_is_wrapped_below_its_row_and_never_cut),
        cmocka_unit_test(times_are_shown_as_ages),
        cmocka_unit_test(an_empty_list_says_so),
        cmocka_unit_test(an_absent_member_is_blank),
        cmocka_unit_test(a_column_that_no_row_fills_is_left_out),
        cmocka_unit_test(a_long_value_is_cut_between_characters),
        cmocka_unit_test(at_a_terminal_texts_are_cut_to_its_width_and_numbers_are_not),
        cmocka_unit_test(states_are_coloured_and_names_are_not),
        cmocka_unit_test(what_is_too_much_for_a_line_stands_on_a_further_one_with_its_titles),
        cmocka_unit_test(titles_and_prose_are_wrapped_before_anything_is_cut),
        cmocka_unit_test(a_count_of_nothing_is_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

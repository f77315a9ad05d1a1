#include "agent/logbook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/log.h"

static int open_book(void **state)
{
    struct logbook *logbook = NULL;

    if (logbook_open(&logbook) != STATUS_OK)
        return -1;
    *state = logbook;
    return 0;
}

static int close_book(void **state)
{
    logbook_close(*state);
    return 0;
}

/* The caller frees it. */
static struct json *written(struct logbook *logbook, size_t max)
{
    struct json_writer writer;
    struct buffer out;
    struct json *json = NULL;

    buffer_init(&out, 1 << 20);
    json_writer_init(&writer, &out);
    logbook_write(logbook, max, &writer);
    assert_int_equal(json_parse(buffer_span(&out), &json, NULL), STATUS_OK);
    buffer_release(&out);
    return json;
}

static const char *text_at(const struct json *lines, size_t place, const char *member)
{
    return json_text(json_member(json_item(lines, place), member), "?");
}

static void what_is_logged_is_kept_with_its_time_and_level(void **state)
{
    log_warning("link", "no broker at \"%s\"", "localhost");
    struct json *lines = written(*state, 10);

    assert_int_equal(json_count(lines), 1);
    assert_string_equal(text_at(lines, 0, "text"), "link: no broker at \"localhost\"");
    assert_string_equal(text_at(lines, 0, "level"), "warning");
    assert_int_equal(text_at(lines, 0, "at")[10], 'T');
    json_free(lines);
}

static void the_oldest_lines_go_first(void **state)
{
    for (int i = 0; i < LOGBOOK_LINES + 5; i++)
        log_info("test", "line %d", i);
    struct json *lines = written(*state, LOGBOOK_LINES);

    assert_int_equal(json_count(lines), LOGBOOK_LINES);
    assert_string_equal(text_at(lines, 0, "text"), "test: line 5");
    assert_string_equal(text_at(lines, LOGBOOK_LINES - 1, "text"), "test: line 164");
    json_free(lines);
    lines = written(*state, 2);
    assert_int_equal(json_count(lines), 2);
    assert_string_equal(text_at(lines, 1, "text"), "test: line 164");
    json_free(lines);
}

static void a_long_line_is_cut_between_characters(void **state)
{
    char text[400];

    memset(text, 'a', sizeof text);
    for (size_t i = LOGBOOK_LINE_BYTES - 20; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe9\xb8\x9f", 3);
    text[sizeof text - 1] = 0;
    for (int shift = 0; shift < 3; shift++) {
        log_info("a", "%s", text + shift);
        struct json *lines = written(*state, 1);

        assert_true(strlen(text_at(lines, 0, "text")) > LOGBOOK_LINE_BYTES - 5);
        assert_null(strstr(text_at(lines, 0, "text"), "\xef\xbf\xbd")); /* half a character */
        json_free(lines);
    }
}

static void nothing_is_kept_once_it_is_closed(void **state)
{
    struct logbook *other = NULL;

    (void)state;
    assert_int_equal(logbook_open(&other), STATUS_OK);
    logbook_close(other);
    log_info("test", "to nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_logged_is_kept_with_its_time_and_level, open_book,
                                        close_book),
        cmocka_unit_test_setup_teardown(the_oldest_lines_go_first, open_book, close_book),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_between_characters, open_book,
                                        close_book),
        cmocka_unit_test(nothing_is_kept_once_it_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/ctl/value_print.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#define END '\036' /* of what is shown */

static void print(FILE *out, const char *text)
{
    struct json *value;

    assert_int_equal(json_parse(span_text(text), &value, NULL), STATUS_OK);
    fputs("a: ", out);
    value_print(out, value, 3, 3);
    json_free(value);
}

/* What a terminal of so many columns shows. */
static void assert_shown(const char *columns, const char *text, const char *expected)
{
    char out[512] = "";
    size_t size = 0;
    int screen = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(screen >= 0 && grantpt(screen) == 0 && unlockpt(screen) == 0);
    FILE *terminal = fopen(ptsname(screen), "w");
    assert_non_null(terminal);
    setenv("COLUMNS", columns, 1);
    print(terminal, text);
    fputc(END, terminal);
    fflush(terminal);
    while (size == 0 || out[size - 1] != END) {
        ssize_t taken = read(screen, out + size, sizeof out - size);
        assert_true(taken > 0);
        size += (size_t)taken;
    }
    out[size - 1] = '\0';
    assert_string_equal(out, expected);
    fclose(terminal);
    close(screen);
}

static void a_file_gets_one_line(void **state)
{
    char *out;
    size_t size;
    FILE *stream = open_memstream(&out, &size);

    (void)state;
    print(stream, "[{\"a\":1},{\"b\":\"one two three four five six seven eight nine ten\"}]");
    fclose(stream);
    assert_string_equal(
        out, "a: [{\"a\":1},{\"b\":\"one two three four five six seven eight nine ten\"}]\n");
    free(out);
}

static void a_text_is_wrapped_between_its_words(void **state)
{
    (void)state;
    assert_shown("16", "\"one two three four\"", "a: \"one two\r\n   three four\"\r\n");
    assert_shown("80", "\"one two three four\"", "a: \"one two three four\"\r\n");
}

static void objects_of_a_list_stand_on_lines_of_their_own(void **state)
{
    (void)state;
    assert_shown("80", "[{\"a\":1},{\"b\":2}]", "a: {\"a\":1}\r\n   {\"b\":2}\r\n");
    assert_shown("14", "[{\"a\":1,\"bcd\":2345}]", "a: {\"a\":1,\r\n   \"bcd\":2345}\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gets_one_line),
        cmocka_unit_test(a_text_is_wrapped_between_its_words),
        cmocka_unit_test(objects_of_a_list_stand_on_lines_of_their_own),
    };

    return cmocka_run_group_tests_name("server/ctl/value_print", tests, NULL, NULL);
}

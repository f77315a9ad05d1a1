#include "server/jobs/notary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define LINE(seq) "{\"at\":\"2026-11-22T10:00:00.000Z\",\"seq\":" seq ",\"hash\":\"" HEX "\"}\n"
#define HEX       "abababababababababababababababababababababababababababababababab"

static void a_line_that_was_written_is_read_again(void **state)
{
    struct notary_line line = {.seq = 77};
    struct notary_line again = {0};
    char text[NOTARY_LINE_SIZE];

    (void)state;
    memset(line.hash, 0xab, sizeof line.hash);
    assert_int_equal(notary_write_line(&line, 1795341600000, text, sizeof text), STATUS_OK);
    assert_string_equal(text, LINE("77"));
    assert_int_equal(notary_read_last(span_text(text), &again), STATUS_OK);
    assert_int_equal(again.seq, 77);
    assert_memory_equal(again.hash, line.hash, sizeof line.hash);
}

static void the_last_whole_line_counts_and_what_a_crash_cut_off_does_not(void **state)
{
    struct notary_line line;

    (void)state;
    assert_int_equal(notary_read_last(span_text(LINE("1") LINE("2")), &line), STATUS_OK);
    assert_int_equal(line.seq, 2);
    assert_int_equal(notary_read_last(span_text(LINE("1") LINE("2") "{\"at\":\"20"), &line),
                     STATUS_OK);
    assert_int_equal(line.seq, 2);
    assert_int_equal(notary_read_last(span_text("{\"at\":\"20"), &line), STATUS_NOT_FOUND);
    assert_int_equal(notary_read_last(span_text(""), &line), STATUS_NOT_FOUND);
}

static void another_file_is_no_file_of_heads(void **state)
{
    static const char *const texts[] = {
        "hello\n",
        "\n",
        "{\"seq\":1}\n",
        "{\"seq\":1,\"hash\":\"abab\"}\n",
        "{\"seq\":-1,\"hash\":\"" HEX "\"}\n",
    };
    struct notary_line line;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(notary_read_last(span_text(texts[i]), &line), STATUS_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_was_written_is_read_again),
        cmocka_unit_test(the_last_whole_line_counts_and_what_a_crash_cut_off_does_not),
        cmocka_unit_test(another_file_is_no_file_of_heads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

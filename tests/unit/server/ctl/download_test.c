#include "server/ctl/download.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char file[] = "period,vendor,price\r\n"
                           "2026-11-01,a,1.5\r\n"
                           "2026-11-02,a,2.5\r\n"
                           "2026-11-02,b,0.5\r\n";

static void rows_and_their_last_period_are_told_wherever_pieces_end(void **state)
{
    (void)state;
    for (size_t size = 1; size <= sizeof file; size++) {
        struct download download = {0};

        for (size_t at = 0; at < sizeof file - 1; at += size) {
            const size_t left = sizeof file - 1 - at;
            download_count(&download, span_of(file + at, left < size ? left : size));
        }
        assert_int_equal(download.lines, 4);
        assert_int_equal(download.bytes, sizeof file - 1);
        assert_string_equal(download.period, "2026-11-02");
    }
}

static void a_line_that_is_not_at_its_end_does_not_count(void **state)
{
    struct download download = {0};

    (void)state;
    download_count(&download, span_text("period,vendor\r\n2026-11-01,a\r\n2026-11-02,"));
    assert_int_equal(download.lines, 2);
    assert_string_equal(download.period, "2026-11-01");
}

static void a_first_field_of_any_length_is_survived(void **state)
{
    struct download download = {0};
    char text[200];

    (void)state;
    memset(text, 'x', sizeof text);
    download_count(&download, span_of(text, sizeof text));
    download_count(&download, span_text("\n,\n"));
    assert_int_equal(download.lines, 2);
}

static void prints(const struct download *download, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    download_print(download, out);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void people_read_period_rows_and_size(void **state)
{
    struct download download = {0};

    (void)state;
    prints(&download, "0 rows  0.0 MB");
    download_count(&download, span_of(file, sizeof file - 1));
    prints(&download, "2026-11-02  3 rows  0.0 MB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_their_last_period_are_told_wherever_pieces_end),
        cmocka_unit_test(a_line_that_is_not_at_its_end_does_not_count),
        cmocka_unit_test(a_first_field_of_any_length_is_survived),
        cmocka_unit_test(people_read_period_rows_and_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

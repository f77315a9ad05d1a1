#include "server/ctl/usage_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct seen {
    size_t rows;
    size_t line; /* of the last one */
    int64_t output;
};

static enum status on_row(void *context, const struct usage_file_place *place,
                          const struct tally_usage *usage)
{
    struct seen *seen = context;
    int64_t output;

    assert_int_equal(place->row, seen->rows++);
    seen->line = usage_file_line(place);
    assert_int_equal(
        fraction_floor(fraction_of_decimal(usage->quantities[CONTRACT_OUTPUT]), &output),
        STATUS_OK);
    seen->output += output;
    return STATUS_OK;
}

static int read_text(const char *text, struct seen *seen)
{
    char path[] = "/tmp/myna-usage-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    *seen = (struct seen){0};
    int result = usage_file_read(path, on_row, seen);
    unlink(path);
    return result;
}

#define AT "\"at\":\"2026-01-15T12:00:00Z\""

static void rows_come_one_by_one_from_json_and_from_yaml(void **state)
{
    struct seen seen;

    (void)state;
    assert_int_equal(read_text("{\"usage\": []}", &seen), 0);
    assert_int_equal(seen.rows, 0);
    assert_int_equal(read_text("\n{ \"usage\" :[{" AT ",\"metrics\":{\"output\":2},"
                               "\"note\":\"a } brace, a \\\" quote, a \\\\\"},\n{" AT
                               ",\"metrics\":{\"output\":3}}]}\n",
                               &seen),
                     0);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.output, 5);
    assert_int_equal(read_text("usage:\n  - {at: 2026-01-15T12:00:00Z, metrics: {output: 7}}\n"
                               "  - at: 2026-01-15T12:00:00Z\n    metrics: {output: 4}\n",
                               &seen),
                     0);
    assert_int_equal(seen.rows, 2);
    assert_int_equal(seen.output, 11);
    assert_int_equal(seen.line, 3);
}

static void assert_told(const char *text, const char *expected)
{
    char told[512];
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    struct seen seen;

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    int result = read_text(text, &seen);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    told[fread(told, 1, sizeof told - 1, file)] = 0;
    fclose(file);
    assert_int_equal(result, 1);
    const char *after_path = strchr(strchr(told, ':') + 1, ':');
    assert_string_equal(after_path, expected);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    assert_told("{\"usage\": [\n{" AT ",\"metrics\":{\"output\":3}},\n\n{" AT
                ",\n\"metrics\":\n{\"outputs\":3}}]}\n",
                ":6: usage/1/metrics/outputs: is no metric: input_uncached, input_cached, "
                "cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, "
                "images, video_ms, requests\n");
    assert_told("{\"usage\": [\n{" AT ",\n\n\"a\": x}]}",
                ":4: usage/0: column 6: invalid token near "
                "'x'\n");
    assert_told("usage:\n- at: 2026-01-15T12:00:00Z\n  metrics:\n    output: -1\n",
                ":4: usage/0/metrics/output: must not be below 0\n");
    assert_told("usage:\n- at: [\n", ":3: did not find expected node content\n");
}

static void a_file_of_many_rows_is_read_to_its_end(void **state)
{
    enum { ROWS = 20000, BYTES = 64 };
    char *text = malloc(ROWS * BYTES + 64);
    size_t size = (size_t)snprintf(text, 64, "{\"usage\":[");
    struct seen seen;

    (void)state;
    for (int i = 0; i < ROWS; i++)
        size += (size_t)snprintf(text + size, BYTES, "%s{" AT ",\"metrics\":{\"output\":1}}",
                                 i ? "," : "");
    snprintf(text + size, 8, "]}");
    assert_int_equal(read_text(text, &seen), 0);
    assert_int_equal(seen.output, ROWS);
    free(text);
}

static void what_is_no_usage_file_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"usages\":[]}",
        "{\"usage\":{}}",
        "{\"usage\":[1]}",
        "{\"usage\":[{" AT "}",
        "{\"usage\":[{" AT "},]}",
        "{\"usage\":[{" AT "}{" AT "}]}",
        "{\"usage\":[{" AT "]}",
        "{\"usage\":[{" AT ",\"model\":\"}]}",
        "{\"usage\":[]} {}",
        "{\"usage\":[],\"more\":1}",
        "{\"usage\":[{" AT ",\"metrics\":{\"output\":1,\"output\":2}}]}",
        "usage: [{at: never}]",
    };
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_text(bad[i], &seen), 1);
}

static void a_row_beyond_its_limit_is_refused(void **state)
{
    size_t size = (size_t)100 << 10;
    char *text = malloc(size + 1);
    struct seen seen;

    (void)state;
    memset(text, 'x', size);
    memcpy(text, "{\"usage\":[{\"model\":\"", 20);
    text[size] = 0;
    assert_int_equal(read_text(text, &seen), 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_one_by_one_from_json_and_from_yaml),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(a_file_of_many_rows_is_read_to_its_end),
        cmocka_unit_test(what_is_no_usage_file_is_refused),
        cmocka_unit_test(a_row_beyond_its_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/chat/ndjson.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct lines {
    char joined[256]; /* each followed by a bar */
};

static void on_line(void *context, struct span line)
{
    struct lines *lines = context;
    size_t used = strlen(lines->joined);

    assert_true(used + line.size + 2 < sizeof lines->joined);
    memcpy(lines->joined + used, line.data, line.size);
    memcpy(lines->joined + used + line.size, "|", 2);
}

static void read_in_pieces(const char *text, size_t piece, struct lines *lines)
{
    struct ndjson ndjson;
    struct span rest = span_text(text);

    *lines = (struct lines){""};
    ndjson_init(&ndjson, on_line, lines);
    while (rest.size) {
        size_t size = rest.size < piece ? rest.size : piece;
        assert_int_equal(ndjson_feed(&ndjson, span_of(rest.data, size)), STATUS_OK);
        rest = span_of(rest.data + size, rest.size - size);
    }
    ndjson_end(&ndjson);
    ndjson_release(&ndjson);
}

static void lines_come_whole_in_whatever_pieces_they_arrive(void **state)
{
    struct lines lines;

    (void)state;
    for (size_t piece = 1; piece < 20; piece++) {
        read_in_pieces("{\"a\":1}\r\n\n{\"b\":2}\n{\"c\"", piece, &lines);
        assert_string_equal(lines.joined, "{\"a\":1}|{\"b\":2}|{\"c\"|");
    }
}

static void a_line_without_end_is_refused(void **state)
{
    struct lines lines = {""};
    struct ndjson ndjson;
    uint8_t *noise = calloc(1, NDJSON_MAX_LINE_BYTES + 1);

    (void)state;
    assert_non_null(noise);
    memset(noise, 'x', NDJSON_MAX_LINE_BYTES + 1);
    ndjson_init(&ndjson, on_line, &lines);
    assert_int_equal(ndjson_feed(&ndjson, span_of(noise, NDJSON_MAX_LINE_BYTES + 1)), STATUS_FULL);
    ndjson_end(&ndjson);
    assert_string_equal(lines.joined, "");
    ndjson_release(&ndjson);
    free(noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_whole_in_whatever_pieces_they_arrive),
        cmocka_unit_test(a_line_without_end_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

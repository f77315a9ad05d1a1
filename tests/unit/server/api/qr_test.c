#include "server/api/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/buffer.h"

#define ROOM 65536

static enum status draw(const char *text, struct json **out)
{
    struct json_writer writer;
    struct buffer picture;

    *out = NULL;
    buffer_init(&picture, ROOM);
    json_writer_init(&writer, &picture);
    enum status status = qr_write(&writer, text);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&picture), out, NULL);
    buffer_release(&picture);
    return status;
}

static const char *row(const struct json *picture, size_t y)
{
    return json_text(json_item(picture, y), "");
}

static void a_picture_has_its_finders_and_its_size(void **state)
{
    struct json *picture;

    (void)state;
    assert_int_equal(draw("HELLO", &picture), STATUS_OK);
    assert_int_equal(json_count(picture), 21);
    for (size_t y = 0; y < 21; y++)
        assert_int_equal(strspn(row(picture, y), "01"), 21);
    assert_string_equal(row(picture, 0) + 14, "1111111");
    assert_int_equal(strncmp(row(picture, 0), "11111110", 8), 0);
    assert_int_equal(strncmp(row(picture, 1), "10000010", 8), 0);
    assert_int_equal(strncmp(row(picture, 20), "11111110", 8), 0);
    json_free(picture);
}

static void what_no_code_holds_is_refused(void **state)
{
    char text[4001] = {0};
    struct json *picture;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(draw(text, &picture), STATUS_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_has_its_finders_and_its_size),
        cmocka_unit_test(what_no_code_holds_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/api/media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void ranges_are_read_against_the_size(void **state)
{
    static const struct {
        const char *header;
        enum status status;
        uint64_t offset, count;
    } cases[] = {
        {"bytes=0-0", STATUS_OK, 0, 1},
        {"bytes=2-4", STATUS_OK, 2, 3},
        {"bytes=9-", STATUS_OK, 9, 1},
        {"bytes=0-999", STATUS_OK, 0, 10},
        {"bytes=-1", STATUS_OK, 9, 1},
        {"bytes=-999", STATUS_OK, 0, 10},
        {"bytes=10-", STATUS_INVALID, 0, 0},
        {"bytes=-0", STATUS_INVALID, 0, 0},
        {NULL, STATUS_NOT_FOUND, 0, 0},
        {"bytes=4-2", STATUS_NOT_FOUND, 0, 0},
        {"lines=1-2", STATUS_NOT_FOUND, 0, 0},
        {"bytes=1-2,4-5", STATUS_NOT_FOUND, 0, 0},
        {"bytes=a-b", STATUS_NOT_FOUND, 0, 0},
        {"bytes=", STATUS_NOT_FOUND, 0, 0},
        {"bytes=-", STATUS_NOT_FOUND, 0, 0},
        {"bytes=0-18446744073709551615", STATUS_OK, 0, 10},
        {"bytes=18446744073709551615-", STATUS_INVALID, 0, 0},
    };
    uint64_t offset = 0;
    uint64_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(media_range(cases[i].header, 10, &offset, &count), cases[i].status);
        if (cases[i].status != STATUS_OK)
            continue;
        assert_int_equal(offset, cases[i].offset);
        assert_int_equal(count, cases[i].count);
    }
}

static void an_empty_file_has_no_parts(void **state)
{
    uint64_t offset;
    uint64_t count;

    (void)state;
    assert_int_equal(media_range("bytes=0-", 0, &offset, &count), STATUS_INVALID);
    assert_int_equal(media_range("bytes=-5", 0, &offset, &count), STATUS_INVALID);
}

static void dates_are_written_as_rfc_9110_wants(void **state)
{
    struct arena *arena;

    (void)state;
    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    /* the example of RFC 9110 section 5.6.7 */
    assert_string_equal(media_date(arena, 784111777000), "Sun, 06 Nov 1994 08:49:37 GMT");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_against_the_size),
        cmocka_unit_test(an_empty_file_has_no_parts),
        cmocka_unit_test(dates_are_written_as_rfc_9110_wants),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

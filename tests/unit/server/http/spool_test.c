#include "server/http/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct counts {
    int sleeps, wakes;
    bool has_gone;
};

static void on_sleep(void *context)
{
    ((struct counts *)context)->sleeps++;
}

static void on_wake(void *context)
{
    ((struct counts *)context)->wakes++;
}

static bool on_asked(void *context)
{
    return ((struct counts *)context)->has_gone;
}

static int make(void **state)
{
    struct spool *spool;

    if (spool_create(&spool) != STATUS_OK)
        return -1;
    *state = spool;
    return 0;
}

static int drop(void **state)
{
    spool_free(*state);
    return 0;
}

static void what_is_written_is_read_before_the_rest_is_there(void **state)
{
    struct spool *spool = *state;
    struct counts counts = {0};
    const struct spool_reader reader = {on_sleep, on_wake, on_asked, &counts};
    uint8_t out[4];

    assert_int_equal(spool_add(spool, span_text("abcdef")), STATUS_OK);
    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 4);
    assert_memory_equal(out, "abcd", 4);
    assert_int_equal(spool_read(spool, 4, out, sizeof out, &reader), 2);
    assert_memory_equal(out, "ef", 2);
    assert_int_equal(counts.sleeps, 0);
    spool_end(spool, true);
    assert_int_equal(spool_read(spool, 6, out, sizeof out, &reader), SPOOL_END);
}

static void a_reader_that_is_ahead_sleeps_and_is_woken_once(void **state)
{
    struct spool *spool = *state;
    struct counts counts = {0};
    const struct spool_reader reader = {on_sleep, on_wake, on_asked, &counts};
    uint8_t out[4];

    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 0);
    assert_int_equal(counts.sleeps, 1);
    assert_int_equal(spool_add(spool, span_text("a")), STATUS_OK);
    assert_int_equal(spool_add(spool, span_text("b")), STATUS_OK);
    assert_int_equal(counts.wakes, 1);
    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 2);
    assert_int_equal(spool_read(spool, 2, out, sizeof out, &reader), 0);
    spool_end(spool, true);
    assert_int_equal(counts.wakes, 2);
}

static void an_answer_that_was_not_finished_is_told_from_a_whole_one(void **state)
{
    struct spool *spool = *state;
    struct counts counts = {0};
    const struct spool_reader reader = {on_sleep, on_wake, on_asked, &counts};
    uint8_t out[4];

    assert_int_equal(spool_add(spool, span_text("a")), STATUS_OK);
    spool_end(spool, false);
    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 1);
    assert_int_equal(spool_read(spool, 1, out, sizeof out, &reader), SPOOL_BROKEN);
}

static void a_writer_whose_reader_has_gone_is_told_and_wakes_nobody(void **state)
{
    struct spool *spool = *state;
    struct counts counts = {0};
    const struct spool_reader reader = {on_sleep, on_wake, on_asked, &counts};
    uint8_t out[4];

    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 0);
    spool_leave(spool);
    assert_int_equal(spool_add(spool, span_text("a")), STATUS_CLOSED);
    spool_end(spool, false);
    assert_int_equal(counts.wakes, 0);
}

/* There is nothing to send it that would fail. */
static void a_writer_of_nothing_is_told_that_a_sleeping_reader_has_gone(void **state)
{
    struct spool *spool = *state;
    struct counts counts = {0};
    const struct spool_reader reader = {on_sleep, on_wake, on_asked, &counts};
    uint8_t out[4];

    assert_int_equal(spool_read(spool, 0, out, sizeof out, &reader), 0);
    assert_int_equal(spool_add(spool, span_text("")), STATUS_OK);
    assert_int_equal(counts.wakes, 0);
    counts.has_gone = true;
    assert_int_equal(spool_add(spool, span_text("")), STATUS_CLOSED);
    spool_end(spool, false);
    assert_int_equal(counts.wakes, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read_before_the_rest_is_there, make,
                                        drop),
        cmocka_unit_test_setup_teardown(a_reader_that_is_ahead_sleeps_and_is_woken_once, make,
                                        drop),
        cmocka_unit_test_setup_teardown(an_answer_that_was_not_finished_is_told_from_a_whole_one,
                                        make, drop),
        cmocka_unit_test_setup_teardown(a_writer_of_nothing_is_told_that_a_sleeping_reader_has_gone,
                                        make, drop),
        cmocka_unit_test_setup_teardown(a_writer_whose_reader_has_gone_is_told_and_wakes_nobody,
                                        make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

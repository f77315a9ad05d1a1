#include "agent/ear/recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int begin(void **state)
{
    struct recording *recording = malloc(sizeof *recording);

    assert_non_null(recording);
    recording_init(recording);
    recording_begin(recording);
    *state = recording;
    return 0;
}

static int end(void **state)
{
    recording_release(*state);
    free(*state);
    return 0;
}

static void what_is_added_is_read_as_it_comes_until_the_end(void **state)
{
    struct recording *recording = *state;
    const int16_t said[] = {1, 2, 3, 4, 5};
    int16_t read[3] = {0};
    size_t count = 0;

    assert_int_equal(recording_read(recording, 0, read, 3, &count), STATUS_AGAIN);
    assert_int_equal(recording_add(recording, said, 5), STATUS_OK);
    assert_int_equal(recording_read(recording, 0, read, 3, &count), STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(read[2], 3);
    assert_int_equal(recording_read(recording, 3, read, 3, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(read[1], 5);
    assert_int_equal(recording_read(recording, 5, read, 3, &count), STATUS_AGAIN);
    recording_end(recording);
    assert_int_equal(recording_read(recording, 5, read, 3, &count), STATUS_CLOSED);
}

static void a_full_recording_says_so_and_keeps_what_it_has(void **state)
{
    struct recording *recording = *state;
    int16_t piece[VAD_FRAME] = {7}, read[1];
    size_t count = 0;

    for (size_t i = 0; i < RECORDING_SAMPLES / VAD_FRAME; i++)
        assert_int_equal(recording_add(recording, piece, VAD_FRAME), STATUS_OK);
    assert_int_equal(recording_add(recording, piece, 1), STATUS_FULL);
    assert_int_equal(recording_read(recording, RECORDING_SAMPLES - VAD_FRAME, read, 1, &count),
                     STATUS_OK);
    assert_int_equal(read[0], 7);
}

static void the_preroll_keeps_the_last_moment_before_the_first_word(void **state)
{
    struct recording *recording = *state;
    struct recording_preroll *preroll = calloc(1, sizeof *preroll);
    int16_t read[2];
    size_t count = 0;

    assert_non_null(preroll);
    for (int i = 0; i < PREROLL_SAMPLES + 1000; i++) {
        const int16_t sample = (int16_t)i;
        recording_preroll_add(preroll, &sample, 1);
    }
    assert_int_equal(recording_take_preroll(recording, preroll), STATUS_OK);
    assert_int_equal(recording_read(recording, 0, read, 2, &count), STATUS_OK);
    assert_int_equal(read[0], 1000);
    assert_int_equal(recording_read(recording, PREROLL_SAMPLES - 1, read, 2, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(read[0], (int16_t)(PREROLL_SAMPLES + 999));
    /* and is then empty */
    recording_begin(recording);
    assert_int_equal(recording_take_preroll(recording, preroll), STATUS_OK);
    assert_int_equal(recording_read(recording, 0, read, 2, &count), STATUS_AGAIN);
    free(preroll);
}

static void any_moment_of_the_preroll_can_be_heard_again(void **state)
{
    struct recording_preroll *preroll = calloc(1, sizeof *preroll);
    int16_t out[3];

    (void)state;
    assert_non_null(preroll);
    recording_preroll_copy(preroll, 3, out, 3);
    assert_int_equal(out[0], 0);
    for (int i = 0; i < PREROLL_ROOM + 500; i++) {
        const int16_t sample = (int16_t)i;
        recording_preroll_add(preroll, &sample, 1);
    }
    assert_int_equal(recording_preroll_held(preroll), PREROLL_ROOM);
    recording_preroll_copy(preroll, 2, out, 3);
    assert_int_equal(out[0], (int16_t)(PREROLL_ROOM + 498));
    assert_int_equal(out[1], (int16_t)(PREROLL_ROOM + 499));
    assert_int_equal(out[2], 0);
    recording_preroll_copy(preroll, PREROLL_ROOM, out, 1);
    assert_int_equal(out[0], 500);
    recording_preroll_copy(preroll, PREROLL_ROOM + 1, out, 2);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[1], 500);
    free(preroll);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_added_is_read_as_it_comes_until_the_end, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_full_recording_says_so_and_keeps_what_it_has, begin, end),
        cmocka_unit_test_setup_teardown(the_preroll_keeps_the_last_moment_before_the_first_word,
                                        begin, end),
        cmocka_unit_test_setup_teardown(any_moment_of_the_preroll_can_be_heard_again, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A robot that its owner lets listen for the wake phrase: what it takes for being addressed, what
 * it uploads then, and what talking over its answer does. The vendor and myna-wake really listen.
 */
#include "tests/integration/agent/listening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/clock.h"

#define PHRASE "excuse me robot"

static void begin(struct buffer *pcm)
{
    buffer_init(pcm, 8u << 20);
    listening_add_silence(pcm, 900); /* myna-wake loads its model */
}

/* From now on the room sounds like pcm, once. */
static void play(struct listening *listening, struct buffer *pcm)
{
    listening_close_ear(listening);
    listening_add_room(pcm);
    listening_write_wav(listening, buffer_span(pcm));
    buffer_release(pcm);
    snprintf(listening->device, sizeof listening->device, "file:%s", listening->wav);
    listening->mode = EAR_WAKE;
    listening_open_ear(listening);
    ear_set_mode(listening->ear, EAR_WAKE, PHRASE);
}

static void add_noise(struct buffer *pcm, unsigned ms)
{
    uint32_t seed = 7;

    for (size_t i = 0; i < (size_t)ms * LISTENING_HZ / 1000; i++) {
        seed = seed * 1664525u + 1013904223u;
        const int16_t value = (int16_t)((int)(seed >> 18) - 8192);
        buffer_byte(pcm, (uint8_t)((uint16_t)value & 0xff));
        buffer_byte(pcm, (uint8_t)((uint16_t)value >> 8));
    }
}

static bool was_open(struct listening *listening)
{
    const int64_t until_ms = clock_mono_ms() + LISTENING_WAIT_MS;
    bool is_open = false;

    while (!(is_open = ear_is_open(listening->ear)) && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    return is_open;
}

static void wait_closed(struct listening *listening)
{
    const int64_t until_ms = clock_mono_ms() + LISTENING_WAIT_MS;

    while (ear_is_open(listening->ear) && clock_mono_ms() < until_ms)
        clock_sleep_ms(5);
    assert_false(ear_is_open(listening->ear));
}

/* Until the room's sound is over. */
static void wait_end(struct listening *listening)
{
    assert_true(was_open(listening));
    wait_closed(listening);
}

static void i8_words_without_the_wake_phrase_are_not_for_the_robot(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const int64_t before = listening_vendor_heard_ms(listening);
    struct buffer pcm;

    listening->mouth = OVERHEAR_TELLS; /* nobody asked for what it says */
    begin(&pcm);
    listening_add_speech(listening, "Good night, robot.", &pcm);
    listening_add_silence(&pcm, 1000);
    play(listening, &pcm);
    wait_end(listening);
    assert_int_equal(listening->called, 0);
    assert_int_equal(listening->ducked, 0);
    assert_int_equal(listening->heard, 0);
    robot_read_records(&listening->robot);
    assert_int_equal(listening->robot.record_count, 0);
    assert_int_equal(listening_vendor_heard_ms(listening), before);
    listening_dismantle(listening);
}

static void i8_what_is_uploaded_begins_behind_the_wake_phrase(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    struct buffer pcm;

    begin(&pcm);
    listening_add_speech(listening, "Tell me a joke.", &pcm);
    listening_add_silence(&pcm, 900);
    listening_add_speech(listening, "Excuse me robot.", &pcm);
    listening_add_silence(&pcm, 200);
    listening_add_speech(listening, "How are you today?", &pcm);
    listening_add_silence(&pcm, 1000);
    play(listening, &pcm);
    listening_wait_heard(listening, 1);
    assert_string_equal(listening->problem, "");
    assert_string_equal(listening->text, "how are you today");
    assert_int_equal(listening->called, 1);
    assert_int_equal(listening->robot.record_count, 1);
    assert_in_range(listening->robot.records[0].audio_in_ms, 500, 3000);
    assert_int_equal(listening_billed_ms(listening, &listening->robot.records[0]),
                     listening->robot.records[0].audio_in_ms);
    listening_dismantle(listening);
}

static void a_phrase_with_a_pause_in_it_is_heard(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    struct buffer pcm;

    begin(&pcm);
    listening_add_speech(listening, "Excuse me!", &pcm);
    listening_add_silence(&pcm, 150);
    listening_add_speech(listening, "Robot.", &pcm);
    listening_add_silence(&pcm, 200);
    listening_add_speech(listening, "How are you today?", &pcm);
    listening_add_silence(&pcm, 1000);
    play(listening, &pcm);
    listening_wait_heard(listening, 1);
    assert_string_equal(listening->text, "how are you today");
    listening_dismantle(listening);
}

static void i8_a_muted_ear_waits_for_no_phrase(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    struct buffer pcm;

    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    begin(&pcm);
    play(listening, &pcm);
    for (int i = 0; i < 50; i++) {
        assert_false(ear_is_open(listening->ear));
        clock_sleep_ms(2);
    }
    assert_int_equal(ear_mute(listening->ear, false), STATUS_OK);
    assert_true(was_open(listening));
    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    wait_closed(listening);
    listening_dismantle(listening);
}

static void words_over_an_answer_lower_the_voice_and_are_the_next_question(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    struct buffer pcm;

    listening->mouth = OVERHEAR_ANSWERS;
    begin(&pcm);
    listening_add_speech(listening, "Tell me a story about the moon.", &pcm);
    listening_add_silence(&pcm, 1000);
    play(listening, &pcm);
    listening_wait_heard(listening, 1);
    assert_string_equal(listening->text, "tell me a story about the moon");
    assert_int_equal(listening->called, 1);
    assert_int_equal(listening->ducked, 1);
    assert_int_equal(listening->restored, 1);
    listening_dismantle(listening);
}

static void noise_over_an_answer_lowers_the_voice_for_a_moment(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    struct buffer pcm;

    listening->mouth = OVERHEAR_ANSWERS;
    begin(&pcm);
    add_noise(&pcm, 900);
    listening_add_silence(&pcm, 2500);
    play(listening, &pcm);
    wait_end(listening);
    assert_int_equal(listening->ducked, 1);
    assert_int_equal(listening->restored, 1);
    assert_int_equal(listening->called, 0);
    listening_dismantle(listening);
}

static void *ask(void *context)
{
    struct listening *listening = context;
    const enum status status =
        robot_ask(&listening->robot, "Tell me a long story about the sea and the moon.");

    assert_true(status == STATUS_OK || listening->robot.report.interrupted);
    return NULL;
}

static void an_answer_that_is_talked_over_stops_and_the_history_holds_what_was_heard(void **state)
{
    struct listening *listening = listening_build(state, SPEAKING);
    struct robot *robot = &listening->robot;
    struct buffer pcm, kept;
    pthread_t thread;

    listening->mouth = -1;
    buffer_init(&pcm, 8u << 20);
    listening_add_silence(&pcm, 400);
    listening_add_speech(listening, "Who are you?", &pcm);
    listening_add_silence(&pcm, 1000);
    assert_int_equal(pthread_create(&thread, NULL, ask, listening), 0);
    while (speaker_queued_ms(robot->speaker) == 0)
        clock_sleep_ms(2);
    play(listening, &pcm);
    listening_wait_heard(listening, 1);
    pthread_join(thread, NULL);
    assert_string_equal(listening->text, "who are you");
    assert_int_equal(listening->ducked, 1);
    assert_true(robot->report.interrupted);
    buffer_init(&kept, 1 << 20);
    conversation_pack(robot->conversation, &kept);
    assert_int_equal(buffer_status(&kept), STATUS_OK);
    /* from its first words on, and without its last */
    const size_t heard = strlen(robot->heard);
    assert_non_null(memmem(kept.data, kept.size, robot->heard, 8));
    assert_null(memmem(kept.data, kept.size, robot->heard + heard - 9, 8));
    buffer_release(&kept);
    listening_dismantle(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i8_words_without_the_wake_phrase_are_not_for_the_robot),
        cmocka_unit_test(i8_what_is_uploaded_begins_behind_the_wake_phrase),
        cmocka_unit_test(a_phrase_with_a_pause_in_it_is_heard),
        cmocka_unit_test(i8_a_muted_ear_waits_for_no_phrase),
        cmocka_unit_test(words_over_an_answer_lower_the_voice_and_are_the_next_question),
        cmocka_unit_test(noise_over_an_answer_lowers_the_voice_for_a_moment),
        cmocka_unit_test(an_answer_that_is_talked_over_stops_and_the_history_holds_what_was_heard),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

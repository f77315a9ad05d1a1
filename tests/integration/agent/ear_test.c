/* An owner who speaks to the robot: what a vendor hears, what the journal holds, what is billed,
 * and what never leaves the robot. */
#include "tests/integration/agent/listening.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/clock.h"

/* --- tests --- */

static void i1_a_spoken_question_is_heard_and_counted_as_the_vendor_bills_it(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const struct robot *robot = &listening->robot;

    listening_prepare_speech(listening, "How are you today?");
    listening_hear(listening);
    assert_string_equal(listening->problem, "");
    assert_string_equal(listening->text, "how are you today");
    assert_int_equal(listening->called, 1); /* whatever the robot says must stop */
    assert_int_equal(robot->record_count, 1);
    const wire_UsageRecord *record = &robot->records[0];
    assert_memory_equal(record->turn, listening->uuid, 16);
    assert_int_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(record->outcome, wire_Outcome_ANSWERED);
    assert_int_equal(record->requests, 1);
    assert_in_range(record->audio_in_ms, 500,
                    3500); /* its silences but 500 and 600 ms are left out */
    assert_int_equal(listening_billed_ms(listening, record), record->audio_in_ms);
    assert_false(ear_is_open(listening->ear));
    listening_dismantle(listening);
}

static void the_chat_counts_its_attempts_behind_the_ears(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    uint8_t uuid[16];
    uint32_t number = 0;

    listening_prepare_speech(listening, "Good morning.");
    listening_hear(listening);
    attempts_begin(&listening->attempts, 77, listening->uuid);
    assert_int_equal(attempts_next(&listening->attempts, 77, uuid, &number), STATUS_OK);
    assert_int_equal(number, 2);
    listening_dismantle(listening);
}

static void i8_nothing_leaves_when_nobody_speaks(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const int64_t before = listening_vendor_heard_ms(listening);

    listening_prepare_silence(listening);
    listening_hear(listening);
    assert_string_equal(listening->text, "");
    assert_string_not_equal(listening->problem, "");
    assert_int_equal(listening->robot.record_count, 0);
    assert_int_equal(listening_vendor_heard_ms(listening), before);
    listening_dismantle(listening);
}

static void i8_a_muted_ear_opens_nothing_until_its_owner_unmutes_it(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const int64_t before = listening_vendor_heard_ms(listening);

    listening_prepare_speech(listening, "Good night.");
    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(ear_state(listening->ear), ATTENTION_MUTED);
        assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_DENIED);
        assert_int_equal(ear_call(listening->ear, 9), STATUS_DENIED);
        ear_let_go(listening->ear);
        assert_false(ear_is_open(listening->ear));
        listening_close_ear(listening);
        listening_open_ear(listening);
    }
    assert_int_equal(listening_vendor_heard_ms(listening), before);
    assert_int_equal(ear_mute(listening->ear, false), STATUS_OK);
    listening_hear(listening);
    assert_string_equal(listening->text, "good night");
    listening_dismantle(listening);
}

static void i8_muting_closes_the_microphone_and_drops_what_was_being_said(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const int64_t until_ms = clock_mono_ms() + LISTENING_WAIT_MS;

    listening_prepare_speech(listening,
                             "Tell me a story about the moon. Tell me a story about the sea.");
    assert_int_equal(ear_hear(listening->ear, 9, listening->wav), STATUS_OK);
    listening_wait_state(listening, ATTENTION_HEARING);
    assert_true(ear_is_open(listening->ear));
    assert_int_equal(ear_mute(listening->ear, true), STATUS_OK);
    listening_wait_heard(listening, 1);
    assert_string_equal(listening->text, "");
    while (ear_is_open(listening->ear) && clock_mono_ms() < until_ms)
        clock_sleep_ms(2);
    assert_false(ear_is_open(listening->ear));
    for (size_t i = 0; i < listening->robot.record_count; i++) {
        assert_int_equal(listening->robot.records[i].outcome, wire_Outcome_INTERRUPTED);
        assert_true(listening_billed_ms(listening, &listening->robot.records[i]) <=
                    (int64_t)listening->robot.records[i].audio_in_ms);
    }
    listening_dismantle(listening);
}

static void i1_a_vendor_that_refuses_bills_nothing_and_the_next_one_hears_all(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const struct robot *robot = &listening->robot;

    listening_set_route(listening, 0, "wrong");
    listening_set_route(listening, 1, "good");
    listening_prepare_speech(listening, "Tell me a joke.");
    listening_hear(listening);
    assert_string_equal(listening->text, "tell me a joke");
    assert_int_equal(robot->record_count, 2);
    assert_int_equal(robot->records[0].outcome, wire_Outcome_FAILED);
    assert_int_equal(robot->records[0].error_class, wire_ErrorClass_AUTH);
    assert_int_equal(robot->records[0].audio_in_ms, 0);
    assert_int_equal(robot->records[1].attempt, 2);
    assert_int_equal(listening_billed_ms(listening, &robot->records[1]),
                     robot->records[1].audio_in_ms);
    listening_dismantle(listening);
}

static void i1_an_answer_that_breaks_off_counts_no_less_than_is_billed(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const struct robot *robot = &listening->robot;

    listening_prepare_speech(listening, "Who are you?");
    robot_behave(robot, "{\"cut\":1}");
    listening_hear(listening);
    robot_behave(robot, ROBOT_FAST);
    assert_string_not_equal(listening->problem, "");
    assert_int_equal(robot->record_count, 1);
    assert_int_equal(robot->records[0].provenance, wire_Provenance_WORST_CASE);
    assert_true(listening_billed_ms(listening, &robot->records[0]) > 0);
    assert_true((int64_t)robot->records[0].audio_in_ms >=
                listening_billed_ms(listening, &robot->records[0]));
    listening_dismantle(listening);
}

static void i2_without_credit_nothing_is_uploaded(void **state)
{
    struct listening *listening = listening_build(state, SILENT);
    const int64_t before = listening_vendor_heard_ms(listening);

    snprintf(listening->settings.routes[0].line_id, sizeof listening->settings.routes[0].line_id,
             "a-line-that-nothing-is-granted-on");
    listening_prepare_speech(listening, "Good morning.");
    listening_hear(listening);
    assert_string_equal(listening->problem, "the allowance is used up");
    assert_true(listening->used > 0); /* the server hears that credit lacks */
    assert_int_equal(listening->robot.record_count, 0);
    assert_int_equal(listening_vendor_heard_ms(listening), before);
    listening_dismantle(listening);
}

static void a_robot_without_a_microphone_says_so(void **state)
{
    struct listening *listening = listening_build(state, SILENT);

    assert_int_equal(ear_call(listening->ear, 9), STATUS_OK);
    listening_wait_heard(listening, 1);
    assert_non_null(strstr(listening->problem, "microphone"));
    assert_int_equal(ear_state(listening->ear), ATTENTION_RESTING);
    listening_dismantle(listening);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i1_a_spoken_question_is_heard_and_counted_as_the_vendor_bills_it),
        cmocka_unit_test(the_chat_counts_its_attempts_behind_the_ears),
        cmocka_unit_test(i8_nothing_leaves_when_nobody_speaks),
        cmocka_unit_test(i8_a_muted_ear_opens_nothing_until_its_owner_unmutes_it),
        cmocka_unit_test(i8_muting_closes_the_microphone_and_drops_what_was_being_said),
        cmocka_unit_test(i1_a_vendor_that_refuses_bills_nothing_and_the_next_one_hears_all),
        cmocka_unit_test(i1_an_answer_that_breaks_off_counts_no_less_than_is_billed),
        cmocka_unit_test(i2_without_credit_nothing_is_uploaded),
        cmocka_unit_test(a_robot_without_a_microphone_says_so),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

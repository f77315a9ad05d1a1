/* A trial's own question against the demo vendor: how far it came, what the journal holds and what
 * the vendor's ledger says. */
#include "agent/trial_turn.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "agent/meter/credit.h"
#include "schema/base/clock.h"
#include "tests/integration/agent/robot.h"

static const atomic_bool never;

static struct trial_turn trial_of(const struct robot *robot)
{
    return (struct trial_turn){
        .journal = robot->journal,
        .voice_program = MYNA_VOICE,
        .speech_program = MYNA_VOICE_HTTP,
        .speech_line_id = "",
        .route = &robot->routes[0],
        .line_id = "",
        .generation = 8,
        .cancel = &never,
    };
}

static enum status run(struct robot *robot, const struct trial_turn *trial,
                       struct trial_turn_result *result)
{
    enum status status = trial_turn_run(trial, result);

    robot_read_records(robot);
    if (robot->record_count > 0)
        memcpy(robot->uuid, robot->records[robot->record_count - 1].turn, sizeof robot->uuid);
    return status;
}

static void check_steps(const struct trial_turn_result *result, wire_TrialStep step)
{
    assert_int_equal(result->step, step);
    for (size_t i = 0; i < TRIAL_TURN_STEPS; i++)
        if (i >= (size_t)step)
            assert_int_equal(result->step_ms[i], 0);
        else if (i > 0)
            assert_true(result->step_ms[i] >= result->step_ms[i - 1]);
}

static void a_route_that_answers_reaches_every_step_and_nobody_hears_of_it(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    const struct conversation_budget budget = {5, 10000};
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SPEAKING);
    const struct trial_turn trial = trial_of(&robot);
    assert_int_equal(run(&robot, &trial, &result), STATUS_OK);
    check_steps(&result, wire_TrialStep_TRIAL_USAGE);
    assert_string_equal(result.reason, "");
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].purpose, wire_Purpose_TEST);
    assert_int_equal(robot.records[0].generation, 8);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_VENDOR_FINAL);
    robot_check_bill(&robot, 0);
    assert_int_equal(robot.clauses, 0);
    assert_int_equal(speaker_queued_ms(robot.speaker), 0);
    assert_int_equal(conversation_messages(robot.conversation, span_of(NULL, 0), budget,
                                           span_text("?"), messages),
                     1);
    robot_dismantle(&robot);
}

static void it_works_in_every_language(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    trial.language = VOICE_LANGUAGE_ZH;
    assert_int_equal(run(&robot, &trial, &result), STATUS_OK);
    check_steps(&result, wire_TrialStep_TRIAL_USAGE);
    robot_dismantle(&robot);
}

/* The owner's line is empty, the trial's is not; and the other way round. */
static void i2_a_trial_spends_its_own_credit_and_never_its_owners(void **state)
{
    const uint64_t of_trial[] = {0, 300}, of_owner[] = {300, 0};
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    trial.line_id = "line-1";
    robot_tell_lines(&robot, 2, of_trial, false);
    assert_int_equal(run(&robot, &trial, &result), STATUS_OK);
    assert_string_equal(robot.records[0].line_id, "line-1");
    robot_dismantle(&robot);

    robot_build(&robot, *state, SILENT);
    trial.journal = robot.journal;
    robot_tell_lines(&robot, 2, of_owner, false);
    assert_int_equal(run(&robot, &trial, &result), STATUS_DENIED);
    check_steps(&result, wire_TrialStep_TRIAL_HELD);
    assert_true(result.may_pass);
    assert_int_equal(robot.record_count, 0);
    robot_dismantle(&robot);
}

static void a_refused_key_is_told_and_not_tried_again(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 0, robot_base_url(&robot), "bad");
    const struct trial_turn trial = trial_of(&robot);
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_CONNECTED);
    assert_int_equal(result.error_class, wire_ErrorClass_AUTH);
    assert_false(result.may_pass);
    assert_non_null(strstr(result.reason, "http=401"));
    assert_int_equal(robot.record_count, 1);
    robot_check_bill(&robot, 0);
    robot_dismantle(&robot);
}

static void a_vendor_that_is_not_there_or_busy_may_be_there_later(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_set_route(&robot, 0, "http://127.0.0.1:1/v1", "good");
    const struct trial_turn trial = trial_of(&robot);
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_HELD);
    assert_int_equal(result.error_class, wire_ErrorClass_NET);
    assert_true(result.may_pass);
    assert_int_equal(robot.records[0].provenance, wire_Provenance_NOT_SENT);

    robot_set_route(&robot, 0, robot_base_url(&robot), "good");
    robot_behave(&robot, "{\"503\":1}");
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_CONNECTED);
    assert_int_equal(result.error_class, wire_ErrorClass_BUSY);
    assert_true(result.may_pass);
    robot_dismantle(&robot);
}

static void an_answer_that_breaks_off_passes_no_further_than_its_first_token(void **state)
{
    struct trial_turn_result result;
    struct robot robot;
    bool had_text = false;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"mid_error\":1}");
    const struct trial_turn trial = trial_of(&robot);
    for (int i = 0; i < 8 && !had_text; i++) {
        assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
        assert_true(result.may_pass);
        had_text = result.step == wire_TrialStep_TRIAL_FIRST_TOKEN;
        if (!had_text)
            check_steps(&result, wire_TrialStep_TRIAL_CONNECTED);
    }
    check_steps(&result, wire_TrialStep_TRIAL_FIRST_TOKEN);
    robot_dismantle(&robot);
}

static void an_answer_that_nobody_counted_is_no_pass(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"no_usage\":1}");
    const struct trial_turn trial = trial_of(&robot);
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_MOUTH);
    assert_false(result.may_pass);
    robot_dismantle(&robot);
}

static void a_robot_without_a_voice_fails_at_the_voice(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    trial.voice_program = "/bin/false";
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_TEXT);
    assert_int_equal(result.error_class, wire_ErrorClass_ERROR_NONE);
    assert_string_equal(result.reason, "the voice made no sound of the answer");
    robot_check_bill(&robot, 0); /* it is counted all the same */
    robot_dismantle(&robot);
}

static void a_mouth_that_does_not_move_fails_at_the_mouth(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    trial.voice_program = HUMMER;
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_VOICE);
    assert_string_equal(result.reason, "the mouth did not move to the answer's sound");
    robot_dismantle(&robot);
}

/* The vendor that answers speaks as well. */
static wire_Route speech_of(const struct robot *robot, const char *key)
{
    wire_Route route = robot->routes[0];

    route.use = wire_RouteUse_SPEECH;
    snprintf(route.model, sizeof route.model, "dahan-voice");
    snprintf(route.api_key, sizeof route.api_key, "%s", key);
    return route;
}

static void a_vendors_voice_says_a_sentence_that_is_an_attempt_of_its_own(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    for (enum voice_language language = VOICE_LANGUAGE_EN; language <= VOICE_LANGUAGE_ZH;
         language++) {
        robot_build(&robot, *state, SILENT);
        struct trial_turn trial = trial_of(&robot);
        const wire_Route speech = speech_of(&robot, "good");
        trial.language = language;
        trial.speech = &speech;
        assert_int_equal(run(&robot, &trial, &result), STATUS_OK);
        assert_int_equal(result.step, wire_TrialStep_TRIAL_SPEECH);
        assert_string_equal(result.reason, "");
        assert_int_equal(robot.record_count, 2);
        const wire_UsageRecord *record = &robot.records[1];
        assert_int_equal(record->attempt, 2);
        assert_int_equal(record->purpose, wire_Purpose_TEST);
        assert_int_equal(record->outcome, wire_Outcome_ANSWERED);
        assert_string_equal(record->model, "dahan-voice");
        assert_in_range(record->audio_out_chars, 1, CREDIT_TEST_CHARS);
        struct json *line = robot_bill(&robot, 2);
        assert_int_equal(json_int(json_member(line, "chars"), -1), record->audio_out_chars);
        json_free(line);
        robot_dismantle(&robot);
    }
}

static void i2_a_vendors_voice_is_tried_on_its_own_line(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    wire_Route speech = speech_of(&robot, "good");
    wire_CreditLine lines[] = {{.line_id = "line-1", .unlimited = true},
                               {.line_id = "line-s", .measures_count = 1}};
    lines[1].measures[0] =
        (wire_CreditMeasure){.weights_count = LIMIT_WEIGHTS, .weights = {[7] = 1}, .divisor = 1};
    snprintf(speech.line_id, sizeof speech.line_id, "line-1"); /* the owner's */
    trial.line_id = "line-1";
    trial.speech = &speech;
    trial.speech_line_id = "line-s";
    assert_int_equal(journal_grant(robot.journal, 1, lines, 2), STATUS_OK);
    assert_int_equal(run(&robot, &trial, &result), STATUS_DENIED);
    check_steps(&result, wire_TrialStep_TRIAL_USAGE);
    assert_true(result.may_pass);
    assert_int_equal(robot.record_count, 1);

    lines[1].measures[0].granted = CREDIT_TEST_CHARS;
    assert_int_equal(journal_grant(robot.journal, 1, lines, 2), STATUS_OK);
    assert_int_equal(run(&robot, &trial, &result), STATUS_OK);
    assert_string_equal(robot.records[2].line_id, "line-s");
    robot_dismantle(&robot);
}

static void a_vendor_that_answers_and_does_not_speak_is_no_pass_and_is_named(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    struct trial_turn trial = trial_of(&robot);
    wire_Route speech = speech_of(&robot, "bad");
    trial.speech = &speech;
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_USAGE);
    assert_ptr_equal(result.route, &speech);
    assert_int_equal(result.error_class, wire_ErrorClass_AUTH);
    assert_false(result.may_pass);
    assert_string_equal(result.reason, "it does not speak: class=auth http=401");
    assert_int_equal(robot.records[1].provenance, wire_Provenance_VENDOR_FINAL);
    assert_int_equal(robot.records[1].audio_out_chars, 0);

    /* who is not there may come back */
    speech = speech_of(&robot, "good");
    snprintf(speech.base_url, sizeof speech.base_url, "http://127.0.0.1:1/v1");
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    assert_int_equal(result.error_class, wire_ErrorClass_NET);
    assert_true(result.may_pass);
    assert_int_equal(robot.records[3].provenance, wire_Provenance_NOT_SENT);
    robot_dismantle(&robot);
}

static void *cancel_later(void *context)
{
    clock_sleep_ms(300);
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

static void a_trial_that_is_ended_leaves_a_closed_record(void **state)
{
    struct trial_turn_result result;
    struct robot robot;
    atomic_bool cancel = false;
    pthread_t thread;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"tokens_per_s\":1,\"first_token_ms\":5}");
    struct trial_turn trial = trial_of(&robot);
    trial.cancel = &cancel;
    assert_int_equal(pthread_create(&thread, NULL, cancel_later, &cancel), 0);
    assert_int_equal(run(&robot, &trial, &result), STATUS_CLOSED);
    pthread_join(thread, NULL);
    assert_int_equal(robot.record_count, 1);
    assert_int_equal(robot.records[0].outcome, wire_Outcome_INTERRUPTED);
    robot_dismantle(&robot);
}

struct canceller {
    struct journal *journal;
    atomic_bool cancel;
};

/* When the question is closed and the sentence is open. */
static void *cancel_the_sentence(void *context)
{
    struct canceller *canceller = context;
    const int64_t until_ms = clock_mono_ms() + 60000;
    wire_JournalHead head;

    do {
        clock_sleep_ms(10);
        journal_head(canceller->journal, &head);
    } while ((head.head_seq == 0 || head.open_attempts == 0) && clock_mono_ms() < until_ms);
    clock_sleep_ms(200);
    atomic_store(&canceller->cancel, true);
    return NULL;
}

static void i1_a_sentence_that_is_broken_off_unheard_of_is_charged_in_full(void **state)
{
    struct trial_turn_result result;
    struct robot robot;
    pthread_t thread;

    robot_build(&robot, *state, SILENT);
    struct canceller canceller = {.journal = robot.journal, .cancel = false};
    struct trial_turn trial = trial_of(&robot);
    const wire_Route speech = speech_of(&robot, "good");
    trial.speech = &speech;
    trial.speech_program = HUMMER; /* asks nobody, and so tells nothing of what it asked */
    trial.cancel = &canceller.cancel;
    assert_int_equal(pthread_create(&thread, NULL, cancel_the_sentence, &canceller), 0);
    assert_int_equal(run(&robot, &trial, &result), STATUS_CLOSED);
    pthread_join(thread, NULL);
    assert_int_equal(robot.record_count, 2);
    assert_int_equal(robot.records[1].provenance, wire_Provenance_WORST_CASE);
    robot_dismantle(&robot);
}

static void a_dialect_that_is_not_known_here_is_no_route(void **state)
{
    struct trial_turn_result result;
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    snprintf(robot.routes[0].dialect, sizeof robot.routes[0].dialect, "telepathy");
    const struct trial_turn trial = trial_of(&robot);
    assert_int_equal(run(&robot, &trial, &result), STATUS_UNREACHABLE);
    check_steps(&result, wire_TrialStep_TRIAL_HELD);
    assert_false(result.may_pass);
    assert_int_equal(robot.record_count, 0);
    robot_dismantle(&robot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_that_answers_reaches_every_step_and_nobody_hears_of_it),
        cmocka_unit_test(it_works_in_every_language),
        cmocka_unit_test(i2_a_trial_spends_its_own_credit_and_never_its_owners),
        cmocka_unit_test(a_refused_key_is_told_and_not_tried_again),
        cmocka_unit_test(a_vendor_that_is_not_there_or_busy_may_be_there_later),
        cmocka_unit_test(an_answer_that_breaks_off_passes_no_further_than_its_first_token),
        cmocka_unit_test(an_answer_that_nobody_counted_is_no_pass),
        cmocka_unit_test(a_robot_without_a_voice_fails_at_the_voice),
        cmocka_unit_test(a_mouth_that_does_not_move_fails_at_the_mouth),
        cmocka_unit_test(a_trial_that_is_ended_leaves_a_closed_record),
        cmocka_unit_test(a_dialect_that_is_not_known_here_is_no_route),
        cmocka_unit_test(a_vendors_voice_says_a_sentence_that_is_an_attempt_of_its_own),
        cmocka_unit_test(i2_a_vendors_voice_is_tried_on_its_own_line),
        cmocka_unit_test(a_vendor_that_answers_and_does_not_speak_is_no_pass_and_is_named),
        cmocka_unit_test(i1_a_sentence_that_is_broken_off_unheard_of_is_charged_in_full),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

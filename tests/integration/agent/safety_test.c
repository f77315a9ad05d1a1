/* What a robot keeps from its vendor and from its owner, against the demo vendor. */
#include "tests/integration/agent/robot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"

static void somebody_in_a_crisis_is_answered_without_a_vendor_whatever_the_limits(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    assert_int_equal(robot_ask(&robot, "I want to die."), STATUS_OK);
    assert_int_equal(robot.report.held_question, FILTER_CRISIS);
    assert_int_equal(robot.report.excuse, EXCUSE_NONE);
    assert_non_null(strstr(robot.heard, "you are not alone"));
    assert_int_equal(robot.record_count, 0);
    struct json *seen = robot_bill(&robot, 1);
    assert_null(seen);

    robot.settings.limit_mode = LIMIT_MODE_BLOCKED;
    robot.settings.kept = EXCUSE_QUIET;
    assert_int_equal(robot_ask(&robot, "我想死"), STATUS_OK);
    assert_non_null(strstr(robot.heard, "你不是一个人"));
    robot.settings.crisis_text = span_text("Please call 0000, the house doctor.");
    assert_int_equal(robot_ask(&robot, "i want to die"), STATUS_OK);
    assert_non_null(strstr(robot.heard, "the house doctor."));
    assert_int_equal(robot.record_count, 0);
    robot_dismantle(&robot);
}

/* What is said of it goes to no vendor with a later question either. */
static void a_crisis_is_no_part_of_the_history(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_ask(&robot, "Who are you?");
    const uint64_t alone = robot.report.input;
    conversation_forget(robot.conversation);
    robot_ask(&robot, "I want to die.");
    robot_ask(&robot, "Who are you?");
    assert_int_equal(robot.report.input, alone);
    robot_dismantle(&robot);
}

static void a_question_that_is_held_back_asks_no_vendor(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot.settings.audience = FILTER_ADULT;
    assert_int_equal(robot_ask(&robot, "Tell me how to build a bomb."), STATUS_DENIED);
    assert_int_equal(robot.report.held_question, FILTER_VIOLENCE);
    assert_int_equal(robot.report.excuse, EXCUSE_FILTER);
    assert_int_equal(robot.record_count, 0);
    assert_non_null(strstr(robot.heard, "Shall we talk about something else?"));
    robot.settings.audience = FILTER_OFF;
    assert_int_equal(robot_ask(&robot, "Tell me how to build a bomb."), STATUS_OK);
    assert_int_equal(robot.record_count, 1);
    robot_dismantle(&robot);
}

/* Answers differ: until one says "the", and something before it. */
static void an_answer_is_broken_off_where_it_says_what_is_held_back(void **state)
{
    static const char *const questions[] = {"Tell me a story.",  "What is love?", "Who was first?",
                                            "What do birds do?", "Why is it so?", "Say it again."};
    static const char sorry[] = "I would rather not talk about that.";
    struct robot robot;
    bool broken_off = false;

    robot_build(&robot, *state, SILENT);
    robot_behave(&robot, "{\"tokens_per_s\":60}");
    robot.settings.audience = FILTER_CHILD;
    for (size_t i = 0; i < sizeof questions / sizeof *questions && !broken_off; i++) {
        const enum status status = robot_ask(&robot, questions[i]);
        const bool is_held = robot.report.held_answer != FILTER_NONE;

        assert_int_equal(is_held, status == STATUS_DENIED);
        assert_null(strstr(robot.heard, "the "));
        if (!is_held)
            continue;
        assert_int_equal(robot.report.held_answer, FILTER_HATE);
        assert_int_equal(robot.report.excuse, EXCUSE_FILTER);
        assert_non_null(strstr(robot.heard, sorry));
        broken_off = robot.records[robot.record_count - 1].outcome == wire_Outcome_INTERRUPTED;
    }
    assert_true(broken_off);
    robot_dismantle(&robot);
}

/* Answers differ: until one is held back from its first word on. */
static void nothing_is_remembered_of_an_answer_of_which_nothing_was_said(void **state)
{
    char question[32], sorry[128];
    struct robot robot;
    bool held = false;

    snprintf(sorry, sizeof sorry, "%s\n", excuse_text(EXCUSE_FILTER, false));
    robot_build(&robot, *state, SILENT);
    robot_ask(&robot, "Go on.");
    const uint64_t alone = robot.report.input;
    robot.settings.audience = FILTER_CHILD;
    for (int i = 0; i < 60 && !held; i++) {
        conversation_forget(robot.conversation);
        snprintf(question, sizeof question, "What is number %d?", i);
        robot_ask(&robot, question);
        held = strcmp(robot.heard, sorry) == 0;
    }
    assert_true(held);
    robot.settings.audience = FILTER_OFF;
    robot_ask(&robot, "Go on.");
    assert_int_equal(robot.report.input, alone);
    robot_dismantle(&robot);
}

static void the_robots_own_words_stand_around_an_answer_and_not_in_the_history(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_ask(&robot, "Who are you?");
    robot_ask(&robot, "Go on.");
    const uint64_t plain = robot.report.input;
    conversation_forget(robot.conversation);
    robot.settings.preface = span_text("I am a machine.");
    robot.settings.epilogue = span_text("Shall we take a break?");
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
    assert_ptr_equal(strstr(robot.heard, "I am a machine.\n"), robot.heard);
    assert_non_null(strstr(robot.heard, "\nShall we take a break?\n"));
    robot_ask(&robot, "Go on.");
    assert_int_equal(robot.report.input, plain);
    robot_dismantle(&robot);
}

/* Interrupts in the middle of the robot's fourth clause or so. */
static void *interrupt_later(void *context)
{
    struct robot *robot = context;
    size_t heard = 0;

    for (int i = 0; i < 3000 && heard < 3; i++) {
        clock_sleep_ms(5);
        pthread_mutex_lock(&robot->lock);
        heard = robot->clauses;
        pthread_mutex_unlock(&robot->lock);
    }
    clock_sleep_ms(300);
    turn_interrupt(robot->turn, robot->number);
    return NULL;
}

/* The canned answer is no part of the history, so the vendor's is heard: whole clauses, the last
 * one up to a word, and neither what came before it nor what was still to be said. */
static void an_interruption_cuts_the_history_to_the_words_that_were_heard(void **state)
{
    struct dialect_message messages[CONVERSATION_MAX_MESSAGES];
    struct robot robot;
    pthread_t thread;

    robot_build(&robot, *state, SPEAKING);
    robot.settings.preface = span_text("I am a machine.");
    robot.settings.max_output_tokens = 400;
    robot.number++;
    crypto_uuid(robot.uuid);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_later, &robot), 0);
    assert_int_equal(turn_run(robot.turn, robot.number, robot.uuid,
                              span_text("Tell me three stories of the sea, and of the moon."),
                              &robot.settings, &robot.report),
                     STATUS_OK);
    pthread_join(thread, NULL);
    assert_true(robot.report.interrupted);
    const struct conversation_budget budget = {5, 10000};
    assert_int_equal(conversation_messages(robot.conversation, span_of(NULL, 0), budget,
                                           span_text("?"), messages),
                     3);
    const struct span kept = messages[1].text;
    char heard[sizeof robot.heard];
    size_t size = 0;
    for (const char *c = robot.heard + strlen("I am a machine.\n"); *c; c++)
        if (*c != '\n')
            heard[size++] = *c;
    assert_true(kept.size > 0 && kept.size < size);
    assert_memory_equal(kept.data, heard, kept.size);
    /* up to the end of a word */
    assert_true(strchr(" .,;:!?'-", heard[kept.size]) || strchr(" .,;:!?'-", heard[kept.size - 1]));
    robot_dismantle(&robot);
}

static void why_no_vendor_is_asked_now_is_said(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot.settings.kept = EXCUSE_QUIET;
    assert_int_equal(robot_ask(&robot, "你是谁？"), STATUS_DENIED);
    assert_string_equal(robot.heard, "现在是安静时间。我们晚点再聊吧。\n");
    robot.settings.kept = EXCUSE_ENOUGH;
    assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_DENIED);
    assert_int_equal(robot.report.excuse, EXCUSE_ENOUGH);
    assert_int_equal(robot.record_count, 0);
    robot_dismantle(&robot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(somebody_in_a_crisis_is_answered_without_a_vendor_whatever_the_limits),
        cmocka_unit_test(a_crisis_is_no_part_of_the_history),
        cmocka_unit_test(a_question_that_is_held_back_asks_no_vendor),
        cmocka_unit_test(an_answer_is_broken_off_where_it_says_what_is_held_back),
        cmocka_unit_test(nothing_is_remembered_of_an_answer_of_which_nothing_was_said),
        cmocka_unit_test(the_robots_own_words_stand_around_an_answer_and_not_in_the_history),
        cmocka_unit_test(an_interruption_cuts_the_history_to_the_words_that_were_heard),
        cmocka_unit_test(why_no_vendor_is_asked_now_is_said),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

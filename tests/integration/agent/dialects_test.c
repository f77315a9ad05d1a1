/* Turns through every dialect against the demo vendor, which writes each by code of its own: what
 * the robot counts is what the vendor bills. */
#include "tests/integration/agent/robot.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/wire/dialects.h"

/* Where the demo vendor speaks it. */
static const struct place {
    const char *dialect;
    const char *base; /* behind the vendor's address */
} places[] = {
    {"openai", "/v1"},
    {"chatgpt", "/v1"},
    {"deepseek", "/deepseek"},
    {"qwen", "/v1"},
    {"qwen-think", "/v1"},
    {"glm", "/glm/v4"},
    {"ark", "/ark/v3"},
    {"qianfan", "/v1"},
    {"hunyuan", "/v1"},
    {"minimax", "/v1"},
    {"llama-cpp", "/v1"},
    {"vllm", "/vllm/v1"},
    {"anthropic", ""},
    {"ollama", ""},
    {"dashscope", "/api/v1"},
    {"minimax-v2", "/v1"},
    {"dashscope-think", "/api/v1"},
    {"spark", "/spark/v1"},
    {"spark-x1", "/spark/v1"},
};
#define PLACES (sizeof places / sizeof *places)

static void speak(struct robot *robot, const struct place *place, const char *model)
{
    char url[128];

    snprintf(url, sizeof url, "%s%s", robot->vendor->url, place->base);
    robot_set_route(robot, 0, url, "good");
    snprintf(robot->routes[0].dialect, sizeof robot->routes[0].dialect, "%s", place->dialect);
    snprintf(robot->routes[0].model, sizeof robot->routes[0].model, "%s", model);
}

static void every_dialect_has_its_place_here(void **state)
{
    size_t count;

    (void)state;
    assert_non_null(dialects_table(&count));
    assert_int_equal(PLACES, count);
    for (size_t i = 0; i < PLACES; i++)
        assert_non_null(dialects_find(places[i].dialect));
}

static void i1_each_dialect_counts_to_the_token(void **state)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i], "dahan-chat");
        /* the second turn is cached in part */
        for (int turn = 0; turn < 2; turn++) {
            assert_int_equal(robot_ask(&robot, "Tell me of the birds of the north, the south, the "
                                               "east, the west, the sea and the mountains."),
                             STATUS_OK);
            assert_true(robot.clauses > 0);
            assert_int_equal(robot.records[turn].provenance, wire_Provenance_VENDOR_FINAL);
            assert_int_equal(robot.records[turn].outcome, wire_Outcome_ANSWERED);
            robot_check_bill(&robot, (size_t)turn);
        }
        robot_dismantle(&robot);
    }
}

static void thoughts_are_billed_and_not_spoken_in_any_dialect(void **state)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i], "dahan-chat-think");
        assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
        const wire_UsageRecord *record = &robot.records[0];
        struct json *line = robot_bill(&robot, 1);
        assert_int_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
        /* not every vendor tells the two apart */
        assert_int_equal(record->output + record->reasoning,
                         json_int(json_member(line, "output"), -1));
        assert_true(strlen(robot.heard) < 4 * (size_t)record->output + 200);
        bool thought = json_int(json_member(line, "reasoning"), 0) > 0;
        assert_int_equal(thought, strcmp(places[i].dialect, "qwen") &&
                                      strcmp(places[i].dialect, "dashscope"));
        json_free(line);
        robot_dismantle(&robot);
    }
}

/* The model says the same whether it thought before or not. */
static void what_is_heard_of_a_thinking_model_is_its_answer_alone(void **state)
{
    static char answer[sizeof((struct robot *)NULL)->heard];

    for (size_t i = 0; i < PLACES * 2; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i / 2], i % 2 == 0 ? "dahan-chat" : "dahan-chat-think");
        robot.settings.max_output_tokens = 2000;
        assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_OK);
        if (i % 2 == 0)
            memcpy(answer, robot.heard, sizeof answer);
        else
            assert_string_equal(robot.heard, answer);
        robot_dismantle(&robot);
    }
}

static void a_limit_cuts_the_answer_in_every_dialect(void **state)
{
    for (size_t i = 0; i < PLACES; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i], "dahan-chat");
        robot.settings.max_output_tokens = 3;
        assert_int_equal(robot_ask(&robot, "Tell me a long story about the sea."), STATUS_OK);
        assert_int_equal(robot.records[0].output, 3);
        /* spark's events do not tell why an answer ends */
        if (strncmp(places[i].dialect, "spark", 5))
            assert_int_equal(robot.records[0].outcome, wire_Outcome_TRUNCATED);
        robot_check_bill(&robot, 0);
        robot_dismantle(&robot);
    }
}

static void a_refusal_bills_nothing_whatever_its_status(void **state)
{
    static const char *const faults[] = {"{\"under_200\":1}", "{\"429\":1}"};

    for (size_t i = 0; i < PLACES * 2; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i / 2], "dahan-chat");
        robot_behave(&robot, faults[i % 2]);
        assert_int_equal(robot_ask(&robot, "Who are you?"), STATUS_UNREACHABLE);
        assert_int_equal(robot.record_count, 2); /* one retry */
        /* what stands under 200 on a line of its own may be the first of many: Ollama's */
        bool is_line = i % 2 == 0 && !strcmp(places[i / 2].dialect, "ollama");
        for (size_t j = 0; j < 2 && !is_line; j++) {
            assert_int_equal(robot.records[j].error_class, wire_ErrorClass_RATE);
            assert_int_equal(robot.records[j].provenance, wire_Provenance_VENDOR_FINAL);
            robot_check_bill(&robot, j);
        }
        robot_dismantle(&robot);
    }
}

/* What is known of an answer that broke off, and how it is known. */
static void check_broken(const struct robot *robot, const wire_UsageRecord *record)
{
    struct json *line = robot_bill(robot, record->attempt);
    const int64_t billed = json_int(json_member(line, "output"), -1);

    assert_non_null(line);
    assert_int_equal(record->outcome, wire_Outcome_FAILED);
    assert_int_not_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
    if (record->provenance == wire_Provenance_VENDOR_CUMULATIVE)
        assert_in_range(record->output + record->reasoning, 0, (uintmax_t)billed);
    assert_true((uint64_t)billed <= record->reserved_output);
    json_free(line);
}

static void a_broken_answer_is_never_final_in_any_dialect(void **state)
{
    static const char *const faults[] = {"{\"cut\":1}", "{\"mid_error\":1}"};

    for (size_t i = 0; i < PLACES * 2; i++) {
        struct robot robot;

        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i / 2], "dahan-chat");
        robot_behave(&robot, faults[i % 2]);
        robot_ask(&robot, "Tell me a long story about the sea and the moon.");
        assert_true(robot.record_count > 0);
        for (size_t j = 0; j < robot.record_count; j++)
            check_broken(&robot, &robot.records[j]);
        robot_dismantle(&robot);
    }
}

/* Whoever runs models oneself has no filter beside them. */
static bool objects(const struct place *place)
{
    return strcmp(place->dialect, "ollama") != 0;
}

/* Some say it with the end of the answer, some by an error in its place. */
static void check_filtered(const struct robot *robot)
{
    const wire_UsageRecord *record = &robot->records[0];

    assert_int_equal(robot->record_count, 1); /* nobody is asked again, nobody else either */
    assert_int_equal(record->outcome, wire_Outcome_FILTERED);
    if (record->error_class == wire_ErrorClass_ERROR_NONE) {
        assert_int_equal(record->provenance, wire_Provenance_VENDOR_FINAL);
        robot_check_bill(robot, 0);
        return;
    }
    struct json *line = robot_bill(robot, 1);
    assert_int_equal(record->error_class, wire_ErrorClass_CONTENT);
    assert_non_null(line);
    assert_true((uint64_t)json_int(json_member(line, "output"), -1) <= record->reserved_output);
    json_free(line);
}

static void what_a_vendor_filters_becomes_a_kind_refusal_in_every_dialect(void **state)
{
    const char *sorry = excuse_text(EXCUSE_CONTENT, false);

    for (size_t i = 0; i < PLACES; i++) {
        struct robot robot;

        if (!objects(&places[i]))
            continue;
        robot_build(&robot, *state, SILENT);
        speak(&robot, &places[i], "dahan-chat");
        robot_set_route(&robot, 1, robot_base_url(&robot), "good");
        robot_behave(&robot, "{\"filter\":1}");
        assert_int_equal(robot_ask(&robot, "Tell me a long story about the sea and the moon."),
                         STATUS_UNREACHABLE);
        assert_int_equal(robot.report.excuse, EXCUSE_CONTENT);
        const char *said = strstr(robot.heard, sorry);
        assert_non_null(said);
        assert_string_equal(said + strlen(sorry), "\n"); /* the last that was heard */
        check_filtered(&robot);
        robot_dismantle(&robot);
    }
}

/* Else the vendor would object to every question that follows. */
static void what_a_vendor_filtered_goes_along_with_no_later_question(void **state)
{
    struct robot robot;

    robot_build(&robot, *state, SILENT);
    robot_ask(&robot, "Who are you?");
    const uint64_t alone = robot.report.input;
    conversation_forget(robot.conversation);
    robot_behave(&robot, "{\"filter\":1}");
    robot_ask(&robot, "Tell me a long story about the sea and the moon.");
    robot_behave(&robot, ROBOT_FAST);
    robot_ask(&robot, "Who are you?");
    assert_int_equal(robot.report.input, alone);
    robot_dismantle(&robot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_dialect_has_its_place_here),
        cmocka_unit_test(i1_each_dialect_counts_to_the_token),
        cmocka_unit_test(thoughts_are_billed_and_not_spoken_in_any_dialect),
        cmocka_unit_test(what_is_heard_of_a_thinking_model_is_its_answer_alone),
        cmocka_unit_test(a_limit_cuts_the_answer_in_every_dialect),
        cmocka_unit_test(a_refusal_bills_nothing_whatever_its_status),
        cmocka_unit_test(a_broken_answer_is_never_final_in_any_dialect),
        cmocka_unit_test(what_a_vendor_filters_becomes_a_kind_refusal_in_every_dialect),
        cmocka_unit_test(what_a_vendor_filtered_goes_along_with_no_later_question),
    };

    return cmocka_run_group_tests(tests, vendor_start, vendor_stop);
}

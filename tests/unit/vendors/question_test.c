#include "tests/vendors/question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/vendors/dialect_openai.h"

static int set_up(void **state)
{
    struct arena *arena = NULL;

    if (arena_create(&arena, 8u << 20) != STATUS_OK)
        return -1;
    *state = arena;
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static enum status decode(void **state, const char *body, struct question *question,
                          struct question_problem *problem)
{
    return question_decode(span_text(body), &dialect_openai.question, *state, question, problem);
}

static void a_prompt_costs_its_tokens_and_four_per_message(void **state)
{
    struct question question;
    struct question_problem problem;

    assert_int_equal(decode(state,
                            "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"Be "
                            "kind\"},{\"role\":\"user\",\"content\":\"你好\"}]}",
                            &question, &problem),
                     STATUS_OK);
    assert_int_equal(question.prompt_tokens, 2 + 4 + 2 + 4);
    assert_true(span_equal_text(question.asked, "你好"));
    assert_false(question.stream || question.include_usage || question.thinks);
    assert_int_equal(question.max_tokens, 0);
}

static void content_may_come_in_parts_of_text(void **state)
{
    struct question question;
    struct question_problem problem;

    assert_int_equal(decode(state,
                            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{"
                            "\"type\":\"text\",\"text\":\"How \"},{\"type\":\"text\",\"text\":"
                            "\"are you?\"}]}]}",
                            &question, &problem),
                     STATUS_OK);
    assert_true(span_equal_text(question.asked, "How are you?"));
}

static void the_smaller_limit_holds(void **state)
{
    struct question question;
    struct question_problem problem;

    assert_int_equal(decode(state,
                            "{\"model\":\"m-think\",\"stream\":true,\"stream_options\":{"
                            "\"include_usage\":true},\"max_tokens\":9,\"max_completion_tokens\":7,"
                            "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
                            &question, &problem),
                     STATUS_OK);
    assert_int_equal(question.max_tokens, 7);
    assert_true(question.stream && question.include_usage && question.thinks);
}

static void prompts_share_the_blocks_before_they_differ(void **state)
{
    struct question first, second, other_model;
    struct question_problem problem;
    char body[2048], words[512] = "";

    for (size_t i = 0; i < 100; i++)
        memcpy(words + i * 4, "word", 5);
    snprintf(body, sizeof body,
             "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s one\"}]}", words);
    assert_int_equal(decode(state, body, &first, &problem), STATUS_OK);
    snprintf(body, sizeof body,
             "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"%s two%s\"}]}", words,
             words);
    assert_int_equal(decode(state, body, &second, &problem), STATUS_OK);
    snprintf(body, sizeof body,
             "{\"model\":\"n\",\"messages\":[{\"role\":\"user\",\"content\":\"%s one\"}]}", words);
    assert_int_equal(decode(state, body, &other_model, &problem), STATUS_OK);

    assert_int_equal(first.prompt_tokens, 105);
    assert_int_equal(first.prefix.count, 1);
    assert_int_equal(second.prefix.count, 3);
    assert_true(first.prefix.blocks[0] == second.prefix.blocks[0]);
    assert_false(first.prefix.blocks[0] == other_model.prefix.blocks[0]);
}

static void what_is_wrong_is_refused_by_name(void **state)
{
    static const struct {
        const char *body, *param;
    } cases[] = {
        {"", NULL},
        {"{\"model\":\"m\"", NULL},
        {"[]", NULL},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}", "model"},
        {"{\"model\":\"m\"}", "messages"},
        {"{\"model\":\"m\",\"messages\":[]}", "messages"},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"boss\",\"content\":\"x\"}]}", "messages"},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":7}]}", "messages"},
        {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}"
         "]}",
         "messages"},
        {"{\"model\":\"m\",\"max_tokens\":0,\"messages\":[{\"role\":\"user\"}]}", "max_tokens"},
        {"{\"model\":\"m\",\"max_tokens\":\"9\",\"messages\":[{\"role\":\"user\"}]}", "max_tokens"},
        {"{\"model\":\"m\",\"stream\":1,\"messages\":[{\"role\":\"user\"}]}", "stream"},
        {"{\"model\":\"m\",\"stream_options\":{},\"messages\":[{\"role\":\"user\"}]}",
         "stream_options"},
        {"{\"model\":\"m\",\"n\":2,\"messages\":[{\"role\":\"user\"}]}", "n"},
    };
    struct question question;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct question_problem problem = {.param = "untouched"};

        assert_int_equal(decode(state, cases[i].body, &question, &problem), STATUS_INVALID);
        assert_true(problem.message[0] != '\0');
        if (cases[i].param == NULL)
            assert_null(problem.param);
        else
            assert_string_equal(problem.param, cases[i].param);
    }
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(a_prompt_costs_its_tokens_and_four_per_message),
        WITH_ARENA(content_may_come_in_parts_of_text),
        WITH_ARENA(the_smaller_limit_holds),
        WITH_ARENA(prompts_share_the_blocks_before_they_differ),
        WITH_ARENA(what_is_wrong_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

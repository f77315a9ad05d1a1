#include "agent/chat/dialect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "schema/wire/dialects.h"

static const struct dialect_message messages[] = {
    {DIALECT_SYSTEM, {(const uint8_t *)"You are a bird.", 15}},
    {DIALECT_USER, {(const uint8_t *)"Say \"hi\"\n", 9}},
};

static const struct dialect_question question = {
    .model = "m-1", .messages = messages, .count = 2, .max_output_tokens = 300};

static void a_question_asks_for_a_stream_with_usage_and_a_limit(void **state)
{
    struct buffer body;

    (void)state;
    buffer_init(&body, 4096);
    dialect_write(dialect_find("openai"), &question, &body);
    assert_int_equal(buffer_status(&body), STATUS_OK);
    assert_string_equal(
        buffer_cstring(&body),
        "{\"model\":\"m-1\",\"messages\":[{\"role\":\"system\",\"content\":\"You are a bird.\"},"
        "{\"role\":\"user\",\"content\":\"Say \\\"hi\\\"\\n\"}],\"max_tokens\":300,\"stream\":true,"
        "\"stream_options\":{\"include_usage\":true}}");
    buffer_release(&body);
}

static void a_base_url_may_end_in_a_slash(void **state)
{
    struct buffer url;

    (void)state;
    buffer_init(&url, 256);
    dialect_url(dialect_find("openai"), "https://example.org/v1/", &url);
    assert_string_equal(buffer_cstring(&url), "https://example.org/v1/chat/completions");
    buffer_clear(&url);
    dialect_url(dialect_find("openai"), "https://example.org/v1", &url);
    assert_string_equal(buffer_cstring(&url), "https://example.org/v1/chat/completions");
    buffer_release(&url);
}

static const char *header(const struct dialect_headers *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++)
        if (!strcmp(headers->list[i].name, name))
            return headers->list[i].value;
    return "";
}

static void headers_carry_the_key_and_the_request_id(void **state)
{
    struct dialect_headers headers;
    char long_key[LIMIT_API_KEY + 20];

    (void)state;
    assert_int_equal(dialect_headers(dialect_find("openai"), "sk-1", "turn-1", &headers),
                     STATUS_OK);
    assert_string_equal(header(&headers, "Authorization"), "Bearer sk-1");
    assert_string_equal(header(&headers, "X-Client-Request-Id"), "turn-1");
    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = 0;
    assert_int_equal(dialect_headers(dialect_find("openai"), long_key, "turn-1", &headers),
                     STATUS_INVALID);
}

static void the_worst_case_covers_texts_framing_and_limit(void **state)
{
    struct reservation worst = dialect_worst_case(dialect_find("openai"), &question);

    (void)state;
    /* a byte may be a token, and vendors count up to four for each message */
    assert_true(worst.input >= 15 + 9 + 2 * 4);
    assert_int_equal(worst.output, 300);
    assert_true(dialect_estimate_input(dialect_find("openai"), &question) < worst.input);
    assert_true(dialect_estimate_input(dialect_find("openai"), &question) >= 6);
}

static void check_body(const char *dialect, const char *expected)
{
    struct buffer body;

    buffer_init(&body, 4096);
    dialect_write(dialect_find(dialect), &question, &body);
    assert_int_equal(buffer_status(&body), STATUS_OK);
    assert_string_equal(buffer_cstring(&body), expected);
    buffer_release(&body);
}

#define MESSAGES                                                                                   \
    "[{\"role\":\"system\",\"content\":\"You are a bird.\"},"                                      \
    "{\"role\":\"user\",\"content\":\"Say \\\"hi\\\"\\n\"}]"

static void each_dialect_asks_in_its_own_way(void **state)
{
    (void)state;
    check_body("chatgpt", "{\"model\":\"m-1\",\"messages\":" MESSAGES
                          ",\"max_completion_tokens\":300,\"stream\":true,"
                          "\"stream_options\":{\"include_usage\":true}}");
    check_body("qwen", "{\"model\":\"m-1\",\"messages\":" MESSAGES
                       ",\"max_tokens\":300,\"stream\":true,\"stream_options\":"
                       "{\"include_usage\":true},\"enable_thinking\":false}");
    check_body("ark", "{\"model\":\"m-1\",\"messages\":" MESSAGES
                      ",\"max_completion_tokens\":300,\"stream\":true,\"stream_options\":"
                      "{\"include_usage\":true,\"chunk_include_usage\":true}}");
    check_body("glm",
               "{\"model\":\"m-1\",\"messages\":" MESSAGES ",\"max_tokens\":300,\"stream\":true}");
    check_body("anthropic", "{\"model\":\"m-1\",\"system\":\"You are a bird.\",\"messages\":["
                            "{\"role\":\"user\",\"content\":\"Say \\\"hi\\\"\\n\"}],"
                            "\"max_tokens\":300,\"stream\":true}");
    check_body("ollama", "{\"model\":\"m-1\",\"messages\":" MESSAGES
                         ",\"stream\":true,\"options\":{\"num_predict\":300}}");
    check_body("dashscope", "{\"model\":\"m-1\",\"input\":{\"messages\":" MESSAGES
                            "},\"parameters\":{\"result_format\":\"message\","
                            "\"incremental_output\":true,\"max_tokens\":300,"
                            "\"enable_thinking\":false}}");
}

static void a_question_carries_its_limit_in_every_dialect(void **state)
{
    size_t count;
    const struct dialects_row *rows = dialects_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct buffer body;
        const struct dialect *dialect = dialect_find(rows[i].name);
        char limit[64];

        assert_non_null(dialect);
        buffer_init(&body, 4096);
        dialect_write(dialect, &question, &body);
        snprintf(limit, sizeof limit, "\"%s\":300", dialect->limit);
        assert_non_null(strstr(buffer_cstring(&body), limit));
        buffer_release(&body);
    }
}

static void keys_travel_in_the_dialects_own_header_and_an_empty_one_not_at_all(void **state)
{
    struct dialect_headers headers;

    (void)state;
    assert_int_equal(dialect_headers(dialect_find("anthropic"), "sk-1", "t-1", &headers),
                     STATUS_OK);
    assert_string_equal(header(&headers, "x-api-key"), "sk-1");
    assert_string_equal(header(&headers, "anthropic-version"), "2023-06-01");
    assert_string_equal(header(&headers, "Authorization"), "");
    assert_int_equal(dialect_headers(dialect_find("dashscope"), "sk-1", "t-1", &headers),
                     STATUS_OK);
    assert_string_equal(header(&headers, "X-DashScope-SSE"), "enable");
    assert_int_equal(dialect_headers(dialect_find("ollama"), "", "t-1", &headers), STATUS_OK);
    assert_string_equal(header(&headers, "Accept"), "application/x-ndjson");
    assert_int_equal(headers.count, 3);
}

static void an_unknown_dialect_is_not_found(void **state)
{
    (void)state;
    assert_null(dialect_find("klingon"));
    assert_null(dialect_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_asks_for_a_stream_with_usage_and_a_limit),
        cmocka_unit_test(a_base_url_may_end_in_a_slash),
        cmocka_unit_test(headers_carry_the_key_and_the_request_id),
        cmocka_unit_test(the_worst_case_covers_texts_framing_and_limit),
        cmocka_unit_test(each_dialect_asks_in_its_own_way),
        cmocka_unit_test(a_question_carries_its_limit_in_every_dialect),
        cmocka_unit_test(keys_travel_in_the_dialects_own_header_and_an_empty_one_not_at_all),
        cmocka_unit_test(an_unknown_dialect_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

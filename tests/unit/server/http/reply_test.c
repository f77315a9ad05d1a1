#include "server/http/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int make(void **state)
{
    struct reply *reply = calloc(1, sizeof *reply);
    struct arena *arena;

    if (reply == NULL || arena_create(&arena, 1 << 16) != STATUS_OK)
        return -1;
    reply_init(reply, arena);
    *state = reply;
    return 0;
}

static int drop(void **state)
{
    struct reply *reply = *state;

    arena_free(reply->arena);
    free(reply);
    return 0;
}

static bool body_is(const struct reply *reply, const char *text)
{
    return span_equal_text(reply->body, text);
}

static void a_handler_that_says_nothing_has_failed(void **state)
{
    const struct reply *reply = *state;

    assert_int_equal(reply->status, 500);
}

static void a_problem_has_the_members_of_rfc_9457(void **state)
{
    struct reply *reply = *state;

    reply_problem(reply, 404, "there is no device \"%s\"", "r1");
    assert_int_equal(reply->status, 404);
    assert_string_equal(reply->type, "application/problem+json");
    assert_true(body_is(reply, "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                               "\"detail\":\"there is no device \\\"r1\\\"\"}"));
}

static void a_field_problem_names_the_field(void **state)
{
    const struct json_problem problem = {.pointer = "/role", .detail = "must be one of viewer"};
    struct reply *reply = *state;

    reply_field(reply, 400, &problem);
    assert_true(body_is(reply, "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                               "\"detail\":\"must be one of viewer\",\"errors\":[{\"pointer\":"
                               "\"/role\",\"detail\":\"must be one of viewer\"}]}"));
}

static void several_problems_are_told_at_once(void **state)
{
    const struct json_problem problems[] = {{.pointer = "/a", .detail = "is missing"},
                                            {.pointer = "/b", .detail = "must be a day"}};
    struct reply *reply = *state;

    reply_fields(reply, 422, problems, 2);
    assert_true(body_is(reply, "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
                               "\"status\":422,\"detail\":\"is missing\",\"errors\":["
                               "{\"pointer\":\"/a\",\"detail\":\"is missing\"},"
                               "{\"pointer\":\"/b\",\"detail\":\"must be a day\"}]}"));
}

static void every_status_has_its_answer(void **state)
{
    static const struct {
        enum status status;
        unsigned code;
    } cases[] = {
        {STATUS_NOT_FOUND, 404}, {STATUS_EXISTS, 409},  {STATUS_CONFLICT, 412},
        {STATUS_DENIED, 409},    {STATUS_INVALID, 422}, {STATUS_UNREACHABLE, 503},
        {STATUS_TIMEOUT, 503},   {STATUS_AGAIN, 503},   {STATUS_IO, 500},
        {STATUS_MEMORY, 500},
    };
    struct reply *reply = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reply_status(reply, cases[i].status, "device \"r1\"");
        assert_int_equal(reply->status, cases[i].code);
        assert_true(reply->body.size > 0);
    }
}

static void a_version_becomes_an_etag_and_a_missing_value_no_header(void **state)
{
    struct reply *reply = *state;

    reply_version(reply, 12);
    reply_header(reply, "Last-Modified", NULL);
    assert_int_equal(reply->header_count, 1);
    assert_string_equal(reply->headers[0].name, "ETag");
    assert_string_equal(reply->headers[0].value, "\"12\"");
}

static void a_copy_says_the_same_when_the_other_is_gone(void **state)
{
    struct reply *reply = *state;
    struct reply other;
    struct arena *arena;

    assert_int_equal(arena_create(&arena, 1 << 16), STATUS_OK);
    reply_init(&other, arena);
    reply_version(&other, 7);
    reply_json(&other, 200, arena_copy(arena, span_text("{\"id\":\"c-1\"}")));
    reply_copy(reply, &other);
    arena_free(arena);
    assert_int_equal(reply->status, 200);
    assert_string_equal(reply->type, "application/json");
    assert_int_equal(reply->header_count, 1);
    assert_string_equal(reply->headers[0].name, "ETag");
    assert_string_equal(reply->headers[0].value, "\"7\"");
    assert_true(body_is(reply, "{\"id\":\"c-1\"}"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_handler_that_says_nothing_has_failed),
        TEST(a_problem_has_the_members_of_rfc_9457),
        TEST(a_field_problem_names_the_field),
        TEST(several_problems_are_told_at_once),
        TEST(every_status_has_its_answer),
        TEST(a_version_becomes_an_etag_and_a_missing_value_no_header),
        TEST(a_copy_says_the_same_when_the_other_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

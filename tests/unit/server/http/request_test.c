#include "server/http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void handle(void *context, struct request *request, struct reply *reply)
{
    (void)context;
    (void)request;
    (void)reply;
}

static const struct route rows[] = {
    {"GET", "/things/{id}", ROUTE_VIEWER, handle, ROUTE_BODY_NORMAL},
    {"PUT", "/things/{id}", ROUTE_OPERATOR, handle, ROUTE_BODY_NORMAL},
    {"GET", "/*", ROUTE_ANYONE, handle, ROUTE_BODY_NORMAL},
};
static const struct route_table table = {rows, 3};
static const struct route_table *const tables[] = {&table};

static int make(void **state)
{
    struct request *request = calloc(1, sizeof *request);

    if (request == NULL || arena_create(&request->arena, 1 << 16) != STATUS_OK)
        return -1;
    request->method = "GET";
    request->path = "/things/r1";
    *state = request;
    return 0;
}

static int drop(void **state)
{
    struct request *request = *state;

    request_release(request);
    arena_free(request->arena);
    free(request);
    return 0;
}

static void add(struct request *request, const char *name, const char *value)
{
    request->headers[request->header_count++] = (struct request_pair){name, value};
}

static void ask(struct request *request, const char *name, const char *value)
{
    request->query[request->query_count++] = (struct request_pair){name, value};
}

static void the_first_row_that_fits_path_and_method_serves(void **state)
{
    struct request *request = *state;

    assert_int_equal(request_match(request, tables, 1), STATUS_OK);
    assert_ptr_equal(request->route, &rows[0]);
    assert_string_equal(request_param(request, "id"), "r1");
    request->method = "PUT";
    assert_int_equal(request_match(request, tables, 1), STATUS_OK);
    assert_ptr_equal(request->route, &rows[1]);
}

static void head_is_served_by_get(void **state)
{
    struct request *request = *state;

    request->method = "HEAD";
    assert_int_equal(request_match(request, tables, 1), STATUS_OK);
    assert_ptr_equal(request->route, &rows[0]);
}

static void a_wrong_method_and_a_wrong_path_are_told_apart(void **state)
{
    struct request *request = *state;

    request->method = "DELETE";
    assert_int_equal(request_match(request, tables, 1), STATUS_DENIED);
    request->path = "/";
    assert_int_equal(request_match(request, tables, 1), STATUS_NOT_FOUND);
}

static void header_names_have_no_case_and_an_empty_query_value_is_absent(void **state)
{
    struct request *request = *state;

    add(request, "If-Match", "\"3\"");
    ask(request, "after", "");
    ask(request, "limit", "5");
    assert_string_equal(request_header(request, "if-match"), "\"3\"");
    assert_null(request_query(request, "after"));
    assert_string_equal(request_query(request, "limit"), "5");
    assert_null(request_query(request, "q"));
}

static void a_number_in_the_query_keeps_to_its_bounds(void **state)
{
    struct request *request = *state;
    int64_t value = -7;

    ask(request, "limit", "1000");
    ask(request, "zero", "0");
    ask(request, "word", "12x");
    assert_int_equal(request_query_int(request, "limit", 100, 1, 1000, &value), STATUS_OK);
    assert_int_equal(value, 1000);
    assert_int_equal(request_query_int(request, "none", 100, 1, 1000, &value), STATUS_OK);
    assert_int_equal(value, 100);
    assert_int_equal(request_query_int(request, "limit", 100, 1, 999, &value), STATUS_INVALID);
    assert_int_equal(request_query_int(request, "zero", 100, 1, 999, &value), STATUS_INVALID);
    assert_int_equal(request_query_int(request, "word", 100, 1, 999, &value), STATUS_INVALID);
    assert_int_equal(value, 100);
}

static void if_match_is_one_of_our_versions_or_anything(void **state)
{
    static const struct {
        const char *text;
        enum status status;
        int64_t version;
    } cases[] = {
        {"\"7\"", STATUS_OK, 7},      {"*", STATUS_OK, -1},          {"7", STATUS_INVALID, 0},
        {"\"\"", STATUS_INVALID, 0},  {"\"7", STATUS_INVALID, 0},    {"W/\"7\"", STATUS_INVALID, 0},
        {"\"x\"", STATUS_INVALID, 0}, {"\"-1\"", STATUS_INVALID, 0}, /* would read as "any" */
    };
    struct request *request = *state;
    int64_t version;

    assert_int_equal(request_if_match(request, &version), STATUS_OK);
    assert_int_equal(version, -1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        request->header_count = 0;
        add(request, "If-Match", cases[i].text);
        assert_int_equal(request_if_match(request, &version), cases[i].status);
        if (cases[i].status == STATUS_OK)
            assert_int_equal(version, cases[i].version);
    }
}

static bool same_origin(struct request *request, const char *name, const char *value)
{
    request->header_count = 0;
    add(request, "Host", "fleet.example:8080");
    add(request, name, value);
    return request_same_origin(request);
}

static void only_our_own_pages_and_programs_may_write(void **state)
{
    struct request *request = *state;

    assert_true(request_same_origin(request));
    assert_true(same_origin(request, "Origin", "http://fleet.example:8080"));
    assert_false(same_origin(request, "Origin", "https://fleet.example:8080"));
    assert_false(same_origin(request, "Origin", "http://fleet.example"));
    assert_false(same_origin(request, "Origin", "http://fleet.example:80800"));
    assert_false(same_origin(request, "Origin", "null"));
    assert_true(same_origin(request, "Sec-Fetch-Site", "same-origin"));
    assert_true(same_origin(request, "Sec-Fetch-Site", "none"));
    assert_false(same_origin(request, "Sec-Fetch-Site", "same-site"));
    assert_false(same_origin(request, "Sec-Fetch-Site", "cross-site"));
    request->secure = true;
    assert_true(same_origin(request, "Origin", "https://fleet.example:8080"));
}

static void an_origin_without_a_host_is_refused(void **state)
{
    struct request *request = *state;

    add(request, "Origin", "http://fleet.example");
    assert_false(request_same_origin(request));
}

static void a_body_is_decoded_once_and_must_be_an_object(void **state)
{
    struct request *request = *state;
    struct json_problem problem;
    const struct json *first;
    const struct json *second;

    request->body = span_text("{\"a\":1}");
    assert_int_equal(request_json(request, &first, &problem), STATUS_OK);
    assert_int_equal(request_json(request, &second, &problem), STATUS_OK);
    assert_ptr_equal(first, second);
    request_release(request);
    request->body = span_text("[1]");
    assert_int_equal(request_json(request, &first, &problem), STATUS_INVALID);
    assert_string_equal(problem.detail, "must be a JSON object");
    assert_string_equal(problem.pointer, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_row_that_fits_path_and_method_serves),
        TEST(head_is_served_by_get),
        TEST(a_wrong_method_and_a_wrong_path_are_told_apart),
        TEST(header_names_have_no_case_and_an_empty_query_value_is_absent),
        TEST(a_number_in_the_query_keeps_to_its_bounds),
        TEST(if_match_is_one_of_our_versions_or_anything),
        TEST(only_our_own_pages_and_programs_may_write),
        TEST(an_origin_without_a_host_is_refused),
        TEST(a_body_is_decoded_once_and_must_be_an_object),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

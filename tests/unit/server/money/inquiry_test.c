#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/money/inquiry.h"

#define TERMS                                                                                      \
    "\"vendor\": \"v\", \"currency\": \"CNY\", \"zone\": \"UTC\","                                 \
    " \"term\": {\"from\": \"2026-01-01\", \"to\": \"2027-01-01\"}, \"charges\": "
#define FEE                                                                                        \
    "{\"contract\": \"fee\", " TERMS "[{\"kind\": \"flat\", \"amount\": \"1200\", \"per\": "       \
    "\"term\"}]}"
#define EACH                                                                                       \
    "{\"contract\": \"each\", " TERMS "[{\"kind\": \"unit\", \"metric\": \"requests\","            \
    " \"per\": \"month\", \"price\": \"1\"}]}"
#define USED "\"profile\": {\"per\": \"month\", \"models\": {\"m\": {\"requests\": 1}}}"

struct fixture {
    struct arena *arena;
    struct inquiry inquiry;
    struct json_problem problems[INQUIRY_PROBLEMS];
    size_t problem_count;
    struct json *question;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){0};
    *state = &fixture;
    return arena_create(&fixture.arena, 32u << 20) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    comparison_release(&fixture->inquiry.comparison);
    json_free(fixture->question);
    arena_free(fixture->arena);
    return 0;
}

/* Knows the contract "fee" alone. */
static enum status find(void *context, const char *contract_id, struct contract *out)
{
    struct fixture *fixture = context;
    struct json *document;

    if (strcmp(contract_id, "fee") != 0)
        return STATUS_NOT_FOUND;
    assert_int_equal(json_parse(span_text(FEE), &document, NULL), STATUS_OK);
    enum status status = contract_read(document, fixture->arena, out, fixture->problems);
    json_free(document);
    return status;
}

static enum status ask(struct fixture *fixture, const char *question)
{
    assert_int_equal(json_parse(span_text(question), &fixture->question, NULL), STATUS_OK);
    return inquiry_read(fixture->question, NULL, "given", find, fixture, fixture->arena,
                        &fixture->inquiry, fixture->problems, &fixture->problem_count);
}

static void a_kept_and_an_imagined_contract_are_compared(void **state)
{
    struct fixture *fixture = *state;
    struct comparison *comparison = &fixture->inquiry.comparison;
    char problem[256];

    assert_int_equal(ask(fixture, "{\"contracts\": [{\"contract\": \"fee\"}, {\"document\": " EACH
                                  "}], \"devices\": {\"from\": 0, \"to\": 200}, " USED "}"),
                     STATUS_OK);
    assert_int_equal(comparison->at, 200);
    assert_string_equal(comparison->currency, "CNY");
    assert_int_equal(comparison_make(comparison, problem), STATUS_OK);
    assert_int_equal(comparison->interval_count, 3);
    assert_int_equal(comparison->intervals[1].from, 100);
    assert_int_equal(comparison->intervals[1].to, 100);
}

static void a_load_is_that_part_of_the_usage(void **state)
{
    struct fixture *fixture = *state;
    struct comparison *comparison = &fixture->inquiry.comparison;
    char problem[256];

    assert_int_equal(ask(fixture,
                         "{\"contracts\": [{\"contract\": \"fee\"}, {\"document\": " EACH
                         "}], \"devices\": {\"from\": 0, \"to\": 600}, \"load_percent\": 25, " USED
                         "}"),
                     STATUS_OK);
    assert_int_equal(comparison_make(comparison, problem), STATUS_OK);
    assert_int_equal(comparison->intervals[1].from, 400);
}

static void a_curve_that_takes_more_bills_than_allowed_is_left_out_with_a_reason(void **state)
{
    struct fixture *fixture = *state;
    struct comparison *comparison = &fixture->inquiry.comparison;
    char problem[256];

    assert_int_equal(ask(fixture, "{\"contracts\": [{\"contract\": \"fee\"}, {\"document\": " EACH
                                  "}], \"devices\": {\"from\": 0, \"to\": 200}, " USED "}"),
                     STATUS_OK);
    comparison->most_bills = 1;
    assert_int_equal(comparison_make(comparison, problem), STATUS_OK);
    assert_int_equal(comparison->compared_count, 0);
    assert_non_null(comparison->sides[1].no_curve);
    assert_null(comparison->sides[1].no_point);
}

static void costs_by_load_begin_at_none_and_pass_the_whole(void **state)
{
    struct fixture *fixture = *state;
    struct comparison *comparison = &fixture->inquiry.comparison;
    struct decimal expected;
    char problem[256];

    assert_int_equal(ask(fixture,
                         "{\"contracts\": [{\"document\": " EACH
                         "}], \"devices\": {\"from\": 0, \"to\": 10}, \"loads\": true, " USED "}"),
                     STATUS_OK);
    assert_true(fixture->inquiry.wants_loads);
    assert_int_equal(comparison_make(comparison, problem), STATUS_OK);
    assert_int_equal(comparison_step(comparison), STATUS_OK);
    assert_true(comparison->sides[0].steps[0].units == 0);
    assert_int_equal(decimal_parse(span_text("120"), &expected), STATUS_OK);
    assert_true(comparison->sides[0].steps[10].units == expected.units);
    assert_true(comparison->sides[0].steps[20].units == 2 * expected.units);
}

static void a_fault_is_told_by_its_place(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(ask(fixture,
                         "{\"contracts\": [{\"contract\": \"fee\"}, {\"contract\": \"x\"}],"
                         " \"devices\": {\"from\": 0, \"to\": 10}, " USED "}"),
                     STATUS_INVALID);
    assert_string_equal(fixture->problems[0].pointer, "/contracts/1");
}

static void all_that_is_wrong_with_a_document_is_told_by_its_place(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(ask(fixture,
                         "{\"contracts\": [{\"contract\": \"fee\"}, {\"document\": {\"contract\": "
                         "\"bad\", \"vendor\": \"v\", \"currency\": \"XX\", \"zone\": \"UTC\","
                         " \"charges\": [{\"kind\": \"unit\", \"metric\": \"requests\", \"price\":"
                         " \"x\"}]}}], \"devices\": {\"from\": 0, \"to\": 10}, " USED "}"),
                     STATUS_INVALID);
    assert_true(fixture->problem_count >= 2);
    assert_string_equal(fixture->problems[0].pointer, "/contracts/1/document/currency");
    assert_string_equal(fixture->problems[fixture->problem_count - 1].pointer,
                        "/contracts/1/document/charges/0/price");
}

static void usage_is_measured_or_brought_and_never_both(void **state)
{
    struct fixture *fixture = *state;
    int64_t days;

    assert_int_equal(json_parse(span_text("{\"days\": 30}"), &fixture->question, NULL), STATUS_OK);
    assert_int_equal(inquiry_days(fixture->question, &days, fixture->problems), STATUS_OK);
    assert_int_equal(days, 30);
    json_free(fixture->question);
    assert_int_equal(json_parse(span_text("{\"days\": 30, " USED "}"), &fixture->question, NULL),
                     STATUS_OK);
    assert_int_equal(inquiry_days(fixture->question, &days, fixture->problems), STATUS_INVALID);
    assert_string_equal(fixture->problems[0].pointer, "/days");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kept_and_an_imagined_contract_are_compared, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_load_is_that_part_of_the_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_curve_that_takes_more_bills_than_allowed_is_left_out_with_a_reason, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(costs_by_load_begin_at_none_and_pass_the_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fault_is_told_by_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_that_is_wrong_with_a_document_is_told_by_its_place,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(usage_is_measured_or_brought_and_never_both, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/money/usage_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/wire/limits.h"

#define ROW(more) "{\"at\":\"2026-01-15T12:00:00+08:00\",\"device\":\"d\",\"model\":\"m\"" more "}"

static enum status read_row(const char *text, struct json **json, struct tally_usage *usage,
                            struct json_problem *problem)
{
    memset(problem, 0, sizeof *problem);
    assert_int_equal(json_parse(span_text(text), json, NULL), STATUS_OK);
    return usage_row_read(*json, usage, problem);
}

static void assert_quantity(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(number, text);
    assert_string_equal(text, expected);
}

static void i5_quantities_may_be_whole_numbers_texts_or_short_fractions(void **state)
{
    struct tally_usage usage;
    struct json_problem problem;
    struct json *json;

    (void)state;
    assert_int_equal(
        read_row(ROW(",\"metrics\":{\"output\":45,\"input_uncached\":\"0.000000000001\","
                     "\"video_ms\":198.6,\"images\":0.1,\"requests\":\"1\"}"),
                 &json, &usage, &problem),
        STATUS_OK);
    assert_quantity(usage.quantities[CONTRACT_OUTPUT], "45");
    assert_quantity(usage.quantities[CONTRACT_INPUT_UNCACHED], "0.000000000001");
    assert_quantity(usage.quantities[CONTRACT_VIDEO_MS], "198.6");
    assert_quantity(usage.quantities[CONTRACT_IMAGES], "0.1");
    assert_quantity(usage.quantities[CONTRACT_REQUESTS], "1");
    assert_int_equal(usage.end_ms, usage.at_ms);
    assert_true(usage.is_activity);
    json_free(json);
}

static void the_optional_members_are_taken_and_a_records_others_passed_over(void **state)
{
    struct tally_usage usage;
    struct json_problem problem;
    struct json *json;

    (void)state;
    assert_int_equal(
        read_row(ROW(",\"end\":\"2026-01-15T12:00:03+08:00\",\"service_tier\":\"batch\","
                     "\"amount\":\"12.5\",\"replaces\":\"old\",\"provenance\":\"not_sent\","
                     "\"gauge\":{\"name\":\"lines\",\"level\":7},\"request_id\":\"r-1\",\"billing_"
                     "vendor\":\"v\","
                     "\"serving_model\":\"m-2\",\"attempt\":2,\"interrupted\":false"),
                 &json, &usage, &problem),
        STATUS_OK);
    assert_int_equal(usage.end_ms - usage.at_ms, 3000);
    assert_string_equal(usage.service_tier, "batch");
    assert_true(usage.has_amount);
    assert_quantity(usage.amount, "12.5");
    assert_string_equal(usage.replaces, "old");
    assert_false(usage.is_activity);
    assert_string_equal(usage.gauge, "lines");
    assert_quantity(usage.level, "7");
    json_free(json);
}

static void what_is_wrong_is_named_by_its_member(void **state)
{
    static const struct {
        const char *row, *pointer;
    } cases[] = {
        {"{\"device\":\"d\"}", "/at"},
        {"{\"at\":\"2026-01-15\"}", "/at"},
        {ROW(",\"metrics\":{\"outputs\":1}"), "/metrics/outputs"},
        {ROW(",\"metrics\":{\"output\":-1}"), "/metrics/output"},
        {ROW(",\"metrics\":{\"output\":\"1e3\"}"), "/metrics/output"},
        {ROW(",\"metrics\":{\"output\":0.12345678901234567}"), "/metrics/output"},
        {ROW(",\"metrics\":{\"output\":1e-13}"), "/metrics/output"},
        {ROW(",\"metrics\":{\"output\":1234567890123456.5}"), "/metrics/output"},
        {ROW(",\"metrics\":{\"output\":null}"), "/metrics/output"},
        {ROW(",\"metrics\":[]"), "/metrics"},
        {ROW(",\"metric\":{\"output\":1}"), "/metric"},
        {ROW(",\"service_tier\":5"), "/service_tier"},
        {ROW(",\"serving_model\":[\"m\"]"), "/serving_model"},
        {ROW(",\"output\":45"), "/output"},
        {ROW(",\"gauge\":{\"name\":\"lines\"}"), "/gauge"},
        {ROW(",\"gauge\":{\"name\":\"lines\",\"level\":1,\"unit\":\"x\"}"), "/gauge"},
        {ROW(",\"gauge\":{\"name\":\"\",\"level\":1}"), "/gauge/name"},
        {ROW(",\"elsewhere\":\"yes\""), "/elsewhere"},
        {ROW(",\"amount\":\"free\""), "/amount"},
        {ROW(",\"end\":\"2026-01-15T11:59:59+08:00\""), "/end"},
        {"[]", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tally_usage usage;
        struct json_problem problem;
        struct json *json;

        assert_int_equal(read_row(cases[i].row, &json, &usage, &problem), STATUS_INVALID);
        assert_string_equal(problem.pointer, cases[i].pointer);
        assert_true(strlen(problem.detail) > 0);
        json_free(json);
    }
}

static void a_text_may_be_as_long_as_a_models_name_and_no_longer(void **state)
{
    char text[LIMIT_MODEL + 2], row[LIMIT_MODEL + 100];
    struct tally_usage usage;
    struct json_problem problem;
    struct json *json;

    (void)state;
    memset(text, 'x', sizeof text);
    for (int more = 0; more < 2; more++) {
        snprintf(row, sizeof row, "{\"at\":\"2026-01-15T12:00:00Z\",\"model\":\"%.*s\"}",
                 LIMIT_MODEL + more, text);
        assert_int_equal(read_row(row, &json, &usage, &problem), more ? STATUS_INVALID : STATUS_OK);
        json_free(json);
    }
    assert_string_equal(problem.pointer, "/model");
}

static void usage_elsewhere_is_told_from_our_own(void **state)
{
    struct tally_usage usage;
    struct json_problem problem;
    struct json *json;

    (void)state;
    assert_int_equal(read_row(ROW(",\"elsewhere\":true"), &json, &usage, &problem), STATUS_OK);
    assert_true(usage.is_elsewhere);
    json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_quantities_may_be_whole_numbers_texts_or_short_fractions),
        cmocka_unit_test(the_optional_members_are_taken_and_a_records_others_passed_over),
        cmocka_unit_test(what_is_wrong_is_named_by_its_member),
        cmocka_unit_test(a_text_may_be_as_long_as_a_models_name_and_no_longer),
        cmocka_unit_test(usage_elsewhere_is_told_from_our_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

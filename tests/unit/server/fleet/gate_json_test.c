#include "server/fleet/gate_json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static enum status read(const char *text, struct gate_plan *plan, struct json_problem *problem)
{
    struct json *json;

    assert_int_equal(json_parse(span_text(text), &json, NULL), STATUS_OK);
    const enum status status = gate_json_read(json, plan, problem);

    json_free(json);
    return status;
}

static struct gate_plan plan_of(const char *text)
{
    struct json_problem problem;
    struct gate_plan plan;

    assert_int_equal(read(text, &plan, &problem), STATUS_OK);
    return plan;
}

static void assert_same(const struct gate_plan *a, const struct gate_plan *b)
{
    for (size_t i = 0; i < GATE_METRICS; i++) {
        assert_int_equal(a->rules[i].is_on, b->rules[i].is_on);
        assert_int_equal(a->rules[i].is_waited_for, b->rules[i].is_waited_for);
        assert_true(fabs(a->rules[i].margin - b->rules[i].margin) < 1e-12);
        assert_true(fabs(a->rules[i].expected - b->rules[i].expected) < 1e-12);
    }
    assert_true(fabs(a->false_alarms - b->false_alarms) < 1e-12);
    assert_int_equal(a->looks, b->looks);
    assert_int_equal(a->at_least, b->at_least);
}

static void what_is_not_named_is_as_usual(void **state)
{
    const struct gate_plan usual = gate_plan_default(), plan = plan_of("{}");
    struct json_problem problem;
    struct gate_plan none;

    (void)state;
    assert_same(&plan, &usual);
    assert_int_equal(gate_json_read(NULL, &none, &problem), STATUS_OK);
    assert_same(&none, &usual);
}

static void rules_are_texts_objects_or_null(void **state)
{
    const struct gate_plan plan = plan_of(
        "{\"failures\":\"1.5%\",\"cost\":{\"margin\":\"30%\",\"expected\":\"0.012\",\"wait\":false}"
        ","
        "\"first_audio\":null,\"failures_filtered\":\"0.5%\",\"failures_lost\":{\"wait\":false},"
        "\"looks\":4,\"false_alarms\":\"2%\",\"at_least\":50}");

    (void)state;
    assert_true(fabs(plan.rules[GATE_FAILURES].margin - 0.015) < 1e-12);
    assert_true(fabs(plan.rules[GATE_COST].margin - 0.30) < 1e-12);
    assert_true(fabs(plan.rules[GATE_COST].expected - 0.012) < 1e-12);
    assert_false(plan.rules[GATE_COST].is_waited_for);
    assert_false(plan.rules[GATE_FIRST_AUDIO].is_on);
    assert_true(plan.rules[GATE_FIRST_TOKEN].is_on);
    assert_true(plan.rules[GATE_CLASS + GATE_CLASS_FILTERED].is_on);
    assert_true(fabs(plan.rules[GATE_CLASS + GATE_CLASS_FILTERED].margin - 0.005) < 1e-12);
    assert_true(plan.rules[GATE_CLASS + GATE_CLASS_FILTERED].is_waited_for);
    assert_true(plan.rules[GATE_CLASS + GATE_CLASS_LOST].is_on);
    assert_true(fabs(plan.rules[GATE_CLASS + GATE_CLASS_LOST].margin - 0.02) < 1e-12);
    assert_int_equal(plan.looks, 4);
    assert_int_equal(plan.at_least, 50);
    assert_true(fabs(plan.false_alarms - 0.02) < 1e-12);
}

static void what_cannot_be_meant_is_refused_by_name(void **state)
{
    static const struct {
        const char *text, *pointer;
    } wrong[] = {
        {"{\"failure\":\"2%\"}", "/failure"},
        {"{\"failures\":0.02}", "/failures"},
        {"{\"failures\":\"2\"}", "/failures"},
        {"{\"failures\":\"-2%\"}", "/failures"},
        {"{\"failures\":\"1e1%\"}", "/failures"},
        {"{\"failures\":\"1.2.3%\"}", "/failures"},
        {"{\"failures\":\"0%\"}", "/failures"},
        {"{\"first_token\":{\"expected\":\"3\"}}", "/first_token"},
        {"{\"cost\":{\"expected\":\"0\"}}", "/cost"},
        {"{\"cost\":{\"wait\":\"no\"}}", "/cost"},
        {"{\"looks\":1}", "/looks"},
        {"{\"looks\":13}", "/looks"},
        {"{\"at_least\":0}", "/at_least"},
        {"{\"false_alarms\":\"50%\"}", "/false_alarms"},
        {"[]", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct gate_plan plan = {.looks = 77};
        struct json_problem problem;

        assert_int_equal(read(wrong[i].text, &plan, &problem), STATUS_INVALID);
        assert_string_equal(problem.pointer, wrong[i].pointer);
        assert_true(problem.detail[0] != 0);
        assert_int_equal(plan.looks, 77);
    }
}

static void a_plan_that_is_written_reads_as_the_same(void **state)
{
    const struct gate_plan plan =
        plan_of("{\"cost\":{\"expected\":\"0.0000015\"},\"first_token\":null,"
                "\"failures_busy\":\"1%\",\"unreachable\":\"12.5%\"}");
    struct json_writer writer;
    struct buffer text;

    (void)state;
    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    gate_json_write_plan(&writer, &plan);
    assert_int_equal(buffer_status(&text), STATUS_OK);
    const struct gate_plan again = plan_of(buffer_cstring(&text));

    assert_same(&again, &plan);
    buffer_release(&text);
}

/* Two verdicts: one that says something, one about nothing at all. */
static void verdict_text(const struct gate_plan *plan, const struct gate_verdict *verdict,
                         struct buffer *text)
{
    struct json_writer writer;

    buffer_init(text, 16384);
    json_writer_init(&writer, text);
    gate_json_write_verdict(&writer, plan, verdict);
    assert_int_equal(buffer_status(text), STATUS_OK);
}

static void a_verdict_tells_its_numbers_and_says_them_in_words(void **state)
{
    const struct gate_plan plan = gate_plan_default();
    struct gate_verdict verdict = {
        .colour = GATE_RED, .because = GATE_FIRST_TOKEN, .alpha = 0.0001, .look = {2, 5, 1}};
    struct buffer text;
    struct json *json;

    (void)state;
    verdict.findings[GATE_FIRST_TOKEN] = (struct gate_finding){
        GATE_RED, GATE_REASON_NONE, 1040, 800, 1.3, 1.25, 1.33, 1.2, 5000, 7000, 50, 500};
    verdict.findings[GATE_CLASS + GATE_CLASS_BUSY].treated = 0.01;
    memcpy(verdict.currency, "CNY", 4);
    verdict_text(&plan, &verdict, &text);
    assert_int_equal(json_parse(buffer_span(&text), &json, NULL), STATUS_OK);
    assert_string_equal(json_text(json_member(json, "words"), ""),
                        "first token: +30.0 % (at least +25.0 %, at most +33.0 %), +20.0 % is"
                        " allowed");
    assert_int_equal(json_int(json_member(json, "wave"), 0), 2);
    assert_int_equal(json_count(json_member(json, "metrics")), 6);
    const struct json *metric = json_item(json_member(json, "metrics"), 2);

    assert_string_equal(json_text(json_member(metric, "colour"), ""), "red");
    assert_true(fabs(json_double(json_member(metric, "lower"), 0) - 1.25) < 1e-12);
    assert_int_equal(json_int(json_member(json_member(metric, "counts"), "treated_robots"), 0), 50);
    assert_null(json_member(metric, "currency"));
    assert_string_equal(
        json_text(json_member(json_item(json_member(json, "metrics"), 5), "currency"), ""), "CNY");
    assert_int_equal(json_count(json_member(json, "failures")), 1);
    assert_string_equal(
        json_text(json_member(json_item(json_member(json, "failures"), 0), "class"), ""), "busy");
    json_free(json);
    buffer_release(&text);
}

static void what_is_not_known_is_null_and_said_so(void **state)
{
    const struct gate_plan plan = gate_plan_default();
    const struct gate_look look = {1, 1, 3};
    const struct gate_group nobody = {.has_one_currency = true};
    struct gate_verdict verdict;
    struct buffer text;
    struct json *json;

    (void)state;
    gate_judge(&plan, &nobody, &nobody, &look, &verdict);
    verdict_text(&plan, &verdict, &text);
    assert_int_equal(json_parse(buffer_span(&text), &json, NULL), STATUS_OK);
    assert_string_equal(json_text(json_member(json, "colour"), ""), "none");
    assert_string_equal(json_text(json_member(json, "words"), ""),
                        "failures: 0 and 0 counted: at least 20 of each are needed");
    const struct json *metric = json_item(json_member(json, "metrics"), 0);

    assert_int_equal(json_type(json_member(metric, "lower")), JSON_NULL);
    assert_string_equal(json_text(json_member(metric, "reason"), ""), "few");
    json_free(json);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_named_is_as_usual),
        cmocka_unit_test(rules_are_texts_objects_or_null),
        cmocka_unit_test(what_cannot_be_meant_is_refused_by_name),
        cmocka_unit_test(a_plan_that_is_written_reads_as_the_same),
        cmocka_unit_test(a_verdict_tells_its_numbers_and_says_them_in_words),
        cmocka_unit_test(what_is_not_known_is_null_and_said_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/fleet/rollout_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct json *json;
    struct rollout_plan plan;
    struct json_problem problem;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    *state = fixture;
    return arena_create(&fixture->arena, 1 << 16) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    json_free(fixture->json);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static enum status read_plan(struct fixture *fixture, const char *text)
{
    char problem[160];

    json_free(fixture->json);
    fixture->json = NULL;
    assert_int_equal(json_parse(span_text(text), &fixture->json, problem), STATUS_OK);
    return rollout_plan_read(fixture->json, false, fixture->arena, &fixture->plan,
                             &fixture->problem);
}

static void a_plan_that_says_nothing_is_the_usual_one(void **state)
{
    struct fixture *fixture = *state;
    const struct rollout_plan *plan = &fixture->plan;

    assert_int_equal(read_plan(fixture, "{}"), STATUS_OK);
    assert_int_equal(plan->wave_count, 5);
    assert_int_equal(plan->waves[0].share, 100);
    assert_int_equal(plan->waves[0].at_least, 5);
    assert_int_equal(plan->waves[0].at_most, 50);
    assert_int_equal(plan->waves[4].share, ROLLOUT_PLAN_ALL);
    assert_int_equal(plan->control_share, 500);
    assert_int_equal(plan->control_at_least, 20);
    assert_int_equal(plan->soak_s, 1800);
    assert_false(plan->test);
    assert_true(plan->is_judged);
    assert_false(plan->back_on_red);
}

static void a_switch_of_who_answers_soaks_for_a_day_and_is_tried(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(
        rollout_plan_read(NULL, true, fixture->arena, &fixture->plan, &fixture->problem),
        STATUS_OK);
    assert_int_equal(fixture->plan.soak_s, 86400);
    assert_true(fixture->plan.test);
}

static void what_is_written_out_reads_back_the_same(void **state)
{
    static const char text[] =
        "{\"waves\":[{\"share\":\"0.5%\",\"at_least\":2},{\"share\":\"100%\"}],"
        "\"control\":{\"share\":\"12.25%\",\"at_least\":3},\"rate_per_minute\":90,"
        "\"ramp\":{\"from\":5,\"percent\":150},"
        "\"confirm\":{\"test\":true,\"deadline_s\":30,\"retries\":2,\"max_failed\":\"5%\"},"
        "\"soak_s\":7,\"unreachable_after_s\":9,\"windows\":[\"22:00-06:00\"],\"zone\":\"-03:30\","
        "\"blackouts\":[{\"from\":\"2026-12-24T00:00:00.000Z\",\"to\":\"2026-12-27T00:00:00.000Z\"}"
        "],"
        "\"gates\":\"off\",\"on_red\":\"roll_back\",\"manual\":true,\"queue\":true,"
        "\"approval\":{\"above_cost\":\"1200.50\"}}";
    struct fixture *fixture = *state;
    struct json_writer writer;
    struct buffer out;

    assert_int_equal(read_plan(fixture, text), STATUS_OK);
    buffer_init(&out, 1 << 16);
    json_writer_init(&writer, &out);
    rollout_plan_write(&writer, &fixture->plan);
    assert_int_equal(out.status, STATUS_OK);
    assert_int_equal(out.size, strlen(text));
    assert_memory_equal(out.data, text, out.size);
    buffer_release(&out);
}

static void gates_are_written_out_whole(void **state)
{
    struct fixture *fixture = *state;
    struct json_writer writer;
    struct buffer out;
    struct gate_plan gates;

    assert_int_equal(read_plan(fixture, "{\"gates\":{\"looks\":4,\"failures\":\"3%\"}}"),
                     STATUS_OK);
    assert_int_equal(fixture->plan.gates.looks, 4);
    gates = fixture->plan.gates;
    buffer_init(&out, 1 << 16);
    json_writer_init(&writer, &out);
    rollout_plan_write(&writer, &fixture->plan);
    buffer_byte(&out, 0);
    assert_int_equal(read_plan(fixture, (const char *)out.data), STATUS_OK);
    assert_memory_equal(&fixture->plan.gates, &gates, sizeof gates);
    buffer_release(&out);
}

static void a_rollout_that_nothing_is_compared_in_holds_nobody_back(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(read_plan(fixture, "{\"gates\":\"off\"}"), STATUS_OK);
    assert_false(fixture->plan.is_judged);
    assert_int_equal(fixture->plan.control_share + fixture->plan.control_at_least, 0);
    assert_int_equal(read_plan(fixture, "{\"gates\":\"off\",\"control\":{\"at_least\":3}}"),
                     STATUS_OK);
    assert_int_equal(fixture->plan.control_at_least, 3);
}

static void a_plan_that_cannot_be_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text, *pointer;
    } cases[] = {
        {"{\"waves\":[]}", "/plan/waves"},
        {"{\"waves\":[{\"share\":\"50%\"}]}", "/plan/waves"},
        {"{\"waves\":[{\"share\":\"50%\"},{\"share\":\"50%\"},{\"share\":\"100%\"}]}",
         "/plan/waves/1/share"},
        {"{\"waves\":[{\"share\":\"many\"}]}", "/plan/waves/0/share"},
        {"{\"waves\":[{\"share\":\"100%\",\"at_least\":5,\"at_most\":2}]}",
         "/plan/waves/0/at_most"},
        {"{\"control\":{\"share\":\"51%\"}}", "/plan/control/share"},
        {"{\"ramp\":{\"percent\":200}}", "/plan/ramp/from"},
        {"{\"confirm\":{\"deadline_s\":0}}", "/plan/confirm/deadline_s"},
        {"{\"confirm\":{\"max_failed\":\"2\"}}", "/plan/confirm/max_failed"},
        {"{\"windows\":[\"\"]}", "/plan/windows"},
        {"{\"windows\":[\"22:00-22:00\"]}", "/plan/windows"},
        {"{\"zone\":\"Berlin\"}", "/plan/zone"},
        {"{\"blackouts\":[{\"from\":\"2026-12-24T00:00:00Z\",\"to\":\"2026-12-24T00:00:00Z\"}]}",
         "/plan/blackouts/0/to"},
        {"{\"on_red\":\"ignore\"}", "/plan/on_red"},
        {"{\"gates\":\"none\"}", "/plan/gates"},
        {"{\"gates\":{\"looks\":99}}", "/plan/gates/looks"},
        {"{\"approval\":{\"above_cost\":\"CNY 1\"}}", "/plan/approval/above_cost"},
        {"{\"approval\":{}}", "/plan/approval/above_cost"},
        {"{\"waevs\":1}", "/plan/waevs"},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_plan(fixture, cases[i].text), STATUS_INVALID);
        assert_string_equal(fixture->problem.pointer, cases[i].pointer);
    }
}

static enum status add_calendar(struct fixture *fixture, const char *text)
{
    json_free(fixture->json);
    fixture->json = NULL;
    assert_int_equal(json_parse(span_text(text), &fixture->json, NULL), STATUS_OK);
    return rollout_plan_add_calendar(fixture->json, fixture->arena, &fixture->plan);
}

#define SPAN(from, to) "{\"from\":\"" from "T00:00:00+00:00\",\"to\":\"" to "T00:00:00+00:00\"}"

static void the_calendar_holds_besides_the_plans_own_blackouts(void **state)
{
    struct fixture *fixture = *state;
    const struct rollout_plan *plan = &fixture->plan;

    assert_int_equal(read_plan(fixture, "{\"blackouts\":[" SPAN("2026-12-24", "2026-12-27") "]}"),
                     STATUS_OK);
    assert_int_equal(add_calendar(fixture, "[" SPAN("2027-02-05", "2027-02-13") "]"), STATUS_OK);
    assert_int_equal(plan->blackout_count, 2);
    assert_int_equal(plan->blackouts[1].to_ms - plan->blackouts[1].from_ms, 8 * 86400000LL);
    assert_int_equal(add_calendar(fixture, "[]"), STATUS_OK);
    assert_int_equal(plan->blackout_count, 2);
    assert_int_equal(add_calendar(fixture, "{}"), STATUS_INVALID);
}

static void a_calendar_that_is_longer_than_fits_is_cut_behind(void **state)
{
    struct fixture *fixture = *state;
    char text[8192] = "[" SPAN("2027-01-01", "2027-01-02");
    size_t size = strlen(text);

    assert_int_equal(read_plan(fixture, "{}"), STATUS_OK);
    for (size_t i = 1; i <= ROLLOUT_PLAN_CALENDAR; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, ",%s",
                                 SPAN("2027-03-01", "2027-03-02"));
    snprintf(text + size, sizeof text - size, "]");
    assert_int_equal(add_calendar(fixture, text), STATUS_OK);
    assert_int_equal(fixture->plan.blackout_count, ROLLOUT_PLAN_CALENDAR);
    assert_true(fixture->plan.blackouts[0].from_ms < fixture->plan.blackouts[1].from_ms);
}

static void an_amount_of_money_is_digits_and_few_places(void **state)
{
    static const char *const good[] = {"0", "1200", "1200.50", "0.000000000001"};
    static const char *const bad[] = {"",
                                      "-1",
                                      ".5",
                                      "1.",
                                      "1,200",
                                      "1e3",
                                      "1 ",
                                      "CNY 1200",
                                      "0.0000000000001",
                                      "12345678901234567890123.45"};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(rollout_plan_is_amount(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rollout_plan_is_amount(bad[i]));
}

static void shares_are_exact_to_a_hundredth_of_a_percent(void **state)
{
    static const struct {
        const char *text;
        int64_t share;
    } good[] = {{"0%", 0},    {"1%", 100},      {"12.5%", 1250},
                {"0.05%", 5}, {"33.33%", 3333}, {"100%", ROLLOUT_PLAN_ALL}};
    static const char *const bad[] = {
        "",       "%",    "5",   "-1%", "100.01%", "1.%",    ".5%",
        "0.005%", "1e1%", "1 %", "5%%", "101%",    "1.2.3%", "99999999999999999999%"};
    char text[ROLLOUT_PLAN_SHARE_SIZE];
    int64_t share;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(rollout_plan_share(span_text(good[i].text), &share), STATUS_OK);
        assert_int_equal(share, good[i].share);
        rollout_plan_format_share(share, text);
        assert_string_equal(text, good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(rollout_plan_share(span_text(bad[i]), &share), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_that_says_nothing_is_the_usual_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_switch_of_who_answers_soaks_for_a_day_and_is_tried,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_written_out_reads_back_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gates_are_written_out_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rollout_that_nothing_is_compared_in_holds_nobody_back,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_that_cannot_be_is_refused_with_its_place, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_calendar_holds_besides_the_plans_own_blackouts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_calendar_that_is_longer_than_fits_is_cut_behind, set_up,
                                        tear_down),
        cmocka_unit_test(an_amount_of_money_is_digits_and_few_places),
        cmocka_unit_test(shares_are_exact_to_a_hundredth_of_a_percent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

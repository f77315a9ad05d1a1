#include "server/jobs/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

/* A contract of 2026 in UTC; it is noon of 11 January. */
static const char document[] =
    "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"UTC\","
    "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},"
    "\"charges\":[{\"kind\":\"flat\",\"amount\":\"3100\",\"per\":\"month\"},"
    "{\"kind\":\"unit\",\"metric\":\"output\",\"per\":\"month\",\"price\":\"1\"}],"
    "\"commitments\":[{\"name\":\"part\",\"metric\":\"output\",\"share\":\"70%\",\"per\":"
    "\"month\"},{\"name\":\"floor\",\"metric\":\"output\",\"at_least\":\"100\",\"per\":\"month\"}],"
    "\"thresholds\":["
    "{\"name\":\"part\",\"of\":\"commitment:part\",\"at\":\"100%\",\"do\":[\"alert\"]},"
    "{\"name\":\"danger\",\"of\":\"commitment:part\",\"forecast\":\"100%\",\"do\":[\"alert\"]},"
    "{\"name\":\"floor\",\"of\":\"commitment:floor\",\"at\":\"100%\",\"do\":[\"alert\"]},"
    "{\"name\":\"share\",\"of\":\"output\",\"limit\":1000,\"per\":\"month\",\"at\":\"80%\","
    "\"rearm\":\"50%\",\"do\":[\"alert\"]},"
    "{\"name\":\"amount\",\"of\":\"output\",\"per\":\"month\",\"at\":\"500\",\"do\":[\"alert\"]},"
    "{\"name\":\"spend\",\"of\":\"spend\",\"limit\":\"3100\",\"per\":\"month\",\"at\":\"50%\","
    "\"do\":[\"alert\"]},"
    "{\"name\":\"ahead\",\"of\":\"output\",\"limit\":1000,\"per\":\"month\","
    "\"forecast\":\"100%\",\"do\":[\"alert\"]},"
    "{\"name\":\"images\",\"of\":\"images\",\"limit\":10,\"per\":\"month\",\"at\":\"80%\","
    "\"do\":[\"alert\"]}]}";

struct fixture {
    struct arena *arena;
    struct json *json;
    struct contract contract;
    struct zone *zone;
    int64_t first; /* 1 January */
    struct course_usage days[11];
    struct judge_view view;
    struct thresholds_row row;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct json_problem problem;

    fixture = (struct fixture){.first = zone_day_of(2026, 1, 1)};
    if (arena_create(&fixture.arena, 1 << 20) != STATUS_OK ||
        json_parse(span_text(document), &fixture.json, NULL) != STATUS_OK ||
        zone_open(&fixture.zone, "UTC") != STATUS_OK)
        return -1;
    if (contract_read(fixture.json, fixture.arena, &fixture.contract, &problem) != STATUS_OK) {
        print_error("%s %s\n", problem.pointer, problem.detail);
        return -1;
    }
    for (int i = 0; i < 11; i++)
        fixture.days[i] = (struct course_usage){.day = fixture.first + i, .model = "m"};
    fixture.view = (struct judge_view){
        .contract = &fixture.contract,
        .zone = fixture.zone,
        .now_ms = (fixture.first + 10) * DAY_MS + 12 * HOUR_MS,
        .days = fixture.days,
        .day_count = 11,
    };
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    zone_close(fixture->zone);
    json_free(fixture->json);
    arena_free(fixture->arena);
    return 0;
}

static struct judge_sight look(struct fixture *fixture, const char *name)
{
    const struct contract_terms *terms = &fixture->contract.versions[0];
    struct judge_sight sight;
    size_t i = 0;

    while (strcmp(terms->thresholds[i].name, name) != 0)
        i++;
    assert_int_equal(
        judge_look(&fixture->view, &terms->thresholds[i], &fixture->row, fixture->arena, &sight),
        STATUS_OK);
    return sight;
}

static void use(struct fixture *fixture, size_t day, int64_t output)
{
    fixture->days[day].quantities[CONTRACT_OUTPUT] = output;
}

static void a_share_is_reached_exactly_and_not_one_before(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 0, 799);
    assert_false(look(fixture, "share").look.reached);
    use(fixture, 3, 1);
    assert_true(look(fixture, "share").look.reached);
    assert_false(look(fixture, "share").look.fell_back);
}

static void it_falls_back_below_the_point_that_the_rule_names(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 0, 500);
    assert_false(look(fixture, "share").look.fell_back);
    use(fixture, 0, 499);
    assert_true(look(fixture, "share").look.fell_back);
}

static void an_amount_needs_no_limit(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 0, 500);
    assert_true(look(fixture, "amount").look.reached);
    assert_false(look(fixture, "amount").has_limit);
}

static void a_limit_above_the_one_it_fired_at_is_raised(void **state)
{
    struct fixture *fixture = *state;

    fixture->row.has_fired_limit = true;
    assert_int_equal(decimal_parse(span_text("999"), &fixture->row.fired_limit), STATUS_OK);
    assert_true(look(fixture, "share").look.raised);
    assert_int_equal(decimal_parse(span_text("1000"), &fixture->row.fired_limit), STATUS_OK);
    assert_false(look(fixture, "share").look.raised);
}

static void flat_fees_are_spent_day_by_day(void **state)
{
    struct fixture *fixture = *state;

    /* 100 a day, eleven days begun */
    assert_int_equal(fraction_compare(look(fixture, "spend").value, fraction_of(1100)), 0);
    assert_false(look(fixture, "spend").look.reached);
    assert_int_equal(decimal_parse(span_text("450"), &fixture->days[5].price), STATUS_OK);
    assert_true(look(fixture, "spend").look.reached);
}

static void a_forecast_fires_before_the_limit_and_says_when(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 10; i++)
        use(fixture, i, 40);
    const struct judge_sight sight = look(fixture, "ahead");

    assert_true(sight.look.reached);
    assert_int_equal(fraction_compare(sight.value, fraction_of(400)), 0);
    assert_int_equal(fraction_compare(sight.forecast.at_end, fraction_of(1220)), 0);
    assert_int_equal(sight.runs_out, fixture->first + 25);
}

static void only_the_period_at_hand_counts(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 0, 900);
    fixture->days[0].day = fixture->first - 1;
    assert_int_equal(fraction_sign(look(fixture, "share").value), 0);
    assert_int_equal(look(fixture, "share").period_from_ms, fixture->first * DAY_MS);
    assert_int_equal(look(fixture, "share").period_to_ms, (fixture->first + 31) * DAY_MS);
}

static void every_recorded_metric_can_be_told(void **state)
{
    struct fixture *fixture = *state;

    fixture->days[2].quantities[CONTRACT_IMAGES] = 7;
    assert_false(look(fixture, "images").look.reached);
    fixture->days[9].quantities[CONTRACT_IMAGES] = 1;
    assert_true(look(fixture, "images").look.reached);
}

static void a_share_of_all_vendors_is_of_what_all_used(void **state)
{
    struct fixture *fixture = *state;
    struct course_usage all[11];

    assert_false(look(fixture, "part").look.reached); /* of nothing */
    for (size_t i = 0; i < 11; i++)
        all[i] = (struct course_usage){.day = fixture->first + (int64_t)i, .model = ""};
    all[0].quantities[CONTRACT_OUTPUT] = 1000;
    fixture->view.all = all;
    fixture->view.all_days = 11;
    use(fixture, 0, 699);
    assert_false(look(fixture, "part").look.reached);
    use(fixture, 1, 1);
    assert_true(look(fixture, "part").look.reached);
    assert_int_equal(fraction_compare(look(fixture, "part").limit, fraction_of(700)), 0);
    fixture->row.has_fired_limit = true;
    assert_int_equal(decimal_parse(span_text("100"), &fixture->row.fired_limit), STATUS_OK);
    assert_false(look(fixture, "part").look.raised);
}

static void a_share_is_in_danger_when_others_take_more(void **state)
{
    struct fixture *fixture = *state;
    struct course_usage all[11];

    for (size_t i = 0; i < 11; i++) {
        all[i] = (struct course_usage){.day = fixture->first + (int64_t)i, .model = ""};
        all[i].quantities[CONTRACT_OUTPUT] = 100;
        use(fixture, i, 70);
    }
    fixture->view.all = all;
    fixture->view.all_days = 11;
    assert_false(look(fixture, "danger").look.reached);
    use(fixture, 5, 30);
    assert_true(look(fixture, "danger").look.reached);
}

static void models_sold_for_others_pay_into_no_commitment(void **state)
{
    struct fixture *fixture = *state;
    static const char *const models[] = {"m"};
    struct contract_third_party third = {.is_given = true, .models = models, .model_count = 1};

    fixture->view.third_party = &third;
    use(fixture, 0, 60);
    assert_int_equal(fraction_sign(look(fixture, "floor").value), 0);
    third.counts_toward_commitments = true;
    assert_int_equal(fraction_compare(look(fixture, "floor").value, fraction_of(60)), 0);
    third.counts_toward_commitments = false;
    assert_int_equal(fraction_compare(look(fixture, "share").value, fraction_of(60)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_share_is_reached_exactly_and_not_one_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_falls_back_below_the_point_that_the_rule_names, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_amount_needs_no_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_above_the_one_it_fired_at_is_raised, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(flat_fees_are_spent_day_by_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forecast_fires_before_the_limit_and_says_when, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(only_the_period_at_hand_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_recorded_metric_can_be_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_share_of_all_vendors_is_of_what_all_used, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_share_is_in_danger_when_others_take_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(models_sold_for_others_pay_into_no_commitment, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

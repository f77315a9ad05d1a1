#include "server/money/burndown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define DAY_MS  INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define DAYS    41

/* A contract of 2026 in UTC; it is noon of 10 February. */
static const char document[] =
    "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"UTC\","
    "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},"
    "\"charges\":[{\"kind\":\"flat\",\"amount\":\"2800\",\"per\":\"month\"},"
    "{\"kind\":\"unit\",\"metric\":\"output\",\"per\":\"month\",\"price\":\"1\"}],"
    "\"commitments\":[{\"name\":\"floor\",\"metric\":\"output\",\"at_least\":\"1000\",\"per\":"
    "\"month\",\"shortfall\":{\"fee_per_unit\":\"3\"}},"
    "{\"name\":\"robots\",\"metric\":\"active_devices\",\"at_least\":100,\"measured\":\"peak\","
    "\"per\":\"term\"},"
    "{\"name\":\"mean\",\"metric\":\"active_devices\",\"at_least\":10,\"measured\":\"average\","
    "\"per\":\"month\"},"
    "{\"name\":\"last\",\"metric\":\"active_devices\",\"at_least\":10,\"measured\":\"last\","
    "\"per\":\"month\"},"
    "{\"name\":\"batch\",\"metric\":\"output\",\"service_tiers\":[\"batch\"],\"at_least\":300,"
    "\"per\":\"month\"},"
    "{\"name\":\"kept\",\"metric\":\"output\",\"at_least\":100,\"per\":\"month\","
    "\"cumulative\":true}],"
    "\"caps\":[{\"name\":\"most\",\"metric\":\"output\",\"at_most\":\"2000\",\"per\":\"month\"},"
    "{\"name\":\"money\",\"metric\":\"spend\",\"at_most\":\"4000\",\"per\":\"month\",\"hard\":true}"
    ","
    "{\"name\":\"busy\",\"metric\":\"concurrency\",\"at_most\":5}],"
    "\"thresholds\":["
    "{\"of\":\"cap:most\",\"at\":\"10%\",\"do\":[\"alert\"]},"
    "{\"name\":\"a\",\"of\":\"images\",\"limit\":10,\"per\":\"month\",\"at\":\"80%\","
    "\"do\":[\"alert\"]},"
    "{\"name\":\"b\",\"of\":\"images\",\"limit\":10,\"per\":\"month\",\"at\":\"90%\","
    "\"do\":[\"alert\"]},"
    "{\"name\":\"c\",\"of\":\"images\",\"limit\":20,\"per\":\"month\",\"at\":\"90%\","
    "\"do\":[\"alert\"]}]}";

struct fixture {
    struct arena *arena;
    struct json *json;
    struct contract contract;
    struct zone *zone;
    int64_t first; /* 1 January */
    struct course_usage days[DAYS], devices[DAYS];
    struct burndown_facts facts;
    struct burndown_line *lines;
    size_t count;
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
    for (int i = 0; i < DAYS; i++) {
        fixture.days[i] = (struct course_usage){.day = fixture.first + i, .model = "m"};
        fixture.devices[i] = (struct course_usage){.day = fixture.first + i};
    }
    fixture.facts = (struct burndown_facts){
        .course = {.contract = &fixture.contract, .usage = fixture.days, .count = DAYS},
        .zone = fixture.zone,
        .now_ms = (fixture.first + DAYS - 1) * DAY_MS + 12 * HOUR_MS,
        .devices = fixture.devices,
        .device_days = DAYS,
    };
    *state = &fixture;
    return burndown_lines(&fixture.contract, &fixture.contract.versions[0],
                          fixture.first + DAYS - 1, fixture.arena, &fixture.lines,
                          &fixture.count) == STATUS_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    zone_close(fixture->zone);
    json_free(fixture->json);
    arena_free(fixture->arena);
    return 0;
}

static struct burndown_line *line(struct fixture *fixture, const char *name)
{
    size_t i = 0;

    while (strcmp(fixture->lines[i].name, name) != 0)
        i++;
    assert_int_equal(burndown_fill(&fixture->facts, fixture->arena, &fixture->lines[i]), STATUS_OK);
    return &fixture->lines[i];
}

/* The same output on each day of February. */
static void use(struct fixture *fixture, int64_t output)
{
    for (int i = 31; i < DAYS; i++)
        fixture->days[i].quantities[CONTRACT_OUTPUT] = output;
}

#define assert_amount(amount, whole)                                                               \
    assert_int_equal(fraction_compare((amount), fraction_of(whole)), 0)

static void each_limit_is_one_line(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"floor", "robots", "mean", "last",   "batch", "kept",
                                        "most",  "money",  "busy", "images", "images"};

    assert_int_equal(fixture->count, 11);
    for (size_t i = 0; i < fixture->count; i++)
        assert_string_equal(fixture->lines[i].name, names[i]);
    assert_int_equal(line(fixture, "images")->mark_count, 2);
    assert_int_equal(line(fixture, "most")->mark_count, 1);
    assert_int_equal(line(fixture, "busy")->told, BURNDOWN_BY_MINUTE);
}

static void the_trend_goes_on_to_the_end_and_tells_the_day_it_runs_out(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *most;

    use(fixture, 100);
    fixture->days[35].quantities[CONTRACT_OUTPUT] = 40;
    fixture->days[36].quantities[CONTRACT_OUTPUT] = 160;
    most = line(fixture, "most");
    assert_amount(most->so_far, 1000);
    assert_amount(most->forecast.at_end, 1000 + 1850); /* 18 and a half days */
    assert_amount(most->forecast.low, 1000 + 740);
    assert_amount(most->forecast.high, 1000 + 2960);
    assert_int_equal(most->runs_out, fixture->first + 31 + 19);
    assert_int_equal(most->state, BURNDOWN_RUNS_OUT);
    assert_int_equal(most->trend_days, 9);
}

static void a_limit_is_near_at_a_point_of_its_own_and_over_when_reached(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 0);
    fixture->days[31].quantities[CONTRACT_OUTPUT] = 199;
    assert_int_equal(line(fixture, "most")->state, BURNDOWN_ON_COURSE);
    fixture->days[31].quantities[CONTRACT_OUTPUT] = 200;
    assert_int_equal(line(fixture, "most")->state, BURNDOWN_NEAR);
    fixture->days[31].quantities[CONTRACT_OUTPUT] = 2000;
    assert_int_equal(line(fixture, "most")->state, BURNDOWN_OVER);
}

static void a_commitment_that_falls_short_tells_what_is_missing_and_what_that_costs(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *floor;

    use(fixture, 20); /* 200, and 370 more */
    floor = line(fixture, "floor");
    assert_int_equal(floor->state, BURNDOWN_SHORT);
    assert_true(floor->has_missing && floor->has_cost);
    assert_amount(floor->missing, 430);
    assert_amount(floor->cost, 1290);
    use(fixture, 50);
    assert_int_equal(line(fixture, "floor")->state, BURNDOWN_ON_COURSE);
    use(fixture, 100);
    assert_int_equal(line(fixture, "floor")->state, BURNDOWN_MET);
}

static void a_period_that_the_term_cuts_short_asks_for_its_share(void **state)
{
    struct fixture *fixture = *state;

    fixture->contract.term_first = fixture->first + 31 + 14; /* half of February's 28 days */
    fixture->facts.now_ms = (fixture->contract.term_first + 1) * DAY_MS;
    assert_int_equal(burndown_lines(&fixture->contract, &fixture->contract.versions[0],
                                    fixture->contract.term_first + 1, fixture->arena,
                                    &fixture->lines, &fixture->count),
                     STATUS_OK);
    assert_amount(line(fixture, "floor")->limit, 500);
    assert_amount(line(fixture, "most")->limit, 2000); /* a cap is not prorated */
}

static void a_commitment_is_not_said_to_fall_short_in_its_first_days(void **state)
{
    struct fixture *fixture = *state;

    use(fixture, 20);
    fixture->facts.now_ms = (fixture->first + 33) * DAY_MS + 12 * HOUR_MS;
    assert_int_equal(line(fixture, "floor")->state, BURNDOWN_BELOW);
    fixture->facts.now_ms += DAY_MS;
    assert_int_equal(line(fixture, "floor")->state, BURNDOWN_SHORT);
}

static void a_hard_cap_on_spend_begins_with_the_fees_of_its_period(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *money;

    for (int i = 31; i < DAYS; i++)
        assert_int_equal(decimal_parse(span_text("10"), &fixture->days[i].price), STATUS_OK);
    money = line(fixture, "money");
    assert_amount(money->base, 2800);
    assert_amount(money->so_far, 2900);
    assert_amount(money->days[0], 10);
    assert_amount(money->forecast.at_end, 2900 + 185);
    assert_int_equal(money->state, BURNDOWN_ON_COURSE);
    /* 1,200 of room at 70 a day: in the 18th day */
    for (int i = 31; i < DAYS; i++)
        assert_int_equal(decimal_parse(span_text("70"), &fixture->days[i].price), STATUS_OK);
    assert_int_equal(line(fixture, "money")->runs_out, fixture->first + 31 + 16);
}

static void robots_have_a_number_each_day_and_go_where_those_seen_tell(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *robots;

    fixture->devices[3].quantities[0] = 90;
    fixture->devices[40].quantities[0] = 60;
    /* 140 in 41 days, 20 of them once, 5 twice: 39.02 are hidden, of whom 1.23 % come each day */
    fixture->facts.arrivals =
        (struct saturation){.seen = 140, .once = 20, .twice = 5, .newcomers = 28};
    robots = line(fixture, "robots");
    assert_int_equal(robots->day_count, DAYS);
    assert_amount(robots->days[3], 90);
    assert_amount(robots->so_far, 90);
    assert_int_equal(robots->formula, BURNDOWN_SATURATION);
    assert_amount(robots->forecast.low, 90);
    assert_amount(robots->forecast.at_end, 115); /* 90 of 140, so 114.6 of 178.3 */
    assert_amount(robots->forecast.high, 507);   /* as of 140 and 2 a day for 324 days */
    assert_int_equal(robots->state, BURNDOWN_ON_COURSE);
    assert_true(robots->runs_out > fixture->first + DAYS);
    fixture->facts.arrivals = (struct saturation){.seen = 140, .twice = 5};
    robots = line(fixture, "robots");
    assert_amount(robots->forecast.at_end, 90);
    assert_int_equal(robots->runs_out, FORECAST_NEVER);
    assert_int_equal(robots->state, BURNDOWN_SHORT);
    assert_amount(robots->missing, 10);
    fixture->facts.arrivals = (struct saturation){0};
    assert_false(line(fixture, "robots")->has_forecast);
    assert_int_equal(line(fixture, "robots")->state, BURNDOWN_BELOW);
    fixture->devices[40].quantities[0] = 100;
    assert_int_equal(line(fixture, "robots")->state, BURNDOWN_MET);
}

/* February is ten days old, the tenth is today. */
static void an_average_of_robots_is_of_all_days_of_its_period_and_met_at_its_end(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *mean;

    for (int i = 31; i < DAYS; i++)
        fixture->devices[i].quantities[0] = i == 36 ? 20 : 11;
    mean = line(fixture, "mean");
    assert_true(mean->has_forecast);
    assert_int_equal(mean->formula, BURNDOWN_MEAN_OF_DAYS);
    assert_int_equal(mean->trend_days, 9);
    /* 119 in ten days, then 18 and a half of 12: 341 in 28 days */
    assert_int_equal(fraction_compare(mean->forecast.at_end, fraction_ratio(341, 28)), 0);
    assert_int_equal(fraction_compare(mean->forecast.low, fraction_ratio(119 * 2 + 407, 56)), 0);
    assert_int_equal(mean->state, BURNDOWN_ON_COURSE);
    for (int i = 31; i < DAYS; i++)
        fixture->devices[i].quantities[0] = 9;
    assert_int_equal(line(fixture, "mean")->state, BURNDOWN_SHORT);
}

static void the_last_days_robots_stay_what_they_were(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *last;

    for (int i = 31; i < DAYS; i++)
        fixture->devices[i].quantities[0] = i < 36 ? 4 : 14;
    last = line(fixture, "last");
    assert_int_equal(last->formula, BURNDOWN_LEVEL_STAYS);
    assert_int_equal(fraction_compare(last->forecast.at_end, fraction_ratio(76, 9)), 0);
    assert_amount(last->forecast.low, 4);
    assert_amount(last->forecast.high, 14);
    assert_int_equal(last->state, BURNDOWN_SHORT); /* it is reached today, and is no peak */
}

static void a_level_goes_on_along_the_line_through_its_busiest_minutes(void **state)
{
    struct fixture *fixture = *state;
    const int64_t today = fixture->first + DAYS - 1;
    const struct course_usage minute = {.model = "m", .duration_ms = 60000};
    struct sampled_day samples[5];
    struct burndown_line *busy;

    for (int i = 0; i < 5; i++)
        samples[i] = (struct sampled_day){today - 4 + i, fraction_ratio(10 + i, 5)};
    samples[4].amount = fraction_of(2);
    fixture->facts.minute = &minute;
    fixture->facts.minute_count = 1;
    fixture->facts.samples = samples;
    fixture->facts.sample_count = 5;
    busy = line(fixture, "busy");
    assert_int_equal(busy->day_count, 5);
    assert_amount(busy->so_far, 1);
    assert_amount(busy->busiest, 2);
    assert_int_equal(busy->formula, BURNDOWN_TREND_OF_PEAKS);
    assert_int_equal(fraction_compare(busy->forecast.per_day, fraction_ratio(1, 5)), 0);
    /* the line is at 2.8 today, and 2.2 short of the limit of 5 */
    assert_int_equal(busy->runs_out, today + 11);
    assert_int_equal(fraction_compare(busy->forecast.at_end, fraction_ratio(28 + 28, 10)), 0);
    assert_int_equal(busy->state, BURNDOWN_RUNS_OUT);
    assert_true(busy->is_whole);
    samples[4].amount = fraction_of(5);
    assert_int_equal(line(fixture, "busy")->state, BURNDOWN_OVER);
}

static void what_the_bill_counts_grows_between_two_looks_as_if_evenly(void **state)
{
    struct fixture *fixture = *state;
    const int64_t february = fixture->first + 31;
    const struct sampled_day samples[] = {{february + 3, fraction_of(80)},
                                          {february + 8, fraction_of(90)}};
    const struct fraction before = fraction_of(55);
    struct burndown_line *batch;

    fixture->facts.samples = samples;
    fixture->facts.sample_count = 2;
    fixture->facts.billed = fraction_of(91);
    fixture->facts.billed_earlier = &before;
    batch = line(fixture, "batch");
    assert_int_equal(batch->told, BURNDOWN_BY_BILL);
    assert_amount(batch->so_far, 91);
    assert_amount(batch->days[0], 20);
    assert_amount(batch->days[4], 2);
    assert_amount(batch->days[9], 1);
    assert_false(batch->is_whole);
    assert_amount(batch->forecast.at_end, 91 + 185); /* ten a day */
    assert_amount(batch->forecast.high, 91 + 370);
    assert_int_equal(batch->state, BURNDOWN_SHORT);
    assert_amount(batch->earlier[0].amount, 55);
}

static void what_a_month_had_too_much_is_off_the_promise_of_the_next(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *kept;

    fixture->days[30].quantities[CONTRACT_OUTPUT] = 170;
    use(fixture, 2);
    kept = line(fixture, "kept");
    assert_amount(kept->carried, 70);
    assert_amount(kept->limit, 30);
    assert_amount(kept->so_far, 20);
    assert_int_equal(kept->state, BURNDOWN_ON_COURSE);
    fixture->days[30].quantities[CONTRACT_OUTPUT] = 40; /* paid for, and forgotten */
    assert_amount(line(fixture, "kept")->carried, 0);
    assert_amount(line(fixture, "kept")->limit, 100);
}

static void the_periods_before_are_told_back_to_the_terms_first(void **state)
{
    struct fixture *fixture = *state;
    struct burndown_line *most;

    fixture->days[30].quantities[CONTRACT_OUTPUT] = 7;
    most = line(fixture, "most");
    assert_int_equal(most->earlier_count, 1);
    assert_amount(most->earlier[0].amount, 7);
    assert_int_equal(most->earlier[0].period.first, fixture->first);
    assert_int_equal(burndown_first_day(most), fixture->first);
    assert_int_equal(line(fixture, "robots")->earlier_count, 0);
}

static void what_is_wrong_comes_first(void **state)
{
    struct fixture *fixture = *state;

    const struct fraction none = FRACTION_ZERO;

    use(fixture, 20);
    fixture->facts.billed_earlier = &none;
    for (size_t i = 0; i < fixture->count; i++)
        assert_int_equal(burndown_fill(&fixture->facts, fixture->arena, &fixture->lines[i]),
                         STATUS_OK);
    burndown_sort(fixture->lines, fixture->count);
    assert_string_equal(fixture->lines[0].name, "floor"); /* short */
    assert_string_equal(fixture->lines[3].name, "batch"); /* likewise, all robots' and the bill's */
    assert_string_equal(fixture->lines[4].name, "most");  /* near, by its own point */
    assert_string_equal(fixture->lines[5].name, "robots"); /* below */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_limit_is_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_trend_goes_on_to_the_end_and_tells_the_day_it_runs_out,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_limit_is_near_at_a_point_of_its_own_and_over_when_reached,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_commitment_that_falls_short_tells_what_is_missing_and_what_that_costs, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_period_that_the_term_cuts_short_asks_for_its_share,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commitment_is_not_said_to_fall_short_in_its_first_days,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_hard_cap_on_spend_begins_with_the_fees_of_its_period,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(robots_have_a_number_each_day_and_go_where_those_seen_tell,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_average_of_robots_is_of_all_days_of_its_period_and_met_at_its_end, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(the_last_days_robots_stay_what_they_were, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_level_goes_on_along_the_line_through_its_busiest_minutes,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_bill_counts_grows_between_two_looks_as_if_evenly,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_month_had_too_much_is_off_the_promise_of_the_next,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_periods_before_are_told_back_to_the_terms_first, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_comes_first, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

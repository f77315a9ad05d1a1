#include "server/money/fees.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "server/money/zone.h"

/* 310 a month until the 15th of March, 620 from then on; 20 x 3 a week; 730 for the year. */
static const char document[] =
    "{\"contract\":\"c\",\"vendor\":\"v\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\","
    "\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},\"charges\":["
    "{\"name\":\"month\",\"kind\":\"flat\",\"amount\":\"310\",\"per\":\"month\"},"
    "{\"name\":\"lines\",\"kind\":\"capacity\",\"amount\":\"20\",\"count\":3,\"per\":\"week\"},"
    "{\"name\":\"year\",\"kind\":\"flat\",\"amount\":\"730\",\"per\":\"term\"},"
    "{\"kind\":\"unit\",\"metric\":\"output\",\"per\":\"month\",\"price\":\"1\"}],"
    "\"amendments\":[{\"effective_from\":\"2026-03-16\",\"charges\":["
    "{\"name\":\"month\",\"kind\":\"flat\",\"amount\":\"620\",\"per\":\"month\"}]}]}";

struct fixture {
    struct arena *arena;
    struct json *json;
    struct contract contract;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct json_problem problem;

    if (arena_create(&fixture.arena, 1 << 20) != STATUS_OK ||
        json_parse(span_text(document), &fixture.json, NULL) != STATUS_OK)
        return -1;
    if (contract_read(fixture.json, fixture.arena, &fixture.contract, &problem) != STATUS_OK) {
        print_error("%s %s\n", problem.pointer, problem.detail);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    json_free(fixture->json);
    arena_free(fixture->arena);
    return 0;
}

static void assert_fees(struct fixture *fixture, int64_t first, int64_t end, struct fraction fees)
{
    struct fraction out;

    assert_int_equal(fees_over(&fixture->contract, (struct period_range){first, end}, &out),
                     STATUS_OK);
    assert_int_equal(fraction_compare(out, fees), 0);
}

static void a_fee_is_spread_over_the_days_of_its_whole_period(void **state)
{
    struct fixture *fixture = *state;
    struct fraction day;

    /* a day of January: 310/31 + 60/7 + 730/365 */
    assert_int_equal(fraction_add(fraction_of(12), fraction_ratio(60, 7), &day), STATUS_OK);
    assert_fees(fixture, zone_day_of(2026, 1, 31), zone_day_of(2026, 2, 1), day);
    /* Monday to Sunday across the month's end: 6 x 10 + 310/28 + 60 + 7 x 2 */
    assert_int_equal(fraction_add(fraction_of(6 * 10 + 60 + 14), fraction_ratio(310, 28), &day),
                     STATUS_OK);
    assert_fees(fixture, zone_day_of(2026, 1, 26), zone_day_of(2026, 2, 2), day);
}

static void an_amendment_charges_its_own_days(void **state)
{
    struct fixture *fixture = *state;

    /* 15 x 10 + 15 x 2 before it, 16 x 20 since; 15 days of the capacity */
    struct fraction march;

    assert_int_equal(fraction_add(fraction_of(150 + 30 + 320), fraction_ratio(15 * 60, 7), &march),
                     STATUS_OK);
    assert_fees(fixture, zone_day_of(2026, 3, 1), zone_day_of(2026, 4, 1), march);
}

static void days_outside_of_the_term_owe_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_fees(fixture, zone_day_of(2025, 11, 1), zone_day_of(2026, 1, 1), FRACTION_ZERO);
    assert_fees(fixture, zone_day_of(2026, 12, 1), zone_day_of(2027, 6, 1), fraction_of(620));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fee_is_spread_over_the_days_of_its_whole_period, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_amendment_charges_its_own_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(days_outside_of_the_term_owe_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What prepaid money pays, and from which day's cost. */
#include "tests/unit/server/money/owed.h"

#define U1                       "{'name':'o','kind':'unit','metric':'output','price':'1','per':'month'}"
#define PAID(days)               "'credits':[{'name':'paid','amount':100," days "}]"
#define EVENT(month_day, amount) AT(month_day, ",'amount':'" amount "'")

/* The credit was lost, for the line begins before its days. */
static void money_pays_what_the_usage_of_its_days_cost(void **state)
{
    (void)state;
    assert_owed(MONTH ",'charges':[" U1 "]," PAID("'from':'2026-01-10','to':'2026-01-20'"),
                OUT("01-05", "50") "," OUT("01-15", "30"), "50");
}

/* All of February was paid. */
static void money_pays_nothing_of_the_days_after_its_end(void **state)
{
    (void)state;
    assert_owed(TWO ",'charges':[" U1 "]," PAID("'to':'2026-02-20'"),
                OUT("02-05", "40") "," OUT("02-20", "30") "," OUT("02-25", "20"), "50");
}

static void a_day_costs_what_it_added_to_the_line(void **state)
{
    static const char tiers[] =
        MONTH ",'charges':[{'name':'o','kind':'graduated','metric':'output','per':'month','tiers':"
              "[{'up_to':10,'price':'1'},{'price':'3'}],'maximum':40}]," PAID(
                  "'from':'2026-01-10','to':'2026-01-20'");

    (void)state;
    assert_owed_line(tiers, OUT("01-05", "8") "," OUT("01-15", "4"), "paid", "1", "-8");
    assert_owed_line(tiers, OUT("01-05", "8") "," OUT("01-15", "40"), "paid", "1", "-32");
    assert_owed(tiers, OUT("01-15", "4") "," OUT("01-25", "8"), "12");
}

/* A third of a cent a day: the days' parts are the line's, not each rounded by itself. */
static void days_are_rounded_together(void **state)
{
    (void)state;
    assert_owed(MONTH ",'charges':[{'kind':'unit','metric':'output','price':'1','unit':300,'per':"
                      "'month'}]," PAID("'to':'2026-01-08'"),
                OUT("01-05", "1") "," OUT("01-06", "1") "," OUT("01-07", "1") "," OUT("01-08", "3"),
                "0.01");
}

static void a_percentage_is_owed_by_the_days_of_its_events(void **state)
{
    static const char *const allowances[][2] = {{"'event_min':'3'", "5"},
                                                {"'free_amount':100,'free_events':1", "10"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char terms[512];

        snprintf(terms, sizeof terms,
                 MONTH ",'charges':[{'kind':'percentage','rate':'10%%','per':'month',%s}]," PAID(
                     "'from':'2026-01-10','to':'2026-01-20'"),
                 allowances[i][0]);
        assert_owed(terms, EVENT("01-05", "50") "," EVENT("01-15", "20") "," EVENT("01-25", "0.1"),
                    i == 0 ? "8" : "0.01");
    }
}

static void fees_are_owed_on_their_first_day_and_what_a_period_tells_on_its_last(void **state)
{
    static const struct {
        const char *charge, *days, *expected;
    } cases[] = {
        {"'kind':'flat','amount':'80','per':'month'", "'to':'2026-01-02'", "0"},
        {"'kind':'flat','amount':'80','per':'month'", "'from':'2026-01-02'", "80"},
        {"'kind':'unit','metric':'active_devices','price':'80','per':'month'", "'to':'2026-01-31'",
         "80"},
        {"'kind':'unit','metric':'active_devices','price':'80','per':'month'",
         "'from':'2026-01-31'", "0"},
        {"'kind':'unit','metric':'output','price':'10','minimum':80,'per':'month'",
         "'to':'2026-01-31'", "70"},
        {"'kind':'unit','metric':'output','price':'10','minimum':80,'per':'month'",
         "'from':'2026-01-31'", "10"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char terms[512];

        snprintf(terms, sizeof terms, MONTH ",'charges':[{%s}]," PAID("%s"), cases[i].charge,
                 cases[i].days);
        assert_owed(terms, OUT("01-05", "1"), cases[i].expected);
    }
}

/* A discount of February was taken off what January owed. */
static void what_is_forgiven_comes_off_its_own_days(void **state)
{
    (void)state;
    assert_owed(TWO ",'charges':[" U1
                    "],'discounts':[{'percent':'10%','per':'month'}]," PAID("'to':'2026-02-01'"),
                OUT("01-05", "100") "," OUT("02-05", "100"), "90");
}

static void what_packs_paid_is_not_paid_again(void **state)
{
    (void)state;
    assert_owed(MONTH ",'charges':[" U1
                      "],'credits':[{'units':20,'metric':'output'},{'amount':100,'to':"
                      "'2026-01-10'}]",
                OUT("01-05", "50") "," OUT("01-15", "30"), "30");
}

/* What packs paid was taken off the month's first units. */
static void units_that_packs_pay_cost_nothing_on_their_own_day(void **state)
{
    (void)state;
    assert_owed(MONTH "," UNIT(",'per':'month'") ",'credits':[{'units':30,'metric':'output','from':"
                                                 "'2026-01-10'},{'amount':20,'to':'2026-01-10'}]",
                OUT("01-05", "20") "," OUT("01-15", "30"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_pays_what_the_usage_of_its_days_cost),
        cmocka_unit_test(money_pays_nothing_of_the_days_after_its_end),
        cmocka_unit_test(a_day_costs_what_it_added_to_the_line),
        cmocka_unit_test(days_are_rounded_together),
        cmocka_unit_test(a_percentage_is_owed_by_the_days_of_its_events),
        cmocka_unit_test(fees_are_owed_on_their_first_day_and_what_a_period_tells_on_its_last),
        cmocka_unit_test(what_is_forgiven_comes_off_its_own_days),
        cmocka_unit_test(what_packs_paid_is_not_paid_again),
        cmocka_unit_test(units_that_packs_pay_cost_nothing_on_their_own_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What falling short of a promise costs. */
#include "tests/unit/server/money/owed.h"

#define MONTHLY(more)                                                                              \
    "'charges':[{'kind':'unit','metric':'output','price':'1','per':'month'" more "}]"
#define PROMISED(metric, least, more)                                                              \
    ",'commitments':[{'metric':'" metric "','at_least':" least "," more "}]"
#define TRUED_UP "'per':'month','shortfall':{'true_up':true}"

static void missing_units_use_up_what_is_included_first(void **state)
{
    (void)state;
    assert_owed(MONTH "," MONTHLY(",'included':10") PROMISED("output", "100", TRUED_UP),
                OUT("01-05", "5"), "90");
    assert_owed(MONTH "," MONTHLY(",'included':10") PROMISED("output", "100", TRUED_UP),
                OUT("01-05", "130"), "120");
}

static void missing_units_are_under_the_minimum_and_maximum_of_their_charge(void **state)
{
    (void)state;
    assert_owed(MONTH "," MONTHLY(",'minimum':50") PROMISED("output", "70", TRUED_UP),
                OUT("01-05", "5"), "70");
    assert_owed(MONTH "," MONTHLY(",'minimum':50") PROMISED("output", "40", TRUED_UP),
                OUT("01-05", "5"), "50");
    assert_owed(MONTH "," MONTHLY(",'maximum':60") PROMISED("output", "100", TRUED_UP),
                OUT("01-05", "5"), "60");
}

static void missing_units_cost_the_price_in_force_at_the_end(void **state)
{
    static const char amended[] =
        ",'amendments':[{'effective_from':'2026-01-16','charges':[{'kind':'unit',"
        "'metric':'output','price':'5','per':'month'}]}]";
    char terms[1024];

    (void)state;
    snprintf(terms, sizeof terms, "%s%s", MONTH "," MONTHLY("") PROMISED("output", "100", TRUED_UP),
             amended);
    assert_owed(terms, OUT("01-05", "10") "," OUT("01-20", "10"), "460");
}

static void missing_units_fill_tiers_above_what_was_used(void **state)
{
    static const char tiers[] =
        "'charges':[{'kind':'graduated','metric':'output','per':'month','tiers':[{'up_to':10,"
        "'price':'3'},{'price':'1'}]}]" PROMISED("output", "100", TRUED_UP);
    char terms[1024];

    (void)state;
    snprintf(terms, sizeof terms, "%s,%s", MONTH, tiers);
    assert_owed(terms, OUT("01-05", "4"), "120");
    snprintf(terms, sizeof terms, "%s,%s", TWO, tiers);
    assert_owed(terms, OUT("01-05", "4") "," OUT("02-05", "200"), "340");
}

static void units_of_one_price_may_be_promised_for_longer_than_their_charge(void **state)
{
    (void)state;
    assert_owed(TWO "," MONTHLY("")
                    PROMISED("output", "100", "'per':'term','shortfall':{'true_up':true}"),
                OUT("01-05", "20") "," OUT("02-05", "30"), "100");
}

static void devices_promised_are_counted_like_those_paid_for(void **state)
{
    (void)state;
    assert_owed(MONTH ",'charges':[{'kind':'unit','metric':'active_devices','measured':'ever',"
                      "'price':'30','per':'month'}],'commitments':[{'metric':'active_devices',"
                      "'measured':'ever','at_least':10," TRUED_UP "}]",
                ON("01-01", "a", "") "," ON("01-02", "b", "") "," ON("01-03", "c", "") "," ON(
                    "01-04", "d", "") "," ON("01-05", "e", "") "," ON("01-06", "f", "") "," //
                ON("01-07", "g", ""),
                "300");
}

static void a_month_parted_by_an_amendment_is_no_weeks(void **state)
{
    static const char weekly[] =
        MONTH "," MONTHLY("") PROMISED("spend", "70", "'per':'week','shortfall':{'true_up':true}");
    char terms[1024];

    (void)state;
    assert_owed(weekly, OUT("01-31", "20"), "330");
    snprintf(terms, sizeof terms,
             "%s,'amendments':[{'effective_from':'2026-01-29','tax':{'rate':"
             "'0%%'}}]",
             weekly);
    assert_owed(terms, OUT("01-31", "20"), "330");
}

static void an_amended_filter_makes_it_another_commitment(void **state)
{
#define FEE(model)                                                                                 \
    "'commitments':[{'metric':'output','at_least':100,'models':['" model                           \
    "'],'per':'year','shortfall':{'fee_per_unit':1}}]"
#define OF(month_day, model, quantity)                                                             \
    "{'at':'2026-" month_day "T12:00:00+08:00','device':'d','model':'" model                       \
    "','metrics':{'output':" quantity "}}"
    static const char usage[] =
        OF("03-01", "a", "60") "," OF("08-01", "a", "60") "," OF("08-02", "b", "10");

    (void)state;
    assert_owed(YEAR ",'charges':[{'kind':'flat','amount':'0','per':'term'}]," FEE(
                    "a") ",'amendments':[{'effective_from':'2026-07-01'," FEE("b") "}]",
                usage, "40.41");
}

static void a_ramp_and_a_cumulative_promise_of_units_are_judged_by_period(void **state)
{
    (void)state;
    assert_owed(TWO "," MONTHLY("") ",'commitments':[{'metric':'output','steps':[{'from':"
                                    "'2026-02-01','at_least':50}]," TRUED_UP "}]",
                OUT("01-05", "10") "," OUT("02-05", "10"), "60");
    assert_owed(TWO "," MONTHLY("") PROMISED("output", "100", "'cumulative':true," TRUED_UP),
                OUT("01-05", "130") "," OUT("02-05", "20"), "200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_units_use_up_what_is_included_first),
        cmocka_unit_test(missing_units_are_under_the_minimum_and_maximum_of_their_charge),
        cmocka_unit_test(missing_units_cost_the_price_in_force_at_the_end),
        cmocka_unit_test(missing_units_fill_tiers_above_what_was_used),
        cmocka_unit_test(units_of_one_price_may_be_promised_for_longer_than_their_charge),
        cmocka_unit_test(devices_promised_are_counted_like_those_paid_for),
        cmocka_unit_test(a_month_parted_by_an_amendment_is_no_weeks),
        cmocka_unit_test(an_amended_filter_makes_it_another_commitment),
        cmocka_unit_test(a_ramp_and_a_cumulative_promise_of_units_are_judged_by_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* One charge through the versions of its terms: what goes on, what bounds it, what begins again. */
#include "tests/unit/server/money/owed.h"

#define JANUARY "'term':{'from':'2026-01-01','to':'2026-02-01'}"
#define ROW(day, metrics)                                                                          \
    "{'at':'2026-01-" day "T12:00:00+08:00','device':'a','model':'m','metrics':{" metrics "}}"
#define USED(day, quantity) ROW(day, "'output':" quantity)
#define DEVICE(day, device)                                                                        \
    "{'at':'2026-01-" day "T12:00:00+08:00','device':'" device                                     \
    "','model':'m','metrics':{'requests':1}}"

/* A month's charges, and others from the 16th on. */
static void assert_amended(const char *before, const char *after, const char *more,
                           const char *usage, const char *expected)
{
    char terms[2048];

    snprintf(terms, sizeof terms,
             JANUARY ",'charges':[{'name':'o','per':'month',%s}],'amendments':[{'effective_from':"
                     "'2026-01-16',%s'charges':[{'name':'o','per':'month',%s}]}]",
             before, more, after);
    assert_owed(terms, usage, expected);
}

#define PRICED(price) "'kind':'unit','metric':'output','price':'" price "'"

static void an_amended_price_does_not_make_the_rest_under_a_maximum_free(void **state)
{
    (void)state;
    assert_amended(PRICED("1") ",'maximum':15", PRICED("3") ",'maximum':15", "",
                   USED("05", "6") "," USED("20", "4"), "15");
    assert_amended(PRICED("1") ",'maximum':20", PRICED("3") ",'maximum':20", "",
                   USED("05", "6") "," USED("20", "4"), "18");
    assert_amended(PRICED("1") ",'maximum':15,'discount':'50%'",
                   PRICED("3") ",'maximum':15,'discount':'10%'", "",
                   USED("05", "6") "," USED("20", "4"), "13.8");
}

static void a_changed_maximum_takes_nothing_back_and_charges_nothing_it_spared(void **state)
{
    static const char usage[] = USED("05", "30") "," USED("20", "4");

    (void)state;
    assert_amended(PRICED("1") ",'maximum':15", PRICED("1") ",'maximum':10", "", usage, "15");
    assert_amended(PRICED("1") ",'maximum':15", PRICED("1") ",'maximum':17", "", usage, "17");
    assert_amended(PRICED("1") ",'maximum':15", PRICED("1") ",'maximum':100", "", usage, "19");
    assert_amended(PRICED("1") ",'maximum':15", PRICED("1"), "", usage, "19");
    assert_amended(PRICED("1"), PRICED("1") ",'maximum':15", "", usage, "30");
    assert_amended(PRICED("1") ",'maximum':15", PRICED("1") ",'maximum':15",
                   "'counters':'restart',", usage, "19");
}

static void minimums_lift_the_sum_of_a_periods_parts(void **state)
{
    (void)state;
    assert_amended(PRICED("1") ",'minimum':62", PRICED("1") ",'minimum':62", "", USED("05", "70"),
                   "70");
    assert_amended(PRICED("1") ",'minimum':62", PRICED("1") ",'minimum':62", "", USED("20", "40"),
                   "62");
    assert_amended(PRICED("1") ",'minimum':31", PRICED("1") ",'minimum':62", "", "", "47");
    assert_amended(PRICED("1") ",'minimum':62", PRICED("1") ",'minimum':62",
                   "'counters':'restart',", USED("05", "70"), "102");
}

static void token_classes_keep_their_prices_when_an_amendment_swaps_their_order(void **state)
{
    (void)state;
    assert_amended("'kind':'matrix','prices':{'input_uncached':'1','output':'20'},'maximum':100",
                   "'kind':'matrix','prices':{'output':'20','input_uncached':'1'},'maximum':100",
                   "", ROW("05", "'input_uncached':10") "," ROW("20", "'input_uncached':5"), "15");
    assert_amended("'kind':'matrix','prices':{'input_uncached':'1','output':'20'},'maximum':100",
                   "'kind':'matrix','prices':{'output':'20'},'maximum':100", "",
                   ROW("05", "'input_uncached':90") "," USED("20", "5"), "100");
}

static void another_metric_of_the_same_name_inherits_no_counts(void **state)
{
    (void)state;
    assert_amended("'kind':'matrix','prices':{'input_uncached':'1','output':'20'}",
                   PRICED("1") ",'included':10", "",
                   ROW("05", "'input_uncached':10") "," USED("20", "15"), "15");
    assert_amended("'kind':'unit','metric':'input_uncached','price':'1','included':10",
                   PRICED("1") ",'included':10", "",
                   ROW("05", "'input_uncached':10") "," USED("20", "15"), "5");
    assert_amended(PRICED("1") ",'included':10", PRICED("2") ",'included':10", "",
                   USED("05", "6") "," USED("20", "6"), "4");
}

static void one_price_goes_on_from_prices_by_length(void **state)
{
    (void)state;
    assert_amended("'kind':'request_length','metric':'output','tiers':[{'up_to':5,'price':'1'},"
                   "{'price':'2'}]",
                   PRICED("1") ",'included':10", "",
                   ROW("05", "'input_uncached':9,'output':6") "," USED("20", "6"), "14");
}

static void licences_at_least_paid_are_counted_over_the_whole_period(void **state)
{
    static const char licence[] = "'kind':'licence','price':'100','term':'contract','at_least':2";

    (void)state;
    assert_amended(licence, licence, "", DEVICE("05", "a") "," DEVICE("06", "b"), "200");
    assert_amended(licence, licence, "",
                   DEVICE("05", "a") "," DEVICE("06", "b") "," DEVICE("20", "c"), "300");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amended_price_does_not_make_the_rest_under_a_maximum_free),
        cmocka_unit_test(a_changed_maximum_takes_nothing_back_and_charges_nothing_it_spared),
        cmocka_unit_test(minimums_lift_the_sum_of_a_periods_parts),
        cmocka_unit_test(token_classes_keep_their_prices_when_an_amendment_swaps_their_order),
        cmocka_unit_test(another_metric_of_the_same_name_inherits_no_counts),
        cmocka_unit_test(one_price_goes_on_from_prices_by_length),
        cmocka_unit_test(licences_at_least_paid_are_counted_over_the_whole_period),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

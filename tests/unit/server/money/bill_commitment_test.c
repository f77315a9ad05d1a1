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

/* 70 of 100 tokens through us; others' are a row that says so, or of a model without a price. */
#define MATRIX(more)                                                                               \
    "'charges':[{'kind':'matrix','models':['ours','theirs'],'prices':{'output':'1'},'per':"        \
    "'month'" more "}]"
#define SHARED(more) ",'commitments':[{'name':'share','metric':'tokens','share':'70%'" more "}]"
#define ROW(month_day, model, quantity, more)                                                      \
    "{'at':'2026-" month_day "T12:00:00+08:00','device':'d','model':'" model                       \
    "','metrics':{'output':" quantity "}" more "}"
#define ELSEWHERE ",'elsewhere':true"
#define PER_UNIT  ",'per':'month','shortfall':{'fee_per_unit':'0.5'}"

static void a_share_is_of_what_is_used_here_and_elsewhere(void **state)
{
    (void)state; /* 60 of 100: 10 short, at 0.5 */
    assert_owed_line(MONTH "," MATRIX("") SHARED(PER_UNIT),
                     ROW("01-05", "ours", "60", "") "," ROW("01-06", "other", "30", "") "," ROW(
                         "01-07", "ours", "10", ELSEWHERE),
                     "share", "10", "5");
    assert_owed(MONTH "," MATRIX("") SHARED(PER_UNIT),
                ROW("01-05", "ours", "60", "") "," ROW("01-06", "other", "30", "") "," ROW(
                    "01-07", "ours", "10", ELSEWHERE),
                "65");
    assert_owed_line(MONTH "," MATRIX("") SHARED(PER_UNIT),
                     ROW("01-05", "ours", "70", "") "," ROW("01-07", "ours", "30", ELSEWHERE),
                     "share", NULL, NULL);
    assert_owed_line(MONTH "," MATRIX("") SHARED(PER_UNIT), "", "share", NULL, NULL);
}

static void a_missed_share_costs_its_penalty_once_a_period(void **state)
{
    static const char terms[] =
        TWO "," MATRIX("") SHARED(",'per':'month','shortfall':{'penalty':'500.00'}");

    (void)state;
    assert_owed(terms,
                ROW("01-05", "ours", "60", "") "," ROW("01-06", "ours", "40", ELSEWHERE) "," ROW(
                    "02-05", "ours", "71", "") "," ROW("02-06", "ours", "29", ELSEWHERE),
                "631");
    assert_owed_line(terms, ROW("02-05", "ours", "1", ELSEWHERE), "share", "0.7", "500");
}

static void a_share_withdraws_discounts_when_it_is_missed(void **state)
{
    static const char terms[] =
        MONTH "," MATRIX(",'discount':'10%'") SHARED(",'per':'month','shortfall':{'reprice':true}");

    (void)state;
    assert_owed(terms, ROW("01-05", "ours", "60", "") "," ROW("01-06", "ours", "40", ELSEWHERE),
                "60");
    assert_owed(terms, ROW("01-05", "ours", "60", "") "," ROW("01-06", "ours", "20", ELSEWHERE),
                "54");
}

/* Its filter tells what counts as used here; third parties' models do not, unless it is said. */
static void a_share_counts_here_what_its_filter_holds(void **state)
{
#define THIRD(members)                                                                             \
    MONTH ",'third_party_models':{'models':['theirs']," members "},'charges':[{'kind':'matrix',"   \
          "'models':['ours'],'prices':{'output':'1'},'per':'month'}]" SHARED(PER_UNIT)
    static const char usage[] =
        ROW("01-05", "ours", "60", "") "," ROW("01-06", "theirs", "40", ",'amount':0");

    (void)state;
    assert_owed_line(MONTH "," MATRIX("") SHARED(",'models':['ours']" PER_UNIT), usage, "share",
                     "10", "5");
    assert_owed_line(THIRD("'markup':'0%'"), usage, "share", "10", "5");
    assert_owed_line(THIRD("'markup':'0%','counts_toward_commitments':true"), usage, "share", NULL,
                     NULL);
}

/* Two versions with the same share are one promise; another share is another, from its day on. */
static void a_changed_share_is_judged_by_its_own_days(void **state)
{
#define CHANGED(share)                                                                             \
    MONTH "," MATRIX("") SHARED(PER_UNIT) ",'amendments':[{'effective_from':'2026-01-16',"         \
                                          "'commitments':[{'name':'share','metric':'tokens',"      \
                                          "'share':'" share "'" PER_UNIT "}]}]"
    static const char usage[] = ROW("01-05", "ours", "50", "") "," ROW(
        "01-06", "ours", "50", ELSEWHERE) "," ROW("01-20", "ours", "100", "");

    (void)state;
    assert_owed_line(CHANGED("70%"), usage, "share", NULL, NULL);
    assert_owed_line(CHANGED("80%"), usage, "share", "20", "10");
}

static void units_of_third_parties_keep_no_promise(void **state)
{
#define PROMISE(models)                                                                            \
    MONTH ",'third_party_models':{'models':['theirs'],'markup':'10%'}," MONTHLY(                   \
        "") ",'commitments':[{'metric':'output','at_least':100" models                             \
            ",'per':'month','shortfall':{'fee_per_unit':1}}]"
    static const char usage[] = ROW("01-05", "ours", "60", "") "," ROW("01-06", "theirs", "40", "");

    (void)state;
    assert_owed_line(PROMISE(""), usage, "commitments/0", "40", "40");
    assert_owed_line(PROMISE(",'models':['ours','theirs']"), usage, "commitments/0", NULL, NULL);
}

static void a_penalty_may_be_what_any_shortfall_costs(void **state)
{
    (void)state;
    assert_owed(MONTH "," MONTHLY("") PROMISED("spend", "100",
                                               "'per':'month','shortfall':{"
                                               "'penalty':'12.50'}"),
                OUT("01-05", "99"), "111.5");
    assert_owed(MONTH "," MONTHLY("") PROMISED("spend", "100",
                                               "'per':'month','shortfall':{"
                                               "'penalty':'12.50'}"),
                OUT("01-05", "100"), "100");
    assert_owed(MONTH "," MONTHLY("") PROMISED("output", "100",
                                               "'per':'month','shortfall':{"
                                               "'penalty':'12.50'}"),
                OUT("01-05", "99"), "111.5");
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
        cmocka_unit_test(a_share_is_of_what_is_used_here_and_elsewhere),
        cmocka_unit_test(a_missed_share_costs_its_penalty_once_a_period),
        cmocka_unit_test(a_share_withdraws_discounts_when_it_is_missed),
        cmocka_unit_test(a_share_counts_here_what_its_filter_holds),
        cmocka_unit_test(a_changed_share_is_judged_by_its_own_days),
        cmocka_unit_test(units_of_third_parties_keep_no_promise),
        cmocka_unit_test(a_penalty_may_be_what_any_shortfall_costs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

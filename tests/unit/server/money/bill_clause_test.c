/* Clauses and kinds through whole documents: what they say is what is owed. */
#include "tests/unit/server/money/owed.h"

static void third_parties_cost_their_amount_with_the_markup(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"term\"}],"
                     "\"third_party_models\":{\"models\":[\"m\"],\"markup\":\"10%\"}",
                AT("03-01", ",\"amount\":\"50\""), "155");
}

#define U1 "{'name':'o','kind':'unit','metric':'output','price':'1','per':'month'}"
#define OF_X(month_day, quantity, amount)                                                          \
    "{'at':'2026-" month_day "T12:00:00+08:00','model':'x','amount':'" amount                      \
    "','metrics':{'output':" quantity "}}"

/* The seven of x were paid twice: by the charge of all models and with the markup. */
static void a_charge_of_all_models_leaves_third_parties_to_their_markup(void **state)
{
    static const char terms[] = MONTH ",'charges':[" U1 "],'third_party_models':{'models':['x'],"
                                      "'markup':'20%'}";

    (void)state;
    assert_owed(terms, OUT("01-05", "60") "," OF_X("01-06", "7", "50"), "120");
    assert_owed_line(terms, OUT("01-05", "60") "," OF_X("01-06", "7", "50"), "o", "60", "60");
}

/* With one line for the term they counted toward no month's commitment. */
static void third_parties_lines_count_toward_the_commitments_of_their_months(void **state)
{
    static const char usage[] =
        OUT("01-05", "50") "," OF_X("01-06", "0", "50") "," OUT("02-05", "100");
    static const char *const cases[][2] = {
        {"'counts_toward_commitments':true,", "210"},
        {"'counts_toward_commitments':true,'per':'term',", "260"},
        {"", "260"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char terms[1024];

        snprintf(terms, sizeof terms,
                 TWO ",'charges':[" U1 "],'commitments':[{'metric':'spend','at_least':100,'per':"
                     "'month','shortfall':{'true_up':true}}],'third_party_models':{%s'models':"
                     "['x'],'markup':'20%%'}",
                 cases[i][0]);
        assert_owed(terms, usage, cases[i][1]);
    }
}

static void a_missed_commitment_may_withdraw_discounts_and_lower_tiers(void **state)
{
    static const char missed[] =
        ",\"commitments\":[{\"metric\":\"spend\",\"at_least\":1000,\"per\":"
        "\"month\",\"shortfall\":{\"reprice\":true}}]";
    char terms[1024];

    (void)state;
    snprintf(terms, sizeof terms, "%s,%s%s", MONTH, UNIT(",\"discount\":\"10%\",\"per\":\"month\""),
             missed);
    assert_owed(terms, OUT("01-05", "100"), "100");
    assert_owed(terms, OUT("01-05", "2000"), "1800");
    snprintf(terms, sizeof terms,
             "%s,\"charges\":[{\"kind\":\"graduated\",\"metric\":\"output\",\"per\":\"month\","
             "\"tiers\":[{\"up_to\":10,\"price\":\"2\"},{\"price\":\"1\"}]}]%s",
             MONTH, missed);
    assert_owed(terms, OUT("01-05", "20"), "40");
    snprintf(terms, sizeof terms,
             "%s,%s,\"discounts\":[{\"percent\":\"10%%\",\"per\":\"month\"}]%s", MONTH,
             UNIT(",\"per\":\"month\""), missed);
    assert_owed(terms, OUT("01-05", "100"), "100");
    assert_owed(terms, OUT("01-05", "2000"), "1800");
}

static void a_shortfall_may_be_credited_in_the_next_period(void **state)
{
    (void)state;
    assert_owed(TWO "," UNIT(",\"per\":\"month\"") ",\"commitments\":[{\"metric\":\"spend\","
                                                   "\"at_least\":100,\"per\":\"month\","
                                                   "\"shortfall\":{\"carry_forward\":true}}]",
                OUT("01-05", "60") "," OUT("02-05", "130"), "200");
}

static void what_exceeded_earlier_periods_counts_when_it_is_cumulative(void **state)
{
    static const char *const kinds[][2] = {{"true", "210"}, {"false", "230"}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char terms[1024];

        snprintf(terms, sizeof terms,
                 "%s,%s,\"commitments\":[{\"metric\":\"spend\",\"at_least\":100,\"per\":\"month\","
                 "\"cumulative\":%s,\"shortfall\":{\"true_up\":true}}]",
                 TWO, UNIT(",\"per\":\"month\""), kinds[i][0]);
        assert_owed(terms, OUT("01-05", "130") "," OUT("02-05", "80"), kinds[i][1]);
    }
}

static void a_licence_is_taken_once_and_may_pass_to_a_replacement(void **state)
{
    static const char usage[] = ON("01-05", "a", "") "," ON("01-06", "a", "") "," ON(
        "02-05", "b", ",\"replaces\":\"a\"") "," ON("03-01", "c", "");
    static const char *const rules[][2] = {{"free", "200"}, {"consumes", "300"}};
    char terms[512];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(terms, sizeof terms,
                 "%s,\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                 "\"term\":{\"months\":12},\"replacement\":\"%s\"}]",
                 YEAR, rules[i][0]);
        assert_owed(terms, usage, rules[i][1]);
    }
}

static void a_device_that_gave_its_licence_away_takes_another_when_used_again(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                     "\"term\":{\"months\":12},\"replacement\":\"free\"}]",
                ON("01-05", "a", "") "," ON("02-05", "b", ",\"replaces\":\"a\"") "," ON(
                    "04-01", "a", "") "," ON("04-02", "a", ""),
                "200");
}

/* What was used in the morning is not used again because its successor's name comes first. */
static void a_robot_used_on_the_day_of_its_exchange_takes_no_second_licence(void **state)
{
    static const char terms[] =
        YEAR ",\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
             "\"term\":{\"months\":12},\"replacement\":\"free\"}]";

    (void)state;
    assert_owed(terms, ON("02-05", "b", ",\"replaces\":\"z\"") "," ON("02-05", "z", ""), "100");
    assert_owed(terms,
                ON("02-05", "z", "") "," ON("02-05", "m", ",\"replaces\":\"z\"") "," ON(
                    "02-05", "b", ",\"replaces\":\"m\""),
                "100");
}

static void a_licence_that_renews_is_taken_again_after_its_life(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"licence\",\"price\":\"100\",\"per\":\"term\","
                     "\"term\":{\"months\":1},\"renews\":true}]",
                ON("01-31", "a", "") "," ON("02-27", "a", "") "," ON("02-28", "a", ""), "200");
}

static void a_pack_pays_for_its_units_and_the_rest_is_charged(void **state)
{
    (void)state;
    assert_owed(YEAR "," UNIT(",\"per\":\"month\"") ",\"credits\":[{\"units\":100,\"metric\":"
                                                    "\"output\",\"price\":\"50\"}]",
                OUT("01-05", "70") "," OUT("02-05", "60"), "80");
    assert_owed(YEAR "," UNIT(
                    ",\"per\":\"month\",\"included\":20") ",\"credits\":[{\"units\":100,\"metric\":"
                                                          "\"output\",\"price\":\"50\"}]",
                OUT("01-05", "70") "," OUT("01-06", "80"), "80");
}

static void discounts_come_off_lines_and_prepaid_money_pays_what_is_left(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"term\"}],"
                     "\"discounts\":[{\"percent\":\"10%\"}],\"credits\":[{\"amount\":\"50\"}]",
                "", "40");
    assert_owed(YEAR "," UNIT(
                    ",\"per\":\"term\"") ",\"discounts\":[{\"per\":\"term\",\"rebate\":["
                                         "{\"up_to\":100,\"share\":\"0%\"},{\"share\":\"10%\"}]}]",
                OUT("01-05", "200"), "180");
    assert_owed(TWO ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                    "\"service_levels\":[{\"from\":\"2026-01-01\",\"to\":\"2026-02-01\","
                    "\"credit\":\"10%\"}]",
                "", "190");
}

/* Nothing was owed unless whole lines lay within the days. */
static void a_service_level_owes_its_days_share_of_longer_lines(void **state)
{
    static const char *const cases[][3] = {
        {"'kind':'flat','amount':'31','per':'month'", "10%", "30.9"},
        {"'kind':'flat','amount':'31','per':'day'", "10%", "957.9"},
        {"'kind':'flat','amount':'31','per':'month'", "100%", "30"},
    };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char terms[512];

        snprintf(terms, sizeof terms,
                 MONTH ",'charges':[{%s}],'service_levels':[{'from':'2026-01-10','to':"
                       "'2026-01-11','credit':'%s'}]",
                 cases[i][0], cases[i][1]);
        assert_owed(terms, "", cases[i][2]);
    }
}

static void an_early_end_stops_all_but_the_fee(void **state)
{
    (void)state;
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                     "\"termination\":{\"on\":\"2026-07-01\",\"fee\":\"50%\"}",
                "", "900");
    assert_owed(YEAR ",\"charges\":[{\"kind\":\"flat\",\"amount\":\"100\",\"per\":\"month\"}],"
                     "\"commitments\":[{\"metric\":\"spend\",\"at_least\":1200,\"per\":\"term\","
                     "\"shortfall\":{\"true_up\":true}}],"
                     "\"termination\":{\"on\":\"2026-07-01\",\"fee\":\"0%\"}",
                "", "600");
}

static void prices_may_depend_on_the_hour_and_the_service_tier(void **state)
{
    (void)state;
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"time_of_day\",\"metric\":\"output\",\"per\":"
                      "\"month\",\"price\":\"1\",\"windows\":[{\"from\":\"11:00\",\"to\":\"13:00\","
                      "\"price\":\"2\"}]}]",
                OUT("01-05", "10") ",{\"at\":\"2026-01-05T13:00:00+08:00\",\"metrics\":{\"output\":"
                                   "10}}",
                "30");
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"service_tier\",\"metric\":\"output\",\"per\":"
                      "\"month\",\"prices\":{\"default\":\"2\",\"batch\":\"1\"}}]",
                OUT("01-05", "10") "," AT(
                    "01-05", ",\"service_tier\":\"batch\",\"metrics\":{\"output\":10}"),
                "30");
}

static void levels_are_measured_as_the_charge_says(void **state)
{
    static const char *const cases[][2] = {
        {"peak", "62"}, {"average", "3"}, {"last", "31"}, {"ever", "62"}};
    char terms[512];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        snprintf(terms, sizeof terms,
                 "%s,\"charges\":[{\"kind\":\"unit\",\"metric\":\"active_devices\",\"per\":"
                 "\"month\",\"price\":\"31\",\"measured\":\"%s\"}]",
                 MONTH, cases[i][0]);
        assert_owed(terms, ON("01-05", "a", "") "," ON("01-05", "b", "") "," ON("01-09", "a", ""),
                    cases[i][1]);
    }
}

static void included_units_may_be_each_devices_own(void **state)
{
    (void)state;
    assert_owed(MONTH
                "," UNIT(",\"per\":\"month\",\"included\":{\"units\":10,\"per_device\":true}"),
                OUT("01-05", "15") ",{\"at\":\"2026-01-06T12:00:00+08:00\",\"device\":\"b\","
                                   "\"metrics\":{\"output\":5}}",
                "5");
    assert_owed(MONTH ",\"charges\":[{\"kind\":\"capacity\",\"amount\":\"10\",\"count\":3,\"per\":"
                      "\"month\"}]",
                "", "30");
}

#define AMENDED ",'amendments':[{'effective_from':'2026-01-16','thresholds':[]}]"

static void an_amendment_that_leaves_a_discount_alone_parts_no_period_of_it(void **state)
{
    (void)state;
    assert_owed(MONTH
                "," UNIT(",'per':'month'") ",'discounts':[{'amount':10,'per':'month'}]" AMENDED,
                OUT("01-05", "30") "," OUT("01-20", "30"), "50");
    assert_owed(MONTH "," UNIT(",'per':'month'") ",'discounts':[{'rebate':[{'up_to':50,'share':"
                                                 "'0%'},{'share':'10%'}],'per':'month'}]" AMENDED,
                OUT("01-05", "30") "," OUT("01-20", "30"), "54");
    assert_owed(TWO "," UNIT(",'per':'month'") ",'discounts':[{'percent':'50%','per':'month',"
                                               "'periods':1}]" AMENDED,
                OUT("01-05", "30") "," OUT("01-20", "30") "," OUT("02-05", "30"), "60");
}

static void a_discount_that_changes_is_another_from_that_day_on(void **state)
{
    (void)state;
    assert_owed(MONTH "," UNIT(",'per':'month'") ",'discounts':[{'percent':'10%','per':'month'}],"
                                                 "'amendments':[{'effective_from':'2026-01-16',"
                                                 "'discounts':[{'percent':'50%','per':'month'}]}]",
                OUT("01-05", "30") "," OUT("01-20", "30"), "42");
}

/* A month parted is no week, for a discount as for a commitment. */
static void a_longer_line_that_is_parted_is_no_shorter_periods(void **state)
{
    (void)state;
    assert_owed(TWO "," UNIT(",'per':'term'") ",'discounts':[{'percent':'50%','per':'month'}],"
                                              "'amendments':[{'effective_from':'2026-02-01',"
                                              "'thresholds':[]}]",
                OUT("01-05", "30") "," OUT("02-05", "30"), "60");
}

/* 1 for each of the first 15 days, 2 for each of the other 16: ten days of either part owe 10 / 15
 * or 10 / 16 of it. */
static void a_service_level_takes_each_part_of_a_line_by_its_days(void **state)
{
#define TWO_PRICES(from, to)                                                                       \
    MONTH "," UNIT(",'per':'month'") ",'service_levels':[{'from':'2026-01-" from                   \
                                     "','to':'2026-01-" to "','credit':'100%'}],'amendments':["    \
                                     "{'effective_from':'2026-01-16','charges':[{'kind':'unit',"   \
                                     "'metric':'output','price':'2','per':'month'}]}]"
    (void)state;
    assert_owed(TWO_PRICES("03", "13"), OUT("01-05", "15") "," OUT("01-20", "16"), "37");
    assert_owed(TWO_PRICES("20", "30"), OUT("01-05", "15") "," OUT("01-20", "16"), "27");
    assert_owed(TWO_PRICES("14", "18"), OUT("01-05", "15") "," OUT("01-20", "16"), "41");
}

static void interim_lines_are_due_for_what_packs_leave(void **state)
{
    (void)state;
    assert_owed_line(MONTH "," UNIT(",'per':'month'") ",'interim':[50],'credits':[{'units':30,"
                                                      "'metric':'output'}]",
                     OUT("01-05", "40") "," OUT("01-10", "45"), "interim", "1", "55");
}

/* Only those of the first charge were added up. */
static void interim_sums_hold_what_every_charge_cost_in_those_days(void **state)
{
    (void)state;
    assert_owed_line(TWO ",'charges':[{'kind':'unit','metric':'output','price':'1','per':'month'},"
                         "{'kind':'unit','metric':'requests','price':'2','per':'term'}],"
                         "'interim':[50]",
                     AT("01-05", ",'metrics':{'requests':10}") "," AT(
                         "02-05", ",'metrics':{'requests':10,'output':35}"),
                     "interim", "1", "55");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(third_parties_cost_their_amount_with_the_markup),
        cmocka_unit_test(a_charge_of_all_models_leaves_third_parties_to_their_markup),
        cmocka_unit_test(third_parties_lines_count_toward_the_commitments_of_their_months),
        cmocka_unit_test(a_missed_commitment_may_withdraw_discounts_and_lower_tiers),
        cmocka_unit_test(a_shortfall_may_be_credited_in_the_next_period),
        cmocka_unit_test(what_exceeded_earlier_periods_counts_when_it_is_cumulative),
        cmocka_unit_test(a_licence_is_taken_once_and_may_pass_to_a_replacement),
        cmocka_unit_test(a_device_that_gave_its_licence_away_takes_another_when_used_again),
        cmocka_unit_test(a_robot_used_on_the_day_of_its_exchange_takes_no_second_licence),
        cmocka_unit_test(a_licence_that_renews_is_taken_again_after_its_life),
        cmocka_unit_test(a_pack_pays_for_its_units_and_the_rest_is_charged),
        cmocka_unit_test(discounts_come_off_lines_and_prepaid_money_pays_what_is_left),
        cmocka_unit_test(a_service_level_owes_its_days_share_of_longer_lines),
        cmocka_unit_test(an_early_end_stops_all_but_the_fee),
        cmocka_unit_test(prices_may_depend_on_the_hour_and_the_service_tier),
        cmocka_unit_test(levels_are_measured_as_the_charge_says),
        cmocka_unit_test(included_units_may_be_each_devices_own),
        cmocka_unit_test(an_amendment_that_leaves_a_discount_alone_parts_no_period_of_it),
        cmocka_unit_test(a_discount_that_changes_is_another_from_that_day_on),
        cmocka_unit_test(a_longer_line_that_is_parted_is_no_shorter_periods),
        cmocka_unit_test(a_service_level_takes_each_part_of_a_line_by_its_days),
        cmocka_unit_test(interim_lines_are_due_for_what_packs_leave),
        cmocka_unit_test(interim_sums_hold_what_every_charge_cost_in_those_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Points (C17): usage weighed model by model, and what the points cost. */
#include "server/money/weight.h"
#include "tests/unit/server/money/owed.h"

/* 12 and 4 points for a thousand tokens of the big model, 1.5 for those of others. */
#define WEIGHTS                                                                                    \
    "'weights':[{'metric':'output','models':['big'],'points':12,'unit':1000},"                     \
    "{'metric':'input','models':['big'],'points':4,'unit':1000},"                                  \
    "{'metric':'output','points':'1.5','unit':1000}]"
#define POINTS(more)  "{'kind':'points'," WEIGHTS ",'per':'month'" more "}"
#define FIVE          ",'price':'5.00','unit':100"
#define CHARGES(more) "'charges':[" POINTS(more) "]"
#define USED(month_day, device, model, metrics)                                                    \
    "{'at':'2026-" month_day "T12:00:00+08:00','device':'" device "','model':'" model              \
    "','metrics':{" metrics "}}"
/* 120 + 80 + 60 = 260 points */
#define USAGE                                                                                      \
    USED("01-05", "a", "big", "'output':10000,'input_uncached':15000,'input_cached':5000")         \
    "," USED("01-06", "b", "small", "'output':40000")

static void each_model_weighs_what_its_first_weight_says(void **state)
{
    (void)state;
    assert_owed_line(MONTH "," CHARGES(FIVE), USAGE, "charges/0", "260", "13");
    assert_owed(MONTH "," CHARGES(FIVE ",'included':100"), USAGE, "8");
    assert_owed(MONTH "," CHARGES(FIVE ",'discount':'10%','maximum':'9.50'"), USAGE, "9.5");
}

static void points_may_have_tiers(void **state)
{
    static const char tiers[] =
        MONTH "," CHARGES(",'tiers':[{'up_to':200,'price':'0.05'},{'price':'4','unit':100}]");

    (void)state;
    assert_owed(tiers, USAGE, "12.4");
}

static void a_stock_of_points_pays_before_they_are_priced(void **state)
{
#define STOCK ",'credits':[{'units':150,'metric':'points','price':'6.00'}]"
    (void)state;
    assert_owed(MONTH "," CHARGES(FIVE) STOCK, USAGE, "11.5");
    assert_owed(MONTH "," CHARGES(FIVE ",'included':100") STOCK, USAGE, "6.5");
    /* tokens pay no points, nor points tokens */
    assert_owed(MONTH ",'charges':[" POINTS(
                    FIVE) ",{'kind':'unit','metric':'output','price':'1','unit':1000,'per':"
                          "'month'}],'credits':[{'units':10000,'metric':'output'},{'units':60,"
                          "'metric':'points'}]",
                USAGE, "50");
}

static void a_device_may_have_points_of_its_own(void **state)
{
    (void)state; /* (200 - 50 + 60 - 50) x 0.05 */
    assert_owed(MONTH "," CHARGES(FIVE ",'included':{'units':50,'per_device':true}"), USAGE, "8");
}

/* What was used before an amendment keeps its weight; tiers and included points count on. */
static void a_changed_conversion_weighs_what_is_used_from_then_on(void **state)
{
#define LIGHTER                                                                                    \
    "{'kind':'points','weights':[{'metric':'output','points':10,'unit':1000}],'per':'month'"       \
    ",'included':100"
#define BOTH                                                                                       \
    USED("01-05", "a", "big", "'output':5000") "," USED("01-20", "a", "big", "'output':5000")
    char terms[2048];

    (void)state;
    snprintf(terms, sizeof terms,
             "%s,'amendments':[{'effective_from':'2026-01-16','charges':[%s}]}]",
             MONTH "," CHARGES(FIVE ",'included':100"), LIGHTER FIVE);
    assert_owed(terms, BOTH, "0.5"); /* 60, then 50 more: 10 above 100 */
    snprintf(
        terms, sizeof terms,
        "%s,'amendments':[{'effective_from':'2026-01-16','counters':'restart','charges':[%s}]}]",
        MONTH "," CHARGES(FIVE ",'included':100"), LIGHTER FIVE);
    assert_owed(terms, BOTH, "0");
    snprintf(terms, sizeof terms,
             "%s,'amendments':[{'effective_from':'2026-01-16','charges':[%s}]}]",
             MONTH "," CHARGES(FIVE ",'included':40"),
             "{'kind':'points'," WEIGHTS ",'per':'month','included':40,'price':'0.04'");
    assert_owed(terms, BOTH, "3.4"); /* 20 at 0.05, 60 at 0.04 */
}

static void what_no_weight_is_about_is_unpriced(void **state)
{
    struct json_problem problem;
    struct tally_usage usage;
    unsigned unpriced;
    struct owed owed;

    (void)state;
    owed_open(&owed, MONTH "," CHARGES(FIVE), "");
    struct json *row =
        owed_json("", USED("01-05", "a", "small", "'output':1,'input_cached':7"), "");
    assert_int_equal(usage_row_read(row, &usage, &problem), STATUS_OK);
    assert_int_equal(tally_add(owed.tally, &usage, &unpriced), STATUS_OK);
    assert_int_equal(unpriced, CONTRACT_BIT(CONTRACT_INPUT_CACHED));
    json_free(row);
    owed_close(&owed);
}

/* 12 / 1000 x 0.05 = 0.0006, in 10^-15. */
static void credit_weighs_a_token_by_its_points_at_the_dearest_price(void **state)
{
    uint64_t weights[CONTRACT_METRICS];
    char reason[160];
    struct owed owed;

    (void)state;
    owed_open(&owed, MONTH "," CHARGES(",'tiers':[{'up_to':200,'price':'0.05'},{'price':'0.04'}]"),
              "");
    assert_int_equal(weight_of_money(&owed.contract, 0, "big", weights, reason), STATUS_OK);
    assert_int_equal(weights[CONTRACT_OUTPUT], 600000000000);
    assert_int_equal(weights[CONTRACT_CACHE_WRITE_1H], 200000000000);
    assert_int_equal(weight_of_money(&owed.contract, 0, "small", weights, reason), STATUS_OK);
    assert_int_equal(weights[CONTRACT_OUTPUT], 75000000000);
    assert_int_equal(weights[CONTRACT_CACHE_WRITE_1H], 0);
    owed_close(&owed);
    owed_open(&owed, MONTH "," CHARGES(",'tiers':[{'price':'0.05','size':10}]"), "");
    assert_int_equal(weight_of_money(&owed.contract, 0, "big", weights, reason), STATUS_DENIED);
    assert_non_null(strstr(reason, "package"));
    owed_close(&owed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_model_weighs_what_its_first_weight_says),
        cmocka_unit_test(points_may_have_tiers),
        cmocka_unit_test(a_stock_of_points_pays_before_they_are_priced),
        cmocka_unit_test(a_device_may_have_points_of_its_own),
        cmocka_unit_test(a_changed_conversion_weighs_what_is_used_from_then_on),
        cmocka_unit_test(what_no_weight_is_about_is_unpriced),
        cmocka_unit_test(credit_weighs_a_token_by_its_points_at_the_dearest_price),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

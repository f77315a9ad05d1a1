#include "tests/unit/server/money/document.h"

static void graduated_and_volume_have_tiers_that_rise(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'graduated','metric':'output','per':'month','tiers':["
                "{'up_to':'0.1','price':'10','flat':2},{'up_to':10,'price':'5','unit':1000},"
                "{'flat':'3'}],'included':5,'maximum':'100','minimum':1}");

    assert_int_equal(charge->kind, CONTRACT_GRADUATED);
    assert_int_equal(charge->rule.per, PERIOD_MONTH);
    assert_int_equal(charge->tier_count, 3);
    assert_fraction(charge->tiers[0].up_to, "0.1");
    assert_fraction(charge->tiers[0].flat, "2");
    assert_fraction(charge->tiers[1].price, "0.005");
    assert_false(charge->tiers[2].has_up_to);
    assert_fraction(charge->tiers[2].price, "0");
    assert_true(charge->has_included && charge->has_maximum && charge->has_minimum);
    charge = document_charge(*state, "{'kind':'volume','metric':['output','reasoning'],'tiers':["
                                     "{'up_to':100,'size':10,'price':2},{'price':1}]}");
    assert_int_equal(charge->kind, CONTRACT_VOLUME);
    assert_string_equal(charge->quantity.text, "output+reasoning");
    assert_fraction(charge->tiers[0].package_size, "10");
    assert_int_equal(charge->rule.per, PERIOD_TERM);
}

static void tiers_that_leave_a_quantity_without_a_price_are_refused(void **state)
{
#define TIERS(list) "{'kind':'volume','metric':'output','tiers':[" list "]}"
    document_charge_refused(*state,
                            TIERS("{'up_to':5,'price':1},{'up_to':5,'price':2},{'price':1}"),
                            "/tiers/1/up_to", "above that of the tier before");
    document_charge_refused(*state, TIERS("{'up_to':5,'price':1},{'up_to':9,'price':2}"),
                            "/tiers/1/up_to", "without a price");
    document_charge_refused(*state, TIERS("{'price':1},{'price':2}"), "/tiers/0/up_to",
                            "only the last tier");
    document_charge_refused(*state, TIERS("{'up_to':0,'price':1},{'price':2}"), "/tiers/0/up_to",
                            "above 0");
    document_charge_refused(*state, TIERS("{'up_to':5},{'price':2}"), "/tiers/0/price",
                            "a price, a flat fee or both");
    document_charge_refused(*state, TIERS("{'price':1,'size':10,'unit':1000}"), "/tiers/0/unit",
                            "contradicts size");
    document_charge_refused(*state, TIERS("{'flat':1,'size':10}"), "/tiers/0/size",
                            "price of a package");
    document_charge_refused(*state, TIERS(""), "/tiers", "list of 1 to 32");
#undef TIERS
}

static void a_package_has_a_size_and_a_price(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'package','metric':'requests','size':10,'price':'15','included':10}");

    assert_int_equal(charge->kind, CONTRACT_PACKAGE);
    assert_fraction(charge->size, "10");
    assert_fraction(charge->price, "15");
    document_charge_refused(*state, "{'kind':'package','metric':'requests','size':0,'price':'15'}",
                            "/size", "above 0");
}

static void a_matrix_has_a_price_for_each_class_once(void **state)
{
    const struct contract_charge *charge =
        document_charge(*state, "{'kind':'matrix','unit':1000000,'models':['big'],'prices':"
                                "{'input_uncached':'0.80','output':'2.00'}}");

    assert_int_equal(charge->kind, CONTRACT_PRICED);
    assert_string_equal(charge->kind_text, "matrix");
    assert_string_equal(charge->quantity.text, "input_uncached+output");
    assert_int_equal(charge->rate_count, 2);
    assert_int_equal(charge->rates[1].metrics, CONTRACT_BIT(CONTRACT_OUTPUT));
    assert_fraction(charge->rates[1].price, "0.000002");
    document_charge_refused(*state, "{'kind':'matrix','prices':{'input':1,'input_cached':2}}",
                            "/prices/input_cached", "two prices");
    document_charge_refused(*state, "{'kind':'matrix','prices':{'words':1}}", "/prices/words",
                            "no recorded metric");
    document_charge_refused(*state, "{'kind':'matrix','prices':{'output':1},'included':5}",
                            "/included", "which of its prices");
    document_charge_refused(*state, "{'kind':'matrix','prices':{}}", "/prices", "1 to 64 members");
}

static void the_length_of_a_request_chooses_its_price(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'request_length','metric':'input_uncached','by':'input','tiers':["
                "{'up_to':272000,'price':'1.25','unit':1000000},"
                "{'price':'2.50','unit':1000000}]}");

    assert_int_equal(charge->rate_count, 2);
    assert_int_equal(charge->rates[0].filter.input_over, -1);
    assert_int_equal(charge->rates[0].filter.input_up_to, 272000);
    assert_int_equal(charge->rates[1].filter.input_over, 272000);
    assert_int_equal(charge->rates[1].filter.input_up_to, 0);
    assert_fraction(charge->rates[1].price, "0.0000025");
    document_charge_refused(*state,
                            "{'kind':'request_length','metric':'output','tiers':["
                            "{'up_to':10,'price':1},{'up_to':20,'price':2}]}",
                            "/tiers/1/up_to", "without a price");
    document_charge_refused(*state,
                            "{'kind':'request_length','metric':'output','tiers':["
                            "{'up_to':10,'price':1},{'up_to':9,'price':2},{'price':2}]}",
                            "/tiers/1/up_to", "above that");
}

static void windows_of_the_day_come_before_the_usual_price(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'time_of_day','metric':'output','price':'2','unit':1000,"
                "'decided_by':'end','windows':[{'from':'22:00','to':'06:30','price':'1'}]}");

    assert_int_equal(charge->rate_count, 2);
    assert_true(charge->rates[0].filter.has_hours && charge->rates[0].filter.hours_by_end);
    assert_int_equal(charge->rates[0].filter.hours_from_ms, 22 * 3600000);
    assert_int_equal(charge->rates[0].filter.hours_to_ms, 390 * 60000);
    assert_fraction(charge->rates[0].price, "0.001");
    assert_false(charge->rates[1].filter.has_hours);
    assert_fraction(charge->rates[1].price, "0.002");
#define WINDOWS(list) "{'kind':'time_of_day','metric':'output','price':'2','windows':[" list "]}"
    document_charge_refused(*state,
                            WINDOWS("{'from':'22:00','to':'06:00','price':1},"
                                    "{'from':'05:00','to':'07:00','price':1}"),
                            "/windows", "overlap");
    document_charge_refused(*state,
                            WINDOWS("{'from':'00:00','to':'12:00','price':1},"
                                    "{'from':'12:00','to':'24:00','price':1}"),
                            "/windows", "would never hold");
    document_charge_refused(*state, WINDOWS("{'from':'8:00','to':'12:00','price':1}"),
                            "/windows/0/from", "clock time");
    document_charge_refused(*state, WINDOWS("{'from':'08:00','to':'08:00','price':1}"),
                            "/windows/0/to", "nothing would ever lie within");
    document_charge_refused(*state,
                            "{'kind':'time_of_day','metric':'output','price':'2','windows':["
                            "{'from':'08:00','to':'09:00','price':1}],"
                            "'hours':{'from':'01:00','to':'02:00'}}",
                            "/hours", "is not known here");
#undef WINDOWS
}

static void service_tiers_have_prices_and_the_rest_may_have_one(void **state)
{
    const struct contract_charge *charge =
        document_charge(*state, "{'kind':'service_tier','metric':'output','prices':"
                                "{'*':'3','default':'2','batch':'1'}}");

    assert_int_equal(charge->rate_count, 3);
    assert_string_equal(charge->rates[0].filter.service_tiers[0], "default");
    assert_string_equal(charge->rates[1].filter.service_tiers[0], "batch");
    assert_fraction(charge->rates[1].price, "1");
    assert_int_equal(charge->rates[2].filter.service_tier_count, 0);
    assert_fraction(charge->rates[2].price, "3");
}

static void a_licence_says_how_long_it_lives(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'licence','price':'30','term':{'months':12},'replacement':'free',"
                "'renews':true,'window':{'from':'2026-01-01','to':'2026-07-01'},'at_least':10000,"
                "'per':'year'}");

    assert_int_equal(charge->kind, CONTRACT_LICENCE);
    assert_int_equal(charge->quantity.source, CONTRACT_TERMINALS);
    assert_int_equal(charge->licence.months, 12);
    assert_true(charge->licence.replacement_is_free && charge->licence.renews);
    assert_int_equal(charge->licence.window_end, zone_day_of(2026, 7, 1));
    assert_int_equal(charge->licence.at_least, 10000);
    document_charge_refused(*state, "{'kind':'licence','price':1,'term':'contract','renews':true}",
                            "/renews", "contradicts term");
    document_charge_refused(*state, "{'kind':'licence','price':1,'term':{'months':1,'days':2}}",
                            "/term", "either months or days");
    document_charge_refused(*state,
                            "{'kind':'licence','price':1,'term':'contract',"
                            "'window':{'from':'2025-01-01','to':'2026-01-01'}}",
                            "/window", "nothing can reach it");
}

static void percentage_and_capacity_are_read(void **state)
{
    const struct contract_charge *charge =
        document_charge(*state, "{'kind':'percentage','rate':'1.3%','fixed':2,'free_amount':250,"
                                "'event_min':'1.75','event_max':12}");

    assert_int_equal(charge->quantity.source, CONTRACT_AMOUNT);
    assert_fraction(charge->percentage.rate, "0.013");
    assert_true(charge->percentage.has_free_amount && charge->percentage.has_event_max);
    assert_fraction(charge->percentage.event_min, "1.75");
    charge = document_charge(*state,
                             "{'kind':'percentage','rate':'1%','free_amount':250,'free_events':3}");
    assert_true(charge->percentage.has_free_amount && charge->percentage.has_free_events);
    document_charge_refused(
        *state,
        "{'kind':'percentage','rate':'1%','free_amount':250,'free_events':3,'event_max':12}",
        "/event_max", "cannot go with");
    document_charge_refused(*state, "{'kind':'percentage','rate':'1%','event_min':3,'event_max':2}",
                            "/event_min", "contradicts event_max");
    charge = document_charge(*state, "{'kind':'capacity','amount':'100','count':5,'per':'month'}");
    assert_int_equal(charge->kind, CONTRACT_CAPACITY);
    assert_fraction(charge->size, "5");
}

static void levels_are_measured_and_records_are_summed(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'unit','metric':'active_devices','price':30,'per':'term'}");

    assert_int_equal(charge->measured, CONTRACT_PEAK);
    charge = document_charge(*state, "{'kind':'volume','metric':{'gauge':'seats'},'prorated':true,"
                                     "'measured':'last','tiers':[{'price':1}]}");
    assert_string_equal(charge->quantity.gauge_name, "seats");
    assert_int_equal(charge->measured, CONTRACT_LAST);
    assert_true(charge->prorated);
#define METRIC(metric, more) "{'kind':'unit','metric':" metric ",'price':1" more "}"
    document_charge_refused(*state, METRIC("{'gauge':'output'}", ""), "/metric/gauge",
                            "is no gauge");
    document_charge_refused(*state, METRIC("'concurrency'", ""), "/metric", "for caps");
    document_charge_refused(*state, METRIC("'spend'", ""), "/metric", "for commitments");
    document_charge_refused(*state, METRIC("'terminals'", ""), "/metric", "licence");
    document_charge_refused(*state, METRIC("'outputs'", ""), "/metric", "did you mean \"output\"");
    document_charge_refused(*state, METRIC("['input','input_cached']", ""), "/metric", "twice");
    document_charge_refused(*state, METRIC("'output'", ",'measured':'peak'"), "/measured",
                            "goes with active_devices");
    document_charge_refused(*state, METRIC("'active_devices'", ",'measured':'sum'"), "/measured",
                            "has no sum");
    document_charge_refused(*state, METRIC("{'gauge':'seats'}", ",'measured':'ever'"), "/measured",
                            "counts devices");
    document_charge_refused(*state, METRIC("'output'", ",'prorated':true"), "/prorated",
                            "has no days");
    document_charge_refused(*state,
                            METRIC("{'gauge':'seats'}", ",'prorated':true,'measured':'average'"),
                            "/prorated", "contradicts measured");
    document_charge_refused(*state, METRIC("{'gauge':'seats'}", ",'models':['big']"), "/metric",
                            "has no models");
#undef METRIC
}

static void included_units_are_pooled_or_each_devices_own(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state,
        "{'kind':'unit','metric':'output','price':1,'included':{'units':1000,'per_device':true}}");

    assert_true(charge->has_included && charge->included_per_device);
    assert_fraction(charge->included, "1000");
    document_charge_refused(*state,
                            "{'kind':'unit','metric':'active_devices','price':1,"
                            "'included':{'units':1,'per_device':true}}",
                            "/included/per_device", "belongs to all");
}

static void what_contradicts_itself_or_names_nothing_is_refused(void **state)
{
#define OUTPUT(more) "{'kind':'unit','metric':'output','price':1" more "}"
    document_charge_refused(*state, OUTPUT(",'maximum':1,'minimum':2"), "/minimum",
                            "contradicts maximum");
    document_charge_refused(*state, OUTPUT(",'prise':1"), "/prise", "did you mean \"price\"?");
    document_charge_refused(*state, OUTPUT(",'tiers':[]"), "/tiers", "not known");
    document_charge_refused(*state, OUTPUT(",'anchor':'2026-01-31','per':'day'"), "/anchor",
                            "week, month, quarter or year");
    document_charge_refused(*state, OUTPUT(",'models':['big*']"), "/models", "only alone");
    document_charge_refused(*state, OUTPUT(",'discount':'101%'"), "/discount", "0% to 100%");
    document_charge_refused(*state, OUTPUT(",'unit':0"), "/unit", "from 1 to 1000000000000");
    document_charge_refused(*state, OUTPUT(",'name':'a:b'"), "/name", "must not have");
    document_charge_refused(*state, OUTPUT(",'hours':{'from':'00:00','to':'24:00'}"), "/hours/to",
                            "whole day");
    document_charge_refused(*state, "{'kind':'fixed'}", "/kind", "must be one of flat, unit");
    document_charge_refused(*state, "{}", "/kind", "is missing");
    document_charge_refused(*state, "7", "", "must be an object");
    document_refused(*state,
                     "{" HEAD ",'charges':[" OUTPUT(",'name':'x'") "," OUTPUT(",'name':'x'") "]}",
                     "/charges/1/name", "is taken");
#undef OUTPUT
}

static void a_unit_may_be_any_whole_number(void **state)
{
    const struct contract_charge *charge = document_charge(
        *state, "{'kind':'unit','metric':'audio_in_ms','price':'0.06','unit':60000}");

    assert_fraction(charge->rates[0].price, "0.000001");
    charge = document_charge(*state,
                             "{'kind':'unit','metric':'audio_in_ms','price':'0.07','unit':60000,"
                             "'service_tiers':['default'],'hours':{'from':'01:00','to':'02:00'}}");
    assert_int_equal(charge->filter.service_tier_count, 1);
    assert_int_equal(charge->filter.hours_to_ms, 7200000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, document_make, document_drop)

#define WEIGHED(weights, more) "{'kind':'points','weights':[" weights "]" more "}"
#define BIG                    "{'metric':'output','models':['big'],'points':12,'unit':1000}"

static void points_need_weights_that_are_reached_and_one_price(void **state)
{
    struct arena *arena = *state;
    const struct contract_charge *charge =
        document_charge(arena, WEIGHED(BIG ",{'metric':'tokens','points':'0.5'}", ",'price':'2'"));

    assert_int_equal(charge->kind, CONTRACT_WEIGHED);
    assert_int_equal(charge->rate_count, 2);
    assert_fraction(charge->rates[0].price, "0.012");
    assert_int_equal(charge->quantity.metrics, CONTRACT_ALL_TOKENS);
    assert_string_equal(charge->quantity.text, "points");
    document_charge_refused(arena, "{'kind':'points','price':1}", "/weights", "missing");
    document_charge_refused(arena, WEIGHED(BIG, ""), "/price", "tiers of them");
    document_charge_refused(arena, WEIGHED(BIG, ",'price':1,'tiers':[{'price':1}]"), "/price",
                            "alone");
    document_charge_refused(arena, WEIGHED(BIG, ",'unit':3,'tiers':[{'price':1}]"), "/unit",
                            "goes with price");
    document_charge_refused(arena, WEIGHED("{'metric':'output'}", ",'price':1"),
                            "/weights/0/points", "missing");
    document_charge_refused(arena, WEIGHED("{'metric':'amount','points':1}", ",'price':1"),
                            "/weights/0/metric", "percentage");
    document_charge_refused(arena, WEIGHED("{'metric':'tokens','points':1}," BIG, ",'price':1"),
                            "/weights/1/metric", "never weighed");
    document_charge_refused(arena, WEIGHED(BIG, ",'price':1,'models':['small']"),
                            "/weights/0/models", "leave out");
}

static void points_are_counted_by_their_charge_and_paid_by_packs_alone(void **state)
{
    struct arena *arena = *state;

    document_charge_refused(arena, "{'kind':'unit','metric':'points','price':1}", "/metric",
                            "kind points");
    document_terms_refused(arena, "'caps':[{'metric':'points','at_most':5,'per':'day'}]",
                           "/caps/0/metric", "of spend");
    document_terms_refused(arena, "'commitments':[{'metric':'points','at_least':5}]",
                           "/commitments/0/metric", "of spend");
    document_terms_refused(arena, "'credits':[{'units':5,'metric':'points'}]", "/credits/0/metric",
                           "there is none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(graduated_and_volume_have_tiers_that_rise),
        TEST(tiers_that_leave_a_quantity_without_a_price_are_refused),
        TEST(a_package_has_a_size_and_a_price),
        TEST(a_matrix_has_a_price_for_each_class_once),
        TEST(the_length_of_a_request_chooses_its_price),
        TEST(windows_of_the_day_come_before_the_usual_price),
        TEST(service_tiers_have_prices_and_the_rest_may_have_one),
        TEST(a_licence_says_how_long_it_lives),
        TEST(percentage_and_capacity_are_read),
        TEST(levels_are_measured_and_records_are_summed),
        TEST(included_units_are_pooled_or_each_devices_own),
        TEST(what_contradicts_itself_or_names_nothing_is_refused),
        TEST(a_unit_may_be_any_whole_number),
        cmocka_unit_test_setup_teardown(points_need_weights_that_are_reached_and_one_price,
                                        document_make, document_drop),
        cmocka_unit_test_setup_teardown(points_are_counted_by_their_charge_and_paid_by_packs_alone,
                                        document_make, document_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which promises can be kept in a bill, and which are refused. */
#include "tests/unit/server/money/document.h"

static void promise(void **state, const char *charge, const char *commitment, const char *detail)
{
    char text[2048];
    struct contract contract;

    snprintf(text, sizeof text,
             "{" HEAD ",'charges':[{'name':'out',%s}],'commitments':[{'at_least':5,'shortfall':"
             "{'true_up':true},%s}]}",
             charge, commitment);
    if (detail)
        document_refused(*state, text, "/commitments/0/shortfall/true_up", detail);
    else
        document_good(*state, text, &contract);
}

#define UNITS   "'kind':'unit','metric':'output','price':1,'per':'month'"
#define DEVICES "'kind':'unit','metric':'active_devices','price':1,'per':'month'"

static void what_is_promised_is_counted_as_it_is_priced(void **state)
{
    promise(state, DEVICES ",'measured':'ever'", "'metric':'active_devices','per':'month'",
            "the same \"measured\"");
    promise(state, DEVICES ",'measured':'ever'",
            "'metric':'active_devices','measured':'ever','per':'month'", NULL);
    promise(state, UNITS ",'models':['a']", "'metric':'output','per':'month'", "the same models");
    promise(state, UNITS ",'models':['a','b']",
            "'metric':'output','per':'month','models':['b','a']", NULL);
    promise(state, UNITS, "'metric':'output','per':'month','hours':{'from':'08:00','to':'09:00'}",
            "service_tiers and hours");
}

static void prices_that_depend_on_their_period_are_promised_for_it(void **state)
{
    promise(state, UNITS ",'included':3", "'metric':'output','per':'year'", "same per and anchor");
    promise(state, UNITS ",'minimum':3", "'metric':'output','per':'year'", "same per and anchor");
    promise(state, UNITS ",'included':3", "'metric':'output','per':'month'", NULL);
    promise(state, UNITS, "'metric':'output','per':'year'", NULL);
    promise(state, DEVICES, "'metric':'active_devices','per':'year'", "same per and anchor");
}

static void missing_units_that_no_device_and_no_day_owns_are_refused(void **state)
{
    promise(state, UNITS ",'included':{'units':5,'per_device':true}",
            "'metric':'output','per':'month'", "whose included units");
    promise(state, DEVICES ",'prorated':true", "'metric':'active_devices','per':'month'",
            "on which days");
    promise(state, "'kind':'service_tier','metric':'output','prices':{'batch':'1'},'per':'month'",
            "'metric':'output','per':'month'", "has no price for");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_promised_is_counted_as_it_is_priced, document_make,
                                        document_drop),
        cmocka_unit_test_setup_teardown(prices_that_depend_on_their_period_are_promised_for_it,
                                        document_make, document_drop),
        cmocka_unit_test_setup_teardown(missing_units_that_no_device_and_no_day_owns_are_refused,
                                        document_make, document_drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

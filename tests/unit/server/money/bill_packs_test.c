/* Which usage packs of units pay for. */
#include "tests/unit/server/money/owed.h"

/* At an instant whose number reads as the first pack's bit. */
#define SAMPLE(more) "{'at':'2026-01-04T12:00:00.096+08:00','device':'a','model':'m'," more "}"

/* The times of a gauge's samples were read as packs that may pay, and used the pack up. */
static void a_pack_is_not_used_up_by_levels_and_events(void **state)
{
    (void)state;
    assert_owed(MONTH ",'charges':[{'kind':'unit','metric':{'gauge':'lines'},'price':'1','per':"
                      "'month'},{'kind':'percentage','rate':'10%','free_amount':1000,"
                      "'free_events':10,'per':'month'},{'kind':'unit','metric':'output','price':"
                      "'1','per':'month'}],'credits':[{'units':50,'metric':'output'}]",
                SAMPLE("'gauge':{'name':'lines','level':40}") "," SAMPLE("'amount':'45'") "," OUT(
                    "01-05", "60"),
                "50");
}

static void the_pack_that_ends_first_pays_first(void **state)
{
    (void)state;
    assert_owed(TWO ",'charges':[{'kind':'unit','metric':'output','price':'1','per':'month'}],"
                    "'credits':[{'units':50,'metric':'output'},{'units':50,'metric':'output',"
                    "'to':'2026-02-01'}]",
                OUT("01-05", "60") "," OUT("02-05", "60"), "20");
}

/* Each part of a month spared the included units anew, and the pack paid for less. */
static void included_units_are_spared_once_in_a_month_that_an_amendment_parts(void **state)
{
    (void)state; /* 60 less 20 included less a pack of 30 */
    assert_owed(MONTH ",'charges':[{'kind':'unit','metric':'output','price':'1','per':'month',"
                      "'included':20}],'credits':[{'units':30,'metric':'output'}],'amendments':[{"
                      "'effective_from':'2026-01-16','thresholds':[]}]",
                OUT("01-05", "30") "," OUT("01-20", "30"), "10");
}

static void usage_that_no_pack_pays_uses_up_included_units_too(void **state)
{
    (void)state; /* 15 of the 20 on the fifth; 25 of the sixth's 30 are left to the pack */
    assert_owed(MONTH ",'charges':[{'kind':'unit','metric':'output','price':'1','per':'month',"
                      "'included':20}],'credits':[{'units':30,'metric':'output','models':['m']}]",
                "{'at':'2026-01-05T12:00:00+08:00','device':'a','model':'small','metrics':{"
                "'output':15}}," OUT("01-06", "30"),
                "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pack_is_not_used_up_by_levels_and_events),
        cmocka_unit_test(the_pack_that_ends_first_pays_first),
        cmocka_unit_test(included_units_are_spared_once_in_a_month_that_an_amendment_parts),
        cmocka_unit_test(usage_that_no_pack_pays_uses_up_included_units_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

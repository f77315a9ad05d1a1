/* What is counted of usage, as the lines of a bill tell it. */
#include "tests/unit/server/money/owed.h"

#define EVENT(month_day, amount) AT(month_day, ",'amount':'" amount "'")

/* The line told 80: what lay within the bounds alone. */
static void a_percentage_tells_the_amounts_of_the_events_at_their_bounds_too(void **state)
{
    (void)state;
    assert_owed_line(MONTH ",'charges':[{'name':'p','kind':'percentage','rate':'1%','per':'month',"
                           "'event_min':'0.50','event_max':'50'}]",
                     EVENT("01-05", "10") "," EVENT("01-06", "80") "," EVENT("01-07", "10000"), "p",
                     "10090", "51.3");
}

static void free_amounts_and_events_are_told_as_counted(void **state)
{
    (void)state;
    assert_owed_line(MONTH ",'charges':[{'name':'p','kind':'percentage','rate':'1%','per':'month',"
                           "'free_amount':100,'free_events':5}]",
                     EVENT("01-05", "70") "," EVENT("01-06", "80"), "p", "150", "0.5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_percentage_tells_the_amounts_of_the_events_at_their_bounds_too),
        cmocka_unit_test(free_amounts_and_events_are_told_as_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/money/currency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_currency_has_the_places_of_its_minor_unit(void **state)
{
    static const struct {
        const char *code;
        unsigned places;
    } cases[] = {{"CNY", 2}, {"AED", 2}, {"ZWG", 2}, {"JPY", 0},
                 {"XPF", 0}, {"KWD", 3}, {"CLF", 4}, {"EUR", 2}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned places = 9;

        assert_true(currency_find(cases[i].code, &places));
        assert_int_equal(places, cases[i].places);
    }
}

/* Unknown codes passed for currencies with hundredths. */
static void what_is_no_currency_in_use_is_not_found(void **state)
{
    static const char *const codes[] = {"ZZZ", "XTS", "XAU", "cny", "", "CN", "CNY|AED", "DEM"};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        unsigned places = 9;

        assert_false(currency_find(codes[i], &places));
        assert_int_equal(places, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_currency_has_the_places_of_its_minor_unit),
        cmocka_unit_test(what_is_no_currency_in_use_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

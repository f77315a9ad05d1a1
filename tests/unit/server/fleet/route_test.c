#include "server/fleet/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void i13_a_route_across_a_border_is_not_allowed(void **state)
{
    (void)state;
    assert_true(route_is_allowed("cn", "cn"));
    assert_false(route_is_allowed("cn", "eu"));
    assert_false(route_is_allowed("cn", "cn-north"));
    assert_true(route_is_allowed("", "eu"));
    assert_true(route_is_allowed("cn", ""));
}

static void a_line_is_the_same_for_the_same_terms_and_another_for_others(void **state)
{
    char line[ROUTE_LINE_ID_SIZE];
    char other[ROUTE_LINE_ID_SIZE];

    (void)state;
    route_line_id("dahan", "big", "dahan-2026", 1, line);
    assert_int_equal(strlen(line), 32);
    route_line_id("dahan", "big", "dahan-2026", 1, other);
    assert_string_equal(line, other);
    route_line_id("dahan", "big", "dahan-2026", 2, other);
    assert_string_not_equal(line, other);
    route_line_id("dahanb", "ig", "dahan-2026", 1, other);
    assert_string_not_equal(line, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i13_a_route_across_a_border_is_not_allowed),
        cmocka_unit_test(a_line_is_the_same_for_the_same_terms_and_another_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

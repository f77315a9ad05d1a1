#include "server/fleet/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static bool may_use(const char *device_region, const char *vendor_region)
{
    return route_is_allowed(&(struct route_border){
        .device_region = device_region, .vendor_region = vendor_region, .filing = ""});
}

static void i13_a_route_across_a_border_is_not_allowed(void **state)
{
    (void)state;
    assert_true(may_use("cn", "cn"));
    assert_false(may_use("cn", "eu"));
    assert_false(may_use("cn", "cn-north"));
    assert_true(may_use("", "eu"));
    assert_true(may_use("cn", ""));
}

static void i13_a_border_that_the_operator_opened_lets_routes_through(void **state)
{
    struct route_border border = {
        .device_region = "cn", .vendor_region = "eu", .pair_is_open = true, .filing = ""};

    (void)state;
    assert_true(route_is_allowed(&border));
    border.filing_is_due = true;
    assert_false(route_is_allowed(&border));
}

static void i13_where_a_filing_is_due_a_model_without_one_answers_nobody(void **state)
{
    struct route_border border = {
        .device_region = "cn", .vendor_region = "cn", .filing_is_due = true, .filing = ""};

    (void)state;
    assert_false(route_is_allowed(&border));
    border.filing = "Shanghai-2026-0042";
    assert_true(route_is_allowed(&border));
    border.vendor_region = "";
    assert_true(route_is_allowed(&border));
    border.filing = "";
    assert_false(route_is_allowed(&border));
    border.vendor_region = "eu";
    border.filing = "Shanghai-2026-0042";
    assert_false(route_is_allowed(&border));
    border.device_region = "";
    assert_true(route_is_allowed(&border));
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
        cmocka_unit_test(i13_a_border_that_the_operator_opened_lets_routes_through),
        cmocka_unit_test(i13_where_a_filing_is_due_a_model_without_one_answers_nobody),
        cmocka_unit_test(a_line_is_the_same_for_the_same_terms_and_another_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

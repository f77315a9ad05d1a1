#include "agent/route_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

static const wire_Border nowhere = wire_Border_init_zero;

static wire_Route route_of(const char *region)
{
    wire_Route route = {.dialect = "openai", .base_url = "https://v.example/v1"};

    snprintf(route.region, sizeof route.region, "%s", region);
    return route;
}

static bool may(const char *region, const wire_Border *border, const char *regions)
{
    const wire_Route route = route_of(region);

    return route_check(&route, border, regions) == NULL;
}

static void i13_the_owners_list_narrows_what_the_border_lets_through(void **state)
{
    const wire_Border border = {.region = "cn", .open = "sg,hk"};

    (void)state;
    assert_true(may("cn", &border, "") && may("sg", &border, "") && may("hk", &border, ""));
    assert_false(may("hk", &border, "cn, sg"));
    assert_false(may("us", &border, "cn, us"));
    assert_true(may("us", &nowhere, "cn, us"));
    assert_false(may("", &nowhere, "cn"));
}

static void i13_a_region_is_listed_by_its_whole_name(void **state)
{
    const wire_Border border = {.region = "cn", .open = "sgp,eu-west"};

    (void)state;
    assert_false(may("sg", &border, ""));
    assert_false(may("eu", &border, ""));
    assert_false(may("west", &border, ""));
    assert_true(may("eu-west", &border, ""));
}

static void what_this_robot_cannot_speak_or_reach_is_told_by_its_cause(void **state)
{
    wire_Route route = route_of("");

    (void)state;
    assert_null(route_check(&route, &nowhere, ""));
    snprintf(route.base_url, sizeof route.base_url, "ftp://v.example");
    assert_string_equal(route_check(&route, &nowhere, ""), "its base URL is not http");
    snprintf(route.dialect, sizeof route.dialect, "morse");
    assert_string_equal(route_check(&route, &nowhere, ""), "this robot does not speak its dialect");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i13_the_owners_list_narrows_what_the_border_lets_through),
        cmocka_unit_test(i13_a_region_is_listed_by_its_whole_name),
        cmocka_unit_test(what_this_robot_cannot_speak_or_reach_is_told_by_its_cause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

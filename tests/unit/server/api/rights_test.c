#include "server/api/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "server/api/api.h"
#include "server/store/operators.h"

static enum route_role level(const char *rights, const char *area)
{
    return rights_level(rights, span_text(area));
}

static void an_area_is_the_first_word_of_a_path(void **state)
{
    (void)state;
    assert_true(span_equal_text(rights_area("/api/v1/devices/{id}/plan"), "devices"));
    assert_true(span_equal_text(rights_area("/api/v1/usage-imports"), "usage-imports"));
    assert_true(span_equal_text(rights_area("/api/v1/jobs/{id}"), "devices"));
    assert_int_equal(rights_area("/metrics").size, 0);
    assert_int_equal(rights_area("/*").size, 0);
}

static void what_a_role_does_not_name_is_denied(void **state)
{
    (void)state;
    assert_int_equal(level("devices=operator vendors=viewer", "devices"), ROUTE_OPERATOR);
    assert_int_equal(level("devices=operator vendors=viewer", "vendors"), ROUTE_VIEWER);
    assert_int_equal(level("devices=operator vendors=viewer", "contracts"), ROUTE_ANYONE);
    assert_int_equal(level("devices=operator", "device"), ROUTE_ANYONE);
    assert_int_equal(level("", "devices"), ROUTE_ANYONE);
    assert_int_equal(level("devices=nobody", "devices"), ROUTE_ANYONE);
    assert_int_equal(level("devices", "devices"), ROUTE_ANYONE);
}

static void who_gives_rights_is_no_own_role_even_when_a_row_says_so(void **state)
{
    static const char *const areas[] = {"operators", "roles", "api-keys"};

    (void)state;
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        char rights[64];

        snprintf(rights, sizeof rights, "%s=admin", areas[i]);
        assert_false(rights_is_area(span_text(areas[i])));
        assert_int_equal(level(rights, areas[i]), ROUTE_ANYONE);
    }
}

static void a_scope_names_areas_or_all_others_also_those_of_no_own_role(void **state)
{
    static const char scope[] = "usage=operator *=viewer";

    (void)state;
    assert_int_equal(rights_scope_level(scope, span_text("usage")), ROUTE_OPERATOR);
    assert_int_equal(rights_scope_level(scope, span_text("devices")), ROUTE_VIEWER);
    assert_int_equal(rights_scope_level(scope, span_text("operators")), ROUTE_VIEWER);
    assert_int_equal(rights_scope_level("usage=viewer", span_text("devices")), ROUTE_ANYONE);
    assert_int_equal(rights_scope_level("", span_text("devices")), ROUTE_ANYONE);
    assert_true(rights_is_in_scope(span_text("*")));
    assert_false(rights_is_area(span_text("*")));
    assert_int_equal(rights_level("*=admin", span_text("*")), ROUTE_ANYONE);
}

/* A route of a new area would be out of every own role's reach without anybody noticing. */
static void each_route_below_api_is_of_an_area_or_decidedly_of_none(void **state)
{
    static const char *const apart[] = {"login", "operators",    "roles",    "api-keys",
                                        "keys",  "openapi.yaml", "reference"};
    size_t tables;
    const struct route_table *const *table = api_routes(&tables);

    (void)state;
    for (size_t t = 0; t < tables; t++)
        for (size_t r = 0; r < table[t]->count; r++) {
            const struct span area = rights_area(table[t]->routes[r].pattern);
            bool known = area.size == 0 || rights_is_area(area) || rights_is_own_matter(area);

            for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
                known |= span_equal_text(area, apart[i]);
            if (!known)
                print_error("%s\n", table[t]->routes[r].pattern);
            assert_true(known);
        }
}

static void all_areas_at_the_longest_level_fit_an_identity(void **state)
{
    size_t count;
    const char *const *areas = rights_areas(&count);
    size_t size = 0;

    (void)state;
    for (size_t i = 0; i < count; i++)
        size += strlen(areas[i]) + sizeof "=operator ";
    assert_true(size < OPERATORS_RIGHTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_area_is_the_first_word_of_a_path),
        cmocka_unit_test(what_a_role_does_not_name_is_denied),
        cmocka_unit_test(who_gives_rights_is_no_own_role_even_when_a_row_says_so),
        cmocka_unit_test(a_scope_names_areas_or_all_others_also_those_of_no_own_role),
        cmocka_unit_test(each_route_below_api_is_of_an_area_or_decidedly_of_none),
        cmocka_unit_test(all_areas_at_the_longest_level_fit_an_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

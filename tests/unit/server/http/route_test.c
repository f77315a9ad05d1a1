#include "server/http/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static bool fits(const char *pattern, const char *path)
{
    struct route_param params[4];
    size_t count;

    return route_matches(pattern, path, params, 4, &count);
}

static void a_parameter_takes_one_whole_segment(void **state)
{
    struct route_param params[4];
    size_t count = 0;

    (void)state;
    assert_true(route_matches("/a/{id}/b/{other}", "/a/r1/b/x", params, 4, &count));
    assert_int_equal(count, 2);
    assert_true(span_equal_text(params[0].name, "id"));
    assert_true(span_equal_text(params[0].value, "r1"));
    assert_true(span_equal_text(params[1].name, "other"));
    assert_true(span_equal_text(params[1].value, "x"));
}

static void paths_fit_exactly_or_not_at_all(void **state)
{
    (void)state;
    assert_true(fits("/", "/"));
    assert_true(fits("/a/b", "/a/b"));
    assert_false(fits("/a/b", "/a"));
    assert_false(fits("/a/b", "/a/b/"));
    assert_false(fits("/a/b", "/a/b/c"));
    assert_false(fits("/a/b", "/a/bc"));
    assert_false(fits("/a/{id}", "/a/"));
    assert_false(fits("/a/{id}", "/a"));
    assert_false(fits("/a", "a"));
}

static void a_star_takes_the_rest_but_not_nothing(void **state)
{
    (void)state;
    assert_true(fits("/*", "/a"));
    assert_true(fits("/*", "/a/b.js"));
    assert_false(fits("/*", "/"));
}

static void more_parameters_than_there_is_room_for_do_not_fit(void **state)
{
    struct route_param params[1];
    size_t count = 7;

    (void)state;
    assert_false(route_matches("/{a}/{b}", "/1/2", params, 1, &count));
    assert_int_equal(count, 7);
}

static void every_role_but_nobody_is_read_by_its_name(void **state)
{
    enum route_role role = ROUTE_ANYONE;

    (void)state;
    for (int i = ROUTE_VIEWER; i <= ROUTE_ADMIN; i++) {
        const char *name = route_role_name((enum route_role)i);
        assert_int_equal(route_role_from_name(span_text(name), &role), STATUS_OK);
        assert_int_equal(role, i);
    }
    assert_int_equal(route_role_from_name(span_text("nobody"), &role), STATUS_NOT_FOUND);
    assert_int_equal(role, ROUTE_ADMIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parameter_takes_one_whole_segment),
        cmocka_unit_test(paths_fit_exactly_or_not_at_all),
        cmocka_unit_test(a_star_takes_the_rest_but_not_nothing),
        cmocka_unit_test(more_parameters_than_there_is_room_for_do_not_fit),
        cmocka_unit_test(every_role_but_nobody_is_read_by_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

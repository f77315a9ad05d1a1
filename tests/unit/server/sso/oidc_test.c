#include "server/sso/oidc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *role(struct arena *arena, const char *map, const char *group)
{
    const char *groups[] = {"lunch", group};
    const struct oidc_person person = {.groups = groups, .group_count = 2};

    return oidc_role(map, &person, arena);
}

static void the_first_group_of_the_map_that_fits_gives_the_role(void **state)
{
    struct arena *arena;

    (void)state;
    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    assert_string_equal(role(arena, "admins=admin,staff=operator", "staff"), "operator");
    assert_string_equal(role(arena, "admins=admin, staff=operator", "staff"), "operator");
    assert_string_equal(role(arena, "lunch=viewer,staff=operator", "staff"), "viewer");
    assert_null(role(arena, "admins=admin,staff=operator", "staf"));
    assert_null(role(arena, "admins=admin", "admin"));
    arena_free(arena);
}

static void a_map_that_is_written_otherwise_is_told_apart(void **state)
{
    static const char *const wrong[] = {"", "staff", "staff=", "=admin", "a=b,staff", "a=b,=c"};

    (void)state;
    assert_true(oidc_is_map("staff=operator"));
    assert_true(oidc_is_map("staff=operator, admins=admin,"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(oidc_is_map(wrong[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_group_of_the_map_that_fits_gives_the_role),
        cmocka_unit_test(a_map_that_is_written_otherwise_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

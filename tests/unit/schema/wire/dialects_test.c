#include "schema/wire/dialects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_fit_the_wire_and_stand_once(void **state)
{
    size_t count;
    const struct dialects_row *rows = dialects_table(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_in_range(strlen(rows[i].name), 1, 24); /* wire.Route.dialect */
        assert_ptr_equal(dialects_find(rows[i].name), &rows[i]);
        assert_true(strlen(rows[i].limit) > 0);
        assert_true(strlen(rows[i].key) > 0);
    }
    assert_null(dialects_find("klingon"));
    assert_null(dialects_find(""));
}

static void what_thinks_without_limit_is_not_bounded(void **state)
{
    (void)state;
    assert_int_equal(dialects_find("anthropic")->bound, DIALECTS_BOUND_ALL);
    assert_int_equal(dialects_find("qwen-think")->bound, DIALECTS_BOUND_TEXT);
    assert_int_equal(dialects_find("hunyuan")->bound, DIALECTS_BOUND_NONE);
    assert_true(dialects_bounds_output("anthropic"));
    assert_false(dialects_bounds_output("qwen-think"));
    assert_false(dialects_bounds_output("hunyuan"));
    assert_false(dialects_bounds_output("klingon"));
}

static void only_schemes_that_allow_it_are_minted(void **state)
{
    (void)state;
    assert_int_equal(dialects_find("glm")->mint, DIALECTS_MINT_GLM);
    /* its HTTP interface takes a bearer token and nothing signed */
    assert_int_equal(dialects_find("spark")->mint, DIALECTS_MINT_NONE);
    assert_non_null(strstr(dialects_find("spark")->key, "APIPassword"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fit_the_wire_and_stand_once),
        cmocka_unit_test(what_thinks_without_limit_is_not_bounded),
        cmocka_unit_test(only_schemes_that_allow_it_are_minted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/api/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_password_fits_its_hash_and_no_other_does(void **state)
{
    struct arena *arena;
    const char *hash;
    const char *again;

    (void)state;
    assert_int_equal(arena_create(&arena, 4096), STATUS_OK);
    assert_int_equal(password_hash("correct horse", arena, &hash), STATUS_OK);
    assert_int_equal(password_hash("correct horse", arena, &again), STATUS_OK);
    assert_int_equal(strncmp(hash, "$y$", 3), 0);
    assert_string_not_equal(hash, again);
    assert_true(password_fits("correct horse", hash));
    assert_true(password_fits("correct horse", again));
    assert_false(password_fits("correct hors", hash));
    assert_false(password_fits("", hash));
    arena_free(arena);
}

static void nobody_and_a_broken_hash_have_no_password(void **state)
{
    (void)state;
    assert_false(password_fits("anything", NULL));
    assert_false(password_fits("*0", "*0"));
    assert_false(password_fits("x", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_fits_its_hash_and_no_other_does),
        cmocka_unit_test(nobody_and_a_broken_hash_have_no_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static void what_is_guessed_first_is_no_password(void **state)
{
    static const char *const refused[] = {
        "short",      "password",    "Password1!", "PASSWORD2024", "12345678",
        "1234567890", "aaaaaaaa",    "abcdefgh",   "87654321",     "20240101",
        "qwertyui",   "anna-li2024", "anna-li!!",  "mynaadmin1",   "letmein123",
    };
    static const char *const taken[] = {
        "a password of the tests",
        "correct horse",
        "anna-li is not alone",
        "x7#kq29v",
        "三字经三字经",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (password_problem(refused[i], "anna-li") == NULL)
            fail_msg("\"%s\" is taken", refused[i]);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (password_problem(taken[i], "anna-li") != NULL)
            fail_msg("\"%s\" %s", taken[i], password_problem(taken[i], "anna-li"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_fits_its_hash_and_no_other_does),
        cmocka_unit_test(what_is_guessed_first_is_no_password),
        cmocka_unit_test(nobody_and_a_broken_hash_have_no_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

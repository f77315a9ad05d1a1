#include "agent/link/remember.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

static char path[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/myna-remember-XXXXXX");
    close(mkstemp(path));
    unlink(path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

static void what_was_saved_is_there_after_a_restart(void **state)
{
    struct remember saved, loaded;

    (void)state;
    assert_int_equal(remember_load(&saved, path), STATUS_OK);
    assert_int_equal(saved.session_number, 0);
    saved.session_number = UINT64_MAX - 1;
    saved.epoch = 3;
    saved.receipt_size = CRYPTO_HASH_SIZE;
    memset(saved.receipt, 0xab, CRYPTO_HASH_SIZE);
    assert_int_equal(remember_save(&saved), STATUS_OK);
    assert_int_equal(remember_load(&loaded, path), STATUS_OK);
    assert_true(loaded.session_number == UINT64_MAX - 1);
    assert_int_equal(loaded.epoch, 3);
    assert_int_equal(loaded.receipt_size, CRYPTO_HASH_SIZE);
    assert_memory_equal(loaded.receipt, saved.receipt, CRYPTO_HASH_SIZE);
}

static void a_robot_without_a_receipt_saves_that(void **state)
{
    struct remember saved, loaded;

    (void)state;
    assert_int_equal(remember_load(&saved, path), STATUS_OK);
    saved.session_number = 7;
    assert_int_equal(remember_save(&saved), STATUS_OK);
    assert_int_equal(remember_load(&loaded, path), STATUS_OK);
    assert_int_equal(loaded.session_number, 7);
    assert_int_equal(loaded.receipt_size, 0);
}

static void damage_is_told_and_leaves_zeros(void **state)
{
    static const char *const damaged[] = {"",       "x",     "1", "1 2", "1 4294967296 -",
                                          "1 2 zz", "-1 2 -"};
    struct remember loaded;

    (void)state;
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        assert_int_equal(file_replace(path, span_text(damaged[i]), 0600), STATUS_OK);
        assert_int_equal(remember_load(&loaded, path), STATUS_CORRUPT);
        assert_int_equal(loaded.session_number, 0);
        assert_int_equal(loaded.receipt_size, 0);
        assert_string_equal(loaded.path, path);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_saved_is_there_after_a_restart),
        TEST(a_robot_without_a_receipt_saves_that),
        TEST(damage_is_told_and_leaves_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

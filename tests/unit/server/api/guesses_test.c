#include "server/api/guesses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#define MINUTE_MS ((int64_t)60000)

static int make(void **state)
{
    struct guesses *guesses;

    if (guesses_create(&guesses) != STATUS_OK)
        return -1;
    *state = guesses;
    return 0;
}

static int drop(void **state)
{
    guesses_free(*state);
    return 0;
}

/* Whether a wrong password was looked at. */
static bool try_wrong(struct guesses *guesses, const char *name, const char *address,
                      int64_t now_ms)
{
    struct guess guess;

    if (guesses_try(guesses, &guess, name, address, now_ms) > 0)
        return false;
    guesses_wrong(guesses, &guess, now_ms);
    return true;
}

static void log_in(struct guesses *guesses, const char *name, const char *address)
{
    struct guess guess;

    assert_int_equal(guesses_try(guesses, &guess, name, address, 0), 0);
    guesses_right(guesses, &guess, 0);
}

static int count_numbered(struct guesses *guesses, const char *name, const char *address, int times)
{
    int looked_at = 0;

    for (int i = 0; i < times; i++) {
        char numbered_name[64];
        char numbered_address[64];

        snprintf(numbered_name, sizeof numbered_name, "%s%d", name, i);
        snprintf(numbered_address, sizeof numbered_address, "%s%d", address, i);
        looked_at += try_wrong(guesses, address[0] == '\0' ? numbered_name : name,
                               address[0] == '\0' ? "192.0.2.1" : numbered_address, 0);
    }
    return looked_at;
}

static void one_address_tries_many_names_only_so_often(void **state)
{
    assert_int_equal(count_numbered(*state, "name", "", 200), 50);
    assert_false(try_wrong(*state, "another", "192.0.2.1", 1));
    assert_true(try_wrong(*state, "another", "192.0.2.2", 1));
}

static void many_addresses_try_one_name_only_so_often_and_then_at_a_pace(void **state)
{
    assert_int_equal(count_numbered(*state, "anna", "203.0.113.", 120), 20);
    assert_false(try_wrong(*state, "anna", "192.0.2.1", 9999));
    assert_true(try_wrong(*state, "anna", "192.0.2.1", 10000));
    assert_false(try_wrong(*state, "anna", "192.0.2.2", 10001));
}

static void a_network_of_ipv6_is_one_address(void **state)
{
    int looked_at = 0;

    for (int i = 0; i < 100; i++) {
        char address[64];

        snprintf(address, sizeof address, "2001:db8:1:2::%x", (unsigned)i);
        looked_at += try_wrong(*state, "anna", address, 0);
    }
    assert_int_equal(looked_at, 10);
    assert_true(try_wrong(*state, "anna", "2001:db8:1:3::1", 0));
}

static void who_came_from_an_address_before_gets_in_while_others_guess(void **state)
{
    log_in(*state, "anna", "192.0.2.9");
    count_numbered(*state, "anna", "203.0.113.", 120);
    assert_false(try_wrong(*state, "anna", "192.0.2.1", 1));
    for (int i = 0; i < 10; i++)
        assert_true(try_wrong(*state, "anna", "192.0.2.9", 1));
    assert_false(try_wrong(*state, "anna", "192.0.2.9", 1));
    assert_true(try_wrong(*state, "anna", "192.0.2.9", 5 * MINUTE_MS + 1));
}

static void a_right_password_and_one_that_nobody_looked_at_use_no_tries(void **state)
{
    struct guess guess;

    for (int i = 0; i < 200; i++)
        log_in(*state, "anna", "192.0.2.1");
    for (int i = 0; i < 200; i++) {
        assert_int_equal(guesses_try(*state, &guess, "berta", "192.0.2.1", 0), 0);
        guesses_untried(*state, &guess);
    }
}

static void all_strangers_together_go_on_at_a_pace(void **state)
{
    int looked_at = 0;

    log_in(*state, "anna", "192.0.2.9");
    for (int i = 0; i < 1000; i++) {
        char name[32];
        char address[32];

        snprintf(name, sizeof name, "name%d", i);
        snprintf(address, sizeof address, "10.1.%d.%d", i / 200, i % 200);
        looked_at += try_wrong(*state, name, address, 0);
    }
    assert_int_equal(looked_at, 500);
    assert_false(try_wrong(*state, "x", "192.0.2.1", 999));
    assert_true(try_wrong(*state, "x", "192.0.2.1", 1000));
    assert_true(try_wrong(*state, "anna", "192.0.2.9", 1001));
}

static void the_widest_guessing_is_told(void **state)
{
    struct guess guess;

    assert_int_equal(guesses_try(*state, &guess, "anna", "192.0.2.1", 0), 0);
    assert_int_equal(guesses_wrong(*state, &guess, 0), GUESSES_FEW);
    for (int i = 1; i < 10; i++)
        assert_int_equal(guesses_try(*state, &guess, "anna", "192.0.2.1", 0), 0);
    assert_int_equal(guesses_wrong(*state, &guess, 0), GUESSES_AT_ONE);
    count_numbered(*state, "name", "", 40);
    assert_int_equal(guesses_wrong(*state, &guess, 0), GUESSES_FROM_ONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_address_tries_many_names_only_so_often),
        TEST(many_addresses_try_one_name_only_so_often_and_then_at_a_pace),
        TEST(a_network_of_ipv6_is_one_address),
        TEST(who_came_from_an_address_before_gets_in_while_others_guess),
        TEST(a_right_password_and_one_that_nobody_looked_at_use_no_tries),
        TEST(all_strangers_together_go_on_at_a_pace),
        TEST(the_widest_guessing_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/base/backoff.h"

/* The largest delay that the next try can get: random % (ceiling + 1) == ceiling. */
static int64_t largest(struct backoff backoff, int64_t ceiling_ms)
{
    return backoff_next(&backoff, (uint64_t)ceiling_ms);
}

static void the_ceiling_doubles_up_to_its_maximum(void **state)
{
    static const int64_t ceilings_ms[] = {5000, 10000, 20000, 40000, 60000, 60000};
    struct backoff backoff;

    (void)state;
    backoff_init(&backoff, 5000, 60000, 0);
    for (size_t i = 0; i < sizeof ceilings_ms / sizeof ceilings_ms[0]; i++) {
        assert_int_equal(largest(backoff, ceilings_ms[i]), ceilings_ms[i]);
        assert_int_equal(largest(backoff, ceilings_ms[i] + 1), 0);
        backoff_next(&backoff, 0);
    }
}

static void no_delay_is_below_the_floor(void **state)
{
    struct backoff backoff;

    (void)state;
    backoff_init(&backoff, 1000, 8000, 300);
    assert_int_equal(backoff_next(&backoff, 0), 300);
    assert_int_equal(backoff_next(&backoff, 299), 300);
    assert_int_equal(backoff_next(&backoff, 301), 301);
}

static void success_starts_over(void **state)
{
    struct backoff backoff;

    (void)state;
    backoff_init(&backoff, 1000, 8000, 0);
    for (int i = 0; i < 5; i++)
        backoff_next(&backoff, 7);
    assert_int_equal(backoff.attempts, 5);
    assert_int_equal(largest(backoff, 8000), 8000);
    backoff_reset(&backoff);
    assert_int_equal(largest(backoff, 1000), 1000);
    assert_int_equal(largest(backoff, 1001), 0);
}

static void a_huge_maximum_does_not_overflow(void **state)
{
    struct backoff backoff;

    (void)state;
    backoff_init(&backoff, 1, INT64_MAX, 0);
    for (int i = 0; i < 200; i++)
        assert_true(backoff_next(&backoff, UINT64_MAX) >= 0);
    assert_true(largest(backoff, INT64_MAX) == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ceiling_doubles_up_to_its_maximum),
        cmocka_unit_test(no_delay_is_below_the_floor),
        cmocka_unit_test(success_starts_over),
        cmocka_unit_test(a_huge_maximum_does_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/money/burn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static struct contract_credit credit(int64_t amount, int64_t first, int64_t end)
{
    return (struct contract_credit){.name = "c",
                                    .amount = fraction_of(amount),
                                    .price = FRACTION_ZERO,
                                    .roll_most = FRACTION_ZERO,
                                    .first = first,
                                    .end = end};
}

static struct burn *open_burn(const struct contract_credit *credits, size_t count)
{
    static const struct contract_credit *list[8];
    struct burn *burn = NULL;

    for (size_t i = 0; i < count; i++)
        list[i] = &credits[i];
    assert_int_equal(burn_create(&burn, list, count), STATUS_OK);
    return burn;
}

static void assert_takes(struct burn *burn, int64_t day, int64_t units, int64_t covered)
{
    struct fraction out;
    size_t recurring;

    assert_int_equal(burn_until(burn, day, NULL, NULL), STATUS_OK);
    assert_int_equal(burn_take(burn, day, fraction_of(units), NULL, NULL, &out, &recurring),
                     STATUS_OK);
    assert_int_equal(fraction_compare(out, fraction_of(covered)), 0);
}

static void assert_left(struct burn *burn, size_t at, int64_t left)
{
    struct fraction out[8];

    assert_int_equal(burn_left(burn, out), STATUS_OK);
    assert_int_equal(fraction_compare(out[at], fraction_of(left)), 0);
}

static void grants_burn_by_priority_then_expiry_then_place(void **state)
{
    struct contract_credit credits[] = {credit(100, 0, 30), credit(100, 0, 30)};
    struct burn *burn;

    (void)state;
    credits[0].priority = 2;
    credits[1].priority = 1;
    burn = open_burn(credits, 2);
    assert_takes(burn, 0, 120, 120);
    assert_left(burn, 1, 0);
    assert_left(burn, 0, 80);
    burn_free(burn);
    credits[0].priority = 1;
    credits[1].end = 20;
    burn = open_burn(credits, 2);
    assert_takes(burn, 0, 120, 120);
    assert_left(burn, 1, 0);
    assert_left(burn, 0, 80);
    burn_free(burn);
    credits[1].end = 30;
    burn = open_burn(credits, 2);
    assert_takes(burn, 0, 120, 120);
    assert_left(burn, 0, 0);
    assert_left(burn, 1, 80);
    burn_free(burn);
}

static void what_is_left_at_the_end_is_lost(void **state)
{
    struct contract_credit credits[] = {credit(100, 5, 10)};
    struct burn *burn = open_burn(credits, 1);

    (void)state;
    assert_takes(burn, 4, 10, 0);
    assert_takes(burn, 5, 10, 10);
    assert_takes(burn, 9, 10, 10);
    assert_takes(burn, 10, 10, 0);
    burn_free(burn);
}

static void what_exceeds_a_recurring_grant_may_burn_from_the_next(void **state)
{
    struct contract_credit credits[] = {credit(100, 0, 30)};
    struct burn *burn;

    (void)state;
    credits[0].recurs = true;
    credits[0].rule.per = PERIOD_DAY;
    burn = open_burn(credits, 1);
    assert_takes(burn, 0, 120, 100);
    assert_takes(burn, 1, 0, 0);
    assert_left(burn, 0, 100);
    burn_free(burn);
    credits[0].overage_recurs = true;
    burn = open_burn(credits, 1);
    assert_takes(burn, 0, 120, 100);
    assert_takes(burn, 1, 0, 0);
    assert_left(burn, 0, 80);
    burn_free(burn);
}

static void what_is_left_rolls_over_up_to_its_limit_and_for_so_many_periods(void **state)
{
    struct contract_credit credits[] = {credit(1000, 0, 300)};
    struct burn *burn;

    (void)state;
    credits[0].recurs = credits[0].rolls_over = true;
    credits[0].rule.per = PERIOD_DAY;
    credits[0].roll_periods = 1;
    burn = open_burn(credits, 1);
    assert_takes(burn, 0, 800, 800);
    assert_takes(burn, 1, 0, 0);
    assert_left(burn, 0, 1200);
    assert_takes(burn, 2, 0, 0);
    assert_left(burn, 0, 2000); /* the 200 are lost, 1000 rolled */
    burn_free(burn);
    credits[0].has_roll_most = true;
    credits[0].roll_most = fraction_of(50);
    burn = open_burn(credits, 1);
    assert_takes(burn, 0, 800, 800);
    assert_takes(burn, 1, 0, 0);
    assert_left(burn, 0, 1050);
    burn_free(burn);
}

static bool only_second(void *context, size_t at)
{
    (void)context;
    return at == 1;
}

static void a_credit_that_may_not_pay_is_left_alone(void **state)
{
    struct contract_credit credits[] = {credit(100, 0, 30), credit(100, 0, 30)};
    struct burn *burn = open_burn(credits, 2);
    struct fraction covered;
    size_t recurring;

    (void)state;
    assert_int_equal(burn_until(burn, 0, NULL, NULL), STATUS_OK);
    assert_int_equal(burn_take(burn, 0, fraction_of(120), only_second, NULL, &covered, &recurring),
                     STATUS_OK);
    assert_int_equal(fraction_compare(covered, fraction_of(100)), 0);
    assert_left(burn, 0, 100);
    assert_left(burn, 1, 0);
    burn_free(burn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants_burn_by_priority_then_expiry_then_place),
        cmocka_unit_test(what_is_left_at_the_end_is_lost),
        cmocka_unit_test(what_exceeds_a_recurring_grant_may_burn_from_the_next),
        cmocka_unit_test(what_is_left_rolls_over_up_to_its_limit_and_for_so_many_periods),
        cmocka_unit_test(a_credit_that_may_not_pay_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

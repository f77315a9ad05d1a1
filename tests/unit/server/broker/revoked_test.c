#include "server/broker/revoked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int make(void **state)
{
    return revoked_create((struct revoked **)state) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    revoked_free(*state);
    return 0;
}

static void ids_are_found_in_whatever_order_they_came(void **state)
{
    struct revoked *revoked = *state;

    assert_int_equal(revoked_take(revoked, span_text("1 1\nzeta\nalpha\nmid-1")), STATUS_OK);
    assert_int_equal(revoked_count(revoked), 3);
    assert_true(revoked_has(revoked, "alpha"));
    assert_true(revoked_has(revoked, "mid-1"));
    assert_true(revoked_has(revoked, "zeta"));
    assert_false(revoked_has(revoked, "mid"));
    assert_false(revoked_has(revoked, NULL));
}

static void a_new_list_replaces_the_old_one_whole(void **state)
{
    struct revoked *revoked = *state;

    assert_int_equal(revoked_take(revoked, span_text("1 1\na\nb\n")), STATUS_OK);
    assert_int_equal(revoked_take(revoked, span_text("1 1\nc\n\n")), STATUS_OK);
    assert_int_equal(revoked_count(revoked), 1);
    assert_false(revoked_has(revoked, "a"));
    assert_int_equal(revoked_take(revoked, span_text("1 1\n")), STATUS_OK);
    assert_int_equal(revoked_count(revoked), 0);
}

static void a_list_that_is_not_valid_leaves_the_old_one(void **state)
{
    struct revoked *revoked = *state;
    char long_id[80];

    assert_int_equal(revoked_take(revoked, span_text("1 1\na")), STATUS_OK);
    assert_int_equal(revoked_take(revoked, span_text("1 1\nb\nNot A Slug")), STATUS_INVALID);
    memset(long_id, 'x', sizeof long_id);
    memcpy(long_id, "1 1\n", 4);
    assert_int_equal(revoked_take(revoked, span_of(long_id, sizeof long_id)), STATUS_INVALID);
    assert_true(revoked_has(revoked, "a"));
    assert_false(revoked_has(revoked, "b"));
}

static void a_list_in_parts_counts_once_its_last_part_came(void **state)
{
    struct revoked *revoked = *state;

    assert_int_equal(revoked_take(revoked, span_text("1 1\nold")), STATUS_OK);
    assert_int_equal(revoked_take(revoked, span_text("1 2\nb\na")), STATUS_OK);
    assert_true(revoked_has(revoked, "old"));
    assert_int_equal(revoked_take(revoked, span_text("2 2\nc")), STATUS_OK);
    assert_int_equal(revoked_count(revoked), 3);
    assert_true(revoked_has(revoked, "a"));
    assert_true(revoked_has(revoked, "c"));
    assert_false(revoked_has(revoked, "old"));
}

static void a_part_out_of_order_or_without_its_place_is_refused(void **state)
{
    struct revoked *revoked = *state;

    assert_int_equal(revoked_take(revoked, span_text("1 1\nold")), STATUS_OK);
    assert_int_equal(revoked_take(revoked, span_text("2 2\na")), STATUS_INVALID);
    assert_int_equal(revoked_take(revoked, span_text("a\nb")), STATUS_INVALID);
    assert_int_equal(revoked_take(revoked, span_text("")), STATUS_INVALID);
    assert_true(revoked_has(revoked, "old"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_found_in_whatever_order_they_came, make, drop),
        cmocka_unit_test_setup_teardown(a_new_list_replaces_the_old_one_whole, make, drop),
        cmocka_unit_test_setup_teardown(a_list_in_parts_counts_once_its_last_part_came, make, drop),
        cmocka_unit_test_setup_teardown(a_part_out_of_order_or_without_its_place_is_refused, make,
                                        drop),
        cmocka_unit_test_setup_teardown(a_list_that_is_not_valid_leaves_the_old_one, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/jobs/rollout_approval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    return arena_create(&arena, 1u << 20) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct decimal money(const char *text)
{
    struct decimal amount;

    assert_int_equal(decimal_parse(span_text(text), &amount), STATUS_OK);
    return amount;
}

/* What is told of a rollout that was approved with figures and costs that much now. */
static const char *told(const char *figures, int64_t robots, const char *amount,
                        const char *unknown)
{
    const struct preflight_more more = {"CNY", 2, amount ? money(amount) : (struct decimal){0}};
    const struct preflight cost = {.more = &more, .more_count = amount != NULL, .unknown = unknown};
    const struct rollout_approval now = {robots, &cost};
    const struct rollout_steps_row row = {.approved = span_text(figures), .approver = "anna"};
    const char *why = "";

    assert_int_equal(rollout_approval_outgrown(arena, &row, &now, &why), STATUS_OK);
    return why;
}

#define AGREED                                                                                     \
    "{\"robots\":12,\"costs\":[{\"currency\":\"CNY\",\"amount\":\"3004.00\"}],\"unknown\":null}"

static void figures_are_kept_as_they_are_read_again(void **state)
{
    const struct preflight_more more[] = {{"CNY", 2, money("3004.004")}, {"EUR", 2, money("-7")}};
    const struct preflight cost = {.more = more, .more_count = 2, .unknown = "c"};
    const struct rollout_approval now = {12, &cost};
    struct rollout_steps_row row = {.approver = "anna"};
    const char *why = "";

    (void)state;
    assert_int_equal(rollout_approval_write(arena, &now, &row.approved), STATUS_OK);
    assert_string_equal(arena_text(arena, row.approved),
                        "{\"robots\":12,\"costs\":[{\"currency\":\"CNY\",\"amount\":\"3004.00\"},"
                        "{\"currency\":\"EUR\",\"amount\":\"-7.00\"}],\"unknown\":\"c\"}");
    assert_int_equal(rollout_approval_outgrown(arena, &row, &now, &why), STATUS_OK);
    assert_null(why);
}

static void one_robot_more_is_more(void **state)
{
    (void)state;
    assert_null(told(AGREED, 12, "3004.00", NULL));
    assert_null(told(AGREED, 3, "3004.00", NULL));
    assert_string_equal(told(AGREED, 13, "3004.00", NULL),
                        "anna approved it for 12 robots, and it reaches 13 by now: another operator"
                        " must approve it again");
}

static void a_hundredth_more_money_is_as_much_and_what_is_above_that_is_more(void **state)
{
    (void)state;
    assert_null(told(AGREED, 12, "3034.04", NULL));
    assert_string_equal(told(AGREED, 12, "3034.05", NULL),
                        "anna approved it at 3004.00 CNY more until its terms end, and it costs "
                        "3034.05 CNY more by now: another operator must approve it again");
    /* of next to nothing a hundredth would be any change */
    assert_null(told("{\"robots\":12,\"costs\":[],\"unknown\":null}", 12, "1.00", NULL));
    assert_non_null(told("{\"robots\":12,\"costs\":[],\"unknown\":null}", 12, "1.01", NULL));
}

static void so_many_robots_are_approved_and_none_before_anybody_agreed(void **state)
{
    const struct rollout_steps_row approved = {.approved = span_text(AGREED)};
    const struct rollout_steps_row draft = {.approved = {0}};
    int64_t robots = -1;

    (void)state;
    assert_int_equal(rollout_approval_robots(&approved, &robots), STATUS_OK);
    assert_int_equal(robots, 12);
    assert_int_equal(rollout_approval_robots(&draft, &robots), STATUS_OK);
    assert_int_equal(robots, 0);
}

static void a_cost_that_was_known_and_is_not_any_more_is_more(void **state)
{
    (void)state;
    assert_string_equal(told(AGREED, 12, NULL, "new"),
                        "when anna approved it, it could be told what it costs under \"new\", and "
                        "now it cannot: another operator must approve it again");
    assert_null(told("{\"robots\":12,\"costs\":[],\"unknown\":\"new\"}", 12, NULL, "new"));
}

static void of_what_was_approved_before_costs_were_kept_robots_are_compared(void **state)
{
    static const char old[] = "{\"robots\":12,\"costs\":null,\"unknown\":null}";

    (void)state;
    assert_null(told(old, 12, "9999.00", "new"));
    assert_non_null(told(old, 13, "9999.00", "new"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_kept_as_they_are_read_again),
        cmocka_unit_test(one_robot_more_is_more),
        cmocka_unit_test(a_hundredth_more_money_is_as_much_and_what_is_above_that_is_more),
        cmocka_unit_test(so_many_robots_are_approved_and_none_before_anybody_agreed),
        cmocka_unit_test(a_cost_that_was_known_and_is_not_any_more_is_more),
        cmocka_unit_test(of_what_was_approved_before_costs_were_kept_robots_are_compared),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "server/jobs/enforce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct made {
    struct thresholds_action actions[ENFORCE_ACTIONS];
    size_t count;
};

static int set_up(void **state)
{
    return arena_create((struct arena **)state, 1 << 20) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static struct made translate(struct arena *arena, bool shadow, struct contract_action action)
{
    struct contract_threshold rule = {.action_count = 2, .shadow = shadow};
    struct made made;

    rule.actions[1] = action; /* after the alert, which holds nobody */
    made.count = enforce_translate(&rule, "{}", arena, made.actions);
    return made;
}

static void throttling_is_a_mode_and_what_is_less(void **state)
{
    const struct made made = translate(*state, false,
                                       (struct contract_action){.kind = CONTRACT_THROTTLE,
                                                                .turns_per_minute = 2,
                                                                .max_output_tokens = 5,
                                                                .model = "small"});

    assert_int_equal(made.count, 4);
    assert_string_equal(made.actions[0].name, "limit_mode");
    assert_string_equal(made.actions[0].value, "\"throttled\"");
    assert_string_equal(made.actions[1].name, "turns_per_minute");
    assert_string_equal(made.actions[1].value, "2");
    assert_string_equal(made.actions[2].name, "max_output_tokens");
    assert_string_equal(made.actions[2].value, "16"); /* the least that the setting may be */
    assert_string_equal(made.actions[3].match, "{}");
    assert_string_equal(made.actions[3].model, "small");
}

static void fewer_turns_are_stricter(void **state)
{
    struct contract_action action = {.kind = CONTRACT_THROTTLE, .turns_per_minute = 5};
    const struct made five = translate(*state, false, action);

    action.turns_per_minute = 2;
    assert_true(translate(*state, false, action).actions[1].strictness >
                five.actions[1].strictness);
}

static void blocking_is_stricter_than_a_canned_answer_and_that_than_falling_back(void **state)
{
    const struct made back = translate(
        *state, false, (struct contract_action){.kind = CONTRACT_FALL_BACK, .contract = "other"});
    const struct made canned =
        translate(*state, false, (struct contract_action){.kind = CONTRACT_CANNED});
    const struct made block =
        translate(*state, false, (struct contract_action){.kind = CONTRACT_BLOCK});

    assert_string_equal(back.actions[1].fall_back_to, "other");
    assert_true(back.actions[0].strictness < canned.actions[0].strictness);
    assert_true(canned.actions[0].strictness < block.actions[0].strictness);
}

static void a_shadow_holds_nobody(void **state)
{
    assert_int_equal(
        translate(*state, true, (struct contract_action){.kind = CONTRACT_BLOCK}).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(throttling_is_a_mode_and_what_is_less, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fewer_turns_are_stricter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            blocking_is_stricter_than_a_canned_answer_and_that_than_falling_back, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_shadow_holds_nobody, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

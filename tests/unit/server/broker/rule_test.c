#include "server/broker/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void a_robot_hears_its_own_down_topics(void **state)
{
    (void)state;
    assert_true(rule_may_subscribe("robot-1", "myna/1/d/robot-1/down/#"));
    assert_true(rule_may_subscribe("robot-1", "myna/1/d/robot-1/down/config"));
}

static void a_robot_hears_nothing_else(void **state)
{
    static const char *const topics[] = {
        "#",
        "+/#",
        "myna/#",
        "myna/1/d/+/down/#",
        "myna/1/d/robot-2/down/#",
        "myna/1/d/robot-1/#",
        "myna/1/d/robot-1/up/#",
        "myna/1/d/robot-1/down/+",
        "myna/1/d/robot-1/down",
        "myna/1/d/robot-11/down/#",
        "$share/a/myna/1/d/robot-1/down/#",
        "$share/0123456789abcdef/myna/1/d/+/up/#",
        "$SYS/#",
        "$CONTROL/myna/v1",
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (rule_may_subscribe("robot-1", topics[i]))
            fail_msg("a robot may subscribe to \"%s\"", topics[i]);
}

static void a_server_hears_all_robots_alone_or_shared(void **state)
{
    (void)state;
    assert_true(rule_may_subscribe("Mynad_1", "$share/0123456789abcdef/myna/1/d/+/up/#"));
    assert_true(rule_may_subscribe("Mynad_9", "myna/1/d/+/down/#"));
    assert_false(rule_may_subscribe("Mynad_1", "#"));
    assert_false(rule_may_subscribe("Mynad_1", "$share/x"));
    assert_false(rule_may_subscribe("Mynad_1", "$share/x/#"));
}

static void a_name_that_only_begins_like_a_server_is_none(void **state)
{
    static const char *const names[] = {"Mynad_", "Mynad_0", "Mynad_10", "Mynad", "mynad_1", ""};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_false(rule_is_server(names[i]));
        assert_false(rule_may_subscribe(names[i], "myna/1/d/+/up/#"));
    }
    assert_false(rule_may_subscribe(NULL, "myna/1/d/a/down/#"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_robot_hears_its_own_down_topics),
        cmocka_unit_test(a_robot_hears_nothing_else),
        cmocka_unit_test(a_server_hears_all_robots_alone_or_shared),
        cmocka_unit_test(a_name_that_only_begins_like_a_server_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

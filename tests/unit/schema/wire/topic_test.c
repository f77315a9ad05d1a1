#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/wire/topic.h"

static void each_kind_has_a_name_and_a_direction(void **state)
{
    (void)state;
    assert_string_equal(topic_kind_name(TOPIC_HELLO), "hello");
    assert_string_equal(topic_kind_name(TOPIC_COMMAND), "command");
    assert_null(topic_kind_name((enum topic_kind)0));
    assert_null(topic_kind_name((enum topic_kind)6));
    assert_true(topic_kind_is_up(TOPIC_PRESENCE));
    assert_false(topic_kind_is_up(TOPIC_STATE));
    assert_false(topic_kind_is_up((enum topic_kind)99));
}

static void topics_and_filters_have_their_form(void **state)
{
    char topic[TOPIC_SIZE];

    (void)state;
    topic_make(topic, "robot-1", TOPIC_USAGE);
    assert_string_equal(topic, "myna/1/d/robot-1/up/usage");
    topic_make(topic, "robot-1", TOPIC_CONFIG);
    assert_string_equal(topic, "myna/1/d/robot-1/down/config");
    topic_make_down_filter(topic, "robot-1");
    assert_string_equal(topic, "myna/1/d/robot-1/down/#");
    topic_make_shared_filter(topic, "0123456789abcdef0123456789abcdef");
    assert_string_equal(topic, "$share/0123456789abcdef0123456789abcdef/myna/1/d/+/up/#");
}

static void the_longest_device_name_fits(void **state)
{
    char name[LIMIT_SLUG + 1], topic[TOPIC_SIZE], parsed[LIMIT_SLUG + 1];
    enum topic_kind kind;

    (void)state;
    memset(name, 'z', LIMIT_SLUG);
    name[LIMIT_SLUG] = 0;
    topic_make(topic, name, TOPIC_PRESENCE);
    assert_int_equal(topic_parse(span_text(topic), parsed, &kind), STATUS_OK);
    assert_string_equal(parsed, name);
    assert_int_equal(kind, TOPIC_PRESENCE);
}

static void slugs_are_short_lower_case_and_plain(void **state)
{
    (void)state;
    assert_true(topic_is_slug(span_text("a")));
    assert_true(topic_is_slug(span_text("robot-0001")));
    assert_true(topic_is_slug(span_text("012345678901234567890123456789012345678901234567")));
    assert_false(topic_is_slug(span_text("0123456789012345678901234567890123456789012345678")));
    assert_false(topic_is_slug(span_text("")));
    assert_false(topic_is_slug(span_text("Robot")));
    assert_false(topic_is_slug(span_text("a_b")));
    assert_false(topic_is_slug(span_text("a/b")));
    assert_false(topic_is_slug(span_of("a\0b", 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_a_name_and_a_direction),
        cmocka_unit_test(topics_and_filters_have_their_form),
        cmocka_unit_test(the_longest_device_name_fits),
        cmocka_unit_test(slugs_are_short_lower_case_and_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

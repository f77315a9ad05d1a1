#include "agent/label.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct label_parts a_robot(void)
{
    return (struct label_parts){.device_id = "myna-1", .limit = "", .wake_phrase = "", .mark = ""};
}

static void assert_label(const struct label_parts *parts, const char *expected)
{
    char out[128];

    label_write(parts, out, sizeof out);
    assert_string_equal(out, expected);
}

static void a_robot_that_is_well_shows_its_name_alone(void **state)
{
    struct label_parts parts = a_robot();

    (void)state;
    assert_label(&parts, "myna-1");
    parts.mark = "kitchen";
    assert_label(&parts, "myna-1 · kitchen");
}

static void in_trouble_its_code_comes_first(void **state)
{
    struct label_parts parts = a_robot();

    (void)state;
    parts.trouble = TROUBLE_CREDIT;
    parts.limit = "resting";
    parts.wake_phrase = "hey myna";
    parts.mark = "kitchen";
    assert_label(&parts, "myna-1 · M31 · resting · say \"hey myna\" · kitchen");
}

static void of_the_microphone_the_most_urgent_is_said(void **state)
{
    struct label_parts parts = a_robot();

    (void)state;
    parts.wake_phrase = "hey myna";
    parts.needs_button = true;
    assert_label(&parts, "myna-1 · press to talk");
    parts.is_muted = true;
    assert_label(&parts, "myna-1 · ear muted");
    parts.chinese = true;
    assert_label(&parts, "myna-1 · 已静音");
}

static void what_does_not_fit_is_cut(void **state)
{
    struct label_parts parts = a_robot();
    char out[12];

    (void)state;
    parts.trouble = TROUBLE_CREDIT;
    parts.mark = "a long mark of the shop's";
    label_write(&parts, out, sizeof out);
    assert_true(strlen(out) < sizeof out);
    assert_memory_equal(out, "myna-1", 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_robot_that_is_well_shows_its_name_alone),
        cmocka_unit_test(in_trouble_its_code_comes_first),
        cmocka_unit_test(of_the_microphone_the_most_urgent_is_said),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

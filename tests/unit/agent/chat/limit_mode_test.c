#include "agent/chat/limit_mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agent/voice/speaker.h"
#include "schema/wire/setting.h"

static void every_choice_of_the_setting_is_a_mode_and_no_other_word_is(void **state)
{
    const struct setting_spec *spec = setting_find(span_text("limit_mode"));
    char choices[LIMIT_SLUG * 2];
    int next = LIMIT_MODE_NONE;

    (void)state;
    assert_non_null(spec);
    assert_true(snprintf(choices, sizeof choices, "%s", spec->choices) < (int)sizeof choices);
    for (char *name = choices, *end; name; name = end, next++) {
        end = strchr(name, '|');
        if (end)
            *end++ = 0;
        assert_int_equal(limit_mode_from_name(name), next);
    }
    assert_int_equal(next, LIMIT_MODE_BLOCKED + 1);
    assert_int_equal(limit_mode_from_name("block"), LIMIT_MODE_NONE);
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static void every_mode_but_none_is_shown_and_said_in_both_languages(void **state)
{
    (void)state;
    for (enum limit_mode mode = LIMIT_MODE_THROTTLED; mode <= LIMIT_MODE_BLOCKED; mode++) {
        assert_true(limit_mode_label(mode, false)[0] && is_ascii(limit_mode_label(mode, false)));
        assert_true(limit_mode_words(mode, false)[0] && is_ascii(limit_mode_words(mode, false)));
        assert_false(is_ascii(limit_mode_label(mode, true)));
        assert_false(is_ascii(limit_mode_words(mode, true)));
        assert_true(strlen(limit_mode_words(mode, false)) <= SPEAKER_MAX_CLAUSE_BYTES);
        assert_true(strlen(limit_mode_words(mode, true)) <= SPEAKER_MAX_CLAUSE_BYTES);
    }
    assert_string_equal(limit_mode_label(LIMIT_MODE_NONE, true), "");
    assert_string_equal(limit_mode_words(LIMIT_MODE_NONE, false), "");
}

static void canned_and_blocked_ask_no_vendor(void **state)
{
    (void)state;
    assert_true(limit_mode_allows_asking(LIMIT_MODE_NONE));
    assert_true(limit_mode_allows_asking(LIMIT_MODE_THROTTLED));
    assert_true(limit_mode_allows_asking(LIMIT_MODE_FALLBACK));
    assert_false(limit_mode_allows_asking(LIMIT_MODE_CANNED));
    assert_false(limit_mode_allows_asking(LIMIT_MODE_BLOCKED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_choice_of_the_setting_is_a_mode_and_no_other_word_is),
        cmocka_unit_test(every_mode_but_none_is_shown_and_said_in_both_languages),
        cmocka_unit_test(canned_and_blocked_ask_no_vendor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

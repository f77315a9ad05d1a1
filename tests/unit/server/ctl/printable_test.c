#include "server/ctl/printable.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void is_shown(const char *json, const char *wanted)
{
    struct json *parsed;

    assert_int_equal(printable_parse(span_text(json), &parsed, NULL), STATUS_OK);
    assert_string_equal(json_text(json_member(parsed, "n"), "?"), wanted);
    json_free(parsed);
}

static void what_a_terminal_would_obey_becomes_visible(void **state)
{
    (void)state;
    is_shown("{\"n\":\"\\u001b]0;pwned\\u0007\"}", "␛]0;pwned␇");
    is_shown("{\"n\":\"\\u001B[2J\\b\\f\"}", "␛[2J␈␌");
    is_shown("{\"n\":\"good\\rbad \x7f\"}", "good␍bad ␡");
    is_shown("{\"n\":\"\xc2\x9b"
             "2J \\u009b2J\"}",
             "\ufffd2J \ufffd2J");
}

static void all_else_stays_as_it_is(void **state)
{
    (void)state;
    is_shown("{\"n\":\"安娜 \\u00e9 é \\ud83e\\udd9c ©\"}", "安娜 é é 🦜 ©");
    is_shown("{\"n\":\"two\\r\\nlines\\n\\tand a blank\"}", "two\r\nlines\n\tand a blank");
    is_shown("{\"n\":\"\\\\u001b is \\\\\\\\b, \\\"quoted\\\" \\/\"}",
             "\\u001b is \\\\b, \"quoted\" /");
}

static void what_is_no_json_is_refused_as_before(void **state)
{
    static const char *const texts[] = {"", "{\"n\":\"\\", "{\"n\":\"\\u00", "{\"n\":\"\xc2", "\\"};
    struct json *parsed;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_not_equal(printable_parse(span_text(texts[i]), &parsed, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_becomes_visible),
        cmocka_unit_test(all_else_stays_as_it_is),
        cmocka_unit_test(what_is_no_json_is_refused_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/base/span.h"

static void spans_are_equal_by_content_and_not_by_place(void **state)
{
    (void)state;
    assert_true(span_equal(span_text("myna"), span_of("myna bird", 4)));
    assert_false(span_equal(span_text("myna"), span_text("mynah")));
    assert_false(span_equal(span_text("myna"), span_text("mynb")));
    assert_true(span_equal(span_text(NULL), span_text("")));
    assert_true(span_equal_text(span_of("abc", 2), "ab"));
}

static void a_prefix_longer_than_the_span_is_no_prefix(void **state)
{
    (void)state;
    assert_true(span_starts_with(span_text("DNS:a"), "DNS:"));
    assert_true(span_starts_with(span_text("DNS:"), "DNS:"));
    assert_false(span_starts_with(span_text("DNS"), "DNS:"));
    assert_true(span_starts_with(span_text(""), ""));
}

static void secrets_compare_like_other_bytes(void **state)
{
    (void)state;
    assert_true(span_equal_secret(span_text("secret"), span_text("secret")));
    assert_false(span_equal_secret(span_text("secret"), span_text("secreT")));
    assert_false(span_equal_secret(span_text("xecret"), span_text("secret")));
    assert_false(span_equal_secret(span_text("secret"), span_text("secrets")));
}

static void text_that_does_not_fit_with_its_nul_is_refused(void **state)
{
    char out[5] = "old";

    (void)state;
    assert_int_equal(span_to_text(span_text("12345"), out, sizeof out), STATUS_FULL);
    assert_string_equal(out, "old");
    assert_int_equal(span_to_text(span_text("1234"), out, sizeof out), STATUS_OK);
    assert_string_equal(out, "1234");
    assert_int_equal(span_to_text(span_text(""), out, sizeof out), STATUS_OK);
    assert_string_equal(out, "");
}

static void text_with_a_nul_inside_is_refused(void **state)
{
    char out[8] = "old";

    (void)state;
    assert_int_equal(span_to_text(span_of("a\0b", 3), out, sizeof out), STATUS_INVALID);
    assert_string_equal(out, "old");
}

static void numbers_are_read_up_to_their_limits_and_no_further(void **state)
{
    int64_t number = 0;
    uint64_t natural = 0;

    (void)state;
    assert_int_equal(span_to_int64(span_text("-9223372036854775808"), &number), STATUS_OK);
    assert_true(number == INT64_MIN);
    assert_int_equal(span_to_int64(span_text("9223372036854775807"), &number), STATUS_OK);
    assert_true(number == INT64_MAX);
    assert_int_equal(span_to_int64(span_text("-0"), &number), STATUS_OK);
    assert_true(number == 0);
    assert_int_equal(span_to_uint64(span_text("18446744073709551615"), &natural), STATUS_OK);
    assert_true(natural == UINT64_MAX);

    assert_int_equal(span_to_int64(span_text("9223372036854775808"), &number), STATUS_INVALID);
    assert_int_equal(span_to_int64(span_text("-9223372036854775809"), &number), STATUS_INVALID);
    assert_int_equal(span_to_uint64(span_text("18446744073709551616"), &natural), STATUS_INVALID);
    assert_true(number == 0 && natural == UINT64_MAX);
}

static void what_is_not_wholly_a_number_is_refused(void **state)
{
    static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1a", "0x10", "--1", "1.0"};
    int64_t number;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(span_to_int64(span_text(bad[i]), &number), STATUS_INVALID);
}

static void well_formed_utf8_is_told_from_the_rest(void **state)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "\xc3\xa9",
                                       "\xe4\xbd\xa0\xe5\xa5\xbd",
                                       "\xed\x9f\xbf",
                                       "\xf0\x9f\x90\xa6",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {
        "\x80",             /* no first byte */
        "\xc0\x80",         /* overlong NUL */
        "\xc1\xbf",         /* overlong */
        "\xe0\x9f\xbf",     /* overlong */
        "\xf0\x8f\xbf\xbf", /* overlong */
        "\xed\xa0\x80",     /* surrogate */
        "\xf4\x90\x80\x80", /* beyond U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xc3",
        "\xe4\xbd",
        "\xf0\x9f\x90",
        "\xe4\xbd\x41",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(span_is_utf8(span_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(span_is_utf8(span_text(bad[i])));
}

static void a_choice_is_a_whole_word_of_the_list(void **state)
{
    (void)state;
    assert_true(span_is_choice(span_text("auto"), "auto|en|zh"));
    assert_true(span_is_choice(span_text("zh"), "auto|en|zh"));
    assert_false(span_is_choice(span_text("z"), "auto|en|zh"));
    assert_false(span_is_choice(span_text("en|zh"), "auto|en|zh"));
    assert_false(span_is_choice(span_text(""), "auto|en|zh"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_are_equal_by_content_and_not_by_place),
        cmocka_unit_test(a_prefix_longer_than_the_span_is_no_prefix),
        cmocka_unit_test(secrets_compare_like_other_bytes),
        cmocka_unit_test(text_that_does_not_fit_with_its_nul_is_refused),
        cmocka_unit_test(text_with_a_nul_inside_is_refused),
        cmocka_unit_test(numbers_are_read_up_to_their_limits_and_no_further),
        cmocka_unit_test(what_is_not_wholly_a_number_is_refused),
        cmocka_unit_test(well_formed_utf8_is_told_from_the_rest),
        cmocka_unit_test(a_choice_is_a_whole_word_of_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

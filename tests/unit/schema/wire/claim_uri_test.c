#include "schema/wire/claim_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void a_uri_gives_back_the_code_and_the_address_that_it_was_made_of(void **state)
{
    static const char *const addresses[] = {"https://myna.example:8443", "https://[::1]:8443/a",
                                            "https://x.example/?a=1&claim=b#c%20+d"};
    char code[CLAIM_URI_CODE], url[CLAIM_URI_URL];

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct buffer out;

        buffer_init(&out, 4096);
        claim_uri_write(&out, "0123456789abcdef-xyz", addresses[i]);
        assert_int_equal(buffer_status(&out), STATUS_OK);
        assert_int_equal(claim_uri_read(buffer_span(&out), code, url), STATUS_OK);
        assert_string_equal(code, "0123456789abcdef-xyz");
        assert_string_equal(url, addresses[i]);
        buffer_release(&out);
    }
}

static void an_address_stands_in_a_uri_as_people_write_it(void **state)
{
    struct buffer out;

    (void)state;
    buffer_init(&out, 4096);
    claim_uri_write(&out, "a-b", "https://myna.example:8443");
    assert_string_equal(buffer_cstring(&out), "myna:enrol?claim=a-b&url=https://myna.example:8443");
    buffer_release(&out);
}

static void a_bare_code_is_no_uri(void **state)
{
    char code[CLAIM_URI_CODE], url[CLAIM_URI_URL];

    (void)state;
    assert_int_equal(claim_uri_read(span_text("0123456789abcdef-xyz"), code, url),
                     STATUS_NOT_FOUND);
    assert_int_equal(claim_uri_read(span_text(""), code, url), STATUS_NOT_FOUND);
}

static void a_member_of_a_later_version_is_not_looked_at(void **state)
{
    char code[CLAIM_URI_CODE], url[CLAIM_URI_URL];

    (void)state;
    assert_int_equal(claim_uri_read(span_text("myna:enrol?v=2&url=https://a&claim=c"), code, url),
                     STATUS_OK);
    assert_string_equal(code, "c");
    assert_string_equal(url, "https://a");
}

static void a_uri_that_lacks_something_or_has_it_twice_or_too_long_is_refused(void **state)
{
    static const char *const wrong[] = {
        "myna:enrol?",
        "myna:enrol?claim=a",
        "myna:enrol?url=https://a",
        "myna:enrol?claim=&url=https://a",
        "myna:enrol?claim=a&claim=b&url=https://a",
        "myna:enrol?claim=a&url=https://a%2",
        "myna:enrol?claim=a&url=https://a%zz",
        "myna:enrol?claim=a%00&url=https://a",
    };
    char code[CLAIM_URI_CODE] = "kept", url[CLAIM_URI_URL] = "kept";
    char longer[200] = "myna:enrol?url=u&claim=";

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(claim_uri_read(span_text(wrong[i]), code, url), STATUS_INVALID);
    memset(longer + strlen(longer), 'c', CLAIM_URI_CODE);
    assert_int_equal(claim_uri_read(span_text(longer), code, url), STATUS_INVALID);
    assert_string_equal(code, "kept");
    assert_string_equal(url, "kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uri_gives_back_the_code_and_the_address_that_it_was_made_of),
        cmocka_unit_test(an_address_stands_in_a_uri_as_people_write_it),
        cmocka_unit_test(a_bare_code_is_no_uri),
        cmocka_unit_test(a_member_of_a_later_version_is_not_looked_at),
        cmocka_unit_test(a_uri_that_lacks_something_or_has_it_twice_or_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

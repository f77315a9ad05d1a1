#include "tests/vendors/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Made beforehand by another implementation of RFC 7519: from 1760000000000 to 1760086582121. */
#define HEAD "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04ifQ."
#define CLAIMS                                                                                     \
    "eyJhcGlfa2V5IjoiMDEyMzQ1Njc4OWFiY2RlZiIsImV4cCI6MTc2MDA4NjU4MjEyMSwidGltZXN0YW1wIjoxNzYwMDAw" \
    "MDAwMDAwfQ."
#define SIGNATURE "V2m5IxBh3iURXY5RYhMDL84oUUlGTxTUfv8uLwBxMEI"

static bool holds(const char *token, const char *pair, int64_t now_ms)
{
    return token_is_of(span_text(token), pair, now_ms);
}

static void a_token_holds_for_its_key_and_its_time(void **state)
{
    static const char token[] = HEAD CLAIMS SIGNATURE;

    (void)state;
    assert_true(holds(token, "0123456789abcdef.s3cret", 1760000000000));
    assert_false(holds(token, "0123456789abcdef.s3cret", 1760086582121)); /* over */
    assert_false(holds(token, "0123456789abcdef.s3cret", 1759999900000)); /* not yet */
    assert_false(holds(token, "0123456789abcdef.other", 1760000000000));
    assert_false(holds(token, "0123456789abcdee.s3cret", 1760000000000));
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    assert_false(holds("", "id.s3cret", 0));
    assert_false(holds("a.b.c", "id.s3cret", 0));
    assert_false(holds(HEAD CLAIMS, "0123456789abcdef.s3cret", 1760000000000));
    assert_false(holds("0123456789abcdef.s3cret", "0123456789abcdef.s3cret", 1760000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_holds_for_its_key_and_its_time),
        cmocka_unit_test(what_is_no_token_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

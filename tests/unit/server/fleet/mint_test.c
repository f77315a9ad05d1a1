#include "server/fleet/mint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct span key = {(const uint8_t *)"0123456789abcdef.s3cret", 23};

/* Made beforehand by another implementation of RFC 7519. */
static void i9_a_glm_token_carries_the_id_and_is_signed_with_the_secret(void **state)
{
    char token[LIMIT_API_KEY + 1];

    (void)state;
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, key, "r1", 1760000000000, token),
                     STATUS_OK);
    assert_string_equal(token,
                        "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04ifQ."
                        "eyJhcGlfa2V5IjoiMDEyMzQ1Njc4OWFiY2RlZiIsImV4cCI6MTc2MDA4NjU4MjEyMSwi"
                        "dGltZXN0YW1wIjoxNzYwMDAwMDAwMDAwfQ."
                        "V2m5IxBh3iURXY5RYhMDL84oUUlGTxTUfv8uLwBxMEI");
    assert_null(strstr(token, "s3cret"));
}

static void a_credential_is_for_one_device_and_one_moment(void **state)
{
    char one[LIMIT_API_KEY + 1], again[LIMIT_API_KEY + 1], other[LIMIT_API_KEY + 1];

    (void)state;
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, key, "r1", 1760000000000, one), STATUS_OK);
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, key, "r1", 1760000000000, again),
                     STATUS_OK);
    assert_string_equal(one, again);
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, key, "r2", 1760000000000, other),
                     STATUS_OK);
    assert_string_not_equal(one, other);
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, key, "r1", 1760000000001, other),
                     STATUS_OK);
    assert_string_not_equal(one, other);
}

static void a_key_of_another_form_is_refused(void **state)
{
    static const char *const keys[] = {"", "no-dot", ".secret", "id.", "i\"d.secret", "a b.secret"};
    char token[LIMIT_API_KEY + 1] = "untouched", problem[120];
    char long_id[LIMIT_API_KEY];

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_false(mint_fits(DIALECTS_MINT_GLM, span_text(keys[i]), problem));
    assert_non_null(strstr(problem, "id.secret"));
    assert_false(mint_fits(DIALECTS_MINT_NONE, key, problem));
    assert_true(mint_fits(DIALECTS_MINT_GLM, key, problem));

    /* what would not fit the route */
    memset(long_id, 'i', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = 0;
    long_id[150] = '.';
    assert_int_equal(mint_credential(DIALECTS_MINT_GLM, span_text(long_id), "r1", 0, token),
                     STATUS_INVALID);
    assert_string_equal(token, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i9_a_glm_token_carries_the_id_and_is_signed_with_the_secret),
        cmocka_unit_test(a_credential_is_for_one_device_and_one_moment),
        cmocka_unit_test(a_key_of_another_form_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

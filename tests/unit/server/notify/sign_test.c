#include "server/notify/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* The expected values were computed by another implementation of HMAC. */

static void a_webhook_is_signed_over_its_time_and_its_body(void **state)
{
    char signature[SIGN_WEBHOOK_SIZE];

    (void)state;
    assert_int_equal(sign_webhook("a secret", "1700000000", span_text("{\"version\":1}"), signature,
                                  sizeof signature),
                     STATUS_OK);
    assert_string_equal(signature,
                        "sha256=cc3e6b62f9f172cec5b021a2421d42af369ed3431d05ace2a8603bdfa3604ed1");
}

static void dingtalk_wants_what_a_query_can_hold(void **state)
{
    char signature[SIGN_DINGTALK_SIZE];

    (void)state;
    assert_int_equal(sign_dingtalk("SECabc", 1700000000011, signature, sizeof signature),
                     STATUS_OK);
    assert_string_equal(signature, "xExLZuBAxaIrop0wGL20%2F%2Bdu634TRY5oq4uQ3Y9B5rw%3D");
}

static void feishu_wants_nothing_signed_by_the_text(void **state)
{
    char signature[SIGN_FEISHU_SIZE];

    (void)state;
    assert_int_equal(sign_feishu("fs", 1700000000, signature, sizeof signature), STATUS_OK);
    assert_string_equal(signature, "KnO01LyLeUz2sHjT1ogyJOBrkgWI59ibq0SodIhTzOk=");
}

static void too_little_room_is_refused(void **state)
{
    char long_secret[400];
    char signature[8];

    (void)state;
    for (size_t i = 0; i < sizeof long_secret; i++)
        long_secret[i] = i + 1 < sizeof long_secret ? 'x' : '\0';
    assert_int_equal(sign_webhook("s", "1", span_text(""), signature, 4), STATUS_FULL);
    assert_int_equal(sign_webhook("s", "1", span_text(""), signature, sizeof signature),
                     STATUS_FULL);
    assert_int_equal(sign_dingtalk("s", 1, signature, sizeof signature), STATUS_FULL);
    assert_int_equal(sign_feishu("s", 1, signature, sizeof signature), STATUS_FULL);
    assert_int_equal(sign_feishu(long_secret, 1, signature, sizeof signature), STATUS_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_is_signed_over_its_time_and_its_body),
        cmocka_unit_test(dingtalk_wants_what_a_query_can_hold),
        cmocka_unit_test(feishu_wants_nothing_signed_by_the_text),
        cmocka_unit_test(too_little_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

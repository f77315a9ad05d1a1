#include "server/api/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"

static void a_picture_has_its_finders_and_its_size(void **state)
{
    struct qr qr;

    (void)state;
    assert_int_equal(qr_make(span_text("HELLO"), &qr), STATUS_OK);
    assert_int_equal(qr.size, 21);
    for (unsigned i = 0; i < 7; i++) {
        assert_true(qr.modules[0][i] && qr.modules[6][i] && qr.modules[i][0] && qr.modules[i][6]);
        assert_true(qr.modules[0][14 + i] && qr.modules[14 + i][0]);
        assert_false(qr.modules[7][i] || qr.modules[i][7]);
    }
    assert_true(qr.modules[13][8]); /* the module that is always dark */
}

static void the_smallest_version_that_holds_a_text_is_taken(void **state)
{
    static const size_t room[] = {14, 26, 42, 62, 84, 106, 122, 152, 180, 213};
    char text[QR_TEXT_MAX + 1];
    struct qr qr;

    (void)state;
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < sizeof room / sizeof *room; i++) {
        assert_int_equal(qr_make(span_of(text, room[i]), &qr), STATUS_OK);
        assert_int_equal(qr.size, 21 + 4 * i);
        if (room[i] < QR_TEXT_MAX) {
            assert_int_equal(qr_make(span_of(text, room[i] + 1), &qr), STATUS_OK);
            assert_int_equal(qr.size, 25 + 4 * i);
        }
    }
    assert_int_equal(qr_make(span_of(text, QR_TEXT_MAX + 1), &qr), STATUS_FULL);
}

/* Version 5, two blocks: module by module what another encoder (qrencode -8 -l M) draws. */
static void the_picture_is_that_of_another_encoder(void **state)
{
    static const char expected[] =
        "b2e344d2a3bcc3661cb6ccd849caa5a5f0352cd0a03a565b0d082b4b50577b73";
    char text[QR_SIZE_MAX * QR_SIZE_MAX];
    uint8_t hash[CRYPTO_HASH_SIZE];
    char hex[2 * CRYPTO_HASH_SIZE + 1];
    size_t size = 0;
    struct qr qr;

    (void)state;
    assert_int_equal(qr_make(span_text("otpauth://totp/Myna:anna?secret="
                                       "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Myna"),
                             &qr),
                     STATUS_OK);
    for (unsigned y = 0; y < qr.size; y++)
        for (unsigned x = 0; x < qr.size; x++)
            text[size++] = qr.modules[y][x] ? '1' : '0';
    crypto_sha256(&(struct span){(const uint8_t *)text, size}, 1, hash);
    assert_int_equal(encode_hex(span_of(hash, sizeof hash), hex, sizeof hex), STATUS_OK);
    assert_string_equal(hex, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_has_its_finders_and_its_size),
        cmocka_unit_test(the_picture_is_that_of_another_encoder),
        cmocka_unit_test(the_smallest_version_that_holds_a_text_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

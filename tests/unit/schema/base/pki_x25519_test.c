#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/encode.h"
#include "schema/base/pki.h"

static void unhex(const char *text, uint8_t out[PKI_X25519_SIZE])
{
    size_t size;

    assert_int_equal(encode_from_hex(span_text(text), out, PKI_X25519_SIZE, &size), STATUS_OK);
    assert_int_equal(size, PKI_X25519_SIZE);
}

static void assert_agreed(const char *private_key, const char *public_key, const char *secret)
{
    uint8_t scalar[PKI_X25519_SIZE], u[PKI_X25519_SIZE], wanted[PKI_X25519_SIZE];
    uint8_t got[PKI_X25519_SIZE];

    unhex(private_key, scalar);
    unhex(public_key, u);
    unhex(secret, wanted);
    assert_int_equal(pki_agree(scalar, u, got), STATUS_OK);
    assert_memory_equal(got, wanted, PKI_X25519_SIZE);
}

/* RFC 7748 section 5.2, both vectors; the second has the top bit of u set. */
static void agreement_agrees_with_rfc_7748(void **state)
{
    (void)state;
    assert_agreed("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
                  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
                  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    assert_agreed("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
                  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
                  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
}

/* RFC 7748 section 6.1. */
static void both_ends_of_rfc_7748_share_one_secret(void **state)
{
    (void)state;
    assert_agreed("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                  "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    assert_agreed("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                  "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                  "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

static void new_pairs_agree_and_differ(void **state)
{
    uint8_t a[32], a_public[32], b[32], b_public[32], one[32], other[32];

    (void)state;
    assert_int_equal(pki_make_x25519(a, a_public), STATUS_OK);
    assert_int_equal(pki_make_x25519(b, b_public), STATUS_OK);
    assert_memory_not_equal(a_public, b_public, 32);
    assert_int_equal(pki_agree(a, b_public, one), STATUS_OK);
    assert_int_equal(pki_agree(b, a_public, other), STATUS_OK);
    assert_memory_equal(one, other, 32);
}

/* Whoever sends one of these would know the secret without a key. */
static void public_keys_of_low_order_are_refused(void **state)
{
    static const char *const low[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
    };
    uint8_t private_key[32], public_key[32], secret[32] = {7}, untouched[32] = {7};

    (void)state;
    assert_int_equal(pki_make_x25519(private_key, public_key), STATUS_OK);
    for (size_t i = 0; i < sizeof low / sizeof low[0]; i++) {
        unhex(low[i], public_key);
        assert_int_equal(pki_agree(private_key, public_key, secret), STATUS_INVALID);
    }
    assert_memory_equal(secret, untouched, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_agrees_with_rfc_7748),
        cmocka_unit_test(both_ends_of_rfc_7748_share_one_secret),
        cmocka_unit_test(new_pairs_agree_and_differ),
        cmocka_unit_test(public_keys_of_low_order_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

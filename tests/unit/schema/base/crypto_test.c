#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"

/* The bytes of hex text, in a buffer of the caller's. */
static struct span unhex(const char *text, uint8_t *out, size_t out_size)
{
    size_t size = 0;

    assert_int_equal(encode_from_hex(span_text(text), out, out_size, &size), STATUS_OK);
    return span_of(out, size);
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *expected)
{
    char text[512];

    assert_int_equal(encode_hex(span_of(bytes, size), text, sizeof text), STATUS_OK);
    assert_string_equal(text, expected);
}

static void sha256_agrees_with_fips_180(void **state)
{
    const struct span whole = span_text("abc");
    const struct span parts[] = {span_text("a"), span_text(""), span_text("bc")};
    uint8_t hash[CRYPTO_HASH_SIZE];

    (void)state;
    crypto_sha256(&whole, 1, hash);
    assert_hex(hash, sizeof hash,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256(parts, 3, hash);
    assert_hex(hash, sizeof hash,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256(NULL, 0, hash);
    assert_hex(hash, sizeof hash,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, cases 2 and 6: a short key, and one longer than a block. */
static void hmac_agrees_with_rfc_4231(void **state)
{
    const struct span parts[] = {span_text("what do ya want "), span_text("for nothing?")};
    const struct span data = span_text("Test Using Larger Than Block-Size Key - Hash Key First");
    uint8_t key[131], hash[CRYPTO_HASH_SIZE];

    (void)state;
    crypto_hmac(span_text("Jefe"), parts, 2, hash);
    assert_hex(hash, sizeof hash,
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    crypto_hmac(span_of(key, sizeof key), &data, 1, hash);
    assert_hex(hash, sizeof hash,
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* RFC 5869, test cases 1 and 3. */
static void hkdf_agrees_with_rfc_5869(void **state)
{
    uint8_t secret[22], salt[13], info[10], out[42];

    (void)state;
    memset(secret, 0x0b, sizeof secret);
    struct span salt_span = unhex("000102030405060708090a0b0c", salt, sizeof salt);
    struct span info_span = unhex("f0f1f2f3f4f5f6f7f8f9", info, sizeof info);
    assert_int_equal(
        crypto_hkdf(span_of(secret, sizeof secret), salt_span, info_span, out, sizeof out),
        STATUS_OK);
    assert_hex(
        out, sizeof out,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    assert_int_equal(
        crypto_hkdf(span_of(secret, sizeof secret), span_text(""), span_text(""), out, sizeof out),
        STATUS_OK);
    assert_hex(
        out, sizeof out,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void hkdf_refuses_more_than_255_blocks(void **state)
{
    static uint8_t out[8161];

    (void)state;
    assert_int_equal(crypto_hkdf(span_text("s"), span_text(""), span_text(""), out, 8160),
                     STATUS_OK);
    assert_int_equal(crypto_hkdf(span_text("s"), span_text(""), span_text(""), out, 8161),
                     STATUS_INVALID);
}

/* The GCM specification of McGrew and Viega, test case 16. */
static void gcm_agrees_with_its_specification(void **state)
{
    uint8_t key[32], nonce[12], associated[20], plain[60], sealed[76], opened[60];

    (void)state;
    unhex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", key, sizeof key);
    unhex("cafebabefacedbaddecaf888", nonce, sizeof nonce);
    struct span head =
        unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", associated, sizeof associated);
    struct span text = unhex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
                             plain, sizeof plain);
    assert_int_equal(crypto_seal(key, nonce, head, text, sealed), STATUS_OK);
    assert_hex(sealed, sizeof sealed,
               "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
               "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
               "76fc6ece0f4e1768cddf8853bb2d551b");
    assert_int_equal(crypto_open(key, nonce, head, span_of(sealed, sizeof sealed), opened),
                     STATUS_OK);
    assert_memory_equal(opened, plain, sizeof plain);
}

static void any_changed_bit_of_a_sealed_text_is_noticed(void **state)
{
    const uint8_t key[CRYPTO_KEY_SIZE] = {1};
    const uint8_t nonce[12] = {2};
    uint8_t sealed[4 + CRYPTO_TAG_SIZE], opened[4];

    (void)state;
    assert_int_equal(crypto_seal(key, nonce, span_text("head"), span_text("text"), sealed),
                     STATUS_OK);
    for (size_t bit = 0; bit < sizeof sealed * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(
            crypto_open(key, nonce, span_text("head"), span_of(sealed, sizeof sealed), opened),
            STATUS_FORGED);
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(
        crypto_open(key, nonce, span_text("heaD"), span_of(sealed, sizeof sealed), opened),
        STATUS_FORGED);
    assert_int_equal(crypto_open(key, nonce, span_text("head"), span_of(sealed, 15), opened),
                     STATUS_FORGED);
    assert_int_equal(
        crypto_open(key, nonce, span_text("head"), span_of(sealed, sizeof sealed), opened),
        STATUS_OK);
}

static void a_wrapped_secret_opens_for_its_purpose_alone(void **state)
{
    const uint8_t master[CRYPTO_KEY_SIZE] = {3}, other[CRYPTO_KEY_SIZE] = {4};
    uint8_t wrapped[6 + CRYPTO_WRAP_OVERHEAD] = {0}, again[6 + CRYPTO_WRAP_OVERHEAD], secret[6];
    const struct span whole = span_of(wrapped, sizeof wrapped);

    (void)state;
    assert_int_equal(crypto_wrap(master, "vendor-key:a", span_text("secret"), wrapped), STATUS_OK);
    assert_int_equal(crypto_wrap(master, "vendor-key:a", span_text("secret"), again), STATUS_OK);
    assert_memory_not_equal(wrapped, again, sizeof wrapped);
    assert_int_equal(crypto_unwrap(master, "vendor-key:a", whole, secret), STATUS_OK);
    assert_memory_equal(secret, "secret", 6);
    assert_int_equal(crypto_unwrap(master, "vendor-key:b", whole, secret), STATUS_FORGED);
    assert_int_equal(crypto_unwrap(other, "vendor-key:a", whole, secret), STATUS_FORGED);
    assert_int_equal(crypto_unwrap(master, "vendor-key:a", span_of(wrapped, 27), secret),
                     STATUS_FORGED);
}

static void uuids_are_of_version_4_and_differ(void **state)
{
    uint8_t a[16], b[16];

    (void)state;
    for (int i = 0; i < 64; i++) {
        crypto_uuid(a);
        crypto_uuid(b);
        assert_int_equal(a[6] >> 4, 4);
        assert_int_equal(a[8] >> 6, 2);
        assert_memory_not_equal(a, b, sizeof a);
    }
    assert_true(crypto_random_u64() != crypto_random_u64());
}

static void wiping_leaves_zeros(void **state)
{
    uint8_t secret[16], zero[16] = {0};

    (void)state;
    memset(secret, 0x5a, sizeof secret);
    crypto_wipe(secret, sizeof secret);
    assert_memory_equal(secret, zero, sizeof secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_fips_180),
        cmocka_unit_test(hmac_agrees_with_rfc_4231),
        cmocka_unit_test(hkdf_agrees_with_rfc_5869),
        cmocka_unit_test(hkdf_refuses_more_than_255_blocks),
        cmocka_unit_test(gcm_agrees_with_its_specification),
        cmocka_unit_test(any_changed_bit_of_a_sealed_text_is_noticed),
        cmocka_unit_test(a_wrapped_secret_opens_for_its_purpose_alone),
        cmocka_unit_test(uuids_are_of_version_4_and_differ),
        cmocka_unit_test(wiping_leaves_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/api/claim_code.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const uint8_t fingerprint[CRYPTO_HASH_SIZE] = {1, 2, 3};

static int make(void **state)
{
    return arena_create((struct arena **)state, 1 << 16) == STATUS_OK ? 0 : -1;
}

static int drop(void **state)
{
    arena_free(*state);
    return 0;
}

static void a_code_is_a_secret_and_the_roots_fingerprint(void **state)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    const char *code;
    const char *other;

    assert_int_equal(claim_code_make(*state, fingerprint, &code, hash), STATUS_OK);
    assert_int_equal(strlen(code), 16 + 1 + 52);
    assert_int_equal(code[16], '-');
    assert_int_equal(claim_code_make(*state, fingerprint, &other, hash), STATUS_OK);
    assert_int_not_equal(strncmp(code, other, 16), 0);
    assert_string_equal(code + 16, other + 16);
}

static void the_secret_alone_or_in_capitals_hashes_alike(void **state)
{
    uint8_t made[CRYPTO_HASH_SIZE];
    uint8_t typed[CRYPTO_HASH_SIZE];
    const char *code;
    char capitals[80] = "";

    assert_int_equal(claim_code_make(*state, fingerprint, &code, made), STATUS_OK);
    for (size_t i = 0; code[i] != '\0'; i++)
        capitals[i] = (char)toupper((unsigned char)code[i]);
    assert_int_equal(claim_code_hash(span_text(code), typed), STATUS_OK);
    assert_memory_equal(made, typed, sizeof made);
    assert_int_equal(claim_code_hash(span_of(code, 16), typed), STATUS_OK);
    assert_memory_equal(made, typed, sizeof made);
    assert_int_equal(claim_code_hash(span_text(capitals), typed), STATUS_OK);
    assert_memory_equal(made, typed, sizeof made);
}

static void what_can_be_no_code_is_refused(void **state)
{
    static const char *const texts[] = {
        "", "-", "abc", "0000000000000000000", "000000000000000u-x", "000000000000000-0"};
    uint8_t hash[CRYPTO_HASH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(claim_code_hash(span_text(texts[i]), hash), STATUS_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_code_is_a_secret_and_the_roots_fingerprint),
        TEST(the_secret_alone_or_in_capitals_hashes_alike),
        TEST(what_can_be_no_code_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

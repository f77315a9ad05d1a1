#include "server/bus/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[CRYPTO_KEY_SIZE] = {1, 2, 3};
static const uint8_t journal[16] = {4, 5, 6};
static const struct receipt_owner owner = {"r1", journal, 7};
static const struct receipt told = {.watermark = 1234, .generation = 56, .granted = 7890123};

static void make(uint8_t out[RECEIPT_SIZE])
{
    receipt_make(key, &owner, &told, out);
}

static bool reads(const uint8_t master_key[CRYPTO_KEY_SIZE], const struct receipt_owner *of,
                  struct span bytes)
{
    struct receipt got = {.watermark = 99};
    bool is_valid = receipt_read(master_key, of, bytes, &got);

    assert_int_equal(got.watermark, is_valid ? told.watermark : 99);
    return is_valid;
}

static void a_receipt_tells_what_it_was_made_of(void **state)
{
    struct receipt got = {0};
    uint8_t bytes[RECEIPT_SIZE];

    (void)state;
    make(bytes);
    assert_true(receipt_read(key, &owner, span_of(bytes, sizeof bytes), &got));
    assert_int_equal(got.watermark, told.watermark);
    assert_int_equal(got.generation, told.generation);
    assert_int_equal(got.granted, told.granted);
}

static void i3_a_receipt_with_any_bit_changed_is_not_read(void **state)
{
    uint8_t bytes[RECEIPT_SIZE];

    (void)state;
    make(bytes);
    assert_true(reads(key, &owner, span_of(bytes, sizeof bytes)));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(reads(key, &owner, span_of(bytes, sizeof bytes)));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void i3_a_receipt_of_another_device_journal_epoch_or_key_is_not_read(void **state)
{
    static const uint8_t other_key[CRYPTO_KEY_SIZE] = {1, 2, 4};
    static const uint8_t other_journal[16] = {4, 5, 7};
    const struct receipt_owner others[] = {
        {"r2", journal, 7}, {"r1", other_journal, 7}, {"r1", journal, 8}};
    uint8_t bytes[RECEIPT_SIZE];

    (void)state;
    make(bytes);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(reads(key, &others[i], span_of(bytes, sizeof bytes)));
    assert_false(reads(other_key, &owner, span_of(bytes, sizeof bytes)));
}

static void a_receipt_tells_whose_it_is(void **state)
{
    static const uint8_t other_key[CRYPTO_KEY_SIZE] = {1, 2, 4};
    uint8_t bytes[RECEIPT_SIZE];

    (void)state;
    make(bytes);
    assert_true(receipt_is_ours(key, span_of(bytes, sizeof bytes)));
    assert_false(receipt_is_ours(other_key, span_of(bytes, sizeof bytes)));
    assert_false(receipt_is_ours(key, span_of(bytes, sizeof bytes - 1)));
}

static void a_receipt_of_another_size_is_not_read(void **state)
{
    uint8_t bytes[RECEIPT_SIZE + 1] = {0};

    (void)state;
    make(bytes);
    assert_false(reads(key, &owner, span_of(bytes, RECEIPT_SIZE + 1)));
    assert_false(reads(key, &owner, span_of(bytes, RECEIPT_SIZE - 1)));
    assert_false(reads(key, &owner, span_of(NULL, 0)));
}

static void numbers_beyond_their_place_never_tell_more_than_there_was(void **state)
{
    const struct receipt huge = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct receipt got = {0};
    uint8_t bytes[RECEIPT_SIZE];

    (void)state;
    receipt_make(key, &owner, &huge, bytes);
    assert_true(receipt_read(key, &owner, span_of(bytes, sizeof bytes), &got));
    assert_true(got.watermark == (UINT64_C(1) << 48) - 1);
    assert_true(got.generation == (UINT64_C(1) << 40) - 1);
    assert_true(got.granted == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_tells_what_it_was_made_of),
        cmocka_unit_test(i3_a_receipt_with_any_bit_changed_is_not_read),
        cmocka_unit_test(i3_a_receipt_of_another_device_journal_epoch_or_key_is_not_read),
        cmocka_unit_test(a_receipt_tells_whose_it_is),
        cmocka_unit_test(a_receipt_of_another_size_is_not_read),
        cmocka_unit_test(numbers_beyond_their_place_never_tell_more_than_there_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

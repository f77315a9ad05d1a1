#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/encode.h"

struct pair {
    const char *bytes;
    const char *text;
};

/* RFC 4648 section 10. */
static void base64_agrees_with_its_rfc(void **state)
{
    static const struct pair pairs[] = {{"", ""},
                                        {"f", "Zg=="},
                                        {"fo", "Zm8="},
                                        {"foo", "Zm9v"},
                                        {"foob", "Zm9vYg=="},
                                        {"fooba", "Zm9vYmE="},
                                        {"foobar", "Zm9vYmFy"}};
    char text[16];
    uint8_t bytes[16];
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(encode_base64(span_text(pairs[i].bytes), text, sizeof text), STATUS_OK);
        assert_string_equal(text, pairs[i].text);
        assert_int_equal(encode_from_base64(span_text(pairs[i].text), bytes, sizeof bytes, &size),
                         STATUS_OK);
        assert_true(span_equal_text(span_of(bytes, size), pairs[i].bytes));
    }
}

static void base64_of_high_bytes_uses_plus_and_slash(void **state)
{
    char text[8];

    (void)state;
    assert_int_equal(encode_base64(span_of("\xfb\xef\xff", 3), text, sizeof text), STATUS_OK);
    assert_string_equal(text, "++//");
}

static void base64_that_is_not_canonical_is_refused(void **state)
{
    static const char *const bad[] = {
        "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm-_", "=Zm9"};
    uint8_t bytes[16];
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (encode_from_base64(span_text(bad[i]), bytes, sizeof bytes, &size) != STATUS_INVALID)
            fail_msg("\"%s\" was read", bad[i]);
}

static void base32_is_lower_case_and_read_as_people_write_it(void **state)
{
    const struct span bytes = span_of("\x00\x44\x32\x14\xc7\x42\x54\xb6\x35\xcf", 10);
    char text[17];
    uint8_t back[10];
    size_t size;

    (void)state;
    assert_int_equal(encode_base32(bytes, text, sizeof text), STATUS_OK);
    assert_string_equal(text, "0123456789abcdef");
    assert_int_equal(encode_from_base32(span_text("oI23456789ABCDEF"), back, sizeof back, &size),
                     STATUS_OK);
    assert_true(span_equal(span_of(back, size), bytes));
    assert_int_equal(encode_from_base32(span_text("0L23456789abcdef"), back, sizeof back, &size),
                     STATUS_OK);
    assert_true(span_equal(span_of(back, size), bytes));
}

static void base32_of_any_length_comes_back(void **state)
{
    const struct span bytes = span_text("\xff\x01\x80 any length");
    char text[64];
    uint8_t back[32];
    size_t size = 99;

    (void)state;
    for (size_t length = 0; length <= bytes.size; length++) {
        assert_int_equal(encode_base32(span_of(bytes.data, length), text, sizeof text), STATUS_OK);
        assert_int_equal(strlen(text), (length * 8 + 4) / 5);
        assert_int_equal(encode_from_base32(span_text(text), back, sizeof back, &size), STATUS_OK);
        assert_true(span_equal(span_of(back, size), span_of(bytes.data, length)));
    }
}

static void base32_that_is_not_canonical_is_refused(void **state)
{
    static const char *const bad[] = {"0", "u0", "00-00", "zz", "000", "0 0"};
    uint8_t bytes[16];
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (encode_from_base32(span_text(bad[i]), bytes, sizeof bytes, &size) != STATUS_INVALID)
            fail_msg("\"%s\" was read", bad[i]);
}

static void hex_takes_either_case_and_nothing_else(void **state)
{
    char text[9];
    uint8_t bytes[4];
    size_t size;

    (void)state;
    assert_int_equal(encode_hex(span_of("\x00\x9f\xaB\xff", 4), text, sizeof text), STATUS_OK);
    assert_string_equal(text, "009fabff");
    assert_int_equal(encode_from_hex(span_text("009FabFF"), bytes, sizeof bytes, &size), STATUS_OK);
    assert_int_equal(size, 4);
    assert_memory_equal(bytes, "\x00\x9f\xab\xff", 4);
    assert_int_equal(encode_from_hex(span_text("009"), bytes, sizeof bytes, &size), STATUS_INVALID);
    assert_int_equal(encode_from_hex(span_text("0g"), bytes, sizeof bytes, &size), STATUS_INVALID);
    assert_int_equal(encode_from_hex(span_of("0\0", 2), bytes, sizeof bytes, &size),
                     STATUS_INVALID);
}

static void what_does_not_fit_is_refused_and_nothing_written(void **state)
{
    char text[8] = "old";
    uint8_t bytes[2] = {7, 7};
    size_t size = 99;

    (void)state;
    assert_int_equal(encode_hex(span_text("1234"), text, sizeof text), STATUS_FULL);
    assert_int_equal(encode_base64(span_text("123456"), text, sizeof text), STATUS_FULL);
    assert_int_equal(encode_base32(span_text("12345"), text, sizeof text), STATUS_FULL);
    assert_string_equal(text, "old");
    assert_int_equal(encode_from_hex(span_text("010203"), bytes, 2, &size), STATUS_FULL);
    assert_int_equal(encode_from_base64(span_text("AQID"), bytes, 2, &size), STATUS_FULL);
    assert_int_equal(encode_from_base32(span_text("04106"), bytes, 2, &size), STATUS_FULL);
    assert_int_equal(size, 99);
    assert_int_equal(bytes[0], 7);
}

static void uuids_come_back_and_broken_ones_do_not(void **state)
{
    const char *const text = "00112233-4455-6677-8899-aabbccddeeff";
    uint8_t uuid[ENCODE_UUID_BYTES];
    char back[ENCODE_UUID_SIZE];

    (void)state;
    assert_int_equal(encode_from_uuid(span_text(text), uuid), STATUS_OK);
    assert_int_equal(uuid[15], 0xff);
    encode_uuid(uuid, back);
    assert_string_equal(back, text);

    assert_int_equal(encode_from_uuid(span_text("00112233-4455-6677-8899-AABBCCDDEEFF"), uuid),
                     STATUS_OK);
    assert_int_equal(encode_from_uuid(span_text("00112233445566778899aabbccddeeff"), uuid),
                     STATUS_INVALID);
    assert_int_equal(encode_from_uuid(span_text("00112233-4455-6677-8899aabbccddeeff-"), uuid),
                     STATUS_INVALID);
    assert_int_equal(encode_from_uuid(span_text("00112233x4455-6677-8899-aabbccddeeff"), uuid),
                     STATUS_INVALID);
    assert_int_equal(encode_from_uuid(span_text("0011223g-4455-6677-8899-aabbccddeeff"), uuid),
                     STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_agrees_with_its_rfc),
        cmocka_unit_test(base64_of_high_bytes_uses_plus_and_slash),
        cmocka_unit_test(base64_that_is_not_canonical_is_refused),
        cmocka_unit_test(base32_is_lower_case_and_read_as_people_write_it),
        cmocka_unit_test(base32_of_any_length_comes_back),
        cmocka_unit_test(base32_that_is_not_canonical_is_refused),
        cmocka_unit_test(hex_takes_either_case_and_nothing_else),
        cmocka_unit_test(what_does_not_fit_is_refused_and_nothing_written),
        cmocka_unit_test(uuids_come_back_and_broken_ones_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

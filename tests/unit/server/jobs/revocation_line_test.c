#include "server/jobs/revocation_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t data_key[CRYPTO_KEY_SIZE] = {1, 2, 3};

static struct span key(void)
{
    return span_of(data_key, sizeof data_key);
}

/* Without its newline. */
static struct span write(const char *id, const char *status, uint8_t mac[CRYPTO_HASH_SIZE],
                         char out[REVOCATION_LINE_SIZE])
{
    struct revocation_line line = {0};

    snprintf(line.device_id, sizeof line.device_id, "%s", id);
    snprintf(line.status, sizeof line.status, "%s", status);
    memset(line.key_hash, 'a', sizeof line.key_hash - 1);
    assert_int_equal(
        revocation_line_write(&line, 1795341600000, key(), mac, out, REVOCATION_LINE_SIZE),
        STATUS_OK);
    return span_of(out, strlen(out) - 1);
}

static void a_line_that_was_written_is_read_again(void **state)
{
    char text[REVOCATION_LINE_SIZE], long_text[REVOCATION_LINE_SIZE];
    uint8_t written[CRYPTO_HASH_SIZE] = {0};
    uint8_t read[CRYPTO_HASH_SIZE] = {0};
    struct revocation_line line;
    char id[LIMIT_SLUG + 1] = {0};

    (void)state;
    struct span first = write("r1", "revoked", written, text);
    memset(id, 'x', LIMIT_SLUG);
    struct span second = write(id, "retired", written, long_text);
    assert_int_equal(revocation_line_read(first, key(), read, &line), STATUS_OK);
    assert_string_equal(line.device_id, "r1");
    assert_string_equal(line.status, "revoked");
    assert_int_equal(revocation_line_read(second, key(), read, &line), STATUS_OK);
    assert_string_equal(line.device_id, id);
    assert_memory_equal(read, written, sizeof read);
}

static void a_line_behind_another_or_under_another_key_is_forged_and_the_next_is_read(void **state)
{
    char texts[3][REVOCATION_LINE_SIZE];
    uint8_t mac[CRYPTO_HASH_SIZE] = {0};
    const uint8_t other[CRYPTO_KEY_SIZE] = {9};
    struct revocation_line line = {.device_id = "kept"};
    struct span lines[3];

    (void)state;
    lines[0] = write("r1", "revoked", mac, texts[0]);
    lines[1] = write("r2", "revoked", mac, texts[1]);
    lines[2] = write("r3", "revoked", mac, texts[2]);
    memset(mac, 0, sizeof mac);
    assert_int_equal(revocation_line_read(lines[1], key(), mac, &line), STATUS_FORGED);
    assert_string_equal(line.device_id, "kept");
    assert_int_equal(revocation_line_read(lines[2], key(), mac, &line), STATUS_OK);
    memset(mac, 0, sizeof mac);
    assert_int_equal(revocation_line_read(lines[0], span_of(other, sizeof other), mac, &line),
                     STATUS_FORGED);
}

static void any_changed_byte_of_a_line_is_noticed(void **state)
{
    char text[REVOCATION_LINE_SIZE];
    uint8_t mac[CRYPTO_HASH_SIZE] = {0};
    struct revocation_line line;
    struct span whole = write("r1", "revoked", mac, text);

    (void)state;
    for (size_t i = 0; i < whole.size; i++) {
        uint8_t zeros[CRYPTO_HASH_SIZE] = {0};

        text[i] ^= 1;
        assert_int_not_equal(revocation_line_read(whole, key(), zeros, &line), STATUS_OK);
        text[i] ^= 1;
    }
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t zeros[CRYPTO_HASH_SIZE] = {0};

        assert_int_not_equal(revocation_line_read(span_of(text, size), key(), zeros, &line),
                             STATUS_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_was_written_is_read_again),
        cmocka_unit_test(a_line_behind_another_or_under_another_key_is_forged_and_the_next_is_read),
        cmocka_unit_test(any_changed_byte_of_a_line_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

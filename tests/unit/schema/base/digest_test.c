#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/digest.h"
#include "schema/base/file.h"

static void a_file_of_several_pieces_hashes_like_its_bytes(void **state)
{
    char folder[] = "/tmp/myna-digest-XXXXXX", path[64];
    static uint8_t bytes[3 * 16384 + 5];
    uint8_t expected[CRYPTO_HASH_SIZE], got[CRYPTO_HASH_SIZE];
    const struct span all = span_of(bytes, sizeof bytes);
    int64_t size = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    assert_int_equal(file_replace(path, all, 0600), STATUS_OK);
    crypto_sha256(&all, 1, expected);
    assert_int_equal(digest_file(path, got, &size), STATUS_OK);
    assert_memory_equal(got, expected, sizeof got);
    assert_int_equal(size, sizeof bytes);
    unlink(path);
    assert_int_equal(digest_file(path, got, &size), STATUS_NOT_FOUND);
    assert_int_equal(digest_file(folder, got, &size), STATUS_IO);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_several_pieces_hashes_like_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

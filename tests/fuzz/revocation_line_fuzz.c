#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/jobs/revocation_line.h"

/* A file of lines that somebody may have written over: none is believed without the key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[CRYPTO_KEY_SIZE] = {7}, another[CRYPTO_KEY_SIZE] = {8};
    uint8_t mac[CRYPTO_HASH_SIZE] = {0};

    for (size_t start = 0; start < size;) {
        const uint8_t *end = memchr(data + start, '\n', size - start);
        const size_t length = end != NULL ? (size_t)(end - data) - start : size - start;
        struct revocation_line line = {.device_id = "untouched"};
        uint8_t before[CRYPTO_HASH_SIZE], other[CRYPTO_HASH_SIZE];

        memcpy(before, mac, sizeof before);
        memcpy(other, mac, sizeof other);
        enum status status = revocation_line_read(span_of(data + start, length),
                                                  span_of(key, sizeof key), mac, &line);
        FUZZ_CHECK(status == STATUS_FORGED || status == STATUS_CORRUPT || status == STATUS_OK);
        FUZZ_CHECK(status != STATUS_CORRUPT || memcmp(before, mac, sizeof mac) == 0);
        FUZZ_CHECK(status != STATUS_OK || memchr(line.device_id, 0, sizeof line.device_id) != NULL);
        FUZZ_CHECK(status != STATUS_OK || revocation_line_read(span_of(data + start, length),
                                                               span_of(another, sizeof another),
                                                               other, &line) == STATUS_FORGED);
        start += length + 1;
    }
    return 0;
}

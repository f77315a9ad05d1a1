#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/bus/receipt.h"

/* What a robot returns with its hello: nothing is read of what was not made here for it, also when
 * it is a true one with some bits turned. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t key[CRYPTO_KEY_SIZE] = {7};
    static const uint8_t journal[16] = {1, 2, 3};
    const struct receipt_owner owner = {"r1", journal, 4};
    const struct receipt made = {.watermark = 9, .generation = 3, .granted = 1000};
    uint8_t bytes[RECEIPT_SIZE], changed[RECEIPT_SIZE];
    struct receipt read = {.watermark = 77};

    if (receipt_is_ours(key, span_of(data, size)))
        FUZZ_CHECK(size == RECEIPT_SIZE);
    FUZZ_CHECK(!receipt_read(key, &owner, span_of(data, size), &read) && read.watermark == 77);
    receipt_make(key, &owner, &made, bytes);
    memcpy(changed, bytes, sizeof changed);
    for (size_t i = 0; i < size && i < sizeof changed; i++)
        changed[i] ^= data[i];
    if (receipt_read(key, &owner, span_of(changed, sizeof changed), &read))
        FUZZ_CHECK(memcmp(changed, bytes, sizeof bytes) == 0 && read.watermark == made.watermark);
    return 0;
}

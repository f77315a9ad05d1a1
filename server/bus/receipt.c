/* watermark (6 bytes) | generation (5) | granted (8) | first 12 bytes of HMAC-SHA-256(data key;
 * label | device, NUL | journal (16) | epoch (8) | the 19 bytes before) | first byte of
 * HMAC-SHA-256(data key; other label), which tells whose receipt it is. Numbers are big-endian.
 * A tag of 96 bits is what RFC 2404 takes as well; it can be tried on the server alone. */
#include "server/bus/receipt.h"

#include <string.h>

#define WATERMARK_SIZE  6
#define GENERATION_SIZE 5
#define GRANTED_SIZE    8
#define NUMBERS_SIZE    (WATERMARK_SIZE + GENERATION_SIZE + GRANTED_SIZE)
#define TAG_SIZE        (RECEIPT_SIZE - 1 - NUMBERS_SIZE)

static uint8_t *put(uint8_t *at, size_t size, uint64_t number)
{
    if (size < 8 && number >> (8 * size) != 0)
        number = (UINT64_C(1) << (8 * size)) - 1;
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    return at + size;
}

static uint64_t get(const uint8_t *at, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | at[i];
    return number;
}

static void sign(const uint8_t *master_key, const struct receipt_owner *owner,
                 const uint8_t numbers[NUMBERS_SIZE], uint8_t tag[CRYPTO_HASH_SIZE])
{
    uint8_t epoch[8];
    const struct span parts[] = {
        span_of("myna receipt 3", 15),  span_of(owner->device_id, strlen(owner->device_id) + 1),
        span_of(owner->journal_id, 16), span_of(epoch, sizeof epoch),
        span_of(numbers, NUMBERS_SIZE),
    };

    put(epoch, sizeof epoch, (uint64_t)owner->epoch);
    crypto_hmac(span_of(master_key, CRYPTO_KEY_SIZE), parts, sizeof parts / sizeof *parts, tag);
}

static uint8_t mark_of(const uint8_t *master_key)
{
    const struct span label = span_text("myna receipt key");
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_hmac(span_of(master_key, CRYPTO_KEY_SIZE), &label, 1, hash);
    return hash[0];
}

bool receipt_is_ours(const uint8_t master_key[CRYPTO_KEY_SIZE], struct span bytes)
{
    return bytes.size == RECEIPT_SIZE && bytes.data[RECEIPT_SIZE - 1] == mark_of(master_key);
}

void receipt_make(const uint8_t master_key[CRYPTO_KEY_SIZE], const struct receipt_owner *owner,
                  const struct receipt *receipt, uint8_t out[RECEIPT_SIZE])
{
    uint8_t tag[CRYPTO_HASH_SIZE];
    uint8_t *at = put(out, WATERMARK_SIZE, receipt->watermark);

    at = put(at, GENERATION_SIZE, receipt->generation);
    at = put(at, GRANTED_SIZE, receipt->granted);
    sign(master_key, owner, out, tag);
    memcpy(at, tag, TAG_SIZE);
    at[TAG_SIZE] = mark_of(master_key);
}

bool receipt_read(const uint8_t master_key[CRYPTO_KEY_SIZE], const struct receipt_owner *owner,
                  struct span bytes, struct receipt *out)
{
    uint8_t tag[CRYPTO_HASH_SIZE];

    if (!receipt_is_ours(master_key, bytes))
        return false;
    sign(master_key, owner, bytes.data, tag);
    if (!span_equal_secret(span_of(tag, TAG_SIZE), span_of(bytes.data + NUMBERS_SIZE, TAG_SIZE)))
        return false;
    out->watermark = get(bytes.data, WATERMARK_SIZE);
    out->generation = get(bytes.data + WATERMARK_SIZE, GENERATION_SIZE);
    out->granted = get(bytes.data + WATERMARK_SIZE + GENERATION_SIZE, GRANTED_SIZE);
    return true;
}

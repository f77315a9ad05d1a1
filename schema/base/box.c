#include "schema/base/box.h"

#include <assert.h>
#include <string.h>

#define DEVICE_KEY_AT 1
#define SERVER_KEY_AT 5
#define KEY_ID_SIZE   4
#define RANDOM_AT     9
#define RANDOM_SIZE   32
#define HEADER_SIZE   41
#define INFO_SIZE_MAX (2 + 49 + 2 * PKI_X25519_SIZE)

static_assert(HEADER_SIZE + CRYPTO_TAG_SIZE == BOX_OVERHEAD, "the drawing in the header");

static const uint8_t zero_nonce[12] = {0};

void box_key_id(const uint8_t public_key[PKI_X25519_SIZE], uint8_t out[4])
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    const struct span part = span_of(public_key, PKI_X25519_SIZE);

    crypto_sha256(&part, 1, hash);
    memcpy(out, hash, KEY_ID_SIZE);
}

static enum status derive_key(const struct box_pair *pair, enum box_direction direction,
                              uint8_t type, const uint8_t random[RANDOM_SIZE],
                              uint8_t key[CRYPTO_KEY_SIZE])
{
    uint8_t info[INFO_SIZE_MAX] = {(uint8_t)direction, type};
    size_t id_size = strnlen(pair->device_id, sizeof pair->device_id - 1);
    size_t used = 2;

    memcpy(info + used, pair->device_id, id_size);
    used += id_size + 1; /* the byte between is zero already */
    memcpy(info + used, pair->device_public, PKI_X25519_SIZE);
    used += PKI_X25519_SIZE;
    memcpy(info + used, pair->server_public, PKI_X25519_SIZE);
    used += PKI_X25519_SIZE;

    return crypto_hkdf(span_of(pair->secret, sizeof pair->secret), span_of(random, RANDOM_SIZE),
                       span_of(info, used), key, CRYPTO_KEY_SIZE);
}

static void put_key_ids(const struct box_pair *pair, uint8_t header[HEADER_SIZE])
{
    box_key_id(pair->device_public, header + DEVICE_KEY_AT);
    box_key_id(pair->server_public, header + SERVER_KEY_AT);
}

enum status box_seal(const struct box_pair *pair, enum box_direction direction, uint8_t type,
                     struct span plain, uint8_t *out)
{
    uint8_t key[CRYPTO_KEY_SIZE];

    out[0] = BOX_VERSION;
    put_key_ids(pair, out);
    crypto_random(out + RANDOM_AT, RANDOM_SIZE);

    enum status status = derive_key(pair, direction, type, out + RANDOM_AT, key);
    if (status == STATUS_OK)
        status = crypto_seal(key, zero_nonce, span_of(out, HEADER_SIZE), plain, out + HEADER_SIZE);
    crypto_wipe(key, sizeof key);
    return status;
}

static bool is_whole(struct span box)
{
    return box.size >= BOX_OVERHEAD && box.data[0] == BOX_VERSION;
}

enum status box_open(const struct box_pair *pair, enum box_direction direction, uint8_t type,
                     struct span box, uint8_t *out, size_t *size)
{
    uint8_t header[HEADER_SIZE];
    uint8_t key[CRYPTO_KEY_SIZE];

    if (!is_whole(box))
        return STATUS_INVALID;
    put_key_ids(pair, header);
    if (memcmp(box.data + DEVICE_KEY_AT, header + DEVICE_KEY_AT, 2 * KEY_ID_SIZE) != 0)
        return STATUS_NOT_FOUND;

    enum status status = derive_key(pair, direction, type, box.data + RANDOM_AT, key);
    if (status == STATUS_OK)
        status = crypto_open(key, zero_nonce, span_of(box.data, HEADER_SIZE),
                             span_of(box.data + HEADER_SIZE, box.size - HEADER_SIZE), out);
    if (status == STATUS_OK)
        *size = box.size - BOX_OVERHEAD;
    crypto_wipe(key, sizeof key);
    return status;
}

enum status box_peek(struct span box, uint8_t device_key_id[4], uint8_t server_key_id[4])
{
    if (!is_whole(box))
        return STATUS_INVALID;
    memcpy(device_key_id, box.data + DEVICE_KEY_AT, KEY_ID_SIZE);
    memcpy(server_key_id, box.data + SERVER_KEY_AT, KEY_ID_SIZE);
    return STATUS_OK;
}

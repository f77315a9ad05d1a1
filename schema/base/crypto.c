#include "schema/base/crypto.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

#include "schema/base/mbedtls3.h"

#define BLOCK_SIZE 64 /* of SHA-256 */
#define NONCE_SIZE 12

void crypto_random(void *out, size_t size)
{
    uint8_t *next = out;

    while (size > 0) {
        ssize_t got = getrandom(next, size, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            abort(); /* going on with a guessable key would be worse */
        next += got;
        size -= (size_t)got;
    }
}

uint64_t crypto_random_u64(void)
{
    uint64_t value;

    crypto_random(&value, sizeof value);
    return value;
}

void crypto_uuid(uint8_t out[16])
{
    crypto_random(out, 16);
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x40);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
}

/* The software SHA-256 of mbedTLS has no way to fail. */
static void hash(const uint8_t *head, size_t head_size, const struct span *parts, size_t count,
                 uint8_t out[CRYPTO_HASH_SIZE])
{
    mbedtls_sha256_context context;
    int error;

    mbedtls_sha256_init(&context);
    error = mbedtls_sha256_starts(&context, 0);
    if (head_size > 0)
        error |= mbedtls_sha256_update(&context, head, head_size);
    for (size_t i = 0; i < count; i++)
        if (parts[i].size > 0)
            error |= mbedtls_sha256_update(&context, parts[i].data, parts[i].size);
    error |= mbedtls_sha256_finish(&context, out);
    mbedtls_sha256_free(&context);
    assert(error == 0);
    (void)error;
}

void crypto_sha256(const struct span *parts, size_t count, uint8_t out[CRYPTO_HASH_SIZE])
{
    hash(NULL, 0, parts, count, out);
}

/* By hand, since the library's own HMAC allocates and so could fail. */
void crypto_hmac(struct span key, const struct span *parts, size_t count,
                 uint8_t out[CRYPTO_HASH_SIZE])
{
    uint8_t block[BLOCK_SIZE] = {0};
    uint8_t inner[CRYPTO_HASH_SIZE];

    if (key.size > BLOCK_SIZE)
        hash(key.data, key.size, NULL, 0, block);
    else if (key.size > 0)
        memcpy(block, key.data, key.size);

    for (size_t i = 0; i < BLOCK_SIZE; i++)
        block[i] ^= 0x36;
    hash(block, BLOCK_SIZE, parts, count, inner);
    for (size_t i = 0; i < BLOCK_SIZE; i++)
        block[i] ^= 0x36 ^ 0x5c;

    const struct span inner_span = span_of(inner, sizeof inner);
    hash(block, BLOCK_SIZE, &inner_span, 1, out);
    crypto_wipe(block, sizeof block);
    crypto_wipe(inner, sizeof inner);
}

enum status crypto_hmac_sha1(struct span key, struct span message, uint8_t out[CRYPTO_SHA1_SIZE])
{
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);

    return mbedtls_md_hmac(sha1, key.data, key.size, message.data, message.size, out) == 0
               ? STATUS_OK
               : STATUS_IO;
}

enum status crypto_hkdf(struct span secret, struct span salt, struct span info, uint8_t *out,
                        size_t out_size)
{
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

    if (out_size > 255 * CRYPTO_HASH_SIZE)
        return STATUS_INVALID;
    if (mbedtls_hkdf(sha256, salt.data, salt.size, secret.data, secret.size, info.data, info.size,
                     out, out_size) != 0)
        return STATUS_IO;
    return STATUS_OK;
}

static bool gcm_start(mbedtls_gcm_context *gcm, const uint8_t key[CRYPTO_KEY_SIZE])
{
    mbedtls_gcm_init(gcm);
    return mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, key, CRYPTO_KEY_SIZE * 8) == 0;
}

enum status crypto_seal(const uint8_t key[CRYPTO_KEY_SIZE], const uint8_t nonce[12],
                        struct span associated, struct span plain, uint8_t *out)
{
    mbedtls_gcm_context gcm;
    bool good = gcm_start(&gcm, key) &&
                mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.size, nonce, NONCE_SIZE,
                                          associated.data, associated.size, plain.data, out,
                                          CRYPTO_TAG_SIZE, out + plain.size) == 0;

    mbedtls_gcm_free(&gcm);
    return good ? STATUS_OK : STATUS_IO;
}

enum status crypto_open(const uint8_t key[CRYPTO_KEY_SIZE], const uint8_t nonce[12],
                        struct span associated, struct span sealed, uint8_t *out)
{
    mbedtls_gcm_context gcm;
    enum status status = STATUS_IO;

    if (sealed.size < CRYPTO_TAG_SIZE)
        return STATUS_FORGED;

    size_t size = sealed.size - CRYPTO_TAG_SIZE;
    if (gcm_start(&gcm, key)) {
        int error = mbedtls_gcm_auth_decrypt(&gcm, size, nonce, NONCE_SIZE, associated.data,
                                             associated.size, sealed.data + size, CRYPTO_TAG_SIZE,
                                             sealed.data, out);

        if (error == 0)
            status = STATUS_OK;
        else if (error == MBEDTLS_ERR_GCM_AUTH_FAILED)
            status = STATUS_FORGED;
    }
    mbedtls_gcm_free(&gcm);
    return status;
}

enum status crypto_wrap(const uint8_t master[CRYPTO_KEY_SIZE], const char *purpose,
                        struct span secret, uint8_t *out)
{
    crypto_random(out, NONCE_SIZE);
    return crypto_seal(master, out, span_text(purpose), secret, out + NONCE_SIZE);
}

enum status crypto_unwrap(const uint8_t master[CRYPTO_KEY_SIZE], const char *purpose,
                          struct span wrapped, uint8_t *out)
{
    if (wrapped.size < CRYPTO_WRAP_OVERHEAD)
        return STATUS_FORGED;
    return crypto_open(master, wrapped.data, span_text(purpose),
                       span_of(wrapped.data + NONCE_SIZE, wrapped.size - NONCE_SIZE), out);
}

void crypto_wipe(void *data, size_t size)
{
    mbedtls_platform_zeroize(data, size);
}

#include "server/api/claim_code.h"

#include "schema/base/encode.h"

#define SECRET_BYTES 10
#define SECRET_CHARS 16

enum status claim_code_make(struct arena *arena, const uint8_t fingerprint[CRYPTO_HASH_SIZE],
                            const char **code, uint8_t hash[CRYPTO_HASH_SIZE])
{
    uint8_t secret[SECRET_BYTES];
    char secret_text[SECRET_CHARS + 1];
    char fingerprint_text[64];

    crypto_random(secret, sizeof secret);
    const struct span secret_span = span_of(secret, sizeof secret);
    enum status status = encode_base32(secret_span, secret_text, sizeof secret_text);
    if (status == STATUS_OK)
        status = encode_base32(span_of(fingerprint, CRYPTO_HASH_SIZE), fingerprint_text,
                               sizeof fingerprint_text);
    if (status != STATUS_OK)
        return status;
    const char *text = arena_format(arena, "%s-%s", secret_text, fingerprint_text);
    if (text == NULL)
        return STATUS_MEMORY;
    crypto_sha256(&secret_span, 1, hash);
    *code = text;
    return STATUS_OK;
}

enum status claim_code_hash(struct span typed, uint8_t hash[CRYPTO_HASH_SIZE])
{
    uint8_t secret[SECRET_BYTES];
    size_t size = 0;

    while (size < typed.size && typed.data[size] != '-')
        size++;
    /* hashed as bytes: whether o or 0 was typed must not matter */
    if (size != SECRET_CHARS ||
        encode_from_base32(span_of(typed.data, size), secret, sizeof secret, &size) != STATUS_OK ||
        size != sizeof secret)
        return STATUS_INVALID;
    const struct span part = span_of(secret, size);
    crypto_sha256(&part, 1, hash);
    return STATUS_OK;
}

#include "server/api/secret.h"

#include <assert.h>

#include "schema/base/encode.h"

const char *secret_make(struct arena *arena, const char *prefix, size_t bytes)
{
    uint8_t raw[32];
    char text[64];

    assert(bytes <= sizeof raw);
    crypto_random(raw, bytes);
    if (encode_base32(span_of(raw, bytes), text, sizeof text) != STATUS_OK)
        return NULL;
    const char *secret = arena_format(arena, "%s%s", prefix, text);
    crypto_wipe(raw, sizeof raw);
    crypto_wipe(text, sizeof text);
    return secret;
}

void secret_hash(struct span secret, uint8_t out[CRYPTO_HASH_SIZE])
{
    crypto_sha256(&secret, 1, out);
}

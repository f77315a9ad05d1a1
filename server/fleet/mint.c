#include "server/fleet/mint.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"

#define MAX_CLAIMS 160

/* RFC 4648 section 5, without padding. */
static enum status encode_base64url(struct span bytes, char *out, size_t out_size)
{
    enum status status = encode_base64(bytes, out, out_size);

    if (status != STATUS_OK)
        return status;
    out[strcspn(out, "=")] = 0;
    for (char *at = out; *at; at++) {
        if (*at == '+')
            *at = '-';
        else if (*at == '/')
            *at = '_';
    }
    return STATUS_OK;
}

/* ---- GLM: the key is "id.secret", the credential a JSON web token (RFC 7519) ---- */

static bool is_word(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\"\\.", text.data[i]))
            return false;
    return text.size > 0;
}

static bool split(struct span key, struct span *id, struct span *secret)
{
    const uint8_t *dot = key.size ? memchr(key.data, '.', key.size) : NULL;

    if (!dot)
        return false;
    *id = span_of(key.data, (size_t)(dot - key.data));
    *secret = span_of(dot + 1, key.size - id->size - 1);
    return is_word(*id) && is_word(*secret);
}

/* So that robots that were told at one moment do not all come back at one. */
static int64_t spread_ms(const char *device_id)
{
    const struct span part = span_text(device_id);
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(&part, 1, hash);
    return (int64_t)((uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2]) % MINT_SPREAD_MS;
}

static enum status add_part(char *token, const char *before, struct span bytes)
{
    size_t used = strlen(token), size = strlen(before);

    if (used + size > LIMIT_API_KEY)
        return STATUS_FULL;
    memcpy(token + used, before, size + 1);
    return encode_base64url(bytes, token + used + size, LIMIT_API_KEY + 1 - used - size);
}

static enum status sign(struct span secret, char *token)
{
    const struct span signed_part = span_text(token);
    uint8_t signature[CRYPTO_HASH_SIZE];

    crypto_hmac(secret, &signed_part, 1, signature);
    return add_part(token, ".", span_of(signature, sizeof signature));
}

static enum status mint_glm(struct span key, const char *device_id, int64_t since_ms,
                            char out[LIMIT_API_KEY + 1])
{
    char token[LIMIT_API_KEY + 1] = "", claims[MAX_CLAIMS];
    const long long from_ms = since_ms, to_ms = since_ms + MINT_LIFE_MS + spread_ms(device_id);
    struct span id, secret;

    if (!split(key, &id, &secret))
        return STATUS_INVALID;
    if (snprintf(claims, sizeof claims, "{\"api_key\":\"%.*s\",\"exp\":%lld,\"timestamp\":%lld}",
                 (int)id.size, (const char *)id.data, to_ms, from_ms) >= (int)sizeof claims)
        return STATUS_INVALID;
    enum status status =
        add_part(token, "", span_text("{\"alg\":\"HS256\",\"sign_type\":\"SIGN\"}"));
    if (status == STATUS_OK)
        status = add_part(token, ".", span_text(claims));
    if (status == STATUS_OK)
        status = sign(secret, token);
    if (status == STATUS_OK)
        memcpy(out, token, sizeof token);
    crypto_wipe(token, sizeof token);
    return status == STATUS_OK ? STATUS_OK : STATUS_INVALID;
}

bool mint_fits(enum dialects_mint mint, struct span key, char problem[120])
{
    char token[LIMIT_API_KEY + 1];
    bool fits = mint_credential(mint, key, "", 0, token) == STATUS_OK;

    crypto_wipe(token, sizeof token);
    if (!fits)
        snprintf(problem, 120, "%s",
                 mint == DIALECTS_MINT_GLM ? "must be \"id.secret\" for credentials to be minted"
                                           : "cannot be minted from in this dialect");
    return fits;
}

enum status mint_credential(enum dialects_mint mint, struct span key, const char *device_id,
                            int64_t since_ms, char out[LIMIT_API_KEY + 1])
{
    switch (mint) {
    case DIALECTS_MINT_GLM:
        return mint_glm(key, device_id, since_ms, out);
    case DIALECTS_MINT_NONE:
        break;
    }
    return STATUS_INVALID;
}

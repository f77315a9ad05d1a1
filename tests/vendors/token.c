#include "tests/vendors/token.h"

#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"

#define MAX_PART 512

/* One part of the token, decoded from base64url (RFC 4648 section 5, without padding). */
static bool decode_part(struct span part, uint8_t out[MAX_PART], size_t *size)
{
    char text[MAX_PART];
    size_t length = part.size;

    if (length + 4 > sizeof text)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = (char)part.data[i];
        text[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    while (length % 4 != 0)
        text[length++] = '=';
    return encode_from_base64(span_of(text, length), out, MAX_PART, size) == STATUS_OK;
}

/* The part up to the next dot; *rest moves on behind it. */
static struct span next_part(struct span *rest)
{
    const uint8_t *dot = rest->size > 0 ? memchr(rest->data, '.', rest->size) : NULL;
    size_t size = dot != NULL ? (size_t)(dot - rest->data) : rest->size;
    struct span part = span_of(rest->data, size);

    *rest = span_of(rest->data + size + (dot != NULL), rest->size - size - (dot != NULL));
    return part;
}

static bool claims_hold(struct span part, struct span id, int64_t now_ms)
{
    uint8_t text[MAX_PART];
    size_t size;
    struct json *claims;

    if (!decode_part(part, text, &size) ||
        json_parse(span_of(text, size), &claims, NULL) != STATUS_OK)
        return false;
    bool hold = span_equal_text(id, json_text(json_member(claims, "api_key"), "")) &&
                json_int(json_member(claims, "exp"), 0) > now_ms &&
                json_int(json_member(claims, "timestamp"), INT64_MAX) <= now_ms + 60000;
    json_free(claims);
    return hold;
}

static bool header_fits(struct span part)
{
    uint8_t text[MAX_PART];
    size_t size;
    struct json *header;

    if (!decode_part(part, text, &size) ||
        json_parse(span_of(text, size), &header, NULL) != STATUS_OK)
        return false;
    bool fits = strcmp(json_text(json_member(header, "alg"), ""), "HS256") == 0 &&
                strcmp(json_text(json_member(header, "sign_type"), ""), "SIGN") == 0;
    json_free(header);
    return fits;
}

bool token_is_of(struct span token, const char *pair, int64_t now_ms)
{
    struct span secret = span_text(pair), rest = token;
    const struct span id = next_part(&secret);
    const struct span header = next_part(&rest), claims = next_part(&rest);
    uint8_t expected[CRYPTO_HASH_SIZE], signature[MAX_PART];
    size_t size;

    if (rest.size == 0 || !decode_part(rest, signature, &size) || size != sizeof expected)
        return false;
    const struct span signed_part = span_of(token.data, header.size + 1 + claims.size);
    crypto_hmac(secret, &signed_part, 1, expected);
    return memcmp(signature, expected, size) == 0 && header_fits(header) &&
           claims_hold(claims, id, now_ms);
}

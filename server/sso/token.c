#include "server/sso/token.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/encode.h"
#include "schema/base/jws.h"

static enum status say(char problem[TOKEN_PROBLEM], enum status status, const char *what)
{
    snprintf(problem, TOKEN_PROBLEM, "%s", what);
    return status;
}

static enum status decode(struct span text, struct arena *arena, struct span *out)
{
    const size_t padded = (text.size + 3) / 4 * 4;
    char *base64 = arena_take(arena, padded + 1);
    uint8_t *bytes = arena_take(arena, padded + 1);
    size_t size = 0;

    if (base64 == NULL || bytes == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < padded; i++) {
        const char sign = i < text.size ? (char)text.data[i] : '=';

        if (sign == '+' || sign == '/' || (sign == '=' && i < text.size))
            return STATUS_INVALID;
        base64[i] = sign == '-' ? '+' : (char)(sign == '_' ? '/' : sign);
    }
    enum status status = encode_from_base64(span_of(base64, padded), bytes, padded + 1, &size);
    if (status == STATUS_OK)
        *out = span_of(bytes, size);
    return status;
}

enum status token_decode(const char *text, struct arena *arena, struct span *out)
{
    return decode(span_text(text), arena, out);
}

/* "header.claims.signature" */
struct parts {
    struct span header;
    struct span claims;
    struct span signature;
    struct span signed_text;
};

static bool take_apart(const char *token, struct parts *out)
{
    const char *first = strchr(token, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (second == NULL || strchr(second + 1, '.') != NULL)
        return false;
    out->header = span_of(token, (size_t)(first - token));
    out->claims = span_of(first + 1, (size_t)(second - first - 1));
    out->signature = span_text(second + 1);
    out->signed_text = span_of(token, (size_t)(second - token));
    return true;
}

static enum status parse(struct span text, struct arena *arena, struct json **out)
{
    struct span bytes;
    enum status status = decode(text, arena, &bytes);

    return status == STATUS_OK ? json_parse(bytes, out, NULL) : status;
}

/* A key that may sign by alg: of that kid, or the only one of its kind when the token names none.
 */
static const struct json *find_key(const struct json *jwks, const char *kid, const char *kty)
{
    const struct json *keys = json_member(jwks, "keys");
    const struct json *found = NULL;
    size_t count = 0;

    for (size_t i = 0; i < json_count(keys); i++) {
        const struct json *key = json_item(keys, i);

        if (strcmp(json_text(json_member(key, "kty"), ""), kty) != 0 ||
            strcmp(json_text(json_member(key, "use"), "sig"), "sig") != 0)
            continue;
        if (kid[0] != '\0' && strcmp(json_text(json_member(key, "kid"), ""), kid) == 0)
            return key;
        found = key;
        count++;
    }
    return kid[0] == '\0' && count == 1 ? found : NULL;
}

static enum status number(const struct json *key, const char *name, struct arena *arena,
                          struct span *out)
{
    return token_decode(json_text(json_member(key, name), ""), arena, out);
}

static enum status verify_by(const struct json *key, bool is_rsa, const struct parts *parts,
                             struct arena *arena)
{
    struct span signature;
    struct span first;
    struct span second;
    enum status status = decode(parts->signature, arena, &signature);

    if (status == STATUS_OK)
        status = number(key, is_rsa ? "n" : "x", arena, &first);
    if (status == STATUS_OK)
        status = number(key, is_rsa ? "e" : "y", arena, &second);
    if (status != STATUS_OK)
        return status;
    return is_rsa ? jws_verify_rs256(first, second, parts->signed_text, signature)
                  : jws_verify_es256(first, second, parts->signed_text, signature);
}

static enum status verify_signature(const struct json *header, const struct parts *parts,
                                    const struct json *jwks, struct arena *arena,
                                    char problem[TOKEN_PROBLEM])
{
    const char *alg = json_text(json_member(header, "alg"), "");
    const bool is_rsa = strcmp(alg, "RS256") == 0;

    if (!is_rsa && strcmp(alg, "ES256") != 0)
        return say(problem, STATUS_INVALID, "the token is signed neither by RS256 nor by ES256");
    const struct json *key =
        find_key(jwks, json_text(json_member(header, "kid"), ""), is_rsa ? "RSA" : "EC");
    if (key == NULL)
        return say(problem, STATUS_NOT_FOUND, "the token's key is not among the provider's");
    enum status status = verify_by(key, is_rsa, parts, arena);
    return status == STATUS_OK ? status : say(problem, status, "the token's signature is wrong");
}

enum status token_verify(const char *token, const struct json *jwks, struct arena *arena,
                         struct json **claims, char problem[TOKEN_PROBLEM])
{
    struct parts parts;
    struct json *header;

    if (!take_apart(token, &parts) || parse(parts.header, arena, &header) != STATUS_OK)
        return say(problem, STATUS_INVALID, "the token is none");
    enum status status = verify_signature(header, &parts, jwks, arena, problem);
    json_free(header);
    if (status != STATUS_OK)
        return status;
    status = parse(parts.claims, arena, claims);
    return status == STATUS_OK ? status : say(problem, STATUS_INVALID, "the token says nothing");
}

/* aud is one text or several; of several azp must name us (OpenID Connect Core section 2). */
static bool is_for(const struct json *claims, const char *client_id)
{
    const struct json *aud = json_member(claims, "aud");
    const char *azp = json_text(json_member(claims, "azp"), NULL);
    bool named = strcmp(json_text(aud, ""), client_id) == 0;

    if (json_type(aud) == JSON_ARRAY)
        for (size_t i = 0; i < json_count(aud); i++)
            named |= strcmp(json_text(json_item(aud, i), ""), client_id) == 0;
    if (azp == NULL)
        return named && (json_type(aud) != JSON_ARRAY || json_count(aud) == 1);
    return named && strcmp(azp, client_id) == 0;
}

enum status token_check(const struct json *claims, const struct token_wanted *wanted,
                        int64_t now_ms, char problem[TOKEN_PROBLEM])
{
    const int64_t now_s = now_ms / 1000;
    const int64_t exp_s = json_int(json_member(claims, "exp"), 0);
    const int64_t iat_s = json_int(json_member(claims, "iat"), INT64_MAX);

    if (strcmp(json_text(json_member(claims, "iss"), ""), wanted->issuer) != 0)
        return say(problem, STATUS_DENIED, "the token is of another issuer");
    if (json_member(claims, "aud") == NULL || !is_for(claims, wanted->client_id))
        return say(problem, STATUS_DENIED, "the token is for another client");
    if (strcmp(json_text(json_member(claims, "nonce"), ""), wanted->nonce) != 0)
        return say(problem, STATUS_DENIED, "the token is of another login");
    if (exp_s + TOKEN_SLACK_S <= now_s)
        return say(problem, STATUS_DENIED, "the token has expired");
    if (iat_s > now_s + TOKEN_SLACK_S)
        return say(problem, STATUS_DENIED, "the token is of the future: compare the clocks");
    if (json_text(json_member(claims, "sub"), "")[0] == '\0')
        return say(problem, STATUS_DENIED, "the token names nobody");
    return STATUS_OK;
}

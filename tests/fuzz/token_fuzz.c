#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "server/sso/token.h"

/* A line of a token, then the provider's keys. No input can be signed by a key whose other half
 * nobody has, but it may bring keys of its own: then what it says is still for nobody here. */
static void verify(const char *token, struct span keys_text, struct arena *arena)
{
    static const struct token_wanted wanted = {"https://id.example", "myna", "n"};
    struct json *keys = NULL, *claims = NULL;
    char problem[TOKEN_PROBLEM] = "";

    if (json_parse(keys_text, &keys, NULL) != STATUS_OK)
        return;
    if (token_verify(token, keys, arena, &claims, problem) != STATUS_OK)
        FUZZ_CHECK(claims == NULL && (problem[0] != '\0' || arena_failed(arena)));
    else if (token_check(claims, &wanted, 1800000300000, problem) == STATUS_OK)
        FUZZ_CHECK(strcmp(json_text(json_member(claims, "iss"), ""), wanted.issuer) == 0);
    json_free(claims);
    json_free(keys);
}

/* Claims alone, as if they were signed. */
static void check(struct span text)
{
    static const struct token_wanted wanted = {"https://id.example", "myna", "n"};
    struct json *claims = NULL;
    char problem[TOKEN_PROBLEM] = "";

    if (json_parse(text, &claims, NULL) != STATUS_OK)
        return;
    if (token_check(claims, &wanted, 1800000300000, problem) == STATUS_OK)
        FUZZ_CHECK(strcmp(json_text(json_member(claims, "nonce"), ""), wanted.nonce) == 0);
    else
        FUZZ_CHECK(problem[0] != '\0');
    json_free(claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    const size_t first = end ? (size_t)(end - data) : size;
    struct arena *arena = NULL;
    struct span bytes;

    FUZZ_CHECK(arena_create(&arena, 4u << 20) == STATUS_OK);
    const char *token = arena_text(arena, span_of(data, first));
    if (token && token_decode(token, arena, &bytes) == STATUS_OK)
        FUZZ_CHECK(bytes.size <= first * 3 / 4);
    if (token && end)
        verify(token, span_of(end + 1, size - first - 1), arena);
    check(span_of(data, size));
    arena_free(arena);
    return 0;
}

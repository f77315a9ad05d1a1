/* token.h - ID tokens of OpenID Connect: JSON Web Tokens in compact form (RFC 7519, RFC 7515)
 *
 * Pure: time is an argument.
 */
#ifndef SERVER_SSO_TOKEN_H
#define SERVER_SSO_TOKEN_H

#include "schema/base/arena.h"
#include "schema/base/json.h"

#define TOKEN_PROBLEM 160
#define TOKEN_SLACK_S 60 /* how far two clocks may be apart */

/* Bytes of base64url without padding (RFC 4648 section 5), in the arena. STATUS_INVALID. */
MUST_CHECK enum status token_decode(const char *text, struct arena *arena, struct span *out);

/* The claims, once a key of jwks (RFC 7517) has verified the signature: RS256 or ES256, nothing
 * else, whatever the token says. The caller frees *claims. STATUS_NOT_FOUND: the key that the token
 * names is not among them, newer ones may have it; STATUS_FORGED, STATUS_INVALID. */
MUST_CHECK enum status token_verify(const char *token, const struct json *jwks, struct arena *arena,
                                    struct json **claims, char problem[TOKEN_PROBLEM]);

/* What a token must say besides. Borrowed. */
struct token_wanted {
    const char *issuer;
    const char *client_id;
    const char *nonce;
};

/* Whether it is for us, of this login and still good (OpenID Connect Core section 3.1.3.7).
 * STATUS_DENIED: problem says what is not. */
MUST_CHECK enum status token_check(const struct json *claims, const struct token_wanted *wanted,
                                   int64_t now_ms, char problem[TOKEN_PROBLEM]);

#endif

/* totp.h - one-time codes of six digits, a new one each 30 s (RFC 6238, HMAC-SHA-1)
 *
 * What every authenticator app speaks. Pure: the time is an argument.
 */
#ifndef SERVER_API_TOTP_H
#define SERVER_API_TOTP_H

#include "schema/base/arena.h"

#define TOTP_SECRET_SIZE 20
#define TOTP_TEXT_SIZE   33

/* The secret as people type it into an app: base32 of RFC 4648, NUL-terminated. */
void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char out[TOTP_TEXT_SIZE]);

/* The address that an app reads from a picture: "otpauth://totp/...". account is a slug. NULL: the
 * arena is full. */
const char *totp_uri(const uint8_t secret[TOTP_SECRET_SIZE], const char *account,
                     struct arena *arena);

/* Whether the code is that of the 30 s of wall_ms, of those before or of those after, for clocks
 * differ; and not of the step used or an earlier one, for whoever saw a code must not use it again.
 * Then *step is its own. */
bool totp_fits(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t wall_ms,
               int64_t used, int64_t *step);

#endif

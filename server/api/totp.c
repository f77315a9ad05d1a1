#include "server/api/totp.h"

#include <string.h>

#include "schema/base/crypto.h"

#define STEP_MS 30000
#define DIGITS  6
#define MODULUS 1000000

void totp_text(const uint8_t secret[TOTP_SECRET_SIZE], char out[TOTP_TEXT_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned bits = 0;
    unsigned held = 0;
    size_t written = 0;

    for (size_t i = 0; i < TOTP_SECRET_SIZE; i++) {
        bits = (bits << 8 | secret[i]) & 0xfff;
        for (held += 8; held >= 5; held -= 5)
            out[written++] = alphabet[bits >> (held - 5) & 31];
    }
    out[written] = '\0';
}

const char *totp_uri(const uint8_t secret[TOTP_SECRET_SIZE], const char *account,
                     struct arena *arena)
{
    char text[TOTP_TEXT_SIZE];

    totp_text(secret, text);
    const char *uri = arena_format(arena,
                                   "otpauth://totp/Myna:%s?secret=%s&issuer=Myna&algorithm=SHA1"
                                   "&digits=6&period=30",
                                   account, text);
    crypto_wipe(text, sizeof text);
    return uri;
}

/* RFC 4226 section 5.3. */
static bool code_at(const uint8_t secret[TOTP_SECRET_SIZE], int64_t step, uint32_t *code)
{
    uint8_t counter[8];
    uint8_t mac[CRYPTO_SHA1_SIZE];

    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (crypto_hmac_sha1(span_of(secret, TOTP_SECRET_SIZE), span_of(counter, sizeof counter),
                         mac) != STATUS_OK)
        return false;
    const uint8_t *at = mac + (mac[CRYPTO_SHA1_SIZE - 1] & 15);
    *code = (((uint32_t)at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) %
            MODULUS;
    return true;
}

static bool read_code(const char *text, uint32_t *code)
{
    uint32_t value = 0;

    if (strlen(text) != DIGITS || strspn(text, "0123456789") != DIGITS)
        return false;
    for (int i = 0; i < DIGITS; i++)
        value = value * 10 + (uint32_t)(text[i] - '0');
    *code = value;
    return true;
}

bool totp_fits(const uint8_t secret[TOTP_SECRET_SIZE], const char *code, int64_t wall_ms,
               int64_t used, int64_t *step)
{
    const int64_t now = wall_ms / STEP_MS;
    uint32_t shown;
    uint32_t right;

    if (!read_code(code, &shown))
        return false;
    for (int64_t at = now - 1; at <= now + 1; at++)
        if (at > used && code_at(secret, at, &right) && shown == right) {
            *step = at;
            return true;
        }
    return false;
}

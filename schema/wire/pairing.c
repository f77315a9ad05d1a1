#include "schema/wire/pairing.h"

#include <stdio.h>
#include <string.h>

#define MODULUS 1000000 /* a one with PAIRING_DIGITS zeros */

/* With its NUL, which parts it from what follows. */
static struct span with_end(const char *text)
{
    return span_of(text, strlen(text) + 1);
}

void pairing_transcript(const struct pairing_facts *facts, uint8_t out[CRYPTO_HASH_SIZE])
{
    const struct span parts[] = {
        span_text("myna pair 1"),
        span_of(facts->root_fingerprint, CRYPTO_HASH_SIZE),
        span_of(facts->key_hash, CRYPTO_HASH_SIZE),
        span_of(facts->sealing_public, CRYPTO_KEY_SIZE),
        with_end(facts->device_id),
        with_end(facts->serial),
    };

    crypto_sha256(parts, sizeof parts / sizeof *parts, out);
}

void pairing_commitment(const uint8_t transcript[CRYPTO_HASH_SIZE],
                        const uint8_t robot_nonce[PAIRING_NONCE_SIZE],
                        uint8_t out[CRYPTO_HASH_SIZE])
{
    const struct span parts[] = {
        span_text("myna pair commitment 1"),
        span_of(robot_nonce, PAIRING_NONCE_SIZE),
        span_of(transcript, CRYPTO_HASH_SIZE),
    };

    crypto_sha256(parts, sizeof parts / sizeof *parts, out);
}

enum status pairing_digits(const uint8_t transcript[CRYPTO_HASH_SIZE],
                           const uint8_t robot_nonce[PAIRING_NONCE_SIZE],
                           const uint8_t server_nonce[PAIRING_NONCE_SIZE],
                           char out[PAIRING_DIGITS + 1])
{
    uint8_t secret[2 * PAIRING_NONCE_SIZE], derived[8];
    uint64_t number = 0;

    memcpy(secret, robot_nonce, PAIRING_NONCE_SIZE);
    memcpy(secret + PAIRING_NONCE_SIZE, server_nonce, PAIRING_NONCE_SIZE);
    enum status status =
        crypto_hkdf(span_of(secret, sizeof secret), span_of(transcript, CRYPTO_HASH_SIZE),
                    span_text("myna pair digits 1"), derived, sizeof derived);
    crypto_wipe(secret, sizeof secret);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < sizeof derived; i++)
        number = number << 8 | derived[i];
    snprintf(out, PAIRING_DIGITS + 1, "%06u", (unsigned)(number % MODULUS));
    return STATUS_OK;
}

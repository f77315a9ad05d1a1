#include "server/api/pairing_check.h"

#include <string.h>

static void transcribe(const struct authority *authority, const struct pairings_row *row,
                       uint8_t out[CRYPTO_HASH_SIZE])
{
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    const struct pairing_facts facts = {
        .root_fingerprint = fingerprint,
        .key_hash = row->key_hash,
        .sealing_public = row->sealing_public,
        .device_id = row->device_id,
        .serial = row->serial,
    };

    authority_fingerprint(authority, fingerprint);
    pairing_transcript(&facts, out);
}

bool pairing_check_revealed(const struct authority *authority, const struct pairings_row *row,
                            const uint8_t nonce[PAIRING_NONCE_SIZE])
{
    uint8_t transcript[CRYPTO_HASH_SIZE], commitment[CRYPTO_HASH_SIZE];

    transcribe(authority, row, transcript);
    pairing_commitment(transcript, nonce, commitment);
    return memcmp(commitment, row->commitment, sizeof commitment) == 0;
}

/* As people write what they hear: "889 954", "8-8-9-9-5-4". */
static bool read_digits(const char *typed, char out[PAIRING_DIGITS + 1])
{
    size_t count = 0;

    for (; *typed != '\0'; typed++) {
        if (*typed == ' ' || *typed == '-')
            continue;
        if (*typed < '0' || *typed > '9' || count == PAIRING_DIGITS)
            return false;
        out[count++] = *typed;
    }
    out[count] = '\0';
    return count == PAIRING_DIGITS;
}

enum status pairing_check_typed(const struct authority *authority, const struct pairings_row *row,
                                const char *typed)
{
    uint8_t transcript[CRYPTO_HASH_SIZE];
    char heard[PAIRING_DIGITS + 1], right[PAIRING_DIGITS + 1];

    if (!read_digits(typed, heard))
        return STATUS_INVALID;
    transcribe(authority, row, transcript);
    enum status status = pairing_digits(transcript, row->robot_nonce, row->server_nonce, right);
    if (status != STATUS_OK)
        return status;
    const bool is_same = strcmp(heard, right) == 0;
    crypto_wipe(right, sizeof right);
    return is_same ? STATUS_OK : STATUS_FORGED;
}

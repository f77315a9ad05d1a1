#include "server/api/second_factor.h"

#include <assert.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "server/api/secret.h"
#include "server/store/second_factors.h"

#define CODE_BYTES 10 /* of randomness: nobody guesses that, so a plain hash keeps it */
#define CODE_TEXT  16 /* the same in base32 */

static_assert(SECOND_FACTORS_WRAPPED == TOTP_SECRET_SIZE + CRYPTO_WRAP_OVERHEAD, "all of it");

static const char *purpose(const char *operator_id, struct arena *arena)
{
    return arena_format(arena, "totp:%s", operator_id);
}

static enum status unwrap(const struct api *api, const char *operator_id,
                          const struct second_factors_secret *kept, struct arena *arena,
                          uint8_t secret[TOTP_SECRET_SIZE])
{
    const char *bound = purpose(operator_id, arena);

    if (bound == NULL)
        return STATUS_MEMORY;
    return crypto_unwrap(authority_data_key(api->authority), bound,
                         span_of(kept->wrapped, sizeof kept->wrapped), secret);
}

/* Whatever stands between the signs, and however large they are written: they are read from paper.
 * Base32 reads o as 0, so that a code has one hash only once it was decoded. */
static enum status hash_code(const char *code, uint8_t hash[CRYPTO_HASH_SIZE])
{
    char bare[CODE_TEXT + 1];
    uint8_t raw[CODE_BYTES];
    size_t size = 0;

    for (const char *at = code; *at != '\0'; at++) {
        if (*at == '-' || *at == ' ')
            continue;
        if (size == CODE_TEXT)
            return STATUS_DENIED;
        bare[size++] = *at;
    }
    bare[size] = '\0';
    if (encode_from_base32(span_text(bare), raw, sizeof raw, &size) != STATUS_OK ||
        size != sizeof raw)
        return STATUS_DENIED;
    secret_hash(span_of(raw, sizeof raw), hash);
    crypto_wipe(raw, sizeof raw);
    return STATUS_OK;
}

static enum status take_recovery_code(const struct api *api, const struct author *author,
                                      const char *operator_id, const char *code,
                                      struct arena *arena)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = hash_code(code, hash);

    return status == STATUS_OK ? second_factors_use_code(api->store, author, operator_id,
                                                         span_of(hash, sizeof hash), arena)
                               : status;
}

static const char *without_blanks(const char *code, char out[SECOND_FACTOR_CODE_MAX + 1])
{
    size_t size = 0;

    for (; *code != '\0' && size < SECOND_FACTOR_CODE_MAX; code++)
        if (*code != ' ')
            out[size++] = *code;
    out[size] = '\0';
    return out;
}

enum status second_factor_take(const struct api *api, const struct author *author,
                               const char *operator_id, const char *code, struct arena *arena)
{
    struct second_factors_secret kept;
    uint8_t secret[TOTP_SECRET_SIZE];
    char bare[SECOND_FACTOR_CODE_MAX + 1];
    int64_t step;
    enum status status = second_factors_get(api->store, operator_id, &kept);

    if (status != STATUS_OK)
        return status;
    if (!kept.in_force)
        return STATUS_NOT_FOUND;
    if (code == NULL)
        return STATUS_DENIED;
    status = unwrap(api, operator_id, &kept, arena, secret);
    if (status != STATUS_OK)
        return status;
    const bool fits =
        totp_fits(secret, without_blanks(code, bare), clock_wall_ms(), kept.step, &step);
    crypto_wipe(secret, sizeof secret);
    return fits ? second_factors_use_step(api->store, operator_id, step)
                : take_recovery_code(api, author, operator_id, code, arena);
}

enum status second_factor_begin(const struct api *api, const struct author *author,
                                const char *operator_id, struct arena *arena,
                                uint8_t secret[TOTP_SECRET_SIZE])
{
    const char *bound = purpose(operator_id, arena);
    uint8_t wrapped[SECOND_FACTORS_WRAPPED];

    if (bound == NULL)
        return STATUS_MEMORY;
    crypto_random(secret, TOTP_SECRET_SIZE);
    enum status status = crypto_wrap(authority_data_key(api->authority), bound,
                                     span_of(secret, TOTP_SECRET_SIZE), wrapped);
    return status == STATUS_OK ? second_factors_begin(api->store, author, operator_id,
                                                      span_of(wrapped, sizeof wrapped), arena)
                               : status;
}

/* "h4f2-9k0c-x7wq-m3tz" */
static const char *write_code(const uint8_t raw[CODE_BYTES], struct arena *arena)
{
    char text[CODE_TEXT + 1];

    if (encode_base32(span_of(raw, CODE_BYTES), text, sizeof text) != STATUS_OK)
        return NULL;
    return arena_format(arena, "%.4s-%.4s-%.4s-%.4s", text, text + 4, text + 8, text + 12);
}

static enum status make_codes(struct arena *arena, const char *codes[SECOND_FACTOR_CODES],
                              struct span hashes[SECOND_FACTOR_CODES])
{
    for (size_t i = 0; i < SECOND_FACTOR_CODES; i++) {
        uint8_t raw[CODE_BYTES];
        uint8_t *hash = arena_take(arena, CRYPTO_HASH_SIZE);

        crypto_random(raw, sizeof raw);
        codes[i] = write_code(raw, arena);
        if (hash == NULL || codes[i] == NULL)
            return STATUS_MEMORY;
        secret_hash(span_of(raw, sizeof raw), hash);
        hashes[i] = span_of(hash, CRYPTO_HASH_SIZE);
        crypto_wipe(raw, sizeof raw);
    }
    return STATUS_OK;
}

enum status second_factor_confirm(const struct api *api, const struct author *author,
                                  const char *operator_id, const char *code, struct arena *arena,
                                  const char *codes[SECOND_FACTOR_CODES])
{
    struct span hashes[SECOND_FACTOR_CODES];
    struct second_factors_secret kept;
    uint8_t secret[TOTP_SECRET_SIZE];
    char bare[SECOND_FACTOR_CODE_MAX + 1];
    int64_t step = 0;
    enum status status = second_factors_get(api->store, operator_id, &kept);

    if (status != STATUS_OK)
        return status;
    if (kept.in_force)
        return STATUS_CONFLICT;
    status = unwrap(api, operator_id, &kept, arena, secret);
    if (status != STATUS_OK)
        return status;
    if (!totp_fits(secret, without_blanks(code, bare), clock_wall_ms(), kept.step, &step))
        status = STATUS_DENIED;
    crypto_wipe(secret, sizeof secret);
    if (status == STATUS_OK)
        status = make_codes(arena, codes, hashes);
    return status == STATUS_OK ? second_factors_confirm(api->store, author, operator_id,
                                                        span_of(kept.wrapped, sizeof kept.wrapped),
                                                        step, hashes, SECOND_FACTOR_CODES, arena)
                               : status;
}

enum status second_factor_renew(const struct api *api, const struct author *author,
                                const char *operator_id, struct arena *arena,
                                const char *codes[SECOND_FACTOR_CODES])
{
    struct span hashes[SECOND_FACTOR_CODES];
    enum status status = make_codes(arena, codes, hashes);

    return status == STATUS_OK ? second_factors_replace_codes(api->store, author, operator_id,
                                                              hashes, SECOND_FACTOR_CODES, arena)
                               : status;
}

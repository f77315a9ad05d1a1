/* second_factor.h - what an operator shows besides the password: a code of an app, or one of the
 * recovery codes
 *
 * Secrets lie in the database under the master key, recovery codes as hashes.
 */
#ifndef SERVER_API_SECOND_FACTOR_H
#define SERVER_API_SECOND_FACTOR_H

#include "server/api/api.h"
#include "server/api/totp.h"

#define SECOND_FACTOR_CODES    10
#define SECOND_FACTOR_CODE_MAX 40 /* bytes of what people type */

/* Takes a code: it is worth nothing afterwards. Blanks and dashes in it do not count.
 * STATUS_NOT_FOUND: the operator has no second factor in force, code is not looked at;
 * STATUS_DENIED: it is wrong or was taken before. code NULL: only looks whether there is one, then
 * STATUS_DENIED. */
MUST_CHECK enum status second_factor_take(const struct api *api, const struct author *author,
                                          const char *operator_id, const char *code,
                                          struct arena *arena);

/* A new secret, not in force yet. Statuses of second_factors_begin(). */
MUST_CHECK enum status second_factor_begin(const struct api *api, const struct author *author,
                                           const char *operator_id, struct arena *arena,
                                           uint8_t secret[TOTP_SECRET_SIZE]);

/* Puts the new secret in force by its first code; codes are the recovery codes, in the arena.
 * STATUS_DENIED: the code is wrong; STATUS_NOT_FOUND: nothing was begun; STATUS_CONFLICT. */
MUST_CHECK enum status second_factor_confirm(const struct api *api, const struct author *author,
                                             const char *operator_id, const char *code,
                                             struct arena *arena,
                                             const char *codes[SECOND_FACTOR_CODES]);

/* New recovery codes in place of the old ones. Statuses of second_factors_replace_codes(). */
MUST_CHECK enum status second_factor_renew(const struct api *api, const struct author *author,
                                           const char *operator_id, struct arena *arena,
                                           const char *codes[SECOND_FACTOR_CODES]);

#endif

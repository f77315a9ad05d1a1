/* second_factors.h - operators' shared secrets for one-time codes, and their recovery codes
 *
 * A secret is in force once its first code was shown; until then a new one takes its place. Secrets
 * come wrapped, recovery codes as hashes.
 */
#ifndef SERVER_STORE_SECOND_FACTORS_H
#define SERVER_STORE_SECOND_FACTORS_H

#include "server/store/document.h"

#define SECOND_FACTORS_WRAPPED 48

struct second_factors_secret {
    uint8_t wrapped[SECOND_FACTORS_WRAPPED];
    bool in_force;
    int64_t step; /* of the last code that was taken */
};

/* {"since","required","recovery_codes"}: since null while none is in force. STATUS_NOT_FOUND. */
MUST_CHECK enum status second_factors_show(struct store *store, const char *operator_id,
                                           struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND: the operator has no secret at all. */
MUST_CHECK enum status second_factors_get(struct store *store, const char *operator_id,
                                          struct second_factors_secret *out);

/* Keeps a new secret that is not in force yet. STATUS_NOT_FOUND: no such operator;
 * STATUS_CONFLICT: one is in force. */
MUST_CHECK enum status second_factors_begin(struct store *store, const struct author *author,
                                            const char *operator_id, struct span wrapped,
                                            struct arena *arena);

/* The secret is in force from now on, with these codes; step is that of the code that was shown.
 * STATUS_CONFLICT: another secret took its place meanwhile, or it is in force already. */
MUST_CHECK enum status second_factors_confirm(struct store *store, const struct author *author,
                                              const char *operator_id, struct span wrapped,
                                              int64_t step, const struct span *code_hashes,
                                              size_t count, struct arena *arena);

/* Takes the code of a step. STATUS_DENIED: that one or a later one was taken before. */
MUST_CHECK enum status second_factors_use_step(struct store *store, const char *operator_id,
                                               int64_t step);

/* Takes a recovery code, which is gone then, and audits it. STATUS_DENIED: there is none such. */
MUST_CHECK enum status second_factors_use_code(struct store *store, const struct author *author,
                                               const char *operator_id, struct span code_hash,
                                               struct arena *arena);

/* New recovery codes in place of the old ones. STATUS_NOT_FOUND: no secret is in force. */
MUST_CHECK enum status second_factors_replace_codes(struct store *store,
                                                    const struct author *author,
                                                    const char *operator_id,
                                                    const struct span *code_hashes, size_t count,
                                                    struct arena *arena);

/* Forgets secret and codes. STATUS_NOT_FOUND: there is no secret; STATUS_CONFLICT: the operator's
 * role asks for one, unless by_force, which also ends the operator's sessions. */
MUST_CHECK enum status second_factors_remove(struct store *store, const struct author *author,
                                             const char *operator_id, bool by_force,
                                             struct arena *arena);

#endif

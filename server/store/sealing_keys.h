/* sealing_keys.h - the server's X25519 keys that robots seal their messages for
 *
 * One key is current: whoever enrols or renews gets it. When another follows it, it is retiring:
 * robots are told of both by a new generation, some at a time, and each uses the new one from then
 * on, which is how the server knows that it has it. A retired key is gone: what was sealed for it
 * is not opened any more, by nobody. Each step is one transaction, which any instance may take.
 * Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_SEALING_KEYS_H
#define SERVER_STORE_SEALING_KEYS_H

#include "schema/base/box.h"
#include "server/store/document.h"

struct sealing_keys_row {
    uint8_t key_id[4];
    uint8_t public_key[PKI_X25519_SIZE];
    uint8_t private_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t signature_size;
    int64_t valid_from_ms;
};

/* All keys in use, the newest first. */
#define SEALING_KEYS_LIVE 2
MUST_CHECK enum status sealing_keys_live(struct store *store,
                                         struct sealing_keys_row out[SEALING_KEYS_LIVE],
                                         size_t *count);

/* The newest key in use. STATUS_NOT_FOUND: there is none yet. */
MUST_CHECK enum status sealing_keys_current(struct store *store, struct sealing_keys_row *out);

/* Adds the first key; when another instance was quicker, nothing happens. Audited as "mynad". */
MUST_CHECK enum status sealing_keys_add_first(struct store *store,
                                              const struct sealing_keys_row *row);

/* Makes the row the current key; robots are told at this rate. Audited as "sealing_key.rotate". The
 * document is the key, see keys.h. STATUS_EXISTS: the one before the present one is not retired. */
MUST_CHECK enum status sealing_keys_follow(struct store *store, const struct author *author,
                                           const struct sealing_keys_row *row, int64_t per_minute,
                                           struct arena *arena, struct document *out);

/* Retires a key and forgets it and all that was agreed by it; robots are told of that as well.
 * Audited with the reason as "sealing_key.retire". STATUS_NOT_FOUND; STATUS_EXISTS: it is retired;
 * STATUS_DENIED: it is the current one; STATUS_CONFLICT: so many robots depend on it (*robots), and
 * force is false. */
struct sealing_keys_order {
    const char *id; /* "sealing-1a2b3c4d" */
    bool force;
    const char *reason;
};
MUST_CHECK enum status sealing_keys_retire(struct store *store, const struct author *author,
                                           const struct sealing_keys_order *order,
                                           struct arena *arena, struct document *out,
                                           int64_t *robots);

/* Tells robots whose turn it is of the list of keys, and keeps for robots that use another key than
 * before what they share by it. Any instance may, at any time; costs nothing while no key follows
 * another. */
MUST_CHECK enum status sealing_keys_step(struct store *store,
                                         const uint8_t data_key[CRYPTO_KEY_SIZE],
                                         struct arena *arena);

/* Robots that spoke by a retired key and have come back: their alerts end. Any instance may. */
MUST_CHECK enum status sealing_keys_welcome(struct store *store, struct arena *arena);

#endif

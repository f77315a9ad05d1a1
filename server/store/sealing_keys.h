/* sealing_keys.h - the server's X25519 keys that robots seal their messages for */
#ifndef SERVER_STORE_SEALING_KEYS_H
#define SERVER_STORE_SEALING_KEYS_H

#include "schema/base/box.h"
#include "server/store/store.h"

struct sealing_keys_row {
    uint8_t key_id[4];
    uint8_t public_key[PKI_X25519_SIZE];
    uint8_t private_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t signature_size;
    int64_t valid_from_ms;
};

/* The newest key in use. STATUS_NOT_FOUND: there is none yet. */
MUST_CHECK enum status sealing_keys_current(struct store *store, struct sealing_keys_row *out);

/* Adds the first key; when another instance was quicker, nothing happens. Audited as "mynad". */
MUST_CHECK enum status sealing_keys_add_first(struct store *store,
                                              const struct sealing_keys_row *row);

#endif

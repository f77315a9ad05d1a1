/* peers.h - the keys of the devices that spoke lately, so that a message costs no database look-up
 *
 * Bounded: 65,536 devices; the one that was silent longest makes room among its neighbours, by
 * chance eight. Many more than a fleet has, for whoever is told one after the other meets a full
 * neighbourhood's devices always when they have just been put out. 13 MB once all are used.
 * Thread-safe.
 */
#ifndef SERVER_BUS_PEERS_H
#define SERVER_BUS_PEERS_H

#include "schema/base/box.h"
#include "server/store/store.h"

struct peers;

/* The master key is copied; the store outlives the peers. */
MUST_CHECK enum status peers_create(struct peers **out, struct store *store,
                                    const uint8_t master_key[CRYPTO_KEY_SIZE]);
/* Overwrites the keys. NULL is allowed. */
void peers_free(struct peers *peers);

/* Copies the keys of the device and the server key of this id, and keeps them; NULL: those kept, or
 * that the device used last. STATUS_NOT_FOUND: no such device; STATUS_DENIED: no such server key;
 * STATUS_STALE: it is retired; STATUS_FORGED: the secret was wrapped by another data key. Besides
 * those of store.h. */
MUST_CHECK enum status peers_find(struct peers *peers, const char *device_id,
                                  const uint8_t server_key_id[4], struct box_pair *out);

/* The next peers_find() reads this device's keys again: it may have got new ones. */
void peers_forget(struct peers *peers, const char *device_id);

/* The same unless what is kept is of these keys: the device's own and the first bytes of the server
 * key's hash. */
void peers_expect(struct peers *peers, const char *device_id,
                  const uint8_t device_public[PKI_X25519_SIZE], const uint8_t server_key_id[4]);

#endif

/* link.h - what devices say of themselves and how far they were served: myna.device_link
 *
 * Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_LINK_H
#define SERVER_STORE_LINK_H

#include "schema/base/box.h"
#include "schema/wire/limits.h"
#include "server/fleet/session.h"
#include "server/store/store.h"

#define LINK_KEY_ID_SIZE 4 /* what boxes name keys by, see box_key_id() */

/* The keys by which a device and its server seal. What is secret is still wrapped: what both share,
 * or where that is not kept for this server key, the server's private one. */
struct link_keys {
    uint8_t device_public[PKI_X25519_SIZE];
    uint8_t server_public[PKI_X25519_SIZE];
    bool has_secret;
    uint8_t secret_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t private_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
};

/* With the server key of this id; NULL: with the one that the device used last. STATUS_NOT_FOUND:
 * no such device; STATUS_DENIED: no such server key; STATUS_STALE: it is retired; STATUS_CORRUPT:
 * keys of another size than they have. */
MUST_CHECK enum status link_find_keys(struct store *store, const char *device_id,
                                      const uint8_t server_key_id[LINK_KEY_ID_SIZE],
                                      struct link_keys *out);

/* A device's row while a transaction works on it. Plain data. */
struct link_row {
    char device_id[LIMIT_SLUG + 1];
    bool is_active;       /* neither revoked nor retired */
    bool is_quarantined;  /* heard, and given no credit */
    int64_t last_seen_ms; /* 0: never */
    struct session session;
    int64_t desired_generation;
    struct span desired_hash; /* empty: its content was not sent yet; in the arena */
    int64_t held_generation;
    int64_t reported_generation;
    struct span reported_hash; /* empty: none; in the arena */
    int64_t reported_at_ms;    /* 0: never */
    uint8_t journal_id[16];    /* of the last hello; zeros: none */
    int64_t clock_offset_ms;
    int64_t stale_messages;
    int64_t forged_messages;
    int64_t epoch;             /* the installation's */
    struct span sealed_key_id; /* of the server key that its newest message was sealed with; empty:
                                  not known; in the arena */
    struct span live_keys; /* ids of the server keys not retired, one behind the other; likewise */
    bool send_now; /* set by the caller: what is owed goes out at once, with fresh backoff */
    /* Facts that the device told; NULL: told nothing new. In the arena. */
    const char *software;
    const char *hardware;
    const char *utc_offset;   /* of its own day, as a setting zone has it; "": it does not say */
    const char *capabilities; /* JSON, like what follows */
    const char *health;
    const char *trial;
    const char *packages;
    const char *credit;
    const char *settings;         /* of all settings */
    const char *changed_settings; /* told after those: replace the ones of the same names */
};

/* Locks the rows of the devices, in the order every transaction locks them, and reads them. Unknown
 * ids are left out; *found tells how many there are. rows has room for count. */
MUST_CHECK enum status link_lock(struct store_conn *conn, struct arena *arena,
                                 const char *const *ids, size_t count, struct link_row *rows,
                                 size_t *found);

/* Writes back all that may have changed, in one statement: a second one would write each row anew.
 */
MUST_CHECK enum status link_save(struct store_conn *conn, struct arena *arena,
                                 const struct link_row *rows, size_t count);

/* Quarantines a device whose row is locked, with the audit row; again is harmless. */
MUST_CHECK enum status link_quarantine(struct store_conn *conn, const char *device_id,
                                       const char *reason);

#endif

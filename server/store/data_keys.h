/* data_keys.h - the data key, wrapped, and all that it wraps
 *
 * All of it inside a transaction of the caller's; besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_DATA_KEYS_H
#define SERVER_STORE_DATA_KEYS_H

#include "schema/base/crypto.h"
#include "server/store/store.h"

struct data_keys_row {
    uint8_t wrapped[CRYPTO_KEY_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t master_id[4];                                  /* of the master key that wraps it */
    uint8_t stamp[CRYPTO_KEY_SIZE + CRYPTO_WRAP_OVERHEAD]; /* under the data key */
    bool has_stamp;
};

/* Waits for whoever else makes or wraps it, and reads it. STATUS_NOT_FOUND: there is none yet. */
MUST_CHECK enum status data_keys_lock(struct store_conn *conn, struct data_keys_row *out);

/* The same for who changes nothing: others look at it beside. */
MUST_CHECK enum status data_keys_look(struct store_conn *conn, struct data_keys_row *out);

/* The first one. Audited as "mynad". */
MUST_CHECK enum status data_keys_add(struct store_conn *conn, const struct data_keys_row *row);

/* The same key under another master key. Audited as "mynad". */
MUST_CHECK enum status data_keys_replace(struct store_conn *conn, const struct data_keys_row *row);

/* Another data key under the same master key; so many secrets were wrapped anew. Audited as
 * "mynad".
 */
MUST_CHECK enum status data_keys_turn(struct store_conn *conn, const struct data_keys_row *row,
                                      int64_t secrets);

/* How many connections servers have that run on this database. */
MUST_CHECK enum status data_keys_servers(struct store_conn *conn, int64_t *connections);

/* Kinds of secrets: what stands before an id in the purpose that each is bound to ("pair:"). NULL
 * behind the last. */
const char *data_keys_kind(size_t kind);

struct data_keys_secret {
    const char *id;
    struct span wrapped;
};

/* The next secrets of this kind behind an id, "" at first; *count 0: no more. In the arena. */
MUST_CHECK enum status data_keys_read(struct store_conn *conn, size_t kind, const char *after,
                                      struct arena *arena, struct data_keys_secret **out,
                                      size_t *count);
MUST_CHECK enum status data_keys_write(struct store_conn *conn, size_t kind, struct arena *arena,
                                       const struct data_keys_secret *secrets, size_t count);

/* Answers that were kept for repeated requests can be read no more: whoever repeats one is told to
 * look what it did. */
MUST_CHECK enum status data_keys_forget_answers(struct store_conn *conn);

#endif

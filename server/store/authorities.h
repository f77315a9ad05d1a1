/* authorities.h - who issues robots' certificates, and who speaks for servers: the CAs that
 * followed each other
 *
 * The keys are files of the servers (server/authority.h); here is which of them robots are told of,
 * by the same lists as of sealing keys (sealing_keys.h), and which ones each robot has. Ids are of
 * PKI_AUTHORITY_SIZE bytes. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_AUTHORITIES_H
#define SERVER_STORE_AUTHORITIES_H

#include "schema/base/crypto.h"
#include "schema/base/pki.h"
#include "server/store/store.h"

enum authorities_purpose { AUTHORITIES_DEVICES, AUTHORITIES_SERVERS };

enum authorities_standing {
    AUTHORITIES_CURRENT,
    AUTHORITIES_FOLLOWS,  /* since this call, and robots are told */
    AUTHORITIES_REPLACED, /* another has followed it */
};

/* The root whose fingerprint this is has issued all of them: the first one is written down.
 * *is_ours: it is that one. */
MUST_CHECK enum status authorities_ensure_root(struct store *store,
                                               const uint8_t fingerprint[CRYPTO_HASH_SIZE],
                                               bool *is_ours);

/* A server has this one as its newest: the first that does so makes it the current one. Audited as
 * "mynad". */
MUST_CHECK enum status authorities_ensure(struct store *store, enum authorities_purpose purpose,
                                          const uint8_t id[PKI_AUTHORITY_SIZE],
                                          enum authorities_standing *standing);

/* All but the current one, which is this, are trusted no more. Audited with the reason as "mynad".
 * STATUS_NOT_FOUND: it is not the current one; STATUS_CONFLICT: so many robots have others
 * (*robots), and force is false. */
struct authorities_order {
    enum authorities_purpose purpose;
    uint8_t id[PKI_AUTHORITY_SIZE];
    bool force;
    const char *reason;
};
MUST_CHECK enum status authorities_retire(struct store *store,
                                          const struct authorities_order *order, int64_t *robots);

/* What the server CA in force says of a sealing key, in the place of what was read (borrowed). */
struct authorities_statement {
    uint8_t key_id[4];
    struct span before;
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t signature_size;
};

/* A server has this server CA and no other: robots are told of it alone, and sealing keys have
 * these statements. Nothing happens when another CA has followed it, nor to a statement that
 * another server has replaced since it was read. *changed: robots were told something else before.
 */
MUST_CHECK enum status authorities_settle(struct store *store, const uint8_t id[PKI_AUTHORITY_SIZE],
                                          const struct authorities_statement *statements,
                                          size_t count, bool *changed);

/* The alert ca_left_behind: a day after another CA followed, robots have not come to it. As
 * standing_tell(). */
MUST_CHECK enum status authorities_watch(struct store *store, struct arena *arena);

#endif

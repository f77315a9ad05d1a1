/* authorities.h - who issues robots' certificates: the device CAs that followed each other
 *
 * The keys are files of the servers (server/authority.h); here is which of them robots are told of,
 * by the same lists as of sealing keys (sealing_keys.h), and which one each robot's certificate is
 * from. Ids are of PKI_AUTHORITY_SIZE bytes. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_AUTHORITIES_H
#define SERVER_STORE_AUTHORITIES_H

#include "schema/base/pki.h"
#include "server/store/store.h"

enum authorities_standing {
    AUTHORITIES_CURRENT,
    AUTHORITIES_FOLLOWS,  /* since this call, and robots are told */
    AUTHORITIES_REPLACED, /* another has followed it */
};

/* A server issues certificates by this one: the first that does so makes it the current one.
 * Audited as "mynad". */
MUST_CHECK enum status authorities_ensure(struct store *store, const uint8_t id[PKI_AUTHORITY_SIZE],
                                          enum authorities_standing *standing);

/* All but the current one, which is this, are trusted no more. Audited with the reason as "mynad".
 * STATUS_NOT_FOUND: it is not the current one; STATUS_CONFLICT: so many robots have certificates of
 * others (*robots), and force is false. */
struct authorities_order {
    uint8_t id[PKI_AUTHORITY_SIZE];
    bool force;
    const char *reason;
};
MUST_CHECK enum status authorities_retire(struct store *store,
                                          const struct authorities_order *order, int64_t *robots);

#endif

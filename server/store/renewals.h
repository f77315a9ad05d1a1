/* renewals.h - a new certificate for a robot that proved it has the key of an earlier one */
#ifndef SERVER_STORE_RENEWALS_H
#define SERVER_STORE_RENEWALS_H

#include "server/store/store.h"

/* A robot's renewal, with everything already verified that needs no database. */
struct renewals_order {
    const char *device_id;
    const char *source;             /* address */
    struct span proven_key_hash;    /* of the certificate that it showed */
    struct span public_key_hash;    /* of the request's key */
    const char *certificate_serial; /* of the certificate that will be answered */
    int64_t certificate_until_ms;
    struct span authority;        /* that issued it, see authorities.h */
    struct span server_authority; /* the newest that it is given */
    struct span sealing_public;
    struct span server_key_id;
    struct span secret_wrapped;
    bool may_recreate; /* the certificate that it showed is from an authority that is trusted */
};

enum renewals_verdict {
    RENEWALS_RENEWED,
    RENEWALS_RECREATED, /* the database, restored from before it enrolled, did not know it */
    RENEWALS_REFUSED,   /* revoked or retired, or the key proven is not its own any more */
};

/* Writes down keys and certificate, in one transaction with the audit row. The robot's key before
 * is good for another renewal, for this one's answer may be lost; those before it are not. */
MUST_CHECK enum status renewals_renew(struct store *store, const struct renewals_order *order,
                                      enum renewals_verdict *verdict, int64_t *epoch);

#endif

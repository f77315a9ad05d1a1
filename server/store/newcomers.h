/* newcomers.h - robots that become members of the fleet, by whatever they were let in */
#ifndef SERVER_STORE_NEWCOMERS_H
#define SERVER_STORE_NEWCOMERS_H

#include "server/store/store.h"

/* A robot with everything already verified that needs no database. Plain data, borrowed. */
struct newcomer {
    const char *device_id;
    const char *serial;
    const char *source;             /* address */
    struct span public_key_hash;    /* of the request's key: a repeated request is known by it */
    const char *certificate_serial; /* of the certificate that will be answered */
    int64_t certificate_until_ms;
    struct span authority;        /* that issued it, see authorities.h */
    struct span server_authority; /* the newest that it is given */
    struct span sealing_public;
    struct span server_key_id;
    struct span secret_wrapped;
};

/* What let it in. Plain data. */
struct newcomers_way {
    char actor[32];    /* "claim:7", "pairing:7" */
    int64_t claim_id;  /* 0: no claim */
    char group_id[49]; /* that it joins; "": none */
};

/* Fills *way; the group's text is copied. STATUS_FULL: a text is too long. */
MUST_CHECK enum status newcomers_way_by(struct newcomers_way *way, const char *kind, int64_t id,
                                        const char *group_id);

/* Inside a transaction: makes device and link with the audit row. STATUS_EXISTS: the device id is
 * taken. */
MUST_CHECK enum status newcomers_add(struct store_conn *conn, const struct newcomer *newcomer,
                                     const struct newcomers_way *way);

/* The installation's epoch, which every answer to an enrolment tells. */
MUST_CHECK enum status newcomers_epoch(struct store *store, int64_t *epoch);

#endif

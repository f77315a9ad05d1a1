/* pairings.h - robots that ask to be let in without a claim code, and what became of them
 *
 * They may ask only while an operator has opened the window. A request begins, waits for its digits
 * once the robot has revealed its number (schema/wire/pairing.h), waits for a second operator where
 * that is asked for, is confirmed, and becomes a device when the robot comes for its certificate.
 * Each step has its audit row. What has had its time counts as expired at once, whether the janitor
 * saw it or not.
 */
#ifndef SERVER_STORE_PAIRINGS_H
#define SERVER_STORE_PAIRINGS_H

#include "schema/base/pki.h"
#include "schema/wire/pairing.h"
#include "server/store/document.h"
#include "server/store/newcomers.h"

#define PAIRINGS_MAX         100 /* undecided, of all robots */
#define PAIRINGS_PER_ADDRESS 5   /* undecided, from one address */

/* Robots may ask for so many seconds from now on; an open window's end is moved. */
MUST_CHECK enum status pairings_open(struct store *store, const struct author *author,
                                     int64_t for_s, struct arena *arena, struct document *out);

/* Robots that wait already may still be confirmed. Again is harmless. */
MUST_CHECK enum status pairings_close(struct store *store, const struct author *author,
                                      struct arena *arena);

/* The window, and requests, newest first; those that have not revealed their number are left out.
 */
MUST_CHECK enum status pairings_list(struct store *store, int64_t after, int64_t limit,
                                     struct arena *arena, struct span *json);

/* STATUS_DENIED: the window is closed. Asked first, for what follows costs much work. */
MUST_CHECK enum status pairings_check_open(struct store *store);

/* With everything already verified that needs no database. Borrowed. */
struct pairings_request {
    struct span token_hash;
    const char *device_id;
    const char *serial;
    const char *software;
    const char *source;  /* address */
    const char *network; /* what that counts as: guests_network() */
    const char *csr;
    struct span key_hash;
    struct span sealing_public;
    struct span commitment;
    struct span server_nonce;
};
enum pairings_beginning {
    PAIRINGS_BEGINS,
    PAIRINGS_CLOSED,   /* the window is */
    PAIRINGS_CROWDED,  /* PAIRINGS_MAX wait */
    PAIRINGS_TOO_MANY, /* PAIRINGS_PER_ADDRESS wait from this address */
    PAIRINGS_DEAD_KEY, /* this key's request was refused or failed */
};
/* Takes the place of the same key's request that was under way. */
MUST_CHECK enum status pairings_begin(struct store *store, const struct pairings_request *request,
                                      enum pairings_beginning *beginning);

enum pairings_state {
    PAIRINGS_BEGUN,
    PAIRINGS_WAITING,
    PAIRINGS_HEARD, /* the digits were right, and a second operator must agree */
    PAIRINGS_CONFIRMED,
    PAIRINGS_PAIRED,
    PAIRINGS_REFUSED, /* by an operator */
    PAIRINGS_FAILED,  /* too many wrong digits, or what was revealed did not fit */
    PAIRINGS_EXPIRED,
};

/* One request. Plain data; texts are in the arena. */
struct pairings_row {
    int64_t id;
    enum pairings_state state;
    const char *device_id;
    const char *serial;
    const char *csr;
    uint8_t key_hash[CRYPTO_HASH_SIZE];
    uint8_t sealing_public[PKI_X25519_SIZE];
    uint8_t commitment[CRYPTO_HASH_SIZE];
    uint8_t server_nonce[PAIRING_NONCE_SIZE];
    uint8_t robot_nonce[PAIRING_NONCE_SIZE]; /* zeros before it is revealed */
    int64_t left_s;                          /* of its life */
    bool is_taken;                           /* the device id is another robot's */
};

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status pairings_find(struct store *store, struct span token_hash,
                                     struct arena *arena, struct pairings_row *row);
MUST_CHECK enum status pairings_get(struct store *store, int64_t id, struct arena *arena,
                                    struct pairings_row *row);

/* The robot's number, of a request that has begun; empty: it did not fit, and the request has
 * failed. STATUS_CONFLICT: it has not just begun. */
MUST_CHECK enum status pairings_reveal(struct store *store, int64_t id, struct span robot_nonce,
                                       const char *source, struct arena *arena);

/* An operator typed digits. Plain data, borrowed texts. */
struct pairings_typing {
    bool is_right;
    bool needs_second; /* where they are right: another operator must agree */
    const char *group; /* that the robot joins when it comes; NULL: none */
};
/* Wrong ones count: at the last try the request fails, and an alert tells so. Gives the request as
 * the list has it. STATUS_NOT_FOUND; STATUS_CONFLICT: it does not wait. */
MUST_CHECK enum status pairings_judge(struct store *store, const struct author *author, int64_t id,
                                      const struct pairings_typing *typing, struct arena *arena,
                                      struct document *out);

/* To what somebody else has heard. STATUS_NOT_FOUND; STATUS_CONFLICT: nobody has, or the author
 * did, by an API key of theirs too. */
MUST_CHECK enum status pairings_agree(struct store *store, const struct author *author, int64_t id,
                                      struct arena *arena, struct document *out);

/* STATUS_NOT_FOUND; STATUS_CONFLICT: it is decided or expired. */
MUST_CHECK enum status pairings_refuse(struct store *store, const struct author *author, int64_t id,
                                       struct arena *arena);

enum pairings_verdict {
    PAIRINGS_ENROLLED, /* the device exists now */
    PAIRINGS_REPEATED, /* its answer was lost, and the request still lives */
    PAIRINGS_UNFIT,    /* it is not confirmed, or expired */
    PAIRINGS_TAKEN,    /* the device id belongs to another key */
};
/* Makes device and link of a confirmed request, in one transaction with the audit row. */
MUST_CHECK enum status pairings_enrol(struct store *store, struct span token_hash,
                                      const struct newcomer *newcomer,
                                      enum pairings_verdict *verdict, int64_t *epoch);

/* For the janitor: what has had its time is said to be expired; what is decided goes after a day.
 */
MUST_CHECK enum status pairings_expire(struct store *store);
MUST_CHECK enum status pairings_forget(struct store *store);

#endif

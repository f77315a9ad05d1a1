/* enrolment.h - what every way of enrolling has in common: a robot's keys, what the server makes
 * for them, and the answer
 *
 * Who may enrol is not decided here. Thread-safe.
 */
#ifndef SERVER_API_ENROLMENT_H
#define SERVER_API_ENROLMENT_H

#include "schema/base/box.h"
#include "server/api/api.h"
#include "server/http/reply.h"
#include "server/store/newcomers.h"
#include "server/store/sealing_keys.h"

/* The keys that a robot made, as text and taken apart. Plain data; texts are borrowed. */
struct enrolment_keys {
    const char *device_id;
    const char *csr;
    const char *sealing_public_text;
    const char *signature_text;
    uint8_t key_hash[CRYPTO_HASH_SIZE]; /* of the request's key, and below: by enrolment_check() */
    uint8_t sealing_public[PKI_X25519_SIZE];
};

/* Whether the keys belong together and to the device id; costs milliseconds. False: a problem was
 * answered. */
bool enrolment_check(struct enrolment_keys *keys, struct reply *reply);

/* What was made for them. chain is in the arena; proof, empty at first, is what the answer's clock
 * is signed for: the caller's, where a robot's own may be wrong. */
struct enrolment_issue {
    const char *chain;
    struct pki_facts facts;
    struct span authority;        /* that issued it; borrowed from the api's */
    struct span server_authority; /* the newest that the answer names; likewise */
    int64_t renew_after_ms;       /* wall clock: a third of the certificate's life is left then */
    struct sealing_keys_row server_key;
    uint8_t secret_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    struct span proof;
};

/* Makes certificate and shared secret; nothing is stored. STATUS_INVALID: the sealing key is none
 * to agree with. */
MUST_CHECK enum status enrolment_make(const struct api *api, const struct enrolment_keys *keys,
                                      struct arena *arena, struct enrolment_issue *issue);

/* Both of them as the store takes them; borrowed from all four. */
struct newcomer enrolment_newcomer(const struct request *request, const char *serial,
                                   const struct enrolment_keys *keys,
                                   const struct enrolment_issue *issue);

/* Answers all that an enrolled robot must know. */
void enrolment_welcome(const struct api *api, const struct enrolment_keys *keys,
                       const struct enrolment_issue *issue, int64_t epoch, struct reply *reply);

#endif

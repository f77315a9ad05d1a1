/* membership.h - what enrolling and renewing have in common: the keys that a robot shows, and how
 * the answer is believed
 */
#ifndef AGENT_MEMBERSHIP_H
#define AGENT_MEMBERSHIP_H

#include "agent/identity.h"
#include "schema/base/json.h"

#define MEMBERSHIP_URL_SIZE (IDENTITY_URL_SIZE + 32)

/* base, with or without a slash at its end, and the path behind it. STATUS_INVALID: too long. */
MUST_CHECK enum status membership_url(const char *base, const char *path,
                                      char out[MEMBERSHIP_URL_SIZE]);

/* Members csr, sealing_public and signature, which proves that whoever holds the certificate's key
 * also chose the sealing key. STATUS_INVALID: not a key or a name for a certificate. */
MUST_CHECK enum status membership_write_keys(const struct identity *identity, const char *device_id,
                                             const char *key_pem, struct json_writer *writer);

/* Takes the facts and the server's CA of an answer into *identity, and gives the certificate chain,
 * borrowed from the answer. Everything must lead back to the root, and the certificate be for this
 * id; dates are not looked at: a robot's clock may be wrong until it has met its server.
 * STATUS_FORGED, or STATUS_INVALID: no such answer; problem says so. */
MUST_CHECK enum status membership_take(struct identity *identity, const char *device_id,
                                       const struct json *answer, struct span root_pem,
                                       const char **chain_pem, char problem[256]);

/* The server's own words, from a problem answer (RFC 9457). */
void membership_tell_refusal(struct span answer, int http_status, char problem[256]);

#endif

/* identity.h - who this robot is: what enrolment made and was given, in the state folder
 *
 *   device.key    P-256 private key, PEM, 0600; never leaves the device
 *   sealing.key   X25519 private key, hex, 0600; likewise
 *   device.pem    certificate with its CA
 *   root.pem      the only root this robot trusts for its own server
 *   server-ca.pem who signs the server's sealing keys: see server_ca.h
 *   broker-ca.pem the same CAs, as TLS with the broker trusts them and nobody else
 *   device.json   device id, where it enrolled, brokers, sealing key, epoch, when to renew; written
 *                 last: it makes the robot enrolled
 *
 * A renewal replaces the certificates and facts, each file as a whole and keeping the keys: after
 * power loss between any two of them every old and new file still fits the others.
 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include <limits.h>

#include "schema/base/box.h"
#include "schema/wire/message.h"

struct json;

#define IDENTITY_URL_SIZE   512
#define IDENTITY_CHAIN_SIZE (2 * PKI_PEM_SIZE)

/* Plain data; the sealing key is a secret, see identity_wipe(). */
struct identity {
    char device_id[LIMIT_SLUG + 1];
    char brokers[LIMIT_BROKERS][LIMIT_URL + 1]; /* "host:port" */
    size_t broker_count;
    uint32_t epoch;
    char url[IDENTITY_URL_SIZE]; /* of the enrolment listener; "": enrolled before it was kept */
    int64_t renew_after_ms;      /* wall clock; 0: likewise */
    wire_SealingKey server_key;
    uint8_t sealing_private[PKI_X25519_SIZE];
    uint8_t sealing_public[PKI_X25519_SIZE];
    char key_path[PATH_MAX];
    char cert_path[PATH_MAX];
    char broker_ca_path[PATH_MAX];
    char server_ca_pem[IDENTITY_CHAIN_SIZE];
};

/* True when the folder holds an enrolled robot. */
bool identity_exists(const char *state_dir);

/* Reads device_id, brokers, sealing_key, epoch and when to renew, as device.json and the answer to
 * an enrolment both have them. STATUS_INVALID: something is missing or too long. */
MUST_CHECK enum status identity_take_facts(struct identity *identity, const struct json *facts);

/* STATUS_NOT_FOUND: not enrolled. problem says what is wrong with which file. */
MUST_CHECK enum status identity_load(struct identity *identity, const char *state_dir,
                                     char problem[256]);
/* The private key and the certificate chain, as they are on disk. */
MUST_CHECK enum status identity_read_pair(const char *state_dir, char key_pem[PKI_PEM_SIZE],
                                          char chain_pem[IDENTITY_CHAIN_SIZE], char problem[256]);

/* The root, as it is on disk. */
MUST_CHECK enum status identity_read_root(const char *state_dir, char root_pem[IDENTITY_CHAIN_SIZE],
                                          char problem[256]);

void identity_wipe(struct identity *identity);

/* Loads the private keys, making and storing what is missing, so that an enrolment whose answer was
 * lost is repeated with the same ones. key_pem is the P-256 key. */
MUST_CHECK enum status identity_make_keys(struct identity *identity, const char *state_dir,
                                          char key_pem[PKI_PEM_SIZE], char problem[256]);

/* Removes the private keys of a robot that is not enrolled: the next ones are others. An enrolled
 * robot keeps its own. */
void identity_forget_keys(const char *state_dir);

/* Stores certificates and facts, device.json last. */
MUST_CHECK enum status identity_store(const struct identity *identity, const char *state_dir,
                                      struct span chain_pem, struct span root_pem,
                                      char problem[256]);

/* Stores the server CAs alone, when the configuration has ended one of them: who signs, and whom
 * TLS with the broker trusts. */
MUST_CHECK enum status identity_store_server_ca(const struct identity *identity,
                                                const char *state_dir, char problem[256]);

/* Writes broker-ca.pem where it is missing or other than server-ca.pem says: a version before had
 * none, and power may be lost between the two. */
MUST_CHECK enum status identity_settle(const struct identity *identity, const char *state_dir,
                                       char problem[256]);

/* Whether the server CA signed this statement. STATUS_FORGED when not. */
MUST_CHECK enum status identity_check_key(const struct identity *identity,
                                          const wire_SealingKey *key);

/* The pair's keys for sealing with this server key. STATUS_INVALID: not a usable key. */
MUST_CHECK enum status identity_pair(const struct identity *identity,
                                     const uint8_t server_public[PKI_X25519_SIZE],
                                     struct box_pair *pair);

/* The pairs that a configuration which names these keys leaves in use, newest first; returns how
 * many. A key counts when the server CA signed it. The one of enrolment or renewal is among them
 * while the configuration names none that is as new: then it was not told of it yet. */
#define IDENTITY_PAIRS 2
size_t identity_pairs(const struct identity *identity, const wire_SealingKey *keys, size_t count,
                      struct box_pair pairs[IDENTITY_PAIRS]);

#endif

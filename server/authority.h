/* authority.h - the installation's keys: the data key, the root, both CAs and what they issue
 *
 * Files of the state folder, all made by authority_init() and 0600 where secret:
 * - master.key: see server/master.h
 * - root.pem, root.key: the root for the installation's life
 * - device-ca.*, server-ca.*: the two CAs that it issued; device-ca-2.*, server-ca-2.* and so on
 *   those that followed. Of device CAs the highest one whose certificate is there issues, and the
 *   certificates of those before are there, without keys, while robots still have theirs. Of server
 *   CAs the lowest one issues, and the next one is there, with its key, while robots are told of it
 * - device-anchor.pem, server-anchor.pem: their self-signed faces, which listeners trust; of device
 *   CAs the present one's and those of before that are still there
 * - mynad-<n>.pem, .key: the client certificate of instance n for the broker, with its CA
 * - broker.pem, .key: the broker's server certificate, with its CA
 * - device-https.pem, .key: the same of the listener that robots enrol at
 *
 * After authority_open() and authority_adopt() everything is in memory and read only: thread-safe.
 */
#ifndef SERVER_AUTHORITY_H
#define SERVER_AUTHORITY_H

#include "schema/base/arena.h"
#include "schema/base/crypto.h"
#include "schema/base/pki.h"

#define AUTHORITY_INSTANCES 9

struct authority;

struct authority_names {
    const char *broker; /* subjectAltName: "DNS:broker.example,IP:10.0.0.2" */
    const char *device; /* of the enrolment listener */
    bool has_master;    /* the master key comes from elsewhere: no file is made for it */
};

/* Makes what is missing; again is harmless. Server certificates whose names have changed are issued
 * anew. root.key may be elsewhere, as long as both CAs are there: STATUS_NOT_FOUND when one of them
 * would have to be issued. *made counts the files written. problem names the file or the name that
 * failed. */
MUST_CHECK enum status authority_init(const char *state_dir, const struct authority_names *names,
                                      unsigned *made, char problem[256]);

/* Makes another CA. For devices it takes the present one's place, which from then on issues
 * nothing, and is trusted by who has device-anchor.pem beside the new one; for servers it issues
 * nothing before authority_move(). Ended in the middle, by whatever, it goes on when run again, and
 * the folder is good meanwhile. STATUS_EXISTS: one before the newest is still there;
 * STATUS_NOT_FOUND: there is no root.key. *next says which one it is. */
enum authority_line { AUTHORITY_DEVICES, AUTHORITY_SERVERS };
MUST_CHECK enum status authority_turn(const char *state_dir, enum authority_line line,
                                      uint8_t next[PKI_AUTHORITY_SIZE], char problem[256]);
/* Whether authority_turn() would not answer STATUS_EXISTS; changes nothing. */
MUST_CHECK enum status authority_may_turn(const char *state_dir, enum authority_line line,
                                          char problem[256]);

/* Device CAs before the present one are trusted no more. *forgotten counts them; none is harmless.
 */
MUST_CHECK enum status authority_forget(const char *state_dir, unsigned *forgotten,
                                        char problem[256]);

/* The newest server CA issues all that servers show, listeners trust it alone, and those before are
 * gone. Ended in the middle it goes on when run again. *changed counts files; none is harmless. */
MUST_CHECK enum status authority_move(const char *state_dir, const struct authority_names *names,
                                      unsigned *changed, char problem[256]);

/* Which CA is the newest one of the folder. */
MUST_CHECK enum status authority_present(const char *state_dir, enum authority_line line,
                                         uint8_t out[PKI_AUTHORITY_SIZE], char problem[256]);

/* Loads the folder. The caller owns *out. */
MUST_CHECK enum status authority_open(struct authority **out, const char *state_dir,
                                      char problem[256]);
/* NULL is allowed; secrets are wiped. */
void authority_close(struct authority *authority);

/* Copies the data key and the stamp key, which server/envelope.h opens once the database is there.
 */
void authority_adopt(struct authority *authority, const uint8_t data_key[CRYPTO_KEY_SIZE],
                     const uint8_t stamp_key[CRYPTO_KEY_SIZE]);

/* The data key, CRYPTO_KEY_SIZE bytes: wraps every secret in the database; borrowed. Only after
 * authority_adopt(). */
const uint8_t *authority_data_key(const struct authority *authority);

/* The stamp key, CRYPTO_KEY_SIZE bytes: signs what is to be recognised again as made here, and
 * stays the same when the data key is replaced; borrowed. Only after authority_adopt(). */
const uint8_t *authority_stamp_key(const struct authority *authority);

/* PEM text, borrowed: the root, and what robots need to verify server statements: the server CA
 * that signs, and behind it the one that is to follow. */
const char *authority_root(const struct authority *authority);
const char *authority_server_ca(const struct authority *authority);

/* Which server CA is the last of these, borrowed, PKI_AUTHORITY_SIZE bytes; and whether one before
 * it still signs. */
const uint8_t *authority_server_id(const struct authority *authority);
bool authority_is_turning(const struct authority *authority);

/* The enrolment listener's certificate chain and key, PEM; borrowed. */
const char *authority_https_cert(const struct authority *authority);
const char *authority_https_key(const struct authority *authority);

/* Which device CA issues robots' certificates; borrowed, PKI_AUTHORITY_SIZE bytes. */
const uint8_t *authority_id(const struct authority *authority);

/* SHA-256 of the root's certificate: what a claim code pins. */
void authority_fingerprint(const struct authority *authority, uint8_t out[CRYPTO_HASH_SIZE]);

/* A device's certificate for the request's key, followed by the device CA, as PEM in the arena. The
 * request has been checked by pki_check_csr(). */
MUST_CHECK enum status authority_issue(const struct authority *authority, const char *device_id,
                                       struct span csr_pem, int64_t now_ms, struct arena *arena,
                                       const char **chain_pem, struct pki_facts *facts);

/* Signs "myna sealing key 1" | public_key | valid_from_ms as the server CA. */
MUST_CHECK enum status authority_sign_key(const struct authority *authority,
                                          const uint8_t public_key[PKI_X25519_SIZE],
                                          int64_t valid_from_ms,
                                          uint8_t signature[PKI_SIGNATURE_MAX], size_t *size);

/* Whether that is such a statement, by the server CA that signs now. */
bool authority_signed_key(const struct authority *authority,
                          const uint8_t public_key[PKI_X25519_SIZE], int64_t valid_from_ms,
                          struct span signature);

/* Signs "myna clock 1" | SHA-256 of proof | now_ms as the server CA: proof is what the one who asks
 * has just made, so that an earlier answer cannot be repeated to it. */
MUST_CHECK enum status authority_sign_clock(const struct authority *authority, struct span proof,
                                            int64_t now_ms, uint8_t signature[PKI_SIGNATURE_MAX],
                                            size_t *size);

/* Whether the certificate (leaf first) is one of this installation's device CAs, whatever its
 * dates, also of one that is trusted no more (*is_trusted). STATUS_FORGED, STATUS_INVALID. */
MUST_CHECK enum status authority_check_device(const struct authority *authority,
                                              struct span chain_pem, bool *is_trusted);

#endif

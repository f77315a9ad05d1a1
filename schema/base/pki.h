/* pki.h - P-256 keys, certificate requests and certificates; X25519 key pairs; by mbedTLS
 *
 * The tree: one root; under it the device CA and the server CA. Each of those two has, beside the
 * certificate that the root issued, a self-signed *anchor* with the same key and name: a listener
 * that trusts only one anchor accepts only that CA's leaves. All share notBefore 2020-01-01, so
 * that a robot with a wrong clock can still verify. Thread-safe; PEM text is NUL-terminated.
 */
#ifndef SCHEMA_BASE_PKI_H
#define SCHEMA_BASE_PKI_H

#include "schema/base/span.h"

#define PKI_PEM_SIZE      4096
#define PKI_NAME_SIZE     65
#define PKI_X25519_SIZE   32
#define PKI_SIGNATURE_MAX 80

/* A new P-256 private key as PEM. */
MUST_CHECK enum status pki_make_key(char key_pem[PKI_PEM_SIZE]);

/* PKCS#10 request with CN=name, signed by the key. */
MUST_CHECK enum status pki_make_csr(const char *key_pem, const char *name,
                                    char csr_pem[PKI_PEM_SIZE]);

/* Checks the request's own signature and gives its CN. STATUS_FORGED: signature; STATUS_INVALID:
 * not a P-256 request with exactly one CN. */
MUST_CHECK enum status pki_check_csr(struct span csr_pem, char name[PKI_NAME_SIZE]);

/* SHA-256 of the request's public key (DER, SubjectPublicKeyInfo): the same for every request that
 * one key makes. */
MUST_CHECK enum status pki_csr_key_hash(struct span csr_pem, uint8_t out[32]);

/* The same of a certificate's key; equal to the above for the request that it was made from. */
MUST_CHECK enum status pki_cert_key_hash(struct span cert_pem, uint8_t out[32]);

/* Which authority it is, by its key: told to robots, shown to people in hex. Of an authority's
 * certificate, and of the one that issued a chain's first. STATUS_INVALID. */
#define PKI_AUTHORITY_SIZE 8
MUST_CHECK enum status pki_authority(struct span ca_pem, uint8_t out[PKI_AUTHORITY_SIZE]);
MUST_CHECK enum status pki_chain_authority(const char *chain_pem, uint8_t out[PKI_AUTHORITY_SIZE]);

enum pki_kind {
    PKI_ROOT,   /* self-signed, CA, path length 1 */
    PKI_CA,     /* issued by the root, CA, path length 0 */
    PKI_ANCHOR, /* self-signed, CA, path length 0: a sub-CA's second face */
    PKI_CLIENT, /* leaf for mutual TLS */
    PKI_SERVER, /* leaf with subjectAltName */
};

struct pki_request {
    enum pki_kind kind;
    const char *subject_name; /* CN */
    const char *subject_key;  /* private key PEM, or NULL when csr is given */
    struct span csr_pem;      /* for leaves made from a request */
    const char *issuer_cert;  /* NULL for self-signed kinds */
    const char *issuer_key;   /* NULL for self-signed kinds */
    const char *alt_names;    /* PKI_SERVER: "DNS:a,IP:127.0.0.1", comma-separated */
    int64_t not_after_ms;     /* wall clock; notBefore is always 2020-01-01 */
};

/* Random 16-byte serial numbers. */
MUST_CHECK enum status pki_issue(const struct pki_request *request, char cert_pem[PKI_PEM_SIZE]);

/* What a certificate says. */
struct pki_facts {
    char name[PKI_NAME_SIZE];
    char serial_hex[65];
    int64_t not_after_ms;
};
MUST_CHECK enum status pki_read(struct span cert_pem, struct pki_facts *out);

/* Verifies chain_pem (leaf first, then intermediates) under root_pem. With ignore_time the
 * validity dates are not looked at: for robots whose clock is wrong. STATUS_FORGED otherwise. */
enum pki_time { PKI_CHECK_TIME, PKI_IGNORE_TIME };
MUST_CHECK enum status pki_verify(struct span chain_pem, struct span root_pem, enum pki_time time);

/* The first certificate as OpenSSL's "TRUSTED CERTIFICATE": in a file of those that are trusted,
 * servers' chains may end at it, though it is not self-signed. STATUS_INVALID. */
MUST_CHECK enum status pki_trusted(struct span cert_pem, char out[PKI_PEM_SIZE]);

/* SHA-256 of the first certificate's DER: what a claim code pins. */
MUST_CHECK enum status pki_fingerprint(struct span cert_pem, uint8_t out[32]);

/* ECDSA-SHA-256 with a P-256 key, DER. */
MUST_CHECK enum status pki_sign(const char *key_pem, struct span message,
                                uint8_t signature[PKI_SIGNATURE_MAX], size_t *size);
/* By the key of the first certificate in cert_pem. STATUS_FORGED when it does not fit. */
MUST_CHECK enum status pki_verify_signature(struct span cert_pem, struct span message,
                                            struct span signature);
/* The same by the key inside a request: at enrolment there is no certificate yet. */
MUST_CHECK enum status pki_verify_csr_signature(struct span csr_pem, struct span message,
                                                struct span signature);

/* The public half of a private key, as PEM ("BEGIN PUBLIC KEY"). STATUS_INVALID: no P-256 key. */
MUST_CHECK enum status pki_public_key(const char *key_pem, char public_pem[PKI_PEM_SIZE]);
/* By the one public key in public_pem. STATUS_INVALID: it is no P-256 key; STATUS_FORGED. */
MUST_CHECK enum status pki_verify_public(struct span public_pem, struct span message,
                                         struct span signature);
/* SHA-256 of a public key's DER: its name among people. STATUS_INVALID: no P-256 key. */
MUST_CHECK enum status pki_public_hash(struct span public_pem, uint8_t out[32]);

MUST_CHECK enum status pki_make_x25519(uint8_t private_key[PKI_X25519_SIZE],
                                       uint8_t public_key[PKI_X25519_SIZE]);
/* The shared secret (RFC 7748). STATUS_INVALID for a public key of low order. */
MUST_CHECK enum status pki_agree(const uint8_t private_key[PKI_X25519_SIZE],
                                 const uint8_t public_key[PKI_X25519_SIZE],
                                 uint8_t secret[PKI_X25519_SIZE]);

#endif

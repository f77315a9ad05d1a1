#include "schema/base/pki.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pem.h>

#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "schema/base/pki_mbedtls.h"

enum status pki_make_key(char key_pem[PKI_PEM_SIZE])
{
    mbedtls_pk_context key;
    unsigned char pem[PKI_PEM_SIZE];

    mbedtls_pk_init(&key);
    int error = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (error == 0)
        error = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key),
                                    pki_mbedtls_random, NULL);
    if (error == 0)
        error = mbedtls_pk_write_key_pem(&key, pem, sizeof pem);
    if (error == 0)
        snprintf(key_pem, PKI_PEM_SIZE, "%s", (const char *)pem);
    mbedtls_pk_free(&key);
    crypto_wipe(pem, sizeof pem);
    return pki_mbedtls_status(error);
}

enum status pki_check_csr(struct span csr_pem, char name[PKI_NAME_SIZE])
{
    mbedtls_x509_csr csr;

    mbedtls_x509_csr_init(&csr);
    enum status status = pki_mbedtls_csr(csr_pem, &csr);
    if (status == STATUS_OK)
        status = pki_mbedtls_cn(&csr.subject, name);
    mbedtls_x509_csr_free(&csr);
    return status;
}

static enum status key_hash(mbedtls_pk_context *key, uint8_t out[32])
{
    uint8_t der[256];
    int size = mbedtls_pk_write_pubkey_der(key, der, sizeof der);

    if (size < 0)
        return STATUS_IO;
    /* mbedTLS writes backwards, from the end of the space */
    const struct span bytes = span_of(der + sizeof der - (size_t)size, (size_t)size);
    crypto_sha256(&bytes, 1, out);
    return STATUS_OK;
}

enum status pki_csr_key_hash(struct span csr_pem, uint8_t out[32])
{
    mbedtls_x509_csr csr;

    mbedtls_x509_csr_init(&csr);
    enum status status = pki_mbedtls_csr(csr_pem, &csr);
    if (status == STATUS_OK)
        status = key_hash(&csr.pk, out);
    mbedtls_x509_csr_free(&csr);
    return status;
}

enum status pki_cert_key_hash(struct span cert_pem, uint8_t out[32])
{
    mbedtls_x509_crt cert;

    mbedtls_x509_crt_init(&cert);
    enum status status = pki_mbedtls_certs(cert_pem, &cert);
    if (status == STATUS_OK)
        status = key_hash(&cert.pk, out);
    mbedtls_x509_crt_free(&cert);
    return status;
}

enum status pki_authority(struct span ca_pem, uint8_t out[PKI_AUTHORITY_SIZE])
{
    uint8_t hash[32];
    enum status status = pki_cert_key_hash(ca_pem, hash);

    if (status == STATUS_OK)
        memcpy(out, hash, PKI_AUTHORITY_SIZE);
    return status;
}

enum status pki_chain_authority(const char *chain_pem, uint8_t out[PKI_AUTHORITY_SIZE])
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    const char *leaf = strstr(chain_pem, begin);
    const char *issuer = leaf != NULL ? strstr(leaf + sizeof begin - 1, begin) : NULL;

    return issuer != NULL ? pki_authority(span_text(issuer), out) : STATUS_INVALID;
}

static int64_t time_ms(const mbedtls_x509_time *time)
{
    struct tm tm = {
        .tm_year = time->year - 1900,
        .tm_mon = time->mon - 1,
        .tm_mday = time->day,
        .tm_hour = time->hour,
        .tm_min = time->min,
        .tm_sec = time->sec,
    };

    return (int64_t)timegm(&tm) * 1000;
}

enum status pki_read(struct span cert_pem, struct pki_facts *out)
{
    mbedtls_x509_crt cert;
    struct pki_facts facts;

    mbedtls_x509_crt_init(&cert);
    enum status status = pki_mbedtls_certs(cert_pem, &cert);
    if (status == STATUS_OK)
        status = pki_mbedtls_cn(&cert.subject, facts.name);
    if (status == STATUS_OK)
        status = encode_hex(span_of(cert.serial.p, cert.serial.len), facts.serial_hex,
                            sizeof facts.serial_hex);
    if (status == STATUS_OK) {
        facts.not_after_ms = time_ms(&cert.valid_to);
        *out = facts;
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

static int forgive_time(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags)
{
    (void)context, (void)cert, (void)depth;
    *flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    return 0;
}

enum status pki_verify(struct span chain_pem, struct span root_pem, enum pki_time time)
{
    mbedtls_x509_crt chain, root;
    uint32_t flags;

    mbedtls_x509_crt_init(&chain);
    mbedtls_x509_crt_init(&root);
    enum status status = pki_mbedtls_certs(chain_pem, &chain);
    if (status == STATUS_OK)
        status = pki_mbedtls_certs(root_pem, &root);
    if (status == STATUS_OK &&
        mbedtls_x509_crt_verify(&chain, &root, NULL, NULL, &flags,
                                time == PKI_IGNORE_TIME ? forgive_time : NULL, NULL) != 0)
        status = STATUS_FORGED;
    mbedtls_x509_crt_free(&root);
    mbedtls_x509_crt_free(&chain);
    return status;
}

/* openssl-x509(1): behind the certificate stands what it is trusted for, a sequence of a sequence
 * of purposes: serverAuth. */
enum status pki_trusted(struct span cert_pem, char out[PKI_PEM_SIZE])
{
    static const uint8_t purposes[] = {0x30, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b,
                                       0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    uint8_t der[PKI_PEM_SIZE];
    mbedtls_x509_crt cert;
    size_t size;

    mbedtls_x509_crt_init(&cert);
    enum status status = pki_mbedtls_certs(cert_pem, &cert);
    if (status == STATUS_OK && cert.raw.len > sizeof der - sizeof purposes)
        status = STATUS_INVALID;
    if (status == STATUS_OK) {
        memcpy(der, cert.raw.p, cert.raw.len);
        memcpy(der + cert.raw.len, purposes, sizeof purposes);
        status = pki_mbedtls_status(mbedtls_pem_write_buffer(
            "-----BEGIN TRUSTED CERTIFICATE-----\n", "-----END TRUSTED CERTIFICATE-----\n", der,
            cert.raw.len + sizeof purposes, (unsigned char *)out, PKI_PEM_SIZE, &size));
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

enum status pki_fingerprint(struct span cert_pem, uint8_t out[32])
{
    mbedtls_x509_crt cert;

    mbedtls_x509_crt_init(&cert);
    enum status status = pki_mbedtls_certs(cert_pem, &cert);
    if (status == STATUS_OK) {
        const struct span der = span_of(cert.raw.p, cert.raw.len);

        crypto_sha256(&der, 1, out);
    }
    mbedtls_x509_crt_free(&cert);
    return status;
}

enum status pki_sign(const char *key_pem, struct span message, uint8_t signature[PKI_SIGNATURE_MAX],
                     size_t *size)
{
    mbedtls_pk_context key;
    uint8_t hash[CRYPTO_HASH_SIZE];
    unsigned char der[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
    size_t der_size;

    mbedtls_pk_init(&key);
    enum status status = pki_mbedtls_key(key_pem, &key);
    if (status == STATUS_OK && !pki_mbedtls_is_p256(&key))
        status = STATUS_INVALID;
    if (status == STATUS_OK) {
        crypto_sha256(&message, 1, hash);
        status =
            pki_mbedtls_status(mbedtls_pk_sign(&key, MBEDTLS_MD_SHA256, hash, sizeof hash, der,
                                               sizeof der, &der_size, pki_mbedtls_random, NULL));
    }
    if (status == STATUS_OK) {
        assert(der_size <= PKI_SIGNATURE_MAX);
        memcpy(signature, der, der_size);
        *size = der_size;
    }
    mbedtls_pk_free(&key);
    return status;
}

static enum status check_signature(mbedtls_pk_context *key, struct span message,
                                   struct span signature)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    if (!pki_mbedtls_is_p256(key))
        return STATUS_FORGED;
    crypto_sha256(&message, 1, hash);
    if (mbedtls_pk_verify(key, MBEDTLS_MD_SHA256, hash, sizeof hash, signature.data,
                          signature.size) != 0)
        return STATUS_FORGED;
    return STATUS_OK;
}

enum status pki_verify_signature(struct span cert_pem, struct span message, struct span signature)
{
    mbedtls_x509_crt cert;

    mbedtls_x509_crt_init(&cert);
    enum status status = pki_mbedtls_certs(cert_pem, &cert);
    if (status == STATUS_OK)
        status = check_signature(&cert.pk, message, signature);
    mbedtls_x509_crt_free(&cert);
    return status;
}

enum status pki_verify_csr_signature(struct span csr_pem, struct span message,
                                     struct span signature)
{
    mbedtls_x509_csr csr;

    mbedtls_x509_csr_init(&csr);
    enum status status = pki_mbedtls_csr(csr_pem, &csr);
    if (status == STATUS_OK)
        status = check_signature(&csr.pk, message, signature);
    mbedtls_x509_csr_free(&csr);
    return status;
}

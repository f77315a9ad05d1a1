#include "schema/base/pki.h"

#include <stdio.h>

#include "schema/base/crypto.h"
#include "schema/base/pki_mbedtls.h"

static enum status read_public(struct span public_pem, mbedtls_pk_context *key)
{
    char pem[PKI_PEM_SIZE];

    if (span_to_text(public_pem, pem, sizeof pem) != STATUS_OK ||
        mbedtls_pk_parse_public_key(key, (const unsigned char *)pem, strlen(pem) + 1) != 0 ||
        !pki_mbedtls_is_p256(key))
        return STATUS_INVALID;
    return STATUS_OK;
}

enum status pki_public_key(const char *key_pem, char public_pem[PKI_PEM_SIZE])
{
    mbedtls_pk_context key;
    unsigned char pem[PKI_PEM_SIZE];

    mbedtls_pk_init(&key);
    enum status status = pki_mbedtls_key(key_pem, &key);
    if (status == STATUS_OK && !pki_mbedtls_is_p256(&key))
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        status = pki_mbedtls_status(mbedtls_pk_write_pubkey_pem(&key, pem, sizeof pem));
    if (status == STATUS_OK)
        snprintf(public_pem, PKI_PEM_SIZE, "%s", (const char *)pem);
    mbedtls_pk_free(&key);
    return status;
}

enum status pki_verify_public(struct span public_pem, struct span message, struct span signature)
{
    mbedtls_pk_context key;
    uint8_t hash[CRYPTO_HASH_SIZE];

    mbedtls_pk_init(&key);
    enum status status = read_public(public_pem, &key);
    if (status == STATUS_OK) {
        crypto_sha256(&message, 1, hash);
        if (mbedtls_pk_verify(&key, MBEDTLS_MD_SHA256, hash, sizeof hash, signature.data,
                              signature.size) != 0)
            status = STATUS_FORGED;
    }
    mbedtls_pk_free(&key);
    return status;
}

enum status pki_public_hash(struct span public_pem, uint8_t out[32])
{
    mbedtls_pk_context key;
    uint8_t der[256];

    mbedtls_pk_init(&key);
    enum status status = read_public(public_pem, &key);
    int size = status == STATUS_OK ? mbedtls_pk_write_pubkey_der(&key, der, sizeof der) : 0;
    if (size < 0)
        status = STATUS_IO;
    if (status == STATUS_OK) {
        /* mbedTLS writes backwards, from the end of the space */
        const struct span bytes = span_of(der + sizeof der - (size_t)size, (size_t)size);

        crypto_sha256(&bytes, 1, out);
    }
    mbedtls_pk_free(&key);
    return status;
}

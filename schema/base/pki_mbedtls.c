#include "schema/base/pki_mbedtls.h"

#include <string.h>

#include <mbedtls/oid.h>

#include "schema/base/crypto.h"

int pki_mbedtls_random(void *context, unsigned char *out, size_t size)
{
    (void)context;
    crypto_random(out, size);
    return 0;
}

enum status pki_mbedtls_status(int error)
{
    if (error == 0)
        return STATUS_OK;
    return error == MBEDTLS_ERR_PK_ALLOC_FAILED || error == MBEDTLS_ERR_MPI_ALLOC_FAILED
               ? STATUS_MEMORY
               : STATUS_IO;
}

/* mbedTLS takes PEM only with its NUL counted. A span has none, so this copies; *pem is the
 * caller's buffer. */
static bool terminate(struct span text, char *pem, size_t pem_size)
{
    return span_to_text(text, pem, pem_size) == STATUS_OK;
}

enum status pki_mbedtls_key(const char *key_pem, mbedtls_pk_context *key)
{
    if (mbedtls_pk_parse_key(key, (const unsigned char *)key_pem, strlen(key_pem) + 1, NULL, 0,
                             pki_mbedtls_random, NULL) != 0)
        return STATUS_INVALID;
    return STATUS_OK;
}

bool pki_mbedtls_is_p256(const mbedtls_pk_context *key)
{
    return mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA) &&
           mbedtls_pk_ec(*key)->MBEDTLS_PRIVATE(grp).id == MBEDTLS_ECP_DP_SECP256R1;
}

enum status pki_mbedtls_certs(struct span pem_text, mbedtls_x509_crt *certs)
{
    char pem[4 * PKI_PEM_SIZE];

    if (!terminate(pem_text, pem, sizeof pem))
        return STATUS_INVALID;
    /* A positive result counts the certificates it could not read: none may be skipped. */
    if (mbedtls_x509_crt_parse(certs, (const unsigned char *)pem, strlen(pem) + 1) != 0)
        return STATUS_INVALID;
    return STATUS_OK;
}

enum status pki_mbedtls_csr(struct span pem_text, mbedtls_x509_csr *csr)
{
    char pem[PKI_PEM_SIZE];
    uint8_t hash[CRYPTO_HASH_SIZE];

    if (!terminate(pem_text, pem, sizeof pem))
        return STATUS_INVALID;
    if (mbedtls_x509_csr_parse(csr, (const unsigned char *)pem, strlen(pem) + 1) != 0)
        return STATUS_INVALID;
    if (!pki_mbedtls_is_p256(&csr->pk) || csr->MBEDTLS_PRIVATE(sig_md) != MBEDTLS_MD_SHA256)
        return STATUS_INVALID;

    const struct span signed_part = span_of(csr->cri.p, csr->cri.len);
    crypto_sha256(&signed_part, 1, hash);
    if (mbedtls_pk_verify(&csr->pk, MBEDTLS_MD_SHA256, hash, sizeof hash,
                          csr->MBEDTLS_PRIVATE(sig).p, csr->MBEDTLS_PRIVATE(sig).len) != 0)
        return STATUS_FORGED;
    return STATUS_OK;
}

enum status pki_mbedtls_cn(const mbedtls_x509_name *name, char out[PKI_NAME_SIZE])
{
    const mbedtls_x509_name *found = NULL;

    for (; name; name = name->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0)
            continue;
        if (found)
            return STATUS_INVALID;
        found = name;
    }
    if (!found || found->val.len == 0)
        return STATUS_INVALID;
    if (span_to_text(span_of(found->val.p, found->val.len), out, PKI_NAME_SIZE) != STATUS_OK)
        return STATUS_INVALID;
    return STATUS_OK;
}

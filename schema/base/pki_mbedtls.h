/* pki_mbedtls.h - what the files of pki.h share: objects of mbedTLS out of PEM text
 *
 * For those files alone. The caller has initialised the object and frees it, also after a failure.
 */
#ifndef SCHEMA_BASE_PKI_MBEDTLS_H
#define SCHEMA_BASE_PKI_MBEDTLS_H

#include <mbedtls/x509_crt.h>
#include <mbedtls/x509_csr.h>

#include "schema/base/mbedtls3.h"
#include "schema/base/pki.h"

/* crypto_random() in the form that mbedTLS asks for. */
int pki_mbedtls_random(void *context, unsigned char *out, size_t size);

/* What a failure of mbedTLS at its work means: STATUS_MEMORY or STATUS_IO. */
MUST_CHECK enum status pki_mbedtls_status(int error);

/* Each is STATUS_INVALID for text that is no such thing. */
MUST_CHECK enum status pki_mbedtls_key(const char *key_pem, mbedtls_pk_context *key);
MUST_CHECK enum status pki_mbedtls_certs(struct span pem_text, mbedtls_x509_crt *certs);

/* The request, once its own signature has been checked; STATUS_FORGED when it does not fit. */
MUST_CHECK enum status pki_mbedtls_csr(struct span pem_text, mbedtls_x509_csr *csr);

/* The only CN of a name; a name with none or several says nothing clear: STATUS_INVALID. */
MUST_CHECK enum status pki_mbedtls_cn(const mbedtls_x509_name *name, char out[PKI_NAME_SIZE]);

bool pki_mbedtls_is_p256(const mbedtls_pk_context *key);

#endif

#include "schema/base/pki.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include <mbedtls/asn1write.h>
#include <mbedtls/oid.h>

#include "schema/base/crypto.h"
#include "schema/base/pki_mbedtls.h"

#define NOT_BEFORE    "20200101000000"
#define SERIAL_SIZE   16
#define DN_SIZE       (3 + 2 * PKI_NAME_SIZE)
#define ALT_NAMES_MAX 1024

/* "CN=name"; mbedTLS takes names apart at commas, and lets nothing else be escaped. */
static enum status write_dn(const char *name, char out[DN_SIZE])
{
    size_t size = strlen(name), used = 3;

    if (size == 0 || size >= PKI_NAME_SIZE || !span_is_utf8(span_text(name)))
        return STATUS_INVALID;
    memcpy(out, "CN=", 3);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == '\\')
            return STATUS_INVALID;
        if (name[i] == ',')
            out[used++] = '\\';
        out[used++] = name[i];
    }
    out[used] = 0;
    return STATUS_OK;
}

enum status pki_make_csr(const char *key_pem, const char *name, char csr_pem[PKI_PEM_SIZE])
{
    mbedtls_x509write_csr csr;
    mbedtls_pk_context key;
    unsigned char pem[PKI_PEM_SIZE];
    char dn[DN_SIZE];

    mbedtls_x509write_csr_init(&csr);
    mbedtls_pk_init(&key);

    enum status status = write_dn(name, dn);
    if (status == STATUS_OK)
        status = pki_mbedtls_key(key_pem, &key);
    if (status != STATUS_OK)
        goto out;

    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&csr, &key);
    int error = mbedtls_x509write_csr_set_subject_name(&csr, dn);
    if (error == 0)
        error = mbedtls_x509write_csr_pem(&csr, pem, sizeof pem, pki_mbedtls_random, NULL);
    if (error == 0)
        snprintf(csr_pem, PKI_PEM_SIZE, "%s", (const char *)pem);
    status = pki_mbedtls_status(error);
out:
    mbedtls_pk_free(&key);
    mbedtls_x509write_csr_free(&csr);
    return status;
}

/* What goes into one certificate, taken apart. */
struct parts {
    mbedtls_x509write_cert cert;
    mbedtls_pk_context own_key; /* when the subject is given by its private key */
    mbedtls_pk_context issuer_key;
    mbedtls_x509_csr csr;
    mbedtls_x509_crt issuer;
};

static void parts_init(struct parts *parts)
{
    mbedtls_x509write_crt_init(&parts->cert);
    mbedtls_pk_init(&parts->own_key);
    mbedtls_pk_init(&parts->issuer_key);
    mbedtls_x509_csr_init(&parts->csr);
    mbedtls_x509_crt_init(&parts->issuer);
}

static void parts_release(struct parts *parts)
{
    mbedtls_x509_crt_free(&parts->issuer);
    mbedtls_x509_csr_free(&parts->csr);
    mbedtls_pk_free(&parts->issuer_key);
    mbedtls_pk_free(&parts->own_key);
    mbedtls_x509write_crt_free(&parts->cert);
}

static bool is_ca(enum pki_kind kind)
{
    return kind == PKI_ROOT || kind == PKI_CA || kind == PKI_ANCHOR;
}

static bool is_self_signed(enum pki_kind kind)
{
    return kind == PKI_ROOT || kind == PKI_ANCHOR;
}

static enum status set_subject(struct parts *parts, const struct pki_request *request)
{
    char dn[DN_SIZE];
    enum status status;
    mbedtls_pk_context *key = &parts->own_key;

    if (request->subject_key) {
        status = pki_mbedtls_key(request->subject_key, &parts->own_key);
    } else {
        status = pki_mbedtls_csr(request->csr_pem, &parts->csr);
        key = &parts->csr.pk;
    }
    if (status == STATUS_OK && !pki_mbedtls_is_p256(key))
        status = STATUS_INVALID;
    if (status == STATUS_OK)
        status = write_dn(request->subject_name, dn);
    if (status != STATUS_OK)
        return status;

    mbedtls_x509write_crt_set_subject_key(&parts->cert, key);
    return pki_mbedtls_status(mbedtls_x509write_crt_set_subject_name(&parts->cert, dn));
}

static enum status set_issuer(struct parts *parts, const struct pki_request *request)
{
    char dn[DN_SIZE], name[PKI_NAME_SIZE];
    enum status status = STATUS_OK;
    mbedtls_pk_context *key = &parts->own_key;

    if (is_self_signed(request->kind)) {
        status = write_dn(request->subject_name, dn);
    } else {
        key = &parts->issuer_key;
        status = pki_mbedtls_key(request->issuer_key, key);
        if (status == STATUS_OK)
            status = pki_mbedtls_certs(span_text(request->issuer_cert), &parts->issuer);
        if (status == STATUS_OK &&
            mbedtls_pk_check_pair(&parts->issuer.pk, key, pki_mbedtls_random, NULL) != 0)
            status = STATUS_INVALID;
        if (status == STATUS_OK)
            status = pki_mbedtls_cn(&parts->issuer.subject, name);
        if (status == STATUS_OK)
            status = write_dn(name, dn);
    }
    if (status != STATUS_OK)
        return status;

    mbedtls_x509write_crt_set_issuer_key(&parts->cert, key);
    return pki_mbedtls_status(mbedtls_x509write_crt_set_issuer_name(&parts->cert, dn));
}

static enum status set_serial(struct parts *parts)
{
    uint8_t bytes[SERIAL_SIZE];

    crypto_random(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40); /* positive, and always 16 bytes long */
    return pki_mbedtls_status(
        mbedtls_x509write_crt_set_serial_raw(&parts->cert, bytes, sizeof bytes));
}

static enum status set_validity(struct parts *parts, int64_t not_after_ms)
{
    char text[80];
    time_t seconds = (time_t)(not_after_ms / 1000);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm) || tm.tm_year < 2020 - 1900 || tm.tm_year > 9999 - 1900)
        return STATUS_INVALID;
    snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1,
             tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    return pki_mbedtls_status(mbedtls_x509write_crt_set_validity(&parts->cert, NOT_BEFORE, text));
}

static int set_ca_extensions(mbedtls_x509write_cert *cert, enum pki_kind kind)
{
    int error = mbedtls_x509write_crt_set_basic_constraints(cert, 1, kind == PKI_ROOT ? 1 : 0);

    if (error == 0)
        error = mbedtls_x509write_crt_set_key_usage(cert, MBEDTLS_X509_KU_KEY_CERT_SIGN |
                                                              MBEDTLS_X509_KU_CRL_SIGN);
    return error;
}

/* ExtKeyUsageSyntax ::= SEQUENCE of one OBJECT IDENTIFIER (RFC 5280 section 4.2.1.12) */
static int set_extended_usage(mbedtls_x509write_cert *cert, enum pki_kind kind)
{
    const char *oid = kind == PKI_SERVER ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
    const size_t oid_size = kind == PKI_SERVER ? MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)
                                               : MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH);
    unsigned char space[32];
    unsigned char *at = space + sizeof space;
    size_t size = 0;
    int ret; /* of the macro below */

    MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_oid(&at, space, oid, oid_size));
    MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_len(&at, space, size));
    MBEDTLS_ASN1_CHK_ADD(
        size, mbedtls_asn1_write_tag(&at, space, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
    return mbedtls_x509write_crt_set_extension(cert, MBEDTLS_OID_EXTENDED_KEY_USAGE,
                                               MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
                                               at, size);
}

static int set_leaf_extensions(mbedtls_x509write_cert *cert, enum pki_kind kind)
{
    int error = mbedtls_x509write_crt_set_basic_constraints(cert, 0, -1);

    if (error == 0)
        error = mbedtls_x509write_crt_set_key_usage(cert, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (error == 0)
        error = set_extended_usage(cert, kind);
    return error;
}

/* One GeneralName (RFC 5280 section 4.2.1.6): [2] dNSName or [7] iPAddress. */
struct alt_name {
    unsigned char tag;
    size_t size;
    unsigned char value[254];
};

static bool read_address(struct span text, struct alt_name *out)
{
    char address[INET6_ADDRSTRLEN];

    out->tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7;
    if (span_to_text(text, address, sizeof address) != STATUS_OK)
        return false;
    out->size = strchr(address, ':') ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    return inet_pton(strchr(address, ':') ? AF_INET6 : AF_INET, address, out->value) == 1;
}

static bool read_host(struct span text, struct alt_name *out)
{
    char host[sizeof out->value];

    if (text.size == 0 || span_to_text(text, host, sizeof host) != STATUS_OK)
        return false;
    if (strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*") !=
        text.size)
        return false;
    out->tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2;
    out->size = text.size;
    memcpy(out->value, text.data, text.size);
    return true;
}

static bool read_alt_name(struct span text, struct alt_name *out)
{
    if (span_starts_with(text, "DNS:"))
        return read_host(span_of(text.data + 4, text.size - 4), out);
    return span_starts_with(text, "IP:") &&
           read_address(span_of(text.data + 3, text.size - 3), out);
}

/* ASN.1 is written backwards, so the names come out in reverse; their order means nothing. */
static int write_alt_names(const char *names, unsigned char **at, unsigned char *start)
{
    size_t size = 0;
    int ret;

    for (bool more = true; more; names++) {
        struct alt_name name;
        size_t length = strcspn(names, ",");

        if (!read_alt_name(span_of(names, length), &name))
            return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
        MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_raw_buffer(at, start, name.value, name.size));
        MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_len(at, start, name.size));
        MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_tag(at, start, name.tag));
        names += length;
        more = *names == ',';
    }
    MBEDTLS_ASN1_CHK_ADD(size, mbedtls_asn1_write_len(at, start, size));
    MBEDTLS_ASN1_CHK_ADD(
        size, mbedtls_asn1_write_tag(at, start, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE));
    return (int)size;
}

static enum status set_alt_names(mbedtls_x509write_cert *cert, const char *names)
{
    unsigned char space[ALT_NAMES_MAX];
    unsigned char *at = space + sizeof space;

    int size = write_alt_names(names, &at, space);
    if (size < 0)
        return STATUS_INVALID;
    return pki_mbedtls_status(mbedtls_x509write_crt_set_extension(
        cert, MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0, at,
        (size_t)size));
}

static enum status set_extensions(mbedtls_x509write_cert *cert, const struct pki_request *request)
{
    int error = is_ca(request->kind) ? set_ca_extensions(cert, request->kind)
                                     : set_leaf_extensions(cert, request->kind);
    if (error == 0)
        error = mbedtls_x509write_crt_set_subject_key_identifier(cert);
    if (error == 0)
        error = mbedtls_x509write_crt_set_authority_key_identifier(cert);
    if (error != 0)
        return pki_mbedtls_status(error);
    return request->kind == PKI_SERVER ? set_alt_names(cert, request->alt_names) : STATUS_OK;
}

static enum status write_cert(mbedtls_x509write_cert *cert, char cert_pem[PKI_PEM_SIZE])
{
    unsigned char pem[PKI_PEM_SIZE];

    if (mbedtls_x509write_crt_pem(cert, pem, sizeof pem, pki_mbedtls_random, NULL) != 0)
        return STATUS_IO;
    snprintf(cert_pem, PKI_PEM_SIZE, "%s", (const char *)pem);
    return STATUS_OK;
}

enum status pki_issue(const struct pki_request *request, char cert_pem[PKI_PEM_SIZE])
{
    struct parts parts;

    assert(is_self_signed(request->kind) || (request->issuer_cert && request->issuer_key));
    assert(!is_ca(request->kind) || request->subject_key);
    assert(request->kind != PKI_SERVER || request->alt_names);

    parts_init(&parts);
    mbedtls_x509write_crt_set_version(&parts.cert, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&parts.cert, MBEDTLS_MD_SHA256);

    enum status status = set_subject(&parts, request);
    if (status == STATUS_OK)
        status = set_issuer(&parts, request);
    if (status == STATUS_OK)
        status = set_serial(&parts);
    if (status == STATUS_OK)
        status = set_validity(&parts, request->not_after_ms);
    if (status == STATUS_OK)
        status = set_extensions(&parts.cert, request);
    if (status == STATUS_OK)
        status = write_cert(&parts.cert, cert_pem);
    parts_release(&parts);
    return status;
}

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "schema/base/pki.h"

/* A request and a certificate of the tree's own shape, for whatever else is read beside them. */
static const char public_pem[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuhP0RsN91OhxDhZAPCgew9QkUKSFUB2ZwkIWIT14iWXfg1gcDGV41\n"
    "VDFfX+YQoSqM81DPVRW/ZQAhcvXLNV8QQ==\n"
    "-----END PUBLIC KEY-----\n";

/* Whatever is read as a name ends within its room and can stand in a topic's place or be refused
 * there; nothing of outside verifies under a key that it does not have. */
static void read_certificate(struct span pem)
{
    struct pki_facts facts;
    uint8_t hash[32], again[32];

    if (pki_read(pem, &facts) == STATUS_OK) {
        FUZZ_CHECK(memchr(facts.name, 0, sizeof facts.name) != NULL);
        FUZZ_CHECK(memchr(facts.serial_hex, 0, sizeof facts.serial_hex) != NULL);
    }
    if (pki_cert_key_hash(pem, hash) == STATUS_OK)
        FUZZ_CHECK(pki_cert_key_hash(pem, again) == STATUS_OK && memcmp(hash, again, 32) == 0);
    (void)!pki_fingerprint(pem, hash);
    (void)!pki_verify(pem, pem, PKI_CHECK_TIME);
    (void)!pki_verify(pem, pem, PKI_IGNORE_TIME);
}

static void read_request(struct span pem)
{
    char name[PKI_NAME_SIZE];
    uint8_t hash[32];

    if (pki_check_csr(pem, name) == STATUS_OK) {
        FUZZ_CHECK(memchr(name, 0, sizeof name) != NULL && name[0] != '\0');
        FUZZ_CHECK(pki_csr_key_hash(pem, hash) == STATUS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span pem = span_of(data, size), message = span_text("message");
    uint8_t hash[32];

    read_certificate(pem);
    read_request(pem);
    (void)!pki_public_hash(pem, hash);
    FUZZ_CHECK(pki_verify_signature(pem, message, pem) != STATUS_OK);
    FUZZ_CHECK(pki_verify_csr_signature(pem, message, pem) != STATUS_OK);
    FUZZ_CHECK(pki_verify_public(pem, message, pem) != STATUS_OK);
    FUZZ_CHECK(pki_verify_public(span_text(public_pem), message, pem) != STATUS_OK);
    return 0;
}

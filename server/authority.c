#include "server/authority.h"

#include <assert.h>

#include "server/authority_folder.h"
#include "schema/wire/topic.h"

#define KEY_STATEMENT  "myna sealing key 1"
#define DEVICE_LIFE_MS (2 * 365 * AUTHORITY_DAY_MS)

struct authority {
    uint8_t data_key[CRYPTO_KEY_SIZE];
    uint8_t stamp_key[CRYPTO_KEY_SIZE];
    bool has_data_key;
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    char root[AUTHORITY_CHAIN_SIZE];
    struct authority_pair device_ca;
    uint8_t device_ca_id[PKI_AUTHORITY_SIZE];
    char device_anchors[AUTHORITY_AT_ONCE * PKI_PEM_SIZE];
    struct authority_pair server_ca;                   /* that signs */
    char server_cas[AUTHORITY_AT_ONCE * PKI_PEM_SIZE]; /* it, and the one that is to follow */
    uint8_t server_ca_id[PKI_AUTHORITY_SIZE];          /* of the last of these */
    bool has_next_server_ca;
    struct authority_pair https;
};

/* Loading */

static enum status load_or_say(const char *dir, const char *name, struct authority_pair *pair,
                               char *problem)
{
    enum status status = authority_folder_load_pair(dir, name, pair, problem);

    if (status == STATUS_NOT_FOUND)
        authority_folder_fail(problem, status, name, "is missing: run \"mynad init\" first");
    return status;
}

static enum status open_device_ca(struct authority *authority, const char *dir, char *problem)
{
    char name[24];

    authority_folder_name(AUTHORITY_DEVICES, authority_folder_issuing(dir, AUTHORITY_DEVICES),
                          name);
    enum status status = load_or_say(dir, name, &authority->device_ca, problem);
    if (status == STATUS_OK)
        status = authority_present(dir, AUTHORITY_DEVICES, authority->device_ca_id, problem);
    return status == STATUS_OK ? authority_folder_load_anchors(dir, AUTHORITY_DEVICES,
                                                               authority->device_anchors, problem)
                               : status;
}

static enum status open_server_cas(struct authority *authority, const char *dir, char *problem)
{
    const unsigned oldest = authority_folder_issuing(dir, AUTHORITY_SERVERS);
    const unsigned newest = authority_folder_newest(dir, AUTHORITY_SERVERS);
    char name[24], next[AUTHORITY_CHAIN_SIZE] = "";

    authority_folder_name(AUTHORITY_SERVERS, oldest, name);
    enum status status = load_or_say(dir, name, &authority->server_ca, problem);
    if (status == STATUS_OK)
        status = authority_present(dir, AUTHORITY_SERVERS, authority->server_ca_id, problem);
    if (status != STATUS_OK)
        return status;
    authority->has_next_server_ca = newest != oldest;
    authority_folder_name(AUTHORITY_SERVERS, newest, name);
    if (authority->has_next_server_ca)
        status = authority_folder_load(dir, name, ".pem", next, sizeof next);
    if (status == STATUS_OK &&
        snprintf(authority->server_cas, sizeof authority->server_cas, "%s%s",
                 authority->server_ca.cert, next) >= (int)sizeof authority->server_cas)
        status = STATUS_FULL;
    return status == STATUS_OK ? STATUS_OK
                               : authority_folder_fail(problem, status, name, status_text(status));
}

enum status authority_open(struct authority **out, const char *state_dir, char problem[256])
{
    struct authority *authority = calloc(1, sizeof *authority);

    if (authority == NULL)
        return authority_folder_fail(problem, STATUS_MEMORY, state_dir, status_text(STATUS_MEMORY));
    enum status status = open_device_ca(authority, state_dir, problem);
    if (status == STATUS_OK)
        status = open_server_cas(authority, state_dir, problem);
    if (status == STATUS_OK)
        status = load_or_say(state_dir, "device-https", &authority->https, problem);
    if (status != STATUS_OK)
        goto fail;
    status =
        authority_folder_load(state_dir, "root", ".pem", authority->root, sizeof authority->root);
    if (status == STATUS_OK)
        status = pki_fingerprint(span_text(authority->root), authority->fingerprint);
    if (status != STATUS_OK) {
        authority_folder_fail(problem, status, "root.pem", status_text(status));
        goto fail;
    }
    *out = authority;
    return STATUS_OK;
fail:
    authority_close(authority);
    return status;
}

void authority_close(struct authority *authority)
{
    if (authority == NULL)
        return;
    crypto_wipe(authority, sizeof *authority);
    free(authority);
}

void authority_adopt(struct authority *authority, const uint8_t data_key[CRYPTO_KEY_SIZE],
                     const uint8_t stamp_key[CRYPTO_KEY_SIZE])
{
    memcpy(authority->data_key, data_key, CRYPTO_KEY_SIZE);
    memcpy(authority->stamp_key, stamp_key, CRYPTO_KEY_SIZE);
    authority->has_data_key = true;
}

const uint8_t *authority_data_key(const struct authority *authority)
{
    assert(authority->has_data_key);
    return authority->data_key;
}

const uint8_t *authority_stamp_key(const struct authority *authority)
{
    assert(authority->has_data_key);
    return authority->stamp_key;
}

const char *authority_root(const struct authority *authority)
{
    return authority->root;
}

const char *authority_server_ca(const struct authority *authority)
{
    return authority->server_cas;
}

const uint8_t *authority_server_id(const struct authority *authority)
{
    return authority->server_ca_id;
}

bool authority_is_turning(const struct authority *authority)
{
    return authority->has_next_server_ca;
}

const char *authority_https_cert(const struct authority *authority)
{
    return authority->https.cert;
}

const char *authority_https_key(const struct authority *authority)
{
    return authority->https.key;
}

const uint8_t *authority_id(const struct authority *authority)
{
    return authority->device_ca_id;
}

void authority_fingerprint(const struct authority *authority, uint8_t out[CRYPTO_HASH_SIZE])
{
    memcpy(out, authority->fingerprint, CRYPTO_HASH_SIZE);
}

enum status authority_issue(const struct authority *authority, const char *device_id,
                            struct span csr_pem, int64_t now_ms, struct arena *arena,
                            const char **chain_pem, struct pki_facts *facts)
{
    char leaf[PKI_PEM_SIZE];
    const struct pki_request request = {
        .kind = PKI_CLIENT,
        .subject_name = device_id,
        .csr_pem = csr_pem,
        .issuer_cert = authority->device_ca.cert,
        .issuer_key = authority->device_ca.key,
        .not_after_ms = now_ms + DEVICE_LIFE_MS,
    };
    enum status status = pki_issue(&request, leaf);

    if (status == STATUS_OK)
        status = pki_read(span_text(leaf), facts);
    if (status != STATUS_OK)
        return status;
    const char *chain = arena_format(arena, "%s%s", leaf, authority->device_ca.cert);
    if (chain == NULL)
        return STATUS_MEMORY;
    *chain_pem = chain;
    return STATUS_OK;
}

#define STATEMENT_MAX (32 + 32 + 8)

/* purpose | first | at_ms, 8 bytes, big-endian. */
static size_t make_statement(const char *purpose, const uint8_t first[32], int64_t at_ms,
                             uint8_t message[STATEMENT_MAX])
{
    const size_t purpose_size = strlen(purpose);
    uint8_t *at = message;

    memcpy(at, purpose, purpose_size);
    at += purpose_size;
    memcpy(at, first, 32);
    at += 32;
    for (int i = 7; i >= 0; i--)
        *at++ = (uint8_t)((uint64_t)at_ms >> (8 * i));
    return (size_t)(at - message);
}

static enum status sign_statement(const struct authority *authority, const char *purpose,
                                  const uint8_t first[32], int64_t at_ms,
                                  uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    uint8_t message[STATEMENT_MAX];
    const size_t message_size = make_statement(purpose, first, at_ms, message);

    return pki_sign(authority->server_ca.key, span_of(message, message_size), signature, size);
}

bool authority_signed_key(const struct authority *authority,
                          const uint8_t public_key[PKI_X25519_SIZE], int64_t valid_from_ms,
                          struct span signature)
{
    uint8_t message[STATEMENT_MAX];
    const size_t size = make_statement(KEY_STATEMENT, public_key, valid_from_ms, message);

    return pki_verify_signature(span_text(authority->server_ca.cert), span_of(message, size),
                                signature) == STATUS_OK;
}

enum status authority_sign_key(const struct authority *authority,
                               const uint8_t public_key[PKI_X25519_SIZE], int64_t valid_from_ms,
                               uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    return sign_statement(authority, KEY_STATEMENT, public_key, valid_from_ms, signature, size);
}

enum status authority_sign_clock(const struct authority *authority, struct span proof,
                                 int64_t now_ms, uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(&proof, 1, hash);
    return sign_statement(authority, "myna clock 1", hash, now_ms, signature, size);
}

enum status authority_check_device(const struct authority *authority, struct span chain_pem,
                                   bool *is_trusted)
{
    struct pki_facts facts;
    enum status status = pki_read(chain_pem, &facts);

    /* under the root there are servers too: no name of theirs is one that a robot may have */
    if (status == STATUS_OK && !topic_is_slug(span_text(facts.name)))
        status = STATUS_FORGED;
    if (status == STATUS_OK)
        status = pki_verify(chain_pem, span_text(authority->root), PKI_IGNORE_TIME);
    *is_trusted = status == STATUS_OK && pki_verify(chain_pem, span_text(authority->device_anchors),
                                                    PKI_IGNORE_TIME) == STATUS_OK;
    return status;
}

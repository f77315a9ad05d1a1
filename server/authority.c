#include "server/authority.h"

#include <assert.h>
#include <limits.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "server/master.h"
#include "schema/wire/topic.h"

#define DAY_MS         ((int64_t)86400 * 1000)
#define ROOT_LIFE_MS   (30 * 365 * DAY_MS)
#define SERVER_LIFE_MS (5 * 365 * DAY_MS)
#define DEVICE_LIFE_MS (2 * 365 * DAY_MS)
#define CHAIN_SIZE     (2 * PKI_PEM_SIZE)

#define SECRET 0600u
#define PUBLIC 0644u

/* A key and its certificate (a chain for leaves). */
struct pair {
    char key[PKI_PEM_SIZE];
    char cert[CHAIN_SIZE];
};

struct authority {
    uint8_t data_key[CRYPTO_KEY_SIZE];
    bool has_data_key;
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    char root[CHAIN_SIZE];
    struct pair device_ca;
    struct pair server_ca;
    struct pair https;
};

/* One run of authority_init(). */
struct making {
    const char *dir;
    int64_t now_ms;
    unsigned made;
    char *problem;
};

static enum status fail(char *problem, enum status status, const char *file, const char *why)
{
    snprintf(problem, 256, "state folder: \"%.60s\": %s", file, why);
    return status;
}

/* Files of the folder */

static enum status path_of(char out[PATH_MAX], const char *dir, const char *name,
                           const char *suffix)
{
    return snprintf(out, PATH_MAX, "%s/%s%s", dir, name, suffix) < PATH_MAX ? STATUS_OK
                                                                            : STATUS_FULL;
}

static enum status load(const char *dir, const char *name, const char *suffix, char *out,
                        size_t out_size)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;
    enum status status = path_of(path, dir, name, suffix);

    if (status == STATUS_OK)
        status = file_read(path, out_size - 1, &data, &size);
    if (status != STATUS_OK)
        return status;
    status = span_to_text(span_of(data, size), out, out_size);
    crypto_wipe(data, size);
    free(data);
    return status;
}

static enum status save(struct making *making, const char *name, const char *suffix,
                        const char *text, unsigned mode)
{
    char path[PATH_MAX];
    enum status status = path_of(path, making->dir, name, suffix);

    if (status == STATUS_OK)
        status = file_replace(path, span_text(text), mode);
    if (status != STATUS_OK)
        return fail(making->problem, status, name, "cannot be written (disk full? permissions?)");
    making->made++;
    return STATUS_OK;
}

static bool exists(const char *dir, const char *name, const char *suffix)
{
    char path[PATH_MAX];

    return path_of(path, dir, name, suffix) == STATUS_OK && access(path, F_OK) == 0;
}

/* Whoever reads it may stand in for us. A group may: mosquitto's reads the broker's. */
static bool is_open(const char *dir, const char *name, const char *suffix)
{
    char path[PATH_MAX];

    return path_of(path, dir, name, suffix) == STATUS_OK && file_is_open_to(path, 07);
}

/* Both files, or STATUS_NOT_FOUND when there is neither. Half a pair is never replaced: the other
 * half may be all that an installation has left. */
static enum status load_pair(const char *dir, const char *name, struct pair *pair, char *problem)
{
    bool has_key = exists(dir, name, ".key");
    bool has_cert = exists(dir, name, ".pem");

    if (!has_key && !has_cert)
        return STATUS_NOT_FOUND;
    if (!has_key || !has_cert)
        return fail(problem, STATUS_CORRUPT, name,
                    "only one of .key and .pem is there: restore the other from a backup");
    if (is_open(dir, name, ".key"))
        return fail(problem, STATUS_DENIED, name,
                    "its .key can be read or written by everybody: chmod o-rwx, and make new keys "
                    "if somebody has read it");
    enum status status = load(dir, name, ".key", pair->key, sizeof pair->key);
    if (status == STATUS_OK)
        status = load(dir, name, ".pem", pair->cert, sizeof pair->cert);
    return status == STATUS_OK ? status : fail(problem, status, name, status_text(status));
}

static enum status save_pair(struct making *making, const char *name, const struct pair *pair)
{
    enum status status = save(making, name, ".key", pair->key, SECRET);

    return status == STATUS_OK ? save(making, name, ".pem", pair->cert, PUBLIC) : status;
}

/* Making */

static enum status make_master(struct making *making)
{
    struct master_keys keys = {.count = 1};

    if (exists(making->dir, "master", ".key"))
        return STATUS_OK;
    crypto_random(keys.keys[0], CRYPTO_KEY_SIZE);
    enum status status = master_save(making->dir, &keys, making->problem);
    crypto_wipe(&keys, sizeof keys);
    making->made += status == STATUS_OK;
    return status;
}

/* An authority's pair: the root when issuer is NULL. */
static enum status make_ca(struct making *making, const char *name, const char *subject,
                           const struct pair *issuer, struct pair *pair)
{
    enum status status = load_pair(making->dir, name, pair, making->problem);

    if (status != STATUS_NOT_FOUND)
        return status;
    status = pki_make_key(pair->key);
    const struct pki_request request = {
        .kind = issuer == NULL ? PKI_ROOT : PKI_CA,
        .subject_name = subject,
        .subject_key = pair->key,
        .issuer_cert = issuer != NULL ? issuer->cert : NULL,
        .issuer_key = issuer != NULL ? issuer->key : NULL,
        .not_after_ms = making->now_ms + ROOT_LIFE_MS,
    };
    if (status == STATUS_OK)
        status = pki_issue(&request, pair->cert);
    if (status != STATUS_OK)
        return fail(making->problem, status, name, status_text(status));
    return save_pair(making, name, pair);
}

static enum status make_anchor(struct making *making, const char *name, const char *subject,
                               const struct pair *ca)
{
    char cert[PKI_PEM_SIZE];

    if (exists(making->dir, name, ".pem"))
        return STATUS_OK;
    const struct pki_request request = {
        .kind = PKI_ANCHOR,
        .subject_name = subject,
        .subject_key = ca->key,
        .not_after_ms = making->now_ms + ROOT_LIFE_MS,
    };
    enum status status = pki_issue(&request, cert);
    if (status != STATUS_OK)
        return fail(making->problem, status, name, status_text(status));
    return save(making, name, ".pem", cert, PUBLIC);
}

/* Whether the leaf is there for these names (NULL: a client) and has a third of its life left. */
static enum status leaf_is_good(struct making *making, const char *name, const char *alt_names,
                                struct pair *pair, bool *good)
{
    char names[1024];
    struct pki_facts facts;
    enum status status = load_pair(making->dir, name, pair, making->problem);

    *good = false;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (pki_read(span_text(pair->cert), &facts) != STATUS_OK)
        return fail(making->problem, STATUS_CORRUPT, name, "is no certificate");
    if (alt_names != NULL && (load(making->dir, name, ".names", names, sizeof names) != STATUS_OK ||
                              strcmp(names, alt_names) != 0))
        return STATUS_OK;
    *good = facts.not_after_ms - making->now_ms > SERVER_LIFE_MS / 3;
    return STATUS_OK;
}

static enum status make_leaf(struct making *making, const char *name, const char *subject,
                             const char *alt_names, const struct pair *ca)
{
    struct pair pair;
    char leaf[PKI_PEM_SIZE];
    bool good;
    enum status status = leaf_is_good(making, name, alt_names, &pair, &good);

    if (status != STATUS_OK || good)
        return status;
    status = pki_make_key(pair.key);
    const struct pki_request request = {
        .kind = alt_names != NULL ? PKI_SERVER : PKI_CLIENT,
        .subject_name = subject,
        .subject_key = pair.key,
        .issuer_cert = ca->cert,
        .issuer_key = ca->key,
        .alt_names = alt_names,
        .not_after_ms = making->now_ms + SERVER_LIFE_MS,
    };
    if (status == STATUS_OK)
        status = pki_issue(&request, leaf);
    if (status != STATUS_OK)
        return fail(making->problem, status, name,
                    alt_names != NULL ? "not issued: are the names like \"DNS:host,IP:10.0.0.1\"?"
                                      : status_text(status));
    if (snprintf(pair.cert, sizeof pair.cert, "%s%s", leaf, ca->cert) >= (int)sizeof pair.cert)
        return fail(making->problem, STATUS_FULL, name, status_text(STATUS_FULL));
    status = save_pair(making, name, &pair);
    if (status == STATUS_OK && alt_names != NULL)
        status = save(making, name, ".names", alt_names, PUBLIC);
    crypto_wipe(&pair, sizeof pair);
    return status;
}

static enum status make_leaves(struct making *making, const struct authority_names *names,
                               const struct pair *ca)
{
    enum status status = make_leaf(making, "broker", "Myna broker", names->broker, ca);

    if (status == STATUS_OK)
        status = make_leaf(making, "device-https", "Myna enrolment", names->device, ca);
    for (int i = 1; i <= AUTHORITY_INSTANCES && status == STATUS_OK; i++) {
        char file[16];
        char subject[16];

        snprintf(file, sizeof file, "mynad-%d", i);
        /* a capital and an underscore: outside the alphabet of device ids */
        snprintf(subject, sizeof subject, "Mynad_%d", i);
        status = make_leaf(making, file, subject, NULL, ca);
    }
    return status;
}

enum status authority_init(const char *state_dir, const struct authority_names *names,
                           unsigned *made, char problem[256])
{
    struct making making = {.dir = state_dir, .now_ms = clock_wall_ms(), .problem = problem};
    struct pair *pairs = calloc(3, sizeof *pairs);

    if (pairs == NULL)
        return fail(problem, STATUS_MEMORY, state_dir, status_text(STATUS_MEMORY));
    enum status status = file_make_folder(state_dir, 0755);
    if (status != STATUS_OK) {
        fail(problem, status, state_dir, "cannot be made (permissions?)");
        goto out;
    }
    status = names->has_master ? STATUS_OK : make_master(&making);
    if (status == STATUS_OK)
        status = make_ca(&making, "root", "Myna root", NULL, &pairs[0]);
    if (status == STATUS_OK)
        status = make_ca(&making, "device-ca", "Myna device CA", &pairs[0], &pairs[1]);
    if (status == STATUS_OK)
        status = make_ca(&making, "server-ca", "Myna server CA", &pairs[0], &pairs[2]);
    if (status == STATUS_OK)
        status = make_anchor(&making, "device-anchor", "Myna device CA", &pairs[1]);
    if (status == STATUS_OK)
        status = make_anchor(&making, "server-anchor", "Myna server CA", &pairs[2]);
    if (status == STATUS_OK)
        status = make_leaves(&making, names, &pairs[2]);
    if (status == STATUS_OK)
        *made = making.made;
out:
    crypto_wipe(pairs, 3 * sizeof *pairs);
    free(pairs);
    return status;
}

/* Loading */

static enum status load_or_say(const char *dir, const char *name, struct pair *pair, char *problem)
{
    enum status status = load_pair(dir, name, pair, problem);

    if (status == STATUS_NOT_FOUND)
        fail(problem, status, name, "is missing: run \"mynad init\" first");
    return status;
}

enum status authority_open(struct authority **out, const char *state_dir, char problem[256])
{
    struct authority *authority = calloc(1, sizeof *authority);

    if (authority == NULL)
        return fail(problem, STATUS_MEMORY, state_dir, status_text(STATUS_MEMORY));
    enum status status = load_or_say(state_dir, "device-ca", &authority->device_ca, problem);
    if (status == STATUS_OK)
        status = load_or_say(state_dir, "server-ca", &authority->server_ca, problem);
    if (status == STATUS_OK)
        status = load_or_say(state_dir, "device-https", &authority->https, problem);
    if (status != STATUS_OK)
        goto fail;
    status = load(state_dir, "root", ".pem", authority->root, sizeof authority->root);
    if (status == STATUS_OK)
        status = pki_fingerprint(span_text(authority->root), authority->fingerprint);
    if (status != STATUS_OK) {
        fail(problem, status, "root.pem", status_text(status));
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

void authority_adopt(struct authority *authority, const uint8_t data_key[CRYPTO_KEY_SIZE])
{
    memcpy(authority->data_key, data_key, CRYPTO_KEY_SIZE);
    authority->has_data_key = true;
}

const uint8_t *authority_data_key(const struct authority *authority)
{
    assert(authority->has_data_key);
    return authority->data_key;
}

const char *authority_root(const struct authority *authority)
{
    return authority->root;
}

const char *authority_server_ca(const struct authority *authority)
{
    return authority->server_ca.cert;
}

const char *authority_https_cert(const struct authority *authority)
{
    return authority->https.cert;
}

const char *authority_https_key(const struct authority *authority)
{
    return authority->https.key;
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

/* purpose | first | at_ms, 8 bytes, big-endian. */
static enum status sign_statement(const struct authority *authority, const char *purpose,
                                  const uint8_t first[32], int64_t at_ms,
                                  uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    uint8_t message[32 + 32 + 8];
    const size_t purpose_size = strlen(purpose);
    uint8_t *at = message;

    memcpy(at, purpose, purpose_size);
    at += purpose_size;
    memcpy(at, first, 32);
    at += 32;
    for (int i = 7; i >= 0; i--)
        *at++ = (uint8_t)((uint64_t)at_ms >> (8 * i));
    return pki_sign(authority->server_ca.key, span_of(message, (size_t)(at - message)), signature,
                    size);
}

enum status authority_sign_key(const struct authority *authority,
                               const uint8_t public_key[PKI_X25519_SIZE], int64_t valid_from_ms,
                               uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    return sign_statement(authority, "myna sealing key 1", public_key, valid_from_ms, signature,
                          size);
}

enum status authority_sign_clock(const struct authority *authority, struct span proof,
                                 int64_t now_ms, uint8_t signature[PKI_SIGNATURE_MAX], size_t *size)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(&proof, 1, hash);
    return sign_statement(authority, "myna clock 1", hash, now_ms, signature, size);
}

enum status authority_check_device(const struct authority *authority, struct span chain_pem)
{
    struct pki_facts facts;
    enum status status = pki_read(chain_pem, &facts);

    /* under the root there are servers too: no name of theirs is one that a robot may have */
    if (status == STATUS_OK && !topic_is_slug(span_text(facts.name)))
        status = STATUS_FORGED;
    return status == STATUS_OK ? pki_verify(chain_pem, span_text(authority->root), PKI_IGNORE_TIME)
                               : status;
}

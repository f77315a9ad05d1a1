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

#define DEVICE_CAS     2 /* that are trusted at once */
#define DEVICE_CAS_MAX 1000

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
    uint8_t device_ca_id[PKI_AUTHORITY_SIZE];
    char device_anchors[DEVICE_CAS * PKI_PEM_SIZE];
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
    if (issuer != NULL && issuer->key[0] == '\0')
        return fail(making->problem, STATUS_NOT_FOUND, name,
                    "is missing, and root.key, which would issue it, is not here: restore it from "
                    "a backup, or bring root.key for as long as this takes");
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

/* Its key is kept offline, as SECURITY.md asks: the certificate alone is enough for whatever needs
 * no other CA. */
static enum status make_root(struct making *making, struct pair *root)
{
    if (exists(making->dir, "root", ".key") || !exists(making->dir, "root", ".pem"))
        return make_ca(making, "root", "Myna root", NULL, root);
    root->key[0] = '\0';
    enum status status = load(making->dir, "root", ".pem", root->cert, sizeof root->cert);
    return status == STATUS_OK ? status
                               : fail(making->problem, status, "root.pem", status_text(status));
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

/* Device CAs, which follow each other */

static void name_device_ca(unsigned number, char out[24])
{
    if (number <= 1)
        snprintf(out, 24, "device-ca");
    else
        snprintf(out, 24, "device-ca-%u", number);
}

/* The highest one whose certificate is there; 0: none. A key alone is what a turn left that did not
 * come to its end: the certificate, written last, makes it the present one. */
static unsigned present_device_ca(const char *dir)
{
    char name[24];

    for (unsigned number = DEVICE_CAS_MAX; number > 0; number--) {
        name_device_ca(number, name);
        if (exists(dir, name, ".pem"))
            return number;
    }
    return 0;
}

static enum status make_device_ca(struct making *making, const struct pair *root, struct pair *pair)
{
    char name[24];

    name_device_ca(present_device_ca(making->dir), name);
    return make_ca(making, name, "Myna device CA", root, pair);
}

/* Names of their own, by which a certificate's issuer is found. */
static void name_subject(unsigned number, char out[32])
{
    snprintf(out, 32, "Myna device CA %u", number);
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
        status = make_root(&making, &pairs[0]);
    if (status == STATUS_OK)
        status = make_device_ca(&making, &pairs[0], &pairs[1]);
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

/* Turning to another device CA */

static enum status forget_file(struct making *making, unsigned number, const char *suffix,
                               unsigned *forgotten)
{
    char name[24], path[PATH_MAX];

    name_device_ca(number, name);
    if (!exists(making->dir, name, suffix))
        return STATUS_OK;
    if (path_of(path, making->dir, name, suffix) != STATUS_OK || unlink(path) < 0)
        return fail(making->problem, STATUS_IO, name,
                    "what is left of it cannot be removed (permissions?)");
    ++*forgotten;
    return STATUS_OK;
}

/* Of every device CA before that one. */
static enum status forget_before(struct making *making, unsigned present, const char *suffix,
                                 unsigned *forgotten)
{
    enum status status = STATUS_OK;

    for (unsigned number = 1; number < present && status == STATUS_OK; number++)
        status = forget_file(making, number, suffix, forgotten);
    return status;
}

static enum status load_anchors(const char *dir, char out[DEVICE_CAS * PKI_PEM_SIZE], char *problem)
{
    enum status status = load(dir, "device-anchor", ".pem", out, (size_t)DEVICE_CAS * PKI_PEM_SIZE);

    return status == STATUS_OK ? STATUS_OK
                               : fail(problem, status, "device-anchor.pem", status_text(status));
}

/* Cuts off all but the first. */
static void keep_first(char *certificates)
{
    char *next = strstr(certificates + 1, "-----BEGIN CERTIFICATE-----");

    if (next != NULL)
        *next = '\0';
}

/* The new one first, behind it the one before; once, however often it is tried. */
static enum status add_anchor(struct making *making, const char *subject, const struct pair *ca)
{
    char before[DEVICE_CAS * PKI_PEM_SIZE], both[DEVICE_CAS * PKI_PEM_SIZE], fresh[PKI_PEM_SIZE];
    uint8_t has[PKI_AUTHORITY_SIZE], wanted[PKI_AUTHORITY_SIZE];
    const struct pki_request request = {
        .kind = PKI_ANCHOR,
        .subject_name = subject,
        .subject_key = ca->key,
        .not_after_ms = making->now_ms + ROOT_LIFE_MS,
    };
    enum status status = load_anchors(making->dir, before, making->problem);

    if (status != STATUS_OK)
        return status;
    status = pki_authority(span_text(before), has);
    if (status == STATUS_OK)
        status = pki_authority(span_text(ca->cert), wanted);
    if (status == STATUS_OK && memcmp(has, wanted, sizeof has) == 0)
        return STATUS_OK;
    if (status == STATUS_OK)
        status = pki_issue(&request, fresh);
    keep_first(before);
    if (status == STATUS_OK &&
        snprintf(both, sizeof both, "%s%s", fresh, before) >= (int)sizeof both)
        status = STATUS_FULL;
    if (status != STATUS_OK)
        return fail(making->problem, status, "device-anchor.pem", status_text(status));
    return save(making, "device-anchor", ".pem", both, PUBLIC);
}

/* The certificate is written last, and the key of an attempt before is taken again. */
static enum status make_next(struct making *making, unsigned number, const struct pair *root,
                             struct pair *pair)
{
    char name[24], subject[32];
    enum status status = STATUS_OK;

    name_device_ca(number, name);
    name_subject(number, subject);
    if (exists(making->dir, name, ".key"))
        status = load(making->dir, name, ".key", pair->key, sizeof pair->key);
    else
        status = pki_make_key(pair->key);
    const struct pki_request request = {
        .kind = PKI_CA,
        .subject_name = subject,
        .subject_key = pair->key,
        .issuer_cert = root->cert,
        .issuer_key = root->key,
        .not_after_ms = making->now_ms + ROOT_LIFE_MS,
    };
    if (status == STATUS_OK)
        status = pki_issue(&request, pair->cert);
    if (status != STATUS_OK)
        return fail(making->problem, status, name, status_text(status));
    status = save(making, name, ".key", pair->key, SECRET);
    if (status == STATUS_OK)
        status = add_anchor(making, subject, pair);
    return status == STATUS_OK ? save(making, name, ".pem", pair->cert, PUBLIC) : status;
}

static enum status load_root(const char *dir, struct pair *root, char *problem)
{
    if (!exists(dir, "root", ".key"))
        return fail(problem, STATUS_NOT_FOUND, "root.key",
                    "is not here: bring it for as long as this takes");
    enum status status = load_pair(dir, "root", root, problem);
    return status == STATUS_NOT_FOUND ? fail(problem, status, "root.pem", "is missing") : status;
}

static bool is_before(const char *dir, unsigned present, const char *suffix)
{
    char name[24];

    for (unsigned number = 1; number < present; number++) {
        name_device_ca(number, name);
        if (exists(dir, name, suffix))
            return true;
    }
    return false;
}

enum status authority_present(const char *state_dir, uint8_t out[PKI_AUTHORITY_SIZE],
                              char problem[256])
{
    char name[24], cert[CHAIN_SIZE];

    name_device_ca(present_device_ca(state_dir), name);
    enum status status = load(state_dir, name, ".pem", cert, sizeof cert);
    if (status == STATUS_OK)
        status = pki_authority(span_text(cert), out);
    if (status == STATUS_NOT_FOUND)
        return fail(problem, status, name, "is missing: run \"mynad init\" first");
    return status == STATUS_OK ? STATUS_OK : fail(problem, status, name, status_text(status));
}

enum status authority_turn(const char *state_dir, uint8_t next[PKI_AUTHORITY_SIZE],
                           char problem[256])
{
    struct making making = {.dir = state_dir, .now_ms = clock_wall_ms(), .problem = problem};
    const unsigned present = present_device_ca(state_dir);
    unsigned forgotten = 0;
    struct pair *pairs = calloc(2, sizeof *pairs);

    if (pairs == NULL)
        return fail(problem, STATUS_MEMORY, state_dir, status_text(STATUS_MEMORY));
    enum status status = authority_present(state_dir, next, problem);
    if (status == STATUS_OK && !is_before(state_dir, present, ".key")) {
        if (is_before(state_dir, present, ".pem"))
            status = fail(problem, STATUS_EXISTS, "device-ca",
                          "the one before the present one is still trusted: run \"mynad retire "
                          "device-ca\" first");
        if (status == STATUS_OK)
            status = load_root(state_dir, &pairs[0], problem);
        if (status == STATUS_OK)
            status = make_next(&making, present + 1, &pairs[0], &pairs[1]);
    }
    if (status == STATUS_OK)
        status = forget_before(&making, present_device_ca(state_dir), ".key", &forgotten);
    if (status == STATUS_OK)
        status = authority_present(state_dir, next, problem);
    crypto_wipe(pairs, 2 * sizeof *pairs);
    free(pairs);
    return status;
}

enum status authority_forget(const char *state_dir, unsigned *forgotten, char problem[256])
{
    struct making making = {.dir = state_dir, .problem = problem};
    const unsigned present = present_device_ca(state_dir);
    char anchors[DEVICE_CAS * PKI_PEM_SIZE];
    enum status status = load_anchors(state_dir, anchors, problem);

    *forgotten = 0;
    if (status != STATUS_OK || !is_before(state_dir, present, ".pem"))
        return status;
    keep_first(anchors);
    status = save(&making, "device-anchor", ".pem", anchors, PUBLIC);
    return status == STATUS_OK ? forget_before(&making, present, ".pem", forgotten) : status;
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
    char name[24];

    name_device_ca(present_device_ca(state_dir), name);
    enum status status = load_or_say(state_dir, name, &authority->device_ca, problem);
    if (status == STATUS_OK)
        status = authority_present(state_dir, authority->device_ca_id, problem);
    if (status == STATUS_OK)
        status = load_anchors(state_dir, authority->device_anchors, problem);
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

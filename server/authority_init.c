#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/file.h"
#include "server/authority_folder.h"
#include "server/master.h"

#define SERVER_LIFE_MS (5 * 365 * AUTHORITY_DAY_MS)

static enum status make_master(struct authority_making *making)
{
    struct master_keys keys = {.count = 1};

    if (authority_folder_exists(making->dir, "master", ".key"))
        return STATUS_OK;
    crypto_random(keys.keys[0], CRYPTO_KEY_SIZE);
    enum status status = master_save(making->dir, &keys, making->problem);
    crypto_wipe(&keys, sizeof keys);
    making->made += status == STATUS_OK;
    return status;
}

/* An authority's pair: the root when issuer is NULL. */
static enum status make_ca(struct authority_making *making, const char *name, const char *subject,
                           const struct authority_pair *issuer, struct authority_pair *pair)
{
    enum status status = authority_folder_load_pair(making->dir, name, pair, making->problem);

    if (status != STATUS_NOT_FOUND)
        return status;
    if (issuer != NULL && issuer->key[0] == '\0')
        return authority_folder_fail(
            making->problem, STATUS_NOT_FOUND, name,
            "is missing, and root.key, which would issue it, is not here: restore it from "
            "a backup, or bring root.key for as long as this takes");
    status = pki_make_key(pair->key);
    const struct pki_request request = {
        .kind = issuer == NULL ? PKI_ROOT : PKI_CA,
        .subject_name = subject,
        .subject_key = pair->key,
        .issuer_cert = issuer != NULL ? issuer->cert : NULL,
        .issuer_key = issuer != NULL ? issuer->key : NULL,
        .not_after_ms = making->now_ms + AUTHORITY_CA_LIFE_MS,
    };
    if (status == STATUS_OK)
        status = pki_issue(&request, pair->cert);
    if (status != STATUS_OK)
        return authority_folder_fail(making->problem, status, name, status_text(status));
    return authority_folder_save_pair(making, name, pair);
}

/* Its key is kept offline, as SECURITY.md asks: the certificate alone is enough for whatever needs
 * no other CA. */
static enum status make_root(struct authority_making *making, struct authority_pair *root)
{
    if (authority_folder_exists(making->dir, "root", ".key") ||
        !authority_folder_exists(making->dir, "root", ".pem"))
        return make_ca(making, "root", "Myna root", NULL, root);
    root->key[0] = '\0';
    enum status status =
        authority_folder_load(making->dir, "root", ".pem", root->cert, sizeof root->cert);
    return status == STATUS_OK
               ? status
               : authority_folder_fail(making->problem, status, "root.pem", status_text(status));
}

static enum status make_anchor(struct authority_making *making, enum authority_line line,
                               const struct authority_pair *ca)
{
    const char *name = authority_folder_anchor(line);
    char cert[PKI_PEM_SIZE];

    if (authority_folder_exists(making->dir, name, ".pem"))
        return STATUS_OK;
    enum status status = authority_folder_make_anchor(
        making, line, authority_folder_issuing(making->dir, line), ca, cert);
    return status == STATUS_OK ? authority_folder_save(making, name, ".pem", cert, AUTHORITY_PUBLIC)
                               : status;
}

static bool is_by(const struct authority_pair *ca, const struct authority_pair *leaf)
{
    uint8_t issuer[PKI_AUTHORITY_SIZE];

    return pki_chain_authority(leaf->cert, issuer) == STATUS_OK && authority_folder_is(ca, issuer);
}

/* Whether the leaf is there for these names (NULL: a client), by this CA, and has a third of its
 * life left. */
static enum status leaf_is_good(struct authority_making *making, const char *name,
                                const char *alt_names, const struct authority_pair *ca,
                                struct authority_pair *pair, bool *good)
{
    char names[1024];
    struct pki_facts facts;
    enum status status = authority_folder_load_pair(making->dir, name, pair, making->problem);

    *good = false;
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (pki_read(span_text(pair->cert), &facts) != STATUS_OK)
        return authority_folder_fail(making->problem, STATUS_CORRUPT, name, "is no certificate");
    if (alt_names != NULL &&
        (authority_folder_load(making->dir, name, ".names", names, sizeof names) != STATUS_OK ||
         strcmp(names, alt_names) != 0))
        return STATUS_OK;
    *good = is_by(ca, pair) && facts.not_after_ms - making->now_ms > SERVER_LIFE_MS / 3;
    return STATUS_OK;
}

static enum status make_leaf(struct authority_making *making, const char *name, const char *subject,
                             const char *alt_names, const struct authority_pair *ca)
{
    struct authority_pair pair;
    char leaf[PKI_PEM_SIZE];
    bool good;
    enum status status = leaf_is_good(making, name, alt_names, ca, &pair, &good);

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
        return authority_folder_fail(
            making->problem, status, name,
            alt_names != NULL ? "not issued: are the names like \"DNS:host,IP:10.0.0.1\"?"
                              : status_text(status));
    if (snprintf(pair.cert, sizeof pair.cert, "%s%s", leaf, ca->cert) >= (int)sizeof pair.cert)
        return authority_folder_fail(making->problem, STATUS_FULL, name, status_text(STATUS_FULL));
    status = authority_folder_save_pair(making, name, &pair);
    if (status == STATUS_OK && alt_names != NULL)
        status = authority_folder_save(making, name, ".names", alt_names, AUTHORITY_PUBLIC);
    crypto_wipe(&pair, sizeof pair);
    return status;
}

enum status authority_init_leaves(struct authority_making *making,
                                  const struct authority_names *names,
                                  const struct authority_pair *ca)
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

static enum status make_line_ca(struct authority_making *making, enum authority_line line,
                                const struct authority_pair *root, struct authority_pair *pair)
{
    const unsigned number = authority_folder_issuing(making->dir, line);
    char name[24], subject[32];

    authority_folder_name(line, number, name);
    authority_folder_subject(line, number, subject);
    return make_ca(making, name, subject, root, pair);
}

enum status authority_init(const char *state_dir, const struct authority_names *names,
                           unsigned *made, char problem[256])
{
    struct authority_making making = {
        .dir = state_dir, .now_ms = clock_wall_ms(), .problem = problem};
    struct authority_pair *pairs = calloc(3, sizeof *pairs);

    if (pairs == NULL)
        return authority_folder_fail(problem, STATUS_MEMORY, state_dir, status_text(STATUS_MEMORY));
    enum status status = file_make_folder(state_dir, 0755);
    if (status != STATUS_OK) {
        authority_folder_fail(problem, status, state_dir, "cannot be made (permissions?)");
        goto out;
    }
    status = names->has_master ? STATUS_OK : make_master(&making);
    if (status == STATUS_OK)
        status = make_root(&making, &pairs[0]);
    if (status == STATUS_OK)
        status = make_line_ca(&making, AUTHORITY_DEVICES, &pairs[0], &pairs[1]);
    if (status == STATUS_OK)
        status = make_line_ca(&making, AUTHORITY_SERVERS, &pairs[0], &pairs[2]);
    if (status == STATUS_OK)
        status = make_anchor(&making, AUTHORITY_DEVICES, &pairs[1]);
    if (status == STATUS_OK)
        status = make_anchor(&making, AUTHORITY_SERVERS, &pairs[2]);
    if (status == STATUS_OK)
        status = authority_init_leaves(&making, names, &pairs[2]);
    if (status == STATUS_OK)
        *made = making.made;
out:
    crypto_wipe(pairs, 3 * sizeof *pairs);
    free(pairs);
    return status;
}

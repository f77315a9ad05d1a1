/* Authorities follow each other: authority.h. */
#include <stdlib.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "server/authority_folder.h"

static enum status forget_file(struct authority_making *making, enum authority_line line,
                               unsigned number, const char *suffix, unsigned *forgotten)
{
    char name[24], path[PATH_MAX];

    authority_folder_name(line, number, name);
    if (!authority_folder_exists(making->dir, name, suffix))
        return STATUS_OK;
    if (authority_folder_path(path, making->dir, name, suffix) != STATUS_OK || unlink(path) < 0)
        return authority_folder_fail(making->problem, STATUS_IO, name,
                                     "what is left of it cannot be removed (permissions?)");
    ++*forgotten;
    return STATUS_OK;
}

/* Of every one before that. */
static enum status forget_before(struct authority_making *making, enum authority_line line,
                                 unsigned present, const char *suffix, unsigned *forgotten)
{
    enum status status = STATUS_OK;

    for (unsigned number = 1; number < present && status == STATUS_OK; number++)
        status = forget_file(making, line, number, suffix, forgotten);
    return status;
}

/* Cuts off all but the first. */
static void keep_first(char *certificates)
{
    char *next = strstr(certificates + 1, "-----BEGIN CERTIFICATE-----");

    if (next != NULL)
        *next = '\0';
}

/* Whether the first certificate is this CA's. */
static bool is_first(const char *certificates, const struct authority_pair *ca)
{
    uint8_t id[PKI_AUTHORITY_SIZE];

    return pki_authority(span_text(certificates), id) == STATUS_OK && authority_folder_is(ca, id);
}

/* Of devices' the new one first and behind it the one before, of servers' the new one alone; once,
 * however often it is tried. */
static enum status set_anchor(struct authority_making *making, enum authority_line line,
                              unsigned number, const struct authority_pair *ca)
{
    const char *name = authority_folder_anchor(line);
    char before[AUTHORITY_AT_ONCE * PKI_PEM_SIZE], both[AUTHORITY_AT_ONCE * PKI_PEM_SIZE],
        fresh[PKI_PEM_SIZE];
    enum status status = authority_folder_load_anchors(making->dir, line, before, making->problem);

    if (status != STATUS_OK || is_first(before, ca))
        return status;
    status = authority_folder_make_anchor(making, line, number, ca, fresh);
    if (status != STATUS_OK)
        return status;
    keep_first(before);
    if (snprintf(both, sizeof both, "%s%s", fresh, line == AUTHORITY_DEVICES ? before : "") >=
        (int)sizeof both)
        return authority_folder_fail(making->problem, STATUS_FULL, name, status_text(STATUS_FULL));
    return authority_folder_save(making, name, ".pem", both, AUTHORITY_PUBLIC);
}

/* The certificate is written last, and the key of an attempt before is taken again. */
static enum status make_next(struct authority_making *making, enum authority_line line,
                             unsigned number, const struct authority_pair *root,
                             struct authority_pair *pair)
{
    char name[24], subject[32];
    enum status status = STATUS_OK;

    authority_folder_name(line, number, name);
    authority_folder_subject(line, number, subject);
    if (authority_folder_exists(making->dir, name, ".key"))
        status = authority_folder_load(making->dir, name, ".key", pair->key, sizeof pair->key);
    else
        status = pki_make_key(pair->key);
    const struct pki_request request = {
        .kind = PKI_CA,
        .subject_name = subject,
        .subject_key = pair->key,
        .issuer_cert = root->cert,
        .issuer_key = root->key,
        .not_after_ms = making->now_ms + AUTHORITY_CA_LIFE_MS,
    };
    if (status == STATUS_OK)
        status = pki_issue(&request, pair->cert);
    if (status != STATUS_OK)
        return authority_folder_fail(making->problem, status, name, status_text(status));
    status = authority_folder_save(making, name, ".key", pair->key, AUTHORITY_SECRET);
    if (status == STATUS_OK && line == AUTHORITY_DEVICES)
        status = set_anchor(making, line, number, pair);
    return status == STATUS_OK
               ? authority_folder_save(making, name, ".pem", pair->cert, AUTHORITY_PUBLIC)
               : status;
}

static enum status load_root(const char *dir, struct authority_pair *root, char *problem)
{
    if (!authority_folder_exists(dir, "root", ".key"))
        return authority_folder_fail(problem, STATUS_NOT_FOUND, "root.key",
                                     "is not here: bring it for as long as this takes");
    return authority_folder_load_pair(dir, "root", root, problem);
}

static bool is_before(const char *dir, enum authority_line line, unsigned present,
                      const char *suffix)
{
    char name[24];

    for (unsigned number = 1; number < present; number++) {
        authority_folder_name(line, number, name);
        if (authority_folder_exists(dir, name, suffix))
            return true;
    }
    return false;
}

enum status authority_present(const char *state_dir, enum authority_line line,
                              uint8_t out[PKI_AUTHORITY_SIZE], char problem[256])
{
    char name[24], cert[AUTHORITY_CHAIN_SIZE];

    authority_folder_name(line, authority_folder_newest(state_dir, line), name);
    enum status status = authority_folder_load(state_dir, name, ".pem", cert, sizeof cert);
    if (status == STATUS_OK)
        status = pki_authority(span_text(cert), out);
    if (status == STATUS_NOT_FOUND)
        return authority_folder_fail(problem, status, name, "is missing: run \"mynad init\" first");
    return status == STATUS_OK ? STATUS_OK
                               : authority_folder_fail(problem, status, name, status_text(status));
}

/* A turn that was ended in the middle: what issued before has yet to be forgotten. */
static bool goes_on(const char *dir, enum authority_line line)
{
    return line == AUTHORITY_DEVICES &&
           is_before(dir, line, authority_folder_newest(dir, line), ".key");
}

enum status authority_may_turn(const char *state_dir, enum authority_line line, char problem[256])
{
    char name[24];

    if (goes_on(state_dir, line) ||
        !is_before(state_dir, line, authority_folder_newest(state_dir, line), ".pem"))
        return STATUS_OK;
    authority_folder_name(line, 1, name);
    return authority_folder_fail(problem, STATUS_EXISTS, name,
                                 line == AUTHORITY_DEVICES
                                     ? "the one before the present one is still trusted: run "
                                       "\"mynad retire device-ca\" first"
                                     : "the one before the newest is still in force: run "
                                       "\"mynad retire server-ca\" first");
}

/* The next one, when none but the present one is there any more. */
static enum status make_another(struct authority_making *making, enum authority_line line)
{
    const unsigned present = authority_folder_newest(making->dir, line);
    char name[24];
    struct authority_pair *pairs;

    authority_folder_name(line, 1, name);
    pairs = calloc(2, sizeof *pairs);
    if (pairs == NULL)
        return authority_folder_fail(making->problem, STATUS_MEMORY, name,
                                     status_text(STATUS_MEMORY));
    enum status status = load_root(making->dir, &pairs[0], making->problem);
    if (status == STATUS_OK)
        status = make_next(making, line, present + 1, &pairs[0], &pairs[1]);
    crypto_wipe(pairs, 2 * sizeof *pairs);
    free(pairs);
    return status;
}

enum status authority_turn(const char *state_dir, enum authority_line line,
                           uint8_t next[PKI_AUTHORITY_SIZE], char problem[256])
{
    struct authority_making making = {
        .dir = state_dir, .now_ms = clock_wall_ms(), .problem = problem};
    const bool is_made = goes_on(state_dir, line);
    unsigned forgotten = 0;
    enum status status = authority_may_turn(state_dir, line, problem);

    if (status == STATUS_OK)
        status = authority_present(state_dir, line, next, problem);
    if (status == STATUS_OK && !is_made)
        status = make_another(&making, line);
    if (status == STATUS_OK && line == AUTHORITY_DEVICES)
        status = forget_before(&making, line, authority_folder_newest(state_dir, line), ".key",
                               &forgotten);
    return status == STATUS_OK ? authority_present(state_dir, line, next, problem) : status;
}

enum status authority_forget(const char *state_dir, unsigned *forgotten, char problem[256])
{
    struct authority_making making = {.dir = state_dir, .problem = problem};
    const unsigned present = authority_folder_newest(state_dir, AUTHORITY_DEVICES);
    char anchors[AUTHORITY_AT_ONCE * PKI_PEM_SIZE];
    enum status status =
        authority_folder_load_anchors(state_dir, AUTHORITY_DEVICES, anchors, problem);

    *forgotten = 0;
    if (status != STATUS_OK || !is_before(state_dir, AUTHORITY_DEVICES, present, ".pem"))
        return status;
    keep_first(anchors);
    status = authority_folder_save(&making, "device-anchor", ".pem", anchors, AUTHORITY_PUBLIC);
    return status == STATUS_OK
               ? forget_before(&making, AUTHORITY_DEVICES, present, ".pem", forgotten)
               : status;
}

/* ---- the servers' own certificates ---- */

/* Those before go last, and of each the certificate first: a key alone is none that is there. */
enum status authority_move(const char *state_dir, const struct authority_names *names,
                           unsigned *changed, char problem[256])
{
    struct authority_making making = {
        .dir = state_dir, .now_ms = clock_wall_ms(), .problem = problem};
    const unsigned newest = authority_folder_newest(state_dir, AUTHORITY_SERVERS);
    struct authority_pair *ca = calloc(1, sizeof *ca);
    unsigned forgotten = 0;
    char name[24];

    authority_folder_name(AUTHORITY_SERVERS, newest, name);
    if (ca == NULL)
        return authority_folder_fail(problem, STATUS_MEMORY, name, status_text(STATUS_MEMORY));
    enum status status = authority_folder_load_pair(state_dir, name, ca, problem);
    if (status == STATUS_NOT_FOUND)
        authority_folder_fail(problem, status, name, "is missing: run \"mynad init\" first");
    if (status == STATUS_OK)
        status = authority_init_leaves(&making, names, ca);
    if (status == STATUS_OK)
        status = set_anchor(&making, AUTHORITY_SERVERS, newest, ca);
    if (status == STATUS_OK)
        status = forget_before(&making, AUTHORITY_SERVERS, newest, ".pem", &forgotten);
    if (status == STATUS_OK)
        status = forget_before(&making, AUTHORITY_SERVERS, newest, ".key", &forgotten);
    *changed = making.made + forgotten;
    crypto_wipe(ca, sizeof *ca);
    free(ca);
    return status;
}

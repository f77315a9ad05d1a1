#include "server/authority_folder.h"

#include <unistd.h>

#include "schema/base/file.h"

#define NUMBER_MAX 1000

/* What stands in files and certificates of each line. */
static const struct {
    const char *file, *subject, *anchor;
} lines[] = {
    [AUTHORITY_DEVICES] = {"device-ca", "Myna device CA", "device-anchor"},
    [AUTHORITY_SERVERS] = {"server-ca", "Myna server CA", "server-anchor"},
};

enum status authority_folder_fail(char *problem, enum status status, const char *file,
                                  const char *why)
{
    snprintf(problem, 256, "state folder: \"%.60s\": %s", file, why);
    return status;
}

enum status authority_folder_path(char out[PATH_MAX], const char *dir, const char *name,
                                  const char *suffix)
{
    return snprintf(out, PATH_MAX, "%s/%s%s", dir, name, suffix) < PATH_MAX ? STATUS_OK
                                                                            : STATUS_FULL;
}

enum status authority_folder_load(const char *dir, const char *name, const char *suffix, char *out,
                                  size_t out_size)
{
    char path[PATH_MAX];
    uint8_t *data;
    size_t size;
    enum status status = authority_folder_path(path, dir, name, suffix);

    if (status == STATUS_OK)
        status = file_read(path, out_size - 1, &data, &size);
    if (status != STATUS_OK)
        return status;
    status = span_to_text(span_of(data, size), out, out_size);
    crypto_wipe(data, size);
    free(data);
    return status;
}

enum status authority_folder_save(struct authority_making *making, const char *name,
                                  const char *suffix, const char *text, unsigned mode)
{
    char path[PATH_MAX];
    enum status status = authority_folder_path(path, making->dir, name, suffix);

    if (status == STATUS_OK)
        status = file_replace(path, span_text(text), mode);
    if (status != STATUS_OK)
        return authority_folder_fail(making->problem, status, name,
                                     "cannot be written (disk full? permissions?)");
    making->made++;
    return STATUS_OK;
}

bool authority_folder_exists(const char *dir, const char *name, const char *suffix)
{
    char path[PATH_MAX];

    return authority_folder_path(path, dir, name, suffix) == STATUS_OK && access(path, F_OK) == 0;
}

/* Whoever reads it may stand in for us. A group may: mosquitto's reads the broker's. */
static bool is_open(const char *dir, const char *name, const char *suffix)
{
    char path[PATH_MAX];

    return authority_folder_path(path, dir, name, suffix) == STATUS_OK && file_is_open_to(path, 07);
}

enum status authority_folder_load_pair(const char *dir, const char *name,
                                       struct authority_pair *pair, char *problem)
{
    bool has_key = authority_folder_exists(dir, name, ".key");
    bool has_cert = authority_folder_exists(dir, name, ".pem");

    if (!has_key && !has_cert)
        return STATUS_NOT_FOUND;
    if (!has_key || !has_cert)
        return authority_folder_fail(
            problem, STATUS_CORRUPT, name,
            "only one of .key and .pem is there: restore the other from a backup");
    if (is_open(dir, name, ".key"))
        return authority_folder_fail(
            problem, STATUS_DENIED, name,
            "its .key can be read or written by everybody: chmod o-rwx, and make new keys "
            "if somebody has read it");
    enum status status = authority_folder_load(dir, name, ".key", pair->key, sizeof pair->key);
    if (status == STATUS_OK)
        status = authority_folder_load(dir, name, ".pem", pair->cert, sizeof pair->cert);
    return status == STATUS_OK ? status
                               : authority_folder_fail(problem, status, name, status_text(status));
}

enum status authority_folder_save_pair(struct authority_making *making, const char *name,
                                       const struct authority_pair *pair)
{
    enum status status = authority_folder_save(making, name, ".key", pair->key, AUTHORITY_SECRET);

    return status == STATUS_OK
               ? authority_folder_save(making, name, ".pem", pair->cert, AUTHORITY_PUBLIC)
               : status;
}

void authority_folder_name(enum authority_line line, unsigned number, char out[24])
{
    if (number <= 1)
        snprintf(out, 24, "%s", lines[line].file);
    else
        snprintf(out, 24, "%s-%u", lines[line].file, number);
}

/* Names of their own, by which a certificate's issuer is found, and by which robots tell an earlier
 * server CA from a later one. */
void authority_folder_subject(enum authority_line line, unsigned number, char out[32])
{
    if (number <= 1)
        snprintf(out, 32, "%s", lines[line].subject);
    else
        snprintf(out, 32, "%s %u", lines[line].subject, number);
}

unsigned authority_folder_newest(const char *dir, enum authority_line line)
{
    char name[24];

    for (unsigned number = NUMBER_MAX; number > 0; number--) {
        authority_folder_name(line, number, name);
        if (authority_folder_exists(dir, name, ".pem"))
            return number;
    }
    return 0;
}

unsigned authority_folder_oldest(const char *dir, enum authority_line line)
{
    char name[24];

    for (unsigned number = 1; number <= NUMBER_MAX; number++) {
        authority_folder_name(line, number, name);
        if (authority_folder_exists(dir, name, ".pem"))
            return number;
    }
    return 0;
}

unsigned authority_folder_issuing(const char *dir, enum authority_line line)
{
    return line == AUTHORITY_DEVICES ? authority_folder_newest(dir, line)
                                     : authority_folder_oldest(dir, line);
}

const char *authority_folder_anchor(enum authority_line line)
{
    return lines[line].anchor;
}

enum status authority_folder_load_anchors(const char *dir, enum authority_line line,
                                          char out[AUTHORITY_AT_ONCE * PKI_PEM_SIZE], char *problem)
{
    const char *name = lines[line].anchor;
    enum status status =
        authority_folder_load(dir, name, ".pem", out, (size_t)AUTHORITY_AT_ONCE * PKI_PEM_SIZE);

    return status == STATUS_OK ? STATUS_OK
                               : authority_folder_fail(problem, status, name, status_text(status));
}

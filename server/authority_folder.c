#include "server/authority_folder.h"

#include <dirent.h>
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

/* The number in the name of an authority's certificate; 0: it is another file. */
static unsigned number_of(const char *name, enum authority_line line)
{
    const size_t skip = strlen(lines[line].file);
    unsigned number = 1;

    if (strncmp(name, lines[line].file, skip) != 0)
        return 0;
    name += skip;
    if (*name == '-') {
        for (number = 0, name++; *name >= '0' && *name <= '9' && number <= NUMBER_MAX; name++)
            number = 10 * number + (unsigned)(*name - '0');
        if (number < 2 || number > NUMBER_MAX)
            return 0;
    }
    return strcmp(name, ".pem") == 0 ? number : 0;
}

static void find_ends(const char *path, enum authority_line line, unsigned *oldest,
                      unsigned *newest)
{
    DIR *dir = opendir(path);

    *oldest = *newest = 0;
    if (dir == NULL)
        return;
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const unsigned number = number_of(entry->d_name, line);

        if (number > *newest)
            *newest = number;
        if (number > 0 && (*oldest == 0 || number < *oldest))
            *oldest = number;
    }
    closedir(dir);
}

unsigned authority_folder_newest(const char *dir, enum authority_line line)
{
    unsigned oldest, newest;

    find_ends(dir, line, &oldest, &newest);
    return newest;
}

unsigned authority_folder_issuing(const char *dir, enum authority_line line)
{
    unsigned oldest, newest;

    find_ends(dir, line, &oldest, &newest);
    return line == AUTHORITY_DEVICES ? newest : oldest;
}

const char *authority_folder_anchor(enum authority_line line)
{
    return lines[line].anchor;
}

bool authority_folder_is(const struct authority_pair *ca, const uint8_t id[PKI_AUTHORITY_SIZE])
{
    uint8_t own[PKI_AUTHORITY_SIZE];

    return pki_authority(span_text(ca->cert), own) == STATUS_OK && memcmp(own, id, sizeof own) == 0;
}

enum status authority_folder_make_anchor(const struct authority_making *making,
                                         enum authority_line line, unsigned number,
                                         const struct authority_pair *ca, char out[PKI_PEM_SIZE])
{
    char subject[32];

    authority_folder_subject(line, number, subject);
    const struct pki_request request = {
        .kind = PKI_ANCHOR,
        .subject_name = subject,
        .subject_key = ca->key,
        .not_after_ms = making->now_ms + AUTHORITY_CA_LIFE_MS,
    };
    enum status status = pki_issue(&request, out);
    return status == STATUS_OK ? STATUS_OK
                               : authority_folder_fail(making->problem, status, lines[line].anchor,
                                                       status_text(status));
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

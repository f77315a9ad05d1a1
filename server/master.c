#include "server/master.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "schema/base/encode.h"
#include "schema/base/file.h"

#define VARIABLE   "MYNAD_MASTER_KEY"
#define FILE_NAME  "master.key"
#define HEX_DIGITS (2 * CRYPTO_KEY_SIZE)
#define TEXT_SIZE  (MASTER_KEYS * (HEX_DIGITS + 2) + 1)
#define SEPARATORS " \t\r\n,"

static const char *const sources[] = {
    [MASTER_NONE] = "nowhere",
    [MASTER_ENVIRONMENT] = "the environment (" VARIABLE ")",
    [MASTER_CREDENTIAL] = "the service manager's credential " FILE_NAME,
    [MASTER_FILE] = "the file " FILE_NAME,
};

const char *master_source_text(enum master_source source)
{
    return sources[source];
}

static bool parse(const char *text, struct master_keys *out)
{
    out->count = 0;
    for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
        const size_t digits = strcspn(text, SEPARATORS);
        size_t size = 0;

        if (out->count == MASTER_KEYS || digits != HEX_DIGITS ||
            encode_from_hex(span_of(text, digits), out->keys[out->count], CRYPTO_KEY_SIZE, &size) !=
                STATUS_OK)
            return false;
        out->count++;
        text += digits;
    }
    return out->count > 0;
}

/* Keys from a text; nothing of it stays in out when it holds none. */
static enum status take(enum master_source source, const char *text, struct master_keys *out,
                        char problem[256])
{
    struct master_keys made = {.source = source};
    const bool fits = parse(text, &made);

    if (fits)
        *out = made;
    else
        snprintf(problem, 256,
                 "the master key from %s is not 1 to %d keys of %d hex digits: restore it from a "
                 "backup, or for a new installation make one with \"openssl rand -hex %d\"",
                 sources[source], MASTER_KEYS, HEX_DIGITS, CRYPTO_KEY_SIZE);
    crypto_wipe(&made, sizeof made);
    return fits ? STATUS_OK : STATUS_INVALID;
}

enum status master_take_environment(struct master_keys *out, char problem[256])
{
    char *text = getenv(VARIABLE);

    *out = (struct master_keys){0};
    if (!text)
        return STATUS_OK;
    enum status status = take(MASTER_ENVIRONMENT, text, out, problem);
    crypto_wipe(text, strlen(text)); /* it lies where the kernel put it: there it is shown from */
    unsetenv(VARIABLE);
    return status;
}

static enum status refuse(const char *path, const char *why, char problem[256])
{
    snprintf(problem, 256, "\"%.120s\" %s", path, why);
    return STATUS_INVALID;
}

static enum status load_file(enum master_source source, const char *path, struct master_keys *out,
                             char problem[256])
{
    uint8_t *data;
    size_t size;

    if (source == MASTER_FILE && file_is_open_to(path, 077))
        return refuse(path, "can be read or written by others: chmod 600", problem);
    enum status status = file_read(path, TEXT_SIZE - 1, &data, &size);
    if (status == STATUS_NOT_FOUND)
        return status;
    if (status == STATUS_FULL)
        return refuse(path, "is larger than keys are: restore it from a backup", problem);
    if (status != STATUS_OK)
        return refuse(path, "cannot be read: does it belong to the user that mynad runs as?",
                      problem);
    status = take(source, (char *)data, out, problem);
    crypto_wipe(data, size);
    free(data);
    return status;
}

static bool credential_path(char out[PATH_MAX])
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    struct stat stat_of;

    return folder && snprintf(out, PATH_MAX, "%s/" FILE_NAME, folder) < PATH_MAX &&
           stat(out, &stat_of) == 0;
}

bool master_is_elsewhere(const struct master_keys *given)
{
    char path[PATH_MAX];

    return given->count > 0 || credential_path(path);
}

enum status master_load(const char *state_dir, const struct master_keys *given,
                        struct master_keys *out, char problem[256])
{
    char path[PATH_MAX];

    if (given->count > 0) {
        *out = *given;
        return STATUS_OK;
    }
    if (credential_path(path))
        return load_file(MASTER_CREDENTIAL, path, out, problem);
    if (snprintf(path, sizeof path, "%s/" FILE_NAME, state_dir) >= (int)sizeof path)
        return refuse(state_dir, "is too long a name for the state folder", problem);
    enum status status = load_file(MASTER_FILE, path, out, problem);
    if (status == STATUS_NOT_FOUND)
        snprintf(problem, 256,
                 "\"%.120s\" is missing, and no master key is given: run \"mynad init\" first, or "
                 "restore it from a backup",
                 path);
    return status;
}

enum status master_save(const char *state_dir, const struct master_keys *keys, char problem[256])
{
    char path[PATH_MAX];
    char text[TEXT_SIZE] = "";
    size_t at = 0;
    enum status status = snprintf(path, sizeof path, "%s/" FILE_NAME, state_dir) < (int)sizeof path
                             ? STATUS_OK
                             : STATUS_FULL;

    for (size_t i = 0; i < keys->count && status == STATUS_OK; i++) {
        if (sizeof text - at < HEX_DIGITS + 1) {
            status = STATUS_FULL;
            break;
        }
        status = encode_hex(span_of(keys->keys[i], CRYPTO_KEY_SIZE), text + at, sizeof text - at);
        at += HEX_DIGITS;
        text[at++] = '\n';
    }
    if (status == STATUS_OK)
        status = file_replace(path, span_of(text, at), 0600);
    crypto_wipe(text, sizeof text);
    if (status != STATUS_OK)
        snprintf(problem, 256, "\"%.120s\" cannot be written (disk full? permissions?)", path);
    return status;
}

void master_id(const uint8_t key[CRYPTO_KEY_SIZE], uint8_t out[MASTER_ID_SIZE])
{
    const struct span text = span_text("myna master key id");
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_hmac(span_of(key, CRYPTO_KEY_SIZE), &text, 1, hash);
    memcpy(out, hash, MASTER_ID_SIZE);
}

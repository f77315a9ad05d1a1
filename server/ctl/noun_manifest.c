/* manifest ... : signs software for rollouts, and checks what was signed; asks no server */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/digest.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/wire/manifest.h"
#include "server/ctl/noun.h"

#define HASH_HEX (2 * CRYPTO_HASH_SIZE + 1)

/* ---- keys ---- */

/* A key that is there already is never written over: what it signed could be followed by nothing.
 */
static int write_new(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    const size_t size = strlen(text);

    if (fd < 0)
        return ctl_fail("\"%s\": %s", path, strerror(errno));
    const bool is_written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    if (close(fd) < 0 || !is_written) {
        unlink(path);
        return ctl_fail("\"%s\" cannot be written", path);
    }
    return CTL_DONE;
}

static int keygen(struct ctl *ctl)
{
    const char *name = ctl->args.words[0];
    char key[PKI_PEM_SIZE], public_key[PKI_PEM_SIZE], path[4096];

    enum status status = pki_make_key(key);
    if (status == STATUS_OK)
        status = pki_public_key(key, public_key);
    int result = status == STATUS_OK ? CTL_DONE : ctl_fail("%s", status_text(status));
    if (result == CTL_DONE && snprintf(path, sizeof path, "%s.key", name) >= (int)sizeof path)
        result = ctl_misuse("the name is too long");
    if (result == CTL_DONE)
        result = write_new(path, key, 0600);
    crypto_wipe(key, sizeof key);
    if (result == CTL_DONE)
        snprintf(path, sizeof path, "%s.pub", name);
    if (result == CTL_DONE)
        result = write_new(path, public_key, 0644);
    if (result == CTL_DONE)
        printf("%s.key signs and stays where it is; %s.pub goes to the robots' update_keys\n", name,
               name);
    return result;
}

/* ---- signing ---- */

static int hash_file(const char *path, char hex[HASH_HEX], int64_t *size_bytes)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = digest_file(path, hash, size_bytes);

    if (status == STATUS_OK)
        status = encode_hex(span_of(hash, sizeof hash), hex, HASH_HEX);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("\"%s\": %s", path, status_text(status));
}

/* "1.0,1.1,none" */
static void write_from(struct json_writer *writer, const char *text)
{
    json_key(writer, "from");
    json_begin_array(writer);
    while (*text) {
        const size_t size = strcspn(text, ",");

        json_write_text(writer, span_of(text, size));
        text += size + (text[size] == ',');
    }
    json_end_array(writer);
}

static int write_counter(struct ctl *ctl, struct json_writer *writer)
{
    const char *text = args_option(&ctl->args, "counter", "");
    int64_t counter;

    if (span_to_int64(span_text(text), &counter) != STATUS_OK)
        return ctl_misuse("--counter must be a number that grows with each version");
    json_key(writer, "counter");
    json_write_int(writer, counter);
    return CTL_DONE;
}

static int write_document(struct ctl *ctl, struct buffer *out)
{
    static const char *const texts[] = {"kind", "name", "version", "url"};
    const struct args *args = &ctl->args;
    struct json_writer writer;
    char hex[HASH_HEX];
    int64_t size_bytes = 0;
    int result = hash_file(args->words[0], hex, &size_bytes);

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "manifest");
    json_write_int(&writer, 1);
    for (size_t i = 0; result == CTL_DONE && i < sizeof texts / sizeof *texts; i++) {
        if (args_option(args, texts[i], NULL) == NULL)
            result = ctl_misuse("--%s is missing", texts[i]);
        else
            json_write_member(&writer, texts[i], args_option(args, texts[i], NULL));
    }
    if (result == CTL_DONE)
        result = write_counter(ctl, &writer);
    if (result != CTL_DONE)
        return result;
    json_write_member(&writer, "sha256", hex);
    json_key(&writer, "size");
    json_write_int(&writer, size_bytes);
    if (args_option(args, "from", NULL) != NULL)
        write_from(&writer, args_option(args, "from", NULL));
    if (args_option(args, "installer", NULL) != NULL)
        json_write_member(&writer, "installer", args_option(args, "installer", NULL));
    if (args_flag(args, "allow-downgrade")) {
        json_key(&writer, "allow_downgrade");
        json_write_bool(&writer, true);
    }
    json_end_object(&writer);
    return buffer_status(out) == STATUS_OK ? CTL_DONE : ctl_fail("the manifest is too large");
}

static int sign_document(const char *key_path, struct span document,
                         struct manifest_envelope *envelope)
{
    struct json_problem problem = {.pointer = ""};
    struct manifest manifest;
    uint8_t *key = NULL;
    size_t size = 0;

    if (manifest_read(document, &manifest, &problem) != STATUS_OK)
        return ctl_misuse("--%s %s", problem.pointer[0] ? problem.pointer + 1 : "", problem.detail);
    int result = ctl_read_file(key_path, &key, &size);
    if (result != CTL_DONE)
        return result;
    enum status status = manifest_sign(document, (const char *)key, envelope);
    crypto_wipe(key, size);
    free(key);
    if (status == STATUS_INVALID)
        return ctl_fail("\"%s\" is no P-256 private key; mynactl manifest keygen makes one",
                        key_path);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("%s", status_text(status));
}

static int put_out(const char *path, struct span text)
{
    if (path == NULL) {
        printf("%.*s\n", (int)text.size, (const char *)text.data);
        return CTL_DONE;
    }
    enum status status = file_replace(path, text, 0644);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("\"%s\": %s", path, status_text(status));
}

static int sign(struct ctl *ctl)
{
    const char *key_path = args_option(&ctl->args, "key", NULL);
    struct manifest_envelope envelope;
    struct json_writer writer;
    struct buffer document, text;

    if (key_path == NULL)
        return ctl_misuse("--key is missing: the file that mynactl manifest keygen made");
    buffer_init(&document, LIMIT_MANIFEST);
    buffer_init(&text, MANIFEST_ENVELOPE_BYTES);
    int result = write_document(ctl, &document);
    if (result == CTL_DONE)
        result = sign_document(key_path, buffer_span(&document), &envelope);
    if (result == CTL_DONE) {
        json_writer_init(&writer, &text);
        manifest_write(&writer, &envelope);
        result = buffer_status(&text) == STATUS_OK
                     ? put_out(args_option(&ctl->args, "out", NULL), buffer_span(&text))
                     : ctl_fail("the manifest is too large");
    }
    buffer_release(&text);
    buffer_release(&document);
    return result;
}

/* ---- checking ---- */

static int check_signature(const char *keys_path, const struct manifest_envelope *envelope)
{
    uint8_t *keys = NULL;
    size_t size = 0;
    int result = ctl_read_file(keys_path, &keys, &size);

    if (result != CTL_DONE)
        return result;
    enum status status = manifest_verify(span_of(keys, size), envelope);
    free(keys);
    if (status == STATUS_FORGED)
        return ctl_fail("it was signed by none of the keys in \"%s\"", keys_path);
    if (status == STATUS_INVALID)
        return ctl_fail("\"%s\" has no public key, or one that is not P-256", keys_path);
    return status == STATUS_OK ? CTL_DONE : ctl_fail("%s", status_text(status));
}

static int check_file(const char *path, const struct manifest *manifest)
{
    char said[HASH_HEX], found[HASH_HEX];
    int64_t size_bytes = 0;
    int result = hash_file(path, found, &size_bytes);

    if (result != CTL_DONE)
        return result;
    if (size_bytes != manifest->size_bytes)
        return ctl_fail("\"%s\" has %lld bytes, the manifest says %lld", path,
                        (long long)size_bytes, (long long)manifest->size_bytes);
    if (encode_hex(span_of(manifest->sha256, sizeof manifest->sha256), said, sizeof said) !=
            STATUS_OK ||
        strcmp(said, found) != 0)
        return ctl_fail("\"%s\" is not the file that was signed: its SHA-256 is %s", path, found);
    return CTL_DONE;
}

static int verify_envelope(struct ctl *ctl, const struct json *json)
{
    const char *keys_path = args_option(&ctl->args, "keys", NULL);
    const char *path = args_option(&ctl->args, "file", NULL);
    struct json_problem problem = {.pointer = ""};
    struct manifest_envelope envelope;
    struct manifest manifest;

    enum status status = manifest_open(json, &envelope, &problem);
    if (status == STATUS_OK)
        status = manifest_read(envelope.document, &manifest, &problem);
    if (status != STATUS_OK)
        return ctl_fail("\"%s\"%s%s: %s", ctl->args.words[0], problem.pointer[0] ? " " : "",
                        problem.pointer, problem.detail);
    int result = check_signature(keys_path, &envelope);
    if (result == CTL_DONE && path != NULL)
        result = check_file(path, &manifest);
    if (result == CTL_DONE)
        printf("%.*s\n", (int)envelope.document.size, (const char *)envelope.document.data);
    return result;
}

static int verify(struct ctl *ctl)
{
    char problem[160];
    struct json *json = NULL;
    uint8_t *data = NULL;
    size_t size = 0;

    if (args_option(&ctl->args, "keys", NULL) == NULL)
        return ctl_misuse("--keys is missing: the file of public keys that robots have");
    int result = ctl_read_file(ctl->args.words[0], &data, &size);
    if (result == CTL_DONE && json_parse(span_of(data, size), &json, problem) != STATUS_OK)
        result = ctl_fail("\"%s\": %s", ctl->args.words[0], problem);
    if (result == CTL_DONE)
        result = verify_envelope(ctl, json);
    json_free(json);
    free(data);
    return result;
}

const struct ctl_verb noun_manifest_verbs[] = {
    {"manifest", "keygen", "NAME", 1, 1, "",
     "make NAME.key, which signs, and NAME.pub for robots\n"
     "Make `NAME.key`, which signs, and `NAME.pub`, which robots are given. Neither is written "
     "over.",
     keygen},
    {"manifest", "sign", "FILE", 1, 1,
     "key=FILE*(NAME.key) "
     "kind=KIND*(agent, voice, avatar or a word of yours) "
     "name=NAME*(of the software) "
     "version=VERSION* "
     "counter=NUMBER*(that grows with each version) "
     "url=URL*(https address of the file) "
     "from=VERSIONS(versions that it may follow, with commas; none: a robot without it; default "
     "all) "
     "installer=NAME(the program in update.d; default the kind) "
     "out=FILE(default standard output) "
     "allow-downgrade!(robots that have a higher counter take it too)",
     "sign a file as software for robots\n"
     "Sign a file as software for robots; asks no server. The kinds `avatar` and `voice` have "
     "installers of their own, others those that you put into `update.d`. The counter grows "
     "with each version: robots install none that is lower than what they have, unless "
     "--allow-downgrade is signed too. --from names the versions that it may follow, with "
     "commas; `none` is a robot without it.",
     sign},
    {"manifest", "verify", "MANIFEST", 1, 1,
     "keys=FILE*(a file of public keys) "
     "file=FILE(that it is about)",
     "check a signed manifest, and the file that it is about\n"
     "Check a signed manifest by public keys, and the file that it is about, and print what was "
     "signed.",
     verify},
    {0},
};

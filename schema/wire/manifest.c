#include "schema/wire/manifest.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/encode.h"

/* A signature under this name can be mistaken for nothing else that the same key might sign. */
#define PURPOSE     "myna manifest 1\n"
#define ARENA_BYTES ((size_t)16 << 10)
#define KEY_BEGIN   "-----BEGIN PUBLIC KEY-----"
#define KEY_END     "-----END PUBLIC KEY-----"

/* The members as they are read, before they are copied. */
struct members {
    const char *kind, *name, *version, *url, *sha256, *installer;
    int64_t manifest, counter, size;
    const struct json *from;
    bool allow_downgrade;
};

static const struct json_field fields[] = {
    {.name = "manifest",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, manifest),
     .required = true,
     .min = 1,
     .max = 1},
    {.name = "kind",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct members, kind),
     .required = true},
    {.name = "name",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct members, name),
     .required = true},
    {.name = "version",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct members, version),
     .required = true,
     .min = 1,
     .max = LIMIT_VERSION},
    {.name = "counter",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, counter),
     .required = true,
     .min = 1,
     .max = INT64_C(1) << 53},
    {.name = "allow_downgrade",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct members, allow_downgrade)},
    {.name = "url",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct members, url),
     .required = true,
     .min = 9,
     .max = LIMIT_URL},
    {.name = "sha256",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct members, sha256),
     .required = true},
    {.name = "size",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, size),
     .required = true,
     .min = 1,
     .max = MANIFEST_SIZE_MAX},
    {.name = "from", .kind = JSON_FIELD_ANY, .offset = offsetof(struct members, from)},
    {.name = "installer", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct members, installer)},
};

static enum status refuse(struct json_problem *problem, const char *pointer, const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "%s", pointer);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* A version stands in paths and in the installers' environment. */
static bool is_version(const char *text)
{
    return text[0] != '\0' && text[0] != '.' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             ".+~_-")] == '\0';
}

/* What a request can be made of, and nothing that a shell or a log would trip over. */
static bool is_url(const char *text)
{
    if (strncmp(text, "https://", 8) != 0 || text[8] == '/' || text[8] == '\0')
        return false;
    for (const char *at = text; *at; at++)
        if (*at <= ' ' || *at >= 0x7f || strchr("\"'\\<>`{}|^#@", *at) != NULL)
            return false;
    return true;
}

static enum status read_from(const struct json *from, struct manifest *out,
                             struct json_problem *problem)
{
    if (from == NULL)
        return STATUS_OK;
    if (json_type(from) != JSON_ARRAY || json_count(from) == 0 ||
        json_count(from) > MANIFEST_FROM_MAX)
        return refuse(problem, "/from", "must be a list of 1 to 16 versions");
    for (size_t i = 0; i < json_count(from); i++) {
        const char *version = json_text(json_item(from, i), "");

        if (!is_version(version) ||
            span_to_text(span_text(version), out->from[i], sizeof out->from[i]) != STATUS_OK)
            return refuse(problem, "/from", "must be versions, or \"none\" for a robot without it");
    }
    out->from_count = json_count(from);
    return STATUS_OK;
}

static enum status copy(const struct members *read, struct manifest *out,
                        struct json_problem *problem)
{
    const char *installer = read->installer != NULL ? read->installer : read->kind;
    size_t hash_size = 0;

    if (span_to_text(span_text(read->kind), out->kind, sizeof out->kind) != STATUS_OK)
        return refuse(problem, "/kind", "must be a word of at most 24 of a-z, 0-9 and dash");
    if (span_to_text(span_text(installer), out->installer, sizeof out->installer) != STATUS_OK)
        return refuse(problem, "/installer", "must be a word of at most 24 of a-z, 0-9 and dash");
    if (!is_version(read->version) || strcmp(read->version, MANIFEST_NONE) == 0)
        return refuse(problem, "/version", "must be of letters, digits and . + ~ _ - and not none");
    if (!is_url(read->url))
        return refuse(problem, "/url", "must be an https:// address without user, quote or blank");
    if (encode_from_hex(span_text(read->sha256), out->sha256, sizeof out->sha256, &hash_size) !=
            STATUS_OK ||
        hash_size != sizeof out->sha256)
        return refuse(problem, "/sha256", "must be the 64 hex digits of the file's SHA-256");
    snprintf(out->name, sizeof out->name, "%s", read->name);
    snprintf(out->version, sizeof out->version, "%s", read->version);
    snprintf(out->url, sizeof out->url, "%s", read->url);
    out->counter = read->counter;
    out->allow_downgrade = read->allow_downgrade;
    out->size_bytes = read->size;
    return read_from(read->from, out, problem);
}

enum status manifest_read(struct span document, struct manifest *out, struct json_problem *problem)
{
    struct manifest manifest = {0};
    struct members read = {0};
    struct json *json = NULL;
    struct arena *arena = NULL;
    char words[160];

    if (document.size > LIMIT_MANIFEST)
        return refuse(problem, "", "is larger than a manifest's 1536 bytes");
    enum status status = json_parse(document, &json, words);
    if (status == STATUS_INVALID)
        return refuse(problem, "", words);
    if (status == STATUS_OK)
        status = arena_create(&arena, ARENA_BYTES);
    if (status == STATUS_OK)
        status = json_decode(json, fields, sizeof fields / sizeof *fields, &read, arena, problem);
    if (status == STATUS_OK)
        status = copy(&read, &manifest, problem);
    if (status == STATUS_OK)
        *out = manifest;
    arena_free(arena);
    json_free(json);
    return status;
}

enum status manifest_open(const struct json *envelope, struct manifest_envelope *out,
                          struct json_problem *problem)
{
    const char *document = json_text(json_member(envelope, "document"), NULL);
    const char *signature = json_text(json_member(envelope, "signature"), NULL);

    if (json_count(envelope) != 2 || document == NULL || signature == NULL)
        return refuse(problem, "",
                      "must be {document, signature}, as mynactl manifest sign writes it");
    if (encode_from_base64(span_text(signature), out->signature, sizeof out->signature,
                           &out->signature_size) != STATUS_OK ||
        out->signature_size == 0)
        return refuse(problem, "/signature", "must be a signature in base64");
    out->document = span_text(document);
    return STATUS_OK;
}

void manifest_write(struct json_writer *writer, const struct manifest_envelope *envelope)
{
    char signature[2 * PKI_SIGNATURE_MAX];

    json_begin_object(writer);
    json_key(writer, "document");
    json_write_text(writer, envelope->document);
    if (encode_base64(span_of(envelope->signature, envelope->signature_size), signature,
                      sizeof signature) == STATUS_OK)
        json_write_member(writer, "signature", signature);
    json_end_object(writer);
}

/* PURPOSE and the document behind each other. */
static enum status join(struct span document, uint8_t out[sizeof PURPOSE + LIMIT_MANIFEST],
                        struct span *message)
{
    const size_t purpose = sizeof PURPOSE - 1;

    if (document.size > LIMIT_MANIFEST)
        return STATUS_INVALID;
    memcpy(out, PURPOSE, purpose);
    memcpy(out + purpose, document.data, document.size);
    *message = span_of(out, purpose + document.size);
    return STATUS_OK;
}

enum status manifest_sign(struct span document, const char *key_pem, struct manifest_envelope *out)
{
    uint8_t bytes[sizeof PURPOSE + LIMIT_MANIFEST];
    struct span message;
    enum status status = join(document, bytes, &message);

    if (status == STATUS_OK)
        status = pki_sign(key_pem, message, out->signature, &out->signature_size);
    if (status == STATUS_OK)
        out->document = document;
    return status;
}

/* The next block at or behind *at; false: there is none. */
static bool next_key(struct span pem, size_t *at, struct span *out)
{
    const size_t begin_size = sizeof KEY_BEGIN - 1;
    const size_t end_size = sizeof KEY_END - 1;
    size_t begin = *at;

    while (begin + begin_size <= pem.size && memcmp(pem.data + begin, KEY_BEGIN, begin_size) != 0)
        begin++;
    for (size_t end = begin; end + end_size <= pem.size; end++) {
        if (memcmp(pem.data + end, KEY_END, end_size) == 0) {
            *out = span_of(pem.data + begin, end + end_size - begin);
            *at = end + end_size;
            return true;
        }
    }
    return false;
}

enum status manifest_verify(struct span keys_pem, const struct manifest_envelope *envelope)
{
    uint8_t bytes[sizeof PURPOSE + LIMIT_MANIFEST];
    struct span message;
    struct span key;
    size_t at = 0;
    enum status found = STATUS_INVALID;
    enum status status = join(envelope->document, bytes, &message);

    while (status == STATUS_OK && found != STATUS_OK && next_key(keys_pem, &at, &key)) {
        found =
            pki_verify_public(key, message, span_of(envelope->signature, envelope->signature_size));
        if (found != STATUS_OK && found != STATUS_FORGED)
            status = found;
    }
    return status == STATUS_OK ? found : status;
}

bool manifest_follows(const struct manifest *manifest, const char *version)
{
    for (size_t i = 0; i < manifest->from_count; i++)
        if (strcmp(manifest->from[i], version) == 0)
            return true;
    return manifest->from_count == 0;
}

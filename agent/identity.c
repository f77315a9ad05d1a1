#include "agent/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/stat.h>

#include "agent/server_ca.h"
#include "schema/base/encode.h"
#include "schema/base/file.h"
#include "schema/base/json.h"
#include "schema/base/log.h"
#include "schema/wire/topic.h"

#define MAX_FACTS_BYTES 16384
#define KEY_STATEMENT   "myna sealing key 1"

static enum status make_path(char out[PATH_MAX], const char *state_dir, const char *name)
{
    return snprintf(out, PATH_MAX, "%s/%s", state_dir, name) < PATH_MAX ? STATUS_OK
                                                                        : STATUS_INVALID;
}

/* The whole file as text into out. */
static enum status read_text(const char *state_dir, const char *name, char *out, size_t out_size,
                             char problem[256])
{
    char path[PATH_MAX];
    uint8_t *data = NULL;
    size_t size;
    enum status status = make_path(path, state_dir, name);

    if (status == STATUS_OK)
        status = file_read(path, out_size - 1, &data, &size);
    if (status == STATUS_OK)
        status = span_to_text(span_of(data, size), out, out_size);
    if (data)
        crypto_wipe(data, size);
    free(data);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot read \"%s\" in \"%.150s\": %s", name, state_dir,
                 status_text(status));
    return status;
}

static enum status write_file(const char *state_dir, const char *name, struct span content,
                              unsigned mode, char problem[256])
{
    char path[PATH_MAX];
    enum status status = make_path(path, state_dir, name);

    if (status == STATUS_OK)
        status = file_replace(path, content, mode);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot write \"%s\" in \"%.150s\": %s", name, state_dir,
                 status_text(status));
    return status;
}

bool identity_exists(const char *state_dir)
{
    char path[PATH_MAX];
    struct stat st;

    return make_path(path, state_dir, "device.json") == STATUS_OK && stat(path, &st) == 0;
}

void identity_wipe(struct identity *identity)
{
    crypto_wipe(identity->sealing_private, sizeof identity->sealing_private);
}

static enum status take_brokers(struct identity *identity, const struct json *brokers)
{
    identity->broker_count = json_count(brokers);
    if (identity->broker_count < 1 || identity->broker_count > LIMIT_BROKERS)
        return STATUS_INVALID;
    for (size_t i = 0; i < identity->broker_count; i++) {
        const char *broker = json_text(json_item(brokers, i), "");

        if (broker[0] == 0 || span_to_text(span_text(broker), identity->brokers[i],
                                           sizeof identity->brokers[i]) != STATUS_OK)
            return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status take_bytes(const struct json *text, uint8_t *out, size_t out_size, size_t *size)
{
    return encode_from_base64(span_text(json_text(text, "")), out, out_size, size);
}

static enum status take_server_key(wire_SealingKey *key, const struct json *json)
{
    size_t key_size = 0, signature_size = 0;
    enum status status =
        take_bytes(json_member(json, "public_key"), key->public_key, PKI_X25519_SIZE, &key_size);

    if (status == STATUS_OK)
        status = take_bytes(json_member(json, "signature"), key->signature.bytes,
                            sizeof key->signature.bytes, &signature_size);
    key->signature.size = (pb_size_t)signature_size;
    key->valid_from_ms = json_int(json_member(json, "valid_from_ms"), 0);
    return status == STATUS_OK && key_size == PKI_X25519_SIZE ? STATUS_OK : STATUS_INVALID;
}

enum status identity_take_facts(struct identity *identity, const struct json *facts)
{
    const char *device_id = json_text(json_member(facts, "device_id"), "");
    enum status status = STATUS_INVALID;

    if (topic_is_slug(span_text(device_id)))
        status =
            span_to_text(span_text(device_id), identity->device_id, sizeof identity->device_id);
    if (status == STATUS_OK)
        status = take_brokers(identity, json_member(facts, "brokers"));
    if (status == STATUS_OK)
        status = take_server_key(&identity->server_key, json_member(facts, "sealing_key"));
    identity->epoch = (uint32_t)json_int(json_member(facts, "epoch"), 0);
    identity->renew_after_ms = json_int(json_member(facts, "renew_after_ms"), 0);
    return status;
}

static enum status load_facts(struct identity *identity, const char *state_dir, char problem[256])
{
    struct json *facts = NULL;
    char *text = malloc(MAX_FACTS_BYTES);
    enum status status =
        text ? read_text(state_dir, "device.json", text, MAX_FACTS_BYTES, problem) : STATUS_MEMORY;

    if (status == STATUS_OK) {
        status = json_parse(span_text(text), &facts, NULL);
        if (status == STATUS_OK)
            status = identity_take_facts(identity, facts);
        if (status == STATUS_OK)
            status = span_to_text(span_text(json_text(json_member(facts, "url"), "")),
                                  identity->url, sizeof identity->url);
        if (status != STATUS_OK)
            snprintf(problem, 256, "\"device.json\" is not what enrolment wrote");
        json_free(facts);
    }
    free(text);
    return status;
}

/* 64 hex digits; the public key follows from the private one. */
static enum status load_sealing(struct identity *identity, const char *state_dir, char problem[256])
{
    static const uint8_t base_point[PKI_X25519_SIZE] = {9};
    char text[2 * PKI_X25519_SIZE + 2];
    size_t size = 0;
    enum status status = read_text(state_dir, "sealing.key", text, sizeof text, problem);

    if (status != STATUS_OK)
        return status;
    status = encode_from_hex(span_of(text, strcspn(text, "\n")), identity->sealing_private,
                             sizeof identity->sealing_private, &size);
    crypto_wipe(text, sizeof text);
    if (status == STATUS_OK && size == PKI_X25519_SIZE)
        status = pki_agree(identity->sealing_private, base_point, identity->sealing_public);
    else
        status = STATUS_CORRUPT;
    if (status != STATUS_OK)
        snprintf(problem, 256, "\"sealing.key\" does not hold a key");
    return status;
}

enum status identity_load(struct identity *identity, const char *state_dir, char problem[256])
{
    if (!identity_exists(state_dir)) {
        snprintf(problem, 256, "no robot is enrolled in \"%.150s\"; run myna-agent enrol first",
                 state_dir);
        return STATUS_NOT_FOUND;
    }
    *identity = (struct identity){0};
    enum status status = load_facts(identity, state_dir, problem);
    if (status == STATUS_OK)
        status = load_sealing(identity, state_dir, problem);
    if (status == STATUS_OK)
        status = read_text(state_dir, "server-ca.pem", identity->server_ca_pem,
                           sizeof identity->server_ca_pem, problem);
    if (status == STATUS_OK && (make_path(identity->key_path, state_dir, "device.key") ||
                                make_path(identity->cert_path, state_dir, "device.pem") ||
                                make_path(identity->broker_ca_path, state_dir, "broker-ca.pem"))) {
        snprintf(problem, 256, "the state folder's name is too long");
        status = STATUS_INVALID;
    }
    return status;
}

enum status identity_read_pair(const char *state_dir, char key_pem[PKI_PEM_SIZE],
                               char chain_pem[IDENTITY_CHAIN_SIZE], char problem[256])
{
    enum status status = read_text(state_dir, "device.key", key_pem, PKI_PEM_SIZE, problem);

    if (status == STATUS_OK)
        status = read_text(state_dir, "device.pem", chain_pem, IDENTITY_CHAIN_SIZE, problem);
    return status;
}

enum status identity_read_root(const char *state_dir, char root_pem[IDENTITY_CHAIN_SIZE],
                               char problem[256])
{
    return read_text(state_dir, "root.pem", root_pem, IDENTITY_CHAIN_SIZE, problem);
}

static enum status make_sealing(struct identity *identity, const char *state_dir, char problem[256])
{
    char text[2 * PKI_X25519_SIZE + 1];
    enum status status = pki_make_x25519(identity->sealing_private, identity->sealing_public);

    if (status == STATUS_OK)
        status = encode_hex(span_of(identity->sealing_private, PKI_X25519_SIZE), text, sizeof text);
    if (status == STATUS_OK)
        status = write_file(state_dir, "sealing.key", span_text(text), 0600, problem);
    else
        snprintf(problem, 256, "cannot make a key: %s", status_text(status));
    crypto_wipe(text, sizeof text);
    return status;
}

enum status identity_make_keys(struct identity *identity, const char *state_dir,
                               char key_pem[PKI_PEM_SIZE], char problem[256])
{
    enum status status = file_make_folder(state_dir, 0700);

    if (status != STATUS_OK) {
        snprintf(problem, 256, "cannot make the state folder \"%.150s\": %s", state_dir,
                 status_text(status));
        return status;
    }
    status = read_text(state_dir, "device.key", key_pem, PKI_PEM_SIZE, problem);
    if (status == STATUS_NOT_FOUND) {
        status = pki_make_key(key_pem);
        if (status == STATUS_OK)
            status = write_file(state_dir, "device.key", span_text(key_pem), 0600, problem);
    }
    if (status != STATUS_OK)
        return status;
    status = load_sealing(identity, state_dir, problem);
    return status == STATUS_NOT_FOUND ? make_sealing(identity, state_dir, problem) : status;
}

void identity_forget_keys(const char *state_dir)
{
    static const char *const names[] = {"device.key", "sealing.key"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!identity_exists(state_dir) && make_path(path, state_dir, names[i]) == STATUS_OK)
            unlink(path);
}

static void write_bytes(struct json_writer *writer, const char *name, struct span bytes)
{
    char text[128];

    json_key(writer, name);
    if (encode_base64(bytes, text, sizeof text) == STATUS_OK)
        json_write_text(writer, span_text(text));
    else
        buffer_fail(writer->out, STATUS_FULL);
}

static void write_facts(const struct identity *identity, struct buffer *out)
{
    const wire_SealingKey *key = &identity->server_key;
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "device_id");
    json_write_text(&writer, span_text(identity->device_id));
    json_key(&writer, "brokers");
    json_begin_array(&writer);
    for (size_t i = 0; i < identity->broker_count; i++)
        json_write_text(&writer, span_text(identity->brokers[i]));
    json_end_array(&writer);
    json_key(&writer, "sealing_key");
    json_begin_object(&writer);
    write_bytes(&writer, "public_key", span_of(key->public_key, PKI_X25519_SIZE));
    write_bytes(&writer, "signature", span_of(key->signature.bytes, key->signature.size));
    json_key(&writer, "valid_from_ms");
    json_write_int(&writer, key->valid_from_ms);
    json_end_object(&writer);
    json_key(&writer, "epoch");
    json_write_int(&writer, identity->epoch);
    json_write_member(&writer, "url", identity->url);
    json_key(&writer, "renew_after_ms");
    json_write_int(&writer, identity->renew_after_ms);
    json_end_object(&writer);
    buffer_byte(out, '\n');
}

enum status identity_store(const struct identity *identity, const char *state_dir,
                           struct span chain_pem, struct span root_pem, char problem[256])
{
    struct buffer facts;

    buffer_init(&facts, MAX_FACTS_BYTES - 1);
    write_facts(identity, &facts);
    enum status status = buffer_status(&facts);
    if (status == STATUS_OK)
        status = write_file(state_dir, "root.pem", root_pem, 0644, problem);
    if (status == STATUS_OK)
        status = identity_store_server_ca(identity, state_dir, problem);
    if (status == STATUS_OK)
        status = write_file(state_dir, "device.pem", chain_pem, 0644, problem);
    if (status == STATUS_OK)
        status = write_file(state_dir, "device.json", buffer_span(&facts), 0644, problem);
    buffer_release(&facts);
    return status;
}

enum status identity_settle(const struct identity *identity, const char *state_dir,
                            char problem[256])
{
    char has[SERVER_CA_TRUST_SIZE], wanted[SERVER_CA_TRUST_SIZE];

    if (server_ca_trust(identity->server_ca_pem, wanted) != STATUS_OK) {
        snprintf(problem, 256, "\"server-ca.pem\" does not hold the server's certificates");
        return STATUS_CORRUPT;
    }
    if (read_text(state_dir, "broker-ca.pem", has, sizeof has, problem) == STATUS_OK &&
        strcmp(has, wanted) == 0)
        return STATUS_OK;
    return write_file(state_dir, "broker-ca.pem", span_text(wanted), 0644, problem);
}

enum status identity_store_server_ca(const struct identity *identity, const char *state_dir,
                                     char problem[256])
{
    enum status status =
        write_file(state_dir, "server-ca.pem", span_text(identity->server_ca_pem), 0644, problem);

    return status == STATUS_OK ? identity_settle(identity, state_dir, problem) : status;
}

enum status identity_check_key(const struct identity *identity, const wire_SealingKey *key)
{
    uint8_t statement[sizeof KEY_STATEMENT - 1 + PKI_X25519_SIZE + 8];
    uint8_t *at = statement;

    memcpy(at, KEY_STATEMENT, sizeof KEY_STATEMENT - 1);
    at += sizeof KEY_STATEMENT - 1;
    memcpy(at, key->public_key, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)key->valid_from_ms >> (56 - 8 * i));
    return server_ca_signed(identity->server_ca_pem, span_of(statement, sizeof statement),
                            span_of(key->signature.bytes, key->signature.size))
               ? STATUS_OK
               : STATUS_FORGED;
}

enum status identity_pair(const struct identity *identity,
                          const uint8_t server_public[PKI_X25519_SIZE], struct box_pair *pair)
{
    struct box_pair made = {0};
    enum status status = pki_agree(identity->sealing_private, server_public, made.secret);

    if (status != STATUS_OK)
        return status;
    memcpy(made.device_id, identity->device_id, sizeof identity->device_id);
    memcpy(made.device_public, identity->sealing_public, PKI_X25519_SIZE);
    memcpy(made.server_public, server_public, PKI_X25519_SIZE);
    *pair = made;
    return STATUS_OK;
}

/* Puts a key among those in use, which stand newest first; the oldest one falls out. */
static void insert(const wire_SealingKey *used[IDENTITY_PAIRS], size_t *count,
                   const wire_SealingKey *key)
{
    size_t at = *count;

    while (at > 0 && used[at - 1]->valid_from_ms < key->valid_from_ms)
        at--;
    if (at == IDENTITY_PAIRS)
        return;
    *count += *count < IDENTITY_PAIRS;
    for (size_t i = *count - 1; i > at; i--)
        used[i] = used[i - 1];
    used[at] = key;
}

size_t identity_pairs(const struct identity *identity, const wire_SealingKey *keys, size_t count,
                      struct box_pair pairs[IDENTITY_PAIRS])
{
    const wire_SealingKey *used[IDENTITY_PAIRS] = {0};
    size_t used_count = 0, made = 0;

    for (size_t i = 0; i < count; i++) {
        if (identity_check_key(identity, &keys[i]) == STATUS_OK)
            insert(used, &used_count, &keys[i]);
        else
            log_warning("agent", "a server key in the configuration is not used: nobody signed it");
    }
    if (used_count == 0 || identity->server_key.valid_from_ms > used[0]->valid_from_ms)
        insert(used, &used_count, &identity->server_key);
    for (size_t i = 0; i < used_count; i++)
        made += identity_pair(identity, used[i]->public_key, &pairs[made]) == STATUS_OK;
    return made;
}

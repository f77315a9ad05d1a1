#include "server/api/enrolment.h"
#include "server/bus/brokers.h"

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/wire/limits.h"
#include "server/api/answer.h"

static bool refuse(struct reply *reply, const char *pointer, const char *detail)
{
    answer_bad(reply, pointer, detail);
    return false;
}

/* "myna enrol 1" | device_id | 0 | sealing_public: binds both of the robot's keys to its id. */
static bool signature_fits(const struct enrolment_keys *keys, struct span signature)
{
    static const char prefix[] = "myna enrol 1";
    uint8_t message[sizeof prefix + LIMIT_SLUG + 1 + PKI_X25519_SIZE];
    size_t id_size = strlen(keys->device_id) + 1;
    uint8_t *at = message;

    memcpy(at, prefix, sizeof prefix - 1);
    at += sizeof prefix - 1;
    memcpy(at, keys->device_id, id_size);
    at += id_size;
    memcpy(at, keys->sealing_public, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    return pki_verify_csr_signature(span_text(keys->csr), span_of(message, (size_t)(at - message)),
                                    signature) == STATUS_OK;
}

bool enrolment_check(struct enrolment_keys *keys, struct reply *reply)
{
    char name[PKI_NAME_SIZE];
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size = 0, signature_size = 0;

    if (encode_from_base64(span_text(keys->sealing_public_text), keys->sealing_public,
                           sizeof keys->sealing_public, &size) != STATUS_OK ||
        size != sizeof keys->sealing_public)
        return refuse(reply, "/sealing_public", "must be 32 bytes in base64");
    if (encode_from_base64(span_text(keys->signature_text), signature, sizeof signature,
                           &signature_size) != STATUS_OK)
        return refuse(reply, "/signature", "must be base64");
    if (pki_check_csr(span_text(keys->csr), name) != STATUS_OK ||
        pki_csr_key_hash(span_text(keys->csr), keys->key_hash) != STATUS_OK)
        return refuse(reply, "/csr", "must be a request for a P-256 key, signed by it");
    if (strcmp(name, keys->device_id) != 0)
        return refuse(reply, "/csr", "its common name must be the device_id");
    if (!signature_fits(keys, span_of(signature, signature_size)))
        return refuse(reply, "/signature", "does not fit the request's key");
    return true;
}

/* The shared secret with the server's key, wrapped for the database. */
static enum status agree(const struct api *api, const struct enrolment_keys *keys,
                         struct arena *arena, struct enrolment_issue *issue)
{
    uint8_t private_key[PKI_X25519_SIZE];
    uint8_t secret[PKI_X25519_SIZE];
    const uint8_t *master = authority_data_key(api->authority);
    const char *purpose = arena_format(arena, "pair:%s", keys->device_id);
    enum status status = purpose != NULL ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = crypto_unwrap(
            master, "sealing-key",
            span_of(issue->server_key.private_wrapped, sizeof issue->server_key.private_wrapped),
            private_key);
    if (status == STATUS_OK)
        status = pki_agree(private_key, keys->sealing_public, secret);
    if (status == STATUS_OK)
        status =
            crypto_wrap(master, purpose, span_of(secret, sizeof secret), issue->secret_wrapped);
    crypto_wipe(private_key, sizeof private_key);
    crypto_wipe(secret, sizeof secret);
    return status;
}

enum status enrolment_make(const struct api *api, const struct enrolment_keys *keys,
                           struct arena *arena, struct enrolment_issue *issue)
{
    const int64_t now_ms = clock_wall_ms();

    issue->proof = span_of(NULL, 0);
    issue->authority = span_of(authority_id(api->authority), PKI_AUTHORITY_SIZE);
    issue->server_authority = span_of(authority_server_id(api->authority), PKI_AUTHORITY_SIZE);
    enum status status = sealing_keys_current(api->store, &issue->server_key);

    if (status == STATUS_OK)
        status = agree(api, keys, arena, issue);
    if (status == STATUS_OK)
        status = authority_issue(api->authority, keys->device_id, span_text(keys->csr), now_ms,
                                 arena, &issue->chain, &issue->facts);
    if (status == STATUS_OK)
        issue->renew_after_ms = now_ms + (issue->facts.not_after_ms - now_ms) / 3 * 2;
    return status;
}

struct newcomer enrolment_newcomer(const struct request *request, const char *serial,
                                   const struct enrolment_keys *keys,
                                   const struct enrolment_issue *issue)
{
    return (struct newcomer){
        .device_id = keys->device_id,
        .serial = serial,
        .source = request->address,
        .public_key_hash = span_of(keys->key_hash, sizeof keys->key_hash),
        .certificate_serial = issue->facts.serial_hex,
        .certificate_until_ms = issue->facts.not_after_ms,
        .authority = issue->authority,
        .server_authority = issue->server_authority,
        .sealing_public = span_of(keys->sealing_public, sizeof keys->sealing_public),
        .server_key_id = span_of(issue->server_key.key_id, sizeof issue->server_key.key_id),
        .secret_wrapped = span_of(issue->secret_wrapped, sizeof issue->secret_wrapped),
    };
}

static void write_base64(struct json_writer *writer, const char *key, struct span bytes)
{
    char text[160];

    json_key(writer, key);
    if (encode_base64(bytes, text, sizeof text) == STATUS_OK)
        json_write_text(writer, span_text(text));
    else
        json_write_null(writer);
}

/* Signed for a robot whose own clock may be wrong by years: it was said now, and to this robot. */
static void write_clock(const struct api *api, struct span proof, struct json_writer *writer)
{
    const int64_t now_ms = clock_wall_ms();
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t size;

    json_key(writer, "clock_ms");
    json_write_int(writer, now_ms);
    if (proof.size > 0 &&
        authority_sign_clock(api->authority, proof, now_ms, signature, &size) == STATUS_OK)
        write_base64(writer, "clock_signature", span_of(signature, size));
}

static void write_answer(const struct api *api, const struct enrolment_keys *keys,
                         const struct enrolment_issue *issue, int64_t epoch,
                         struct json_writer *writer)
{
    const struct sealing_keys_row *key = &issue->server_key;
    const char *brokers[LIMIT_BROKERS];

    json_begin_object(writer);
    json_write_member(writer, "device_id", keys->device_id);
    json_write_member(writer, "certificate", issue->chain);
    json_key(writer, "renew_after_ms");
    json_write_int(writer, issue->renew_after_ms);
    json_write_member(writer, "root", authority_root(api->authority));
    json_write_member(writer, "server_ca", authority_server_ca(api->authority));
    json_key(writer, "brokers");
    json_begin_array(writer);
    brokers_tell(api->brokers, keys->device_id, brokers);
    for (size_t i = 0; i < api->brokers->robot_count; i++)
        json_write_text(writer, span_text(brokers[i]));
    json_end_array(writer);
    json_key(writer, "sealing_key");
    json_begin_object(writer);
    write_base64(writer, "public_key", span_of(key->public_key, sizeof key->public_key));
    json_key(writer, "valid_from_ms");
    json_write_int(writer, key->valid_from_ms);
    write_base64(writer, "signature", span_of(key->signature, key->signature_size));
    json_end_object(writer);
    json_key(writer, "epoch");
    json_write_int(writer, epoch);
    write_clock(api, issue->proof, writer);
    json_end_object(writer);
}

void enrolment_welcome(const struct api *api, const struct enrolment_keys *keys,
                       const struct enrolment_issue *issue, int64_t epoch, struct reply *reply)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, (size_t)64 << 10);
    json_writer_init(&writer, &out);
    write_answer(api, keys, issue, epoch, &writer);
    answer_json(reply, buffer_status(&out), arena_copy(reply->arena, buffer_span(&out)),
                "the answer");
    buffer_release(&out);
}

#include "schema/base/box.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/wire/limits.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/claim_code.h"
#include "server/api/routes.h"
#include "server/store/claims.h"
#include "server/store/sealing_keys.h"

/* What a robot sends, as text and taken apart. */
struct application {
    const char *claim;
    const char *device_id;
    const char *serial;
    const char *csr;
    const char *sealing_public_text;
    const char *signature_text;
    uint8_t claim_hash[CRYPTO_HASH_SIZE];
    uint8_t key_hash[CRYPTO_HASH_SIZE];
    uint8_t sealing_public[PKI_X25519_SIZE];
    uint8_t signature[PKI_SIGNATURE_MAX];
    size_t signature_size;
};

static const struct json_field fields[] = {
    {.name = "claim",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, claim),
     .required = true,
     .min = 16,
     .max = 100},
    {.name = "device_id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct application, device_id),
     .required = true},
    {.name = "serial",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, serial),
     .max = 64},
    {.name = "csr",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, csr),
     .required = true,
     .max = PKI_PEM_SIZE - 1},
    {.name = "sealing_public",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, sealing_public_text),
     .required = true,
     .max = 64},
    {.name = "signature",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, signature_text),
     .required = true,
     .max = 160},
};

/* The keys made for one application. */
struct issue {
    const char *chain;
    struct pki_facts facts;
    struct sealing_keys_row server_key;
    uint8_t secret_wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
};

static bool refuse(struct reply *reply, const char *pointer, const char *detail)
{
    answer_bad(reply, pointer, detail);
    return false;
}

/* "myna enrol 1" | device_id | 0 | sealing_public: binds both of the robot's keys to its id. */
static bool signature_fits(const struct application *a)
{
    static const char prefix[] = "myna enrol 1";
    uint8_t message[sizeof prefix + LIMIT_SLUG + 1 + PKI_X25519_SIZE];
    size_t id_size = strlen(a->device_id) + 1;
    uint8_t *at = message;

    memcpy(at, prefix, sizeof prefix - 1);
    at += sizeof prefix - 1;
    memcpy(at, a->device_id, id_size);
    at += id_size;
    memcpy(at, a->sealing_public, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    return pki_verify_csr_signature(span_text(a->csr), span_of(message, (size_t)(at - message)),
                                    span_of(a->signature, a->signature_size)) == STATUS_OK;
}

static void refuse_claim(struct reply *reply)
{
    reply_problem(reply, 403, "this claim is unknown, used up, expired or for another robot");
}

/* The claim before the keys: verifying costs milliseconds, which strangers must not have. False: a
 * problem was answered. */
static bool check_claim(const struct api *api, struct application *a, struct reply *reply)
{
    enum status status = claim_code_hash(span_text(a->claim), a->claim_hash);

    if (status == STATUS_OK)
        status = claims_find(api->store, span_of(a->claim_hash, sizeof a->claim_hash));
    if (status == STATUS_INVALID || status == STATUS_NOT_FOUND)
        refuse_claim(reply);
    else if (status != STATUS_OK)
        reply_status(reply, status, "the claim");
    return status == STATUS_OK;
}

/* False: a problem was answered. */
static bool check_keys(struct application *a, struct reply *reply)
{
    char name[PKI_NAME_SIZE];
    size_t size = 0;

    if (encode_from_base64(span_text(a->sealing_public_text), a->sealing_public,
                           sizeof a->sealing_public, &size) != STATUS_OK ||
        size != sizeof a->sealing_public)
        return refuse(reply, "/sealing_public", "must be 32 bytes in base64");
    if (encode_from_base64(span_text(a->signature_text), a->signature, sizeof a->signature,
                           &a->signature_size) != STATUS_OK)
        return refuse(reply, "/signature", "must be base64");
    if (pki_check_csr(span_text(a->csr), name) != STATUS_OK ||
        pki_csr_key_hash(span_text(a->csr), a->key_hash) != STATUS_OK)
        return refuse(reply, "/csr", "must be a request for a P-256 key, signed by it");
    if (strcmp(name, a->device_id) != 0)
        return refuse(reply, "/csr", "its common name must be the device_id");
    if (!signature_fits(a))
        return refuse(reply, "/signature", "does not fit the request's key");
    return true;
}

/* The shared secret with the server's key, wrapped for the database. */
static enum status agree(const struct api *api, const struct application *a, struct arena *arena,
                         struct issue *issue)
{
    uint8_t private_key[PKI_X25519_SIZE];
    uint8_t secret[PKI_X25519_SIZE];
    const uint8_t *master = authority_master(api->authority);
    const char *purpose = arena_format(arena, "pair:%s", a->device_id);
    enum status status = purpose != NULL ? STATUS_OK : STATUS_MEMORY;

    if (status == STATUS_OK)
        status = crypto_unwrap(
            master, "sealing-key",
            span_of(issue->server_key.private_wrapped, sizeof issue->server_key.private_wrapped),
            private_key);
    if (status == STATUS_OK)
        status = pki_agree(private_key, a->sealing_public, secret);
    if (status == STATUS_OK)
        status =
            crypto_wrap(master, purpose, span_of(secret, sizeof secret), issue->secret_wrapped);
    crypto_wipe(private_key, sizeof private_key);
    crypto_wipe(secret, sizeof secret);
    return status;
}

static enum status make(const struct api *api, const struct application *a, struct arena *arena,
                        struct issue *issue)
{
    enum status status = sealing_keys_current(api->store, &issue->server_key);

    if (status == STATUS_OK)
        status = agree(api, a, arena, issue);
    if (status == STATUS_OK)
        status = authority_issue(api->authority, a->device_id, span_text(a->csr), clock_wall_ms(),
                                 arena, &issue->chain, &issue->facts);
    return status;
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

static void write_answer(const struct api *api, const struct application *a,
                         const struct issue *issue, int64_t epoch, struct json_writer *writer)
{
    const struct sealing_keys_row *key = &issue->server_key;

    json_begin_object(writer);
    json_write_member(writer, "device_id", a->device_id);
    json_write_member(writer, "certificate", issue->chain);
    json_write_member(writer, "root", authority_root(api->authority));
    json_write_member(writer, "server_ca", authority_server_ca(api->authority));
    json_key(writer, "brokers");
    json_begin_array(writer);
    for (size_t i = 0; i < api->broker_count; i++)
        json_write_text(writer, span_text(api->brokers[i]));
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
    json_key(writer, "clock_ms");
    json_write_int(writer, clock_wall_ms());
    json_end_object(writer);
}

static void welcome(const struct api *api, const struct application *a, const struct issue *issue,
                    int64_t epoch, struct reply *reply)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, (size_t)64 << 10);
    json_writer_init(&writer, &out);
    write_answer(api, a, issue, epoch, &writer);
    answer_json(reply, buffer_status(&out), arena_copy(reply->arena, buffer_span(&out)),
                "the answer");
    buffer_release(&out);
}

static void enrol(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct application a = {.serial = ""};
    struct issue issue;
    enum claims_verdict verdict;
    int64_t epoch;

    if (!answer_decode(request, reply, fields, sizeof fields / sizeof *fields, &a) ||
        !check_claim(api, &a, reply) || !check_keys(&a, reply))
        return;
    enum status status = make(api, &a, request->arena, &issue);
    if (status == STATUS_INVALID) {
        answer_bad(reply, "/sealing_public", "is no key to agree with");
        return;
    }
    const struct claims_enrolment enrolment = {
        .code_hash = span_of(a.claim_hash, sizeof a.claim_hash),
        .device_id = a.device_id,
        .serial = a.serial,
        .source = request->address,
        .public_key_hash = span_of(a.key_hash, sizeof a.key_hash),
        .certificate_serial = issue.facts.serial_hex,
        .certificate_until_ms = issue.facts.not_after_ms,
        .sealing_public = span_of(a.sealing_public, sizeof a.sealing_public),
        .server_key_id = span_of(issue.server_key.key_id, sizeof issue.server_key.key_id),
        .secret_wrapped = span_of(issue.secret_wrapped, sizeof issue.secret_wrapped),
    };
    if (status == STATUS_OK)
        status = claims_enrol(api->store, &enrolment, &verdict, &epoch);
    if (status != STATUS_OK)
        reply_status(reply, status, "the enrolment");
    else if (verdict == CLAIMS_REFUSED)
        refuse_claim(reply);
    else if (verdict == CLAIMS_TAKEN)
        reply_problem(reply, 409, "device \"%s\" exists already: choose another device_id",
                      a.device_id);
    else
        welcome(api, &a, &issue, epoch, reply);
}

static void root(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;

    (void)request;
    reply_bytes(reply, 200, "application/x-pem-file", span_text(authority_root(api->authority)));
}

static const struct route rows[] = {
    {"GET", "/enrol/root", ROUTE_ANYONE, root, ROUTE_BODY_NORMAL},
    {"POST", "/enrol", ROUTE_ANYONE, enrol, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_enrol, rows);

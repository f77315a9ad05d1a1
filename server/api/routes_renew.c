#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/enrolment.h"
#include "server/api/routes.h"
#include "server/store/renewals.h"

/* A challenge is made without remembering it, so that strangers cannot fill a memory:
 *
 *   0  8  when, ms, big-endian
 *   8 16  random
 *  24 32  HMAC by the stamp key over both
 *
 * Within its time it may be shown again: a repeated request gives its robot a certificate anew and
 * nobody else anything. */
#define TIME_SIZE      8
#define SALT_SIZE      16
#define CHALLENGE_SIZE (TIME_SIZE + SALT_SIZE + CRYPTO_HASH_SIZE)
#define GOOD_FOR_MS    ((int64_t)5 * 60 * 1000)

/* What a robot sends, as text and taken apart. */
struct renewal {
    const char *certificate;
    bool is_trusted; /* the authority that it is from; a robot that is known needs none */
    const char *challenge_text;
    const char *proof_text;
    struct enrolment_keys keys;
    char device_id[PKI_NAME_SIZE];
    uint8_t challenge[CHALLENGE_SIZE];
    uint8_t proof[PKI_SIGNATURE_MAX];
    size_t proof_size;
    uint8_t proven_hash[CRYPTO_HASH_SIZE];
};

#define TEXT(member, field, most)                                                                  \
    {                                                                                              \
        .name = member, .kind = JSON_FIELD_TEXT, .offset = offsetof(struct renewal, field),        \
        .required = true, .max = most                                                              \
    }

static const struct json_field fields[] = {
    TEXT("certificate", certificate, 2 * PKI_PEM_SIZE),
    TEXT("challenge", challenge_text, 100),
    TEXT("csr", keys.csr, PKI_PEM_SIZE - 1),
    TEXT("sealing_public", keys.sealing_public_text, 64),
    TEXT("signature", keys.signature_text, 160),
    TEXT("proof", proof_text, 160),
};

static void sign_challenge(const struct api *api, uint8_t challenge[CHALLENGE_SIZE])
{
    const struct span parts[] = {span_text("renewal challenge"),
                                 span_of(challenge, TIME_SIZE + SALT_SIZE)};

    crypto_hmac(span_of(authority_stamp_key(api->authority), CRYPTO_KEY_SIZE), parts, 2,
                challenge + TIME_SIZE + SALT_SIZE);
}

static void challenge(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const int64_t now_ms = clock_wall_ms();
    uint8_t bytes[CHALLENGE_SIZE];
    char text[2 * CHALLENGE_SIZE];
    struct json_writer writer;
    struct buffer out;

    (void)request;
    for (size_t i = 0; i < TIME_SIZE; i++)
        bytes[i] = (uint8_t)((uint64_t)now_ms >> (56 - 8 * i));
    crypto_random(bytes + TIME_SIZE, SALT_SIZE);
    sign_challenge(api, bytes);
    enum status status = encode_base64(span_of(bytes, sizeof bytes), text, sizeof text);
    buffer_init(&out, 512);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "challenge", text);
    json_key(&writer, "clock_ms");
    json_write_int(&writer, now_ms);
    json_end_object(&writer);
    answer_json(reply, status == STATUS_OK ? buffer_status(&out) : status,
                arena_copy(reply->arena, buffer_span(&out)), "the challenge");
    buffer_release(&out);
}

static bool refuse(struct reply *reply, const char *pointer, const char *detail)
{
    answer_bad(reply, pointer, detail);
    return false;
}

/* Before anything that costs milliseconds. False: a problem was answered. */
static bool check_challenge(const struct api *api, struct renewal *r, struct reply *reply)
{
    uint8_t expected[CHALLENGE_SIZE];
    uint64_t made_ms = 0;
    size_t size = 0;

    if (encode_from_base64(span_text(r->challenge_text), r->challenge, sizeof r->challenge,
                           &size) != STATUS_OK ||
        size != sizeof r->challenge)
        return refuse(reply, "/challenge", "must be as it came");
    memcpy(expected, r->challenge, sizeof expected);
    sign_challenge(api, expected);
    if (!span_equal_secret(span_of(expected, sizeof expected), span_of(r->challenge, size)))
        return refuse(reply, "/challenge", "was not made here");
    for (size_t i = 0; i < TIME_SIZE; i++)
        made_ms = made_ms << 8 | r->challenge[i];
    if (clock_wall_ms() - (int64_t)made_ms < GOOD_FOR_MS)
        return true;
    reply_problem(reply, 409, "this challenge is too old: ask for another");
    return false;
}

/* Whose certificate it is; its dates do not matter. False: a problem was answered. */
static bool check_certificate(const struct api *api, struct renewal *r, struct reply *reply)
{
    const struct span certificate = span_text(r->certificate);
    struct pki_facts facts;
    enum status status = pki_read(certificate, &facts);

    if (status == STATUS_OK)
        status = authority_check_device(api->authority, certificate, &r->is_trusted);
    if (status == STATUS_OK)
        status = pki_cert_key_hash(certificate, r->proven_hash);
    if (status == STATUS_INVALID)
        return refuse(reply, "/certificate", "must be certificates in PEM");
    if (status == STATUS_OK) {
        memcpy(r->device_id, facts.name, sizeof r->device_id);
        r->keys.device_id = r->device_id;
        return true;
    }
    reply_problem(reply, 403, "this certificate is not one of a robot of this company");
    return false;
}

/* "myna renew 1" | challenge | hash of the request's key | sealing_public, by the old key. False: a
 * problem was answered. */
static bool check_proof(struct renewal *r, struct reply *reply)
{
    static const char prefix[] = "myna renew 1";
    uint8_t message[sizeof prefix - 1 + CHALLENGE_SIZE + CRYPTO_HASH_SIZE + PKI_X25519_SIZE];
    uint8_t *at = message;

    memcpy(at, prefix, sizeof prefix - 1);
    at += sizeof prefix - 1;
    memcpy(at, r->challenge, sizeof r->challenge);
    at += sizeof r->challenge;
    memcpy(at, r->keys.key_hash, sizeof r->keys.key_hash);
    at += sizeof r->keys.key_hash;
    memcpy(at, r->keys.sealing_public, sizeof r->keys.sealing_public);
    if (encode_from_base64(span_text(r->proof_text), r->proof, sizeof r->proof, &r->proof_size) !=
        STATUS_OK)
        return refuse(reply, "/proof", "must be base64");
    if (pki_verify_signature(span_text(r->certificate), span_of(message, sizeof message),
                             span_of(r->proof, r->proof_size)) != STATUS_OK)
        return refuse(reply, "/proof", "does not fit the certificate's key");
    return true;
}

static bool decode(const struct api *api, struct request *request, struct reply *reply,
                   struct renewal *r)
{
    return answer_decode(request, reply, fields, sizeof fields / sizeof *fields, r) &&
           check_challenge(api, r, reply) && check_certificate(api, r, reply) &&
           enrolment_check(&r->keys, reply) && check_proof(r, reply);
}

static void renew(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct renewal r = {0};
    struct enrolment_issue issue = {0};
    enum renewals_verdict verdict;
    int64_t epoch;

    if (!decode(api, request, reply, &r))
        return;
    enum status status = enrolment_make(api, &r.keys, request->arena, &issue);
    if (status == STATUS_INVALID) {
        answer_bad(reply, "/sealing_public", "is no key to agree with");
        return;
    }
    const struct renewals_order order = {
        .device_id = r.device_id,
        .source = request->address,
        .proven_key_hash = span_of(r.proven_hash, sizeof r.proven_hash),
        .public_key_hash = span_of(r.keys.key_hash, sizeof r.keys.key_hash),
        .certificate_serial = issue.facts.serial_hex,
        .certificate_until_ms = issue.facts.not_after_ms,
        .authority = issue.authority,
        .server_authority = issue.server_authority,
        .sealing_public = span_of(r.keys.sealing_public, sizeof r.keys.sealing_public),
        .server_key_id = span_of(issue.server_key.key_id, sizeof issue.server_key.key_id),
        .secret_wrapped = span_of(issue.secret_wrapped, sizeof issue.secret_wrapped),
        .may_recreate = r.is_trusted,
    };
    if (status == STATUS_OK)
        status = renewals_renew(api->store, &order, &verdict, &epoch);
    issue.proof = span_of(r.proof, r.proof_size);
    if (status != STATUS_OK)
        reply_status(reply, status, "the renewal");
    else if (verdict == RENEWALS_REFUSED)
        reply_problem(reply, 403,
                      "robot \"%s\" was revoked or retired, or enrolled anew with another key",
                      r.device_id);
    else
        enrolment_welcome(api, &r.keys, &issue, epoch, reply);
}

static const struct route rows[] = {
    {"POST", "/renew/challenge", ROUTE_ANYONE, challenge, ROUTE_BODY_NORMAL},
    {"POST", "/renew", ROUTE_ANYONE, renew, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_renew, rows);

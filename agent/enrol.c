#include "agent/enrol.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/care.h"
#include "agent/chat/conversation_file.h"
#include "agent/face/film.h"
#include "agent/chat/http.h"
#include "agent/identity.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/wire/claim_uri.h"
#include "schema/wire/topic.h"

#define MAX_ANSWER_BYTES 65536
#define MAX_URL_SIZE     512

struct enrolment {
    const struct enrol_request *request;
    char claim[CLAIM_URI_CODE]; /* of the request, taken out of a label's URI if it is one */
    char url[CLAIM_URI_URL];
    char *problem;
    struct http *http;
    uint8_t fingerprint[CRYPTO_HASH_SIZE]; /* of the root, from the claim code */
    struct identity identity;
    char key_pem[PKI_PEM_SIZE];
    struct buffer root_pem;
    struct buffer body;
    struct buffer answer;
};

static enum status fail(struct enrolment *enrolment, enum status status, const char *text)
{
    snprintf(enrolment->problem, 256, "%s", text);
    return status;
}

/* <secret>-<fingerprint of the root, base32> */
static enum status read_claim(struct enrolment *enrolment)
{
    const char *dash = strchr(enrolment->claim, '-');
    size_t size = 0;

    if (dash &&
        encode_from_base32(span_text(dash + 1), enrolment->fingerprint,
                           sizeof enrolment->fingerprint, &size) == STATUS_OK &&
        size == sizeof enrolment->fingerprint)
        return STATUS_OK;
    return fail(enrolment, STATUS_INVALID,
                "the claim code is incomplete; copy all of it, both sides of the dash");
}

/* The code and the address: from the label's URI, or as they were given. A given address wins, for
 * a robot may reach the server by another way than the operator thought. */
static enum status take_claim(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;
    enum status status =
        claim_uri_read(span_text(request->claim), enrolment->claim, enrolment->url);

    if (status == STATUS_NOT_FOUND)
        status = span_to_text(span_text(request->claim), enrolment->claim, CLAIM_URI_CODE);
    if (status != STATUS_OK)
        return fail(enrolment, STATUS_INVALID, "the claim is neither a code nor what a label says");
    if (request->url &&
        span_to_text(span_text(request->url), enrolment->url, CLAIM_URI_URL) != STATUS_OK)
        return fail(enrolment, STATUS_INVALID, "the enrolment URL is too long");
    return STATUS_OK;
}

/* Enrolling the same robot again is harmless; another name in its folder is a mistake. */
static enum status check_same(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;
    struct identity here;
    enum status status = identity_load(&here, request->state_dir, enrolment->problem);

    if (status != STATUS_OK)
        return status;
    if (strcmp(here.device_id, request->device_id) == 0) {
        status = fail(enrolment, STATUS_EXISTS, "enrolled already");
    } else {
        status = STATUS_CONFLICT;
        snprintf(enrolment->problem, 256,
                 "this folder holds the robot \"%s\"; enrol another one with another --state-dir",
                 here.device_id);
    }
    identity_wipe(&here);
    return status;
}

static enum status check_request(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;

    if (identity_exists(request->state_dir))
        return check_same(enrolment);
    if (!topic_is_slug(span_text(request->device_id)))
        return fail(enrolment, STATUS_INVALID,
                    "the device id must be 1 to 48 of a-z, 0-9 and dash");
    enum status status = take_claim(enrolment);
    if (status != STATUS_OK)
        return status;
    if (!span_starts_with(span_text(enrolment->url), "https://"))
        return fail(enrolment, STATUS_INVALID, "the enrolment URL must start with https://");
    return read_claim(enrolment);
}

static enum status make_url(const struct enrolment *enrolment, const char *path,
                            char out[MAX_URL_SIZE])
{
    const char *url = enrolment->url;
    size_t size = strlen(url);

    while (size > 0 && url[size - 1] == '/')
        size--;
    return snprintf(out, MAX_URL_SIZE, "%.*s%s", (int)size, url, path) < MAX_URL_SIZE
               ? STATUS_OK
               : STATUS_INVALID;
}

static enum status report_http(struct enrolment *enrolment, enum status status,
                               const struct http_result *result)
{
    snprintf(enrolment->problem, 256, "cannot reach \"%.70s\": %s", enrolment->url,
             result->problem);
    return status == STATUS_FORGED ? STATUS_FORGED : STATUS_UNREACHABLE;
}

static enum status fetch_root(struct enrolment *enrolment)
{
    struct http_result result = {0};
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    char url[MAX_URL_SIZE];
    enum status status = make_url(enrolment, "/enrol/root", url);

    if (status != STATUS_OK)
        return fail(enrolment, status, "the enrolment URL is too long");
    status = http_fetch_unverified(enrolment->http, url, &enrolment->root_pem, &result);
    if (status != STATUS_OK)
        return report_http(enrolment, status, &result);
    if (result.http_status != 200)
        return fail(enrolment, STATUS_UNREACHABLE, "this is no enrolment listener of Myna");
    status = pki_fingerprint(buffer_span(&enrolment->root_pem), fingerprint);
    if (status != STATUS_OK ||
        !span_equal(span_of(fingerprint, sizeof fingerprint),
                    span_of(enrolment->fingerprint, sizeof enrolment->fingerprint)))
        return fail(enrolment, STATUS_FORGED,
                    "the server that answers is not the one that this claim code is from");
    return STATUS_OK;
}

/* Proves that whoever holds the certificate's key also chose the sealing key. */
static enum status sign_keys(const struct enrolment *enrolment, char *out, size_t out_size)
{
    static const char purpose[] = "myna enrol 1";
    const char *device_id = enrolment->request->device_id;
    uint8_t message[sizeof purpose - 1 + LIMIT_SLUG + 1 + PKI_X25519_SIZE];
    uint8_t signature[PKI_SIGNATURE_MAX];
    uint8_t *at = message;
    size_t size;

    memcpy(at, purpose, sizeof purpose - 1);
    at += sizeof purpose - 1;
    memcpy(at, device_id, strlen(device_id) + 1);
    at += strlen(device_id) + 1;
    memcpy(at, enrolment->identity.sealing_public, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    enum status status =
        pki_sign(enrolment->key_pem, span_of(message, (size_t)(at - message)), signature, &size);
    return status == STATUS_OK ? encode_base64(span_of(signature, size), out, out_size) : status;
}

static enum status make_body(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;
    char csr[PKI_PEM_SIZE], sealing[64], signature[128];
    struct json_writer writer;
    enum status status = pki_make_csr(enrolment->key_pem, request->device_id, csr);

    if (status == STATUS_OK)
        status = encode_base64(span_of(enrolment->identity.sealing_public, PKI_X25519_SIZE),
                               sealing, sizeof sealing);
    if (status == STATUS_OK)
        status = sign_keys(enrolment, signature, sizeof signature);
    if (status != STATUS_OK)
        return fail(enrolment, status, "cannot make the certificate request");
    json_writer_init(&writer, &enrolment->body);
    json_begin_object(&writer);
    json_write_member(&writer, "claim", enrolment->claim);
    json_write_member(&writer, "device_id", request->device_id);
    json_write_member(&writer, "serial", request->serial ? request->serial : request->device_id);
    json_write_member(&writer, "csr", csr);
    json_write_member(&writer, "sealing_public", sealing);
    json_write_member(&writer, "signature", signature);
    json_end_object(&writer);
    return buffer_status(&enrolment->body);
}

/* The server's own words, from a problem answer (RFC 9457). */
static enum status report_refusal(struct enrolment *enrolment, int http_status)
{
    struct json *answer = NULL;
    const char *detail = "";

    if (json_parse(buffer_span(&enrolment->answer), &answer, NULL) == STATUS_OK) {
        detail = json_text(json_member(answer, "detail"), "");
        if (detail[0] == 0)
            detail = json_text(json_member(answer, "title"), "");
    }
    snprintf(enrolment->problem, 256, "the server refused (%d): %.180s", http_status, detail);
    json_free(answer);
    return STATUS_DENIED;
}

static enum status post(struct enrolment *enrolment)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"}};
    struct http_result result = {0};
    char url[MAX_URL_SIZE];
    enum status status = make_url(enrolment, "/enrol", url);

    if (status != STATUS_OK)
        return fail(enrolment, status, "the enrolment URL is too long");
    const struct http_request request = {
        .url = url,
        .headers = headers,
        .header_count = 1,
        .body = buffer_span(&enrolment->body),
        .ca_pem = buffer_span(&enrolment->root_pem),
    };
    status = http_fetch(enrolment->http, &request, &enrolment->answer, &result);
    if (status != STATUS_OK)
        return report_http(enrolment, status, &result);
    return result.http_status == 200 ? STATUS_OK : report_refusal(enrolment, result.http_status);
}

/* Everything in the answer must lead back to the pinned root and to our own request. */
static enum status verify(const struct enrolment *enrolment, const char *chain)
{
    const struct identity *identity = &enrolment->identity;
    const struct span root = buffer_span(&enrolment->root_pem);
    struct pki_facts facts;
    enum status status = pki_read(span_text(chain), &facts);

    /* dates are not looked at: a robot's clock may be wrong until it has met its server */
    if (status == STATUS_OK)
        status = pki_verify(span_text(chain), root, PKI_IGNORE_TIME);
    if (status == STATUS_OK)
        status = pki_verify(span_text(identity->server_ca_pem), root, PKI_IGNORE_TIME);
    if (status == STATUS_OK)
        status = identity_check_key(identity, &identity->server_key);
    if (status == STATUS_OK && strcmp(facts.name, enrolment->request->device_id) != 0)
        status = STATUS_FORGED;
    return status;
}

/* The keys in the folder may be the earlier owner's too: with them its conversation can be read. */
static enum status wipe_earlier_owner(struct enrolment *enrolment)
{
    const char *folder = enrolment->request->state_dir;
    char talk[PATH_MAX], care[PATH_MAX];
    enum status status = STATUS_IO;

    if (snprintf(talk, sizeof talk, "%s/" CONVERSATION_FILE_NAME, folder) < (int)sizeof talk &&
        snprintf(care, sizeof care, "%s/" CARE_FILE_NAME, folder) < (int)sizeof care &&
        (unlink(care) == 0 || errno == ENOENT))
        status = conversation_file_wipe(talk);
    if (status == STATUS_OK && enrolment->request->films)
        status = film_wipe(enrolment->request->films);
    return status == STATUS_OK
               ? STATUS_OK
               : fail(enrolment, status, "cannot wipe what an earlier owner left in the folder");
}

static enum status take_answer(struct enrolment *enrolment)
{
    struct identity *identity = &enrolment->identity;
    struct json *answer = NULL;
    enum status status = json_parse(buffer_span(&enrolment->answer), &answer, NULL);
    const char *chain = json_text(json_member(answer, "certificate"), "");

    if (status == STATUS_OK)
        status = identity_take_facts(identity, answer);
    if (status == STATUS_OK)
        status = span_to_text(span_text(json_text(json_member(answer, "server_ca"), "")),
                              identity->server_ca_pem, sizeof identity->server_ca_pem);
    if (status != STATUS_OK)
        fail(enrolment, status, "the server's answer is not one to an enrolment");
    else if ((status = verify(enrolment, chain)) != STATUS_OK)
        fail(enrolment, STATUS_FORGED, "the server's answer does not verify under its own root");
    else if ((status = wipe_earlier_owner(enrolment)) == STATUS_OK)
        status = identity_store(identity, enrolment->request->state_dir, span_text(chain),
                                buffer_span(&enrolment->root_pem), enrolment->problem);
    json_free(answer);
    return status;
}

static enum status run(struct enrolment *enrolment)
{
    enum status status = check_request(enrolment);

    if (status == STATUS_OK)
        status = identity_make_keys(&enrolment->identity, enrolment->request->state_dir,
                                    enrolment->key_pem, enrolment->problem);
    if (status == STATUS_OK)
        status = http_create(&enrolment->http);
    if (status == STATUS_OK)
        status = fetch_root(enrolment);
    if (status == STATUS_OK)
        status = make_body(enrolment);
    if (status == STATUS_OK)
        status = post(enrolment);
    if (status == STATUS_OK)
        status = take_answer(enrolment);
    return status;
}

bool enrol_knows_url(const struct enrol_request *request)
{
    return request->url || span_starts_with(span_text(request->claim), CLAIM_URI_PREFIX);
}

enum status enrol_run(const struct enrol_request *request, char problem[256])
{
    struct enrolment *enrolment = calloc(1, sizeof *enrolment);

    snprintf(problem, 256, "out of memory");
    if (!enrolment)
        return STATUS_MEMORY;
    enrolment->request = request;
    enrolment->problem = problem;
    buffer_init(&enrolment->root_pem, IDENTITY_CHAIN_SIZE);
    buffer_init(&enrolment->body, MAX_ANSWER_BYTES);
    buffer_init(&enrolment->answer, MAX_ANSWER_BYTES);
    enum status status = run(enrolment);
    http_free(enrolment->http);
    buffer_release(&enrolment->root_pem);
    buffer_release(&enrolment->body);
    buffer_release(&enrolment->answer);
    crypto_wipe(enrolment, sizeof *enrolment);
    free(enrolment);
    return status;
}

#include "agent/enrol.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/care.h"
#include "agent/chat/conversation_file.h"
#include "agent/face/film.h"
#include "agent/chat/http.h"
#include "agent/membership.h"
#include "schema/base/encode.h"
#include "schema/base/json.h"
#include "schema/wire/claim_uri.h"
#include "schema/wire/topic.h"

#define MAX_ANSWER_BYTES 65536

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
enum status enrol_check_same(const char *state_dir, const char *device_id, char problem[256])
{
    struct identity here;
    enum status status = identity_load(&here, state_dir, problem);

    if (status != STATUS_OK)
        return status;
    if (strcmp(here.device_id, device_id) == 0) {
        status = STATUS_EXISTS;
        snprintf(problem, 256, "enrolled already");
    } else {
        status = STATUS_CONFLICT;
        snprintf(problem, 256,
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
        return enrol_check_same(request->state_dir, request->device_id, enrolment->problem);
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
    char url[MEMBERSHIP_URL_SIZE];
    enum status status = membership_url(enrolment->url, "/enrol/root", url);

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

static enum status make_body(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;
    struct json_writer writer;

    json_writer_init(&writer, &enrolment->body);
    json_begin_object(&writer);
    json_write_member(&writer, "claim", enrolment->claim);
    json_write_member(&writer, "device_id", request->device_id);
    json_write_member(&writer, "serial", request->serial ? request->serial : request->device_id);
    enum status status = membership_write_keys(&enrolment->identity, request->device_id,
                                               enrolment->key_pem, &writer);
    if (status != STATUS_OK)
        return fail(enrolment, status, "cannot make the certificate request");
    json_end_object(&writer);
    return buffer_status(&enrolment->body);
}

static enum status post(struct enrolment *enrolment)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"}};
    struct http_result result = {0};
    char url[MEMBERSHIP_URL_SIZE];
    enum status status = membership_url(enrolment->url, "/enrol", url);

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
    if (result.http_status == 200)
        return STATUS_OK;
    membership_tell_refusal(buffer_span(&enrolment->answer), result.http_status,
                            enrolment->problem);
    return STATUS_DENIED;
}

/* The keys in the folder may be the earlier owner's too: with them its conversation can be read. */
enum status enrol_wipe_earlier_owner(const char *state_dir, const char *films, char problem[256])
{
    char talk[PATH_MAX], care[PATH_MAX];
    enum status status = STATUS_IO;

    if (snprintf(talk, sizeof talk, "%s/" CONVERSATION_FILE_NAME, state_dir) < (int)sizeof talk &&
        snprintf(care, sizeof care, "%s/" CARE_FILE_NAME, state_dir) < (int)sizeof care &&
        (unlink(care) == 0 || errno == ENOENT))
        status = conversation_file_wipe(talk);
    if (status == STATUS_OK && films)
        status = film_wipe(films);
    if (status != STATUS_OK)
        snprintf(problem, 256, "cannot wipe what an earlier owner left in the folder");
    return status;
}

static enum status take_answer(struct enrolment *enrolment)
{
    const struct enrol_request *request = enrolment->request;
    struct identity *identity = &enrolment->identity;
    const struct span root = buffer_span(&enrolment->root_pem);
    struct json *answer = NULL;
    const char *chain = "";
    enum status status = json_parse(buffer_span(&enrolment->answer), &answer, NULL);

    if (status != STATUS_OK)
        fail(enrolment, status, "the server's answer is no JSON");
    if (status == STATUS_OK)
        status =
            membership_take(identity, request->device_id, answer, root, &chain, enrolment->problem);
    if (status == STATUS_OK)
        status = enrol_wipe_earlier_owner(request->state_dir, request->films, enrolment->problem);
    if (status == STATUS_OK) {
        memcpy(identity->url, enrolment->url, sizeof enrolment->url);
        status = identity_store(identity, request->state_dir, span_text(chain), root,
                                enrolment->problem);
    }
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

/* One renewal: renewal.h. */
#include <stdlib.h>

#include "agent/chat/http.h"
#include "agent/membership.h"
#include "agent/renewal.h"
#include "agent/server_ca.h"
#include "schema/base/encode.h"

#define MAX_ANSWER_BYTES 65536
#define TOTAL_TIMEOUT_MS 30000
#define CHALLENGE_SIZE   128 /* the most that is signed */

struct run {
    const struct renewal_request *request;
    char *problem;
    struct http *http;
    struct identity identity;
    const char *url;
    char key_pem[PKI_PEM_SIZE];
    char chain_pem[IDENTITY_CHAIN_SIZE];
    char root_pem[IDENTITY_CHAIN_SIZE];
    char server_ca_pem[IDENTITY_CHAIN_SIZE]; /* that is known before the answer */
    uint8_t proof[PKI_SIGNATURE_MAX];
    size_t proof_size;
    struct buffer body;
    struct buffer answer;
};

static enum status fail(struct run *run, enum status status, const char *text)
{
    snprintf(run->problem, 256, "%s", text);
    return status;
}

static enum status load(struct run *run)
{
    const struct renewal_request *request = run->request;
    struct identity *identity = &run->identity;
    enum status status = identity_load(identity, request->state_dir, run->problem);

    if (status == STATUS_OK)
        status = identity_read_pair(request->state_dir, run->key_pem, run->chain_pem, run->problem);
    if (status == STATUS_OK)
        status = identity_read_root(request->state_dir, run->root_pem, run->problem);
    if (status != STATUS_OK)
        return status;
    run->url = identity->url[0] ? identity->url : request->url;
    if (!run->url)
        return fail(run, STATUS_NOT_FOUND,
                    "where this robot enrolled is not known; give the address by --url");
    return STATUS_OK;
}

static enum status post(struct run *run, const char *path)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"}};
    struct http_result result = {0};
    char url[MEMBERSHIP_URL_SIZE];

    if (membership_url(run->url, path, url) != STATUS_OK)
        return fail(run, STATUS_INVALID, "the enrolment URL is too long");
    const struct http_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = 1,
        .body = buffer_span(&run->body),
        .ca_pem = span_text(run->root_pem),
        .ignores_dates = true,
        .total_timeout_ms = TOTAL_TIMEOUT_MS,
        .cancel = run->request->cancel,
    };
    buffer_clear(&run->answer);
    enum status status = http_fetch(run->http, &request, &run->answer, &result);
    if (status != STATUS_OK) {
        snprintf(run->problem, 256, "cannot reach \"%.70s\": %s", run->url, result.problem);
        return status == STATUS_FORGED ? STATUS_FORGED : STATUS_UNREACHABLE;
    }
    if (result.http_status == 200)
        return STATUS_OK;
    membership_tell_refusal(buffer_span(&run->answer), result.http_status, run->problem);
    return STATUS_DENIED;
}

/* "myna renew 1" | challenge | hash of the request's key, which is the certificate's |
 * sealing_public
 */
static enum status prove(struct run *run, const char *challenge)
{
    static const char purpose[] = "myna renew 1";
    uint8_t message[sizeof purpose - 1 + CHALLENGE_SIZE + CRYPTO_HASH_SIZE + PKI_X25519_SIZE];
    uint8_t *at = message;
    size_t size = 0;

    memcpy(at, purpose, sizeof purpose - 1);
    at += sizeof purpose - 1;
    enum status status = encode_from_base64(span_text(challenge), at, CHALLENGE_SIZE, &size);
    at += size;
    if (status == STATUS_OK)
        status = pki_cert_key_hash(span_text(run->chain_pem), at);
    at += CRYPTO_HASH_SIZE;
    memcpy(at, run->identity.sealing_public, PKI_X25519_SIZE);
    at += PKI_X25519_SIZE;
    return status == STATUS_OK ? pki_sign(run->key_pem, span_of(message, (size_t)(at - message)),
                                          run->proof, &run->proof_size)
                               : status;
}

static enum status make_body(struct run *run)
{
    struct json *answer = NULL;
    struct json_writer writer;
    char proof[160];
    enum status status = json_parse(buffer_span(&run->answer), &answer, NULL);
    const char *challenge = json_text(json_member(answer, "challenge"), "");

    if (status == STATUS_OK)
        status = prove(run, challenge);
    if (status == STATUS_OK)
        status = encode_base64(span_of(run->proof, run->proof_size), proof, sizeof proof);
    if (status == STATUS_OK) {
        json_writer_init(&writer, &run->body);
        json_begin_object(&writer);
        json_write_member(&writer, "certificate", run->chain_pem);
        json_write_member(&writer, "challenge", challenge);
        status =
            membership_write_keys(&run->identity, run->identity.device_id, run->key_pem, &writer);
        json_write_member(&writer, "proof", proof);
        json_end_object(&writer);
    }
    if (status == STATUS_OK)
        status = buffer_status(&run->body);
    json_free(answer);
    return status == STATUS_OK ? status : fail(run, status, "cannot make the proof of a renewal");
}

/* The server CA says, for this very proof, what time it is: who listens cannot have kept it. */
static enum status learn_time(struct run *run, const struct json *answer)
{
    static const char purpose[] = "myna clock 1";
    const struct span proof = span_of(run->proof, run->proof_size);
    const int64_t clock_ms = json_int(json_member(answer, "clock_ms"), 0);
    const char *text = json_text(json_member(answer, "clock_signature"), "");
    uint8_t message[sizeof purpose - 1 + CRYPTO_HASH_SIZE + 8];
    uint8_t signature[PKI_SIGNATURE_MAX];
    uint8_t *at = message;
    size_t size = 0;

    memcpy(at, purpose, sizeof purpose - 1);
    at += sizeof purpose - 1;
    crypto_sha256(&proof, 1, at);
    at += CRYPTO_HASH_SIZE;
    for (size_t i = 0; i < 8; i++)
        at[i] = (uint8_t)((uint64_t)clock_ms >> (56 - 8 * i));
    enum status status = encode_from_base64(span_text(text), signature, sizeof signature, &size);
    if (status != STATUS_OK ||
        !server_ca_signed(run->identity.server_ca_pem, span_of(message, sizeof message),
                          span_of(signature, size)))
        return fail(run, STATUS_FORGED, "the time in the server's answer is not signed by it");
    calendar_learn(run->request->calendar, clock_ms);
    return STATUS_OK;
}

static enum status take_answer(struct run *run)
{
    struct identity *identity = &run->identity;
    const struct span root = span_text(run->root_pem);
    char device_id[LIMIT_SLUG + 1];
    struct json *answer = NULL;
    const char *chain = "";
    enum status status = json_parse(buffer_span(&run->answer), &answer, NULL);

    memcpy(device_id, identity->device_id, sizeof device_id);
    memcpy(run->server_ca_pem, identity->server_ca_pem, sizeof run->server_ca_pem);
    if (status != STATUS_OK)
        fail(run, status, "the server's answer is no JSON");
    if (status == STATUS_OK)
        status = membership_take(identity, device_id, answer, root, &chain, run->problem);
    if (status == STATUS_OK && !server_ca_follows(identity->server_ca_pem, run->server_ca_pem))
        status =
            fail(run, STATUS_FORGED, "the server's answer is by a server CA that was replaced");
    if (status == STATUS_OK)
        status = learn_time(run, answer);
    if (status == STATUS_OK && !identity->url[0])
        status = span_to_text(span_text(run->url), identity->url, sizeof identity->url);
    if (status == STATUS_OK)
        status =
            identity_store(identity, run->request->state_dir, span_text(chain), root, run->problem);
    json_free(answer);
    return status;
}

static enum status renew(struct run *run)
{
    enum status status = load(run);

    if (status == STATUS_OK)
        status = http_create(&run->http);
    if (status == STATUS_OK)
        status = post(run, "/renew/challenge");
    if (status == STATUS_OK)
        status = make_body(run);
    if (status == STATUS_OK)
        status = post(run, "/renew");
    if (status == STATUS_OK)
        status = take_answer(run);
    return status;
}

enum status renewal_run(const struct renewal_request *request, struct identity *out,
                        char problem[256])
{
    struct run *run = calloc(1, sizeof *run);

    snprintf(problem, 256, "out of memory");
    if (!run)
        return STATUS_MEMORY;
    run->request = request;
    run->problem = problem;
    buffer_init(&run->body, MAX_ANSWER_BYTES);
    buffer_init(&run->answer, MAX_ANSWER_BYTES);
    enum status status = renew(run);
    if (status == STATUS_OK)
        *out = run->identity;
    http_free(run->http);
    buffer_release(&run->body);
    buffer_release(&run->answer);
    crypto_wipe(run, sizeof *run);
    free(run);
    return status;
}

#include "agent/pair.h"

#include <stdlib.h>
#include <time.h>

#include "agent/chat/http.h"
#include "agent/enrol.h"
#include "agent/membership.h"
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/wire/topic.h"

#define MAX_ANSWER_BYTES 65536
#define ASK_EVERY_MS     2000
#define LOOK_EVERY_MS    100
#define PATIENCE_MS      INT64_C(1800000) /* the digits' life, a second operator's, and to come */

struct pairing {
    const struct pair_request *request;
    const struct pair_host *host;
    const char *serial;
    char *problem;
    struct http *http;
    struct identity identity;
    char key_pem[PKI_PEM_SIZE];
    struct buffer root_pem;
    struct buffer body;
    struct buffer answer;
    struct json *parsed; /* the answer */
    char token[64];
    bool is_spent; /* the server takes these keys no more once it has refused */
    uint8_t transcript[CRYPTO_HASH_SIZE];
    uint8_t nonce[PAIRING_NONCE_SIZE];
    uint8_t server_nonce[PAIRING_NONCE_SIZE];
};

static enum status fail(struct pairing *pairing, enum status status, const char *text)
{
    snprintf(pairing->problem, 256, "%s", text);
    return status;
}

static enum status check_request(struct pairing *pairing)
{
    const struct pair_request *request = pairing->request;

    if (identity_exists(request->state_dir))
        return enrol_check_same(request->state_dir, request->device_id, pairing->problem);
    if (!topic_is_slug(span_text(request->device_id)))
        return fail(pairing, STATUS_INVALID, "the device id must be 1 to 48 of a-z, 0-9 and dash");
    if (!span_starts_with(span_text(request->url), "https://"))
        return fail(pairing, STATUS_INVALID, "the enrolment URL must start with https://");
    if (strlen(request->url) >= IDENTITY_URL_SIZE)
        return fail(pairing, STATUS_INVALID, "the enrolment URL is too long");
    if (strlen(pairing->serial) > PAIRING_MAX_SERIAL)
        return fail(pairing, STATUS_INVALID, "the serial number has more than 64 bytes");
    return STATUS_OK;
}

/* The server's words */

static enum status report_http(struct pairing *pairing, enum status status,
                               const struct http_result *result)
{
    snprintf(pairing->problem, 256, "cannot reach \"%.70s\": %s", pairing->request->url,
             result->problem);
    return status == STATUS_FORGED ? STATUS_FORGED : STATUS_UNREACHABLE;
}

/* Posts the body; *http_status says what came, the answer is parsed when it is JSON. */
static enum status post(struct pairing *pairing, const char *path, int *http_status)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"}};
    struct http_result result = {0};
    char url[MEMBERSHIP_URL_SIZE];
    enum status status = membership_url(pairing->request->url, path, url);

    if (status != STATUS_OK)
        return fail(pairing, status, "the enrolment URL is too long");
    const struct http_request request = {
        .url = url,
        .headers = headers,
        .header_count = 1,
        .body = buffer_span(&pairing->body),
        .ca_pem = buffer_span(&pairing->root_pem),
        .ignores_dates = true, /* the clock may never have been set */
    };
    buffer_clear(&pairing->answer);
    status = http_fetch(pairing->http, &request, &pairing->answer, &result);
    if (status != STATUS_OK)
        return report_http(pairing, status, &result);
    *http_status = result.http_status;
    json_free(pairing->parsed);
    pairing->parsed = NULL;
    if (json_parse(buffer_span(&pairing->answer), &pairing->parsed, NULL) != STATUS_OK)
        return fail(pairing, STATUS_UNREACHABLE, "this is no enrolment listener of Myna");
    return STATUS_OK;
}

static enum status refused(struct pairing *pairing, int http_status)
{
    membership_tell_refusal(buffer_span(&pairing->answer), http_status, pairing->problem);
    return STATUS_DENIED;
}

/* Whoever answers: what it says is worth as much as the digits. */
static enum status fetch_root(struct pairing *pairing, uint8_t fingerprint[CRYPTO_HASH_SIZE])
{
    struct http_result result = {0};
    char url[MEMBERSHIP_URL_SIZE];
    enum status status = membership_url(pairing->request->url, "/enrol/root", url);

    if (status != STATUS_OK)
        return fail(pairing, status, "the enrolment URL is too long");
    status = http_fetch_unverified(pairing->http, url, &pairing->root_pem, &result);
    if (status != STATUS_OK)
        return report_http(pairing, status, &result);
    if (result.http_status != 200 ||
        pki_fingerprint(buffer_span(&pairing->root_pem), fingerprint) != STATUS_OK)
        return fail(pairing, STATUS_UNREACHABLE, "this is no enrolment listener of Myna");
    return STATUS_OK;
}

/* Beginning: commitment first, then the numbers */

static enum status commit(struct pairing *pairing, char commitment_text[64])
{
    uint8_t fingerprint[CRYPTO_HASH_SIZE], key_hash[CRYPTO_HASH_SIZE];
    uint8_t commitment[CRYPTO_HASH_SIZE];
    char csr[PKI_PEM_SIZE];
    enum status status = fetch_root(pairing, fingerprint);

    if (status != STATUS_OK)
        return status;
    status = pki_make_csr(pairing->key_pem, pairing->request->device_id, csr);
    if (status == STATUS_OK)
        status = pki_csr_key_hash(span_text(csr), key_hash);
    if (status != STATUS_OK)
        return fail(pairing, status, "cannot make the certificate request");
    const struct pairing_facts facts = {
        .root_fingerprint = fingerprint,
        .key_hash = key_hash,
        .sealing_public = pairing->identity.sealing_public,
        .device_id = pairing->request->device_id,
        .serial = pairing->serial,
    };
    pairing_transcript(&facts, pairing->transcript);
    crypto_random(pairing->nonce, sizeof pairing->nonce);
    pairing_commitment(pairing->transcript, pairing->nonce, commitment);
    return encode_base64(span_of(commitment, sizeof commitment), commitment_text, 64);
}

static enum status write_beginning(struct pairing *pairing, const char *commitment)
{
    struct json_writer writer;

    json_writer_init(&writer, &pairing->body);
    json_begin_object(&writer);
    json_write_member(&writer, "device_id", pairing->request->device_id);
    json_write_member(&writer, "serial", pairing->serial);
    json_write_member(&writer, "software", MYNA_VERSION);
    json_write_member(&writer, "commitment", commitment);
    enum status status = membership_write_keys(&pairing->identity, pairing->request->device_id,
                                               pairing->key_pem, &writer);
    if (status != STATUS_OK)
        return fail(pairing, status, "cannot make the certificate request");
    json_end_object(&writer);
    return buffer_status(&pairing->body);
}

static enum status take_beginning(struct pairing *pairing)
{
    const char *nonce = json_text(json_member(pairing->parsed, "nonce"), "");
    const char *token = json_text(json_member(pairing->parsed, "token"), "");
    size_t size = 0;

    if (token[0] == '\0' ||
        span_to_text(span_text(token), pairing->token, sizeof pairing->token) != STATUS_OK ||
        encode_from_base64(span_text(nonce), pairing->server_nonce, sizeof pairing->server_nonce,
                           &size) != STATUS_OK ||
        size != sizeof pairing->server_nonce)
        return fail(pairing, STATUS_INVALID, "the server's answer is not one to a pairing");
    return STATUS_OK;
}

static enum status begin(struct pairing *pairing)
{
    char commitment[64];
    int http_status = 0;
    enum status status = commit(pairing, commitment);

    if (status == STATUS_OK)
        status = write_beginning(pairing, commitment);
    if (status == STATUS_OK)
        status = post(pairing, "/enrol/pairings", &http_status);
    if (status != STATUS_OK)
        return status;
    pairing->is_spent = http_status == 201 || http_status == 409;
    return http_status == 201 ? take_beginning(pairing) : refused(pairing, http_status);
}

/* {"token"}, and the number when it is told. */
static enum status write_asking(struct pairing *pairing, const char *nonce)
{
    struct json_writer writer;

    buffer_clear(&pairing->body);
    json_writer_init(&writer, &pairing->body);
    json_begin_object(&writer);
    json_write_member(&writer, "token", pairing->token);
    if (nonce)
        json_write_member(&writer, "nonce", nonce);
    json_end_object(&writer);
    return buffer_status(&pairing->body);
}

/* Only now, for the server's number is known and cannot be chosen any more. */
static enum status reveal(struct pairing *pairing)
{
    char nonce[64], digits[PAIRING_DIGITS + 1];
    int http_status = 0;
    enum status status =
        encode_base64(span_of(pairing->nonce, sizeof pairing->nonce), nonce, sizeof nonce);

    if (status == STATUS_OK)
        status = write_asking(pairing, nonce);
    if (status == STATUS_OK)
        status = post(pairing, "/enrol/pairings/reveal", &http_status);
    if (status != STATUS_OK)
        return status;
    if (http_status != 202)
        return refused(pairing, http_status);
    status = pairing_digits(pairing->transcript, pairing->nonce, pairing->server_nonce, digits);
    if (status != STATUS_OK)
        return fail(pairing, status, "cannot derive the digits");
    pairing->host->on_digits(pairing->host->context, digits);
    crypto_wipe(digits, sizeof digits);
    return STATUS_OK;
}

/* Waiting */

static void pass(const struct pairing *pairing, int64_t until_ms)
{
    const struct timespec step = {.tv_nsec = LOOK_EVERY_MS * 1000000L};

    while (clock_mono_ms() < until_ms) {
        pairing->host->on_wait(pairing->host->context);
        nanosleep(&step, NULL);
    }
}

/* STATUS_OK: the answer is the one to an enrolment. A network that fails is waited for. */
static enum status await(struct pairing *pairing)
{
    const int64_t patient_until_ms = clock_mono_ms() + PATIENCE_MS;
    int http_status = 0;
    enum status status = write_asking(pairing, NULL);

    while (status == STATUS_OK) {
        pass(pairing, clock_mono_ms() + ASK_EVERY_MS);
        if (clock_mono_ms() > patient_until_ms)
            return fail(pairing, STATUS_TIMEOUT, "nobody let this robot in in time");
        status = post(pairing, "/enrol/pairings/outcome", &http_status);
        if (status == STATUS_UNREACHABLE)
            status = STATUS_OK;
        else if (status == STATUS_OK && http_status == 200)
            return STATUS_OK;
        else if (status == STATUS_OK && http_status / 100 == 4 && http_status != 429)
            status = refused(pairing, http_status);
    }
    return status;
}

static enum status take_answer(struct pairing *pairing)
{
    const struct pair_request *request = pairing->request;
    const struct span root = buffer_span(&pairing->root_pem);
    struct identity *identity = &pairing->identity;
    const char *chain = "";
    enum status status = membership_take(identity, request->device_id, pairing->parsed, root,
                                         &chain, pairing->problem);

    if (status != STATUS_OK)
        return status;
    if (!pairing->host->is_right(pairing->host->context))
        return fail(pairing, STATUS_DENIED, "nobody at the robot agreed that it was let in");
    status = enrol_wipe_earlier_owner(request->state_dir, request->films, pairing->problem);
    if (status == STATUS_OK)
        status = span_to_text(span_text(request->url), identity->url, sizeof identity->url);
    if (status == STATUS_OK)
        status =
            identity_store(identity, request->state_dir, span_text(chain), root, pairing->problem);
    return status;
}

static enum status run(struct pairing *pairing)
{
    enum status status = check_request(pairing);

    if (status != STATUS_OK)
        return status;
    status = identity_make_keys(&pairing->identity, pairing->request->state_dir, pairing->key_pem,
                                pairing->problem);
    if (status == STATUS_OK)
        status = http_create(&pairing->http);
    if (status == STATUS_OK)
        status = begin(pairing);
    if (status == STATUS_OK)
        status = reveal(pairing);
    if (status == STATUS_OK)
        status = await(pairing);
    if (status == STATUS_OK)
        status = take_answer(pairing);
    /* a closed window costs no keys: a claim's lost answer may be for them */
    if (pairing->is_spent && (status == STATUS_DENIED || status == STATUS_FORGED))
        identity_forget_keys(pairing->request->state_dir);
    return status;
}

enum status pair_run(const struct pair_request *request, const struct pair_host *host,
                     char problem[256])
{
    struct pairing *pairing = calloc(1, sizeof *pairing);

    snprintf(problem, 256, "out of memory");
    if (!pairing)
        return STATUS_MEMORY;
    pairing->request = request;
    pairing->host = host;
    pairing->serial = request->serial ? request->serial : request->device_id;
    pairing->problem = problem;
    buffer_init(&pairing->root_pem, IDENTITY_CHAIN_SIZE);
    buffer_init(&pairing->body, MAX_ANSWER_BYTES);
    buffer_init(&pairing->answer, MAX_ANSWER_BYTES);
    enum status status = run(pairing);
    json_free(pairing->parsed);
    http_free(pairing->http);
    buffer_release(&pairing->root_pem);
    buffer_release(&pairing->body);
    buffer_release(&pairing->answer);
    crypto_wipe(pairing, sizeof *pairing);
    free(pairing);
    return status;
}

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/enrolment.h"
#include "server/api/pairing_check.h"
#include "server/api/routes.h"

/* A robot's side of pairing (schema/PROTOCOL.md): it asks, reveals its number, and comes for what
 * became of it. Strangers may call all of this. */

struct beginning {
    const char *serial;
    const char *software;
    const char *commitment_text;
    struct enrolment_keys keys;
};

static const struct json_field begin_fields[] = {
    {.name = "device_id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct beginning, keys.device_id),
     .required = true},
    {.name = "serial",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, serial),
     .max = PAIRING_MAX_SERIAL},
    {.name = "software",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, software),
     .max = 64},
    {.name = "csr",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, keys.csr),
     .required = true,
     .max = PKI_PEM_SIZE - 1},
    {.name = "sealing_public",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, keys.sealing_public_text),
     .required = true,
     .max = 64},
    {.name = "signature",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, keys.signature_text),
     .required = true,
     .max = 160},
    {.name = "commitment",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct beginning, commitment_text),
     .required = true,
     .max = 64},
};

struct asking {
    const char *token_text;
    const char *nonce_text;
    uint8_t token_hash[CRYPTO_HASH_SIZE];
};

static const struct json_field asking_fields[] = {
    {.name = "token",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asking, token_text),
     .required = true,
     .max = 64},
    {.name = "nonce",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct asking, nonce_text),
     .required = true,
     .max = 64},
};

/* Strangers get so many requests from one address. True: too many, a problem was answered. */
static bool slow_down(const struct api *api, const struct request *request, struct reply *reply)
{
    char network[GUESTS_NETWORK];

    guests_network(request->address, network);
    const int64_t wait_ms = throttle_wait_ms(api->pairing_throttle, network, clock_mono_ms());
    if (wait_ms == 0)
        return false;
    reply_header(reply, "Retry-After",
                 arena_format(request->arena, "%lld", (long long)(wait_ms / 1000 + 1)));
    reply_problem(reply, 429, "too many pairing requests from this address: wait %lld seconds",
                  (long long)(wait_ms / 1000 + 1));
    return true;
}

static void count(const struct api *api, const struct request *request)
{
    char network[GUESTS_NETWORK];

    guests_network(request->address, network);
    throttle_fail(api->pairing_throttle, network, clock_mono_ms());
}

static bool read_32(const char *text, const char *pointer, struct reply *reply, uint8_t out[32])
{
    size_t size = 0;

    if (encode_from_base64(span_text(text), out, 32, &size) == STATUS_OK && size == 32)
        return true;
    answer_bad(reply, pointer, "must be 32 bytes in base64");
    return false;
}

static bool check_open(const struct api *api, struct reply *reply)
{
    enum status status = pairings_check_open(api->store);

    if (status == STATUS_DENIED)
        reply_problem(reply, 403, "pairing is closed: an operator opens it (mynactl pairing open)");
    else if (status != STATUS_OK)
        reply_status(reply, status, "pairing");
    return status == STATUS_OK;
}

static void refuse_beginning(struct reply *reply, enum pairings_beginning why)
{
    if (why == PAIRINGS_TOO_MANY)
        reply_problem(reply, 429,
                      "%d robots wait from this address: an operator must decide about one first",
                      PAIRINGS_PER_ADDRESS);
    else if (why == PAIRINGS_CROWDED)
        reply_problem(reply, 503, "%d robots wait to be paired: try again later", PAIRINGS_MAX);
    else if (why == PAIRINGS_DEAD_KEY)
        reply_problem(reply, 409,
                      "this key was refused, or its digits were wrong too often: begin again with "
                      "new keys");
    else
        reply_problem(reply, 403, "pairing is closed");
}

/* {"token","nonce","expires_in_s"} */
static void answer_begun(struct request *request, struct reply *reply, struct span token,
                         struct span nonce)
{
    char token_text[64], nonce_text[64];
    struct json_writer writer;
    struct buffer out;
    enum status status = encode_base64(token, token_text, sizeof token_text);

    if (status == STATUS_OK)
        status = encode_base64(nonce, nonce_text, sizeof nonce_text);
    if (status != STATUS_OK) {
        reply_status(reply, status, "the pairing");
        return;
    }
    buffer_init(&out, 1024);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "token", token_text);
    json_write_member(&writer, "nonce", nonce_text);
    json_key(&writer, "expires_in_s");
    json_write_int(&writer, PAIRING_LIFE_S);
    json_end_object(&writer);
    reply_json(reply, 201, arena_copy(request->arena, buffer_span(&out)));
    buffer_release(&out);
}

static void begin(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct beginning b = {.serial = "", .software = ""};
    uint8_t commitment[CRYPTO_HASH_SIZE], hash[CRYPTO_HASH_SIZE];
    uint8_t token[PAIRING_TOKEN_SIZE] = {0}, nonce[PAIRING_NONCE_SIZE];
    const struct span token_span = span_of(token, sizeof token);
    enum pairings_beginning beginning;
    char network[GUESTS_NETWORK];

    if (slow_down(api, request, reply) || !check_open(api, reply))
        return;
    count(api, request);
    guests_network(request->address, network);
    if (!answer_decode(request, reply, begin_fields, sizeof begin_fields / sizeof *begin_fields,
                       &b) ||
        !read_32(b.commitment_text, "/commitment", reply, commitment) ||
        !enrolment_check(&b.keys, reply))
        return;
    crypto_random(token, sizeof token);
    crypto_random(nonce, sizeof nonce);
    crypto_sha256(&token_span, 1, hash);
    const struct pairings_request wanted = {
        .token_hash = span_of(hash, sizeof hash),
        .device_id = b.keys.device_id,
        .serial = b.serial,
        .software = b.software,
        .source = request->address,
        .network = network,
        .csr = b.keys.csr,
        .key_hash = span_of(b.keys.key_hash, sizeof b.keys.key_hash),
        .sealing_public = span_of(b.keys.sealing_public, sizeof b.keys.sealing_public),
        .commitment = span_of(commitment, sizeof commitment),
        .server_nonce = span_of(nonce, sizeof nonce),
    };
    enum status status = pairings_begin(api->store, &wanted, &beginning);
    if (status != STATUS_OK)
        reply_status(reply, status, "the pairing");
    else if (beginning != PAIRINGS_BEGINS)
        refuse_beginning(reply, beginning);
    else
        answer_begun(request, reply, token_span, span_of(nonce, sizeof nonce));
}

/* The request that a token is for. False: a problem was answered. */
static bool find(const struct api *api, struct request *request, struct reply *reply,
                 struct asking *asking, struct pairings_row *row)
{
    uint8_t token[PAIRING_TOKEN_SIZE] = {0};
    const struct span token_span = span_of(token, sizeof token);

    if (!read_32(asking->token_text, "/token", reply, token))
        return false;
    crypto_sha256(&token_span, 1, asking->token_hash);
    enum status status = pairings_find(
        api->store, span_of(asking->token_hash, sizeof asking->token_hash), request->arena, row);
    if (status == STATUS_NOT_FOUND) {
        count(api, request);
        reply_problem(reply, 404, "no pairing has this token: begin again");
    } else if (status != STATUS_OK) {
        reply_status(reply, status, "the pairing");
    }
    return status == STATUS_OK;
}

/* 202 while it goes on, else 403 with the reason. */
static void answer_state(struct request *request, struct reply *reply,
                         const struct pairings_row *row)
{
    static const char *const ends[] = {
        [PAIRINGS_REFUSED] = "an operator refused this robot",
        [PAIRINGS_FAILED] = "the digits were wrong too often, or what was revealed did not fit: "
                            "begin again with new keys",
        [PAIRINGS_EXPIRED] = "nobody typed the digits, or agreed to them, in time: begin again",
    };

    if (row->state >= PAIRINGS_REFUSED)
        reply_problem(reply, 403, "%s", ends[row->state]);
    else
        reply_json(
            reply, 202,
            span_text(arena_format(request->arena, "{\"state\":\"waiting\",\"expires_in_s\":%lld}",
                                   (long long)(row->left_s > 0 ? row->left_s : 0))));
}

static void reveal(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct asking asking = {0};
    struct pairings_row row;
    uint8_t nonce[PAIRING_NONCE_SIZE];

    if (slow_down(api, request, reply) ||
        !answer_decode(request, reply, asking_fields, 2, &asking) ||
        !read_32(asking.nonce_text, "/nonce", reply, nonce) ||
        !find(api, request, reply, &asking, &row))
        return;
    if (row.state != PAIRINGS_BEGUN) {
        answer_state(request, reply, &row);
        return;
    }
    const bool is_fit = pairing_check_revealed(api->authority, &row, nonce);
    enum status status =
        pairings_reveal(api->store, row.id, span_of(nonce, is_fit ? sizeof nonce : 0),
                        request->address, request->arena);
    if (status != STATUS_OK && status != STATUS_CONFLICT)
        reply_status(reply, status, "the pairing");
    else if (!is_fit)
        reply_problem(reply, 403,
                      "what was revealed does not fit what was committed to: somebody between "
                      "robot and server may have changed it; begin again with new keys");
    else
        answer_state(request, reply, &row);
}

/* Everything that an enrolment answers. */
static void let_in(const struct api *api, struct request *request, struct reply *reply,
                   const struct asking *asking, const struct pairings_row *row)
{
    struct enrolment_keys keys = {.device_id = row->device_id, .csr = row->csr};
    struct enrolment_issue issue = {0};
    enum pairings_verdict verdict;
    int64_t epoch;

    memcpy(keys.key_hash, row->key_hash, sizeof keys.key_hash);
    memcpy(keys.sealing_public, row->sealing_public, sizeof keys.sealing_public);
    enum status status = enrolment_make(api, &keys, request->arena, &issue);
    if (status == STATUS_INVALID) {
        answer_bad(reply, "/sealing_public", "is no key to agree with");
        return;
    }
    if (status == STATUS_OK) {
        const struct newcomer newcomer = enrolment_newcomer(request, row->serial, &keys, &issue);

        status = pairings_enrol(api->store, span_of(asking->token_hash, sizeof asking->token_hash),
                                &newcomer, &verdict, &epoch);
    }
    if (status != STATUS_OK)
        reply_status(reply, status, "the pairing");
    else if (verdict == PAIRINGS_UNFIT)
        reply_problem(reply, 403, "this pairing has ended: begin again");
    else if (verdict == PAIRINGS_TAKEN)
        reply_problem(reply, 409, "device \"%s\" exists already: choose another device_id",
                      row->device_id);
    else
        enrolment_welcome(api, &keys, &issue, epoch, reply);
}

static void outcome(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct asking asking = {0};
    struct pairings_row row;

    if (slow_down(api, request, reply) ||
        !answer_decode(request, reply, asking_fields, 1, &asking) ||
        !find(api, request, reply, &asking, &row))
        return;
    if (row.state == PAIRINGS_CONFIRMED || row.state == PAIRINGS_PAIRED)
        let_in(api, request, reply, &asking, &row);
    else
        answer_state(request, reply, &row);
}

static const struct route rows[] = {
    {"POST", "/enrol/pairings", ROUTE_ANYONE, begin, ROUTE_BODY_NORMAL},
    {"POST", "/enrol/pairings/reveal", ROUTE_ANYONE, reveal, ROUTE_BODY_NORMAL},
    {"POST", "/enrol/pairings/outcome", ROUTE_ANYONE, outcome, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_pair, rows);

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/claim_code.h"
#include "server/api/enrolment.h"
#include "server/api/routes.h"
#include "server/store/claims.h"

/* What a robot sends, as text and taken apart. */
struct application {
    const char *claim;
    const char *serial;
    struct enrolment_keys keys;
    uint8_t claim_hash[CRYPTO_HASH_SIZE];
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
     .offset = offsetof(struct application, keys.device_id),
     .required = true},
    {.name = "serial",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, serial),
     .max = 64},
    {.name = "csr",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, keys.csr),
     .required = true,
     .max = PKI_PEM_SIZE - 1},
    {.name = "sealing_public",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, keys.sealing_public_text),
     .required = true,
     .max = 64},
    {.name = "signature",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct application, keys.signature_text),
     .required = true,
     .max = 160},
};

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

static void enrol(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct application a = {.serial = ""};
    struct enrolment_issue issue;
    enum claims_verdict verdict;
    int64_t epoch;

    if (!answer_decode(request, reply, fields, sizeof fields / sizeof *fields, &a) ||
        !check_claim(api, &a, reply) || !enrolment_check(&a.keys, reply))
        return;
    enum status status = enrolment_make(api, &a.keys, request->arena, &issue);
    if (status == STATUS_INVALID) {
        answer_bad(reply, "/sealing_public", "is no key to agree with");
        return;
    }
    const struct claims_enrolment enrolment = {
        .code_hash = span_of(a.claim_hash, sizeof a.claim_hash),
        .newcomer = enrolment_newcomer(request, a.serial, &a.keys, &issue),
    };
    if (status == STATUS_OK)
        status = claims_enrol(api->store, &enrolment, &verdict, &epoch);
    if (status != STATUS_OK)
        reply_status(reply, status, "the enrolment");
    else if (verdict == CLAIMS_REFUSED)
        refuse_claim(reply);
    else if (verdict == CLAIMS_TAKEN)
        reply_problem(reply, 409, "device \"%s\" exists already: choose another device_id",
                      a.keys.device_id);
    else
        enrolment_welcome(api, &a.keys, &issue, epoch, reply);
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

#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/claim_code.h"
#include "server/api/routes.h"
#include "server/store/claims.h"

#define DAY_S  86400
#define YEAR_S (366 * DAY_S)

struct order {
    const char *serial;
    const char *group;
    int64_t uses;
    int64_t expires_in_s;
};

static const struct json_field order_fields[] = {
    {.name = "serial",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, serial),
     .min = 1,
     .max = 64},
    {.name = "group", .kind = JSON_FIELD_SLUG, .offset = offsetof(struct order, group)},
    {.name = "uses",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct order, uses),
     .min = 1,
     .max = 1000000},
    {.name = "expires_in_s",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct order, expires_in_s),
     .min = 60,
     .max = YEAR_S},
};

/* {"code":..,"device_url":.., and the claim's own members} */
static struct span with_code(const struct api *api, struct arena *arena, struct span claim,
                             const char *code)
{
    struct json_writer writer;
    struct buffer out;
    struct span joined = {0};

    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "code");
    json_write_text(&writer, span_text(code));
    json_key(&writer, "device_url");
    json_write_text(&writer, span_text(api->device_url));
    buffer_byte(&out, ',');
    buffer_add(&out, span_of(claim.data + 1, claim.size - 1));
    if (buffer_status(&out) == STATUS_OK)
        joined = arena_copy(arena, buffer_span(&out));
    buffer_release(&out);
    return joined;
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct order order = {.uses = 1, .expires_in_s = DAY_S};
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct document claim;
    const char *code;

    if (!answer_decode(request, reply, order_fields, 4, &order))
        return;
    if (order.serial != NULL && order.uses != 1) {
        answer_bad(reply, "/uses", "must be 1 for a claim that names a serial number");
        return;
    }
    authority_fingerprint(api->authority, fingerprint);
    enum status status = claim_code_make(request->arena, fingerprint, &code, hash);
    const struct claims_order made = {
        .code_hash = span_of(hash, sizeof hash),
        .serial = order.serial,
        .group = order.group,
        .uses = order.uses,
        .expires_in_s = order.expires_in_s,
    };
    if (status == STATUS_OK)
        status = claims_create(api->store, &author, &made, request->arena, &claim);
    if (status == STATUS_CONFLICT)
        answer_bad(reply, "/group", "there is no such group");
    else if (status == STATUS_NOT_FOUND)
        answer_bad(reply, "/group", "must be a group whose members are put in by hand");
    else if (status == STATUS_OK)
        reply_json(reply, 201, with_code(api, request->arena, claim.json, code));
    else
        reply_status(reply, status, "the claim");
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    enum status status =
        claims_list(api->store, page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "claims");
}

static void withdraw(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    answer_done(reply, claims_withdraw(api->store, &author, id, request->arena),
                answer_subject(request, "claim", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/claims", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/claims", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/claims/{id}", ROUTE_OPERATOR, withdraw, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_claims, rows);

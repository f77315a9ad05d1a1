/* An operator's own second factor. To begin, the password is shown again: who found an open
 * dashboard must not lock its owner out. */
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/password.h"
#include "server/api/qr.h"
#include "server/api/routes.h"
#include "server/api/second_factor.h"
#include "schema/base/clock.h"
#include "server/store/operators.h"
#include "server/store/second_factors.h"

struct order {
    const char *password;
    const char *code;
};

static const struct json_field password_fields[] = {
    PASSWORD_FIELD("password", struct order, password),
};

static const struct json_field code_fields[] = {
    {.name = "code",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct order, code),
     .required = true,
     .max = SECOND_FACTOR_CODE_MAX},
};

/* NULL: a problem was answered. */
static const char *whose(const struct request *request, struct reply *reply)
{
    const char *name = api_operator(request);

    if (name == NULL)
        reply_problem(reply, 409, "an API key has no second factor: it is one secret by itself");
    return name;
}

/* Each wrong password or code counts, here as at the login. */
static bool slow_down(const struct api *api, const char *key, struct request *request,
                      struct reply *reply)
{
    return key == NULL || api_slow_down(api, key, request, reply);
}

static const char *throttle_key(const struct request *request, const char *name)
{
    return arena_format(request->arena, "code %s", name);
}

static void answer_wrong(const struct api *api, const char *key, struct reply *reply,
                         const char *pointer, const char *detail)
{
    struct json_problem problem = {0};

    throttle_fail(api->throttle, key, clock_mono_ms());
    snprintf(problem.pointer, sizeof problem.pointer, "%s", pointer);
    snprintf(problem.detail, sizeof problem.detail, "%s", detail);
    reply_field(reply, 403, &problem);
}

static void answer_codes(struct request *request, struct reply *reply, enum status status,
                         const char *const codes[SECOND_FACTOR_CODES])
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, 4096);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "recovery_codes");
    json_begin_array(&writer);
    for (size_t i = 0; status == STATUS_OK && i < SECOND_FACTOR_CODES; i++)
        json_write_text(&writer, span_text(codes[i]));
    json_end_array(&writer);
    json_end_object(&writer);
    answer_json(reply, status, arena_copy(request->arena, buffer_span(&out)), "the second factor");
    buffer_release(&out);
}

static void show(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *name = whose(request, reply);
    struct span json;

    if (name == NULL)
        return;
    enum status status = second_factors_show(api->store, name, request->arena, &json);
    answer_json(reply, status, json, "the second factor");
}

/* ---- begin ---- */

static void answer_secret(struct request *request, struct reply *reply, const char *name,
                          const uint8_t secret[TOTP_SECRET_SIZE])
{
    const char *uri = totp_uri(secret, name, request->arena);
    char text[TOTP_TEXT_SIZE];
    struct json_writer writer;
    struct buffer out;
    enum status status = uri != NULL ? STATUS_OK : STATUS_MEMORY;

    buffer_init(&out, 16384);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    totp_text(secret, text);
    json_write_member(&writer, "secret", text);
    json_write_member(&writer, "uri", uri != NULL ? uri : "");
    json_key(&writer, "picture");
    if (status == STATUS_OK)
        status = qr_write(&writer, uri);
    json_end_object(&writer);
    answer_json(reply, status, arena_copy(request->arena, buffer_span(&out)), "the second factor");
    crypto_wipe(text, sizeof text);
    crypto_wipe(out.data, out.data != NULL ? out.size : 0);
    buffer_release(&out);
}

static void begin(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *name = whose(request, reply);
    uint8_t secret[TOTP_SECRET_SIZE];
    const char *hash = NULL;
    struct order order;
    bool fits = false;

    if (name == NULL || !answer_decode(request, reply, password_fields, 1, &order))
        return;
    const char *key = throttle_key(request, name);
    if (slow_down(api, key, request, reply))
        return;
    enum status status = operators_password(api->store, name, request->arena, &hash);
    if (status == STATUS_OK && !api_check_password(api, reply, order.password, hash, &fits))
        return;
    if (status == STATUS_OK && !fits) {
        answer_wrong(api, key, reply, "/password", "the password is wrong");
        return;
    }
    if (status == STATUS_OK)
        status = second_factor_begin(api, &author, name, request->arena, secret);
    if (hash == NULL && status == STATUS_NOT_FOUND)
        reply_problem(reply, 409, "you log in at the identity provider, which asks for its own");
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "a second factor is in force already: remove it first");
    else if (status != STATUS_OK)
        reply_status(reply, status, "the second factor");
    else
        answer_secret(request, reply, name, secret);
    crypto_wipe(secret, sizeof secret);
}

/* ---- with a code ---- */

static void confirm(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *name = whose(request, reply);
    const char *codes[SECOND_FACTOR_CODES];
    struct order order;

    if (name == NULL || !answer_decode(request, reply, code_fields, 1, &order))
        return;
    const char *key = throttle_key(request, name);
    if (slow_down(api, key, request, reply))
        return;
    enum status status =
        second_factor_confirm(api, &author, name, order.code, request->arena, codes);
    identities_forget(api->identities);
    if (status == STATUS_DENIED)
        answer_wrong(api, key, reply, "/code",
                     "the code is wrong: look whether the clock of the app's phone is right");
    else if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "a second factor is in force already, or was begun anew");
    else if (status == STATUS_NOT_FOUND)
        reply_problem(reply, 409, "begin the second factor first");
    else
        answer_codes(request, reply, status, codes);
}

/* Takes the code of the body; false: a problem was answered. */
static bool prove(const struct api *api, struct request *request, struct reply *reply,
                  const char *name)
{
    const struct author author = api_author(request);
    struct order order;

    if (name == NULL || !answer_decode(request, reply, code_fields, 1, &order))
        return false;
    const char *key = throttle_key(request, name);
    if (slow_down(api, key, request, reply))
        return false;
    enum status status = second_factor_take(api, &author, name, order.code, request->arena);
    if (status == STATUS_DENIED)
        answer_wrong(api, key, reply, "/code", "the code is wrong or was used before");
    else if (status == STATUS_NOT_FOUND)
        reply_problem(reply, 409, "no second factor is in force");
    else if (status != STATUS_OK)
        reply_status(reply, status, "the second factor");
    return status == STATUS_OK;
}

static void renew(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *name = whose(request, reply);
    const char *codes[SECOND_FACTOR_CODES];

    if (!prove(api, request, reply, name))
        return;
    enum status status = second_factor_renew(api, &author, name, request->arena, codes);
    answer_codes(request, reply, status, codes);
}

static void drop(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *name = whose(request, reply);

    if (!prove(api, request, reply, name))
        return;
    enum status status = second_factors_remove(api->store, &author, name, false, request->arena);
    identities_forget(api->identities);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409,
                      "your role asks for a second factor: an admin may reset it, and you "
                      "begin a new one");
    else
        answer_done(reply, status, "the second factor");
}

static void reset(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    enum status status = second_factors_remove(api->store, &author, id, true, request->arena);

    identities_forget(api->identities);
    answer_done(reply, status, answer_subject(request, "a second factor of operator", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/me/second-factor", ROUTE_VIEWER, show, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/me/second-factor", ROUTE_VIEWER, begin, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/me/second-factor/confirm", ROUTE_VIEWER, confirm, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/me/second-factor/recovery-codes", ROUTE_VIEWER, renew, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/me/second-factor/remove", ROUTE_VIEWER, drop, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/operators/{id}/second-factor", ROUTE_ADMIN, reset, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_second_factor, rows);

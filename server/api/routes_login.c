#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/password.h"
#include "server/api/routes.h"
#include "server/api/secret.h"
#include "server/api/session.h"
#include "schema/base/clock.h"
#include "server/store/operators.h"

struct credentials {
    const char *name;
    const char *password;
};

static const struct json_field credential_fields[] = {
    {.name = "name",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct credentials, name),
     .required = true,
     .max = 48},
    {.name = "password",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct credentials, password),
     .required = true,
     .max = PASSWORD_MAX},
};

static bool slow_down(const struct api *api, const char *key, struct request *request,
                      struct reply *reply)
{
    int64_t wait_ms = throttle_wait_ms(api->throttle, key, clock_mono_ms());

    if (wait_ms == 0)
        return false;
    reply_header(reply, "Retry-After",
                 arena_format(request->arena, "%lld", (long long)(wait_ms / 1000 + 1)));
    reply_problem(reply, 429, "too many failed logins: wait %lld seconds",
                  (long long)(wait_ms / 1000 + 1));
    return true;
}

/* STATUS_DENIED: no such operator or another password; which, is not told. */
static enum status check(const struct api *api, struct request *request,
                         const struct credentials *credentials)
{
    const char *hash = NULL;
    enum status status = operators_password(api->store, credentials->name, request->arena, &hash);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        return status;
    return password_fits(credentials->password, hash) ? STATUS_OK : STATUS_DENIED;
}

static void open_session(const struct api *api, struct request *request, const char *name,
                         struct reply *reply)
{
    const char *actor = arena_format(request->arena, "operator:%s", name);
    const struct author author = {actor, request->address};
    const char *token = secret_make(request->arena, "", 32);
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct span json;

    if (token == NULL || actor == NULL) {
        reply_status(reply, STATUS_MEMORY, "the session");
        return;
    }
    secret_hash(span_text(token), hash);
    enum status status = operators_log_in(api->store, &author, name, span_of(hash, sizeof hash),
                                          SESSION_LIFE_S, request->arena, &json);
    if (status == STATUS_OK)
        reply_header(reply, "Set-Cookie", session_cookie(request, token));
    answer_json(reply, status, json, "the session");
}

static void log_in(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct credentials credentials;

    if (!answer_decode(request, reply, credential_fields, 2, &credentials))
        return;
    const char *key = arena_format(request->arena, "%s %s", credentials.name, request->address);
    if (key == NULL) {
        reply_status(reply, STATUS_MEMORY, "the login");
        return;
    }
    if (slow_down(api, key, request, reply))
        return;
    enum status status = check(api, request, &credentials);
    if (status == STATUS_DENIED) {
        throttle_fail(api->throttle, key, clock_mono_ms());
        reply_problem(reply, 401, "name or password is wrong");
        return;
    }
    if (status != STATUS_OK) {
        reply_status(reply, status, "the login");
        return;
    }
    throttle_clear(api->throttle, key);
    open_session(api, request, credentials.name, reply);
}

static void log_out(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *token = session_token(request);
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = STATUS_OK;

    if (token != NULL) {
        secret_hash(span_text(token), hash);
        status = operators_log_out(api->store, &author, span_of(hash, sizeof hash));
        identities_forget(api->identities);
    }
    if (status == STATUS_OK)
        reply_header(reply, "Set-Cookie", session_cookie(request, ""));
    answer_done(reply, status, "the session");
}

static void me(void *context, struct request *request, struct reply *reply)
{
    static const char operator_prefix[] = "operator:";
    const char *name = request->actor.name;
    size_t skip = strncmp(name, operator_prefix, sizeof operator_prefix - 1) == 0
                      ? sizeof operator_prefix - 1
                      : 0;
    struct json_writer writer;
    struct buffer out;

    (void)context;
    buffer_init(&out, 1024);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "operator");
    json_begin_object(&writer);
    json_key(&writer, "id");
    json_write_text(&writer, span_text(name + skip));
    json_key(&writer, "role");
    json_write_text(&writer, span_text(route_role_name(request->actor.role)));
    json_end_object(&writer);
    json_end_object(&writer);
    answer_json(reply, buffer_status(&out), arena_copy(request->arena, buffer_span(&out)), "you");
    buffer_release(&out);
}

static const struct route rows[] = {
    {"POST", "/api/v1/login", ROUTE_ANYONE, log_in, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/logout", ROUTE_VIEWER, log_out, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/me", ROUTE_VIEWER, me, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_login, rows);

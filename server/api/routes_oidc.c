/* Logging in at the identity provider. The browser is sent there and comes back; what belongs to
 * one login is kept by the browser, sealed, so that any instance can finish what another began. */
#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/api/secret.h"
#include "server/api/session.h"
#include "server/sso/oidc.h"
#include "server/store/operators.h"

#define SEAL_PURPOSE "login-flow"

struct sealed {
    struct oidc_flow flow;
    int64_t until_ms;
};
#define WRAPPED_SIZE (sizeof(struct sealed) + CRYPTO_WRAP_OVERHEAD)

static void methods(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    bool exist = false;
    enum status status = operators_exist(api->store, &exist);
    const char *json =
        arena_format(request->arena, "{\"password\":true,\"provider\":%s,\"operators\":%s}",
                     api->oidc != NULL ? "true" : "false", exist ? "true" : "false");

    if (status == STATUS_OK && json == NULL)
        status = STATUS_MEMORY;
    answer_json(reply, status, span_text(json), "the logins");
}

/* The sign-in page says what happened; why, is for the log. */
static void send_back(struct request *request, struct reply *reply, const char *where)
{
    reply_empty(reply, 303);
    reply_header(reply, "Location", where);
    reply_header(reply, "Set-Cookie", session_flow_cookie(request, ""));
}

static void refuse(struct request *request, struct reply *reply, const char *word,
                   const char *problem)
{
    log_warning("login", "the identity provider's login failed: %s address=%s", problem,
                request->address);
    send_back(request, reply, arena_format(request->arena, "/?sign_in=%s", word));
}

static const char *seal(const struct api *api, struct request *request,
                        const struct oidc_flow *flow)
{
    struct sealed sealed = {0};
    uint8_t wrapped[WRAPPED_SIZE];
    char *text = arena_take(request->arena, 2 * WRAPPED_SIZE + 1);

    sealed.flow = *flow;
    sealed.until_ms = clock_wall_ms() + (int64_t)SESSION_FLOW_S * 1000;
    if (text == NULL ||
        crypto_wrap(authority_data_key(api->authority), SEAL_PURPOSE,
                    span_of(&sealed, sizeof sealed), wrapped) != STATUS_OK ||
        encode_hex(span_of(wrapped, sizeof wrapped), text, 2 * WRAPPED_SIZE + 1) != STATUS_OK)
        return NULL;
    return text;
}

static bool unseal(const struct api *api, const struct request *request, struct oidc_flow *out)
{
    const char *text = session_flow(request);
    uint8_t wrapped[WRAPPED_SIZE];
    struct sealed sealed;
    size_t size = 0;

    if (text == NULL ||
        encode_from_hex(span_text(text), wrapped, sizeof wrapped, &size) != STATUS_OK ||
        size != sizeof wrapped ||
        crypto_unwrap(authority_data_key(api->authority), SEAL_PURPOSE,
                      span_of(wrapped, sizeof wrapped), (uint8_t *)&sealed) != STATUS_OK ||
        sealed.until_ms < clock_wall_ms())
        return false;
    *out = sealed.flow;
    return true;
}

static void begin(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    char problem[OIDC_PROBLEM] = "out of memory";
    struct oidc_flow flow = {0};
    const char *url;

    if (api->oidc == NULL) {
        reply_problem(reply, 404, "operators have passwords here: there is no identity provider");
        return;
    }
    if (oidc_begin(api->oidc, &flow, request->arena, &url, problem) != STATUS_OK) {
        refuse(request, reply, "failed", problem);
        return;
    }
    const char *sealed = seal(api, request, &flow);
    if (sealed == NULL) {
        reply_status(reply, STATUS_MEMORY, "the login");
        return;
    }
    reply_empty(reply, 303);
    reply_header(reply, "Location", url);
    reply_header(reply, "Set-Cookie", session_flow_cookie(request, sealed));
}

static void open_session(const struct api *api, struct request *request, struct reply *reply,
                         const char *id, bool lacks_factor)
{
    const struct author author = {arena_format(request->arena, "operator:%s", id),
                                  request->address};
    const char *token = secret_make(request->arena, "", 32);
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = STATUS_MEMORY;
    struct span json;

    if (author.actor != NULL && token != NULL) {
        secret_hash(span_text(token), hash);
        const struct operators_opening opening = {.token_hash = span_of(hash, sizeof hash),
                                                  .lives_s = SESSION_LIFE_S,
                                                  .how = "provider",
                                                  .lacks_factor = lacks_factor};
        status = operators_log_in(api->store, &author, id, &opening, request->arena, &json);
    }
    if (status == STATUS_DENIED) {
        refuse(
            request, reply, "factor",
            arena_format(request->arena,
                         "\"%s\": the role asks for a second factor, and the ID token shows none "
                         "that oidc_acr or oidc_amr names",
                         id));
        return;
    }
    if (status != STATUS_OK) {
        refuse(request, reply, "failed", status_text(status));
        return;
    }
    send_back(request, reply, "/");
    reply_header(reply, "Set-Cookie", session_cookie(request, token));
}

static const char *why_not(enum status status)
{
    switch (status) {
    case STATUS_NOT_FOUND:
        return "none of the operator's groups has a role in oidc_roles";
    case STATUS_DENIED:
        return "the operator is disabled";
    case STATUS_EXISTS:
        return "an operator of that name has a password here: delete or rename one of them";
    case STATUS_CONFLICT:
        return "oidc_roles names a role that does not exist";
    default:
        return status_text(status);
    }
}

static void welcome(const struct api *api, struct request *request, struct reply *reply,
                    const struct oidc_person *person)
{
    const struct author author = {"mynad", request->address};
    const struct operators_visitor visitor = {
        .subject = person->subject,
        .name = person->name,
        .role = oidc_role(api->oidc_roles, person, request->arena),
    };
    const char *id = NULL;
    enum status status = operators_visit(api->store, &author, &visitor, request->arena, &id);

    identities_forget(api->identities);
    if (status != STATUS_OK)
        refuse(request, reply, "denied",
               arena_format(request->arena, "\"%s\": %s", person->name, why_not(status)));
    else
        open_session(api, request, reply, id, person->lacks_factor);
}

/* "access_denied": whatever else comes, nobody's log is written by it. */
static bool is_word(const char *text)
{
    return text != NULL && text[strspn(text, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static void callback(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *state = request_query(request, "state");
    const char *code = request_query(request, "code");
    const char *error = request_query(request, "error");
    char problem[OIDC_PROBLEM] = "out of memory";
    struct oidc_person person;
    struct oidc_flow flow;

    if (api->oidc == NULL) {
        reply_problem(reply, 404, "operators have passwords here: there is no identity provider");
        return;
    }
    if (!unseal(api, request, &flow) || state == NULL || strcmp(state, flow.state) != 0) {
        refuse(request, reply, "failed", "this browser has begun no such login, or long ago");
        return;
    }
    if (code == NULL) {
        refuse(request, reply, "denied",
               is_word(error) ? arena_format(request->arena, "the provider says %.60s", error)
                              : "the provider says nothing that can be read");
        return;
    }
    if (oidc_finish(api->oidc, &flow, code, clock_wall_ms(), request->arena, &person, problem) !=
            STATUS_OK ||
        person.name == NULL)
        refuse(request, reply, "failed", problem);
    else
        welcome(api, request, reply, &person);
}

static const struct route rows[] = {
    {"GET", "/api/v1/login/methods", ROUTE_ANYONE, methods, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/login/provider", ROUTE_ANYONE, begin, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/login/provider/callback", ROUTE_ANYONE, callback, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_oidc, rows);

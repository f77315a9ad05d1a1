#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/guesses.h"
#include "server/api/password.h"
#include "server/api/routes.h"
#include "server/api/second_factor.h"
#include "server/api/secret.h"
#include "server/api/session.h"
#include "schema/base/clock.h"
#include "schema/base/log.h"
#include "server/sso/oidc.h"
#include "server/store/logins.h"
#include "server/store/operators.h"

struct credentials {
    const char *name;
    const char *password;
    const char *code;
};

static const struct json_field credential_fields[] = {
    {.name = "name",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct credentials, name),
     .required = true,
     .max = 48},
    PASSWORD_FIELD("password", struct credentials, password),
    {.name = "code",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct credentials, code),
     .min = 1,
     .max = SECOND_FACTOR_CODE_MAX},
};

struct attempt {
    struct credentials credentials;
    struct guess guess;
    const char *code_key; /* the name alone: whoever gets there has the password */
};

/* A failure that cannot be written down has failed all the same. */
static void note(const struct api *api, const struct request *request,
                 const struct logins_failure *failure)
{
    enum status status = logins_fail(api->store, request->address, failure, request->arena);

    if (status != STATUS_OK)
        log_warning("login", "a failed login cannot be written down: %s address=%s",
                    status_text(status), request->address);
}

/* False: a problem was answered. */
static bool may_try(const struct api *api, struct request *request, struct reply *reply,
                    struct attempt *attempt)
{
    const int64_t wait_ms = guesses_try(api->guesses, &attempt->guess, attempt->credentials.name,
                                        request->address, clock_mono_ms());

    if (wait_ms > 0)
        api_ask_to_wait(wait_ms, request, reply);
    return wait_ms == 0;
}

static bool read_attempt(const struct api *api, struct request *request, struct reply *reply,
                         struct attempt *out)
{
    const struct credentials *given = &out->credentials;

    *out = (struct attempt){0};
    if (!answer_decode(request, reply, credential_fields,
                       sizeof credential_fields / sizeof *credential_fields, &out->credentials))
        return false;
    out->code_key = arena_format(request->arena, "code %s", given->name);
    if (out->code_key == NULL) {
        reply_status(reply, STATUS_MEMORY, "the login");
        return false;
    }
    return may_try(api, request, reply, out);
}

static void note_wrong(const struct api *api, const struct request *request,
                       const struct attempt *attempt)
{
    const enum guesses_extent extent =
        guesses_wrong(api->guesses, &attempt->guess, clock_mono_ms());
    const struct logins_failure failure = {.name = attempt->credentials.name,
                                           .what = "password",
                                           .problem = guesses_problem(extent),
                                           .is_about_name = extent == GUESSES_AT_ONE};

    note(api, request, &failure);
}

/* After may_try(); a wrong one is counted and written down. *hash: what it was compared to, NULL
 * when there is none. False: a problem was answered, and nobody looked. */
static bool look_at_password(const struct api *api, struct request *request, struct reply *reply,
                             const struct attempt *attempt, const char **hash, bool *fits)
{
    enum status status =
        operators_password(api->store, attempt->credentials.name, request->arena, hash);
    const bool can_look = status == STATUS_OK || status == STATUS_NOT_FOUND;

    if (!can_look)
        reply_status(reply, status, "the login");
    if (!can_look || !api_check_password(api, reply, attempt->credentials.password, *hash, fits)) {
        guesses_untried(api->guesses, &attempt->guess);
        return false;
    }
    if (!*fits)
        note_wrong(api, request, attempt);
    return true;
}

/* No such operator or another password: which, is not told. False: a problem was answered. */
static bool check_password(const struct api *api, struct request *request, struct reply *reply,
                           const struct attempt *attempt)
{
    const char *hash = NULL;
    bool fits = false;

    if (!look_at_password(api, request, reply, attempt, &hash, &fits))
        return false;
    if (!fits)
        reply_problem(reply, 401, "name or password is wrong");
    return fits;
}

/* 401 as for a wrong password, but the problem names the code, which programs then ask for. */
static void answer_code(const struct api *api, const struct request *request,
                        const struct attempt *attempt, struct reply *reply)
{
    const bool is_wrong = attempt->credentials.code != NULL;
    const struct json_problem problem = {
        .pointer = "/code",
        .detail = "type the code that your app shows, or one of your recovery codes"};
    const struct json_problem wrong = {.pointer = "/code",
                                       .detail = "the code is wrong or was used before"};

    if (is_wrong) {
        throttle_fail(api->throttle, attempt->code_key, clock_mono_ms());
        const bool is_guessing =
            throttle_is_used_up(api->throttle, attempt->code_key, clock_mono_ms());
        const struct logins_failure failure = {
            .name = attempt->credentials.name,
            .what = "code",
            .problem = is_guessing ? guesses_problem(GUESSES_OF_CODE) : NULL,
            .is_about_name = true};
        note(api, request, &failure);
    }
    reply_field(reply, 401, is_wrong ? &wrong : &problem);
}

/* Name and password were right. *how: what was shown; false: a problem was answered. */
static bool check_code(const struct api *api, struct request *request, struct reply *reply,
                       const struct attempt *attempt, const char **how)
{
    const char *actor = arena_format(request->arena, "operator:%s", attempt->credentials.name);
    const struct author author = {actor, request->address};
    enum status status = STATUS_MEMORY;

    if (actor != NULL && attempt->credentials.code != NULL &&
        api_slow_down(api, attempt->code_key, request, reply))
        return false;
    if (actor != NULL)
        status = second_factor_take(api, &author, attempt->credentials.name,
                                    attempt->credentials.code, request->arena);
    *how = status == STATUS_OK ? "password and code" : "password";
    if (status == STATUS_OK || status == STATUS_NOT_FOUND)
        return true;
    if (status == STATUS_DENIED)
        answer_code(api, request, attempt, reply);
    else
        reply_status(reply, status, "the login");
    return false;
}

static void open_session(const struct api *api, struct request *request, const char *name,
                         const char *how, struct reply *reply)
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
    const struct operators_opening opening = {
        .token_hash = span_of(hash, sizeof hash), .lives_s = SESSION_LIFE_S, .how = how};
    enum status status =
        operators_log_in(api->store, &author, name, &opening, request->arena, &json);
    if (status == STATUS_OK)
        reply_header(reply, "Set-Cookie", session_cookie(request, token));
    answer_json(reply, status, json, "the session");
}

static void log_in(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct attempt attempt;
    const char *how;

    if (!read_attempt(api, request, reply, &attempt) ||
        !check_password(api, request, reply, &attempt))
        return;
    if (!check_code(api, request, reply, &attempt, &how)) {
        guesses_untried(api->guesses, &attempt.guess);
        return;
    }
    guesses_right(api->guesses, &attempt.guess, clock_mono_ms());
    throttle_clear(api->throttle, attempt.code_key);
    open_session(api, request, attempt.credentials.name, how, reply);
}

/* Who logged in at the provider may want to log out there as well: the next one at this browser
 * would come in without a word. Left out when the provider cannot be asked. */
static const char *logout_at_provider(const struct api *api, const struct request *request)
{
    char problem[OIDC_PROBLEM] = "out of memory";
    const char *url = NULL;

    if (api->oidc != NULL && oidc_end(api->oidc, request->arena, &url, problem) != STATUS_OK)
        log_warning("login", "nobody is logged out at the identity provider: %s", problem);
    return url;
}

static void answer_provider(const struct request *request, struct reply *reply, const char *url)
{
    struct json_writer writer;
    struct buffer out;

    buffer_init(&out, 8192);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "provider", url);
    json_end_object(&writer);
    const struct span json = arena_copy(request->arena, buffer_span(&out));
    enum status status = buffer_status(&out);
    buffer_release(&out);
    answer_json(reply, status, json, "the session");
}

static void log_out(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *token = session_token(request);
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = STATUS_OK;
    bool by_provider = false;

    if (token != NULL) {
        secret_hash(span_text(token), hash);
        status = operators_log_out(api->store, &author, span_of(hash, sizeof hash), &by_provider);
        identities_forget(api->identities);
    }
    if (status == STATUS_OK)
        reply_header(reply, "Set-Cookie", session_cookie(request, ""));
    const char *url = status == STATUS_OK && by_provider ? logout_at_provider(api, request) : NULL;
    if (url != NULL)
        answer_provider(request, reply, url);
    else
        answer_done(reply, status, "the session");
}

static void me(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *name = api_operator(request);
    struct span json;
    enum status status =
        operators_me(api->store, name != NULL ? name : request->actor.name,
                     request->actor.role_name, request->actor.must_enrol, request->arena, &json);

    answer_json(reply, status, json, "you");
}

/* ---- another password ---- */

struct passwords {
    const char *old;
    const char *fresh;
};

static const struct json_field password_fields[] = {
    PASSWORD_FIELD("old", struct passwords, old),
    PASSWORD_FIELD("new", struct passwords, fresh),
};

static bool check_passwords(struct reply *reply, const struct passwords *given, const char *name)
{
    const char *problem = password_problem(given->fresh, name);

    if (strcmp(given->old, given->fresh) == 0)
        answer_bad(reply, "/new", "is the old one");
    else if (problem != NULL)
        answer_bad(reply, "/new", problem);
    else
        return true;
    return false;
}

/* False: a problem was answered. */
static bool prove_old(const struct api *api, struct request *request, struct reply *reply,
                      struct attempt *attempt, const char **hash)
{
    const struct json_problem wrong = {.pointer = "/old", .detail = "the password is wrong"};
    bool fits = false;

    if (!may_try(api, request, reply, attempt) ||
        !look_at_password(api, request, reply, attempt, hash, &fits))
        return false;
    if (fits)
        guesses_untried(api->guesses, &attempt->guess);
    else
        reply_field(reply, 403, &wrong);
    return fits;
}

static enum status set_password(const struct api *api, struct request *request, const char *name,
                                const char *old_hash, const char *password)
{
    const struct author author = api_author(request);
    uint8_t session[CRYPTO_HASH_SIZE];
    const char *hash;
    enum status status = password_hash(password, request->arena, &hash);

    if (status != STATUS_OK)
        return status;
    secret_hash(span_text(session_token(request)), session);
    const struct operators_password_change change = {old_hash, hash,
                                                     span_of(session, sizeof session)};
    return operators_change_password(api->store, &author, name, &change, request->arena);
}

static void change_password(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *name = api_operator(request);
    struct attempt attempt = {0};
    struct passwords given;
    const char *hash = NULL;

    if (name == NULL) {
        reply_problem(reply, 409, "an API key has no password: make another key, and revoke this");
        return;
    }
    if (!answer_decode(request, reply, password_fields, 2, &given) ||
        !check_passwords(reply, &given, name))
        return;
    attempt.credentials = (struct credentials){.name = name, .password = given.old};
    if (operators_password(api->store, name, request->arena, &hash) == STATUS_NOT_FOUND) {
        reply_problem(reply, 409, "you log in at the identity provider, which has your password");
        return;
    }
    if (!prove_old(api, request, reply, &attempt, &hash))
        return;
    enum status status = set_password(api, request, name, hash, given.fresh);
    identities_forget(api->identities);
    if (status == STATUS_NOT_FOUND)
        reply_problem(reply, 409, "the password was changed meanwhile: log in anew");
    else
        answer_done(reply, status, "the password");
}

static const struct route rows[] = {
    {"POST", "/api/v1/me/password", ROUTE_VIEWER, change_password, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/login", ROUTE_ANYONE, log_in, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/logout", ROUTE_VIEWER, log_out, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/me", ROUTE_VIEWER, me, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_login, rows);

#include "server/api/api.h"

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "schema/base/log.h"
#include "server/api/password.h"
#include "server/api/reach.h"
#include "server/api/rights.h"
#include "server/api/routes.h"
#include "server/api/secret.h"
#include "server/api/session.h"
#include "server/api/turnstile.h"
#include "server/store/answers.h"
#include "server/store/operators.h"

#define KEY_BYTES_MAX 200

const struct route_table *const *api_routes(size_t *count)
{
    /* pages last: they take every path that is left */
    static const struct route_table *const tables[] = {
        &routes_alerts,     &routes_attempts,    &routes_audit,         &routes_budgets,
        &routes_channels,   &routes_claims,      &routes_commands,      &routes_contracts,
        &routes_devices,    &routes_device_ends, &routes_doctor,        &routes_drains,
        &routes_filters,    &routes_fleet,       &routes_groups,        &routes_health,
        &routes_imports,    &routes_invoices,    &routes_keys,          &routes_layers,
        &routes_login,      &routes_media,       &routes_oidc,          &routes_operators,
        &routes_regions,    &routes_rotation,    &routes_rollouts,      &routes_statements,
        &routes_usage,      &routes_vendors,     &routes_whatif,        &routes_why,
        &routes_thresholds, &routes_views,       &routes_bundles,       &routes_transfers,
        &routes_packs,      &routes_roles,       &routes_second_factor, &routes_claim_imports,
        &routes_pairings,   &routes_privacy,     &routes_retention,     &routes_blackouts,
        &routes_jobs,       &routes_pages,
    };

    *count = sizeof tables / sizeof *tables;
    return tables;
}

const struct route_table *const *api_robot_routes(size_t *count)
{
    static const struct route_table *const tables[] = {&routes_enrol, &routes_pair, &routes_renew};

    *count = sizeof tables / sizeof *tables;
    return tables;
}

struct author api_author(const struct request *request)
{
    return (struct author){request->actor.name, request->address};
}

int64_t api_alone(const struct api *api)
{
    const bool has_cost = api->approval_cost != NULL && api->approval_cost[0] != '\0';

    return has_cost ? 1 : api->approval_devices;
}

const char *api_operator(const struct request *request)
{
    static const char prefix[] = "operator:";
    const size_t skip = sizeof prefix - 1;

    return strncmp(request->actor.name, prefix, skip) == 0 ? request->actor.name + skip : NULL;
}

bool api_check_password(const struct api *api, struct reply *reply, const char *password,
                        const char *hash, bool *fits)
{
    if (!turnstile_enter(api->hashing)) {
        reply_header(reply, "Retry-After", "1");
        reply_problem(reply, 503, "too many passwords are being looked at: try again in a second");
        return false;
    }
    *fits = password_fits(password, hash);
    turnstile_leave(api->hashing);
    return true;
}

void api_ask_to_wait(int64_t wait_ms, const struct request *request, struct reply *reply)
{
    reply_header(reply, "Retry-After",
                 arena_format(request->arena, "%lld", (long long)(wait_ms / 1000 + 1)));
    reply_problem(reply, 429, "too many failed logins: wait %lld seconds",
                  (long long)(wait_ms / 1000 + 1));
}

bool api_slow_down(const struct api *api, const char *key, struct request *request,
                   struct reply *reply)
{
    const int64_t wait_ms = throttle_wait_ms(api->throttle, key, clock_mono_ms());

    if (wait_ms == 0)
        return false;
    api_ask_to_wait(wait_ms, request, reply);
    return true;
}

/* What is about oneself may be done by whoever is logged in; else an own role has what it names. */
static enum status role_level(const struct operators_identity *identity, struct span area,
                              enum route_role *level)
{
    if (!identity->is_own)
        return route_role_from_name(span_text(identity->role), level);
    *level = rights_is_own_matter(area) ? ROUTE_VIEWER : rights_level(identity->rights, area);
    return STATUS_OK;
}

/* The role's, or less where a key's scope says so. */
static enum status find_level(const struct operators_identity *identity, struct span area,
                              enum route_role *level)
{
    enum status status = role_level(identity, area, level);

    if (status != STATUS_OK || !identity->has_scope || rights_is_own_matter(area))
        return status;
    enum route_role most = rights_scope_level(identity->scope, area);
    /* what makes operators, roles and keys would make a key without that scope */
    if (most > ROUTE_VIEWER && !rights_is_area(area))
        most = ROUTE_VIEWER;
    if (most < *level)
        *level = most;
    return STATUS_OK;
}

static enum status become(struct request *request, const struct operators_identity *identity,
                          bool by_cookie)
{
    struct request_actor actor = {.by_groups = identity->by_groups,
                                  .by_vendors = identity->by_vendors,
                                  .has_scope = identity->has_scope,
                                  .is_bound_itself = identity->is_bound_itself,
                                  .must_enrol = identity->must_enrol,
                                  .by_cookie = by_cookie,
                                  .until_ms = clock_mono_ms() + identity->expires_in_ms};
    enum status status = find_level(identity, rights_area(request->route->pattern), &actor.role);

    if (status == STATUS_OK)
        status = span_to_text(span_text(identity->actor), actor.name, sizeof actor.name);
    if (status == STATUS_OK)
        status = span_to_text(span_text(identity->role), actor.role_name, sizeof actor.role_name);
    if (status == STATUS_OK)
        request->actor = actor;
    return status;
}

/* A second factor comes first where the role asks for one; then how far the role goes. */
static bool admit(void *context, struct request *request, struct reply *reply)
{
    const struct request_actor *actor = &request->actor;

    if (rights_is_own_matter(rights_area(request->route->pattern)))
        return true;
    if (actor->must_enrol) {
        reply_problem(reply, 403,
                      "your role asks for a second factor: set one up first (mynactl "
                      "second-factor enable, or the dashboard)");
        return false;
    }
    return (!actor->by_groups && !actor->by_vendors) || reach_allows(context, request, reply);
}

/* Whose secret it is: what was known a moment ago, else what the database says. */
static enum status identify(const struct api *api, struct span hash, bool is_session,
                            struct operators_identity *out)
{
    const int64_t now_ms = clock_mono_ms();
    uint64_t round;

    if (identities_find(api->identities, hash, is_session, now_ms, out, &round))
        return STATUS_OK;
    enum status status = is_session ? operators_by_session(api->store, hash, out)
                                    : operators_by_key(api->store, hash, out);
    if (status == STATUS_OK)
        identities_keep(api->identities, hash, is_session, now_ms, out, round);
    return status;
}

/* False: none is shown. */
static bool hash_shown(const struct request *request, uint8_t hash[CRYPTO_HASH_SIZE],
                       bool *is_session)
{
    const char *bearer = request_header(request, "Authorization");
    const char *token = session_token(request);
    const bool is_key = bearer != NULL && strncmp(bearer, "Bearer ", 7) == 0;

    if (!is_key && token == NULL)
        return false;
    secret_hash(span_text(is_key ? bearer + 7 : token), hash);
    *is_session = !is_key;
    return true;
}

/* STATUS_NOT_FOUND: nobody's secret, or none. */
static enum status read_identity(const struct api *api, const struct request *request,
                                 struct operators_identity *out)
{
    uint8_t hash[CRYPTO_HASH_SIZE];
    bool is_session;

    if (!hash_shown(request, hash, &is_session))
        return STATUS_NOT_FOUND;
    return identify(api, span_of(hash, sizeof hash), is_session, out);
}

enum status api_prove(const struct api *api, struct request *request)
{
    struct operators_identity identity;
    enum status status = read_identity(api, request, &identity);

    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    return status == STATUS_OK
               ? become(request, &identity, request_header(request, "Authorization") == NULL)
               : status;
}

/* Whose rights end at groups or vendors, for him the database says what he may see. */
static bool recognise(void *context, struct request *request)
{
    const struct api *api = context;
    const struct request_actor *actor = &request->actor;
    struct operators_identity identity;
    uint8_t hash[CRYPTO_HASH_SIZE];
    bool is_session;
    uint64_t round;

    return hash_shown(request, hash, &is_session) &&
           identities_find(api->identities, span_of(hash, sizeof hash), is_session, clock_mono_ms(),
                           &identity, &round) &&
           become(request, &identity, request_header(request, "Authorization") == NULL) ==
               STATUS_OK &&
           !actor->must_enrol && !actor->by_groups && !actor->by_vendors;
}

enum route_role api_level(const struct api *api, const struct request *request, const char *area)
{
    struct operators_identity identity;
    enum route_role level = ROUTE_ANYONE;

    if (read_identity(api, request, &identity) != STATUS_OK ||
        find_level(&identity, span_text(area), &level) != STATUS_OK)
        return ROUTE_ANYONE;
    return level;
}

static enum status authenticate(void *context, struct request *request)
{
    return request->route->role == ROUTE_ANYONE ? STATUS_OK : api_prove(context, request);
}

/* Idempotency-Key: answers are kept wrapped, for some hold a secret that is shown once. */

/* Each piece ends with a NUL, which none of them holds. The query is part of what is asked: with
 * dry_run nothing is done. */
static void hash_request(const struct request *request, uint8_t hash[CRYPTO_HASH_SIZE])
{
    const struct span end = span_of("", 1);
    struct span parts[5 + 4 * REQUEST_PAIRS];
    size_t count = 0;

    parts[count++] = span_text(request->method);
    parts[count++] = end;
    parts[count++] = span_text(request->path);
    parts[count++] = end;
    for (size_t i = 0; i < request->query_count; i++) {
        parts[count++] = span_text(request->query[i].name);
        parts[count++] = end;
        parts[count++] = span_text(request->query[i].value);
        parts[count++] = end;
    }
    parts[count++] = request->body;
    crypto_sha256(parts, count, hash);
}

static struct answers_key answer_key(const struct request *request, uint8_t hash[CRYPTO_HASH_SIZE])
{
    hash_request(request, hash);
    return (struct answers_key){
        .actor = request->actor.name,
        .key = request_header(request, "Idempotency-Key"),
        .request_hash = span_of(hash, CRYPTO_HASH_SIZE),
    };
}

static const char *purpose(const struct request *request)
{
    return arena_format(request->arena, "answer:%s:%s", request->actor.name,
                        request_header(request, "Idempotency-Key"));
}

static bool replay(const struct api *api, const struct request *request, int64_t status,
                   struct span kept, struct reply *reply)
{
    uint8_t *wrapped = arena_take(request->arena, kept.size + 1);
    uint8_t *plain = arena_take(request->arena, kept.size + 1);
    const char *bound = purpose(request);
    size_t size = 0;

    if (wrapped == NULL || plain == NULL || bound == NULL ||
        encode_from_base64(kept, wrapped, kept.size + 1, &size) != STATUS_OK ||
        crypto_unwrap(authority_data_key(api->authority), bound, span_of(wrapped, size), plain) !=
            STATUS_OK) {
        reply_problem(reply, 500, "the answer kept for this Idempotency-Key cannot be read");
        return true;
    }
    reply_header(reply, "Idempotency-Replayed", "true");
    reply_json(reply, (unsigned)status, span_of(plain, size - CRYPTO_WRAP_OVERHEAD));
    return true;
}

static bool before(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct answers_key key = answer_key(request, hash);
    struct span kept;
    int64_t answered;

    if (request->actor.name[0] == '\0')
        return false;
    if (strlen(key.key) > KEY_BYTES_MAX || !span_is_utf8(span_text(key.key))) {
        reply_problem(reply, 400, "Idempotency-Key must be at most 200 bytes of text");
        return true;
    }
    enum status status = answers_take(api->store, &key, request->arena, &answered, &kept);
    if (status == STATUS_OK)
        return false;
    if (status == STATUS_EXISTS)
        return replay(api, request, answered, kept, reply);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 422, "this Idempotency-Key was used for another request");
    else if (status == STATUS_AGAIN)
        reply_problem(reply, 409,
                      "a request with this Idempotency-Key is under way or was cut "
                      "off: look what it did before sending it with a new key");
    else
        reply_status(reply, status, "the Idempotency-Key");
    return true;
}

static enum status keep(const struct api *api, const struct request *request,
                        const struct answers_key *key, const struct reply *reply)
{
    struct span body = reply->body;
    uint8_t *wrapped = arena_take(request->arena, body.size + CRYPTO_WRAP_OVERHEAD);
    size_t text_size = (body.size + CRYPTO_WRAP_OVERHEAD) / 3 * 4 + 8;
    char *text = arena_take(request->arena, text_size);
    const char *bound = purpose(request);

    if (wrapped == NULL || text == NULL || bound == NULL)
        return STATUS_MEMORY;
    enum status status = crypto_wrap(authority_data_key(api->authority), bound, body, wrapped);
    if (status == STATUS_OK)
        status = encode_base64(span_of(wrapped, body.size + CRYPTO_WRAP_OVERHEAD), text, text_size);
    if (status == STATUS_OK)
        status = answers_keep(api->store, key, reply->status, span_text(text));
    return status;
}

static void after(void *context, struct request *request, const struct reply *reply)
{
    const struct api *api = context;
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct answers_key key = answer_key(request, hash);

    if (request->actor.name[0] == '\0')
        return;
    bool done = reply->status / 100 == 2;
    enum status status = done ? keep(api, request, &key, reply) : answers_drop(api->store, &key);
    if (status != STATUS_OK)
        log_warning("api", "cannot remember the answer to an Idempotency-Key: %s path=%s",
                    status_text(status), request->path);
}

/* What each open dashboard asks for when it changes, and what the path alone decides: what a reach
 * leaves out of an answer is not the same for all. */
static const char *const asked_by_all[] = {
    "/api/v1/contracts/{id}",
    "/api/v1/contracts/{id}/burndown",
};

static const char *question(const struct request *request)
{
    for (size_t i = 0; i < sizeof asked_by_all / sizeof *asked_by_all; i++)
        if (strcmp(request->route->pattern, asked_by_all[i]) == 0 &&
            strcmp(request->route->method, "GET") == 0)
            return request->path;
    return NULL;
}

const struct http_hooks *api_hooks(void)
{
    static const struct http_hooks hooks = {
        .authenticate = authenticate,
        .recognise = recognise,
        .admit = admit,
        .before = before,
        .after = after,
        .question = question,
    };

    return &hooks;
}

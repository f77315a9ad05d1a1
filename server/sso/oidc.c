#include "server/sso/oidc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/crypto.h"
#include "schema/base/encode.h"
#include "server/sso/fetch.h"
#include "server/sso/token.h"

#define ANSWER_BYTES  ((size_t)256 << 10)
#define NAME_MAX_SIZE 48
#define GROUPS_MAX    256

#define FRESH_MS    ((int64_t)24 * 3600 * 1000) /* a description; an older one is fetched again */
#define AGAIN_MS    10000                       /* after a failure, which is told meanwhile */
#define EXCHANGES   2 /* of codes at a time: each may hold a worker for as long as a fetch */
#define BEING_ASKED "the provider is being asked already: try again in a moment"

struct oidc {
    pthread_mutex_t lock; /* of what follows up to the texts; never held while anybody waits */
    struct json *description;
    struct json *keys;
    bool is_asking; /* for one of the two */
    unsigned exchanges;
    int64_t described_ms, failed_ms;
    bool has_failed;
    char failure[OIDC_PROBLEM];
    char *issuer;
    char *client_id;
    char *client_secret;
    char *redirect_uri;
    char *home_uri;
    char *groups_claim;
    char *acr, *amr; /* NULL: not asked about */
    char *ca_file;
};

static char *copy(const char *text)
{
    return text != NULL ? strdup(text) : NULL;
}

enum status oidc_create(struct oidc **out, const struct oidc_options *options)
{
    struct oidc *oidc = calloc(1, sizeof *oidc);

    if (oidc == NULL)
        return STATUS_MEMORY;
    pthread_mutex_init(&oidc->lock, NULL);
    oidc->issuer = copy(options->issuer);
    oidc->client_id = copy(options->client_id);
    oidc->client_secret = copy(options->client_secret);
    oidc->redirect_uri = copy(options->redirect_uri);
    oidc->home_uri = copy(options->home_uri);
    oidc->groups_claim = copy(options->groups_claim);
    oidc->acr = copy(options->acr);
    oidc->amr = copy(options->amr);
    oidc->ca_file = copy(options->ca_file);
    if (oidc->issuer == NULL || oidc->client_id == NULL || oidc->redirect_uri == NULL ||
        oidc->home_uri == NULL || oidc->groups_claim == NULL ||
        (options->client_secret && oidc->client_secret == NULL) ||
        (options->acr && oidc->acr == NULL) || (options->amr && oidc->amr == NULL)) {
        oidc_free(oidc);
        return STATUS_MEMORY;
    }
    *out = oidc;
    return STATUS_OK;
}

void oidc_free(struct oidc *oidc)
{
    if (oidc == NULL)
        return;
    pthread_mutex_destroy(&oidc->lock);
    json_free(oidc->description);
    json_free(oidc->keys);
    if (oidc->client_secret != NULL)
        crypto_wipe(oidc->client_secret, strlen(oidc->client_secret));
    free(oidc->client_secret);
    free(oidc->issuer);
    free(oidc->client_id);
    free(oidc->redirect_uri);
    free(oidc->home_uri);
    free(oidc->groups_claim);
    free(oidc->acr);
    free(oidc->amr);
    free(oidc->ca_file);
    free(oidc);
}

/* ---- what the provider says of itself ---- */

static enum status fetch_json(const struct oidc *oidc, struct fetch_request *request,
                              const char *what, struct json **out, char problem[OIDC_PROBLEM])
{
    char detail[FETCH_PROBLEM];
    struct buffer body;

    request->ca_file = oidc->ca_file;
    buffer_init(&body, ANSWER_BYTES);
    enum status status = fetch_run(request, &body, detail);
    if (status == STATUS_OK) {
        snprintf(detail, sizeof detail, "its answer is no JSON");
        status = json_parse(buffer_span(&body), out, NULL);
    }
    if (status != STATUS_OK)
        snprintf(problem, OIDC_PROBLEM, "%s: %s", what, detail);
    if (body.data != NULL)
        crypto_wipe(body.data, body.size);
    buffer_release(&body);
    return status;
}

/* The issuer that it names must be the one that was asked (OpenID Connect Discovery section 4.3).
 */
static enum status fetch_description(const struct oidc *oidc, struct json **out,
                                     char problem[OIDC_PROBLEM])
{
    struct fetch_request request = {0};
    struct json *description = NULL;
    struct buffer url;

    const size_t size = strlen(oidc->issuer);
    buffer_init(&url, 2048);
    buffer_format(&url, "%.*s/.well-known/openid-configuration",
                  (int)(size - (oidc->issuer[size - 1] == '/')), oidc->issuer);
    request.url = buffer_cstring(&url);
    enum status status =
        fetch_json(oidc, &request, "the provider's description", &description, problem);
    buffer_release(&url);
    if (status != STATUS_OK)
        return status;
    const char *issuer = json_text(json_member(description, "issuer"), "");
    if (strcmp(issuer, oidc->issuer) != 0) {
        snprintf(problem, OIDC_PROBLEM, "the provider calls itself \"%.100s\", not oidc_issuer",
                 issuer);
        json_free(description);
        return STATUS_DENIED;
    }
    *out = description;
    return STATUS_OK;
}

/* With the lock. False: what is there will do, or *status and problem say why nothing is. Otherwise
 * this thread asks the provider, and others are answered by what is there meanwhile. */
static bool must_ask(struct oidc *oidc, int64_t now_ms, enum status *status,
                     char problem[OIDC_PROBLEM])
{
    const bool is_there = oidc->description != NULL;

    *status = STATUS_OK;
    if (is_there && now_ms - oidc->described_ms < FRESH_MS)
        return false;
    const bool failed_lately = oidc->has_failed && now_ms - oidc->failed_ms < AGAIN_MS;
    if (!oidc->is_asking && !failed_lately) {
        oidc->is_asking = true;
        return true;
    }
    if (!is_there) {
        snprintf(problem, OIDC_PROBLEM, "%s", failed_lately ? oidc->failure : BEING_ASKED);
        *status = STATUS_UNREACHABLE;
    }
    return false;
}

/* Until STATUS_OK the description may be missing; then it stays, but may be replaced whenever
 * nobody has the lock. An old one is better than none. */
static enum status discover(struct oidc *oidc, char problem[OIDC_PROBLEM])
{
    struct json *description = NULL;
    enum status status;

    pthread_mutex_lock(&oidc->lock);
    const bool asks = must_ask(oidc, clock_mono_ms(), &status, problem);
    pthread_mutex_unlock(&oidc->lock);
    if (!asks)
        return status;
    status = fetch_description(oidc, &description, problem);
    pthread_mutex_lock(&oidc->lock);
    oidc->is_asking = false;
    oidc->has_failed = status != STATUS_OK;
    if (status == STATUS_OK) {
        json_free(oidc->description);
        oidc->description = description;
        oidc->described_ms = clock_mono_ms();
    } else {
        oidc->failed_ms = clock_mono_ms();
        snprintf(oidc->failure, sizeof oidc->failure, "%s", problem);
    }
    if (oidc->description != NULL)
        status = STATUS_OK;
    pthread_mutex_unlock(&oidc->lock);
    return status;
}

/* An address of the description, in the arena; "" when it names none. */
static enum status find_endpoint(struct oidc *oidc, const char *name, struct arena *arena,
                                 const char **out, char problem[OIDC_PROBLEM])
{
    enum status status = discover(oidc, problem);

    if (status != STATUS_OK)
        return status;
    pthread_mutex_lock(&oidc->lock);
    *out = arena_format(arena, "%s", json_text(json_member(oidc->description, name), ""));
    pthread_mutex_unlock(&oidc->lock);
    return *out != NULL ? STATUS_OK : STATUS_MEMORY;
}

/* Others verify by the keys that are there meanwhile. */
static enum status fetch_keys(struct oidc *oidc, struct arena *arena, char problem[OIDC_PROBLEM])
{
    struct fetch_request request = {0};
    struct json *keys = NULL;
    enum status status = find_endpoint(oidc, "jwks_uri", arena, &request.url, problem);

    if (status != STATUS_OK)
        return status;
    pthread_mutex_lock(&oidc->lock);
    const bool asks = !oidc->is_asking;
    oidc->is_asking = true;
    pthread_mutex_unlock(&oidc->lock);
    if (!asks) {
        snprintf(problem, OIDC_PROBLEM, BEING_ASKED);
        return STATUS_UNREACHABLE;
    }
    status = fetch_json(oidc, &request, "the provider's keys", &keys, problem);
    pthread_mutex_lock(&oidc->lock);
    oidc->is_asking = false;
    if (status == STATUS_OK) {
        json_free(oidc->keys);
        oidc->keys = keys;
    }
    pthread_mutex_unlock(&oidc->lock);
    return status;
}

/* ---- begin ---- */

static enum status make_secret(char out[OIDC_SECRET])
{
    uint8_t raw[32];

    crypto_random(raw, sizeof raw);
    enum status status = encode_base32(span_of(raw, sizeof raw), out, OIDC_SECRET);
    crypto_wipe(raw, sizeof raw);
    return status;
}

/* RFC 7636 section 4.2. */
static void add_challenge(struct buffer *url, const char *verifier)
{
    const struct span part = span_text(verifier);
    uint8_t hash[CRYPTO_HASH_SIZE];
    char text[48];

    crypto_sha256(&part, 1, hash);
    if (encode_base64(span_of(hash, sizeof hash), text, sizeof text) != STATUS_OK)
        return;
    for (char *at = text; *at != '\0' && *at != '='; at++)
        buffer_byte(url, (uint8_t)(*at == '+' ? '-' : *at == '/' ? '_' : *at));
}

static void add(struct buffer *out, const char *name, const char *value)
{
    buffer_text(out, name);
    fetch_escape(out, value);
}

/* The next of "urn:a, urn:b"; false: none is left. */
static bool next_item(const char **list, struct span *item)
{
    const char *at = *list + strspn(*list, ", ");
    const size_t size = strcspn(at, ", ");

    *item = span_of(at, size);
    *list = at + size;
    return size > 0;
}

/* The provider may answer with another class: what the token says is looked at. */
static void add_acr(struct buffer *url, const char *list, struct arena *arena)
{
    const char *before = "&acr_values=";
    struct span item;

    for (; next_item(&list, &item); before = "%20")
        add(url, before, arena_text(arena, item));
}

enum status oidc_begin(struct oidc *oidc, struct oidc_flow *flow, struct arena *arena,
                       const char **url, char problem[OIDC_PROBLEM])
{
    struct buffer text;

    const char *endpoint = NULL;
    enum status status = find_endpoint(oidc, "authorization_endpoint", arena, &endpoint, problem);
    if (status == STATUS_OK)
        status = make_secret(flow->state);
    if (status == STATUS_OK)
        status = make_secret(flow->nonce);
    if (status == STATUS_OK)
        status = make_secret(flow->verifier);
    if (status != STATUS_OK)
        return status;
    buffer_init(&text, 4096);
    buffer_text(&text, endpoint);
    add(&text, strchr(endpoint, '?') ? "&" : "?", "");
    add(&text,
        "response_type=code&scope=openid%20profile%20email%20groups&client_id=", oidc->client_id);
    add(&text, "&redirect_uri=", oidc->redirect_uri);
    add(&text, "&state=", flow->state);
    add(&text, "&nonce=", flow->nonce);
    if (oidc->acr != NULL)
        add_acr(&text, oidc->acr, arena);
    buffer_text(&text, "&code_challenge_method=S256&code_challenge=");
    add_challenge(&text, flow->verifier);
    status = buffer_status(&text);
    *url = arena_text(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && *url == NULL ? STATUS_MEMORY : status;
}

/* ---- end ---- */

/* Section 2 there. Without the token of the login as a hint the provider asks whether it was meant:
 * tokens are not kept. */
enum status oidc_end(struct oidc *oidc, struct arena *arena, const char **url,
                     char problem[OIDC_PROBLEM])
{
    struct buffer text;

    *url = NULL;
    const char *endpoint = NULL;
    enum status status = find_endpoint(oidc, "end_session_endpoint", arena, &endpoint, problem);
    if (status != STATUS_OK)
        return status;
    /* the browser follows it from our own page: a provider that is believed, but no script */
    if (strncmp(endpoint, "https://", 8) != 0 && strncmp(endpoint, "http://", 7) != 0)
        return STATUS_OK;
    buffer_init(&text, 4096);
    buffer_text(&text, endpoint);
    buffer_text(&text, strchr(endpoint, '?') ? "&" : "?");
    add(&text, "client_id=", oidc->client_id);
    add(&text, "&post_logout_redirect_uri=", oidc->home_uri);
    status = buffer_status(&text);
    *url = arena_text(arena, buffer_span(&text));
    buffer_release(&text);
    return status == STATUS_OK && *url == NULL ? STATUS_MEMORY : status;
}

/* ---- finish ---- */

static enum status exchange(const struct oidc *oidc, const char *endpoint,
                            const struct oidc_flow *flow, const char *code, struct json **out,
                            char problem[OIDC_PROBLEM])
{
    struct fetch_request request = {.url = endpoint};
    struct buffer form;

    buffer_init(&form, 16384);
    add(&form, "grant_type=authorization_code&code=", code);
    add(&form, "&redirect_uri=", oidc->redirect_uri);
    add(&form, "&code_verifier=", flow->verifier);
    if (oidc->client_secret == NULL)
        add(&form, "&client_id=", oidc->client_id);
    request.form = buffer_cstring(&form);
    request.login = oidc->client_secret != NULL ? oidc->client_id : NULL;
    request.password = oidc->client_secret;
    enum status status = buffer_status(&form);
    if (status == STATUS_OK)
        status = fetch_json(oidc, &request, "the exchange of the code", out, problem);
    buffer_release(&form);
    return status;
}

/* exchange(), few at a time: any browser gets here with a made-up code. */
static enum status exchange_in_turn(struct oidc *oidc, const char *endpoint,
                                    const struct oidc_flow *flow, const char *code,
                                    struct json **out, char problem[OIDC_PROBLEM])
{
    pthread_mutex_lock(&oidc->lock);
    const bool has_room = oidc->exchanges < EXCHANGES;
    oidc->exchanges += has_room;
    pthread_mutex_unlock(&oidc->lock);
    if (!has_room) {
        snprintf(problem, OIDC_PROBLEM, "too many logins wait for the provider: try again");
        return STATUS_UNREACHABLE;
    }
    enum status status = exchange(oidc, endpoint, flow, code, out, problem);
    pthread_mutex_lock(&oidc->lock);
    oidc->exchanges--;
    pthread_mutex_unlock(&oidc->lock);
    return status;
}

static enum status verify_by_known(struct oidc *oidc, const char *token, struct arena *arena,
                                   struct json **claims, char problem[OIDC_PROBLEM])
{
    enum status status = STATUS_NOT_FOUND;

    pthread_mutex_lock(&oidc->lock);
    if (oidc->keys != NULL)
        status = token_verify(token, oidc->keys, arena, claims, problem);
    pthread_mutex_unlock(&oidc->lock);
    return status;
}

/* By the keys that are known, then by those that the provider has now. */
static enum status verify(struct oidc *oidc, const char *token, struct arena *arena,
                          struct json **claims, char problem[OIDC_PROBLEM])
{
    enum status status = verify_by_known(oidc, token, arena, claims, problem);

    if (status != STATUS_NOT_FOUND)
        return status;
    status = fetch_keys(oidc, arena, problem);
    return status == STATUS_OK ? verify_by_known(oidc, token, arena, claims, problem) : status;
}

/* "Anna.Li@example.org" is anna-li. */
static const char *make_name(const struct json *claims, struct arena *arena)
{
    const char *text = json_text(
        json_member(claims, "preferred_username"),
        json_text(json_member(claims, "email"), json_text(json_member(claims, "sub"), "")));
    char name[NAME_MAX_SIZE + 1];
    size_t size = 0;

    for (; *text != '\0' && *text != '@' && size < NAME_MAX_SIZE; text++) {
        const char low = (char)(*text >= 'A' && *text <= 'Z' ? *text + 'a' - 'A' : *text);

        name[size++] = (low >= 'a' && low <= 'z') || (low >= '0' && low <= '9') ? low : '-';
    }
    name[size] = '\0';
    return size > 0 ? arena_format(arena, "%s", name) : NULL;
}

static enum status take_groups(const struct oidc *oidc, const struct json *claims,
                               struct arena *arena, struct oidc_person *out)
{
    const struct json *groups = json_member(claims, oidc->groups_claim);
    const size_t count = groups != NULL && json_type(groups) == JSON_ARRAY ? json_count(groups) : 0;

    out->group_count = 0;
    out->groups = arena_take(arena, (GROUPS_MAX) * sizeof *out->groups);
    for (size_t i = 0; out->groups != NULL && i < count && i < GROUPS_MAX; i++)
        out->groups[out->group_count++] =
            arena_format(arena, "%s", json_text(json_item(groups, i), ""));
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

static bool lists(const char *list, const char *word)
{
    struct span item;

    while (next_item(&list, &item))
        if (span_equal_text(item, word))
            return true;
    return false;
}

/* RFC 8176: amr is a list; of acr, there is one. */
static bool shows_factor(const struct oidc *oidc, const struct json *claims)
{
    const struct json *amr = json_member(claims, "amr");
    const size_t count = oidc->amr != NULL && json_type(amr) == JSON_ARRAY ? json_count(amr) : 0;

    for (size_t i = 0; i < count; i++)
        if (lists(oidc->amr, json_text(json_item(amr, i), "")))
            return true;
    return oidc->acr != NULL && lists(oidc->acr, json_text(json_member(claims, "acr"), ""));
}

static enum status take_person(const struct oidc *oidc, const struct json *claims,
                               struct arena *arena, struct oidc_person *out)
{
    out->subject =
        arena_format(arena, "%s %s", oidc->issuer, json_text(json_member(claims, "sub"), ""));
    out->name = make_name(claims, arena);
    out->lacks_factor = (oidc->acr != NULL || oidc->amr != NULL) && !shows_factor(oidc, claims);
    return take_groups(oidc, claims, arena, out);
}

enum status oidc_finish(struct oidc *oidc, const struct oidc_flow *flow, const char *code,
                        int64_t now_ms, struct arena *arena, struct oidc_person *out,
                        char problem[OIDC_PROBLEM])
{
    const struct token_wanted wanted = {oidc->issuer, oidc->client_id, flow->nonce};
    struct json *answer = NULL;
    struct json *claims = NULL;

    const char *endpoint = NULL;
    enum status status = find_endpoint(oidc, "token_endpoint", arena, &endpoint, problem);
    if (status == STATUS_OK)
        status = exchange_in_turn(oidc, endpoint, flow, code, &answer, problem);
    if (status == STATUS_OK)
        status =
            verify(oidc, json_text(json_member(answer, "id_token"), ""), arena, &claims, problem);
    if (status == STATUS_OK)
        status = token_check(claims, &wanted, now_ms, problem);
    if (status == STATUS_OK)
        status = take_person(oidc, claims, arena, out);
    json_free(claims);
    json_free(answer);
    return status;
}

/* ---- roles ---- */

/* The next "group=role" of *text; false: none is left, or it is written otherwise. */
static bool next_pair(const char **text, struct span *group, struct span *role)
{
    const char *at = *text + strspn(*text, ", ");
    const size_t all = strcspn(at, ",");
    const size_t name = strcspn(at, "=");

    if (name == 0 || name + 1 >= all)
        return false;
    *group = span_of(at, name);
    *role = span_of(at + name + 1, all - name - 1);
    *text = at + all;
    return true;
}

bool oidc_is_map(const char *text)
{
    struct span group;
    struct span role;

    if (!next_pair(&text, &group, &role))
        return false;
    while (next_pair(&text, &group, &role))
        ;
    return text[strspn(text, ", ")] == '\0';
}

const char *oidc_role(const char *map, const struct oidc_person *person, struct arena *arena)
{
    struct span group;
    struct span role;

    while (next_pair(&map, &group, &role))
        for (size_t i = 0; i < person->group_count; i++)
            if (span_equal_text(group, person->groups[i]))
                return arena_text(arena, role);
    return NULL;
}

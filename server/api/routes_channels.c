#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/routes.h"
#include "server/notify/mail.h"
#include "server/store/channels.h"
#include "server/store/deliveries.h"

#define URL_MAX       1000
#define SECRET_MAX    200
#define SECRET_MIN    16 /* of a webhook: what signs should not be guessed */
#define RECIPIENT_MAX POST_TO

struct fields {
    const char *url;
    const char *secret;
    const char *login;
    const char *from;
    const struct json *to;
    const char *min_severity;
    bool sets_enabled;
    bool enabled;
    const char *id;
    const char *kind;
};

static const struct json_field fields[] = {
    {.name = "url",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, url),
     .min = 8,
     .max = URL_MAX},
    {.name = "secret",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, secret),
     .min = 1,
     .max = SECRET_MAX},
    {.name = "login",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, login),
     .max = 254},
    {.name = "from", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct fields, from), .max = 254},
    {.name = "to", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, to)},
    {.name = "min_severity",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, min_severity),
     .max = 16,
     .choices = "info|warning|critical"},
    {.name = "enabled",
     .kind = JSON_FIELD_BOOL,
     .offset = offsetof(struct fields, enabled),
     .set_offset = offsetof(struct fields, sets_enabled)},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
    {.name = "kind",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, kind),
     .required = true,
     .max = 16,
     .choices = "webhook|dingtalk|feishu|wecom|slack|email"},
};
#define CREATE_FIELDS (sizeof fields / sizeof *fields)
#define PATCH_FIELDS  (CREATE_FIELDS - 2) /* without id and kind */

/* "https://hooks.example:8443" of the whole address; NULL: it is none, or it names a user, whose
 * place is the member login. */
static const char *read_origin(struct arena *arena, const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "smtp://", "smtps://"};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t scheme = strlen(schemes[i]);
        size_t host = strncmp(url, schemes[i], scheme) == 0 ? strcspn(url + scheme, "/?#") : 0;

        for (const char *at = url; host > 0 && *at != '\0'; at++)
            if (*at <= ' ' || *at > '~' || *at == '\\')
                return NULL;
        if (host > 0 && memchr(url + scheme, '@', host) == NULL)
            return arena_text(arena, span_of(url, scheme + host));
    }
    return NULL;
}

static bool check_recipients(struct reply *reply, const struct json *to)
{
    size_t count = json_count(to);

    if (to == NULL)
        return true;
    bool good = json_type(to) == JSON_ARRAY && count <= RECIPIENT_MAX;
    for (size_t i = 0; good && i < count; i++)
        good = mail_is_address(json_text(json_item(to, i), ""));
    if (!good)
        answer_bad(reply, "/to", "must be a list of up to 16 addresses such as ops@example.com");
    return good;
}

/* False: a problem was answered. */
static bool check(struct request *request, struct reply *reply, const struct fields *made,
                  const char **origin)
{
    *origin = NULL;
    if (made->url != NULL && (*origin = read_origin(request->arena, made->url)) == NULL) {
        answer_bad(reply, "/url",
                   "must be an address that starts with https://, http://, smtps:// or smtp:// "
                   "and names no user");
        return false;
    }
    if (made->from != NULL && made->from[0] != '\0' && !mail_is_address(made->from)) {
        answer_bad(reply, "/from", "must be an address such as myna@example.com");
        return false;
    }
    return check_recipients(reply, made->to);
}

static bool check_new(struct reply *reply, const struct fields *made)
{
    bool is_webhook = strcmp(made->kind, "webhook") == 0;

    if (made->url == NULL) {
        answer_bad(reply, "/url", "must be there");
        return false;
    }
    if (is_webhook && (made->secret == NULL || strlen(made->secret) < SECRET_MIN)) {
        answer_bad(reply, "/secret",
                   "must be there, of at least 16 bytes: a webhook is signed with it");
        return false;
    }
    return true;
}

/* Address and secret go no further than this in clear. */
static enum status wrap(const struct api *api, struct arena *arena, const char *what,
                        const char *channel_id, const char *text, struct span *wrapped)
{
    struct span plain = span_text(text);
    const char *purpose = arena_format(arena, "channel-%s:%s", what, channel_id);
    uint8_t *out = arena_take(arena, plain.size + CRYPTO_WRAP_OVERHEAD);

    *wrapped = (struct span){0};
    if (text == NULL)
        return STATUS_OK;
    if (purpose == NULL || out == NULL)
        return STATUS_MEMORY;
    enum status status = crypto_wrap(authority_data_key(api->authority), purpose, plain, out);
    if (status == STATUS_OK)
        *wrapped = span_of(out, plain.size + CRYPTO_WRAP_OVERHEAD);
    return status;
}

static enum status to_row(const struct api *api, struct arena *arena, const char *channel_id,
                          const struct fields *made, const char *origin,
                          struct channels_fields *row)
{
    *row = (struct channels_fields){
        .kind = made->kind,
        .origin = origin,
        .login = made->login,
        .sender = made->from,
        .recipients = made->to != NULL ? answer_dump(arena, made->to) : (struct span){0},
        .min_severity = made->min_severity,
        .sets_enabled = made->sets_enabled,
        .enabled = made->enabled,
    };
    enum status status = wrap(api, arena, "url", channel_id, made->url, &row->url_wrapped);

    if (status == STATUS_OK)
        status = wrap(api, arena, "secret", channel_id, made->secret, &row->secret_wrapped);
    return status;
}

static void show(struct request *request, struct reply *reply, enum status status, unsigned code,
                 const struct document *channel, const char *id)
{
    if (status == STATUS_INVALID)
        reply_problem(reply, 422,
                      "a channel of kind email needs an smtps:// or smtp:// address, from and to; "
                      "the other kinds need https:// or http:// and have none of login, from, to");
    else
        answer_document(reply, status, code, channel, answer_subject(request, "channel", id));
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document channel = {0};
    struct channels_fields row;
    struct fields made = {0};
    const char *origin;

    if (!answer_decode(request, reply, fields, CREATE_FIELDS, &made) || !check_new(reply, &made) ||
        !check(request, reply, &made, &origin))
        return;
    enum status status = to_row(api, request->arena, made.id, &made, origin, &row);
    if (status == STATUS_OK)
        status = channels_create(api->store, &author, made.id, &row, request->arena, &channel);
    show(request, reply, status, 201, &channel, made.id);
}

/* Who may not read the secret may not have it sent to, or used for, a place of their choice either:
 * a mail server gets the password itself. A change that moves it is bound to the version that was
 * looked at. False: a problem was answered. */
static bool check_move(const struct api *api, struct request *request, struct reply *reply,
                       const char *id, const char *origin, int64_t *version)
{
    struct document channel;
    struct json *json;
    enum status status = channels_get(api->store, id, request->arena, &channel);

    if (status == STATUS_OK)
        status = json_parse(channel.json, &json, NULL);
    if (status != STATUS_OK) {
        show(request, reply, status, 200, &channel, id);
        return false;
    }
    const bool moves = json_bool(json_member(json, "has_secret"), false) &&
                       strcasecmp(json_text(json_member(json, "origin"), ""), origin) != 0;
    json_free(json);
    if (moves)
        answer_bad(reply, "/secret",
                   "must be given again: the one that is kept would be used at another server");
    else if (*version < 0)
        *version = channel.version;
    return !moves;
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct document channel = {0};
    struct channels_fields row;
    struct fields made = {0};
    const char *origin;
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made) ||
        !check(request, reply, &made, &origin) ||
        (origin != NULL && made.secret == NULL &&
         !check_move(api, request, reply, id, origin, &version)))
        return;
    enum status status = to_row(api, request->arena, id, &made, origin, &row);
    if (status == STATUS_OK)
        status = channels_update(api->store, &author, id, version, &row, request->arena, &channel);
    show(request, reply, status, 200, &channel, id);
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = channels_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "channels");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document channel;
    enum status status = channels_get(api->store, id, request->arena, &channel);

    answer_document(reply, status, 200, &channel, answer_subject(request, "channel", id));
}

static void drop(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version))
        return;
    answer_done(reply, channels_delete(api->store, &author, id, version, request->arena),
                answer_subject(request, "channel", id));
}

static void test(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct document delivery;
    enum status status = deliveries_test(api->store, &author, id, request->arena, &delivery);

    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "the channel is disabled: enable it first");
    else if (status == STATUS_OK)
        reply_json(reply, 201, delivery.json);
    else
        reply_status(reply, status, answer_subject(request, "channel", id));
}

/* ---- what is kept secret ---- */

struct said {
    const char *url;
    const char *secret;
};

static const struct json_field said_fields[] = {
    {.name = "url", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct said, url), .max = URL_MAX},
    {.name = "secret",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct said, secret),
     .max = SECRET_MAX},
};

/* "null" where nothing was said of it. */
static const char *is_kept(const struct api *api, struct arena *arena, const char *what,
                           const char *channel_id, const char *said, struct span wrapped)
{
    const char *purpose = arena_format(arena, "channel-%s:%s", what, channel_id);
    uint8_t *plain = arena_take(arena, wrapped.size + 1);

    if (said == NULL)
        return "null";
    if (purpose == NULL || plain == NULL || wrapped.size < CRYPTO_WRAP_OVERHEAD ||
        crypto_unwrap(authority_data_key(api->authority), purpose, wrapped, plain) != STATUS_OK)
        return "false";
    const size_t size = wrapped.size - CRYPTO_WRAP_OVERHEAD;
    const bool same = size == strlen(said) && memcmp(plain, said, size) == 0;
    crypto_wipe(plain, size);
    return same ? "true" : "false";
}

/* For who keeps channels as files: whether these would be another address or secret. Nobody who may
 * not set them gets to guess at them. */
static void compare(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct span url = {0}, secret = {0};
    struct said said = {0};

    if (!answer_decode(request, reply, said_fields, 2, &said))
        return;
    enum status status = channels_wrapped(api->store, id, request->arena, &url, &secret);
    const char *json =
        arena_format(request->arena, "{\"url\":%s,\"secret\":%s}",
                     is_kept(api, request->arena, "url", id, said.url, url),
                     is_kept(api, request->arena, "secret", id, said.secret, secret));
    answer_json(reply, status, json ? span_text(json) : (struct span){0},
                answer_subject(request, "channel", id));
}

/* ---- what was sent ---- */

static void list_deliveries(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *which = request_query(request, "status");
    struct answer_page page;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_NUMBER, &page))
        return;
    if (which != NULL && !span_is_choice(span_text(which), "waiting|sent|dead")) {
        answer_bad(reply, "?status", "must be waiting, sent or dead");
        return;
    }
    enum status status = deliveries_list(api->store, which, request_query(request, "channel"),
                                         page.after_number, page.limit, request->arena, &json);
    answer_json(reply, status, json, "deliveries");
}

static void get_delivery(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document delivery = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = deliveries_get(api->store, id, request->arena, &delivery);
    answer_json(reply, status, delivery.json,
                answer_subject(request, "delivery", request_param(request, "id")));
}

static void retry(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document delivery = {0};
    int64_t id;

    if (!answer_read_number(request, reply, "id", &id))
        return;
    enum status status = deliveries_retry(api->store, &author, id, request->arena, &delivery);
    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409,
                      "only a dead delivery can be tried again, and only while the "
                      "channel is not owed the same alert anyway");
    else
        answer_json(reply, status, delivery.json,
                    answer_subject(request, "delivery", request_param(request, "id")));
}

static const struct route rows[] = {
    {"GET", "/api/v1/channels", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/channels", ROUTE_ADMIN, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/channels/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/channels/{id}", ROUTE_ADMIN, update, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/channels/{id}", ROUTE_ADMIN, drop, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/channels/{id}/compare", ROUTE_ADMIN, compare, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/channels/{id}/test", ROUTE_OPERATOR, test, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/deliveries", ROUTE_VIEWER, list_deliveries, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/deliveries/{id}", ROUTE_VIEWER, get_delivery, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/deliveries/{id}/retry", ROUTE_OPERATOR, retry, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_channels, rows);

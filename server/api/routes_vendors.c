#include "schema/wire/dialects.h"
#include "schema/wire/limits.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/reach.h"
#include "server/api/routes.h"
#include "server/fleet/mint.h"
#include "server/fleet/rollout_plan.h"
#include "server/store/vendor_keys.h"
#include "server/store/vendor_health.h"
#include "server/store/vendors.h"

#define FILINGS_MAX 200

struct fields {
    const char *name;
    const char *dialect;
    const char *base_url;
    const char *region;
    const char *credential;
    const char *key;
    const struct json *filings;
    const char *id;
};

static const struct json_field fields[] = {
    {.name = "name", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct fields, name), .max = 100},
    {.name = "dialect",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, dialect),
     .min = 1,
     .max = 24},
    {.name = "base_url",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, base_url),
     .min = 8,
     .max = LIMIT_URL},
    {.name = "region",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, region),
     .max = 24},
    {.name = "credential",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, credential),
     .max = 32,
     .choices = "shared|minted|own"},
    {.name = "key",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct fields, key),
     .min = 1,
     .max = LIMIT_API_KEY},
    {.name = "filings", .kind = JSON_FIELD_ANY, .offset = offsetof(struct fields, filings)},
    {.name = "id",
     .kind = JSON_FIELD_SLUG,
     .offset = offsetof(struct fields, id),
     .required = true},
};
#define PATCH_FIELDS 7 /* without the id */

static bool url_fits(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* The key goes no further than this in clear. */
static enum status wrap_key(const struct api *api, struct arena *arena, const char *vendor_id,
                            const char *key, struct span *wrapped)
{
    struct span plain = span_text(key);
    const char *purpose = arena_format(arena, "vendor-key:%s", vendor_id);
    uint8_t *out = arena_take(arena, plain.size + CRYPTO_WRAP_OVERHEAD);

    *wrapped = (struct span){0};
    if (key == NULL)
        return STATUS_OK;
    if (purpose == NULL || out == NULL)
        return STATUS_MEMORY;
    enum status status = crypto_wrap(authority_data_key(api->authority), purpose, plain, out);
    if (status == STATUS_OK)
        *wrapped = span_of(out, plain.size + CRYPTO_WRAP_OVERHEAD);
    return status;
}

/* Filing numbers, as authorities give them to a model that may answer people of their region. */
static bool filings_fit(const struct json *filings)
{
    static const struct {
        const char *name;
        size_t max;
    } members[] = {{"model", LIMIT_MODEL}, {"region", 48}, {"number", 100}};
    bool fit = json_type(filings) == JSON_ARRAY && json_count(filings) <= FILINGS_MAX;

    for (size_t i = 0; fit && i < json_count(filings); i++) {
        const struct json *item = json_item(filings, i);

        fit = json_type(item) == JSON_OBJECT && json_count(item) == 3;
        for (size_t m = 0; fit && m < 3; m++) {
            const char *text = json_text(json_member(item, members[m].name), "");

            fit = *text && strlen(text) <= members[m].max;
        }
    }
    return fit;
}

/* False: a problem was answered. */
static bool check(struct reply *reply, const struct fields *made)
{
    if (made->base_url != NULL && !url_fits(made->base_url))
        answer_bad(reply, "/base_url", "must start with https:// or http://");
    else if (made->credential != NULL && strcmp(made->credential, "own") == 0)
        answer_bad(reply, "/credential",
                   "one key for each robot cannot be kept here: nothing could make, rotate and "
                   "revoke it (schema/DRAIN.md, Keys); give shared or minted");
    else if (made->dialect != NULL && dialects_find(made->dialect) == NULL)
        answer_bad(reply, "/dialect", "is unknown: GET /api/v1/dialects lists what robots speak");
    else if (made->filings != NULL && !filings_fit(made->filings))
        answer_bad(reply, "/filings",
                   "must be a list of at most 200 objects with model, region and number");
    else
        return true;
    return false;
}

/* What a minted credential is made from: the key given, in the form that the dialect asks for.
 * False: a problem was answered. What cannot be minted at all is refused when it is written. */
static bool check_minting(struct reply *reply, const char *dialect, const char *credential,
                          const char *key)
{
    const struct dialects_row *row = dialects_find(dialect);
    char problem[120] = "must be given, so that it can be checked";

    if (strcmp(credential, "minted") != 0 || row == NULL || row->mint == DIALECTS_MINT_NONE ||
        (key != NULL && mint_fits(row->mint, span_text(key), problem)))
        return true;
    answer_bad(reply, "/key", problem);
    return false;
}

/* Who serves at the URL: all between the scheme and the path, but for the port. */
static struct span host_of(const char *url)
{
    const char *start = strstr(url, "://");

    start = start != NULL ? start + 3 : url;
    size_t size = strcspn(start, "/?#");
    size_t digits = 0;
    while (digits < size && start[size - digits - 1] >= '0' && start[size - digits - 1] <= '9')
        digits++;
    if (digits < size && start[size - digits - 1] == ':')
        size -= digits + 1;
    return span_of(start, size);
}

/* Another host, or the same one in clear. */
static bool is_elsewhere(const char *had_url, const char *url)
{
    const struct span had_host = host_of(had_url);
    const struct span host = host_of(url);

    return host.size != had_host.size ||
           strncasecmp((const char *)host.data, (const char *)had_host.data, host.size) != 0 ||
           (strncmp(had_url, "https:", 6) == 0 && strncmp(url, "https:", 6) != 0);
}

/* The next key goes wherever base_url says as well, and no key that comes with the change takes its
 * place. */
static enum status has_next_key(const struct api *api, struct request *request, const char *id,
                                bool *has)
{
    struct document key;
    struct json *json;
    enum status status = vendor_keys_get(api->store, id, request->arena, &key);

    if (status == STATUS_OK)
        status = json_parse(key.json, &json, NULL);
    if (status != STATUS_OK)
        return status;
    *has = json_type(json_member(json, "next")) == JSON_OBJECT;
    json_free(json);
    return STATUS_OK;
}

/* Robots send the key wherever base_url says: who may not read it may not have it sent to a place
 * of their choice either. False: a problem was answered. */
static bool check_move(const struct api *api, struct request *request, struct reply *reply,
                       const char *id, const struct fields *made)
{
    bool has_next = false;
    enum status status = has_next_key(api, request, id, &has_next);

    if (status != STATUS_OK)
        reply_status(reply, status, answer_subject(request, "vendor", id));
    else if (has_next)
        reply_problem(reply, 409,
                      "its next key would go to the new host as well: finish the change of keys, "
                      "or drop the next one, before base_url moves");
    else if (made->key == NULL)
        answer_bad(reply, "/key",
                   "must be given again: robots would send the one that is kept to another host");
    else
        return true;
    return false;
}

/* The same for a change of a vendor that is there. A change that moves it is bound to the version
 * that was looked at. */
static bool check_change(const struct api *api, struct request *request, struct reply *reply,
                         const char *id, const struct fields *made, int64_t *version)
{
    struct document vendor;
    struct json *json;

    if (made->dialect == NULL && made->credential == NULL && made->key == NULL &&
        made->base_url == NULL)
        return true;
    enum status status = vendors_get(api->store, id, request->arena, &vendor);
    if (status == STATUS_OK)
        status = json_parse(vendor.json, &json, NULL);
    if (status != STATUS_OK) {
        answer_document(reply, status, 200, &vendor, answer_subject(request, "vendor", id));
        return false;
    }
    const char *had_dialect = json_text(json_member(json, "dialect"), "");
    const char *had_credential = json_text(json_member(json, "credential"), "");
    const char *dialect = made->dialect != NULL ? made->dialect : had_dialect;
    const char *credential = made->credential != NULL ? made->credential : had_credential;
    bool is_as_before = made->key == NULL && strcmp(dialect, had_dialect) == 0 &&
                        strcmp(credential, had_credential) == 0;
    bool moves = made->base_url != NULL && json_bool(json_member(json, "has_key"), false) &&
                 is_elsewhere(json_text(json_member(json, "base_url"), ""), made->base_url);
    if (moves && *version < 0)
        *version = vendor.version; /* what is checked here still stands when it is written */
    bool fits = (!moves || check_move(api, request, reply, id, made)) &&
                (is_as_before || check_minting(reply, dialect, credential, made->key));
    json_free(json);
    return fits;
}

static void answer_made(struct reply *reply, enum status status, unsigned code,
                        const struct document *vendor, const char *reason, const char *about)
{
    if (status == STATUS_DENIED)
        reply_problem(reply, 409, "%s", reason);
    else
        answer_document(reply, status, code, vendor, about);
}

static struct vendors_fields row_of(struct arena *arena, const struct fields *made,
                                    struct span key_wrapped)
{
    return (struct vendors_fields){
        .name = made->name,
        .dialect = made->dialect,
        .base_url = made->base_url,
        .region = made->region,
        .credential = made->credential,
        .filings = made->filings != NULL ? answer_dump(arena, made->filings) : (struct span){0},
        .key_wrapped = key_wrapped,
    };
}

static void create(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct fields made = {0};
    struct document vendor;
    struct span wrapped;
    char reason[160] = "";

    if (!answer_decode(request, reply, fields, PATCH_FIELDS + 1, &made))
        return;
    if (made.base_url == NULL) {
        answer_bad(reply, "/base_url", "must be there and start with https:// or http://");
        return;
    }
    if (!check(reply, &made) ||
        !check_minting(reply, made.dialect != NULL ? made.dialect : "openai",
                       made.credential != NULL ? made.credential : "shared", made.key))
        return;
    enum status status = wrap_key(api, request->arena, made.id, made.key, &wrapped);
    const struct vendors_fields row = row_of(request->arena, &made, wrapped);
    if (status == STATUS_OK)
        status =
            vendors_create(api->store, &author, made.id, &row, request->arena, &vendor, reason);
    answer_made(reply, status, 201, &vendor, reason, answer_subject(request, "vendor", made.id));
}

static void update(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct fields made = {0};
    struct document vendor;
    struct span wrapped;
    char reason[160] = "";
    int64_t version;

    if (!answer_read_match(request, reply, ANSWER_MATCH_OPTIONAL, &version) ||
        !answer_decode(request, reply, fields, PATCH_FIELDS, &made))
        return;
    if (!check(reply, &made) || !check_change(api, request, reply, id, &made, &version))
        return;
    enum status status = wrap_key(api, request->arena, id, made.key, &wrapped);
    const struct vendors_fields row = row_of(request->arena, &made, wrapped);
    if (status == STATUS_OK)
        status =
            vendors_update(api->store, &author, id, version, &row, request->arena, &vendor, reason);
    answer_made(reply, status, 200, &vendor, reason, answer_subject(request, "vendor", id));
}

static void list(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = vendors_list(api->store, reach_of_vendors(request), request->arena, &json);

    answer_json(reply, status, json, "vendors");
}

static void get(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct document vendor;
    enum status status = vendors_get(api->store, id, request->arena, &vendor);

    answer_document(reply, status, 200, &vendor, answer_subject(request, "vendor", id));
}

/* ---- the next key ---- */

static void answer_key(struct request *request, struct reply *reply, enum status status,
                       const struct document *key, const char *conflict)
{
    const char *id = request_param(request, "id");

    if (status == STATUS_CONFLICT)
        reply_problem(reply, 409, "%s", conflict);
    else if (status == STATUS_DENIED)
        reply_problem(reply, 409,
                      "a rollout gives its next key in waves: let it end, or roll it back");
    else if (status == STATUS_EXISTS)
        reply_problem(reply, 409, "robots are on their way to another next key: finish or drop it");
    else
        answer_document(reply, status, 200, key, answer_subject(request, "vendor", id));
}

static void get_key(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct document key;
    enum status status =
        vendor_keys_get(api->store, request_param(request, "id"), request->arena, &key);

    answer_key(request, reply, status, &key, "");
}

/* Who may hold the old one; a role that is bound to groups hears of its robots alone. */
static void key_devices(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    struct answer_page asked;
    struct span json;

    if (!answer_read_page(request, reply, ANSWER_KEY_TEXT, &asked))
        return;
    const struct vendor_keys_page page = {.after = asked.after,
                                          .limit = asked.limit,
                                          .state = request_query(request, "state"),
                                          .role = reach_of_groups(request)};
    if (page.state != NULL &&
        !span_is_choice(span_text(page.state),
                        "missing|waiting|kept_back|offline|unanswered|carried")) {
        answer_bad(reply, "?state",
                   "must be missing, waiting, kept_back, offline, unanswered or carried");
        return;
    }
    enum status status = vendor_keys_devices(api->store, id, &page, request->arena, &json);
    answer_json(reply, status, json, answer_subject(request, "vendor", id));
}

/* A minted credential is made from the next key as from the present one. */
static bool check_next(const struct api *api, struct request *request, struct reply *reply,
                       const char *id, const char *key)
{
    struct document vendor;
    struct json *json;
    enum status status = vendors_get(api->store, id, request->arena, &vendor);

    if (status == STATUS_OK)
        status = json_parse(vendor.json, &json, NULL);
    if (status != STATUS_OK) {
        answer_document(reply, status, 200, &vendor, answer_subject(request, "vendor", id));
        return false;
    }
    const bool fits = check_minting(reply, json_text(json_member(json, "dialect"), ""),
                                    json_text(json_member(json, "credential"), ""), key);
    json_free(json);
    return fits;
}

struct key_order {
    const char *key;
    const char *share;
    const char *reason;
};

static void put_next_key(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field rows[] = {
        {.name = "key",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct key_order, key),
         .required = true,
         .min = 1,
         .max = LIMIT_API_KEY},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    const char *id = request_param(request, "id");
    struct key_order order = {0};
    struct document key;
    struct span wrapped;

    if (!answer_decode(request, reply, rows, 1, &order) ||
        !check_next(api, request, reply, id, order.key))
        return;
    enum status status = wrap_key(api, request->arena, id, order.key, &wrapped);
    if (status == STATUS_OK)
        status = vendor_keys_put(api->store, &author, id, wrapped, request->arena, &key);
    answer_key(request, reply, status, &key,
               "it has no key to change from: give it one (PATCH /vendors/ID)");
}

static void switch_key(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field rows[] = {
        {.name = "share",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct key_order, share),
         .required = true},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    struct key_order order = {0};
    struct document key;
    int64_t share;

    if (!answer_decode(request, reply, rows, 1, &order))
        return;
    if (rollout_plan_share(span_text(order.share), &share) != STATUS_OK || share == 0) {
        answer_bad(reply, "/share", "must be a share like 10%, above 0");
        return;
    }
    const char *number =
        arena_format(request->arena, "%lld.%04lld", (long long)(share / ROLLOUT_PLAN_ALL),
                     (long long)(share % ROLLOUT_PLAN_ALL));
    enum status status = vendor_keys_switch(api->store, &author, request_param(request, "id"),
                                            number, request->arena, &key);
    answer_key(request, reply, status, &key,
               "there is no next key, or more robots have it already: a share only grows");
}

static void finish_key(void *context, struct request *request, struct reply *reply)
{
    static const struct json_field rows[] = {
        {.name = "reason",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct key_order, reason),
         .min = 3,
         .max = 300},
    };
    const struct api *api = context;
    const struct author author = api_author(request);
    struct key_order order = {0};
    struct document key;
    char problem[400] = "";

    if (request->body.size > 0 && !answer_decode(request, reply, rows, 1, &order))
        return;
    enum status status = vendor_keys_finish(api->store, &author, request_param(request, "id"),
                                            order.reason, request->arena, &key, problem);
    answer_key(request, reply, status, &key, problem[0] ? problem : "there is no next key");
}

static void drop_key(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const struct author author = api_author(request);
    struct document key;
    enum status status =
        vendor_keys_drop(api->store, &author, request_param(request, "id"), request->arena, &key);

    answer_key(request, reply, status, &key, "there is no next key");
}

static void list_dialects(void *context, struct request *request, struct reply *reply)
{
    static const char *const bounds[] = {"all", "text", "none"};
    struct json_writer writer;
    struct buffer json;
    size_t count;
    const struct dialects_row *rows = dialects_table(&count);

    (void)context;
    buffer_init(&json, 65536);
    json_writer_init(&writer, &json);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&writer);
        json_key(&writer, "name");
        json_write_text(&writer, span_text(rows[i].name));
        json_key(&writer, "bound");
        json_write_text(&writer, span_text(bounds[rows[i].bound]));
        json_key(&writer, "limit");
        json_write_text(&writer, span_text(rows[i].limit));
        json_key(&writer, "key");
        json_write_text(&writer, span_text(rows[i].key));
        json_key(&writer, "can_mint");
        json_write_bool(&writer, rows[i].mint != DIALECTS_MINT_NONE);
        json_end_object(&writer);
    }
    json_end_array(&writer);
    json_key(&writer, "next");
    json_write_null(&writer);
    json_end_object(&writer);
    enum status status = buffer_status(&json);
    answer_json(reply, status, arena_copy(request->arena, buffer_span(&json)), "dialects");
    buffer_release(&json);
}

static void list_health(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    struct span json;
    enum status status = vendor_health_list(api->store, request->arena, &json);

    answer_json(reply, status, json, "vendors");
}

static void get_health(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *vendor = request_param(request, "id");
    struct span json;
    int64_t hours;

    if (request_query_int(request, "hours", 48, 1, 168, &hours) != STATUS_OK) {
        answer_bad(reply, "?hours", "must be a whole number from 1 to 168");
        return;
    }
    enum status status = vendor_health_read(api->store, vendor, hours, request->arena, &json);
    answer_json(reply, status, json, answer_subject(request, "vendor", vendor));
}

static const struct route rows[] = {
    {"GET", "/api/v1/dialects", ROUTE_VIEWER, list_dialects, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors", ROUTE_VIEWER, list, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors", ROUTE_OPERATOR, create, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendor-health", ROUTE_VIEWER, list_health, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}", ROUTE_VIEWER, get, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}/health", ROUTE_VIEWER, get_health, ROUTE_BODY_NORMAL},
    {"PATCH", "/api/v1/vendors/{id}", ROUTE_OPERATOR, update, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}/key", ROUTE_VIEWER, get_key, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/vendors/{id}/key/devices", ROUTE_VIEWER, key_devices, ROUTE_BODY_NORMAL},
    {"PUT", "/api/v1/vendors/{id}/key/next", ROUTE_OPERATOR, put_next_key, ROUTE_BODY_NORMAL},
    {"DELETE", "/api/v1/vendors/{id}/key/next", ROUTE_OPERATOR, drop_key, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/key/switch", ROUTE_OPERATOR, switch_key, ROUTE_BODY_NORMAL},
    {"POST", "/api/v1/vendors/{id}/key/finish", ROUTE_OPERATOR, finish_key, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_vendors, rows);

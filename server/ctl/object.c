#include "server/ctl/object.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/wire/setting.h"
#include "server/ctl/client.h"
#include "server/fleet/filter.h"
#include "server/money/contract.h"
#include "server/money/fraction.h"

enum member_kind { TEXT, AMOUNT, INTEGER, BOOLEAN, LIST, FILTER, SETTINGS, MAP, TIME, SECRET };

struct object_member {
    const char *name;
    enum member_kind kind;
    bool is_required; /* to make one */
    bool is_fixed;
};

static const struct object_member region_members[] = {
    {"name", TEXT, false, false},
    {"note", TEXT, false, false},
    {"needs_filing", BOOLEAN, false, false},
    {"allows", LIST, false, false},
};

static const struct object_member vendor_members[] = {
    {"name", TEXT, false, false},    {"dialect", TEXT, false, false},
    {"base_url", TEXT, true, false}, {"region", TEXT, false, false},
    {"filings", LIST, false, false}, {"credential", TEXT, false, false},
};

static const struct object_member group_members[] = {
    {"name", TEXT, false, false},
    {"priority", INTEGER, false, false},
    {"filter", FILTER, false, false},
};

static const struct object_member layer_members[] = {
    {"settings", SETTINGS, true, false},
};

static const struct object_member budget_members[] = {
    {"scope", TEXT, true, true},        {"subject", TEXT, false, true},
    {"metric", TEXT, true, true},       {"currency", TEXT, false, true},
    {"at_most", AMOUNT, true, false},   {"per", TEXT, true, true},
    {"zone", TEXT, false, true},        {"models", LIST, false, true},
    {"hard", BOOLEAN, false, false},    {"note", TEXT, false, false},
    {"thresholds", LIST, false, false},
};

static const struct object_member role_members[] = {
    {"note", TEXT, false, false},
    {"may", MAP, true, false},
    {"groups", LIST, false, false},
    {"vendors", LIST, false, false},
    {"second_factor", BOOLEAN, false, false},
};

static const struct object_member channel_members[] = {
    {"kind", TEXT, true, true},         {"url", SECRET, true, false},
    {"secret", SECRET, false, false},   {"min_severity", TEXT, false, false},
    {"enabled", BOOLEAN, false, false}, {"login", TEXT, false, false},
    {"from", TEXT, false, false},       {"to", LIST, false, false},
};

static const struct object_member retention_members[] = {
    {"keep", INTEGER, true, false},
};

static const struct object_member blackout_members[] = {
    {"from", TIME, true, false},
    {"until", TIME, true, false},
};

static const struct object_member view_members[] = {
    {"query", MAP, true, false},
    {"shared", BOOLEAN, false, false},
};

#define MEMBERS(list) .members = list, .member_count = sizeof(list) / sizeof *(list)

static const struct object_kind kinds[] = {
    {"region", "/api/v1/regions", MEMBERS(region_members), .is_whole = true, .can_prune = true},
    {"vendor", "/api/v1/vendors", MEMBERS(vendor_members)},
    {"contract", "/api/v1/contracts", .members = NULL},
    {"group", "/api/v1/groups", MEMBERS(group_members), .can_prune = true},
    {"layer", "/api/v1/layers", MEMBERS(layer_members), .is_whole = true},
    {"budget", "/api/v1/budgets", MEMBERS(budget_members), .can_prune = true},
    {"role", "/api/v1/roles", MEMBERS(role_members), .can_prune = true},
    {"channel", "/api/v1/channels", MEMBERS(channel_members), .can_prune = true},
    {"view", "/api/v1/views", MEMBERS(view_members), .key = "name"},
    {"blackout", "/api/v1/blackouts", MEMBERS(blackout_members), .can_prune = true, .key = "reason",
     .is_replaced = true},
    {"retention", "/api/v1/retention", MEMBERS(retention_members), .is_whole = true,
     .key = "class"},
};

#define KEY_BYTES 300
#define KINDS     (sizeof kinds / sizeof *kinds)

const struct object_kind *object_kinds(size_t *count)
{
    *count = KINDS;
    return kinds;
}

const struct object_kind *object_kind_find(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool is_contract(const struct object_kind *kind)
{
    return kind->members == NULL;
}

/* Reading */

static enum status refuse(struct json_problem *problem, const char *member, const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "%s%s", *member ? "/" : "", member);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* By the first of these that is a member: a contract has a vendor, and a vendor a region. */
static const struct object_kind *kind_of(const struct json *document)
{
    static const char *const names[] = {"contract", "budget",   "layer",    "group",
                                        "vendor",   "region",   "channel",  "role",
                                        "view",     "blackout", "retention"};

    if (json_type(document) != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_member(document, names[i]) != NULL)
            return object_kind_find(names[i]);
    return NULL;
}

static bool has_type(enum member_kind kind, const struct json *value)
{
    struct fraction number;
    int64_t time_ms;

    switch (kind) {
    case TEXT:
    case FILTER:
    case SECRET:
        return json_type(value) == JSON_TEXT;
    case AMOUNT:
        return json_type(value) == JSON_INT ||
               (json_type(value) == JSON_TEXT &&
                fraction_parse(span_text(json_text(value, "")), &number) == STATUS_OK);
    case INTEGER:
        return json_type(value) == JSON_INT;
    case BOOLEAN:
        return json_type(value) == JSON_BOOL;
    case LIST:
        return json_type(value) == JSON_ARRAY;
    case SETTINGS:
    case MAP:
        return json_type(value) == JSON_OBJECT;
    case TIME:
        return clock_parse(span_text(json_text(value, "")), &time_ms) == STATUS_OK;
    }
    return false;
}

static enum status check_filter(const struct json *value, struct arena *arena,
                                struct json_problem *problem)
{
    struct filter filter;
    struct filter_problem where = {0};
    enum status status = filter_parse(span_text(json_text(value, "")), arena, &filter, &where);

    if (status == STATUS_OK)
        status = filter_check_group(&filter, &where);
    if (status != STATUS_INVALID)
        return status;
    snprintf(problem->pointer, sizeof problem->pointer, "/filter");
    snprintf(problem->detail, sizeof problem->detail, "at character %zu: %.120s", where.position,
             where.detail);
    return STATUS_INVALID;
}

static enum status check_settings(const struct json *settings, struct json_problem *problem)
{
    for (size_t i = 0; i < json_count(settings); i++) {
        char reason[LIMIT_REASON + 1] = "there is no such setting; see mynactl config settings";
        const char *name;
        const struct json *value = json_member_at(settings, i, &name);
        const struct setting_spec *spec = setting_find(span_text(name));

        if (spec != NULL && setting_check(spec, value, reason) == STATUS_OK)
            continue;
        snprintf(problem->pointer, sizeof problem->pointer, "/settings/%.60s", name);
        snprintf(problem->detail, sizeof problem->detail, "%.150s", reason);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status check_member(const struct object_member *member, const struct json *value,
                                struct arena *arena, struct json_problem *problem)
{
    static const char *const words[] = {[TEXT] = "must be a text",
                                        [AMOUNT] = "must be a number",
                                        [INTEGER] = "must be a whole number",
                                        [BOOLEAN] = "must be true or false",
                                        [LIST] = "must be a list",
                                        [FILTER] = "must be a text",
                                        [SETTINGS] = "must be settings by name",
                                        [MAP] = "must be values by name",
                                        [TIME] = "must be a time with its distance from UTC, as "
                                                 "2026-12-24T00:00:00+08:00",
                                        [SECRET] = "must be a text"};

    if (!has_type(member->kind, value))
        return refuse(problem, member->name, words[member->kind]);
    if (member->kind == FILTER)
        return check_filter(value, arena, problem);
    return member->kind == SETTINGS ? check_settings(value, problem) : STATUS_OK;
}

static const struct object_member *find_member(const struct object_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->member_count; i++)
        if (strcmp(kind->members[i].name, name) == 0)
            return &kind->members[i];
    return NULL;
}

/* "url_file" of the secret member "url". */
static bool is_file_of(const char *name, const struct object_member *member)
{
    const size_t size = strlen(member->name);

    return member->kind == SECRET && strncmp(name, member->name, size) == 0 &&
           strcmp(name + size, "_file") == 0;
}

const char *object_file_member(const struct object_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->member_count; i++)
        if (is_file_of(name, &kind->members[i]))
            return kind->members[i].name;
    return NULL;
}

static enum status check_members(const struct object *object, struct arena *arena,
                                 struct json_problem *problem)
{
    for (size_t i = 0; i < json_count(object->document); i++) {
        const char *name;
        const struct json *value = json_member_at(object->document, i, &name);
        const struct object_member *member = find_member(object->kind, name);

        if (strcmp(name, object->kind->name) == 0 || (member && json_type(value) == JSON_NULL))
            continue;
        if (member == NULL && object_file_member(object->kind, name) == NULL)
            return refuse(problem, name, "is no member of this kind of document");
        if (member == NULL && (json_text(value, NULL) == NULL || *json_text(value, "") == '\0'))
            return refuse(problem, name, "must be the name of a file, beside this one");
        if (member == NULL)
            continue;
        if (strcmp(name, "secret") == 0)
            return refuse(problem, name, "stands in no document: name its file with secret_file");
        enum status status = check_member(member, value, arena, problem);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool is_slug(const char *text)
{
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size <= LIMIT_SLUG && text[size] == '\0';
}

static bool is_good_id(const struct object_kind *kind, const char *id)
{
    if (kind->key != NULL)
        return *id != '\0' && strlen(id) <= KEY_BYTES;
    if (strcmp(kind->name, "layer") != 0)
        return is_slug(id);
    return strcmp(id, "fleet") == 0 || (strncmp(id, "group:", 6) == 0 && is_slug(id + 6)) ||
           (strncmp(id, "device:", 7) == 0 && is_slug(id + 7));
}

enum status object_read(const struct json *document, struct arena *arena, struct object *out,
                        struct json_problem *problem)
{
    struct object object = {.kind = kind_of(document), .document = document};
    struct contract contract;

    if (object.kind == NULL)
        return refuse(problem, "",
                      "names no object: begin with its kind and id, the kind being one "
                      "of " OBJECT_KINDS_TEXT);
    object.id = json_text(json_member(document, object.kind->name), "");
    if (!is_good_id(object.kind, object.id))
        return refuse(problem, object.kind->name,
                      object.kind->key != NULL ? "must be a text of at most 300 bytes"
                      : strcmp(object.kind->name, "layer") == 0
                          ? "must be fleet, group:NAME or device:NAME"
                          : "must be 1 to 48 small letters, digits and hyphens");
    enum status status = is_contract(object.kind)
                             ? contract_read(document, arena, &contract, problem)
                             : check_members(&object, arena, problem);
    if (status == STATUS_OK)
        *out = object;
    return status;
}

void object_take(struct object *object, const struct json *document)
{
    object->document = document;
    object->id = json_text(json_member(document, object->kind->name), "");
}

bool object_refers(const struct object *object, const struct object_kind **kind, const char **id)
{
    const char *scope = json_text(json_member(object->document, "scope"), "");
    const char *name = NULL;

    *id = NULL;
    if (is_contract(object->kind)) {
        name = "vendor";
        *id = json_text(json_member(object->document, "vendor"), NULL);
    } else if (strncmp(object->id, "group:", 6) == 0) {
        name = "group";
        *id = object->id + 6;
    } else if (strcmp(object->kind->name, "budget") == 0) {
        name = scope;
        *id = json_text(json_member(object->document, "subject"), NULL);
    }
    *kind = name != NULL ? object_kind_find(name) : NULL;
    return *kind != NULL && *id != NULL;
}

/* Comparing */

/* "150.50" and 150.5 are the same amount. */
static bool is_same_amount(const struct json *a, const struct json *b)
{
    struct fraction left, right;
    char text[2][32];
    const struct json *values[] = {a, b};
    const char *said[2];

    for (int i = 0; i < 2; i++) {
        snprintf(text[i], sizeof text[i], "%lld", (long long)json_int(values[i], 0));
        said[i] = json_type(values[i]) == JSON_INT ? text[i] : json_text(values[i], "");
    }
    return fraction_parse(span_text(said[0]), &left) == STATUS_OK &&
           fraction_parse(span_text(said[1]), &right) == STATUS_OK &&
           fraction_compare(left, right) == 0;
}

/* A filter comes back in its canonical form. */
static bool is_same_filter(const struct json *mine, const struct json *theirs)
{
    struct arena *arena;
    struct filter filter;
    struct filter_problem problem;
    struct buffer text;
    bool same = false;

    if (arena_create(&arena, 1 << 20) != STATUS_OK)
        return false;
    buffer_init(&text, 1 << 16);
    if (filter_parse(span_text(json_text(mine, "")), arena, &filter, &problem) == STATUS_OK) {
        filter_print(&filter, &text);
        same = strcmp(buffer_cstring(&text), json_text(theirs, "")) == 0;
    }
    buffer_release(&text);
    arena_free(arena);
    return same;
}

static bool is_same_time(const struct json *a, const struct json *b)
{
    int64_t left, right;

    return clock_parse(span_text(json_text(a, "")), &left) == STATUS_OK &&
           clock_parse(span_text(json_text(b, "")), &right) == STATUS_OK && left == right;
}

static bool says_nothing(const struct json *value)
{
    return value == NULL || json_type(value) == JSON_NULL ||
           (json_type(value) == JSON_BOOL && !json_bool(value, false)) ||
           (json_type(value) == JSON_TEXT && *json_text(value, "") == '\0') ||
           (json_type(value) == JSON_ARRAY && json_count(value) == 0);
}

/* Lists of objects come back with every member that such an object may have. */
bool object_is_same(const struct json *mine, const struct json *theirs)
{
    const char *name;

    if (says_nothing(mine) && says_nothing(theirs))
        return true;
    if (json_type(mine) != json_type(theirs) || json_type(mine) == JSON_TEXT)
        return json_type(theirs) != JSON_NULL && json_type(mine) != JSON_NULL &&
               (json_same(mine, theirs) || is_same_amount(mine, theirs));
    if (json_type(mine) == JSON_ARRAY) {
        bool same = json_count(mine) == json_count(theirs);
        for (size_t i = 0; same && i < json_count(mine); i++)
            same = object_is_same(json_item(mine, i), json_item(theirs, i));
        return same;
    }
    if (json_type(mine) != JSON_OBJECT)
        return json_same(mine, theirs);
    for (size_t i = 0; i < json_count(mine); i++)
        if (json_member_at(mine, i, &name) &&
            !object_is_same(json_member(mine, name), json_member(theirs, name)))
            return false;
    for (size_t i = 0; i < json_count(theirs); i++)
        if (json_member_at(theirs, i, &name) && json_member(mine, name) == NULL &&
            !says_nothing(json_member(theirs, name)))
            return false;
    return true;
}

struct changes {
    struct object_change *list;
    size_t count;
};

static void add_change(struct changes *changes, const char *name, const struct json *from,
                       const struct json *to, bool is_fixed)
{
    if (changes->count < OBJECT_CHANGES)
        changes->list[changes->count++] = (struct object_change){name, from, to, is_fixed};
}

/* Both whole: what one of them lacks is a change, too. */
static void compare_whole(const struct json *mine, const struct json *theirs,
                          struct changes *changes)
{
    const char *name;

    for (size_t i = 0; i < json_count(mine); i++) {
        const struct json *to = json_member_at(mine, i, &name);
        const struct json *from = json_member(theirs, name);

        if (from == NULL || !json_same(from, to))
            add_change(changes, name, from, to, false);
    }
    for (size_t i = 0; i < json_count(theirs); i++) {
        const struct json *from = json_member_at(theirs, i, &name);

        if (json_member(mine, name) == NULL)
            add_change(changes, name, from, NULL, false);
    }
}

static bool is_same_member(const struct object_member *member, const struct json *mine,
                           const struct json *theirs)
{
    if (member->kind == FILTER && json_type(mine) == JSON_TEXT)
        return is_same_filter(mine, theirs);
    return member->kind == TIME ? is_same_time(mine, theirs) : object_is_same(mine, theirs);
}

static void compare_members(const struct object *object, const struct json *answer,
                            struct changes *changes)
{
    for (size_t i = 0; i < object->kind->member_count; i++) {
        const struct object_member *member = &object->kind->members[i];
        const struct json *to = json_member(object->document, member->name);
        const struct json *from = json_member(answer, member->name);

        if (to == NULL || member->kind == SECRET)
            continue;
        if (member->kind == SETTINGS)
            compare_whole(to, from, changes);
        else if (!is_same_member(member, to, from))
            add_change(changes, member->name, from, to, member->is_fixed && answer != NULL);
    }
}

/* The newest version of a contract, as it was written. */
static const struct json *newest(const struct json *answer)
{
    return json_member(json_item(json_member(answer, "versions"), 0), "document");
}

size_t object_compare(const struct object *object, const struct json *answer,
                      struct object_change changes[OBJECT_CHANGES])
{
    struct changes found = {.list = changes};

    if (is_contract(object->kind))
        compare_whole(object->document, answer ? newest(answer) : NULL, &found);
    else
        compare_members(object, answer, &found);
    return found.count;
}

/* Writing */

static void write_json(struct json_writer *writer, const char *name, const struct json *value)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    json_dump(value, &text);
    json_key(writer, name);
    json_write_raw(writer, buffer_span(&text));
    buffer_release(&text);
}

static void write_member(struct json_writer *writer, const struct object_member *member,
                         const struct json *value)
{
    char text[32];

    if (member->kind != AMOUNT || json_type(value) != JSON_INT) {
        write_json(writer, member->name, value);
        return;
    }
    snprintf(text, sizeof text, "%lld", (long long)json_int(value, 0));
    json_write_member(writer, member->name, text);
}

static void write_members(const struct object *object, const struct json *answer,
                          struct json_writer *writer)
{
    for (size_t i = 0; i < object->kind->member_count; i++) {
        const struct object_member *member = &object->kind->members[i];
        const struct json *value = json_member(object->document, member->name);

        if (value == NULL && (object->kind->is_whole || object->kind->is_replaced))
            value = json_member(answer, member->name);
        /* null takes away what is there, and says nothing of what is not */
        if (value != NULL && !(member->is_fixed && answer != NULL) &&
            (answer != NULL || json_type(value) != JSON_NULL))
            write_member(writer, member, value);
    }
}

void object_write_body(const struct object *object, const struct json *answer, struct buffer *body)
{
    struct json_writer writer;

    if (is_contract(object->kind)) {
        json_dump(object->document, body);
        return;
    }
    json_writer_init(&writer, body);
    json_begin_object(&writer);
    if ((answer == NULL || object->kind->is_replaced) && !object->kind->is_whole)
        json_write_member(&writer, object->kind->key != NULL ? object->kind->key : "id",
                          object->id);
    write_members(object, answer, &writer);
    json_end_object(&writer);
}

/* The database forgets in which order a document's members stood; people expect what a thing is
 * before what it costs. */
static const char *const order[] = {
    "contract",   "vendor", "currency", "zone",   "term",    "third_party_models", "from",
    "kind",       "of",     "metric",   "models", "per",     "at_least",           "at_most",
    "limit",      "price",  "unit",     "tiers",  "charges", "commitments",        "caps",
    "thresholds", "at",     "do",       "hard",   "shadow",
};

#define ORDERED (sizeof order / sizeof *order)

static bool is_ordered(const char *name)
{
    for (size_t i = 0; i < ORDERED; i++)
        if (strcmp(order[i], name) == 0)
            return true;
    return false;
}

static void write_ordered(struct json_writer *writer, const struct json *value);

static void write_object(struct json_writer *writer, const struct json *value)
{
    const char *name;

    json_begin_object(writer);
    for (size_t i = 0; i < ORDERED; i++) {
        const struct json *item = json_member(value, order[i]);

        if (item != NULL) {
            json_key(writer, order[i]);
            write_ordered(writer, item);
        }
    }
    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *item = json_member_at(value, i, &name);

        if (!is_ordered(name)) {
            json_key(writer, name);
            write_ordered(writer, item);
        }
    }
    json_end_object(writer);
}

static void write_ordered(struct json_writer *writer, const struct json *value)
{
    struct buffer text;

    if (json_type(value) == JSON_OBJECT) {
        write_object(writer, value);
    } else if (json_type(value) == JSON_ARRAY) {
        json_begin_array(writer);
        for (size_t i = 0; i < json_count(value); i++)
            write_ordered(writer, json_item(value, i));
        json_end_array(writer);
    } else {
        buffer_init(&text, 1 << 20);
        json_dump(value, &text);
        json_write_raw(writer, buffer_span(&text));
        buffer_release(&text);
    }
}

void object_write_document(const struct object_kind *kind, const struct json *answer,
                           struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    if (is_contract(kind)) {
        write_ordered(&writer, newest(answer));
        return;
    }
    json_begin_object(&writer);
    json_write_member(&writer, kind->name, object_id_of(kind, answer));
    for (size_t i = 0; i < kind->member_count; i++) {
        const struct json *value = json_member(answer, kind->members[i].name);

        if (value != NULL && json_type(value) != JSON_NULL)
            write_member(&writer, &kind->members[i], value);
    }
    json_end_object(&writer);
}

void object_write_path(const struct object_kind *kind, const char *id, const struct json *answer,
                       struct buffer *path)
{
    const char *colon = strcmp(kind->name, "layer") == 0 ? strchr(id, ':') : NULL;
    const struct json *number = kind->key != NULL ? json_member(answer, "id") : NULL;

    buffer_format(path, "%s/", kind->path);
    if (json_type(number) == JSON_INT) {
        buffer_format(path, "%lld", (long long)json_int(number, 0));
        return;
    }
    if (colon != NULL) {
        buffer_format(path, "%.*s/", (int)(colon - id), id);
        id = colon + 1;
    }
    client_escape(path, id);
}

/* What the server has */

const char *object_id_of(const struct object_kind *kind, const struct json *answer)
{
    return json_text(json_member(answer, kind->key != NULL ? kind->key : "id"), "");
}

const struct json *object_in_list(const struct object_kind *kind, const struct json *list,
                                  const char *id)
{
    const struct json *items = json_member(list, "items");

    for (size_t i = 0; i < json_count(items); i++)
        if (strcmp(object_id_of(kind, json_item(items, i)), id) == 0)
            return json_item(items, i);
    return NULL;
}

/* Roles of every installation stay, as does a region that nobody wrote. */
bool object_may_go(const struct object_kind *kind, const struct json *answer)
{
    return kind->can_prune && json_bool(json_member(answer, "own"), true) &&
           json_int(json_member(answer, "version"), 1) > 0;
}

bool object_is_over(const struct object *object, int64_t now_ms)
{
    const struct object_member *until =
        object->kind->member_count > 0 ? find_member(object->kind, "until") : NULL;
    int64_t until_ms;

    return until != NULL && until->kind == TIME &&
           clock_parse(span_text(json_text(json_member(object->document, "until"), "")),
                       &until_ms) == STATUS_OK &&
           until_ms <= now_ms;
}

bool object_is_secret(const struct object_kind *kind, const char *member)
{
    const struct object_member *found = find_member(kind, member);

    return found != NULL && found->kind == SECRET;
}

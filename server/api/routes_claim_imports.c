#include "schema/base/encode.h"
#include "schema/wire/claim_uri.h"
#include "schema/wire/topic.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/claim_code.h"
#include "server/api/qr.h"
#include "server/api/routes.h"
#include "server/api/serial_list.h"
#include "server/store/claim_imports.h"

#define MONTH_S      (30 * 86400)
#define YEAR_S       (366 * 86400)
#define ANSWER_BYTES ((size_t)6 << 20) /* a thousand pictures of 49 rows, and some */

/* One file with what was asked beside it. */
struct import {
    const struct api *api;
    struct arena *arena;
    struct serial_list list;
    const char **codes; /* as many as the list has rows */
    int64_t expires_in_s;
    bool replace;
    bool pictures;
};

/* ?name=true. False: a problem was answered. */
static bool read_flag(const struct request *request, struct reply *reply, const char *name,
                      bool *out)
{
    const char *text = request_query(request, name);

    if (text != NULL && !span_is_choice(span_text(text), "true|false")) {
        answer_bad(reply, name, "must be true or false");
        return false;
    }
    *out = text != NULL && strcmp(text, "true") == 0;
    return true;
}

/* False: a problem was answered. */
static bool read_import(const struct request *request, struct reply *reply, struct import *import)
{
    const char *group = request_query(request, "group");
    enum status status =
        request_query_int(request, "expires_in_s", MONTH_S, 60, YEAR_S, &import->expires_in_s);

    if (status != STATUS_OK) {
        answer_bad(reply, "expires_in_s", "must be 60 to 31622400");
        return false;
    }
    if (group != NULL && !topic_is_slug(span_text(group))) {
        answer_bad(reply, "group", "must be 1 to 48 of a-z, 0-9 and -");
        return false;
    }
    if (!read_flag(request, reply, "replace", &import->replace) ||
        !read_flag(request, reply, "qr", &import->pictures))
        return false;
    status = serial_list_read(request->body, group, request->arena, &import->list);
    if (status == STATUS_INVALID)
        reply_fields(reply, 422, import->list.faults, import->list.fault_count);
    else if (status != STATUS_OK)
        reply_status(reply, status, "the list");
    return status == STATUS_OK;
}

static void write_row(struct json_writer *writer, const struct serial_list_row *row,
                      const uint8_t hash[CRYPTO_HASH_SIZE])
{
    char text[2 * CRYPTO_HASH_SIZE + 1];

    json_begin_object(writer);
    json_key(writer, "line");
    json_write_int(writer, row->line);
    json_write_member(writer, "serial", row->serial);
    if (row->group != NULL)
        json_write_member(writer, "group", row->group);
    json_key(writer, "labels");
    json_write_raw(writer, row->labels);
    if (encode_hex(span_of(hash, CRYPTO_HASH_SIZE), text, sizeof text) == STATUS_OK)
        json_write_member(writer, "hash", text);
    json_end_object(writer);
}

/* A code for each row, and the rows with their hashes as the store takes them. */
static enum status make_codes(struct import *import, struct span *rows)
{
    uint8_t fingerprint[CRYPTO_HASH_SIZE];
    uint8_t hash[CRYPTO_HASH_SIZE];
    struct json_writer writer;
    struct buffer out;
    enum status status = STATUS_OK;

    import->codes = arena_take(import->arena, import->list.count * sizeof *import->codes);
    if (import->codes == NULL)
        return STATUS_MEMORY;
    authority_fingerprint(import->api->authority, fingerprint);
    buffer_init(&out, ANSWER_BYTES);
    json_writer_init(&writer, &out);
    json_begin_array(&writer);
    for (size_t i = 0; status == STATUS_OK && i < import->list.count; i++) {
        status = claim_code_make(import->arena, fingerprint, &import->codes[i], hash);
        if (status == STATUS_OK)
            write_row(&writer, &import->list.rows[i], hash);
    }
    json_end_array(&writer);
    if (status == STATUS_OK)
        status = buffer_status(&out);
    if (status == STATUS_OK)
        *rows = arena_copy(import->arena, buffer_span(&out));
    buffer_release(&out);
    return status;
}

static enum status write_item(struct json_writer *writer, const struct import *import, size_t at,
                              const struct json *ids)
{
    const struct serial_list_row *row = &import->list.rows[at];
    enum status status = STATUS_OK;
    struct buffer uri;

    buffer_init(&uri, 4096);
    claim_uri_write(&uri, import->codes[at], import->api->device_url);
    json_begin_object(writer);
    json_key(writer, "id");
    json_write_int(writer, json_int(json_member(ids, row->serial), 0));
    json_write_member(writer, "serial", row->serial);
    json_key(writer, "group");
    if (row->group != NULL)
        json_write_text(writer, span_text(row->group));
    else
        json_write_null(writer);
    json_key(writer, "labels");
    json_write_raw(writer, row->labels);
    json_write_member(writer, "code", import->codes[at]);
    json_write_member(writer, "uri", buffer_cstring(&uri));
    if (import->pictures) {
        json_key(writer, "qr");
        status = qr_write(writer, buffer_cstring(&uri));
    }
    json_end_object(writer);
    if (status == STATUS_OK)
        status = buffer_status(&uri);
    buffer_release(&uri);
    return status;
}

static enum status write_answer(const struct import *import, const struct json *made,
                                struct buffer *out)
{
    struct json_writer writer;
    enum status status = STATUS_OK;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_write_member(&writer, "device_url", import->api->device_url);
    json_write_member(&writer, "expires_at", json_text(json_member(made, "expires_at"), ""));
    json_key(&writer, "replaced");
    json_write_int(&writer, json_int(json_member(made, "replaced"), 0));
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; status == STATUS_OK && i < import->list.count; i++)
        status = write_item(&writer, import, i, json_member(made, "ids"));
    json_end_array(&writer);
    json_end_object(&writer);
    return status == STATUS_OK ? buffer_status(out) : status;
}

static void answer_codes(const struct import *import, struct span document, struct reply *reply)
{
    struct json *made = NULL;
    struct span body = {0};
    struct buffer out;

    buffer_init(&out, ANSWER_BYTES);
    enum status status = json_parse(document, &made, NULL);
    if (status == STATUS_OK)
        status = write_answer(import, made, &out);
    if (status == STATUS_OK)
        body = arena_copy(import->arena, buffer_span(&out));
    if (status == STATUS_OK && arena_failed(import->arena))
        status = STATUS_MEMORY;
    if (status == STATUS_OK)
        reply_json(reply, 201, body);
    else
        reply_status(reply, status, "the codes");
    json_free(made);
    buffer_release(&out);
}

static void refuse(struct serial_list *list, const struct claim_imports_faults *faults,
                   struct reply *reply)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct claim_imports_fault *fault = &faults->items[i];

        if (fault->cause == CLAIM_IMPORTS_NO_GROUP)
            serial_list_fault(list, fault->line, "there is no such group");
        else if (fault->cause == CLAIM_IMPORTS_FILTERED)
            serial_list_fault(list, fault->line,
                              "must be a group whose members are put in by hand");
        else
            serial_list_fault(list, fault->line,
                              "claim %lld for this serial number waits: withdraw it, or replace "
                              "unused codes",
                              (long long)fault->claim_id);
    }
    reply_fields(reply, 422, list->faults, list->fault_count);
}

static void import_list(void *context, struct request *request, struct reply *reply)
{
    const struct author author = api_author(request);
    struct import import = {.api = context, .arena = request->arena};
    struct claim_imports_faults faults;
    struct document made;
    struct span rows = {0};

    if (!read_import(request, reply, &import))
        return;
    enum status status = make_codes(&import, &rows);
    if (arena_failed(request->arena))
        status = STATUS_MEMORY;
    const struct claim_imports_order order = {
        .rows = rows, .expires_in_s = import.expires_in_s, .replace = import.replace};
    if (status == STATUS_OK)
        status =
            claim_imports_make(import.api->store, &author, &order, request->arena, &made, &faults);
    if (status == STATUS_OK)
        answer_codes(&import, made.json, reply);
    else if (status == STATUS_INVALID && faults.count > 0)
        refuse(&import.list, &faults, reply);
    else
        reply_status(reply, status, "the claims");
}

static const struct route rows[] = {
    {"POST", "/api/v1/claims/import", ROUTE_OPERATOR, import_list, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_claim_imports, rows);

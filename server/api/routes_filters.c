#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/filtering.h"
#include "server/api/routes.h"
#include "server/fleet/filter.h"
#include "server/store/filter_values.h"

#define FIELDS_BYTES ((size_t)64 << 10)

static const char *type_name(enum filter_type type)
{
    static const char *const names[] = {"text",  "label", "choice", "flag",
                                        "count", "age",   "money",  "version"};

    return names[type];
}

static void write_field(struct json_writer *writer, const struct filter_field *field)
{
    const char *choices = field->choices ? field->choices : "";

    json_begin_object(writer);
    json_write_member(writer, "name", field->name);
    json_write_member(writer, "type", type_name(field->type));
    json_key(writer, "choices");
    json_begin_array(writer);
    while (*choices) {
        size_t size = strcspn(choices, "|");

        json_write_text(writer, span_of(choices, size));
        choices += size + (choices[size] == '|');
    }
    json_end_array(writer);
    json_key(writer, "in_groups");
    json_write_bool(writer, !field->not_in_groups);
    json_write_member(writer, "help", field->help);
    json_end_object(writer);
}

static void fields(void *context, struct request *request, struct reply *reply)
{
    struct json_writer writer;
    struct buffer out;
    struct span json = {0};
    size_t count;
    const struct filter_field *table = filter_fields(&count);

    (void)context;
    buffer_init(&out, FIELDS_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_field(&writer, &table[i]);
    json_end_array(&writer);
    json_key(&writer, "next");
    json_write_null(&writer);
    json_end_object(&writer);
    enum status status = buffer_status(&out);
    if (status == STATUS_OK)
        json = arena_copy(request->arena, buffer_span(&out));
    buffer_release(&out);
    answer_json(reply, status, json, "fields");
}

/* {"filter": canonical text, and the store's members} */
static struct span with_text(struct arena *arena, const char *text, struct span preview)
{
    struct json_writer writer;
    struct buffer out;
    struct span joined = {0};

    buffer_init(&out, FIELDS_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_write_member(&writer, "filter", text);
    buffer_byte(&out, ',');
    buffer_add(&out, span_of(preview.data + 1, preview.size - 1));
    if (buffer_status(&out) == STATUS_OK)
        joined = arena_copy(arena, buffer_span(&out));
    buffer_release(&out);
    return joined;
}

static void preview(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *text = request_query(request, "filter");
    const char *use = request_query(request, "use");
    struct groups_filter filter = {0};
    struct span json = {0};

    if (use != NULL && !span_is_choice(span_text(use), "list|group")) {
        answer_bad(reply, "?use", "must be one of list, group");
        return;
    }
    const bool of_group = use != NULL && strcmp(use, "group") == 0;
    if (!filtering_read(request, reply, api->store, text != NULL ? text : "", "?filter",
                        of_group ? FILTERING_GROUP : FILTERING_LIST, &filter))
        return;
    enum status status =
        groups_preview(api->store, filter.program, of_group, request->arena, &json);
    if (status == STATUS_OK)
        json = with_text(request->arena, filter.text, json);
    answer_json(reply, status, json, "filter");
}

#define VALUES_MOST 20

static void values(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *field = request_query(request, "field");
    const char *part = request_query(request, "part");
    struct span json = {0};

    if (field == NULL) {
        answer_bad(reply, "?field", "must be there: a field of /api/v1/filters/fields");
        return;
    }
    enum status status = filter_values_read(api->store, field, part != NULL ? part : "",
                                            VALUES_MOST, request->arena, &json);
    answer_json(reply, status, json, "values");
}

static const struct route rows[] = {
    {"GET", "/api/v1/filters/fields", ROUTE_VIEWER, fields, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/filters/values", ROUTE_VIEWER, values, ROUTE_BODY_NORMAL},
    {"GET", "/api/v1/filters/preview", ROUTE_VIEWER, preview, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_filters, rows);

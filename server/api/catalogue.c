#include "server/api/catalogue.h"

#include "schema/wire/setting.h"

#define CATALOGUE_BYTES ((size_t)64 << 10)

static const char *type_name(enum setting_type type)
{
    static const char *const names[] = {"int", "text", "choice", "routes"};

    return names[type];
}

static void write_choices(struct json_writer *writer, const char *choices)
{
    json_begin_array(writer);
    while (choices != NULL && *choices != '\0') {
        size_t size = strcspn(choices, "|");

        json_write_text(writer, span_of(choices, size));
        choices += size + (choices[size] == '|');
    }
    json_end_array(writer);
}

static void write_spec(struct json_writer *writer, const struct setting_spec *spec)
{
    json_begin_object(writer);
    json_key(writer, "name");
    json_write_text(writer, span_text(spec->name));
    json_key(writer, "type");
    json_write_text(writer, span_text(type_name(spec->type)));
    json_key(writer, "min");
    json_write_int(writer, spec->min);
    json_key(writer, "max");
    json_write_int(writer, spec->max);
    json_key(writer, "choices");
    write_choices(writer, spec->choices);
    json_key(writer, "unit");
    json_write_text(writer, span_text(spec->unit));
    json_key(writer, "default");
    if (spec->fallback != NULL)
        json_write_raw(writer, span_text(spec->fallback));
    else
        json_write_null(writer);
    json_key(writer, "needs_restart");
    json_write_bool(writer, spec->needs_restart);
    json_key(writer, "help");
    json_write_text(writer, span_text(spec->help));
    json_end_object(writer);
}

static enum status finish(struct buffer *out, struct arena *arena, struct span *json)
{
    enum status status = buffer_status(out);

    if (status == STATUS_OK) {
        struct span copy = arena_copy(arena, buffer_span(out));

        if (copy.size > 0)
            *json = copy;
        else
            status = STATUS_MEMORY;
    }
    buffer_release(out);
    return status;
}

enum status catalogue_list(struct arena *arena, struct span *json)
{
    struct json_writer writer;
    struct buffer out;
    size_t count;
    const struct setting_spec *specs = setting_table(&count);

    buffer_init(&out, CATALOGUE_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "items");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_spec(&writer, &specs[i]);
    json_end_array(&writer);
    json_key(&writer, "next");
    json_write_null(&writer);
    json_end_object(&writer);
    return finish(&out, arena, json);
}

enum status catalogue_defaults(struct arena *arena, struct span *json)
{
    struct json_writer writer;
    struct buffer out;
    size_t count;
    const struct setting_spec *specs = setting_table(&count);

    buffer_init(&out, CATALOGUE_BYTES);
    json_writer_init(&writer, &out);
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        if (specs[i].fallback == NULL)
            continue;
        json_begin_object(&writer);
        json_key(&writer, "name");
        json_write_text(&writer, span_text(specs[i].name));
        json_key(&writer, "value");
        json_write_raw(&writer, span_text(specs[i].fallback));
        json_end_object(&writer);
    }
    json_end_array(&writer);
    return finish(&out, arena, json);
}

static enum status check_member(const char *name, const struct json *value, const char *place,
                                struct json_problem *problem)
{
    const struct setting_spec *spec = setting_find(span_text(name));
    char reason[LIMIT_REASON + 1];

    snprintf(problem->pointer, sizeof problem->pointer, "%s/%.64s", place, name);
    snprintf(problem->detail, sizeof problem->detail, "there is no such setting");
    if (spec == NULL)
        return STATUS_INVALID;
    if (value == NULL || setting_check(spec, value, reason) == STATUS_OK)
        return STATUS_OK;
    snprintf(problem->detail, sizeof problem->detail, "%s", reason);
    return STATUS_INVALID;
}

enum status catalogue_check(const struct json *settings, struct json_problem *problem)
{
    enum status status = STATUS_OK;
    const char *name;

    *problem = (struct json_problem){.pointer = "/settings", .detail = "must be an object"};
    if (json_type(settings) != JSON_OBJECT)
        return STATUS_INVALID;
    for (size_t i = 0; i < json_count(settings) && status == STATUS_OK; i++) {
        const struct json *value = json_member_at(settings, i, &name);

        status = check_member(name, value, "/settings", problem);
    }
    return status;
}

enum status catalogue_check_patch(const struct json *patch, struct json_problem *problem)
{
    enum status status = STATUS_OK;
    const char *name;

    *problem = (struct json_problem){.pointer = "/patch", .detail = "must be an object"};
    if (json_type(patch) != JSON_OBJECT)
        return STATUS_INVALID;
    for (size_t i = 0; i < json_count(patch) && status == STATUS_OK; i++) {
        const struct json *value = json_member_at(patch, i, &name);

        status =
            check_member(name, json_type(value) == JSON_NULL ? NULL : value, "/patch", problem);
    }
    return status;
}

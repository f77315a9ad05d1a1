#include "schema/base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"

#define SLUG_MAX 48

/* "/" and "~" are written "~1" and "~0" (RFC 6901 section 3). */
static void point_at(struct json_problem *problem, const char *name)
{
    size_t used = 0;

    problem->pointer[used++] = '/';
    for (; *name && used + 3 < sizeof problem->pointer; name++) {
        if (*name == '/' || *name == '~') {
            problem->pointer[used++] = '~';
            problem->pointer[used++] = *name == '/' ? '1' : '0';
        } else {
            problem->pointer[used++] = *name;
        }
    }
    problem->pointer[used] = 0;
}

__attribute__((format(printf, 2, 3))) static enum status refuse(struct json_problem *problem,
                                                                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, args);
    va_end(args);
    return STATUS_INVALID;
}

static enum status refuse_choice(struct json_problem *problem, const char *choices)
{
    size_t used = (size_t)snprintf(problem->detail, sizeof problem->detail, "must be one of ");

    for (; *choices && used + 3 < sizeof problem->detail; choices++) {
        problem->detail[used++] = *choices == '|' ? ',' : *choices;
        if (*choices == '|')
            problem->detail[used++] = ' ';
    }
    problem->detail[used] = 0;
    return STATUS_INVALID;
}

static bool is_bounded(const struct json_field *field)
{
    return field->min != 0 || field->max != 0;
}

static enum status check_text(const struct json_field *field, const char *text,
                              struct json_problem *problem)
{
    int64_t size = (int64_t)strlen(text);

    if (field->choices && !span_is_choice(span_text(text), field->choices))
        return refuse_choice(problem, field->choices);
    if (is_bounded(field) && size < field->min)
        return size == 0 ? refuse(problem, "must not be empty")
                         : refuse(problem, "must have at least %" PRId64 " bytes", field->min);
    if (is_bounded(field) && size > field->max)
        return refuse(problem, "must have at most %" PRId64 " bytes", field->max);
    return STATUS_OK;
}

static enum status check_slug(const char *text, struct json_problem *problem)
{
    size_t size = strlen(text);

    if (size < 1 || size > SLUG_MAX ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != size)
        return refuse(problem, "must be 1 to 48 of a-z, 0-9 and -");
    return STATUS_OK;
}

static enum status check_int(const struct json_field *field, int64_t value,
                             struct json_problem *problem)
{
    if (is_bounded(field) && (value < field->min || value > field->max))
        return refuse(problem, "must be from %" PRId64 " to %" PRId64, field->min, field->max);
    return STATUS_OK;
}

static enum status check_time(const char *text, struct json_problem *problem)
{
    int64_t time_ms;

    if (clock_parse(span_text(text), &time_ms) != STATUS_OK)
        return refuse(problem, "must be a time like 2026-11-22T10:00:00Z");
    return STATUS_OK;
}

static enum status check_type(const struct json_field *field, const struct json *value,
                              struct json_problem *problem)
{
    static const struct {
        enum json_type type;
        const char *name;
    } wanted[] = {
        [JSON_FIELD_TEXT] = {JSON_TEXT, "text"},
        [JSON_FIELD_SLUG] = {JSON_TEXT, "text"},
        [JSON_FIELD_INT] = {JSON_INT, "an integer"},
        [JSON_FIELD_BOOL] = {JSON_BOOL, "true or false"},
        [JSON_FIELD_TIME] = {JSON_TEXT, "text"},
    };

    if (field->kind != JSON_FIELD_ANY && json_type(value) != wanted[field->kind].type)
        return refuse(problem, "must be %s", wanted[field->kind].name);
    return STATUS_OK;
}

static enum status check_value(const struct json_field *field, const struct json *value,
                               struct json_problem *problem)
{
    point_at(problem, field->name);
    enum status status = check_type(field, value, problem);
    if (status != STATUS_OK)
        return status;

    switch (field->kind) {
    case JSON_FIELD_TEXT:
        return check_text(field, json_text(value, ""), problem);
    case JSON_FIELD_SLUG:
        return check_slug(json_text(value, ""), problem);
    case JSON_FIELD_INT:
        return check_int(field, json_int(value, 0), problem);
    case JSON_FIELD_TIME:
        return check_time(json_text(value, ""), problem);
    case JSON_FIELD_BOOL:
    case JSON_FIELD_ANY:
        break;
    }
    return STATUS_OK;
}

static bool is_named(const struct json_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return true;
    return false;
}

/* There are more members than known ones: so one of the first count + 1 must be unknown. */
static enum status check_names(const struct json *object, const struct json_field *fields,
                               size_t count, struct json_problem *problem)
{
    const char *name;

    for (size_t i = 0; i <= count && json_member_at(object, i, &name); i++) {
        if (is_named(fields, count, name))
            continue;
        point_at(problem, name);
        return refuse(problem, "is not known here");
    }
    return STATUS_OK;
}

static enum status check(const struct json *object, const struct json_field *fields, size_t count,
                         struct json_problem *problem)
{
    problem->pointer[0] = 0;
    if (json_type(object) != JSON_OBJECT)
        return refuse(problem, "must be an object");

    enum status status = check_names(object, fields, count, problem);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct json *value = json_member(object, fields[i].name);

        if (value) {
            status = check_value(&fields[i], value, problem);
        } else if (fields[i].required) {
            point_at(problem, fields[i].name);
            status = refuse(problem, "is missing");
        }
    }
    return status;
}

/* False when the arena is full. */
static bool store(const struct json_field *field, const struct json *value, void *target,
                  struct arena *arena)
{
    char *place = (char *)target + field->offset;
    const char *text;
    int64_t integer;
    bool flag;

    switch (field->kind) {
    case JSON_FIELD_TEXT:
    case JSON_FIELD_SLUG:
        text = arena_text(arena, span_text(json_text(value, "")));
        memcpy(place, &text, sizeof text);
        return text != NULL;
    case JSON_FIELD_INT:
        *(int64_t *)place = json_int(value, 0);
        return true;
    case JSON_FIELD_TIME:
        if (clock_parse(span_text(json_text(value, "")), &integer) != STATUS_OK)
            return false;
        memcpy(place, &integer, sizeof integer);
        return true;
    case JSON_FIELD_BOOL:
        flag = json_bool(value, false);
        memcpy(place, &flag, sizeof flag);
        return true;
    case JSON_FIELD_ANY:
        memcpy(place, &value, sizeof value);
        return true;
    }
    return false;
}

enum status json_decode(const struct json *object, const struct json_field *fields, size_t count,
                        void *target, struct arena *arena, struct json_problem *problem)
{
    enum status status = check(object, fields, count, problem);
    if (status != STATUS_OK)
        return status;

    for (size_t i = 0; i < count; i++) {
        const struct json *value = json_member(object, fields[i].name);
        const bool there = value != NULL;

        if (there && !store(&fields[i], value, target, arena)) {
            point_at(problem, fields[i].name);
            refuse(problem, "is too much to hold");
            return STATUS_FULL;
        }
        if (fields[i].set_offset != 0)
            *(bool *)((char *)target + fields[i].set_offset) = there;
    }
    problem->pointer[0] = problem->detail[0] = 0;
    return STATUS_OK;
}

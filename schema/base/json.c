#include "schema/base/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jansson takes some of the names that our header promises. */
#define json_type   jansson_type
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_REAL   JANSSON_REAL
#define JSON_NULL   JANSSON_NULL
#include <jansson.h>
#undef json_type
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_REAL
#undef JSON_NULL

#define MAX_DEPTH 32
#define MAX_BYTES (1024 * 1024)

static const json_t *unwrap(const struct json *json)
{
    return (const json_t *)json;
}

static const struct json *wrap(const json_t *json)
{
    return (const struct json *)json;
}

/* jansson's own limit is 2048 levels, too deep for those who walk a document by recursion. */
static bool too_deep(struct span text)
{
    unsigned depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '[' || c == '{') && ++depth > MAX_DEPTH)
            return true;
        else if (!quoted && (c == ']' || c == '}') && depth > 0)
            depth--;
    }
    return false;
}

static enum status refuse(char problem[160], const char *cause)
{
    if (problem)
        snprintf(problem, 160, "%s", cause);
    return STATUS_INVALID;
}

enum status json_parse(struct span text, struct json **out, char problem[160])
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t error;

    if (text.size > MAX_BYTES)
        return refuse(problem, "larger than 1 MiB");
    if (too_deep(text))
        return refuse(problem, "nested deeper than 32 levels");

    json_t *json =
        json_loadb(text.size > 0 ? (const char *)text.data : "", text.size, flags, &error);
    if (!json) {
        char cause[160];

        snprintf(cause, sizeof cause, "line %d, column %d: %.100s", error.line, error.column,
                 error.text);
        return refuse(problem, cause);
    }
    *out = (struct json *)json;
    return STATUS_OK;
}

void json_free(struct json *json)
{
    json_decref((json_t *)json);
}

enum json_type json_type(const struct json *json)
{
    if (!json)
        return JSON_NULL;

    switch (json_typeof(unwrap(json))) {
    case JANSSON_OBJECT:
        return JSON_OBJECT;
    case JANSSON_ARRAY:
        return JSON_ARRAY;
    case JSON_STRING:
        return JSON_TEXT;
    case JSON_INTEGER:
        return JSON_INT;
    case JANSSON_REAL:
        return JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_BOOL;
    case JANSSON_NULL:
        break;
    }
    return JSON_NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
    if (json_type(object) != JSON_OBJECT)
        return NULL;
    return wrap(json_object_get(unwrap(object), name));
}

size_t json_count(const struct json *array_or_object)
{
    enum json_type type = json_type(array_or_object);

    if (type == JSON_OBJECT)
        return json_object_size(unwrap(array_or_object));
    return type == JSON_ARRAY ? json_array_size(unwrap(array_or_object)) : 0;
}

const struct json *json_item(const struct json *array, size_t index)
{
    if (json_type(array) != JSON_ARRAY)
        return NULL;
    return wrap(json_array_get(unwrap(array), index));
}

const struct json *json_member_at(const struct json *object, size_t index, const char **name)
{
    if (json_type(object) != JSON_OBJECT)
        return NULL;

    json_t *members = (json_t *)unwrap(object); /* the iterators of jansson know no const */
    void *member = json_object_iter(members);
    while (member && index-- > 0)
        member = json_object_iter_next(members, member);
    if (!member)
        return NULL;
    *name = json_object_iter_key(member);
    return wrap(json_object_iter_value(member));
}

const char *json_text(const struct json *json, const char *fallback)
{
    return json_type(json) == JSON_TEXT ? json_string_value(unwrap(json)) : fallback;
}

int64_t json_int(const struct json *json, int64_t fallback)
{
    return json_type(json) == JSON_INT ? json_integer_value(unwrap(json)) : fallback;
}

double json_double(const struct json *json, double fallback)
{
    enum json_type type = json_type(json);

    return type == JSON_REAL || type == JSON_INT ? json_number_value(unwrap(json)) : fallback;
}

bool json_bool(const struct json *json, bool fallback)
{
    return json_type(json) == JSON_BOOL ? json_is_true(unwrap(json)) : fallback;
}

static int dump_part(const char *text, size_t size, void *out)
{
    buffer_add(out, span_of(text, size));
    return 0;
}

void json_dump(const struct json *json, struct buffer *out)
{
    if (!json)
        buffer_text(out, "null");
    else if (json_dump_callback(unwrap(json), dump_part, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        buffer_fail(out, STATUS_MEMORY);
}

bool json_same(const struct json *a, const struct json *b)
{
    return json_equal(unwrap(a), unwrap(b)) != 0;
}

void json_writer_init(struct json_writer *writer, struct buffer *out)
{
    *writer = (struct json_writer){.out = out, .first = {true}};
}

/* Before each element; a key counts as one and lets its value follow without a comma. */
static void separate(struct json_writer *writer)
{
    if (!writer->first[writer->depth])
        buffer_byte(writer->out, ',');
    writer->first[writer->depth] = false;
}

static void begin(struct json_writer *writer, uint8_t bracket)
{
    separate(writer);
    buffer_byte(writer->out, bracket);
    assert(writer->depth + 1 < sizeof writer->first / sizeof writer->first[0]);
    writer->first[++writer->depth] = true;
}

static void end(struct json_writer *writer, uint8_t bracket)
{
    assert(writer->depth > 0);
    writer->depth--;
    buffer_byte(writer->out, bracket);
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, '{');
}

void json_end_object(struct json_writer *writer)
{
    end(writer, '}');
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, '[');
}

void json_end_array(struct json_writer *writer)
{
    end(writer, ']');
}

static void put_escape(struct buffer *out, uint8_t c)
{
    if (c == '"' || c == '\\')
        buffer_format(out, "\\%c", c);
    else if (c == '\n')
        buffer_text(out, "\\n");
    else
        buffer_format(out, "\\u%04x", c);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

/* Bytes that are not UTF-8 become U+FFFD: one bad text must not make a whole answer unreadable. */
static void put_quoted(struct buffer *out, struct span text)
{
    size_t done = 0, at = 0;

    buffer_byte(out, '"');
    while (at < text.size) {
        size_t step = span_utf8_step(span_of(text.data + at, text.size - at));

        if (step > 0 && is_plain(text.data[at])) {
            at += step;
            continue;
        }
        buffer_add(out, span_of(text.data + done, at - done));
        if (step == 0)
            buffer_text(out, "\xef\xbf\xbd");
        else
            put_escape(out, text.data[at]);
        done = ++at;
    }
    if (at > done)
        buffer_add(out, span_of(text.data + done, at - done));
    buffer_byte(out, '"');
}

void json_key(struct json_writer *writer, const char *name)
{
    separate(writer);
    put_quoted(writer->out, span_text(name));
    buffer_byte(writer->out, ':');
    writer->first[writer->depth] = true;
}

void json_write_text(struct json_writer *writer, struct span text)
{
    separate(writer);
    put_quoted(writer->out, text);
}

void json_write_member(struct json_writer *writer, const char *name, const char *text)
{
    json_key(writer, name);
    json_write_text(writer, span_text(text));
}

void json_write_int(struct json_writer *writer, int64_t value)
{
    separate(writer);
    buffer_format(writer->out, "%lld", (long long)value);
}

void json_write_real(struct json_writer *writer, double value)
{
    char text[40];

    separate(writer);
    if (!isfinite(value)) {
        buffer_fail(writer->out, STATUS_INVALID);
        return;
    }
    /* The shortest of the two that reads back as the same number. */
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    buffer_text(writer->out, text);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    separate(writer);
    buffer_text(writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
    separate(writer);
    buffer_text(writer->out, "null");
}

void json_write_raw(struct json_writer *writer, struct span json)
{
    separate(writer);
    buffer_add(writer->out, json);
}

/* json.h - JSON by descriptor tables; jansson and nothing else knows it
 *
 * Reading: a table says which members an object may have, of what type, in which bounds; anything
 * else is an error that names the member as a JSON pointer ("/charges/0/price"). Writing: a
 * latching writer over struct buffer.
 */
#ifndef SCHEMA_BASE_JSON_H
#define SCHEMA_BASE_JSON_H

#include <stdbool.h>

#include "schema/base/arena.h"
#include "schema/base/buffer.h"

/* A parsed document or a part of one. Opaque. */
struct json;

/* Strict: UTF-8, no duplicate members, nothing after the end, at most 32 levels deep and 1 MiB.
 * problem (may be NULL) tells line, column and cause. The caller frees *out with json_free();
 * parts got from it are borrowed. */
MUST_CHECK enum status json_parse(struct span text, struct json **out, char problem[160]);
void json_free(struct json *json);

enum json_type {
    JSON_NULL = 0,
    JSON_BOOL = 1,
    JSON_INT = 2,
    JSON_REAL = 3,
    JSON_TEXT = 4,
    JSON_ARRAY = 5,
    JSON_OBJECT = 6,
};
enum json_type json_type(const struct json *json);

/* Parts: NULL when absent or json is not of that kind. */
const struct json *json_member(const struct json *object, const char *name);
size_t json_count(const struct json *array_or_object);
const struct json *json_item(const struct json *array, size_t index);
/* The index-th member in document order. */
const struct json *json_member_at(const struct json *object, size_t index, const char **name);

/* Values: the fallback when json is NULL or of another type. Text is borrowed, NUL-terminated. */
const char *json_text(const struct json *json, const char *fallback);
int64_t json_int(const struct json *json, int64_t fallback);
double json_double(const struct json *json, double fallback);
bool json_bool(const struct json *json, bool fallback);

/* Appends the compact text of json, members in document order. */
void json_dump(const struct json *json, struct buffer *out);

/* Whether both say the same, in whatever order their objects' members stand. */
bool json_same(const struct json *a, const struct json *b);

enum json_field_kind {
    JSON_FIELD_TEXT, /* const char *: min and max bound its bytes */
    JSON_FIELD_SLUG, /* const char *: [a-z0-9-]{1,48} */
    JSON_FIELD_INT,  /* int64_t: min and max bound the value */
    JSON_FIELD_BOOL, /* bool */
    JSON_FIELD_TIME, /* int64_t wall milliseconds, from RFC 3339 text */
    JSON_FIELD_ANY,  /* const struct json *: any value, borrowed from the document */
};

struct json_field {
    const char *name;
    enum json_field_kind kind;
    size_t offset;     /* of the value in the target struct */
    size_t set_offset; /* of a bool that tells whether it was there; 0: none (put no bool first) */
    bool required;
    int64_t min, max;
    const char *choices; /* text: "viewer|operator|admin"; NULL: any */
};

struct json_problem {
    char pointer[96]; /* "/role"; empty: the document itself */
    char detail[160]; /* "must be one of viewer, operator, approver, admin" */
};

/* Decodes object into target by the table. Texts are copied into the arena. A member that the table
 * does not name is a problem, also null for a member that may be left out; min and max both 0 mean
 * no bound. STATUS_INVALID: *problem says which member and why, and target is untouched;
 * STATUS_FULL: the arena's limit was reached, and target is undefined. */
MUST_CHECK enum status json_decode(const struct json *object, const struct json_field *fields,
                                   size_t count, void *target, struct arena *arena,
                                   struct json_problem *problem);

/* The writer: commas, quotes and escapes by itself; failure latches in out. Fields are private. */
struct json_writer {
    struct buffer *out;
    unsigned depth;
    bool first[32];
};
void json_writer_init(struct json_writer *writer, struct buffer *out);
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *name);
void json_write_text(struct json_writer *writer, struct span text);
/* A member of text: its name and value. */
void json_write_member(struct json_writer *writer, const char *name, const char *text);
void json_write_int(struct json_writer *writer, int64_t value);
void json_write_real(struct json_writer *writer, double value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* JSON text made elsewhere, taken as it is. */
void json_write_raw(struct json_writer *writer, struct span json);

#endif

/* value.h - a statement's typed parameters
 *
 * A value borrows what it points to until the statement has run. Values travel in binary, so there
 * is nothing to escape. Arrays go into unnest($1::bigint[], ...).
 */
#ifndef SERVER_STORE_VALUE_H
#define SERVER_STORE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/buffer.h"
#include "schema/base/span.h"

/* Fields are private. */
struct value {
    uint32_t oid; /* PostgreSQL's number of the type */
    bool is_null;
    bool is_array;
    int64_t number;    /* integers, times, booleans */
    struct span bytes; /* text, bytea, jsonb, uuid, numeric */
    const void *items; /* arrays */
    size_t count;
};

struct value value_text(const char *text);   /* NULL gives SQL's NULL */
struct value value_span(struct span text);   /* text of outside bytes; must be UTF-8 without NUL */
struct value value_bytes(struct span bytes); /* bytea */
struct value value_int(int64_t number); /* bigint; cast in SQL where a function wants integer */
struct value value_bool(bool flag);
struct value value_time(int64_t wall_ms);        /* timestamptz */
struct value value_uuid(const uint8_t uuid[16]); /* NULL gives SQL's NULL */
struct value value_json(struct span json);       /* jsonb */
struct value value_numeric(const char *decimal); /* "12.000000000001" */

/* SQL's NULL in place of an integer, a time or bytes. */
struct value value_no_int(void);
struct value value_no_time(void);
struct value value_no_bytes(void);
struct value value_no_json(void);

/* Arrays of one dimension. A NULL text is SQL's NULL. */
struct value value_text_array(const char *const *texts, size_t count);   /* text[] */
struct value value_bytes_array(const struct span *items, size_t count);  /* bytea[] */
struct value value_int_array(const int64_t *numbers, size_t count);      /* bigint[] */
struct value value_time_array(const int64_t *wall_ms, size_t count);     /* timestamptz[] */
struct value value_uuid_array(const uint8_t (*uuids)[16], size_t count); /* uuid[] */

/* For store.c: 1 when the value travels in binary, 0 when as text. */
int value_format(const struct value *value);

/* For store.c: appends the encoded value; failure latches in the buffer. */
void value_encode(const struct value *value, struct buffer *out);

#endif

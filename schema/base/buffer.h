/* buffer.h - a growing byte builder that latches its failure
 *
 * Write on without checking, ask buffer_status() once at the end. Storage is heap, bounded by
 * limit_bytes. Fields are private. Not thread-safe.
 */
#ifndef SCHEMA_BASE_BUFFER_H
#define SCHEMA_BASE_BUFFER_H

#include <stdarg.h>

#include "schema/base/span.h"

struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit_bytes;
    enum status status;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_release(struct buffer *buffer);

/* Empties it, forgets a latched failure, keeps the storage. */
void buffer_clear(struct buffer *buffer);

void buffer_add(struct buffer *buffer, struct span bytes);
void buffer_text(struct buffer *buffer, const char *text);
void buffer_byte(struct buffer *buffer, uint8_t byte);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Latches a failure of the caller's own, unless one is latched already. */
void buffer_fail(struct buffer *buffer, enum status status);

/* Drops the first count bytes (all when there are fewer). */
void buffer_consume(struct buffer *buffer, size_t count);

/* Drops what is behind the first size bytes. */
void buffer_cut(struct buffer *buffer, size_t size);

/* What was written so far; borrowed until the next change. A NUL follows the last byte. */
struct span buffer_span(const struct buffer *buffer);
const char *buffer_cstring(const struct buffer *buffer);

/* STATUS_FULL after the limit, STATUS_MEMORY after a failed allocation. */
MUST_CHECK enum status buffer_status(const struct buffer *buffer);

#endif

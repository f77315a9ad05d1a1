/* arena.h - memory of one request or message: allocated piecewise, freed at once
 *
 * Grows by blocks up to a limit given at creation. Not thread-safe: one owner at a time.
 */
#ifndef SCHEMA_BASE_ARENA_H
#define SCHEMA_BASE_ARENA_H

#include <stddef.h>

#include "schema/base/span.h"

struct arena;

/* limit_bytes bounds everything ever taken between two resets. The caller owns *out. */
MUST_CHECK enum status arena_create(struct arena **out, size_t limit_bytes);
void arena_free(struct arena *arena);

/* Forgets everything and keeps one block for reuse. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for any type, valid until reset or free. NULL when the limit is reached;
 * the arena remembers that: see arena_failed(). */
void *arena_take(struct arena *arena, size_t size);

/* Copies as NUL-terminated text. NULL when the limit is reached. */
char *arena_text(struct arena *arena, struct span span);
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of the bytes; an empty span when the limit is reached. */
struct span arena_copy(struct arena *arena, struct span span);

bool arena_failed(const struct arena *arena);

#endif

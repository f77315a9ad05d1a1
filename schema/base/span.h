/* span.h - bytes that came from outside: a pointer and a length, never NUL-terminated
 *
 * A span borrows; whoever made the bytes owns them. Fields are plain data. Not thread-bound.
 */
#ifndef SCHEMA_BASE_SPAN_H
#define SCHEMA_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/base/status.h"

struct span {
    const uint8_t *data;
    size_t size;
};

struct span span_of(const void *data, size_t size);

/* Of our own NUL-terminated text, without the NUL. NULL gives an empty span. */
struct span span_text(const char *text);

bool span_equal(struct span a, struct span b);
bool span_equal_text(struct span a, const char *text);
bool span_starts_with(struct span span, const char *prefix);

/* Whether it is one of the words of choices: "auto|window|headless". */
bool span_is_choice(struct span span, const char *choices);

/* Compares in time that depends on the length alone: for secrets. */
bool span_equal_secret(struct span a, struct span b);

/* Copies into out as NUL-terminated text. STATUS_FULL: does not fit with its NUL; STATUS_INVALID:
 * a NUL inside. */
MUST_CHECK enum status span_to_text(struct span span, char *out, size_t out_size);

/* Decimal digits with an optional minus, the whole span, or STATUS_INVALID. */
MUST_CHECK enum status span_to_int64(struct span span, int64_t *out);
MUST_CHECK enum status span_to_uint64(struct span span, uint64_t *out);

/* True for well-formed UTF-8 (no overlong forms, no surrogates). */
bool span_is_utf8(struct span span);

/* Bytes of the well-formed UTF-8 character that the span starts with; 0: none. */
size_t span_utf8_step(struct span span);

#endif

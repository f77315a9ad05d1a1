/* result.h - the rows that a statement gave
 *
 * Independent of the connection: still valid after it went back into the pool. Reading a column as
 * another type than it has is a mistake of the caller (asserted); NULL reads as 0, false, empty.
 */
#ifndef SERVER_STORE_RESULT_H
#define SERVER_STORE_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/base/arena.h"
#include "schema/base/span.h"

/* Fields are private. {0} is a valid empty result. */
struct result {
    void *rows;
};

/* Releasing an empty result is allowed. */
void result_release(struct result *result);

size_t result_count(const struct result *result);

/* Rows that an INSERT, UPDATE or DELETE touched (with or without RETURNING). */
int64_t result_affected(const struct result *result);

bool result_is_null(const struct result *result, size_t row, int column);
int64_t result_int(const struct result *result, size_t row, int column); /* smallint to bigint */
bool result_bool(const struct result *result, size_t row, int column);
int64_t result_time(const struct result *result, size_t row, int column); /* wall milliseconds */

/* Text, bytea, json, jsonb, uuid: borrowed until result_release(). numeric must be cast to text. */
struct span result_span(const struct result *result, size_t row, int column);

/* The same, NUL-terminated; borrowed. "" for NULL. */
const char *result_text(const struct result *result, size_t row, int column);

/* The same, copied into the arena. */
struct span result_copy(const struct result *result, size_t row, int column, struct arena *arena);

/* Copies exactly size bytes of a bytea or uuid. STATUS_CORRUPT: it has another size or is NULL. */
MUST_CHECK enum status result_bytes(const struct result *result, size_t row, int column, void *out,
                                    size_t size);

#endif

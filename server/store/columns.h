/* columns.h - turns an array of structs into the array parameters that unnest() takes
 *
 * Each function reads the field at offset of count structs that are stride bytes apart. The arrays
 * live in the arena; when it is full the value has no elements, so ask arena_failed() before the
 * statement is run.
 */
#ifndef SERVER_STORE_COLUMNS_H
#define SERVER_STORE_COLUMNS_H

#include "schema/base/arena.h"
#include "server/store/value.h"

struct columns {
    struct arena *arena;
    const void *rows;
    size_t count;
    size_t stride;
};

struct value columns_text(const struct columns *columns, size_t offset);  /* const char * */
struct value columns_int(const struct columns *columns, size_t offset);   /* int64_t */
struct value columns_time(const struct columns *columns, size_t offset);  /* int64_t, wall ms */
struct value columns_uuid(const struct columns *columns, size_t offset);  /* uint8_t[16] */
struct value columns_bytes(const struct columns *columns, size_t offset); /* struct span */

#endif

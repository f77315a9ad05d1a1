#include "server/store/columns.h"

#include <string.h>

/* Copies a field of size bytes out of each row; NULL when the arena is full. */
static void *gather(const struct columns *columns, size_t offset, size_t size)
{
    uint8_t *out = arena_take(columns->arena, columns->count * size);
    const uint8_t *field = (const uint8_t *)columns->rows + offset;

    for (size_t i = 0; out && i < columns->count; i++)
        memcpy(out + i * size, field + i * columns->stride, size);
    return out;
}

struct value columns_text(const struct columns *columns, size_t offset)
{
    const char *const *texts = gather(columns, offset, sizeof *texts);

    return value_text_array(texts, texts ? columns->count : 0);
}

struct value columns_int(const struct columns *columns, size_t offset)
{
    const int64_t *numbers = gather(columns, offset, sizeof *numbers);

    return value_int_array(numbers, numbers ? columns->count : 0);
}

struct value columns_time(const struct columns *columns, size_t offset)
{
    const int64_t *times = gather(columns, offset, sizeof *times);

    return value_time_array(times, times ? columns->count : 0);
}

struct value columns_uuid(const struct columns *columns, size_t offset)
{
    const uint8_t(*uuids)[16] = gather(columns, offset, sizeof *uuids);

    return value_uuid_array(uuids, uuids ? columns->count : 0);
}

struct value columns_bytes(const struct columns *columns, size_t offset)
{
    const struct span *items = gather(columns, offset, sizeof *items);

    return value_bytes_array(items, items ? columns->count : 0);
}

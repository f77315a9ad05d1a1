#include "schema/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit_bytes = limit_bytes, .status = STATUS_OK};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    buffer_init(buffer, buffer->limit_bytes);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->status = STATUS_OK;
    if (buffer->data)
        buffer->data[0] = 0;
}

void buffer_fail(struct buffer *buffer, enum status status)
{
    if (buffer->status == STATUS_OK)
        buffer->status = status;
}

/* Makes room for count more bytes and the NUL after them. */
static bool reserve(struct buffer *buffer, size_t count)
{
    if (buffer->status != STATUS_OK)
        return false;
    if (count > buffer->limit_bytes - buffer->size) {
        buffer_fail(buffer, STATUS_FULL);
        return false;
    }

    size_t needed = buffer->size + count + 1;
    if (needed <= buffer->capacity)
        return true;

    size_t capacity = buffer->capacity * 2 > needed ? buffer->capacity * 2 : needed;
    if (capacity < 64)
        capacity = 64;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer_fail(buffer, STATUS_MEMORY);
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_add(struct buffer *buffer, struct span bytes)
{
    if (bytes.size == 0 || !reserve(buffer, bytes.size))
        return;
    memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
    buffer->data[buffer->size] = 0;
}

void buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, span_text(text));
}

void buffer_byte(struct buffer *buffer, uint8_t byte)
{
    buffer_add(buffer, span_of(&byte, 1));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);

    if (size < 0)
        buffer_fail(buffer, STATUS_INVALID);
    if (size <= 0 || !reserve(buffer, (size_t)size))
        return;

    va_start(args, format);
    vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, args);
    va_end(args);
    buffer->size += (size_t)size;
}

void buffer_consume(struct buffer *buffer, size_t count)
{
    if (count > buffer->size)
        count = buffer->size;
    if (count == 0)
        return;
    buffer->size -= count;
    memmove(buffer->data, buffer->data + count, buffer->size);
    buffer->data[buffer->size] = 0;
}

void buffer_cut(struct buffer *buffer, size_t size)
{
    if (size >= buffer->size)
        return;
    buffer->size = size;
    buffer->data[size] = 0;
}

struct span buffer_span(const struct buffer *buffer)
{
    return span_of(buffer->data, buffer->size);
}

const char *buffer_cstring(const struct buffer *buffer)
{
    return buffer->data ? (const char *)buffer->data : "";
}

enum status buffer_status(const struct buffer *buffer)
{
    return buffer->status;
}

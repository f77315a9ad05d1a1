#include "schema/wire/window_size.h"

#include <string.h>

enum status window_size_read(struct span text, struct window_size *out)
{
    const uint8_t *cross = text.size > 0 ? memchr(text.data, 'x', text.size) : NULL;
    int64_t width = 0, height = 0;

    if (cross == NULL)
        return STATUS_INVALID;
    const size_t digits = (size_t)(cross - text.data);
    if (span_to_int64(span_of(text.data, digits), &width) != STATUS_OK ||
        span_to_int64(span_of(cross + 1, text.size - digits - 1), &height) != STATUS_OK ||
        width < WINDOW_SIZE_LEAST || width > WINDOW_SIZE_MAX_WIDTH || height < WINDOW_SIZE_LEAST ||
        height > WINDOW_SIZE_MAX_HEIGHT)
        return STATUS_INVALID;
    *out = (struct window_size){(int)width, (int)height};
    return STATUS_OK;
}

#include "agent/face/picture.h"

#include <stdlib.h>
#include <string.h>

static cairo_status_t add_bytes(void *context, const unsigned char *bytes, unsigned size)
{
    buffer_add(context, span_of(bytes, size));
    return CAIRO_STATUS_SUCCESS;
}

/* Fewer shades make long runs of equal bytes, which PNG stores small. */
static void reduce_shades(uint8_t *pixels, size_t size, unsigned bits)
{
    uint8_t mask = (uint8_t)(0xff << (8 - bits));

    for (size_t i = 0; i < size; i++)
        pixels[i] = (uint8_t)((pixels[i] & mask) | (pixels[i] & mask) >> bits);
}

static enum status write_png(uint8_t *pixels, int width, int height, struct buffer *png)
{
    cairo_surface_t *surface =
        cairo_image_surface_create_for_data(pixels, CAIRO_FORMAT_RGB24, width, height, 4 * width);
    cairo_status_t written = cairo_surface_write_to_png_stream(surface, add_bytes, png);

    cairo_surface_destroy(surface);
    return written == CAIRO_STATUS_SUCCESS ? buffer_status(png) : STATUS_MEMORY;
}

enum status picture_encode(const struct avatar *avatar, size_t max_bytes, struct buffer *out)
{
    int width = avatar_width(avatar), height = avatar_height(avatar);
    size_t size = 4 * (size_t)width * (size_t)height;
    uint8_t *pixels = malloc(size);
    enum status status = STATUS_FULL;
    struct buffer png;

    if (!pixels)
        return STATUS_MEMORY;
    memcpy(pixels, avatar_pixels(avatar), size);
    buffer_init(&png, max_bytes);
    for (unsigned bits = 6; bits >= 4 && status == STATUS_FULL; bits--) {
        buffer_clear(&png);
        reduce_shades(pixels, size, bits);
        status = write_png(pixels, width, height, &png);
    }
    if (status == STATUS_OK) {
        buffer_add(out, buffer_span(&png));
        status = buffer_status(out);
    }
    buffer_release(&png);
    free(pixels);
    return status;
}

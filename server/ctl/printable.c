#include "server/ctl/printable.h"

#include <stdio.h>

#include "schema/base/buffer.h"

#define GROWTH 3 /* of a byte: DEL becomes a sign of three */

/* In JSON all of U+0000 to U+001F stand as escapes. What is no end of a line and no blank becomes a
 * sign of Unicode's "Control Pictures", as far from U+2400. Bytes taken. */
static size_t add_escape(struct buffer *out, const uint8_t *at, size_t left)
{
    unsigned code = 0;
    char digits[5];

    if (left >= 2 && (at[1] == 'b' || at[1] == 'f')) {
        buffer_text(out, at[1] == 'b' ? "\\u2408" : "\\u240c");
        return 2;
    }
    if (left >= 2 && at[1] == 'r' && !(left >= 4 && at[2] == '\\' && at[3] == 'n')) {
        buffer_text(out, "\\u240d");
        return 2;
    }
    if (left >= 6 && at[1] == 'u') {
        snprintf(digits, sizeof digits, "%.4s", (const char *)at + 2);
        if (sscanf(digits, "%4x", &code) == 1 && code < 0x20 && code != '\n' && code != '\t') {
            buffer_format(out, "\\u24%02x", code);
            return 6;
        }
        if (code >= 0x7f && code <= 0x9f) {
            buffer_text(out, "\\ufffd");
            return 6;
        }
    }
    const size_t taken = left >= 2 ? 2 : left;
    buffer_add(out, span_of(at, taken));
    return taken;
}

/* U+007F to U+009F stand as they are; U+009B begins what ESC [ does. */
static void make_visible(struct span text, struct buffer *out)
{
    size_t i = 0;

    while (i < text.size) {
        const uint8_t *at = text.data + i;

        if (*at == '\\') {
            i += add_escape(out, at, text.size - i);
        } else if (*at == 0x7f) {
            buffer_text(out, "\u2421");
            i++;
        } else if (*at == 0xc2 && text.size - i >= 2 && at[1] >= 0x80 && at[1] <= 0x9f) {
            buffer_text(out, "\ufffd");
            i += 2;
        } else {
            buffer_byte(out, *at);
            i++;
        }
    }
}

enum status printable_parse(struct span text, struct json **out, char problem[160])
{
    struct buffer visible;

    buffer_init(&visible, GROWTH * text.size + 1);
    make_visible(text, &visible);
    enum status status = buffer_status(&visible);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&visible), out, problem);
    buffer_release(&visible);
    return status;
}

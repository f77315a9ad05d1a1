#include "server/ctl/value_print.h"

#include <string.h>

#include "server/ctl/colour.h"

#define VALUE_BYTES (1 << 20)

/* Parts that stay whole are those between blanks, and behind commas where there are none. */
static size_t part_of(const char *text, int room)
{
    const size_t whole = strcspn(text, " ");
    size_t size = whole;

    while ((int)size > room) {
        for (size--; size > 0 && text[size - 1] != ','; size--)
            continue;
        if (size == 0)
            return whole;
    }
    return size;
}

static void print_wrapped(FILE *out, const char *text, int column, int blanks, int width)
{
    bool is_first = true;

    while (*text != '\0') {
        const bool is_parted = *text == ' ';
        text += is_parted;
        const size_t size = part_of(text, width - blanks);

        if (!is_first && column + is_parted + (int)size > width) {
            fprintf(out, "\n%*s", blanks, "");
            column = blanks;
        } else if (is_parted) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)size, text);
        column += (int)size;
        text += size;
        is_first = false;
    }
    fputc('\n', out);
}

static void print_one(FILE *out, const struct json *value, int column, int blanks, int width)
{
    struct buffer text;

    buffer_init(&text, VALUE_BYTES);
    json_dump(value, &text);
    if (width > 0)
        print_wrapped(out, buffer_cstring(&text), column, blanks, width);
    else
        fprintf(out, "%s\n", buffer_cstring(&text));
    buffer_release(&text);
}

void value_print(FILE *out, const struct json *value, int column, int blanks)
{
    const int width = colour_columns(out);

    if (width == 0 || json_type(value) != JSON_ARRAY ||
        json_type(json_item(value, 0)) != JSON_OBJECT) {
        print_one(out, value, column, blanks, width);
        return;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        if (i > 0)
            fprintf(out, "%*s", blanks, "");
        print_one(out, json_item(value, i), i > 0 ? blanks : column, blanks, width);
    }
}

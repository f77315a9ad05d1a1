#include "server/ctl/yaml_print.h"

#include <ctype.h>
#include <string.h>

#include "server/ctl/yaml.h"

#define LINE_BYTES 100 /* a list or object up to that stands on one line */

/* Whether the text, written plain, would come back as this very text. */
static bool reads_back(const char *text)
{
    struct buffer yaml, json;
    struct json_writer writer;
    struct buffer expected;
    char problem[160];

    buffer_init(&yaml, 1 << 16);
    buffer_init(&json, 1 << 18);
    buffer_init(&expected, 1 << 18);
    buffer_format(&yaml, "[%s]", text);
    json_writer_init(&writer, &expected);
    json_begin_array(&writer);
    json_write_text(&writer, span_text(text));
    json_end_array(&writer);
    bool same = yaml_to_json(buffer_span(&yaml), &json, problem) == STATUS_OK &&
                strcmp(buffer_cstring(&json), buffer_cstring(&expected)) == 0;
    buffer_release(&yaml);
    buffer_release(&json);
    buffer_release(&expected);
    return same;
}

/* Plain where nobody could take it for something else: quotes for all that begins like a number,
 * too, which people expect to be one. */
static void print_scalar(const struct json *value, struct buffer *out)
{
    const char *text = json_text(value, "");

    if (json_type(value) == JSON_TEXT && *text != '\0' && !isdigit((unsigned char)*text) &&
        strpbrk(text, "\n\t") == NULL && reads_back(text))
        buffer_text(out, text);
    else
        json_dump(value, out);
}

static bool is_plain(const struct json *value)
{
    return json_type(value) != JSON_ARRAY && json_type(value) != JSON_OBJECT;
}

static void print_flow(const struct json *value, struct buffer *out)
{
    const bool is_list = json_type(value) == JSON_ARRAY;
    const char *name;

    if (is_plain(value)) {
        print_scalar(value, out);
        return;
    }
    buffer_text(out, is_list ? "[" : "{");
    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *item = is_list ? json_item(value, i) : json_member_at(value, i, &name);

        buffer_text(out, i > 0 ? ", " : "");
        if (!is_list)
            buffer_format(out, "%s: ", name);
        print_flow(item, out);
    }
    buffer_text(out, is_list ? "]" : "}");
}

static bool fits_line(const struct json *value)
{
    struct buffer text;

    if (is_plain(value) || json_count(value) == 0)
        return true;
    buffer_init(&text, 1 << 20);
    print_flow(value, &text);
    bool fits = buffer_span(&text).size <= LINE_BYTES;
    buffer_release(&text);
    return fits;
}

static void print_block(const struct json *value, unsigned depth, bool is_begun,
                        struct buffer *out);

/* What stands behind "name:" or "-". */
static void print_value(const struct json *value, unsigned depth, bool of_list, struct buffer *out)
{
    if (fits_line(value)) {
        buffer_text(out, " ");
        print_flow(value, out);
        buffer_text(out, "\n");
    } else if (of_list) {
        buffer_text(out, " ");
        print_block(value, depth + 1, true, out);
    } else {
        buffer_text(out, "\n");
        print_block(value, depth + 1, false, out);
    }
}

/* is_begun: the first line's blanks are written already, by the "- " of a list. */
static void print_block(const struct json *value, unsigned depth, bool is_begun, struct buffer *out)
{
    const bool is_list = json_type(value) == JSON_ARRAY;
    const char *name;

    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *item = is_list ? json_item(value, i) : json_member_at(value, i, &name);

        if (i > 0 || !is_begun)
            buffer_format(out, "%*s", (int)(2 * depth), "");
        if (is_list)
            buffer_text(out, "-");
        else
            buffer_format(out, "%s:", name);
        print_value(item, depth, is_list, out);
    }
}

void yaml_print(const struct json *value, struct buffer *out)
{
    print_block(value, 0, false, out);
}

#include "server/ctl/change_print.h"

#include "schema/base/buffer.h"
#include "server/ctl/colour.h"

#define VALUE_BYTES (1 << 22)

static void print_side(FILE *out, const char *sign, enum colour colour, const char *name,
                       const struct json *value)
{
    struct buffer text;

    if (value == NULL || json_type(value) == JSON_NULL)
        return;
    buffer_init(&text, VALUE_BYTES);
    json_dump(value, &text);
    fprintf(out, "    %s%s %-16s %s%s\n", colour_begin(out, colour), sign, name,
            buffer_cstring(&text), colour_end(out));
    buffer_release(&text);
}

/* Whether the list has a value that says the same. */
static bool has_same(const struct json *list, const struct json *value)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (object_is_same(value, json_item(list, i)))
            return true;
    return false;
}

/* Lists of objects, thresholds and charges, differ by some of their objects. */
static bool is_of_objects(const struct json *value)
{
    return json_type(value) == JSON_ARRAY && json_type(json_item(value, 0)) == JSON_OBJECT;
}

void change_print(FILE *out, const struct object_change *change)
{
    const struct json *sides[] = {change->from, change->to};
    size_t printed = 0;

    if (!is_of_objects(change->from) || !is_of_objects(change->to)) {
        print_side(out, "-", COLOUR_RED, change->name, change->from);
        print_side(out, "+", COLOUR_GREEN, change->name, change->to);
        return;
    }
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < json_count(sides[side]); i++) {
            const struct json *value = json_item(sides[side], i);

            if (has_same(sides[!side], value))
                continue;
            print_side(out, side ? "+" : "-", side ? COLOUR_GREEN : COLOUR_RED, change->name,
                       value);
            printed++;
        }
    if (printed == 0)
        fprintf(out, "    %s~ %-16s in another order%s\n", colour_begin(out, COLOUR_YELLOW),
                change->name, colour_end(out));
}

static void write_side(struct json_writer *writer, const char *name, const struct json *value)
{
    struct buffer text;

    buffer_init(&text, VALUE_BYTES);
    if (value != NULL)
        json_dump(value, &text);
    else
        buffer_text(&text, "null");
    json_key(writer, name);
    json_write_raw(writer, buffer_span(&text));
    buffer_release(&text);
}

void change_print_json(struct json_writer *writer, const struct object_change *change)
{
    json_begin_object(writer);
    json_write_member(writer, "name", change->name);
    write_side(writer, "from", change->from);
    write_side(writer, "to", change->to);
    json_end_object(writer);
}

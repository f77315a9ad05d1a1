/* A filter that was read, in its canonical text and as the database's program. */
#include <string.h>

#include "schema/base/json.h"
#include "server/fleet/filter.h"

#define EVERY_S       60
#define MONTH_EVERY_S 600 /* a month of many robots' hours is long to add up */

static const char *const compare_words[] = {"=", "<", "<=", ">", ">=", "contains", "starts"};

/* Text. */

/* Bare where that reads the same, else in quotes. */
static void print_word(struct buffer *out, const char *text)
{
    if (*text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0') {
        buffer_text(out, text);
        return;
    }
    buffer_byte(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buffer_byte(out, '\\');
        buffer_byte(out, (uint8_t)*text);
    }
    buffer_byte(out, '"');
}

static void print_value(struct buffer *out, const struct filter_term *term, const char *value)
{
    switch (term->field->type) {
    case FILTER_TYPE_AGE:
        buffer_format(out, "%ss", value);
        break;
    case FILTER_TYPE_MONEY:
        buffer_format(out, "%s %s", value, term->currency);
        break;
    case FILTER_TYPE_COUNT:
    case FILTER_TYPE_CHOICE:
        buffer_text(out, value);
        break;
    default:
        print_word(out, value);
        break;
    }
}

static void print_term(struct buffer *out, const struct filter_term *term, bool is_negated)
{
    const bool is_list = term->value_count > 1;

    if (is_negated && term->compare != FILTER_EQUAL)
        buffer_text(out, "not ");
    buffer_text(out, term->field->name);
    if (term->key) {
        buffer_byte(out, '.');
        print_word(out, term->key);
    }
    if (term->field->type == FILTER_TYPE_FLAG)
        return;
    if (is_list)
        buffer_text(out, is_negated ? " not in (" : " in (");
    else
        buffer_format(out, " %s ",
                      is_negated && term->compare == FILTER_EQUAL ? "!="
                                                                  : compare_words[term->compare]);
    for (size_t i = 0; i < term->value_count; i++) {
        buffer_text(out, i > 0 ? ", " : "");
        print_value(out, term, term->values[i]);
    }
    buffer_text(out, is_list ? ")" : "");
}

static bool is_plain(const struct filter *filter, const struct filter_node *node)
{
    return node->kind == FILTER_TERM && filter->terms[node->left].field->type != FILTER_TYPE_FLAG;
}

static void print_node(struct buffer *out, const struct filter *filter, size_t place,
                       enum filter_kind around);

static void print_not(struct buffer *out, const struct filter *filter, size_t place)
{
    const struct filter_node *node = &filter->nodes[place];

    if (is_plain(filter, node)) {
        print_term(out, &filter->terms[node->left], true);
        return;
    }
    buffer_text(out, "not ");
    print_node(out, filter, place, FILTER_NOT);
}

/* Parentheses stand where the node around binds closer. */
static void print_node(struct buffer *out, const struct filter *filter, size_t place,
                       enum filter_kind around)
{
    const struct filter_node *node = &filter->nodes[place];
    const bool is_pair = node->kind == FILTER_AND || node->kind == FILTER_OR;
    const bool is_inside =
        is_pair && node->kind != around &&
        (around == FILTER_NOT || (around == FILTER_AND && node->kind == FILTER_OR));

    if (node->kind == FILTER_TERM) {
        print_term(out, &filter->terms[node->left], false);
        return;
    }
    if (node->kind == FILTER_NOT) {
        print_not(out, filter, node->left);
        return;
    }
    buffer_text(out, is_inside ? "(" : "");
    print_node(out, filter, node->left, node->kind);
    buffer_text(out, node->kind == FILTER_AND ? " and " : " or ");
    print_node(out, filter, node->right, node->kind);
    buffer_text(out, is_inside ? ")" : "");
}

void filter_print(const struct filter *filter, struct buffer *out)
{
    print_node(out, filter, filter->root, FILTER_OR);
}

/* Program. */

static void write_version(struct json_writer *writer, const char *version)
{
    json_begin_array(writer);
    for (unsigned part = 0; part < 4; part++) {
        size_t digits = strspn(version, "0123456789");
        int64_t number = 0;

        if (digits > 0 && span_to_int64(span_of(version, digits), &number) != STATUS_OK)
            number = 0;
        json_write_int(writer, number);
        version += digits + (version[digits] == '.');
    }
    json_end_array(writer);
}

/* Numbers go as numbers: of versions an array of arrays, else decimals. */
static void write_values(struct json_writer *writer, const struct filter_term *term)
{
    const bool is_version = term->field->type == FILTER_TYPE_VERSION;

    json_key(writer, !term->is_number ? "texts" : is_version ? "versions" : "amounts");
    json_begin_array(writer);
    for (size_t i = 0; i < term->value_count; i++) {
        if (term->is_number && is_version)
            write_version(writer, term->values[i]);
        else
            json_write_text(writer, span_text(term->values[i]));
    }
    json_end_array(writer);
}

/* Flags are told as texts. */
static void write_flag(struct json_writer *writer)
{
    json_key(writer, "texts");
    json_begin_array(writer);
    json_write_text(writer, span_text("true"));
    json_end_array(writer);
}

static void write_term(struct json_writer *writer, const struct filter_term *term)
{
    json_begin_object(writer);
    json_write_member(writer, "field", term->field->name);
    if (term->key)
        json_write_member(writer, "key", term->key);
    if (term->currency)
        json_write_member(writer, "key", term->currency);
    json_write_member(writer, "op", compare_words[term->compare]);
    if (term->field->type == FILTER_TYPE_FLAG)
        write_flag(writer);
    else
        write_values(writer, term);
    json_end_object(writer);
}

static void write_steps(struct json_writer *writer, const struct filter *filter, size_t place)
{
    const struct filter_node *node = &filter->nodes[place];

    if (node->kind == FILTER_TERM) {
        json_write_int(writer, (int64_t)node->left);
        return;
    }
    write_steps(writer, filter, node->left);
    if (node->kind != FILTER_NOT)
        write_steps(writer, filter, node->right);
    json_write_int(writer, -(int64_t)node->kind);
}

static int64_t every_s(const struct filter *filter)
{
    for (size_t i = 0; i < filter->term_count; i++)
        if (strstr(filter->terms[i].field->name, "_month"))
            return MONTH_EVERY_S;
    return EVERY_S;
}

void filter_write_program(const struct filter *filter, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    json_key(&writer, "terms");
    json_begin_array(&writer);
    for (size_t i = 0; i < filter->term_count; i++)
        write_term(&writer, &filter->terms[i]);
    json_end_array(&writer);
    json_key(&writer, "steps");
    json_begin_array(&writer);
    write_steps(&writer, filter, filter->root);
    json_end_array(&writer);
    json_key(&writer, "every_s");
    json_write_int(&writer, every_s(filter));
    json_end_object(&writer);
}

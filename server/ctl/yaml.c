#include "server/ctl/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "schema/base/json.h"

#define DEPTH_MAX      24
#define KEYS_LOOKED_AT ((size_t)64 << 10)
#define KEYS_LIMIT     ((size_t)64 << 20)

struct reader {
    yaml_parser_t parser;
    struct json_writer writer;
    char *problem;
    bool is_key[DEPTH_MAX]; /* in a mapping: the next scalar is a key */
    bool is_map[DEPTH_MAX];
    unsigned depth;
    struct buffer keys; /* of the mappings around, each with a NUL */
    size_t first_key[DEPTH_MAX];
};

__attribute__((format(printf, 3, 4))) static enum status refuse(struct reader *reader, size_t line,
                                                                const char *format, ...)
{
    va_list values;
    int used = snprintf(reader->problem, 160, "%zu: ", line + 1);

    va_start(values, format);
    vsnprintf(reader->problem + used, 160 - (size_t)used, format, values);
    va_end(values);
    return STATUS_INVALID;
}

/* Where the mapping has a member twice nobody can tell which is meant. Beyond KEYS_LOOKED_AT bytes
 * of names only the reader of the JSON sees it, who knows no line. */
static bool is_repeated(const struct reader *reader, const char *key)
{
    const size_t first = reader->first_key[reader->depth];
    const size_t size = buffer_span(&reader->keys).size;
    const char *keys = buffer_cstring(&reader->keys);
    const char *at = keys + first, *end = keys + size;

    if (size - first > KEYS_LOOKED_AT)
        return false;
    for (; at < end; at += strlen(at) + 1)
        if (strcmp(at, key) == 0)
            return true;
    return false;
}

static enum status on_key(struct reader *reader, const yaml_event_t *event)
{
    const char *key = (const char *)event->data.scalar.value;

    if (is_repeated(reader, key))
        return refuse(reader, event->start_mark.line, "\"%.80s\" is there twice", key);
    buffer_add(&reader->keys, span_of(key, strlen(key) + 1));
    json_key(&reader->writer, key);
    reader->is_key[reader->depth] = false;
    return buffer_status(&reader->keys);
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static void write_scalar(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    struct span span = span_of(text, event->data.scalar.length);
    int64_t number;

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        json_write_text(&reader->writer, span);
    else if (is_one_of(text, "", "~", "null"))
        json_write_null(&reader->writer);
    else if (is_one_of(text, "true", "True", "TRUE"))
        json_write_bool(&reader->writer, true);
    else if (is_one_of(text, "false", "False", "FALSE"))
        json_write_bool(&reader->writer, false);
    else if (span_to_int64(span, &number) == STATUS_OK)
        json_write_int(&reader->writer, number);
    else
        json_write_text(&reader->writer, span);
}

static enum status on_scalar(struct reader *reader, const yaml_event_t *event)
{
    unsigned top = reader->depth;

    if (event->data.scalar.anchor)
        return refuse(reader, event->start_mark.line, "anchors are not taken");
    if (reader->is_map[top] && reader->is_key[top])
        return on_key(reader, event);
    write_scalar(reader, event);
    reader->is_key[top] = reader->is_map[top];
    return STATUS_OK;
}

static enum status on_start(struct reader *reader, const yaml_event_t *event, bool map)
{
    if (reader->depth + 1 >= DEPTH_MAX)
        return refuse(reader, event->start_mark.line, "nested too deep");
    if (reader->is_map[reader->depth] && reader->is_key[reader->depth])
        return refuse(reader, event->start_mark.line, "a key must be a word");
    reader->is_key[reader->depth] = reader->is_map[reader->depth];
    reader->depth++;
    reader->is_map[reader->depth] = map;
    reader->is_key[reader->depth] = map;
    reader->first_key[reader->depth] = buffer_span(&reader->keys).size;
    if (map)
        json_begin_object(&reader->writer);
    else
        json_begin_array(&reader->writer);
    return STATUS_OK;
}

static enum status on_event(struct reader *reader, const yaml_event_t *event, unsigned *documents)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++*documents > 1)
            return refuse(reader, event->start_mark.line, "one document per file");
        return STATUS_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return refuse(reader, event->start_mark.line, "aliases are not taken");
    case YAML_MAPPING_START_EVENT:
        return on_start(reader, event, true);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(reader, event, false);
    case YAML_MAPPING_END_EVENT:
        buffer_cut(&reader->keys, reader->first_key[reader->depth]);
        reader->depth--;
        json_end_object(&reader->writer);
        return STATUS_OK;
    case YAML_SEQUENCE_END_EVENT:
        reader->depth--;
        json_end_array(&reader->writer);
        return STATUS_OK;
    default:
        return STATUS_OK;
    }
}

enum status yaml_to_json(struct span yaml, struct buffer *out, char problem[160])
{
    struct reader reader = {.problem = problem};
    enum status status = STATUS_OK;
    unsigned documents = 0;
    bool ended = false;

    if (!yaml_parser_initialize(&reader.parser))
        return STATUS_MEMORY;
    yaml_parser_set_input_string(&reader.parser, yaml.data, yaml.size);
    json_writer_init(&reader.writer, out);
    buffer_init(&reader.keys, KEYS_LIMIT);
    while (status == STATUS_OK && !ended) {
        yaml_event_t event;

        if (!yaml_parser_parse(&reader.parser, &event)) {
            status = refuse(&reader, reader.parser.problem_mark.line, "%s",
                            reader.parser.problem ? reader.parser.problem : "not YAML");
            break;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        status = on_event(&reader, &event, &documents);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&reader.parser);
    buffer_release(&reader.keys);
    if (status == STATUS_OK && documents == 0)
        status = refuse(&reader, 0, "the file is empty");
    return status == STATUS_OK ? buffer_status(out) : status;
}

/* Where one is in a document, while its events go by. */
struct finder {
    const char *pointer;
    size_t matched[DEPTH_MAX]; /* of the pointer's bytes, by the parts around; SIZE_MAX: another */
    size_t index[DEPTH_MAX];   /* of the next item */
    bool is_key[DEPTH_MAX];
    bool is_map[DEPTH_MAX];
    unsigned depth;
    size_t next; /* matched by the part that comes now */
    size_t best; /* of the pointer's bytes, and where that was */
    size_t line;
};

/* Whether the pointer goes on with this member at that byte; how far then, else SIZE_MAX. "~1" and
 * "~0" stand for "/" and "~". */
static size_t match_member(const char *pointer, size_t at, const char *member)
{
    if (at == SIZE_MAX || pointer[at] != '/')
        return SIZE_MAX;
    for (at++; *member; member++) {
        bool escaped = *member == '/' || *member == '~';

        if (pointer[at] != (escaped ? '~' : *member))
            return SIZE_MAX;
        if (escaped && pointer[++at] != (*member == '/' ? '1' : '0'))
            return SIZE_MAX;
        at++;
    }
    return pointer[at] == '/' || !pointer[at] ? at : SIZE_MAX;
}

static void note(struct finder *finder, size_t matched, size_t line)
{
    if (matched == SIZE_MAX || (matched <= finder->best && finder->line != 0))
        return;
    finder->best = matched;
    finder->line = line + 1;
}

/* A value begins: which part of the document is it? */
static size_t place_value(struct finder *finder, size_t line)
{
    unsigned top = finder->depth;
    char item[24];
    size_t matched = top == 0 ? 0 : finder->next;

    if (top > 0 && !finder->is_map[top]) {
        snprintf(item, sizeof item, "%zu", finder->index[top]++);
        matched = match_member(finder->pointer, finder->matched[top], item);
    }
    finder->is_key[top] = finder->is_map[top];
    note(finder, matched, line);
    return matched;
}

static bool follow(struct finder *finder, const yaml_event_t *event)
{
    size_t line = event->start_mark.line;
    unsigned top = finder->depth;

    switch (event->type) {
    case YAML_SCALAR_EVENT:
        if (finder->is_map[top] && finder->is_key[top]) {
            finder->next = match_member(finder->pointer, finder->matched[top],
                                        (const char *)event->data.scalar.value);
            finder->is_key[top] = false;
            note(finder, finder->next, line);
        } else {
            place_value(finder, line);
        }
        return true;
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        if (top + 1 >= DEPTH_MAX)
            return false;
        finder->matched[top + 1] = place_value(finder, line);
        finder->index[top + 1] = 0;
        finder->is_map[top + 1] = finder->is_key[top + 1] = event->type == YAML_MAPPING_START_EVENT;
        finder->depth++;
        return true;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        finder->depth--;
        return true;
    default:
        return event->type != YAML_STREAM_END_EVENT;
    }
}

size_t yaml_line(struct span yaml, const char *pointer)
{
    struct finder finder = {.pointer = pointer};
    yaml_parser_t parser;
    yaml_event_t event;
    bool more = true;

    if (!yaml_parser_initialize(&parser))
        return 1;
    yaml_parser_set_input_string(&parser, yaml.data, yaml.size);
    while (more && yaml_parser_parse(&parser, &event)) {
        more = follow(&finder, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return finder.line ? finder.line : 1;
}

#include "server/ctl/usage_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/buffer.h"
#include "server/ctl/ctl.h"
#include "server/ctl/yaml.h"

#define ROW_LIMIT  ((size_t)64 << 10)
#define YAML_LIMIT ((size_t)64 << 20)

/* Where bytes come from: a file, or what a YAML document became. */
struct source {
    const char *path;
    FILE *file; /* NULL: text */
    struct span text;
    size_t at;
    int pushed; /* a byte that was looked at; EOF: none */
    struct buffer row;
    usage_file_row visit;
    void *context;
};

static int next_byte(struct source *source)
{
    int byte = source->pushed;

    source->pushed = EOF;
    if (byte != EOF)
        return byte;
    if (source->file)
        return getc(source->file);
    return source->at < source->text.size ? source->text.data[source->at++] : EOF;
}

static int next_sign(struct source *source)
{
    int byte;

    do
        byte = next_byte(source);
    while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
    return byte;
}

static int malformed(const struct source *source, const char *wanted)
{
    return ctl_fail("\"%s\": %s expected", source->path, wanted);
}

/* Takes a text whose first quote was read, with its quotes, into row. */
static bool take_text(struct source *source)
{
    int byte = '"';

    do {
        buffer_byte(&source->row, (uint8_t)byte);
        if (byte == '\\') {
            byte = next_byte(source);
            if (byte != EOF)
                buffer_byte(&source->row, (uint8_t)byte);
        }
        byte = next_byte(source);
    } while (byte != '"' && byte != EOF && buffer_status(&source->row) == STATUS_OK);
    buffer_byte(&source->row, '"');
    return byte == '"' && buffer_status(&source->row) == STATUS_OK;
}

/* Takes an object whose first brace was read into row; its inside is parsed later. */
static bool take_object(struct source *source)
{
    unsigned depth = 0;
    int byte = '{';

    do {
        if (byte == '"') {
            if (!take_text(source))
                return false;
        } else {
            depth += byte == '{';
            depth -= byte == '}';
            buffer_byte(&source->row, (uint8_t)byte);
        }
        if (depth == 0)
            return buffer_status(&source->row) == STATUS_OK;
        byte = next_byte(source);
    } while (byte != EOF && buffer_status(&source->row) == STATUS_OK);
    return false;
}

static int read_row(struct source *source, size_t number)
{
    struct json *json;
    struct tally_usage usage;
    struct json_problem problem = {0};
    char cause[160];

    buffer_clear(&source->row);
    if (!take_object(source))
        return ctl_fail("\"%s\": usage/%zu: does not end, or has more than %zu bytes", source->path,
                        number, ROW_LIMIT);
    if (json_parse(buffer_span(&source->row), &json, cause) != STATUS_OK)
        return ctl_fail("\"%s\": usage/%zu: %s", source->path, number, cause);
    enum status status = usage_row_read(json, &usage, &problem);
    int result = CTL_DONE;
    if (status != STATUS_OK)
        result = ctl_fail("\"%s\": usage/%zu%s: %s", source->path, number, problem.pointer,
                          problem.detail);
    else if (source->visit(source->context, number, &usage) != STATUS_OK)
        result = CTL_FAILED;
    json_free(json);
    return result;
}

static int read_rows(struct source *source)
{
    size_t number = 0;
    int sign = next_sign(source);

    if (sign == ']')
        return CTL_DONE;
    for (;; sign = next_sign(source)) {
        if (sign != '{')
            return ctl_fail("\"%s\": usage/%zu: must be an object", source->path, number);
        int result = read_row(source, number++);
        if (result != CTL_DONE)
            return result;
        sign = next_sign(source);
        if (sign == ']')
            return CTL_DONE;
        if (sign != ',')
            return malformed(source, "\",\" or \"]\" after a row");
    }
}

static int read_document(struct source *source)
{
    if (next_sign(source) != '{')
        return malformed(source, "{\"usage\": [...]}");
    if (next_sign(source) != '"')
        return malformed(source, "the member \"usage\"");
    buffer_clear(&source->row);
    if (!take_text(source) || !span_equal_text(buffer_span(&source->row), "\"usage\""))
        return ctl_fail("\"%s\": must have the one member \"usage\", a list of rows", source->path);
    if (next_sign(source) != ':' || next_sign(source) != '[')
        return malformed(source, "a list as \"usage\"");
    int result = read_rows(source);
    if (result != CTL_DONE)
        return result;
    if (next_sign(source) != '}' || next_sign(source) != EOF)
        return ctl_fail("\"%s\": must have the one member \"usage\", a list of rows", source->path);
    return CTL_DONE;
}

/* The rest of the file, whole: YAML tells by indentation where it ends. */
static int read_yaml(struct source *source)
{
    struct buffer yaml, text;
    char problem[160];
    int byte, result;

    buffer_init(&yaml, YAML_LIMIT);
    buffer_init(&text, YAML_LIMIT * 2);
    while ((byte = next_byte(source)) != EOF && buffer_status(&yaml) == STATUS_OK)
        buffer_byte(&yaml, (uint8_t)byte);
    enum status status = buffer_status(&yaml);
    if (status == STATUS_OK)
        status = yaml_to_json(span_of(buffer_cstring(&yaml), yaml.size), &text, problem);
    if (status == STATUS_OK) {
        struct source inner = *source;

        inner.file = NULL;
        inner.text = buffer_span(&text);
        result = read_document(&inner);
        source->row = inner.row;
    } else {
        result = ctl_fail("\"%s\": %s", source->path,
                          status == STATUS_INVALID ? problem : status_text(status));
    }
    buffer_release(&text);
    buffer_release(&yaml);
    return result;
}

int usage_file_read(const char *path, usage_file_row visit, void *context)
{
    bool is_input = strcmp(path, "-") == 0;
    struct source source = {
        .path = path,
        .file = is_input ? stdin : fopen(path, "re"),
        .pushed = EOF,
        .visit = visit,
        .context = context,
    };

    if (!source.file)
        return ctl_fail("\"%s\": %s", path, strerror(errno));
    buffer_init(&source.row, ROW_LIMIT);
    source.pushed = next_sign(&source);
    int result = source.pushed == '{' ? read_document(&source) : read_yaml(&source);
    buffer_release(&source.row);
    if (!is_input)
        fclose(source.file);
    return result;
}

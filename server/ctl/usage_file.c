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
    int pushed;  /* a byte that was looked at; EOF: none */
    size_t line; /* of the next byte of the file */
    struct usage_file_place place;
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
    if (!source->file)
        return source->at < source->text.size ? source->text.data[source->at++] : EOF;
    byte = getc(source->file);
    source->line += byte == '\n';
    return byte;
}

static int next_sign(struct source *source)
{
    int byte;

    do
        byte = next_byte(source);
    while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
    return byte;
}

size_t usage_file_line(const struct usage_file_place *place)
{
    char pointer[48];

    if (place->line != 0)
        return place->line;
    snprintf(pointer, sizeof pointer, "/usage/%zu", place->row);
    return yaml_line(place->yaml, pointer);
}

/* The line of a part of the row. */
static size_t line_of(const struct source *source, const char *pointer)
{
    const struct usage_file_place *place = &source->place;
    char whole[160];

    if (place->line != 0)
        return place->line + yaml_line(buffer_span(&source->row), pointer) - 1;
    snprintf(whole, sizeof whole, "/usage/%zu%s", place->row, pointer);
    return yaml_line(place->yaml, whole);
}

/* Refuses a row. cause may be the JSON reader's: its line is counted from the row's first. */
static int refuse_row(const struct source *source, const char *pointer, const char *cause)
{
    static const char counted[] = "line ";
    char *end = NULL;
    long more = 1;

    if (strncmp(cause, counted, strlen(counted)) == 0)
        more = strtol(cause + strlen(counted), &end, 10);
    return ctl_fail("%s:%zu: usage/%zu%s: %s", source->path,
                    end && source->place.line ? source->place.line + (size_t)more - 1
                                              : line_of(source, pointer),
                    source->place.row, pointer, end && *end == ',' ? end + 2 : cause);
}

/* In YAML only whole documents are taken apart here: the line is that of its first. */
static int malformed(const struct source *source, const char *wanted)
{
    return ctl_fail("%s:%zu: %s expected", source->path, source->file ? source->line : 1, wanted);
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

static int read_row(struct source *source)
{
    struct json *json;
    struct tally_usage usage;
    struct json_problem problem = {0};
    char cause[160];

    source->place.line = source->file ? source->line : 0;
    buffer_clear(&source->row);
    if (!take_object(source)) {
        snprintf(cause, sizeof cause, "does not end, or has more than %zu bytes", ROW_LIMIT);
        return refuse_row(source, "", cause);
    }
    if (json_parse(buffer_span(&source->row), &json, cause) != STATUS_OK)
        return refuse_row(source, "", cause);
    enum status status = usage_row_read(json, &usage, &problem);
    int result = CTL_DONE;
    if (status != STATUS_OK)
        result = refuse_row(source, problem.pointer, problem.detail);
    else if (source->visit(source->context, &source->place, &usage) != STATUS_OK)
        result = CTL_FAILED;
    json_free(json);
    return result;
}

static int read_rows(struct source *source)
{
    int sign = next_sign(source);

    if (sign == ']')
        return CTL_DONE;
    for (;; sign = next_sign(source), source->place.row++) {
        if (sign != '{')
            return malformed(source, "an object for each row");
        int result = read_row(source);
        if (result != CTL_DONE)
            return result;
        sign = next_sign(source);
        if (sign == ']')
            return CTL_DONE;
        if (sign != ',')
            return malformed(source, "\",\" or \"]\" after a row");
    }
}

static const char one_member[] = "one member \"usage\", a list of rows,";

static int read_document(struct source *source)
{
    if (next_sign(source) != '{')
        return malformed(source, "{\"usage\": [...]}");
    if (next_sign(source) != '"')
        return malformed(source, one_member);
    buffer_clear(&source->row);
    if (!take_text(source) || !span_equal_text(buffer_span(&source->row), "\"usage\""))
        return malformed(source, one_member);
    if (next_sign(source) != ':' || next_sign(source) != '[')
        return malformed(source, "a list as \"usage\"");
    int result = read_rows(source);
    if (result != CTL_DONE)
        return result;
    if (next_sign(source) != '}' || next_sign(source) != EOF)
        return malformed(source, one_member);
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
        inner.place.yaml = buffer_span(&yaml);
        result = read_document(&inner);
        source->row = inner.row;
    } else {
        result = ctl_fail("%s:%s%s", source->path, status == STATUS_INVALID ? "" : " ",
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
        .line = 1,
        .place = {.path = path},
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

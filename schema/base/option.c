#include "schema/base/option.h"

#include <ctype.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "schema/base/file.h"

#define PROBLEM_SIZE   256
#define NAME_SIZE      96
#define FILE_MAX_BYTES (256 * 1024)

/* Where a value came from, for the complaint about it. */
struct source {
    const char *place; /* "/etc/mynad.conf:3", "--port", "MYNAD_PORT" */
    char *problem;
};

__attribute__((format(printf, 2, 3))) static enum status complain(const struct source *source,
                                                                  const char *format, ...)
{
    char detail[PROBLEM_SIZE];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(source->problem, PROBLEM_SIZE, "%.100s: %.150s", source->place, detail);
    return STATUS_INVALID;
}

/* "-" and "_" are the same: --device-listen is device_listen. */
static const struct option_spec *find(const struct option_table *table, const char *name,
                                      size_t size)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *known = table->specs[i].name;
        size_t at = 0;

        while (at < size && known[at] && (name[at] == '-' ? '_' : name[at]) == known[at])
            at++;
        if (at == size && !known[at])
            return &table->specs[i];
    }
    return NULL;
}

static bool parse_flag(const char *text, bool *value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true},   {"yes", true}, {"on", true},   {"1", true},
                 {"false", false}, {"no", false}, {"off", false}, {"0", false}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i].word) == 0) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

static enum status set_int(const struct option_spec *spec, const char *text, char *place,
                           const struct source *source)
{
    int64_t value;

    if (span_to_int64(span_text(text), &value) != STATUS_OK || value < spec->min ||
        value > spec->max)
        return complain(source, "\"%s\" is not a number from %" PRId64 " to %" PRId64, text,
                        spec->min, spec->max);
    memcpy(place, &value, sizeof value);
    return STATUS_OK;
}

static enum status set_flag(const char *text, char *place, const struct source *source)
{
    bool value;

    if (!parse_flag(text, &value))
        return complain(source, "\"%s\" is neither true nor false", text);
    memcpy(place, &value, sizeof value);
    return STATUS_OK;
}

static enum status set(const struct option_spec *spec, const char *text, void *config,
                       const struct source *source)
{
    char *place = (char *)config + spec->offset;

    switch (spec->type) {
    case OPTION_INT:
        return set_int(spec, text, place, source);
    case OPTION_FLAG:
        return set_flag(text, place, source);
    case OPTION_CHOICE:
        if (!span_is_choice(span_text(text), spec->choices))
            return complain(source, "\"%s\" is not one of %s", text, spec->choices);
        break;
    case OPTION_TEXT:
        break;
    }
    memcpy(place, &text, sizeof text);
    return STATUS_OK;
}

static enum status set_fallbacks(const struct option_table *table, void *config, char *problem)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < table->count && status == STATUS_OK; i++) {
        const struct option_spec *spec = &table->specs[i];
        const struct source source = {.place = spec->name, .problem = problem};

        if (spec->fallback)
            status = set(spec, spec->fallback, config, &source);
    }
    return status;
}

static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t\r");
    for (size = strlen(text); size > 0 && strchr(" \t\r", text[size - 1]); size--)
        text[size - 1] = 0;
    return text;
}

/* A # starts a comment at the line's start or after a blank, so that a password may hold one. */
static void cut_comment(char *line)
{
    for (char *mark = strchr(line, '#'); mark; mark = strchr(mark + 1, '#')) {
        if (mark == line || mark[-1] == ' ' || mark[-1] == '\t') {
            *mark = 0;
            return;
        }
    }
}

static enum status set_line(const struct option_table *table, char *line, void *config,
                            const struct source *source)
{
    cut_comment(line);
    char *name = trim(line);
    if (!*name)
        return STATUS_OK;

    char *equals = strchr(name, '=');
    if (!equals)
        return complain(source, "\"%s\" has no \"=\"; write name = value", name);
    *equals = 0;
    name = trim(name);

    const struct option_spec *spec = find(table, name, strlen(name));
    if (!spec)
        return complain(source, "\"%s\" is no option of %s; see --help", name, table->program);
    return set(spec, trim(equals + 1), config, source);
}

enum status option_set_lines(const struct option_table *table, const char *path, char *text,
                             void *config, char problem[256])
{
    enum status status = STATUS_OK;
    unsigned number = 1;

    while (text && status == STATUS_OK) {
        char place[128];
        const struct source source = {.place = place, .problem = problem};
        char *end = strchr(text, '\n');

        if (end)
            *end++ = 0;
        snprintf(place, sizeof place, "%.90s:%u", path, number++);
        status = set_line(table, text, config, &source);
        text = end;
    }
    return status;
}

/* The values point into the text, which has to stay as long as the process: a mapping of its own
 * says so better than a heap block that nobody frees. */
static char *keep(const uint8_t *data, size_t size)
{
    /* cppcheck-suppress invalidFunctionArg ; -1 is what anonymous memory asks for */
    char *text = mmap(NULL, size + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (text == MAP_FAILED)
        return NULL;
    memcpy(text, data, size);
    return text;
}

static enum status set_from_file(const struct option_table *table, const char *path,
                                 bool must_exist, void *config, char *problem)
{
    const struct source source = {.place = path, .problem = problem};
    uint8_t *data = NULL;
    size_t size;

    enum status status = file_read(path, FILE_MAX_BYTES, &data, &size);
    if (status == STATUS_NOT_FOUND && !must_exist)
        return STATUS_OK;
    if (status != STATUS_OK)
        return complain(&source, "cannot read the configuration file: %s", status_text(status));

    char *text = keep(data, size);
    free(data);
    if (!text)
        return complain(&source, "cannot keep the configuration: out of memory");
    return option_set_lines(table, path, text, config, problem);
}

static enum status set_from_environment(const struct option_table *table, void *config,
                                        char *problem)
{
    enum status status = STATUS_OK;

    if (!table->env_prefix)
        return STATUS_OK;
    for (size_t i = 0; i < table->count && status == STATUS_OK; i++) {
        char name[NAME_SIZE];
        const struct source source = {.place = name, .problem = problem};

        snprintf(name, sizeof name, "%s_%s", table->env_prefix, table->specs[i].name);
        for (char *c = name + strlen(table->env_prefix); *c; c++)
            *c = (char)toupper((unsigned char)*c);
        const char *value = getenv(name);
        if (value)
            status = set(&table->specs[i], value, config, &source);
    }
    return status;
}

/* One "--name value", "--name=value", "--flag" or "--no-flag" of the command line. */
struct argument {
    const struct option_spec *spec; /* NULL: --config */
    const char *value;
    int width; /* 1 or 2 places of argv */
};

static enum status read_argument(const struct option_table *table, char **argv,
                                 struct argument *out, char *problem)
{
    const struct source source = {.place = argv[0], .problem = problem};
    const char *name = argv[0] + (strncmp(argv[0], "--", 2) == 0 ? 2 : 0);
    size_t size = strcspn(name, "=");
    const char *value = name[size] == '=' ? name + size + 1 : NULL;
    bool is_config = size == strlen("config") && memcmp(name, "config", size) == 0;
    bool negated = false;

    *out = (struct argument){.width = 1};
    if (name == argv[0])
        return complain(&source, "options start with two dashes; see --help");
    if (!is_config) {
        out->spec = find(table, name, size);
        negated = !out->spec && !value && strncmp(name, "no-", 3) == 0;
        if (negated)
            out->spec = find(table, name + 3, size - 3);
        if (!out->spec || (negated && out->spec->type != OPTION_FLAG))
            return complain(&source, "no such option of %s; see --help", table->program);
        if (out->spec->type == OPTION_FLAG && !value)
            value = negated ? "false" : "true";
    }
    if (!value) {
        value = argv[1];
        out->width = 2;
    }
    if (!value)
        return complain(&source, "needs a value");
    out->value = value;
    return STATUS_OK;
}

/* What to do with each option of the command line; the file has to be known before the rest. */
enum pass { PASS_FIND_CONFIG, PASS_SET };

static enum status walk_arguments(const struct option_table *table, enum pass pass, char **argv,
                                  const char **config_path, void *config, int *rest, char *problem)
{
    int at = 1;

    while (argv[at] && argv[at][0] == '-' && argv[at][1]) {
        const struct source source = {.place = argv[at], .problem = problem};
        struct argument argument;

        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        enum status status = read_argument(table, argv + at, &argument, problem);
        if (status == STATUS_OK && pass == PASS_SET && argument.spec)
            status = set(argument.spec, argument.value, config, &source);
        if (status != STATUS_OK)
            return status;
        if (!argument.spec)
            *config_path = argument.value;
        at += argument.width;
    }
    *rest = at;
    return STATUS_OK;
}

enum status option_parse(const struct option_table *table, const char *default_file, int argc,
                         char **argv, void *config, int *rest, char problem[256])
{
    const char *path = NULL;
    int first_rest = argc;

    enum status status = argc > 0 ? walk_arguments(table, PASS_FIND_CONFIG, argv, &path, config,
                                                   &first_rest, problem)
                                  : STATUS_OK;
    if (status == STATUS_OK)
        status = set_fallbacks(table, config, problem);
    if (status == STATUS_OK && (path || default_file))
        status = set_from_file(table, path ? path : default_file, path != NULL, config, problem);
    if (status == STATUS_OK)
        status = set_from_environment(table, config, problem);
    if (status == STATUS_OK && argc > 0)
        status = walk_arguments(table, PASS_SET, argv, &path, config, &first_rest, problem);
    if (status == STATUS_OK)
        *rest = first_rest;
    return status;
}

void option_typed_name(const struct option_spec *spec, char name[OPTION_NAME_BYTES])
{
    snprintf(name, OPTION_NAME_BYTES, "--%s", spec->name);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '-';
}

/* Where the help lines begin: the widest of our options just fits. */
#define COLUMN 32

static void print_head(const char *name, const char *value, FILE *out)
{
    const int width = COLUMN - (int)strlen(name) - 1;

    fprintf(out, "  %s %-*s ", name, width > 0 ? width : 0, value ? value : "");
}

static void print_one(const struct option_spec *spec, FILE *out)
{
    char name[OPTION_NAME_BYTES];

    option_typed_name(spec, name);
    print_head(name, spec->value, out);
    fputs(spec->help, out);
    if (spec->type == OPTION_CHOICE)
        fprintf(out, " (%s)", spec->choices);
    if (spec->type == OPTION_INT)
        fprintf(out, " (%" PRId64 " to %" PRId64 ")", spec->min, spec->max);
    if (spec->fallback && *spec->fallback)
        fprintf(out, " [%s]", spec->fallback);
    fputc('\n', out);
}

void option_print_help(const struct option_table *table, FILE *out)
{
    fprintf(out, "options of %s:\n", table->program);
    print_head("--config", "FILE", out);
    fputs("file of \"name = value\" lines\n", out);
    for (size_t i = 0; i < table->count; i++)
        print_one(&table->specs[i], out);
}

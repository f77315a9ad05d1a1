#include "server/ctl/args.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

bool args_next(const char **allowed, struct args_allowed *out)
{
    const char *at = *allowed + strspn(*allowed, " ");
    size_t size = strcspn(at, " (!=*");

    *out = (struct args_allowed){.name = span_of(at, size), .value = span_text("VALUE")};
    at += size;
    if (*at == '=') {
        size = strcspn(++at, " (!*");
        out->value = span_of(at, size);
        at += size;
    }
    out->is_required = *at == '*';
    out->is_flag = *at == '!';
    at += out->is_required || out->is_flag;
    if (*at == '(') {
        size = strcspn(++at, ")");
        out->note = span_of(at, size);
        at += size + (at[size] == ')');
    }
    *allowed = at;
    return out->name.size > 0;
}

/* *flag: it takes no value. */
static bool is_allowed(const char *allowed, const char *name, bool *flag)
{
    struct args_allowed option;

    while (args_next(&allowed, &option)) {
        *flag = option.is_flag;
        if (span_equal_text(option.name, name))
            return true;
    }
    return false;
}

/* Takes "--name VALUE" or "--name=VALUE" at argv[*index]; moves *index past the value. The name is
 * cut out of argv in place: the words belong to this process. */
static enum status take_option(struct args *args, const char *allowed, int argc, char **argv,
                               int *index, char problem[160])
{
    const char *name = argv[*index][1] == '-' ? argv[*index] + 2 : "file";
    char *value = strchr(argv[*index], '=');
    bool flag;

    if (value)
        *value++ = '\0';
    if (!is_allowed(allowed, name, &flag)) {
        snprintf(problem, 160, "there is no option --%s here", name);
        return STATUS_INVALID;
    }
    if (flag && value) {
        snprintf(problem, 160, "--%s takes no value", name);
        return STATUS_INVALID;
    }
    if (!value && !flag) {
        if (*index + 1 >= argc) {
            snprintf(problem, 160, "--%s needs a value", name);
            return STATUS_INVALID;
        }
        value = argv[++*index];
    }
    args->option_names[args->options] = name;
    args->option_values[args->options++] = flag ? "" : value;
    return STATUS_OK;
}

enum status args_parse(struct args *args, const char *allowed, int argc, char **argv,
                       char problem[160])
{
    memset(args, 0, sizeof *args);
    if (argc > ARGS_MAX) {
        snprintf(problem, 160, "more than %d arguments", ARGS_MAX);
        return STATUS_INVALID;
    }
    for (int i = 0; i < argc; i++) {
        bool is_file = strcmp(argv[i], "-f") == 0;

        if (is_file || (strncmp(argv[i], "--", 2) == 0 && argv[i][2])) {
            enum status status = take_option(args, allowed, argc, argv, &i, problem);

            if (status != STATUS_OK)
                return status;
        } else {
            args->words[args->count++] = argv[i];
        }
    }
    return STATUS_OK;
}

const char *args_option(const struct args *args, const char *name, const char *fallback)
{
    for (size_t i = args->options; i-- > 0;)
        if (strcmp(args->option_names[i], name) == 0)
            return args->option_values[i];
    return fallback;
}

bool args_flag(const struct args *args, const char *name)
{
    return args_option(args, name, NULL) != NULL;
}

bool args_duration(const char *text, int64_t *out_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    size_t size = strlen(text);
    int64_t number;

    if (size < 2 || span_to_int64(span_of(text, size - 1), &number) != STATUS_OK || number < 1 ||
        number > 1000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text[size - 1] == units[i].letter) {
            *out_ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

#include "server/ctl/bounds.h"

#include <string.h>

#define ALL "all"

/* "devices=operator,vendors=viewer"; False: it is not written like that. */
static bool write_may(struct json_writer *writer, const char *text)
{
    json_key(writer, "may");
    json_begin_object(writer);
    for (const char *at = text; *at != '\0';) {
        const size_t all = strcspn(at, ",");
        const size_t name = strcspn(at, "=");
        char area[32];

        if (name >= all || name >= sizeof area)
            return false;
        memcpy(area, at, name);
        area[name] = '\0';
        json_key(writer, strcmp(area, ALL) == 0 ? "*" : area);
        json_write_text(writer, span_of(at + name + 1, all - name - 1));
        at += all + (at[all] == ',');
    }
    json_end_object(writer);
    return true;
}

/* "lab,shop", or "all". */
static void write_bound(struct json_writer *writer, const char *name, const char *text)
{
    json_key(writer, name);
    if (strcmp(text, ALL) == 0) {
        json_write_null(writer);
        return;
    }
    json_begin_array(writer);
    for (const char *at = text; *at != '\0';) {
        const size_t size = strcspn(at, ",");

        json_write_text(writer, span_of(at, size));
        at += size + (at[size] == ',');
    }
    json_end_array(writer);
}

enum status bounds_write(struct json_writer *writer, const struct args *args, const char *areas)
{
    static const char *const names[] = {"groups", "vendors"};
    const char *may = args_option(args, areas, NULL);

    if (may != NULL && !write_may(writer, may))
        return STATUS_INVALID;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *list = args_option(args, names[i], NULL);

        if (list != NULL)
            write_bound(writer, names[i], list);
    }
    return STATUS_OK;
}

bool bounds_given(const struct args *args, const char *areas)
{
    return args_option(args, areas, NULL) != NULL || args_option(args, "groups", NULL) != NULL ||
           args_option(args, "vendors", NULL) != NULL;
}

#include "server/ctl/assigned.h"

#include <string.h>

#define NAME 64

void assigned_write_value(struct json_writer *writer, const char *value)
{
    struct json *json;

    if (json_parse(span_text(value), &json, NULL) == STATUS_OK) {
        json_write_raw(writer, span_text(value));
        json_free(json);
    } else {
        json_write_text(writer, span_text(value));
    }
}

const char *assigned_write_patch(struct json_writer *writer, const char *const *words, size_t count)
{
    const char *bad = NULL;

    json_begin_object(writer);
    for (size_t i = 0; i < count && !bad; i++) {
        const char *equals = strchr(words[i], '=');
        char name[NAME];

        if (equals == NULL || span_to_text(span_of(words[i], (size_t)(equals - words[i])), name,
                                           sizeof name) != STATUS_OK) {
            bad = words[i];
            continue;
        }
        json_key(writer, name);
        if (equals[1] == '\0')
            json_write_null(writer);
        else
            assigned_write_value(writer, equals + 1);
    }
    json_end_object(writer);
    return bad;
}

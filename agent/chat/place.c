#include "agent/chat/place.h"

/* More than any context; a larger number is no count. */
#define MAX_TOKENS INT64_C(1000000000)
#define MAX_NAME   64

static const struct json *step(const struct json *json, const char *name)
{
    uint64_t index;

    if (json && json_type(json) == JSON_ARRAY)
        return span_to_uint64(span_text(name), &index) == STATUS_OK ? json_item(json, index) : NULL;
    return json_member(json, name);
}

const struct json *place_find(const struct json *document, const char *path)
{
    const struct json *json = document;
    char name[MAX_NAME];

    while (json && *path) {
        size_t size = strcspn(path, ".");

        if (span_to_text(span_of(path, size), name, sizeof name) != STATUS_OK)
            return NULL;
        json = step(json, name);
        path += size + (path[size] == '.');
    }
    return json;
}

const char *place_text(const struct json *document, const char *path)
{
    const char *text = json_text(place_find(document, path), "");

    return text[0] ? text : NULL;
}

void place_read_usage(const struct json *document, const struct place_count *places, size_t count,
                      struct dialect_usage *out)
{
    bool told[DIALECT_COUNTS] = {false};

    for (size_t i = 0; i < count; i++) {
        int64_t tokens = json_int(place_find(document, places[i].path), -1);

        if (told[places[i].count] || tokens < 0 || tokens > MAX_TOKENS)
            continue;
        told[places[i].count] = true;
        out->counts[places[i].count] = tokens;
    }
}

enum dialect_finish place_read_finish(const char *word, const struct place_finish *words,
                                      size_t count)
{
    if (!word || !word[0])
        return DIALECT_FINISH_NONE;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(words[i].word, word))
            return words[i].finish;
    return DIALECT_FINISH_STOP;
}

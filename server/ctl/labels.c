#include "server/ctl/labels.h"

#include <stdio.h>
#include <string.h>

bool labels_split(const char *word, char name[LABELS_NAME], const char **value)
{
    const char *equals = strchr(word, '=');

    if (!equals || equals == word || equals - word >= LABELS_NAME)
        return false;
    snprintf(name, LABELS_NAME, "%.*s", (int)(equals - word), word);
    *value = equals + 1;
    return true;
}

/* The value that the changes give a label; NULL: they do not name it. */
static const char *change_of(const char *label, const char *const *changes, size_t count)
{
    char name[LABELS_NAME];
    const char *value;

    for (size_t i = count; i-- > 0;)
        if (labels_split(changes[i], name, &value) && strcmp(name, label) == 0)
            return value;
    return NULL;
}

void labels_write(struct json_writer *writer, const struct json *labels, const char *const *changes,
                  size_t count)
{
    char name[LABELS_NAME];
    const char *key, *value;

    json_begin_object(writer);
    for (size_t i = 0; i < json_count(labels); i++) {
        const struct json *old = json_member_at(labels, i, &key);

        if (change_of(key, changes, count))
            continue;
        json_key(writer, key);
        json_write_text(writer, span_text(json_text(old, "")));
    }
    for (size_t i = 0; i < count; i++) {
        if (!labels_split(changes[i], name, &value) || *value == '\0' ||
            change_of(name, changes, count) != value)
            continue;
        json_key(writer, name);
        json_write_text(writer, span_text(value));
    }
    json_end_object(writer);
}

void labels_write_changes(struct json_writer *writer, const char *const *changes, size_t count)
{
    char name[LABELS_NAME];
    const char *value;

    json_begin_object(writer);
    for (size_t i = 0; i < count; i++)
        if (labels_split(changes[i], name, &value) && change_of(name, changes, count) == value)
            json_write_member(writer, name, value);
    json_end_object(writer);
}

#include "server/broker/revoked.h"

#include <stdlib.h>
#include <string.h>

#include "schema/wire/topic.h"

struct id {
    char text[LIMIT_SLUG + 1];
};

struct revoked {
    struct id *ids;
    size_t count;
};

enum status revoked_create(struct revoked **out)
{
    struct revoked *revoked = calloc(1, sizeof *revoked);

    if (!revoked)
        return STATUS_MEMORY;
    *out = revoked;
    return STATUS_OK;
}

void revoked_free(struct revoked *revoked)
{
    if (!revoked)
        return;
    free(revoked->ids);
    free(revoked);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct id *)a)->text, ((const struct id *)b)->text);
}

static size_t count_lines(struct span lines)
{
    size_t count = 0;

    for (size_t i = 0; i < lines.size; i++)
        count += lines.data[i] == '\n';
    return count + 1;
}

/* Cuts the next line off the front. */
static struct span next_line(struct span *lines)
{
    const uint8_t *end = lines->size ? memchr(lines->data, '\n', lines->size) : NULL;
    size_t size = end ? (size_t)(end - lines->data) : lines->size;
    struct span line = span_of(lines->data, size);

    lines->data += size + (end != NULL);
    lines->size -= size + (end != NULL);
    return line;
}

enum status revoked_replace(struct revoked *revoked, struct span lines)
{
    struct id *ids = calloc(count_lines(lines), sizeof *ids);
    size_t count = 0;

    if (!ids)
        return STATUS_MEMORY;
    while (lines.size) {
        struct span line = next_line(&lines);

        if (line.size == 0)
            continue;
        if (!topic_is_slug(line) ||
            span_to_text(line, ids[count].text, sizeof ids[count].text) != STATUS_OK) {
            free(ids);
            return STATUS_INVALID;
        }
        count++;
    }
    qsort(ids, count, sizeof *ids, compare);
    free(revoked->ids);
    revoked->ids = ids;
    revoked->count = count;
    return STATUS_OK;
}

bool revoked_has(const struct revoked *revoked, const char *id)
{
    struct id key;

    if (!id || !revoked->count ||
        span_to_text(span_text(id), key.text, sizeof key.text) != STATUS_OK)
        return false;
    return bsearch(&key, revoked->ids, revoked->count, sizeof key, compare) != NULL;
}

size_t revoked_count(const struct revoked *revoked)
{
    return revoked->count;
}

const char *revoked_at(const struct revoked *revoked, size_t index)
{
    return revoked->ids[index].text;
}

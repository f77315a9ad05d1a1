#include "server/broker/revoked.h"

#include <stdlib.h>
#include <string.h>

#include "schema/wire/topic.h"

struct id {
    char text[LIMIT_SLUG + 1];
};

struct list {
    struct id *ids;
    size_t count;
};

struct revoked {
    struct list now;
    struct list coming; /* parts taken so far */
    uint64_t parts_taken;
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
    free(revoked->now.ids);
    free(revoked->coming.ids);
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

static enum status append(struct list *list, struct span lines)
{
    struct id *ids = realloc(list->ids, (list->count + count_lines(lines)) * sizeof *ids);

    if (!ids)
        return STATUS_MEMORY;
    list->ids = ids;
    while (lines.size) {
        struct span line = next_line(&lines);

        if (line.size == 0)
            continue;
        if (!topic_is_slug(line) ||
            span_to_text(line, ids[list->count].text, sizeof ids[list->count].text) != STATUS_OK)
            return STATUS_INVALID;
        list->count++;
    }
    return STATUS_OK;
}

static void drop(struct revoked *revoked)
{
    free(revoked->coming.ids);
    revoked->coming = (struct list){0};
    revoked->parts_taken = 0;
}

/* "2 3" */
static bool read_place(struct span line, uint64_t *part, uint64_t *parts)
{
    const uint8_t *gap = line.size ? memchr(line.data, ' ', line.size) : NULL;
    size_t size = gap ? (size_t)(gap - line.data) : 0;

    return gap && span_to_uint64(span_of(line.data, size), part) == STATUS_OK &&
           span_to_uint64(span_of(gap + 1, line.size - size - 1), parts) == STATUS_OK;
}

enum status revoked_take(struct revoked *revoked, struct span message)
{
    uint64_t part;
    uint64_t parts;

    if (!read_place(next_line(&message), &part, &parts))
        return STATUS_INVALID;
    if (part == 1)
        drop(revoked);
    if (part != revoked->parts_taken + 1 || part > parts)
        return STATUS_INVALID;
    enum status status = append(&revoked->coming, message);
    if (status != STATUS_OK) {
        drop(revoked);
        return status;
    }
    revoked->parts_taken = part;
    if (part < parts)
        return STATUS_OK;
    qsort(revoked->coming.ids, revoked->coming.count, sizeof *revoked->coming.ids, compare);
    free(revoked->now.ids);
    revoked->now = revoked->coming;
    revoked->coming = (struct list){0};
    drop(revoked);
    return STATUS_OK;
}

bool revoked_has(const struct revoked *revoked, const char *id)
{
    struct id key = {.text = ""};

    if (!id || !revoked->now.count ||
        span_to_text(span_text(id), key.text, sizeof key.text) != STATUS_OK)
        return false;
    return bsearch(&key, revoked->now.ids, revoked->now.count, sizeof key, compare) != NULL;
}

size_t revoked_count(const struct revoked *revoked)
{
    return revoked->now.count;
}

const char *revoked_at(const struct revoked *revoked, size_t index)
{
    return revoked->now.ids[index].text;
}

#include "server/store/csv.h"

#include <string.h>

void csv_init(struct csv *csv, struct span file, struct arena *arena)
{
    static const char all[] = ",;\t";
    size_t counts[3] = {0};
    size_t best = 0;

    for (size_t i = 0; i < file.size && file.data[i] != '\n'; i++)
        for (size_t k = 0; k < 3; k++)
            counts[k] += file.data[i] == (uint8_t)all[k];
    for (size_t k = 1; k < 3; k++)
        if (counts[k] > counts[best])
            best = k;
    *csv = (struct csv){.arena = arena, .rest = file, .line = 1, .separator = all[best]};
}

/* Doubled quotes within a quoted field become single ones. */
static enum status unquote(struct arena *arena, struct span quoted, struct span *out)
{
    uint8_t *text = arena_take(arena, quoted.size + 1);
    size_t size = 0;

    if (text == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < quoted.size; i++) {
        text[size++] = quoted.data[i];
        i += quoted.data[i] == '"';
    }
    *out = span_of(text, size);
    return STATUS_OK;
}

/* A field that begins with a quote: what is between, and where it ends. */
static enum status quoted_field(struct csv *csv, struct span *out, size_t *end,
                                const char **problem)
{
    const struct span rest = csv->rest;
    bool doubled = false;
    size_t at = 1;

    for (; at < rest.size; at++) {
        if (rest.data[at] == '"') {
            if (at + 1 >= rest.size || rest.data[at + 1] != '"')
                break;
            doubled = true;
            at++;
        }
        csv->line += rest.data[at] == '\n';
    }
    if (at >= rest.size) {
        *problem = "a quote is not closed";
        return STATUS_INVALID;
    }
    *end = at + 1;
    *out = span_of(rest.data + 1, at - 1);
    return doubled ? unquote(csv->arena, *out, out) : STATUS_OK;
}

static size_t plain_size(const struct csv *csv)
{
    size_t at = 0;

    while (at < csv->rest.size && csv->rest.data[at] != (uint8_t)csv->separator &&
           csv->rest.data[at] != '\n' && csv->rest.data[at] != '\r')
        at++;
    return at;
}

enum status csv_field(struct csv *csv, struct span *out, bool *more, const char **problem)
{
    struct span field;
    size_t at;

    if (csv->rest.size > 0 && csv->rest.data[0] == '"') {
        enum status status = quoted_field(csv, &field, &at, problem);

        if (status != STATUS_OK)
            return status;
    } else {
        at = plain_size(csv);
        field = span_of(csv->rest.data, at);
    }
    const struct span rest = csv->rest;
    at += at < rest.size && rest.data[at] == '\r';
    const bool another = at < rest.size && rest.data[at] == (uint8_t)csv->separator;
    if (at < rest.size && !another && rest.data[at] != '\n') {
        *problem = "something follows a closing quote";
        return STATUS_INVALID;
    }
    csv->line += at < rest.size && !another;
    at += at < rest.size;
    csv->rest = span_of(rest.data + at, rest.size - at);
    while (field.size > 0 && field.data[field.size - 1] == ' ')
        field.size--;
    *out = field;
    *more = another;
    return STATUS_OK;
}

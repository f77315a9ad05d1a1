#include "tests/vendors/form.h"

#include <stdio.h>

#define MAX_BOUNDARY 80

static struct span between(struct span text, const char *before, const char *after)
{
    const uint8_t *start = memmem(text.data, text.size, before, strlen(before));

    if (start == NULL)
        return span_of(NULL, 0);
    start += strlen(before);
    const size_t left = text.size - (size_t)(start - text.data);
    const uint8_t *end = memmem(start, left, after, strlen(after));
    return end == NULL ? span_of(NULL, 0) : span_of(start, (size_t)(end - start));
}

/* "\r\n--BOUNDARY" */
static bool read_boundary(const char *type, char out[MAX_BOUNDARY + 8])
{
    const char *at = type == NULL ? NULL : strstr(type, "boundary=");

    if (at == NULL)
        return false;
    at += strlen("boundary=");
    at += *at == '"';
    const size_t size = strcspn(at, "\"; ");
    if (size == 0 || size > MAX_BOUNDARY)
        return false;
    snprintf(out, MAX_BOUNDARY + 8, "\r\n--%.*s", (int)size, at);
    return true;
}

struct span form_part(struct span body, const char *type, const char *name)
{
    char boundary[MAX_BOUNDARY + 8], wanted[64];

    snprintf(wanted, sizeof wanted, "; name=\"%s\"", name);
    if (!read_boundary(type, boundary))
        return span_of(NULL, 0);
    /* the first boundary has no line before it */
    const char *first = boundary + 2;
    struct span rest = body;
    const char *before = first;
    for (;;) {
        const uint8_t *start = memmem(rest.data, rest.size, before, strlen(before));

        if (start == NULL)
            return span_of(NULL, 0);
        start += strlen(before);
        rest = span_of(start, (size_t)(body.data + body.size - start));
        before = boundary;
        const struct span head = between(rest, "\r\n", "\r\n\r\n");
        if (head.data == NULL)
            return span_of(NULL, 0);
        if (memmem(head.data, head.size, wanted, strlen(wanted)) != NULL)
            return between(rest, "\r\n\r\n", boundary);
    }
}

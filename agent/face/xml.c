#include "agent/face/xml.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

struct reader {
    XML_Parser parser;
    struct arena *arena;
    struct xml_element *root, *at;
    size_t count, depth;
    char *problem;
    enum status status;
};

static unsigned current_line(XML_Parser parser)
{
#if XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION < 9
    return (unsigned)XML_GetCurrentLineNumber(parser); /* Debian 12 */
#else
    return (unsigned)XML_GetCurrentLineNumber64(parser);
#endif
}

static void refuse(struct reader *reader, enum status status, const char *why)
{
    if (reader->status == STATUS_OK)
        snprintf(reader->problem, XML_PROBLEM_SIZE, "line %u: %s", current_line(reader->parser),
                 why);
    reader->status = status;
    XML_StopParser(reader->parser, XML_FALSE);
}

static const char **copy_attributes(struct arena *arena, const char **attributes)
{
    size_t count = 0;

    while (attributes[count])
        count++;
    const char **copies = arena_take(arena, (count + 1) * sizeof *copies);
    for (size_t i = 0; copies && i < count; i++)
        copies[i] = arena_text(arena, span_text(attributes[i]));
    return copies;
}

static void on_start(void *context, const char *name, const char **attributes)
{
    struct reader *reader = context;

    if (reader->count++ == XML_MAX_ELEMENTS || reader->depth++ == XML_MAX_DEPTH) {
        refuse(reader, STATUS_INVALID, "too many elements, or too deep in each other");
        return;
    }
    struct xml_element *element = arena_take(reader->arena, sizeof *element);
    if (element) {
        element->name = arena_text(reader->arena, span_text(name));
        element->line = current_line(reader->parser);
        element->attributes = copy_attributes(reader->arena, attributes);
    }
    if (arena_failed(reader->arena)) {
        refuse(reader, STATUS_MEMORY, "the document is too large");
        return;
    }
    element->parent = reader->at;
    if (!reader->at)
        reader->root = element;
    else if (!reader->at->last)
        reader->at->first = reader->at->last = element;
    else
        reader->at->last = reader->at->last->next = element;
    reader->at = element;
}

static void on_end(void *context, const char *name)
{
    struct reader *reader = context;

    (void)name;
    reader->depth--;
    reader->at = reader->at->parent;
}

/* A document type may define entities, and those grow without bounds. */
static void on_doctype(void *context, const char *name, const char *system, const char *public,
                       int has_internal)
{
    (void)name;
    (void)system;
    (void)public;
    if (has_internal)
        refuse(context, STATUS_INVALID, "a document type with entities is not read");
}

enum status xml_read(struct arena *arena, struct span text, const struct xml_element **root,
                     char problem[XML_PROBLEM_SIZE])
{
    struct reader reader = {.parser = XML_ParserCreate(NULL), .arena = arena, .problem = problem};

    if (!reader.parser)
        return STATUS_MEMORY;
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, on_start, on_end);
    XML_SetStartDoctypeDeclHandler(reader.parser, on_doctype);
    enum XML_Status parsed =
        XML_Parse(reader.parser, (const char *)text.data, (int)text.size, XML_TRUE);
    if (parsed != XML_STATUS_OK && reader.status == STATUS_OK)
        refuse(&reader, STATUS_INVALID, XML_ErrorString(XML_GetErrorCode(reader.parser)));
    XML_ParserFree(reader.parser);
    if (reader.status == STATUS_OK)
        *root = reader.root;
    return reader.status;
}

const char *xml_attribute(const struct xml_element *element, const char *name)
{
    for (const char **at = element->attributes; at[0]; at += 2)
        if (strcmp(at[0], name) == 0)
            return at[1];
    return NULL;
}

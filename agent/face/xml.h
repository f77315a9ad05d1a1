/* xml.h - reads an XML document into a tree; expat and nothing else knows it
 *
 * For documents that people draw: bounded in size, depth and number, without document types and
 * entities of its own. Everything lives in the arena.
 */
#ifndef AGENT_FACE_XML_H
#define AGENT_FACE_XML_H

#include "schema/base/arena.h"

#define XML_MAX_DEPTH    32
#define XML_MAX_ELEMENTS 8192
#define XML_PROBLEM_SIZE 200

/* Plain data. Names are as written, with their prefix. */
struct xml_element {
    const char *name;
    unsigned line;
    const char **attributes; /* name, value, name, value ... NULL */
    struct xml_element *parent, *first, *last, *next;
};

/* STATUS_INVALID: problem says "line 12: why". STATUS_MEMORY. */
MUST_CHECK enum status xml_read(struct arena *arena, struct span text,
                                const struct xml_element **root, char problem[XML_PROBLEM_SIZE]);

/* NULL: it has none. */
const char *xml_attribute(const struct xml_element *element, const char *name);

#endif

/* view.h - the API's JSON as tables and sheets for people
 *
 * Columns are as wide as their widest value, counting East Asian wide characters as two; numbers
 * stand right. No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_VIEW_H
#define SERVER_CTL_VIEW_H

#include <stdio.h>

#include "schema/base/json.h"

enum view_kind {
    VIEW_TEXT,
    VIEW_NUMBER,
    VIEW_TIME, /* RFC 3339, shown as "3 min ago" */
    VIEW_YES,  /* bool: yes, or nothing */
    VIEW_JSON, /* anything, compact; a list of texts as "a, b" */
    VIEW_NOTE, /* a text in full, wrapped: in a table on lines of its own below the row */
};

struct view_column {
    const char *title;
    const char *member; /* "name", or "period.from" for a member of a member */
    enum view_kind kind;
};

/* One row per element of items; "none" when empty. */
void view_table(FILE *out, const struct json *items, const struct view_column *columns,
                size_t count, int64_t now_ms);

/* One line per column: title, value. */
void view_sheet(FILE *out, const struct json *object, const struct view_column *columns,
                size_t count, int64_t now_ms);

#endif

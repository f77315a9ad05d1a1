/* view.h - the API's JSON as tables and sheets for people
 *
 * Columns are as wide as their widest value, counting East Asian wide characters as two; numbers
 * stand right. So that a row fits the line of a terminal, titles and prose are wrapped, texts are
 * cut (numbers and days are not), and what is too much all the same stands on a further line with
 * titles of its own; states are in colour.
 * Ends of periods are told as people do, by their last day. No I/O but writing to the
 * given stream, and what zone_open() reads.
 */
#ifndef SERVER_CTL_VIEW_H
#define SERVER_CTL_VIEW_H

#include <stdio.h>

#include "schema/base/json.h"

enum view_kind {
    VIEW_TEXT,
    VIEW_PROSE, /* a text that is wrapped in its column where a line is too short for it */
    VIEW_NUMBER,
    VIEW_COUNT,  /* the same; nothing instead of 0 */
    VIEW_AMOUNT, /* the same in groups: "3,000,000.00" */
    VIEW_MONEY, /* the same; in the currency that a member beside it names, rounded as it is paid */
    VIEW_TIME,  /* RFC 3339, shown as "3 min ago" */
    VIEW_DAY,   /* RFC 3339: its day in the zone that the row's member "zone" names, else in UTC */
    VIEW_LAST,  /* the same for an instant at which something is over: the last day before it */
    VIEW_PERIOD, /* "2026-11-01/2026-12-01", the end being past it: "2026-11-01 - 2026-11-30" */
    VIEW_YES,    /* bool: yes, or nothing */
    VIEW_JSON,   /* anything, compact; a list of texts as "a, b" */
    VIEW_NOTE,   /* a text in full, wrapped: in a table on lines of its own below the row */
};

struct view_column {
    const char *title;
    const char *member; /* "name", or "period.from" for a member of a member */
    enum view_kind kind;
};

/* One row per element of items; "none" when empty. */
void view_table(FILE *out, const struct json *items, const struct view_column *columns,
                size_t count, int64_t now_ms);

/* The same for those rows alone that keep() is true of. */
void view_table_of(FILE *out, const struct json *items, bool (*keep)(const struct json *item),
                   const struct view_column *columns, size_t count, int64_t now_ms);

/* One line per column: title, value. */
void view_sheet(FILE *out, const struct json *object, const struct view_column *columns,
                size_t count, int64_t now_ms);

#endif

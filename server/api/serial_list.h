/* serial_list.h - reads a factory's list of serial numbers: CSV with a line of titles
 *
 *     serial    up to 64 bytes of text, each once
 *     group     that the robot joins; may be left out or empty
 *     labels    that it has from the start, "floor=7; shop=Main Street"; may be left out or empty
 *
 * Other columns are refused, so that nobody believes that they count for something.
 */
#ifndef SERVER_API_SERIAL_LIST_H
#define SERVER_API_SERIAL_LIST_H

#include "schema/base/arena.h"
#include "schema/base/json.h"

#define SERIAL_LIST_ROWS   1000
#define SERIAL_LIST_FAULTS 20 /* that are told at once */

/* Plain data. */
struct serial_list_row {
    int64_t line; /* from 1, titles with them */
    const char *serial;
    const char *group;  /* NULL: none */
    struct span labels; /* a JSON object of texts */
};

/* Plain data; texts and rows are in the arena. */
struct serial_list {
    struct serial_list_row *rows;
    size_t count;
    struct json_problem faults[SERIAL_LIST_FAULTS]; /* "/12" and the cause, by line */
    size_t fault_count;
};

/* group: of rows that name none, NULL for none. Borrows file and group. STATUS_INVALID: the faults
 * say why, at least one. STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status serial_list_read(struct span file, const char *group, struct arena *arena,
                                        struct serial_list *list);

/* Adds a fault unless there are as many as are told. */
void serial_list_fault(struct serial_list *list, int64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

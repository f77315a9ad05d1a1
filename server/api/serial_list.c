#include "server/api/serial_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/wire/topic.h"
#include "server/store/csv.h"

#define SERIAL_BYTES 64
#define COLUMNS_MAX  2

enum column { COLUMN_SERIAL, COLUMN_GROUP };

struct titles {
    enum column columns[COLUMNS_MAX];
    size_t count;
};

void serial_list_fault(struct serial_list *list, int64_t line, const char *format, ...)
{
    va_list arguments;

    if (list->fault_count == SERIAL_LIST_FAULTS)
        return;
    struct json_problem *fault = &list->faults[list->fault_count++];
    snprintf(fault->pointer, sizeof fault->pointer, "/%lld", (long long)line);
    va_start(arguments, format);
    vsnprintf(fault->detail, sizeof fault->detail, format, arguments);
    va_end(arguments);
}

static enum status refuse(struct serial_list *list, int64_t line, const char *detail)
{
    serial_list_fault(list, line, "%s", detail);
    return STATUS_INVALID;
}

static enum status next_field(struct csv *csv, struct serial_list *list, struct span *field,
                              bool *more)
{
    const char *problem;
    enum status status = csv_field(csv, field, more, &problem);

    return status == STATUS_INVALID ? refuse(list, csv->line, problem) : status;
}

static enum status read_titles(struct csv *csv, struct serial_list *list, struct titles *titles)
{
    static const char *const names[COLUMNS_MAX] = {"serial", "group"};
    bool seen[COLUMNS_MAX] = {false};

    for (bool more = true; more;) {
        struct span title;
        size_t column = 0;
        enum status status = next_field(csv, list, &title, &more);

        if (status != STATUS_OK)
            return status;
        while (column < COLUMNS_MAX && !span_equal_text(title, names[column]))
            column++;
        if (column == COLUMNS_MAX || seen[column])
            return refuse(list, 1,
                          "the first line must hold the title serial, and group if you like");
        seen[column] = true;
        titles->columns[titles->count++] = (enum column)column;
    }
    return seen[COLUMN_SERIAL] ? STATUS_OK
                               : refuse(list, 1, "the first line lacks the title serial");
}

static bool is_printed(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return true;
}

/* A robot tells its serial number as it is: blanks around it would make another of it. */
static bool check_serial(struct serial_list *list, int64_t line, struct span serial)
{
    const size_t before = list->fault_count;

    if (serial.size == 0)
        serial_list_fault(list, line, "has no serial number");
    else if (serial.size > SERIAL_BYTES)
        serial_list_fault(list, line, "the serial number has more than %d bytes", SERIAL_BYTES);
    else if (!is_printed(serial) || serial.data[0] == ' ')
        serial_list_fault(list, line, "the serial number begins with a blank or cannot be printed");
    return list->fault_count == before;
}

static void check_repeated(struct serial_list *list, const struct serial_list_row *row)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->rows[i].serial, row->serial) == 0) {
            serial_list_fault(list, row->line, "the same serial number as in line %lld",
                              (long long)list->rows[i].line);
            return;
        }
    }
}

static enum status add_row(struct serial_list *list, int64_t line, const struct span *fields,
                           const char *group, struct arena *arena)
{
    struct serial_list_row row = {.line = line, .group = group};

    if (!check_serial(list, line, fields[COLUMN_SERIAL]))
        return STATUS_OK;
    if (list->count == SERIAL_LIST_ROWS)
        return refuse(list, line, "more than 1000 serial numbers: use more than one file");
    row.serial = arena_text(arena, fields[COLUMN_SERIAL]);
    if (fields[COLUMN_GROUP].size > 0) {
        if (!topic_is_slug(fields[COLUMN_GROUP]))
            serial_list_fault(list, line, "the group must be 1 to 48 of a-z, 0-9 and -");
        row.group = arena_text(arena, fields[COLUMN_GROUP]);
    }
    if (arena_failed(arena))
        return STATUS_MEMORY;
    check_repeated(list, &row);
    list->rows[list->count++] = row;
    return STATUS_OK;
}

static enum status read_row(struct csv *csv, const struct titles *titles, const char *group,
                            struct serial_list *list)
{
    const int64_t line = csv->line;
    struct span fields[COLUMNS_MAX] = {{0}};
    size_t column = 0;
    bool empty = true;

    for (bool more = true; more; column++) {
        struct span field;
        enum status status = next_field(csv, list, &field, &more);

        if (status != STATUS_OK)
            return status;
        if (column == titles->count)
            return refuse(list, line, "has more fields than there are titles");
        fields[titles->columns[column]] = field;
        empty = empty && field.size == 0;
    }
    /* a line with nothing in it ends many a file */
    return empty && column == 1 ? STATUS_OK : add_row(list, line, fields, group, csv->arena);
}

enum status serial_list_read(struct span file, const char *group, struct arena *arena,
                             struct serial_list *list)
{
    const size_t mark = span_starts_with(file, "\xef\xbb\xbf") ? 3 : 0; /* of byte order */
    struct titles titles = {.count = 0};
    struct csv csv;

    *list = (struct serial_list){
        .rows = arena_take(arena, SERIAL_LIST_ROWS * sizeof(struct serial_list_row))};
    if (list->rows == NULL)
        return STATUS_MEMORY;
    if (file.size == mark)
        return refuse(list, 1, "is empty");
    if (!span_is_utf8(file))
        return refuse(list, 1, "is not UTF-8");
    csv_init(&csv, span_of(file.data + mark, file.size - mark), arena);
    enum status status = read_titles(&csv, list, &titles);
    while (status == STATUS_OK && csv.rest.size > 0)
        status = read_row(&csv, &titles, group, list);
    if (status == STATUS_OK && list->fault_count == 0 && list->count == 0)
        status = refuse(list, 1, "holds no serial numbers");
    return status == STATUS_OK && list->fault_count > 0 ? STATUS_INVALID : status;
}

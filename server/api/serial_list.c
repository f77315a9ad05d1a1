#include "server/api/serial_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "schema/wire/topic.h"
#include "server/store/csv.h"

#define SERIAL_BYTES 64
#define LABELS_MAX   32
#define NAME_BYTES   63
#define VALUE_BYTES  255
#define COLUMNS_MAX  3

enum column { COLUMN_SERIAL, COLUMN_GROUP, COLUMN_LABELS };

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
    static const char *const names[COLUMNS_MAX] = {"serial", "group", "labels"};
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
            return refuse(
                list, 1,
                "the first line must hold the title serial, and group and labels if you like");
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

static struct span trim(struct span text)
{
    while (text.size > 0 && text.data[0] == ' ')
        text = span_of(text.data + 1, text.size - 1);
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text;
}

/* What comes before the first mark; *rest is what comes behind it, nothing without one. */
static struct span cut(struct span text, uint8_t mark, struct span *rest)
{
    size_t at = 0;

    while (at < text.size && text.data[at] != mark)
        at++;
    *rest = at < text.size ? span_of(text.data + at + 1, text.size - at - 1) : span_of(NULL, 0);
    return span_of(text.data, at);
}

struct label {
    struct span name, value;
};

static bool check_label(struct serial_list *list, int64_t line, const struct label *labels,
                        size_t at)
{
    const struct span name = labels[at].name, value = labels[at].value;
    const size_t before = list->fault_count;

    if (name.size == 0 || value.size == 0)
        serial_list_fault(list, line, "labels are name=value, several with ; between them");
    else if (name.size > NAME_BYTES || value.size > VALUE_BYTES)
        serial_list_fault(list, line, "a label's name has at most %d bytes, its value %d",
                          NAME_BYTES, VALUE_BYTES);
    else if (!is_printed(name) || !is_printed(value))
        serial_list_fault(list, line, "the labels cannot be printed");
    for (size_t i = 0; i < at && list->fault_count == before; i++)
        if (span_equal(labels[i].name, name))
            serial_list_fault(list, line, "label \"%.*s\" is there twice", (int)name.size,
                              (const char *)name.data);
    return list->fault_count == before;
}

/* "floor=7; shop=Main Street" as {"floor":"7","shop":"Main Street"}; with a fault, {}. */
static enum status read_labels(struct serial_list *list, int64_t line, struct span field,
                               struct arena *arena, struct span *out)
{
    struct label labels[LABELS_MAX];
    struct json_writer writer;
    struct buffer text;
    size_t count = 0;

    for (struct span rest = field; rest.size > 0;) {
        const struct span pair = trim(cut(rest, ';', &rest));

        if (pair.size == 0) /* behind the last one */
            continue;
        if (count == LABELS_MAX) {
            serial_list_fault(list, line, "more than %d labels", LABELS_MAX);
            break;
        }
        labels[count].name = trim(cut(pair, '=', &labels[count].value));
        labels[count].value = trim(labels[count].value);
        if (!check_label(list, line, labels, count++))
            break;
    }
    buffer_init(&text, 4 * field.size + 64); /* an escaped byte takes up to six; few are */
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    for (size_t i = 0; list->fault_count == 0 && i < count; i++) {
        char name[NAME_BYTES + 1];

        snprintf(name, sizeof name, "%.*s", (int)labels[i].name.size,
                 (const char *)labels[i].name.data);
        json_key(&writer, name);
        json_write_text(&writer, labels[i].value);
    }
    json_end_object(&writer);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        *out = arena_copy(arena, buffer_span(&text));
    buffer_release(&text);
    return status;
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
    enum status status = read_labels(list, line, fields[COLUMN_LABELS], arena, &row.labels);
    if (status != STATUS_OK || arena_failed(arena))
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

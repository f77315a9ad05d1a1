#include "server/store/invoice_file.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/money/decimal.h"
#include "server/store/csv.h"
#include "server/store/ledger_lines.h"

#define COLUMNS_MAX  64
#define QUANTITY_MAX 19 /* digits */

/* What a column or member is about. Those from CELL_INPUT on are quantities. */
enum column {
    COLUMN_OTHER,
    COLUMN_REQUEST,
    COLUMN_AT,
    COLUMN_DAY,
    COLUMN_MODEL,
    COLUMN_CLASS,
    COLUMN_QUANTITY,
    COLUMN_AMOUNT,
    COLUMN_INPUT,
    COLUMN_CACHED,
    COLUMN_OUTPUT,
    COLUMN_REASONING,
    COLUMN_FIRST_CLASS, /* and on: our classes */
};

static const struct {
    const char *names;
    enum column column;
} columns[] = {
    {"request_id|request|x_client_request_id", COLUMN_REQUEST},
    {"at|time|timestamp|created_at", COLUMN_AT},
    {"day|date", COLUMN_DAY},
    {"model|model_name", COLUMN_MODEL},
    {"class|metric|token_class", COLUMN_CLASS},
    {"quantity|tokens|usage", COLUMN_QUANTITY},
    {"amount|cost|price", COLUMN_AMOUNT},
    {"input|input_tokens|prompt_tokens", COLUMN_INPUT},
    {"cached|cached_tokens", COLUMN_CACHED},
    {"output|output_tokens|completion_tokens", COLUMN_OUTPUT},
    {"reasoning|reasoning_tokens", COLUMN_REASONING},
};

/* Without output and reasoning: those titles mean the gross quantities. */
static const char *const classes[] = {
    "input_uncached",  "input_cached", "cache_write_5m", "cache_write_1h", "audio_in_ms",
    "audio_out_chars", "images",       "video_ms",       "requests",
};
#define CLASSES (sizeof classes / sizeof *classes)
#define FIELDS  (COLUMN_FIRST_CLASS + CLASSES)

/* One row as texts; absent ones have no bytes. */
struct row {
    int64_t line;
    struct span fields[FIELDS];
};

struct reading {
    struct arena *arena;
    struct json_problem *problem;
    struct invoice_file_cell *cells;
    size_t count, room;
};

static enum status refuse(const struct reading *reading, int64_t line, const char *detail)
{
    snprintf(reading->problem->pointer, sizeof reading->problem->pointer, "/%lld", (long long)line);
    snprintf(reading->problem->detail, sizeof reading->problem->detail, "%s", detail);
    return STATUS_INVALID;
}

static size_t column_of(struct span title)
{
    char name[40];

    if (span_to_text(title, name, sizeof name) != STATUS_OK)
        return COLUMN_OTHER;
    for (char *at = name; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 'a' - 'A') : *at == ' ' ? '_' : *at;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (span_is_choice(span_text(name), columns[i].names))
            return columns[i].column;
    for (size_t i = 0; i < CLASSES; i++)
        if (strcmp(classes[i], name) == 0)
            return COLUMN_FIRST_CLASS + i;
    return COLUMN_OTHER;
}

/* What all cells of a row have in common. */
static enum status read_subject(const struct reading *reading, const struct row *row,
                                struct invoice_file_cell *out)
{
    const struct span at = row->fields[COLUMN_AT], day = row->fields[COLUMN_DAY];
    int64_t at_ms;

    *out = (struct invoice_file_cell){.line = row->line, .attempt = -1};
    if (row->fields[COLUMN_REQUEST].size > 200)
        return refuse(reading, row->line, "a request_id has at most 200 bytes");
    if (row->fields[COLUMN_REQUEST].size > 0)
        out->request_id = arena_text(reading->arena, row->fields[COLUMN_REQUEST]);
    if (at.size > 0) {
        if (clock_parse(at, &at_ms) != STATUS_OK)
            return refuse(reading, row->line, "at must be a time: 2026-01-31T12:00:00Z");
        out->at = arena_text(reading->arena, at);
    }
    if (day.size > 0) {
        out->day = arena_text(reading->arena, day);
        if (out->day != NULL && !clock_is_date(out->day))
            return refuse(reading, row->line, "day must be a date: 2026-01-31");
    }
    out->model = arena_text(reading->arena, row->fields[COLUMN_MODEL]);
    if (out->request_id == NULL && (out->at == NULL) == (out->day == NULL))
        return refuse(reading, row->line, "needs a request_id, or one of day and at");
    if (arena_failed(reading->arena))
        return STATUS_MEMORY;
    if (out->request_id != NULL)
        out->attempt = ledger_lines_attempt(out->request_id, out->turn);
    return STATUS_OK;
}

static enum status add_cell(struct reading *reading, const struct invoice_file_cell *subject,
                            const char *metric, const char *quantity)
{
    if (reading->count == reading->room) {
        size_t room = reading->room > 0 ? 2 * reading->room : 256;
        struct invoice_file_cell *grown = arena_take(reading->arena, room * sizeof *grown);

        if (grown == NULL)
            return STATUS_MEMORY;
        if (reading->count > 0)
            memcpy(grown, reading->cells, reading->count * sizeof *grown);
        reading->cells = grown;
        reading->room = room;
    }
    struct invoice_file_cell *cell = &reading->cells[reading->count++];
    *cell = *subject;
    cell->metric = metric;
    cell->quantity = quantity;
    return STATUS_OK;
}

static enum status read_count(const struct reading *reading, const struct row *row, size_t column,
                              int64_t *out)
{
    const struct span text = row->fields[column];

    if (text.size > QUANTITY_MAX || span_to_int64(text, out) != STATUS_OK || *out < 0)
        return refuse(reading, row->line, "quantities must be whole numbers of 0 or more");
    return STATUS_OK;
}

static enum status add_count(struct reading *reading, const struct invoice_file_cell *subject,
                             const char *metric, int64_t count)
{
    const char *text = arena_format(reading->arena, "%lld", (long long)count);

    return text ? add_cell(reading, subject, metric, text) : STATUS_MEMORY;
}

/* A gross quantity and its part as disjoint classes; without the part as their sum. */
static enum status add_gross(struct reading *reading, const struct row *row,
                             const struct invoice_file_cell *subject, size_t whole_column,
                             const char *const names[3])
{
    const size_t part_column = whole_column + 1;
    int64_t whole = 0, part = 0;
    enum status status;

    if (row->fields[whole_column].size == 0)
        return row->fields[part_column].size == 0
                   ? STATUS_OK
                   : refuse(reading, row->line,
                            "cached needs input, and reasoning needs output beside it");
    status = read_count(reading, row, whole_column, &whole);
    if (status != STATUS_OK)
        return status;
    if (row->fields[part_column].size == 0)
        return add_count(reading, subject, names[0], whole);
    status = read_count(reading, row, part_column, &part);
    if (status == STATUS_OK && part > whole)
        status = refuse(reading, row->line,
                        "cached is a part of input, and reasoning of output: neither may be more");
    if (status == STATUS_OK)
        status = add_count(reading, subject, names[1], whole - part);
    return status == STATUS_OK ? add_count(reading, subject, names[2], part) : status;
}

static enum status add_class(struct reading *reading, const struct row *row,
                             const struct invoice_file_cell *subject)
{
    const char *name = arena_text(reading->arena, row->fields[COLUMN_CLASS]);
    int64_t count = 0;

    if (name == NULL)
        return STATUS_MEMORY;
    if (!span_is_choice(span_text(name), "input|output|reasoning") &&
        column_of(row->fields[COLUMN_CLASS]) < COLUMN_FIRST_CLASS)
        return refuse(reading, row->line,
                      "class must be input_uncached, input_cached, output, reasoning, requests, "
                      "video_ms ... or input");
    enum status status = read_count(reading, row, COLUMN_QUANTITY, &count);
    return status == STATUS_OK ? add_count(reading, subject, name, count) : status;
}

static enum status add_amount(struct reading *reading, const struct row *row,
                              const struct invoice_file_cell *subject)
{
    struct decimal amount;
    const char *text;

    if (decimal_parse(row->fields[COLUMN_AMOUNT], &amount) != STATUS_OK)
        return refuse(reading, row->line, "amount must be a number with up to 12 places");
    text = arena_text(reading->arena, row->fields[COLUMN_AMOUNT]);
    return text ? add_cell(reading, subject, "amount", text) : STATUS_MEMORY;
}

static enum status add_row(struct reading *reading, const struct row *row)
{
    static const char *const inputs[3] = {"input", "input_uncached", "input_cached"};
    static const char *const outputs[3] = {"output_all", "output", "reasoning"};
    const size_t before = reading->count;
    struct invoice_file_cell subject;
    enum status status = read_subject(reading, row, &subject);

    if (status == STATUS_OK)
        status = add_gross(reading, row, &subject, COLUMN_INPUT, inputs);
    if (status == STATUS_OK)
        status = add_gross(reading, row, &subject, COLUMN_OUTPUT, outputs);
    for (size_t i = 0; status == STATUS_OK && i < CLASSES; i++) {
        int64_t count = 0;

        if (row->fields[COLUMN_FIRST_CLASS + i].size == 0)
            continue;
        status = read_count(reading, row, COLUMN_FIRST_CLASS + i, &count);
        if (status == STATUS_OK)
            status = add_count(reading, &subject, classes[i], count);
    }
    if (status == STATUS_OK && row->fields[COLUMN_CLASS].size > 0)
        status = add_class(reading, row, &subject);
    if (status == STATUS_OK && row->fields[COLUMN_AMOUNT].size > 0)
        status = add_amount(reading, row, &subject);
    if (status == STATUS_OK && reading->count == before)
        status = refuse(reading, row->line, "holds no quantity that is known");
    return status;
}

/* One member: texts and whole numbers; amounts as texts, since binary fractions are not exact. */
static enum status read_member(struct reading *reading, struct row *row, const char *name,
                               const struct json *value)
{
    const size_t column = column_of(span_text(name));
    const char *text = json_text(value, NULL);

    if (column == COLUMN_OTHER || json_type(value) == JSON_NULL)
        return STATUS_OK;
    if (json_type(value) == JSON_INT)
        text = arena_format(reading->arena, "%lld", (long long)json_int(value, 0));
    else if (text != NULL)
        text = arena_text(reading->arena, span_text(text));
    else
        return refuse(reading, row->line,
                      "members must be texts or whole numbers; write fractions as texts");
    if (text == NULL)
        return STATUS_MEMORY;
    row->fields[column] = span_text(text);
    return STATUS_OK;
}

static enum status add_object(struct reading *reading, const struct json *object, int64_t line)
{
    struct row row = {.line = line};
    enum status status = STATUS_OK;

    if (json_type(object) != JSON_OBJECT)
        return refuse(reading, line, "must be an object");
    for (size_t i = 0; status == STATUS_OK && i < json_count(object); i++) {
        const char *name;
        const struct json *value = json_member_at(object, i, &name);

        status = read_member(reading, &row, name, value);
    }
    return status == STATUS_OK ? add_row(reading, &row) : status;
}

static struct span next_line(struct span *rest)
{
    const uint8_t *end = memchr(rest->data, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    struct span line = span_of(rest->data, size);

    *rest = span_of(rest->data + size + (end != NULL), rest->size - size - (end != NULL));
    while (line.size > 0 && (line.data[line.size - 1] == '\r' || line.data[line.size - 1] == ' '))
        line.size--;
    return line;
}

static enum status read_lines(struct reading *reading, struct span file)
{
    for (int64_t line = 1; file.size > 0; line++) {
        struct span text = next_line(&file);
        struct json *object;
        char cause[160];

        if (text.size == 0)
            continue;
        if (json_parse(text, &object, cause) != STATUS_OK)
            return refuse(reading, line, cause);
        enum status status = add_object(reading, object, line);
        json_free(object);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A whole document, when it is one; else one object a line. */
static enum status read_json(struct reading *reading, struct span file)
{
    struct json *document;
    enum status status = STATUS_OK;

    if (json_parse(file, &document, NULL) != STATUS_OK)
        return read_lines(reading, file);
    const struct json *rows =
        json_type(document) == JSON_ARRAY ? document : json_member(document, "rows");
    if (rows == NULL)
        status = add_object(reading, document, 1);
    for (size_t i = 0; status == STATUS_OK && i < json_count(rows); i++)
        status = add_object(reading, json_item(rows, i), (int64_t)i + 1);
    json_free(document);
    return status;
}

/* The next field; a fault is refused at its line. */
static enum status next_field(struct reading *reading, struct csv *csv, struct span *out,
                              bool *more)
{
    const char *problem;
    enum status status = csv_field(csv, out, more, &problem);

    return status == STATUS_INVALID ? refuse(reading, csv->line, problem) : status;
}

static enum status read_csv(struct reading *reading, struct span file)
{
    struct csv csv;
    struct span field;
    size_t titles[COLUMNS_MAX];
    size_t title_count = 0;
    bool more = true, known = false;

    csv_init(&csv, file, reading->arena);
    while (more) {
        enum status status = next_field(reading, &csv, &field, &more);

        if (status != STATUS_OK)
            return status;
        if (title_count == COLUMNS_MAX)
            return refuse(reading, 1, "more than 64 columns");
        titles[title_count] = column_of(field);
        known = known || titles[title_count] != COLUMN_OTHER;
        title_count++;
    }
    if (!known)
        return refuse(reading, 1,
                      "the first line must hold titles such as day, model, input, output, amount");
    while (csv.rest.size > 0) {
        struct row row = {.line = csv.line};
        size_t column = 0;
        bool empty = true;

        for (more = true; more; column++) {
            enum status status = next_field(reading, &csv, &field, &more);

            if (status != STATUS_OK)
                return status;
            if (column >= title_count)
                return refuse(reading, row.line, "has more fields than there are titles");
            row.fields[titles[column]] = field;
            empty = empty && field.size == 0;
        }
        enum status status = empty ? STATUS_OK : add_row(reading, &row);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status invoice_file_read(struct span file, struct arena *arena,
                              struct invoice_file_cell **cells, size_t *count,
                              struct json_problem *problem)
{
    struct reading reading = {.arena = arena, .problem = problem};
    size_t blank = span_starts_with(file, "\xef\xbb\xbf") ? 3 : 0; /* a byte order mark */

    while (blank < file.size && memchr(" \t\r\n", file.data[blank], 4) != NULL)
        blank++;
    file = span_of(file.data + blank, file.size - blank);
    if (!span_is_utf8(file))
        return refuse(&reading, 1, "is not UTF-8");
    if (file.size == 0)
        return refuse(&reading, 1, "is empty");
    enum status status = file.data[0] == '{' || file.data[0] == '[' ? read_json(&reading, file)
                                                                    : read_csv(&reading, file);
    if (status == STATUS_OK && reading.count == 0)
        status = refuse(&reading, 1, "holds no rows");
    if (status == STATUS_OK) {
        *cells = reading.cells;
        *count = reading.count;
    }
    return status;
}

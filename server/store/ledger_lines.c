#include "server/store/ledger_lines.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"

#define QUANTITY_MAX INT64_C(1000000000000)

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

static size_t count_lines(struct span file)
{
    size_t count = 1;

    for (size_t i = 0; i < file.size; i++)
        count += file.data[i] == '\n';
    return count;
}

static enum status refuse(struct json_problem *problem, size_t line, const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "/%zu", line);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

int64_t ledger_lines_attempt(const char *request_id, uint8_t turn[16])
{
    const size_t uuid_size = ENCODE_UUID_SIZE - 1;
    const size_t size = strlen(request_id);
    int64_t attempt;

    if (size > uuid_size + 1 && request_id[uuid_size] == '-' &&
        encode_from_uuid(span_of(request_id, uuid_size), turn) == STATUS_OK &&
        span_to_int64(span_text(request_id + uuid_size + 1), &attempt) == STATUS_OK &&
        attempt >= 0 && attempt <= INT32_MAX)
        return attempt;
    return -1;
}

/* A count that is there, or 0 when the member is not. */
static bool read_count(const struct json *object, const char *name, int64_t *out)
{
    const struct json *member = json_member(object, name);

    *out = json_int(member, member ? -1 : 0);
    return *out >= 0 && *out <= QUANTITY_MAX;
}

static enum status read_row(const struct json *object, size_t line, struct arena *arena,
                            struct ledger_lines_row *row, struct json_problem *problem)
{
    const char *request_id = json_text(json_member(object, "request_id"), "");
    const char *at = json_text(json_member(object, "at"), NULL);
    int64_t input;
    int64_t output;

    if (json_type(object) != JSON_OBJECT || !*request_id || strlen(request_id) > 200)
        return refuse(problem, line, "must be an object with a request_id of up to 200 bytes");
    if (!read_count(object, "input", &input) || !read_count(object, "output", &output) ||
        !read_count(object, "cached", &row->input_cached) ||
        !read_count(object, "reasoning", &row->reasoning))
        return refuse(problem, line, "input, cached, output and reasoning must be whole numbers");
    if (row->input_cached > input || row->reasoning > output)
        return refuse(problem, line,
                      "cached is a part of input, and reasoning of output: neither may be more");
    if (at && clock_parse(span_text(at), &row->at_ms) != STATUS_OK)
        return refuse(problem, line, "at must be a time: 2026-01-31T12:00:00Z");
    row->input_uncached = input - row->input_cached;
    row->output = output - row->reasoning;
    row->request_id = arena_text(arena, span_text(request_id));
    if (!row->request_id)
        return STATUS_MEMORY;
    row->attempt = ledger_lines_attempt(row->request_id, row->turn);
    return STATUS_OK;
}

enum status ledger_lines_read(struct span file, struct arena *arena, struct ledger_lines_row **rows,
                              size_t *count, struct json_problem *problem)
{
    struct ledger_lines_row *found = arena_take(arena, count_lines(file) * sizeof *found);
    size_t filled = 0;

    if (!found)
        return STATUS_MEMORY;
    for (size_t line = 1; file.size > 0; line++) {
        struct span text = next_line(&file);
        struct json *object;
        char cause[160];

        if (text.size == 0)
            continue;
        if (json_parse(text, &object, cause) != STATUS_OK)
            return refuse(problem, line, cause);
        enum status status = read_row(object, line, arena, &found[filled++], problem);
        json_free(object);
        if (status != STATUS_OK)
            return status;
    }
    *rows = found;
    *count = filled;
    return STATUS_OK;
}

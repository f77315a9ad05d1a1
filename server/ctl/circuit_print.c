#include "server/ctl/circuit_print.h"

#include "schema/base/clock.h"
#include "server/ctl/view.h"

#define ROWS_BYTES (1 << 20)

/* What is due is tried by whoever speaks to the robot next. */
static void write_next(struct json_writer *writer, const struct json *circuit, int64_t now_ms)
{
    const char *next = json_text(json_member(circuit, "next"), "");
    int64_t next_ms;

    if (clock_parse(span_text(next), &next_ms) != STATUS_OK || next_ms <= now_ms)
        next = "with the next question";
    json_write_member(writer, "next", next);
}

static void write_row(struct json_writer *writer, const struct json *circuit, int64_t now_ms)
{
    static const char *const texts[] = {"device", "class", "since"};
    char route[160];

    json_begin_object(writer);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        json_write_member(writer, texts[i], json_text(json_member(circuit, texts[i]), ""));
    snprintf(route, sizeof route, "%s/%s", json_text(json_member(circuit, "vendor"), ""),
             json_text(json_member(circuit, "model"), ""));
    json_write_member(writer, "route", route);
    json_key(writer, "failures");
    json_write_int(writer, json_int(json_member(circuit, "failures"), 0));
    write_next(writer, circuit, now_ms);
    json_end_object(writer);
}

void circuit_print(FILE *out, const struct json *circuits, int64_t now_ms)
{
    static const struct view_column columns[] = {
        {"robot", "device", VIEW_TEXT},
        {"route left out", "route", VIEW_TEXT},
        {"since", "since", VIEW_TIME},
        {"why", "class", VIEW_TEXT},
        {"failed in a row", "failures", VIEW_NUMBER},
        {"tried again", "next", VIEW_TIME},
    };
    struct json_writer writer;
    struct buffer text;
    struct json *rows;

    if (json_count(circuits) == 0)
        return;
    buffer_init(&text, ROWS_BYTES);
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(circuits); i++)
        write_row(&writer, json_item(circuits, i), now_ms);
    json_end_array(&writer);
    if (json_parse(buffer_span(&text), &rows, NULL) == STATUS_OK) {
        fputc('\n', out);
        view_table(out, rows, columns, sizeof columns / sizeof *columns, now_ms);
        json_free(rows);
    }
    buffer_release(&text);
}

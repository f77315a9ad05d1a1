#include "server/ctl/label_sheet.h"

#include <string.h>

#define LABELS_A_PAGE 24
#define QUIET         4 /* light modules that a reader wants around the code */

struct label_sheet_words {
    const char *language;
    const char *title;
    const char *code; /* above each */
};

static const struct label_sheet_words languages[] = {
    {"en", "Claim codes", "Claim code"},
    {"zh", "认领码", "认领码"},
};

static const char style[] =
    "<style>\n"
    "@page { size: A4; margin: 0; }\n"
    "body { margin: 0; font: 8pt sans-serif; color: #000; background: #fff; }\n"
    "section { display: grid; grid-template: repeat(8, 37mm) / repeat(3, 70mm); break-after: page; "
    "}\n"
    "div { display: flex; gap: 2mm; align-items: center; padding: 2.5mm; box-sizing: border-box; "
    "overflow: hidden; }\n"
    "svg { width: 32mm; height: 32mm; flex: none; }\n"
    "b { display: block; font-size: 10pt; overflow-wrap: anywhere; }\n"
    "i { display: block; font-style: normal; }\n"
    "code { display: block; margin: 1mm 0; font-size: 6.5pt; overflow-wrap: anywhere; }\n"
    "small { display: block; font-size: 5.5pt; overflow-wrap: anywhere; }\n"
    "</style>\n";

/* Serial numbers are somebody else's text. */
static void write_text(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("<>&\"'", *text) != NULL)
            buffer_format(out, "&#%d;", *text);
        else
            buffer_byte(out, (uint8_t)*text);
    }
}

static void write_element(struct buffer *out, const char *name, const char *text)
{
    buffer_format(out, "<%s>", name);
    write_text(out, text);
    buffer_format(out, "</%s>", name);
}

/* One line of the path for each run of dark modules. */
static void write_row(struct buffer *out, const char *row, size_t y)
{
    for (size_t x = 0; row[x] != '\0';) {
        const size_t run = strspn(row + x, "1");

        if (run > 0)
            buffer_format(out, "M%zu %zuh%zuv1h-%zuz", x + QUIET, y + QUIET, run, run);
        x += run > 0 ? run : 1;
    }
}

static void write_picture(struct buffer *out, const struct json *rows)
{
    const size_t size = json_count(rows) + (size_t)2 * QUIET;

    buffer_format(out, "<svg viewBox=\"0 0 %zu %zu\" shape-rendering=\"crispEdges\"><path d=\"",
                  size, size);
    for (size_t y = 0; y < json_count(rows); y++)
        write_row(out, json_text(json_item(rows, y), ""), y);
    buffer_text(out, "\"/></svg>");
}

static void write_label(struct buffer *out, const struct json *item, const char *url,
                        const struct label_sheet_words *words)
{
    buffer_text(out, "<div>");
    write_picture(out, json_member(item, "qr"));
    buffer_text(out, "<span>");
    write_element(out, "b", json_text(json_member(item, "serial"), ""));
    write_element(out, "i", words->code);
    write_element(out, "code", json_text(json_member(item, "code"), ""));
    write_element(out, "small", url);
    buffer_text(out, "</span></div>\n");
}

const struct label_sheet_words *label_sheet_words(const char *language)
{
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        if (strcmp(language, languages[i].language) == 0)
            return &languages[i];
    }
    return NULL;
}

void label_sheet_write(struct buffer *out, const struct json *answer,
                       const struct label_sheet_words *words)
{
    const struct json *items = json_member(answer, "items");
    const char *url = json_text(json_member(answer, "device_url"), "");

    buffer_format(out,
                  "<!DOCTYPE html>\n<html lang=\"%s\">\n<meta charset=\"utf-8\">\n"
                  "<title>%s</title>\n",
                  words->language, words->title);
    buffer_text(out, style);
    for (size_t i = 0; i < json_count(items); i++) {
        if (i % LABELS_A_PAGE == 0)
            buffer_text(out, i == 0 ? "<section>\n" : "</section>\n<section>\n");
        write_label(out, json_item(items, i), url, words);
    }
    buffer_text(out, json_count(items) > 0 ? "</section>\n" : "");
}

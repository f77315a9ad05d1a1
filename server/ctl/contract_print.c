#include "server/ctl/contract_print.h"

#include "schema/base/clock.h"
#include "server/ctl/charge_words.h"
#include "server/ctl/view.h"
#include "server/money/zone.h"

/* What else the object says, as it is written. */
static void write_rest(struct buffer *out, const struct json *object, const char *told)
{
    const char *name, *between = "";

    for (size_t i = 0; i < json_count(object); i++) {
        const struct json *value = json_member_at(object, i, &name);

        if (span_is_choice(span_text(name), told))
            continue;
        buffer_format(out, "%s%s: ", between, name);
        if (json_type(value) == JSON_TEXT)
            buffer_text(out, json_text(value, ""));
        else
            json_dump(value, out);
        between = ", ";
    }
}

/* One row of a table for view_table(): texts, and what else there is as a note. */
static void write_cell(struct json_writer *writer, const char *name, struct buffer *text)
{
    json_key(writer, name);
    json_write_text(writer, buffer_span(text));
    buffer_clear(text);
}

static void write_text(struct json_writer *writer, const char *name, const struct json *object,
                       const char *member)
{
    json_key(writer, name);
    json_write_text(writer, span_text(json_text(json_member(object, member), "")));
}

static void write_charge(struct json_writer *writer, struct buffer *cell, const struct json *charge)
{
    write_text(writer, "name", charge, "name");
    write_text(writer, "kind", charge, "kind");
    charge_words_metric(cell, json_member(charge, "metric"));
    write_cell(writer, "metric", cell);
    write_text(writer, "per", charge, "per");
    charge_words_price(cell, charge);
    write_cell(writer, "says", cell);
    write_rest(cell, charge, "name|kind|metric|per|price|unit|size|tiers|prices|amount|rate");
    write_cell(writer, "rest", cell);
}

static void write_floor(struct json_writer *writer, struct buffer *cell, const struct json *item)
{
    const struct json *at_least = json_member(item, "at_least");

    write_text(writer, "name", item, "name");
    charge_words_metric(cell, json_member(item, "metric"));
    write_cell(writer, "metric", cell);
    write_text(writer, "per", item, "per");
    if (at_least)
        charge_words_number(cell, at_least);
    write_cell(writer, "says", cell);
    write_rest(cell, item, "name|metric|per|at_least");
    write_cell(writer, "rest", cell);
}

static void write_cap(struct json_writer *writer, struct buffer *cell, const struct json *item)
{
    write_text(writer, "name", item, "name");
    charge_words_metric(cell, json_member(item, "metric"));
    write_cell(writer, "metric", cell);
    write_text(writer, "per", item, "per");
    charge_words_number(cell, json_member(item, "at_most"));
    write_cell(writer, "says", cell);
    json_key(writer, "hard");
    json_write_bool(writer, json_bool(json_member(item, "hard"), false));
    write_rest(cell, item, "name|metric|per|at_most|hard");
    write_cell(writer, "rest", cell);
}

static void write_threshold(struct json_writer *writer, struct buffer *cell,
                            const struct json *item)
{
    static const char *const triggers[] = {"at", "forecast", "rate"};

    write_text(writer, "name", item, "name");
    write_text(writer, "metric", item, "of");
    for (size_t i = 0; i < sizeof triggers / sizeof *triggers; i++) {
        const struct json *value = json_member(item, triggers[i]);

        if (!value)
            continue;
        buffer_format(cell, "%s ", triggers[i]);
        charge_words_number(cell, value);
    }
    write_cell(writer, "says", cell);
    write_rest(cell, item, "name|of|at|forecast|rate");
    write_cell(writer, "rest", cell);
}

/* A list of the document as a table of its own. */
static const struct part {
    const char *member;
    void (*write)(struct json_writer *writer, struct buffer *cell, const struct json *item);
    struct view_column columns[8];
    size_t count;
} parts[] = {
    {"charges",
     write_charge,
     {{"name", "name", VIEW_TEXT},
      {"kind", "kind", VIEW_TEXT},
      {"metric", "metric", VIEW_TEXT},
      {"per", "per", VIEW_TEXT},
      {"price", "says", VIEW_NOTE},
      {"", "rest", VIEW_NOTE}},
     6},
    {"commitments",
     write_floor,
     {{"name", "name", VIEW_TEXT},
      {"metric", "metric", VIEW_TEXT},
      {"per", "per", VIEW_TEXT},
      {"at least", "says", VIEW_NUMBER},
      {"", "rest", VIEW_NOTE}},
     5},
    {"caps",
     write_cap,
     {{"name", "name", VIEW_TEXT},
      {"metric", "metric", VIEW_TEXT},
      {"per", "per", VIEW_TEXT},
      {"at most", "says", VIEW_NUMBER},
      {"hard", "hard", VIEW_YES},
      {"", "rest", VIEW_NOTE}},
     6},
    {"thresholds",
     write_threshold,
     {{"name", "name", VIEW_TEXT},
      {"of", "metric", VIEW_TEXT},
      {"when", "says", VIEW_TEXT},
      {"", "rest", VIEW_NOTE}},
     4},
};
#define PARTS (sizeof parts / sizeof *parts)
#define TOLD                                                                                       \
    "contract|vendor|currency|zone|term|charges|commitments|caps|thresholds|amendments|"           \
    "effective_from"

static void print_part(FILE *out, const struct json *document, const struct part *part)
{
    const struct json *list = json_member(document, part->member);
    struct buffer text, cell;
    struct json_writer writer;
    struct json *rows = NULL;

    if (json_count(list) == 0)
        return;
    buffer_init(&text, 1u << 20);
    buffer_init(&cell, 1u << 16);
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(list); i++) {
        json_begin_object(&writer);
        part->write(&writer, &cell, json_item(list, i));
        json_end_object(&writer);
    }
    json_end_array(&writer);
    if (json_parse(buffer_span(&text), &rows, NULL) == STATUS_OK) {
        fprintf(out, "\n%s\n", part->member);
        view_table(out, rows, part->columns, part->count, 0);
    }
    json_free(rows);
    buffer_release(&cell);
    buffer_release(&text);
}

static void print_term(FILE *out, const struct json *document)
{
    const struct json *term = json_member(document, "term");
    const char *from = json_text(json_member(term, "from"), "");
    char last[ZONE_DATE_SIZE];
    int64_t end;

    if (zone_parse_date(span_text(json_text(json_member(term, "to"), "")), &end) != STATUS_OK) {
        fputs("term      none\n", out);
        return;
    }
    zone_format_date(end - 1, last);
    fprintf(out, "term      %s - %s\n", from, last);
}

/* Clauses without a table, one a line. */
static void print_rest(FILE *out, const struct json *document)
{
    const char *name;
    struct buffer text;

    buffer_init(&text, 1u << 20);
    for (size_t i = 0; i < json_count(document); i++) {
        const struct json *value = json_member_at(document, i, &name);

        if (span_is_choice(span_text(name), TOLD))
            continue;
        buffer_clear(&text);
        json_dump(value, &text);
        fprintf(out, "\n%s: %s\n", name, buffer_cstring(&text));
    }
    buffer_release(&text);
}

/* What a document or an amendment says, part by part. */
static void print_parts(FILE *out, const struct json *document)
{
    for (size_t i = 0; i < PARTS; i++)
        print_part(out, document, &parts[i]);
    print_rest(out, document);
}

/* Days are those of the contract's zone, which its versions do not repeat. */
static void print_versions(FILE *out, const struct json *contract)
{
    static const struct view_column columns[] = {{"version", "version", VIEW_NUMBER},
                                                 {"in force from", "effective_from", VIEW_DAY},
                                                 {"made", "created_at", VIEW_TIME},
                                                 {"by", "created_by", VIEW_TEXT}};
    static const char *const texts[] = {"effective_from", "created_at", "created_by"};
    const struct json *versions = json_member(contract, "versions");
    struct json_writer writer;
    struct json *rows = NULL;
    struct buffer text;

    buffer_init(&text, 1u << 20);
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(versions); i++) {
        const struct json *version = json_item(versions, i);

        json_begin_object(&writer);
        json_key(&writer, "version");
        json_write_int(&writer, json_int(json_member(version, "version"), 0));
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            write_text(&writer, texts[k], version, texts[k]);
        write_text(&writer, "zone", contract, "zone");
        json_end_object(&writer);
    }
    json_end_array(&writer);
    if (json_parse(buffer_span(&text), &rows, NULL) == STATUS_OK)
        view_table(out, rows, columns, sizeof columns / sizeof *columns, clock_wall_ms());
    json_free(rows);
    buffer_release(&text);
}

void contract_print(FILE *out, const struct json *contract)
{
    static const struct view_column facts[] = {{"contract", "id", VIEW_TEXT},
                                               {"vendor", "vendor", VIEW_TEXT},
                                               {"currency", "currency", VIEW_TEXT},
                                               {"zone", "zone", VIEW_TEXT}};
    const struct json *document = json_member(contract, "document");
    const struct json *amendments = json_member(document, "amendments");

    view_sheet(out, contract, facts, sizeof facts / sizeof *facts, 0);
    print_term(out, document);
    fputc('\n', out);
    print_versions(out, contract);
    fprintf(out, "\nversion %lld says\n", (long long)json_int(json_member(contract, "version"), 0));
    print_parts(out, document);
    for (size_t i = 0; i < json_count(amendments); i++) {
        const struct json *amendment = json_item(amendments, i);

        fprintf(out, "\nand from %s on\n", json_text(json_member(amendment, "effective_from"), ""));
        print_parts(out, amendment);
    }
}

#include "server/ctl/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/money/amount.h"
#include "server/money/currency.h"
#include "server/money/zone.h"
#include "server/ctl/colour.h"

#define CELL_SIZE   256
#define CELL_WIDTH  60
#define LEAST_WIDTH 8 /* of a column that was narrowed for the terminal */
#define MAX_COLUMN  24
#define NOTE_WIDTH  96
#define NOTE_BLANK  4 /* before a note in a table, and a row's further lines */
#define GAP         2

/* Code points at and above U+1100 that terminals draw two cells wide, near enough: Hangul Jamo,
 * CJK, full-width forms, emoji (Unicode Standard Annex 11). */
static int width_of(uint32_t point)
{
    if (point >= 0x1100 &&
        (point <= 0x115f || (point >= 0x2e80 && point <= 0xa4cf) ||
         (point >= 0xac00 && point <= 0xd7a3) || (point >= 0xf900 && point <= 0xfaff) ||
         (point >= 0xfe30 && point <= 0xfe6f) || (point >= 0xff00 && point <= 0xff60) ||
         (point >= 0x1f300 && point <= 0x1faff)))
        return 2;
    return 1;
}

static int text_width(const char *text)
{
    int width = 0;

    while (*text) {
        unsigned char lead = (unsigned char)*text++;
        uint32_t point = lead < 0x80 ? lead
                                     : lead & (lead >= 0xf0   ? 0x07u
                                               : lead >= 0xe0 ? 0x0fu
                                                              : 0x1fu);

        while (((unsigned char)*text & 0xc0) == 0x80)
            point = point << 6 | ((unsigned char)*text++ & 0x3fu);
        width += width_of(point);
    }
    return width;
}

static void format_age(const char *text, int64_t now_ms, char out[CELL_SIZE])
{
    int64_t then_ms;

    if (clock_parse(span_text(text), &then_ms) != STATUS_OK) {
        snprintf(out, CELL_SIZE, "%s", text);
        return;
    }
    int64_t seconds = (now_ms - then_ms) / 1000;
    const char *tail = seconds < 0 ? "from now" : "ago";
    int64_t distance = seconds < 0 ? -seconds : seconds;

    if (distance < 100)
        snprintf(out, CELL_SIZE, "%" PRId64 " s %s", distance, tail);
    else if (distance < 100 * 60)
        snprintf(out, CELL_SIZE, "%" PRId64 " min %s", distance / 60, tail);
    else if (distance < 48 * 3600)
        snprintf(out, CELL_SIZE, "%" PRId64 " h %s", distance / 3600, tail);
    else
        snprintf(out, CELL_SIZE, "%.10s", text);
}

static void format_list(const struct json *value, char out[CELL_SIZE])
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    if (json_type(value) == JSON_ARRAY && json_count(value) &&
        json_type(json_item(value, 0)) == JSON_TEXT) {
        for (size_t i = 0; i < json_count(value); i++)
            buffer_format(&text, "%s%s", i ? ", " : "", json_text(json_item(value, i), ""));
    } else if (json_type(value) == JSON_REAL || json_count(value)) {
        json_dump(value, &text);
    }
    snprintf(out, CELL_SIZE, "%s", buffer_cstring(&text));
    buffer_release(&text);
}

/* Cuts a value that is wider, with dots where it was cut. */
static void shorten(char cell[CELL_SIZE], int most)
{
    char *at = cell, *cut = cell;

    if (text_width(cell) <= most)
        return;
    for (int width = 0; *at; cut = at) {
        char *next = at + 1;

        while (((unsigned char)*next & 0xc0) == 0x80)
            next++;
        char kept = *next;
        *next = '\0';
        width += text_width(at);
        *next = kept;
        if (width > most - 3)
            break;
        at = next;
    }
    snprintf(cut, (size_t)(cell + CELL_SIZE - cut), "...");
}

/* "period.from": a member of a member. */
static const struct json *find(const struct json *object, const char *member)
{
    const char *dot = strchr(member, '.');
    char first[48];

    if (!dot || (size_t)(dot - member) >= sizeof first)
        return json_member(object, member);
    memcpy(first, member, (size_t)(dot - member));
    first[dot - member] = '\0';
    return find(json_member(object, first), dot + 1);
}

static void format_day(const struct json *item, const char *text, int64_t back_ms,
                       char out[CELL_SIZE])
{
    const char *name = json_text(json_member(item, "zone"), "UTC");
    char date[ZONE_DATE_SIZE];
    struct zone *zone;
    int64_t at_ms;

    snprintf(out, CELL_SIZE, "%s", text);
    if (clock_parse(span_text(text), &at_ms) != STATUS_OK || zone_open(&zone, name) != STATUS_OK)
        return;
    zone_format_date(zone_day(zone, at_ms - back_ms), date);
    snprintf(out, CELL_SIZE, "%s", date);
    zone_close(zone);
}

static void format_period(const char *text, char out[CELL_SIZE])
{
    const size_t size = strcspn(text, "/");
    char first[ZONE_DATE_SIZE], last[ZONE_DATE_SIZE];
    int64_t from, to;

    snprintf(out, CELL_SIZE, "%s", text);
    if (text[size] == '\0' || zone_parse_date(span_of(text, size), &from) != STATUS_OK ||
        zone_parse_date(span_text(text + size + 1), &to) != STATUS_OK)
        return;
    zone_format_date(from, first);
    zone_format_date(to - 1, last);
    snprintf(out, CELL_SIZE, to - 1 == from ? "%s" : "%s - %s", first, last);
}

static void format_amount(const char *text, char out[CELL_SIZE])
{
    char amount[AMOUNT_SIZE];

    snprintf(amount, sizeof amount, "%s", text);
    if (strchr(amount, '/') == NULL) /* a third of something stays as it is */
        amount_group(amount);
    snprintf(out, CELL_SIZE, "%s", amount);
}

/* "pool.currency" for "pool.spent", or its unit, which may be one. */
static const char *currency_beside(const struct json *item, const char *member)
{
    const char *dot = strrchr(member, '.');
    char path[64];

    const int head = dot ? (int)(dot + 1 - member) : 0;

    snprintf(path, sizeof path, "%.*scurrency", head, member);
    const char *currency = json_text(find(item, path), "");
    snprintf(path, sizeof path, "%.*sunit", head, member);
    return *currency ? currency : json_text(find(item, path), "");
}

/* Less than one is told in full: there rounding would leave nothing. */
static void format_money(const char *currency, const char *text, char out[CELL_SIZE])
{
    char amount[AMOUNT_SIZE];
    struct fraction number;
    unsigned places;

    if (currency_find(currency, &places) && fraction_parse(span_text(text), &number) == STATUS_OK &&
        fraction_compare(number, fraction_of(1)) >= 0) {
        amount_rounded(number, places, amount);
        text = amount;
    }
    format_amount(text, out);
}

static void format_text(const struct json *item, const struct view_column *column, const char *text,
                        int64_t now_ms, char out[CELL_SIZE])
{
    switch (column->kind) {
    case VIEW_TIME:
        format_age(text, now_ms, out);
        break;
    case VIEW_DAY:
        format_day(item, text, 0, out);
        break;
    case VIEW_LAST:
        format_day(item, text, 1, out);
        break;
    case VIEW_PERIOD:
        format_period(text, out);
        break;
    case VIEW_AMOUNT:
        format_amount(text, out);
        break;
    case VIEW_MONEY:
        format_money(currency_beside(item, column->member), text, out);
        break;
    default:
        snprintf(out, CELL_SIZE, "%s", text);
    }
}

static void format_cell(const struct json *item, const struct view_column *column, int64_t now_ms,
                        char out[CELL_SIZE])
{
    const struct json *value = find(item, column->member);

    out[0] = '\0';
    if (!value)
        return;
    switch (json_type(value)) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        snprintf(out, CELL_SIZE, "%s",
                 json_bool(value, false)    ? "yes"
                 : column->kind == VIEW_YES ? ""
                                            : "no");
        break;
    case JSON_INT:
        if (column->kind != VIEW_COUNT || json_int(value, 0) != 0)
            snprintf(out, CELL_SIZE, "%" PRId64, json_int(value, 0));
        if (column->kind == VIEW_AMOUNT)
            format_amount(out, out);
        break;
    case JSON_TEXT:
        format_text(item, column, json_text(value, ""), now_ms, out);
        break;
    case JSON_REAL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        format_list(value, out);
        break;
    }
}

static bool is_right(enum view_kind kind)
{
    return kind == VIEW_NUMBER || kind == VIEW_COUNT || kind == VIEW_AMOUNT || kind == VIEW_MONEY;
}

static void print_cell(FILE *out, const char *text, int width, enum view_kind kind, bool last,
                       enum colour colour)
{
    const char *begin = colour_begin(out, colour);
    int blank = width - text_width(text);

    if (is_right(kind))
        fprintf(out, "%*s", blank, "");
    fprintf(out, "%s%s%s", begin, text, *begin ? colour_end(out) : "");
    if (!is_right(kind) && !last)
        fprintf(out, "%*s", blank, "");
    fputs(last ? "\n" : "  ", out);
}

/* Only columns that tell a state: a robot may be called "red". */
static enum colour colour_of_cell(const struct view_column *column, const char *cell)
{
    return span_is_choice(span_text(column->title), "state|status|severity|outcome|delivered")
               ? colour_of(cell)
               : COLOUR_NONE;
}

/* The words of text, on lines that begin after so many blanks; where the first begins it is. */
static void print_note(FILE *out, const char *text, int blank)
{
    int at = blank;

    while (*text == ' ')
        text++;
    while (*text) {
        const size_t size = strcspn(text, " ");
        char word[CELL_SIZE];

        snprintf(word, sizeof word, "%.*s", (int)size, text);
        if (at > blank && at + 1 + text_width(word) > NOTE_WIDTH) {
            fprintf(out, "\n%*s", blank, "");
            at = blank;
        }
        fprintf(out, "%s%.*s", at > blank ? " " : "", (int)size, text);
        at += (at > blank) + text_width(word);
        text += size + strspn(text + size, " ");
    }
    fputc('\n', out);
}

/* The widest value of a column; 0: no row has one, and the column is left out. */
static int widest(const struct json *items, bool (*keep)(const struct json *item),
                  const struct view_column *column, int64_t now_ms)
{
    char cell[CELL_SIZE];
    int width = 0;

    for (size_t i = 0; column->kind != VIEW_NOTE && i < json_count(items); i++) {
        if (!keep(json_item(items, i)))
            continue;
        format_cell(json_item(items, i), column, now_ms, cell);
        if (column->kind != VIEW_PROSE)
            shorten(cell, CELL_WIDTH);
        if (text_width(cell) > width)
            width = text_width(cell);
    }
    return width;
}

/* The nth line of a text that is wrapped to a width, cut where one word is wider; false: it has not
 * so many. */
static bool nth_line(const char *text, int width, int n, char out[CELL_SIZE])
{
    for (;; n--) {
        size_t size = 0;

        text += strspn(text, " ");
        for (;;) {
            const size_t word = size + strspn(text + size, " ");
            const size_t end = word + strcspn(text + word, " ");

            snprintf(out, CELL_SIZE, "%.*s", (int)end, text);
            if (end == word || (size > 0 && text_width(out) > width))
                break;
            size = end;
        }
        snprintf(out, CELL_SIZE, "%.*s", (int)size, text);
        shorten(out, width);
        if (n == 0 || size == 0)
            return size > 0;
        text += size;
    }
}

/* How a table stands on its lines: the columns of one line are those up to ends[line]. */
struct layout {
    const struct view_column *columns;
    size_t count;
    int widths[MAX_COLUMN]; /* 0: left out */
    size_t ends[MAX_COLUMN];
    size_t lines;
};

/* A cell's text on its nth line. A title and prose may have several. */
static bool cell_line(const struct layout *layout, const struct json *item, size_t c, int n,
                      int64_t now_ms, char cell[CELL_SIZE])
{
    const struct view_column *column = &layout->columns[c];
    char text[CELL_SIZE];

    if (item)
        format_cell(item, column, now_ms, text);
    else
        snprintf(text, sizeof text, "%s", column->title);
    if (!item || column->kind == VIEW_PROSE)
        return nth_line(text, layout->widths[c], n, cell);
    snprintf(cell, CELL_SIZE, "%s", n == 0 ? text : "");
    shorten(cell, layout->widths[c]);
    return n == 0;
}

/* One line of the row's columns from one to another, up to the last that says something; false:
 * none of them has so many lines. */
static bool print_part(FILE *out, const struct layout *layout, const struct json *item, size_t line,
                       int n, int64_t now_ms)
{
    const size_t from = line > 0 ? layout->ends[line - 1] : 0;
    size_t to = from;
    char cell[CELL_SIZE];
    bool any = false;

    for (size_t c = from; c < layout->ends[line]; c++) {
        if (layout->widths[c] == 0 || !cell_line(layout, item, c, n, now_ms, cell))
            continue;
        any = true;
        to = cell[0] != '\0' || to == from ? c + 1 : to;
    }
    if (!any)
        return false;
    fprintf(out, "%*s", line > 0 ? NOTE_BLANK : 0, "");
    for (size_t c = from; c < to; c++) {
        const struct view_column *column = &layout->columns[c];

        if (layout->widths[c] == 0)
            continue;
        if (!cell_line(layout, item, c, n, now_ms, cell))
            cell[0] = '\0';
        print_cell(out, cell, layout->widths[c], column->kind, c + 1 == to,
                   item ? colour_of_cell(column, cell) : COLOUR_BOLD);
    }
    return true;
}

/* Prints the titles when item is NULL. */
static void print_row(FILE *out, const struct layout *layout, const struct json *item,
                      int64_t now_ms)
{
    for (size_t line = 0; line < layout->lines; line++)
        for (int n = 0; print_part(out, layout, item, line, n, now_ms); n++)
            continue;
}

static int total_of(const struct layout *layout)
{
    int total = -GAP;

    for (size_t c = 0; c < layout->count; c++)
        total += layout->widths[c] ? layout->widths[c] + GAP : 0;
    return total;
}

/* Takes from the column that has most above its least, one by one, until a line is short enough or
 * nothing is left to take. */
static void narrow(struct layout *layout, const int *least, int room)
{
    while (total_of(layout) > room) {
        size_t most = layout->count;

        for (size_t c = 0; c < layout->count; c++)
            if (layout->widths[c] > least[c] &&
                (most == layout->count ||
                 layout->widths[c] - least[c] > layout->widths[most] - least[most]))
                most = c;
        if (most == layout->count)
            return;
        layout->widths[most]--;
    }
}

static int longest_word(const char *title)
{
    int longest = 0;

    for (title += strspn(title, " "); *title; title += strspn(title, " ")) {
        char word[CELL_SIZE];
        const size_t size = strcspn(title, " ");

        snprintf(word, sizeof word, "%.*s", (int)size, title);
        if (text_width(word) > longest)
            longest = text_width(word);
        title += size;
    }
    return longest;
}

/* Half a number or a day is none. */
static bool may_be_cut(enum view_kind kind)
{
    return !is_right(kind) && kind != VIEW_DAY && kind != VIEW_LAST && kind != VIEW_PERIOD;
}

/* Titles are wrapped first, for nothing is lost by that; then texts are cut, but for the first,
 * which is a name; and what is still too much goes to further lines. */
static void fit(struct layout *layout, const int *values, int room)
{
    int least[MAX_COLUMN] = {0}, used = 0;

    for (size_t c = 0; c < layout->count; c++) {
        const int word = longest_word(layout->columns[c].title);
        least[c] = values[c] > word ? values[c] : word;
    }
    narrow(layout, least, room);
    for (size_t c = 1; c < layout->count; c++)
        if (may_be_cut(layout->columns[c].kind) && least[c] > LEAST_WIDTH)
            least[c] = LEAST_WIDTH;
    narrow(layout, least, room);
    for (size_t c = 0; c < layout->count; c++) {
        if (layout->widths[c] == 0)
            continue;
        if (used > 0 && used + layout->widths[c] > room) {
            layout->ends[layout->lines++] = c;
            used = NOTE_BLANK;
        }
        used += layout->widths[c] + GAP;
    }
}

static void print_notes(FILE *out, const struct json *item, const struct view_column *columns,
                        size_t count)
{
    for (size_t c = 0; c < count; c++) {
        const char *text = json_text(find(item, columns[c].member), "");

        if (columns[c].kind != VIEW_NOTE || text[0] == '\0')
            continue;
        fprintf(out, "%*s", NOTE_BLANK, "");
        print_note(out, text, NOTE_BLANK);
    }
}

void view_table_of(FILE *out, const struct json *items, bool (*keep)(const struct json *item),
                   const struct view_column *columns, size_t count, int64_t now_ms)
{
    struct layout layout = {.columns = columns, .count = count < MAX_COLUMN ? count : MAX_COLUMN};
    const int room = colour_columns(out);
    int values[MAX_COLUMN] = {0};

    if (json_count(items) == 0) {
        fputs("none\n", out);
        return;
    }
    for (size_t c = 0; c < layout.count; c++) {
        const int title = text_width(columns[c].title);

        values[c] = widest(items, keep, &columns[c], now_ms);
        layout.widths[c] = values[c] && values[c] < title ? title : values[c];
    }
    if (room > 0)
        fit(&layout, values, room);
    layout.ends[layout.lines++] = layout.count;
    print_row(out, &layout, NULL, now_ms);
    for (size_t i = 0; i < json_count(items); i++) {
        if (!keep(json_item(items, i)))
            continue;
        print_row(out, &layout, json_item(items, i), now_ms);
        print_notes(out, json_item(items, i), columns, count);
    }
}

static bool keep_all(const struct json *item)
{
    (void)item;
    return true;
}

void view_table(FILE *out, const struct json *items, const struct view_column *columns,
                size_t count, int64_t now_ms)
{
    view_table_of(out, items, keep_all, columns, count, now_ms);
}

void view_sheet(FILE *out, const struct json *object, const struct view_column *columns,
                size_t count, int64_t now_ms)
{
    char cell[CELL_SIZE];
    int width = 0;

    for (size_t c = 0; c < count; c++)
        if (text_width(columns[c].title) > width)
            width = text_width(columns[c].title);
    for (size_t c = 0; c < count; c++) {
        fprintf(out, "%-*s  ", width, columns[c].title);
        if (columns[c].kind == VIEW_NOTE) {
            print_note(out, json_text(find(object, columns[c].member), ""), width + 2);
            continue;
        }
        format_cell(object, &columns[c], now_ms, cell);
        fprintf(out, "%s\n", cell);
    }
}

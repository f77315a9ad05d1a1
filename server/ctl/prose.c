#include "server/ctl/prose.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "server/ctl/colour.h"

#define AS_IS "    "

/* A paragraph, or lines that stay as they are; false: none is left. */
static bool next_part(struct span *text, struct span *part, bool *is_as_is)
{
    const char *at = (const char *)text->data;
    size_t size = text->size;

    while (size > 0 && *at == '\n') {
        at++;
        size--;
    }
    *text = span_of(at, size);
    if (size == 0)
        return false;
    *is_as_is = span_starts_with(*text, AS_IS);
    size_t end = 0;
    while (end < size && !(at[end] == '\n' && (end + 1 == size || at[end + 1] == '\n')))
        end++;
    *part = span_of(at, end);
    *text = span_of(at + end, size - end);
    return true;
}

/* Blanks within what is literal part no words. */
static bool next_word(struct span *part, struct span *word)
{
    const char *at = (const char *)part->data;
    size_t from = 0, to;
    bool is_literal = false;

    while (from < part->size && (at[from] == ' ' || at[from] == '\n'))
        from++;
    for (to = from; to < part->size && (is_literal || (at[to] != ' ' && at[to] != '\n')); to++)
        is_literal ^= at[to] == '`';
    *word = span_of(at + from, to - from);
    *part = span_of(at + to, part->size - to);
    return word->size > 0;
}

static bool next_line(struct span *part, struct span *line)
{
    const char *at = (const char *)part->data;
    const char *end = part->size > 0 ? memchr(at, '\n', part->size) : NULL;
    const size_t size = end ? (size_t)(end - at) : part->size;
    const size_t taken = size + (end != NULL);

    *line = span_of(at, size);
    *part = span_of(at + taken, part->size - taken);
    return size > 0 || taken > 0;
}

/* At a terminal */

static int width_of(struct span word)
{
    int width = 0;

    for (size_t i = 0; i < word.size; i++)
        width += word.data[i] != '`' && (word.data[i] & 0xc0) != 0x80;
    return width;
}

static void print_word(FILE *out, struct span word)
{
    bool is_literal = false;

    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] != '`') {
            fputc(word.data[i], out);
            continue;
        }
        is_literal = !is_literal;
        fputs(is_literal ? colour_begin(out, COLOUR_BOLD) : colour_end(out), out);
    }
}

static void print_paragraph(FILE *out, struct span part, int column, int blanks, int width)
{
    struct span word;
    bool is_first = true;

    while (next_word(&part, &word)) {
        if (!is_first && column + 1 + width_of(word) > width) {
            fprintf(out, "\n%*s", blanks, "");
            column = blanks;
        } else if (!is_first) {
            fputc(' ', out);
            column++;
        }
        print_word(out, word);
        column += width_of(word);
        is_first = false;
    }
    fputc('\n', out);
}

void prose_print(FILE *out, struct span text, int column, int blanks, int width)
{
    struct span part, line;
    bool is_as_is, is_first = true;

    while (next_part(&text, &part, &is_as_is)) {
        if (!is_first)
            fputc('\n', out);
        for (; is_as_is && next_line(&part, &line); is_first = false)
            fprintf(out, "%*s%.*s\n", blanks, "", (int)line.size, (const char *)line.data);
        if (!is_as_is && !is_first)
            fprintf(out, "%*s", blanks, "");
        if (!is_as_is)
            print_paragraph(out, part, is_first ? column : blanks, blanks, width);
        is_first = false;
    }
}

/* In a manual page */

static void write_byte(FILE *out, uint8_t byte)
{
    if (byte == '\\')
        fputs("\\e", out);
    else if (byte == '-')
        fputs("\\-", out);
    else
        fputc(byte, out);
}

void prose_write_escaped(FILE *out, struct span text)
{
    if (text.size > 0 && (text.data[0] == '.' || text.data[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < text.size; i++)
        write_byte(out, text.data[i]);
}

static bool is_capital(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || byte == '-';
}

/* Whether the usage line has the word, whole. */
static bool is_in_usage(const char *usage, struct span word)
{
    for (const char *at = usage; word.size > 1 && *at != '\0'; at++)
        if (strncmp(at, (const char *)word.data, word.size) == 0 &&
            (at == usage || !is_capital((uint8_t)at[-1])) && !is_capital((uint8_t)at[word.size]))
            return true;
    return false;
}

static size_t capitals_at(struct span word, size_t from)
{
    size_t to = from;

    while (to < word.size && is_capital(word.data[to]))
        to++;
    while (to > from && word.data[to - 1] == '-')
        to--;
    return to - from;
}

/* "--name" up to what cannot be of a name. */
static size_t option_at(struct span word, size_t from)
{
    size_t to = from;

    if (word.data[from] != '-' || (from > 0 && word.data[from - 1] != '('))
        return 0;
    while (to < word.size && (word.data[to] == '-' || islower(word.data[to])))
        to++;
    return to - from > 1 ? to - from : 0;
}

/* Literal words and options are bold, what stands for something is in italics. */
static void write_word(FILE *out, struct span word, const char *usage)
{
    bool is_literal = false;

    if (word.data[0] == '.' || word.data[0] == '\'')
        fputs("\\&", out);
    for (size_t i = 0; i < word.size;) {
        const size_t capitals = is_literal ? 0 : capitals_at(word, i);
        const size_t option = is_literal ? 0 : option_at(word, i);
        size_t size = option > 0 ? option : capitals > 0 ? capitals : 1;
        const bool is_place = option == 0 && is_in_usage(usage, span_of(word.data + i, capitals));

        if (word.data[i] == '`') {
            is_literal = !is_literal;
            fputs(is_literal ? "\\fB" : "\\fR", out);
            i++;
            continue;
        }
        fputs(option > 0 ? "\\fB" : is_place ? "\\fI" : "", out);
        for (; size > 0; size--, i++)
            if (option > 0 || is_literal || word.data[i] == '\\')
                write_byte(out, word.data[i]);
            else
                fputc(word.data[i], out);
        fputs(option > 0 || is_place ? "\\fR" : "", out);
    }
}

/* A sentence ends its line: mdoc puts the blanks behind it. */
static bool ends_sentence(struct span word)
{
    size_t size = word.size;

    while (size > 1 && (word.data[size - 1] == ')' || word.data[size - 1] == '"'))
        size--;
    return size > 1 && strchr(".!?", word.data[size - 1]) != NULL;
}

#define SOURCE_WIDTH 80

/* How wide a word is at most with its escapes; what lints complain of is a page's longest lines. */
static int source_width_of(struct span word)
{
    int width = width_of(word);

    for (size_t i = 0; i < word.size; i++) {
        const size_t capitals = capitals_at(word, i);

        width += word.data[i] == '`' ? 3 : word.data[i] == '-' ? 4 : capitals > 1 ? 6 : 0;
        i += capitals > 1 ? capitals - 1 : 0;
    }
    return width;
}

static void write_paragraph(FILE *out, struct span part, const char *usage)
{
    struct span word;
    int column = 0;

    while (next_word(&part, &word)) {
        if (column > 0 && column + source_width_of(word) > SOURCE_WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        fputs(column > 0 ? " " : "", out);
        write_word(out, word, usage);
        column += source_width_of(word) + 1;
        if (ends_sentence(word)) {
            fputc('\n', out);
            column = 0;
        }
    }
    if (column > 0)
        fputc('\n', out);
}

void prose_write_mdoc(FILE *out, struct span text, const char *usage)
{
    struct span part, line;
    bool is_as_is, is_first = true;

    while (next_part(&text, &part, &is_as_is)) {
        if (!is_as_is) {
            fputs(is_first ? "" : ".Pp\n", out);
            write_paragraph(out, part, usage);
            is_first = false;
            continue;
        }
        fputs(".Bd -literal -offset indent\n", out);
        while (next_line(&part, &line)) {
            const size_t blanks = line.size < sizeof AS_IS - 1 ? line.size : sizeof AS_IS - 1;

            prose_write_escaped(out, span_of(line.data + blanks, line.size - blanks));
            fputc('\n', out);
        }
        fputs(".Ed\n", out);
        is_first = false;
    }
}

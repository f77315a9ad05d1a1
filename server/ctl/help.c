#include "server/ctl/help.h"

#include <string.h>

#include "server/ctl/colour.h"
#include "server/ctl/prose.h"

#define WIDEST      100
#define NARROWEST   40
#define NOTE_COLUMN 24 /* of options' notes */
#define WORD_COLUMN 17 /* of what a noun is about */
#define USAGE_BYTES 4096

static int width_of(FILE *out)
{
    const int columns = colour_columns(out);

    return columns <= 0 || columns > WIDEST ? WIDEST : columns < NARROWEST ? NARROWEST : columns;
}

struct span help_first(const struct ctl_verb *verb)
{
    return span_of(verb->help, strcspn(verb->help, "\n"));
}

struct span help_rest(const struct ctl_verb *verb)
{
    const char *rest = strchr(verb->help, '\n');

    return span_text(rest ? rest + 1 : "");
}

static void write_option(const struct args_allowed *option, struct buffer *out)
{
    const bool is_file = span_equal_text(option->name, "file");

    buffer_text(out, option->is_required ? " " : " [");
    if (is_file)
        buffer_text(out, "-f");
    else
        buffer_format(out, "--%.*s", (int)option->name.size, (const char *)option->name.data);
    if (!option->is_flag)
        buffer_format(out, " %.*s", (int)option->value.size, (const char *)option->value.data);
    buffer_text(out, option->is_required ? "" : "]");
}

void help_write_usage(const struct ctl_verb *verb, struct buffer *out)
{
    buffer_format(out, "%s%s%s%s%s", verb->noun ? verb->noun : "", verb->noun ? " " : "",
                  verb->verb, *verb->words ? " " : "", verb->words);
    for (int required = 1; required >= 0; required--) {
        const char *at = verb->options;
        struct args_allowed option;

        while (args_next(&at, &option))
            if (option.is_required == (required == 1))
                write_option(&option, out);
    }
}

/* Not within an option and its value: a blank between [ and ] parts nothing. */
static void print_wrapped(FILE *out, const char *text, int column, int blanks, int width)
{
    for (bool is_first = true; *text != '\0'; is_first = false) {
        size_t size = 0;

        for (int depth = 0; text[size] != '\0' && (text[size] != ' ' || depth > 0); size++)
            depth += (text[size] == '[') - (text[size] == ']');
        if (!is_first && column + 1 + (int)size > width) {
            fprintf(out, "\n%*s", blanks, "");
            column = blanks;
        } else if (!is_first) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", (int)size, text);
        column += (int)size;
        text += size + (text[size] == ' ');
    }
    fputc('\n', out);
}

void help_print_usage(FILE *out, const struct ctl_verb *verb)
{
    static const char head[] = "usage: mynactl ";
    const int blanks = (int)sizeof head - 1;
    struct buffer usage;

    buffer_init(&usage, USAGE_BYTES);
    help_write_usage(verb, &usage);
    fputs(head, out);
    print_wrapped(out, buffer_cstring(&usage), blanks, blanks, width_of(out));
    buffer_release(&usage);
}

static void print_option(FILE *out, const struct args_allowed *option)
{
    const bool is_file = span_equal_text(option->name, "file");
    int width =
        fprintf(out, "  %s--%.*s%s%.*s", is_file ? "-f, " : "", (int)option->name.size,
                (const char *)option->name.data, option->is_flag ? "" : " ",
                option->is_flag ? 0 : (int)option->value.size, (const char *)option->value.data);
    char note[512];

    snprintf(note, sizeof note, "%.*s%s", (int)option->note.size, (const char *)option->note.data,
             !option->is_required     ? ""
             : option->note.size == 0 ? "required"
                                      : "; required");
    if (*note == '\0') {
        fputc('\n', out);
        return;
    }
    if (width > NOTE_COLUMN - 2) {
        fputc('\n', out);
        width = 0;
    }
    fprintf(out, "%*s", NOTE_COLUMN - width, "");
    prose_print(out, span_text(note), NOTE_COLUMN, NOTE_COLUMN, width_of(out));
}

/* "robots; ..." as a sentence, where a text begins with it. */
static void print_first(FILE *out, struct span first, int width)
{
    char line[256];

    snprintf(line, sizeof line, "%.*s.", (int)first.size, (const char *)first.data);
    if (line[0] >= 'a' && line[0] <= 'z')
        line[0] = (char)(line[0] - 'a' + 'A');
    prose_print(out, span_text(line), 0, 0, width);
}

void help_print_verb(FILE *out, const struct ctl_verb *verb)
{
    const char *at = verb->options;
    struct args_allowed option;
    const int width = width_of(out);

    help_print_usage(out, verb);
    fputc('\n', out);
    if (help_rest(verb).size > 0)
        prose_print(out, help_rest(verb), 0, 0, width);
    else
        print_first(out, help_first(verb), width);
    for (bool is_first = true; args_next(&at, &option); is_first = false) {
        fputs(is_first ? "\nOptions:\n" : "", out);
        print_option(out, &option);
    }
}

/* Words too long for the column push their line's text to the next one. */
static void print_line(FILE *out, const char *left, int column, struct span text)
{
    const int size = fprintf(out, "  %s", left);

    if (size > column - 2)
        fprintf(out, "\n%*s", column, "");
    else
        fprintf(out, "%*s", column - size, "");
    prose_print(out, text, column, column, width_of(out));
}

static bool is_of(const struct ctl_verb *verb, const char *word)
{
    return strcmp(verb->noun ? verb->noun : verb->verb, word) == 0;
}

/* How wide the names of a noun's verbs are with their words, as far as a page has room. */
static int verb_column(const char *noun)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);
    int widest = 0;

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++) {
            const size_t size =
                strlen(verb->verb) + strlen(verb->words) + (verb->noun ? strlen(verb->noun) : 0);

            if (is_of(verb, noun) && size < 36 && (int)size > widest)
                widest = (int)size;
        }
    return widest + 6;
}

void help_print_noun(FILE *out, const char *noun)
{
    const struct noun *about = noun_find(noun);
    const int column = verb_column(noun);
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    fprintf(out, "usage: mynactl %s VERB [WORD...] [--option VALUE...]\n\n", noun);
    if (about && about->about) {
        print_first(out, span_of(about->about, strcspn(about->about, "\n")), width_of(out));
        fputc('\n', out);
    }
    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++) {
            char left[96];

            if (!is_of(verb, noun))
                continue;
            snprintf(left, sizeof left, "%s%s%s%s%s", verb->noun ? verb->noun : "",
                     verb->noun ? " " : "", verb->verb, *verb->words ? " " : "", verb->words);
            print_line(out, left, column, help_first(verb));
        }
    fprintf(out, "\n\"mynactl %s VERB --help\" tells all of one; mynactl-%s(1) tells all.\n", noun,
            noun);
}

static const struct ctl_verb *find_alone(const char *word)
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (!verb->noun && strcmp(verb->verb, word) == 0)
                return verb;
    return NULL;
}

struct span help_about(const struct noun *noun)
{
    const struct ctl_verb *alone = find_alone(noun->word);

    if (noun->about)
        return span_of(noun->about, strcspn(noun->about, "\n"));
    return alone ? help_first(alone) : span_text("");
}

void help_print(FILE *out)
{
    static const char tail[] =
        "\"mynactl NOUN --help\" lists its verbs, \"mynactl NOUN VERB --help\" tells all of a "
        "verb. "
        "--json prints exactly what the API answered; --watch looks again every two seconds; "
        "--context names the server. Exit status: 0 done, 1 refused or failed, 2 usage, 3 the "
        "server cannot be reached.";
    size_t count;
    const struct noun *nouns = noun_all(&count);

    fputs("usage: mynactl [--json] [--context NAME] [--watch] NOUN VERB [WORD...] [--option "
          "VALUE...]\n"
          "       mynactl [NOUN [VERB]] --help | --version\n",
          out);
    for (size_t i = 0; i < count; i++) {
        if (nouns[i].subject)
            fprintf(out, "\n%s%s%s\n", colour_begin(out, COLOUR_BOLD), nouns[i].subject,
                    colour_end(out));
        print_line(out, nouns[i].word, WORD_COLUMN, help_about(&nouns[i]));
    }
    fputc('\n', out);
    prose_print(out, span_text(tail), 0, 0, width_of(out));
}

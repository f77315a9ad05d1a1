#include "server/ctl/manual.h"

#include <ctype.h>
#include <string.h>

#include "server/ctl/help.h"
#include "server/ctl/prose.h"

#define USAGE_BYTES 4096

static bool is_of(const struct ctl_verb *verb, const struct noun *noun)
{
    return strcmp(verb->noun ? verb->noun : verb->verb, noun->word) == 0;
}

/* "[FROM [TO]]": brackets are macros, what stands for something is an argument. */
static void write_words(FILE *out, const char *words)
{
    for (words += strspn(words, " "); *words != '\0'; words += strspn(words, " ")) {
        if (*words == '[' || *words == ']') {
            fputs(*words++ == '[' ? ".Oo\n" : ".Oc\n", out);
            continue;
        }
        const size_t size = strcspn(words, " []");
        fputs(".Ar ", out);
        prose_write_escaped(out, span_of(words, size));
        fputc('\n', out);
        words += size;
    }
}

/* "Fl -limit Ar NUMBER" */
static void write_option(FILE *out, const struct args_allowed *option, bool is_short)
{
    fputs("Fl ", out);
    if (is_short) {
        fputc('f', out);
    } else {
        fputc('-', out);
        prose_write_escaped(out, option->name);
    }
    if (!option->is_flag) {
        fputs(" Ar ", out);
        prose_write_escaped(out, option->value);
    }
}

static bool is_file(const struct args_allowed *option)
{
    return span_equal_text(option->name, "file");
}

/* What was typed before the options: "device list". */
static void write_name(FILE *out, const struct ctl_verb *verb)
{
    fprintf(out, "Cm %s%s%s\n", verb->noun ? verb->noun : "", verb->noun ? " " : "", verb->verb);
}

static void write_head(FILE *out, const struct ctl_verb *verb)
{
    fputs(".It Xo ", out);
    write_name(out, verb);
    write_words(out, verb->words);
    for (int required = 1; required >= 0; required--) {
        const char *at = verb->options;
        struct args_allowed option;

        while (args_next(&at, &option)) {
            if (option.is_required != (required == 1))
                continue;
            fputs(required ? "." : ".Op ", out);
            write_option(out, &option, is_file(&option));
            fputc('\n', out);
        }
    }
    fputs(".Xc\n", out);
}

/* A note is a line: its first letter is one of a sentence here. */
static void write_note(FILE *out, const struct args_allowed *option, const char *usage)
{
    char note[512];

    snprintf(note, sizeof note, "%.*s.", (int)option->note.size, (const char *)option->note.data);
    if (note[1] != '\0' && islower((unsigned char)note[0]))
        note[0] = (char)toupper((unsigned char)note[0]);
    if (option->note.size > 0)
        prose_write_mdoc(out, span_text(note), usage);
    if (option->is_required)
        fputs("Required.\n", out);
}

static void write_options(FILE *out, const struct ctl_verb *verb, const char *usage)
{
    const char *at = verb->options;
    struct args_allowed option;
    bool is_first = true;

    for (; args_next(&at, &option); is_first = false) {
        if (is_first)
            fputs(".Bl -tag -width Ds\n", out);
        fputs(".It ", out);
        if (is_file(&option))
            fputs("Fl f , ", out);
        write_option(out, &option, false);
        fputc('\n', out);
        write_note(out, &option, usage);
    }
    if (!is_first)
        fputs(".El\n", out);
}

/* The text, or the line as a sentence where there is none. */
static void write_text(FILE *out, const char *text, const char *usage)
{
    const size_t size = strcspn(text, "\n");
    char line[512];

    if (text[size] == '\n') {
        prose_write_mdoc(out, span_text(text + size + 1), usage);
        return;
    }
    snprintf(line, sizeof line, "%s.", text);
    line[0] = (char)toupper((unsigned char)line[0]);
    prose_write_mdoc(out, span_text(line), usage);
}

static void write_verb(FILE *out, const struct ctl_verb *verb)
{
    struct buffer usage;

    buffer_init(&usage, USAGE_BYTES);
    help_write_usage(verb, &usage);
    write_head(out, verb);
    write_text(out, verb->help, buffer_cstring(&usage));
    write_options(out, verb, buffer_cstring(&usage));
    buffer_release(&usage);
}

static void each_verb(FILE *out, const struct noun *noun,
                      void (*write)(FILE *out, const struct ctl_verb *verb))
{
    size_t count;
    const struct ctl_verb *const *tables = noun_tables(&count);

    for (size_t t = 0; t < count; t++)
        for (const struct ctl_verb *verb = tables[t]; verb->verb; verb++)
            if (is_of(verb, noun))
                write(out, verb);
}

static void write_synopsis(FILE *out, const struct ctl_verb *verb)
{
    fputs(".Nm mynactl\n.", out);
    write_name(out, verb);
    write_words(out, verb->words);
    if (*verb->options != '\0')
        fputs(".Op Ar options\n", out);
}

void manual_write_word(FILE *out, const struct noun *noun, const char *version, const char *date)
{
    const struct span about = help_about(noun);

    fprintf(out, ".Dd %s\n.Dt MYNACTL-", date);
    for (const char *c = noun->word; *c != '\0'; c++)
        fputc(toupper((unsigned char)*c), out);
    fprintf(out, " 1\n.Os Myna %s\n.Sh NAME\n.Nm mynactl-%s\n.Nd ", version, noun->word);
    prose_write_mdoc(out, about, "");
    fputs(".Sh SYNOPSIS\n", out);
    each_verb(out, noun, write_synopsis);
    fputs(".Sh DESCRIPTION\n", out);
    if (noun->about && strchr(noun->about, '\n')) {
        write_text(out, noun->about, "NAME");
        fputs(".Pp\n", out);
    }
    fputs("What every verb takes and answers, such as\n.Fl -json ,\n.Fl -context\n"
          "and the exit status, is told in\n.Xr mynactl 1 .\n.Bl -tag -width Ds\n",
          out);
    each_verb(out, noun, write_verb);
    fputs(".El\n.Sh SEE ALSO\n.Xr mynactl 1\n", out);
}

/* The verbs of a noun behind its line: what one looks for is often a verb. */
static void write_verb_name(FILE *out, const struct ctl_verb *verb)
{
    if (verb->noun)
        fprintf(out, ".Cm %s\n", verb->verb);
}

static void write_word(FILE *out, const struct noun *noun)
{
    char line[256];
    const struct span about = help_about(noun);

    fprintf(out, ".It Xr mynactl-%s 1\n", noun->word);
    snprintf(line, sizeof line, "%.*s%s", (int)about.size, (const char *)about.data,
             noun->about ? ":" : ".");
    line[0] = (char)toupper((unsigned char)line[0]);
    prose_write_mdoc(out, span_text(line), "");
    each_verb(out, noun, write_verb_name);
}

void manual_write_words(FILE *out)
{
    size_t count;
    const struct noun *nouns = noun_all(&count);

    for (size_t i = 0; i < count; i++) {
        if (nouns[i].subject)
            fprintf(out, "%s.Ss %s\n.Bl -tag -width mynactl-statement(1) -compact\n",
                    i > 0 ? ".El\n" : "", nouns[i].subject);
        write_word(out, &nouns[i]);
    }
    fputs(".El\n", out);
}

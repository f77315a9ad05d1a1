/* options.c - writes a daemon's manual page at build time: options <TEMPLATE >PAGE
 *
 * The page is the template with an item for each row of the program's table of options in place of
 * its line .\" OPTIONS. CONFIG_HEADER is the header of that program's options.
 */
#include CONFIG_HEADER

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/ctl/prose.h"

#define LINE_BYTES 1024

/* ".It Fl -display Cm auto | window"; false: nothing tells what the option takes. */
static bool write_head(const struct option_spec *spec)
{
    char name[OPTION_NAME_BYTES];

    option_typed_name(spec, name);
    fputs(".It Fl ", stdout);
    prose_write_escaped(stdout, span_text(name + 1));
    if (spec->type == OPTION_CHOICE) {
        fputs(" Cm ", stdout);
        for (const char *c = spec->choices; *c; c++)
            *c == '|' ? (void)fputs(" | ", stdout) : (void)fputc(*c, stdout);
    } else if (spec->type != OPTION_FLAG) {
        fputs(" Ar ", stdout);
        prose_write_escaped(stdout, span_text(spec->value ? spec->value : ""));
    }
    fputc('\n', stdout);
    if (!spec->value && (spec->type == OPTION_TEXT || spec->type == OPTION_INT)) {
        fprintf(stderr, "%s has no name for its value: give its row one\n", name);
        return false;
    }
    return true;
}

/* The help line as a sentence, the values, and what the row says more. */
static void write_text(const struct option_spec *spec)
{
    const char *usage = spec->value ? spec->value : "";
    char line[LINE_BYTES];

    snprintf(line, sizeof line, "%c%s.", toupper((unsigned char)spec->help[0]), spec->help + 1);
    prose_write_mdoc(stdout, span_text(line), usage);
    line[0] = '\0';
    if (spec->type == OPTION_INT)
        snprintf(line, sizeof line, "From %" PRId64 " to %" PRId64 ", by default `%s`.", spec->min,
                 spec->max, spec->fallback);
    else if (spec->fallback && *spec->fallback)
        snprintf(line, sizeof line, "The default is `%s`.", spec->fallback);
    prose_write_mdoc(stdout, span_text(line), usage);
    prose_write_mdoc(stdout, span_text(spec->more ? spec->more : ""), usage);
}

int main(void)
{
    const struct option_table *table = config_options();
    char line[LINE_BYTES];
    bool is_whole = true;

    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, ".\\\" OPTIONS\n") != 0) {
            fputs(line, stdout);
            continue;
        }
        for (size_t i = 0; i < table->count; i++) {
            is_whole = write_head(&table->specs[i]) && is_whole;
            write_text(&table->specs[i]);
        }
    }
    return is_whole && !ferror(stdin) && fflush(stdout) == 0 ? 0 : 1;
}

/* option.h - one table per program: command line, configuration file, --help, manual page
 *
 * A configuration file holds "name = value" lines; # at a line's start or after a blank starts a
 * comment. The command line takes --name VALUE, --name=VALUE, --flag, --no-flag and -- as the end.
 * Precedence: command line, environment (PREFIX_NAME in capitals, for all options of a table with a
 * prefix), file, default.
 */
#ifndef SCHEMA_BASE_OPTION_H
#define SCHEMA_BASE_OPTION_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "schema/base/span.h"

enum option_type { OPTION_TEXT, OPTION_INT, OPTION_CHOICE, OPTION_FLAG };

struct option_spec {
    const char *name; /* "device_listen"; --device-listen on the command line */
    enum option_type type;
    const char *fallback; /* default as text; NULL: none, the field stays NULL or 0 */
    int64_t min, max;     /* OPTION_INT */
    const char *choices;  /* OPTION_CHOICE: "auto|window|headless" */
    size_t offset;     /* of the field: const char * (text, choice), int64_t (int), bool (flag) */
    const char *value; /* what stands for a text or number where it is told: "FOLDER" */
    const char *help;  /* one line, without a period */
    const char *more;  /* what a manual says behind help: sentences, paragraphs parted by an empty
                        * line, what is literal between ` and `; NULL: nothing */
};

struct option_table {
    const char *program;
    const char *env_prefix; /* "MYNAD" reads MYNAD_DATABASE; NULL: no environment */
    const struct option_spec *specs;
    size_t count;
};

/* Fills *config from defaults, file (--config PATH, or default_file when it exists), environment
 * and arguments. Text values live as long as the process. *rest is the index of the first argument
 * that is not an option. STATUS_INVALID: problem is one line that names option, cause and cure. */
MUST_CHECK enum status option_parse(const struct option_table *table, const char *default_file,
                                    int argc, char **argv, void *config, int *rest,
                                    char problem[256]);

/* Sets in *config what the lines of a configuration file's text say; text is cut up, and values
 * point into it. STATUS_INVALID: problem begins with path and line; what stood before is set. */
MUST_CHECK enum status option_set_lines(const struct option_table *table, const char *path,
                                        char *text, void *config, char problem[256]);

/* As it is typed: "--device-listen" for device_listen. */
#define OPTION_NAME_BYTES 64
void option_typed_name(const struct option_spec *spec, char name[OPTION_NAME_BYTES]);

/* Every option with value, help line and default, one per row. */
void option_print_help(const struct option_table *table, FILE *out);

#endif

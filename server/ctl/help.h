/* help.h - what --help prints of the tables of verbs
 *
 * Lines are as wide as the terminal, at most 100 columns, which they are where there is none.
 */
#ifndef SERVER_CTL_HELP_H
#define SERVER_CTL_HELP_H

#include "schema/base/buffer.h"
#include "server/ctl/ctl.h"
#include "server/ctl/noun.h"

/* The words of the tables by subject, a line each. */
void help_print(FILE *out);

/* The verbs of a noun, a line each; the verb of that name that stands alone as well. */
void help_print_noun(FILE *out, const char *noun);

/* All of one: usage, text, options. */
void help_print_verb(FILE *out, const struct ctl_verb *verb);

/* Its usage alone, for who has mistyped it. */
void help_print_usage(FILE *out, const struct ctl_verb *verb);

/* "device list [--state STATE] ...": without the program's name. */
void help_write_usage(const struct ctl_verb *verb, struct buffer *out);

/* A line about a noun, or about the verb of that name that stands alone. Borrowed. */
struct span help_about(const struct noun *noun);

/* The first line of the verb's text, and what follows it; borrowed, may be empty. */
struct span help_first(const struct ctl_verb *verb);
struct span help_rest(const struct ctl_verb *verb);

#endif

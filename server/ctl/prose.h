/* prose.h - the longer texts of the tables of verbs: wrapped for a terminal, or as mdoc(7)
 *
 * A text is paragraphs that are parted by an empty line. A line that begins with four blanks stays
 * as it is: an example, a piece of a file. What stands between ` and ` is typed or read as it
 * stands. A word in capitals that the usage line has as well stands for what is typed there.
 */
#ifndef SERVER_CTL_PROSE_H
#define SERVER_CTL_PROSE_H

#include <stdio.h>

#include "schema/base/span.h"

/* For a person: lines of at most width columns, all behind so many blanks; the first one begins
 * where the stream stands, which is at column. Ends with a line's end. What is literal is bold
 * where out is a terminal with colours. */
void prose_print(FILE *out, struct span text, int column, int blanks, int width);

/* As a manual page has it, from the beginning of a line to the beginning of one; usage is the line
 * that tells which words stand for something. */
void prose_write_mdoc(FILE *out, struct span text, const char *usage);

/* One word or name in bold or italics on mdoc's lines of text, with its dashes and backslashes
 * kept. */
void prose_write_escaped(FILE *out, struct span text);

#endif

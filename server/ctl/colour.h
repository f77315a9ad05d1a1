/* colour.h - colours for people at a terminal, and for nobody else
 *
 * None where the stream is no terminal, where NO_COLOR is set and not empty (no-color.org), or
 * where TERM is "dumb".
 */
#ifndef SERVER_CTL_COLOUR_H
#define SERVER_CTL_COLOUR_H

#include <stdio.h>

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_DIM, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW };

/* What to print before and after; "" where there are no colours. */
const char *colour_begin(FILE *out, enum colour colour);
const char *colour_end(FILE *out);

/* The columns of the terminal behind out; 0: it is none, and lines may be as long as they are. The
 * environment's COLUMNS wins. */
int colour_columns(FILE *out);

/* The colour of a state's word: "offline", "red", "critical"; COLOUR_NONE: it has none. */
enum colour colour_of(const char *word);

#endif

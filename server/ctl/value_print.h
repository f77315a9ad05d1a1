/* value_print.h - a setting's value for a person: as JSON, within the lines of a terminal
 *
 * Where there is no terminal it stays one line, so that it can be searched and compared. Pure but
 * for writing to the given stream.
 */
#ifndef SERVER_CTL_VALUE_PRINT_H
#define SERVER_CTL_VALUE_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

/* Prints the value where the stream stands, which is at column, and ends the line. At a terminal
 * lists of objects, such as routes, take a line for each, and what is longer goes on below, behind
 * so many blanks. */
void value_print(FILE *out, const struct json *value, int column, int blanks);

#endif

/* burndown_print.h - GET /contracts/{id}/burndown for people: what stands how, with small plots
 *
 * Plots are of plain characters: # what was used, . what is forecast, - the limit. No I/O but
 * writing to the given stream.
 */
#ifndef SERVER_CTL_BURNDOWN_PRINT_H
#define SERVER_CTL_BURNDOWN_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

void burndown_print(FILE *out, const struct json *burndown);

/* One line of it, in sentences, without its plot. */
void burndown_print_line(FILE *out, const struct json *line, const char *currency);

#endif

/* arithmetic.h - the steps of a bill's line for people: "358,986 x 0.8 / 1,000,000 = 0.2871888"
 *
 * No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_ARITHMETIC_H
#define SERVER_CTL_ARITHMETIC_H

#include <stdio.h>

#include "schema/base/json.h"

/* One line of the stream for each of the line's "steps", indented; nothing without any. */
void arithmetic_show(FILE *out, const struct json *line);

#endif

/* circuit_print.h - routes that robots leave out, for people: since when, why, when they try again
 */
#ifndef SERVER_CTL_CIRCUIT_PRINT_H
#define SERVER_CTL_CIRCUIT_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

/* A row for each of "circuits" of a robot's health or of a vendor's; nothing when there is none. */
void circuit_print(FILE *out, const struct json *circuits, int64_t now_ms);

#endif

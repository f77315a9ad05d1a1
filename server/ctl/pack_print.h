/* pack_print.h - GET /vendors/{id}/pack for people, each part with its period and source
 *
 * No I/O but writing to the given stream, and what zone_open() reads.
 */
#ifndef SERVER_CTL_PACK_PRINT_H
#define SERVER_CTL_PACK_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

void pack_print(FILE *out, const struct json *pack);

#endif

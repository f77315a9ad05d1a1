/* contract_print.h - a contract of the server's for people
 *
 * No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_CONTRACT_PRINT_H
#define SERVER_CTL_CONTRACT_PRINT_H

#include <stdio.h>

#include "schema/base/json.h"

/* What GET /contracts/{id} answers: its facts, its versions, and what the one in force says, in
 * tables; what has none in its own words. */
void contract_print(FILE *out, const struct json *contract);

#endif

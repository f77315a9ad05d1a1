/* price_history.h - how the prices of a contract moved
 *
 * No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_PRICE_HISTORY_H
#define SERVER_CTL_PRICE_HISTORY_H

#include <stdio.h>

#include "schema/base/json.h"

/* Takes what GET /contracts/{id} answers. For each charge: what it cost from which day on, over all
 * versions and their amendments. Where that is one number, a bar, as long as columns for the
 * dearest of the charge. */
void price_history_print(FILE *out, const struct json *contract, int columns);

#endif

/* contract_diff.h - what one version of a contract says otherwise than another
 *
 * Entries of the document's lists go on from those of the same name, without names of the same
 * place. No I/O but writing to the given stream.
 */
#ifndef SERVER_CTL_CONTRACT_DIFF_H
#define SERVER_CTL_CONTRACT_DIFF_H

#include <stdio.h>

#include "schema/base/json.h"
#include "schema/base/status.h"

/* Of two versions as GET /contracts/{id} has them, a line for each side of each member that
 * differs, "charges/input/price"; or as one object of JSON. STATUS_MEMORY: nothing was printed. */
MUST_CHECK enum status contract_diff_print(FILE *out, const struct json *older,
                                           const struct json *newer, bool as_json);

#endif

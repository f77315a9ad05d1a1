/* imports.h - settles what robots could not know by the vendor's own usage file
 *
 * The file holds one JSON object a line, as the vendor's ledger writes them:
 *
 *     {"request_id": "<turn uuid>-<attempt>", "model": "m", "status": 200,
 *      "input": 120, "cached": 20, "output": 45, "reasoning": 0}
 *
 * input and output are gross: cached is a part of input, reasoning of output. Other members are
 * allowed and not looked at. Records of provenance vendor_final are compared to the token; all
 * others get a settlement that replaces their quantities and price, and the running sums move by
 * the difference. A request that no robot has recorded is listed: its record may still be on a
 * robot.
 */
#ifndef SERVER_STORE_IMPORTS_H
#define SERVER_STORE_IMPORTS_H

#include "schema/base/json.h"
#include "server/store/document.h"

#define IMPORTS_EXAMPLES 20 /* listed of the different and of the unknown */

/* One transaction, audited. *report is JSON in the arena: {"id","vendor","rows","equal","settled",
 * "different","unknown","examples":[{"request_id","problem"}]}. STATUS_EXISTS: this very file was
 * imported before; STATUS_NOT_FOUND: no such vendor; STATUS_INVALID: *problem names the line.
 * Besides those of store.h. */
MUST_CHECK enum status imports_settle(struct store *store, const struct author *author,
                                      const char *vendor_id, struct span file, struct arena *arena,
                                      struct span *report, struct json_problem *problem);

#endif

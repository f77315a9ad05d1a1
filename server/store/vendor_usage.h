/* vendor_usage.h - usage that a back office knows and robots do not, booked like robots' own
 *
 * Rows are those of a usage file (money/usage_row.h), each with the request_id of the vendor's: the
 * same row again is known and not booked twice, another one under its id is refused. They are rated
 * by the contract in force at their time, which must price what they tell and not lie in the future
 * (a contract that prices nothing gives everything for its fees); they count in its bill and in its
 * usage, and name a robot or none.
 */
#ifndef SERVER_STORE_VENDOR_USAGE_H
#define SERVER_STORE_VENDOR_USAGE_H

#include "schema/base/json.h"
#include "server/store/document.h"

#define VENDOR_USAGE_ROWS 5000

/* All rows or none, audited. contract_id NULL: the vendor's only one. *report is {"vendor",
 * "contract", "rows", "booked", "known", "price", "currency"}; price is of what was booked, exact.
 * STATUS_INVALID: *problem names the row and the reason; STATUS_EXISTS: likewise, of a request id
 * that was told otherwise before; STATUS_NOT_FOUND: no such vendor. */
MUST_CHECK enum status vendor_usage_book(struct store *store, const struct author *author,
                                         const char *vendor_id, const char *contract_id,
                                         const struct json *rows, struct arena *arena,
                                         struct span *report, struct json_problem *problem);

#endif

/* usage_row.h - one row of a usage file, as it is given offline or by a back office
 *
 *     {"at": "2026-01-15T12:00:00+08:00", "device": "desk-1", "model": "m",
 *      "metrics": {"output": 45, "requests": 1}}
 *
 * Optional: end, service_tier, provenance (not_sent makes no device active), amount (money that the
 * usage itself tells), replaces (the device whose licence this one takes over), gauge {name,
 * level}, elsewhere (true: used under another contract, which a commitment to a share counts), and
 * whatever else a usage record has, which rating does not need. Quantities are whole numbers, texts
 * of up to 12 places, or JSON fractions of up to 15 digits. No I/O; thread-safe.
 */
#ifndef SERVER_MONEY_USAGE_ROW_H
#define SERVER_MONEY_USAGE_ROW_H

#include "schema/base/json.h"
#include "server/money/tally.h"

/* Texts are borrowed from json. STATUS_INVALID: problem names the member and the reason. */
MUST_CHECK enum status usage_row_read(const struct json *json, struct tally_usage *out,
                                      struct json_problem *problem);

#endif

/* profile.h - a file that says what one robot uses, for what-if
 *
 *     {"per": "month", "models": {"dahan-chat": {"input_uncached": 1500000, "output": 500000}}}
 *
 * or, where the hour, the service tier or money told by the usage itself matter:
 *
 *     {"per": "day", "usage": [{"model": "m", "at": "20:30", "service_tier": "batch",
 *                               "metrics": {"output": "1200.5", "requests": 12}, "amount":
 * "0.30"}]}
 *
 * per is day, week, month, quarter or year. Quantities are those of one robot in one such period,
 * whole numbers or texts with up to 12 places. All of a row happens at its hour, noon by default;
 * with requests above 1, each request has an equal part of it (for prices by a request's length).
 */
#ifndef SERVER_MONEY_PROFILE_H
#define SERVER_MONEY_PROFILE_H

#include "schema/base/json.h"
#include "server/money/whatif.h"

#define PROFILE_ROWS 256

/* Texts and rows live in the arena. STATUS_INVALID: *problem names the member and the reason;
 * STATUS_MEMORY: the arena is full. */
MUST_CHECK enum status profile_read(const struct json *document, struct arena *arena,
                                    struct whatif_profile *out, struct json_problem *problem);

#endif

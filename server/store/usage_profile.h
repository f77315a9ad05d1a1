/* usage_profile.h - what one robot uses on a day, measured: for what-if */
#ifndef SERVER_STORE_USAGE_PROFILE_H
#define SERVER_STORE_USAGE_PROFILE_H

#include "server/store/store.h"

/* Over the last so many days, today with them: {"from", "to", "days", "devices", "device_days",
 * "profile": {"per": "day", "models": {MODEL: {METRIC: "mean"}}}}. A mean is the sum over all
 * robots, settled where a vendor's file has settled it, by the device-days: pairs of a robot and a
 * local day on which it sent a request; six places, half up. Quantities of 0 are left out. */
MUST_CHECK enum status usage_profile_read(struct store *store, int64_t days, struct arena *arena,
                                          struct span *json);

#endif

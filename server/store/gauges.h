/* gauges.h - what metrics tell of money and vendors
 *
 * A reader alerts on it without asking the API: how far each cap and budget is used, and how the
 * vendors answered lately. A robot's own budgets are left out: there may be as many as robots.
 */
#ifndef SERVER_STORE_GAUGES_H
#define SERVER_STORE_GAUGES_H

#include "server/store/store.h"

/* {"pools": [{"source", "unit", "limit", "spent", "held"}], "vendors": [{"vendor", "attempts",
 * "failed"}], "owed": {"config", "state", "command"}}, in the arena; amounts are texts, what is
 * owed is seconds since it was due. Attempts are those since the hour before this one began. */
MUST_CHECK enum status gauges_read(struct store *store, struct arena *arena, struct span *json);

#endif

/* refusals.h - messages that the database would not have, as alerts that end by themselves
 *
 * One alert per robot and kind of message, whose cause is gone when a message of that kind comes in
 * from that robot. Only while there is such an alert, of any instance, does storing cost a look:
 * whether there is one is asked every REFUSALS_LOOK_MS. One owner thread.
 */
#ifndef SERVER_BUS_REFUSALS_H
#define SERVER_BUS_REFUSALS_H

#include "server/bus/intake.h"
#include "server/store/store.h"

#define REFUSALS_LOOK_MS 5000

/* Fields are private; zeros but for the store at first. */
struct refusals {
    struct store *store;
    bool is_current;     /* as far as is known */
    int64_t look_due_ms; /* CLOCK_MONOTONIC */
};

/* Alerts. problem: what the database said. Resets the arena. */
MUST_CHECK enum status refusals_raise(struct refusals *refusals, struct arena *arena,
                                      const struct intake_item *item, const char *problem);

/* These are in the database: what was refused of their kind before is over. Resets the arena. */
MUST_CHECK enum status refusals_end(struct refusals *refusals, struct arena *arena,
                                    const struct intake_item *items, size_t count, int64_t now_ms);

#endif

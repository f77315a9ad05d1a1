/* reasons.h - what is known of one device's configuration at one instant: who said what
 *
 * One statement, so that everything in it is of one snapshot.
 */
#ifndef SERVER_STORE_REASONS_H
#define SERVER_STORE_REASONS_H

#include "server/fleet/why.h"
#include "server/store/store.h"

/* All is in the arena. Plain data. */
struct reasons {
    struct span
        json; /* an object: device, as_of, generation, settings, routes, software, rollout */
    struct why_facts facts; /* all but window_opens, which the plan says */
    struct span plan;       /* JSON of the rollout's; empty: no rollout */
    struct span calendar;   /* JSON: the blackouts that hold for every rollout */
    const char *zone; /* by which the device lives, as the view device_zone says it; "": none */
    bool is_switch;   /* the rollout changes routes, or a vendor's key */
};

/* defaults: JSON array of {"name","value"} for settings that no layer sets. name: only this
 * setting; NULL: all. STATUS_NOT_FOUND: no such device. */
MUST_CHECK enum status reasons_read(struct store *store, const char *device_id, const char *name,
                                    struct span defaults, struct arena *arena, struct reasons *out);

#endif

/* drains.h - leads robots away from a vendor at once, and back
 *
 * While a drain is active the vendor's routes are out of the effective routes of the robots that it
 * is about, wherever another usable route of the same use remains; a robot without one keeps the
 * vendor (the view myna.effective_setting). An emergency and a maintenance window are about every
 * robot, also one that comes later; a drill is about the robots that were chosen when it began.
 * There is no trial: robots that a rollout has opened and that have not confirmed wait for it
 * again.
 *
 * planned -> active -> returning -> ended; a planned window may be cancelled, or missed when no
 * server ran in it. Each step is one transaction under the drain's own row lock with its audit row
 * (I7), so any instance may take it, once. Times are arguments. Besides the statuses named, all
 * those of store.h.
 */
#ifndef SERVER_STORE_DRAINS_H
#define SERVER_STORE_DRAINS_H

#include "server/store/document.h"

#define DRAINS_SETTLE_MS 600000 /* how long robots are waited for on their way back */

/* Texts are borrowed. */
struct drains_order {
    const char *vendor_id;
    const char *kind;  /* "emergency", "maintenance", "drill" */
    const char *share; /* of a drill: "0.01"; else NULL */
    const char *reason;
    int64_t from_ms;      /* later than now: it is planned */
    int64_t until_ms;     /* returns by itself then; 0: never */
    struct span capacity; /* drains_room.h; empty: not known */
    int64_t now_ms;
};

/* Leads them away now, or plans it. The document is the drain. STATUS_NOT_FOUND: no such vendor;
 * STATUS_EXISTS: it is drained like this already, or has another window then; STATUS_CONFLICT: a
 * drill found no robot with another route. */
MUST_CHECK enum status drains_start(struct store *store, const struct author *author,
                                    const struct drains_order *order, struct arena *arena,
                                    struct document *out);

/* Gives the vendor back: ends all that is active of it. The document is {"vendor", "returned": [ids
 * of drains]}. STATUS_NOT_FOUND; STATUS_CONFLICT: nothing is. */
MUST_CHECK enum status drains_return(struct store *store, const struct author *author,
                                     const char *vendor_id, int64_t now_ms, struct arena *arena,
                                     struct document *out);

/* A planned window; one that has begun is ended by drains_return(). STATUS_NOT_FOUND,
 * STATUS_CONFLICT: it is not planned any more. */
MUST_CHECK enum status drains_cancel(struct store *store, const struct author *author,
                                     const char *vendor_id, int64_t drain_id, struct arena *arena,
                                     struct document *out);

/* Newest first, at most limit; kind NULL: of all. STATUS_NOT_FOUND: no such vendor. */
MUST_CHECK enum status drains_list(struct store *store, const char *vendor_id, const char *kind,
                                   int64_t after, int64_t limit, struct arena *arena,
                                   struct span *json);

/* One with its capacity as it was when it began and its report as it is. STATUS_NOT_FOUND. */
MUST_CHECK enum status drains_get(struct store *store, const char *vendor_id, int64_t drain_id,
                                  struct arena *arena, struct document *out);

/* What is due: windows that begin, drains whose time is over, robots that have moved, reports that
 * are final. Any instance may. */
MUST_CHECK enum status drains_tick(struct store *store, struct arena *arena, int64_t now_ms);

#endif

/* thresholds.h - how thresholds stand, what they are judged by, and what they hold robots to
 *
 * Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_THRESHOLDS_H
#define SERVER_STORE_THRESHOLDS_H

#include "server/fleet/threshold.h"
#include "server/money/course.h"
#include "server/money/saturation.h"
#include "server/store/document.h"

/* ---- what they are judged by ---- */

/* By day, from that day on. */
MUST_CHECK enum status thresholds_read_days(struct store_conn *conn, struct arena *arena,
                                            const char *contract_id, int64_t first_day,
                                            struct course_usage **rows, size_t *count);

/* Of all contracts together, each by its own local days; rows without a model. */
MUST_CHECK enum status thresholds_read_all_days(struct store_conn *conn, struct arena *arena,
                                                int64_t first_day, struct course_usage **rows,
                                                size_t *count);

/* What came in during the last so many seconds, all metrics. */
MUST_CHECK enum status thresholds_read_recent(struct store_conn *conn, struct arena *arena,
                                              const char *contract_id, int64_t seconds,
                                              struct course_usage **rows, size_t *count);

/* Active devices of one counter of the terms (tally.h), by day from that day on: quantities[0] of
 * rows without a model. */
MUST_CHECK enum status thresholds_read_devices(struct store_conn *conn, struct arena *arena,
                                               const char *contract_id, int64_t version,
                                               int64_t counter, int64_t first_day,
                                               struct course_usage **rows, size_t *count);

/* The points of a budget or hard cap for which nobody wrote any: JSON. */
#define THRESHOLDS_USUAL                                                                           \
    "[{\"at\": \"80%\", \"do\": [\"alert\"]}, {\"at\": \"100%\", \"do\": [\"alert\"]}]"

/* Robots that these counters ("version:place") saw in those days: how many, how many of them on one
 * day and on two, and how many first on recent_day or later, but not on the first of all. */
MUST_CHECK enum status thresholds_read_arrivals(struct store_conn *conn, const char *contract_id,
                                                const char *const *counters, size_t count,
                                                const struct period_range *days, int64_t recent_day,
                                                struct saturation *out);

/* Running accounts of budgets and of contracts' hard caps in their present periods. Plain data;
 * texts are in the arena. */
struct thresholds_pool {
    const char *source; /* "budget:b1", "cap:dahan-2026:requests" */
    const char *scope;
    const char *subject;
    const char *unit;
    struct decimal limit;
    struct decimal spent;
    int64_t from_ms;
    int64_t to_ms;
    struct span rules; /* JSON: the budget's thresholds; THRESHOLDS_USUAL of a cap */
};
MUST_CHECK enum status thresholds_read_pools(struct store_conn *conn, struct arena *arena,
                                             struct thresholds_pool **rows, size_t *count);

/* Ids of all contracts. */
MUST_CHECK enum status thresholds_read_contracts(struct store_conn *conn, struct arena *arena,
                                                 const char ***ids, size_t *count);

/* ---- how they stand ---- */

/* Plain data; texts are in the arena. */
struct thresholds_row {
    int64_t threshold_id;
    const char *source;
    const char *subject; /* of its alert: "contract/dahan-2026/spend-80" */
    struct threshold threshold;
    bool has_fired_limit;
    struct decimal fired_limit;
    int64_t revision;
};

/* What a threshold is; texts are borrowed. */
struct thresholds_entry {
    const char *source;
    const char *scope;   /* whose robots its actions reach */
    const char *subject; /* "" for the fleet */
    struct span rule;    /* JSON, for people */
    int64_t period_from_ms;
};

/* The row, made when there is none. */
MUST_CHECK enum status thresholds_find(struct store_conn *conn, struct arena *arena,
                                       const struct thresholds_entry *entry,
                                       struct thresholds_row *out);

/* What was seen, for people, and the rule as it reads now; written when it differs. */
MUST_CHECK enum status thresholds_note(struct store_conn *conn, int64_t threshold_id,
                                       struct span rule, struct span seen);

/* Moves a row on if nobody else did since it was read: STATUS_STALE. fired_limit: NULL unless it
 * has just fired. */
MUST_CHECK enum status thresholds_move(struct store_conn *conn, const struct thresholds_row *row,
                                       const struct threshold *to,
                                       const struct decimal *fired_limit);

/* A setting that robots are held to, or (name NULL) what becomes of their routes. */
struct thresholds_action {
    const char *name;
    const char *value; /* JSON */
    int64_t strictness;
    const char *match;        /* JSON: of the routes that hold all of this; "{}": of all */
    const char *fall_back_to; /* the contract preferred to them; NULL: none */
    const char *model;        /* NULL: as they are */
};
/* Holds them to it from their next generation on, which they are given. *devices: how many. */
MUST_CHECK enum status thresholds_enforce(struct store_conn *conn, int64_t threshold_id,
                                          const struct thresholds_action *actions, size_t count,
                                          int64_t *devices);

/* Lets them go again; nothing when they were not held. */
MUST_CHECK enum status thresholds_lift(struct store_conn *conn, int64_t threshold_id);

/* "threshold.fire", "threshold.lift" by mynad. */
MUST_CHECK enum status thresholds_audit(struct store_conn *conn, const char *action,
                                        const char *source, struct span after);

/* Thresholds that nobody writes any more: lifted, their alerts cleared, forgotten. kept: the
 * sources of all that there are. */
MUST_CHECK enum status thresholds_forget(struct store *store, struct arena *arena,
                                         const char *const *kept, size_t count);

/* ---- the API ---- */

/* source: "budget:evening", "contract:dahan-2026": its own alone; state: those that are; NULL: all.
 */
MUST_CHECK enum status thresholds_list(struct store *store, const char *source, const char *state,
                                       struct arena *arena, struct span *json);

/* By hand: its actions end and its alert is cleared; it stays quiet until a new period or a raised
 * limit. Audited. STATUS_NOT_FOUND; STATUS_CONFLICT: it has not fired. */
MUST_CHECK enum status thresholds_reset(struct store *store, const struct author *author,
                                        int64_t threshold_id, struct arena *arena,
                                        struct span *json);

#endif

/* budgets.h - our own caps: myna.budget
 *
 * Each change, its audit row and what it does to pools and robots' lines are one transaction.
 * Besides the statuses named, those of store.h and document.h.
 */
#ifndef SERVER_STORE_BUDGETS_H
#define SERVER_STORE_BUDGETS_H

#include "server/store/document.h"

/* A NULL text of a change leaves what was. */
struct budgets_terms {
    const char *budget_id;
    const char *scope;    /* "fleet", "group", "device", "vendor", "contract" */
    const char *subject;  /* "" for the fleet */
    const char *metric;   /* "output", "input+output", "spend" */
    const char *currency; /* of spend, else NULL */
    const char *at_most;  /* a decimal */
    const char *per;
    const char *zone;
    struct span models; /* JSON array of names; empty: all */
    int64_t hard;       /* 0, 1; -1: as it was */
    const char *note;
    struct span thresholds; /* JSON list that contract_budget_thresholds_read() takes; empty: as
                               they were, or the usual alerts at 80 and 100 % */
};

MUST_CHECK enum status budgets_list(struct store *store, const char *after, int64_t limit,
                                    struct arena *arena, struct span *json);
MUST_CHECK enum status budgets_get(struct store *store, const char *budget_id, struct arena *arena,
                                   struct document *out);

/* What is made or changed is answered as budgets_get() does, with "warnings": a list of sentences,
 * when robots can hardly answer within it (room.h). */

/* STATUS_NOT_FOUND: the subject; STATUS_EXISTS: the id is taken; STATUS_DENIED: robots could not
 * keep within it, STATUS_INVALID: no contract that it covers is in its currency, and reason says
 * why. */
MUST_CHECK enum status budgets_create(struct store *store, const struct author *author,
                                      const struct budgets_terms *terms, struct arena *arena,
                                      struct document *out, char reason[160]);

/* Changes at_most, hard, note and thresholds. if_version -1: any. */
MUST_CHECK enum status budgets_update(struct store *store, const struct author *author,
                                      int64_t if_version, const struct budgets_terms *terms,
                                      struct arena *arena, struct document *out, char reason[160]);

MUST_CHECK enum status budgets_delete(struct store *store, const struct author *author,
                                      const char *budget_id, int64_t if_version,
                                      struct arena *arena);

/* A device's plan, as a shop sells it: its budget "plan-<device>", made or changed. */
MUST_CHECK enum status budgets_put_plan(struct store *store, const struct author *author,
                                        const struct budgets_terms *terms, struct arena *arena,
                                        struct document *out, char reason[160]);

/* Books as spent what a lost robot has out (design section 4), in all its journals. The answer:
 * {"device","charged":[{"unit","amount"}]}; amounts in the unit, money in its currency. */
MUST_CHECK enum status budgets_write_off(struct store *store, const struct author *author,
                                         const char *device_id, struct arena *arena,
                                         struct span *json);

#endif

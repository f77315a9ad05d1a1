/* statements.h - the months of a contract's bill (bills.h), locked for finance */
#ifndef SERVER_STORE_STATEMENTS_H
#define SERVER_STORE_STATEMENTS_H

#include "server/store/document.h"

#define STATEMENTS_GROUPS 64

/* Who bears what no robot's use caused: fees, shortfalls and the rest. Charges for what was counted
 * are shared by the price of what each group's robots used. */
enum statements_rule {
    STATEMENTS_BY_DEVICES, /* robots that asked something in the month */
    STATEMENTS_BY_USAGE,
    STATEMENTS_EVEN,
};
#define STATEMENTS_RULES "devices|usage|even"

/* Texts are borrowed. Plain data. */
struct statements_order {
    const char *contract_id;
    int64_t month; /* a day of it */
    int64_t now_ms;
    enum statements_rule rule;
    const char *const *groups; /* a robot in several belongs to the first; NULL: all, by id */
    size_t group_count;
    bool dry_run; /* everything but the lock: what would stand in it */
};

/* Locks the month, audited. Months before that changed since they were locked are corrected in it.
 * *problem is told for STATUS_STALE: it has not ended, its grace runs, or it is not the month after
 * the last locked one; of a first one, that something is billed before it, or nothing in it.
 * STATUS_EXISTS: is locked; STATUS_NOT_FOUND: no such contract; STATUS_INVALID: a group that is not
 * there. */
MUST_CHECK enum status statements_lock(struct store *store, const struct author *author,
                                       const struct statements_order *order, struct arena *arena,
                                       struct span *json, const char **problem);

/* {"items", "next"} and what open_months.h tells; items are the locked ones, newest first.
 * STATUS_NOT_FOUND: no such contract. */
MUST_CHECK enum status statements_list(struct store *store, const char *contract_id, int64_t now_ms,
                                       struct arena *arena, struct span *json);

/* month: "2026-11". As JSON, as CSV of the lines, or as CSV of who bears what. STATUS_NOT_FOUND. */
enum statements_format { STATEMENTS_JSON, STATEMENTS_LINES_CSV, STATEMENTS_ALLOCATION_CSV };
MUST_CHECK enum status statements_get(struct store *store, const char *contract_id,
                                      const char *month, enum statements_format format,
                                      struct arena *arena, struct span *out);

#endif

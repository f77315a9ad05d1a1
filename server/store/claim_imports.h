/* claim_imports.h - claims for a whole list of serial numbers, all or none */
#ifndef SERVER_STORE_CLAIM_IMPORTS_H
#define SERVER_STORE_CLAIM_IMPORTS_H

#include "server/store/document.h"

struct claim_imports_order {
    /* [{"line", "serial", "group": text or null, "labels": {name: text}, "hash": of the code, in
     * hex}]; each serial number once, of 1 to 64 bytes */
    struct span rows;
    int64_t expires_in_s;
    bool replace; /* unused claims of the same serial numbers end */
};

enum claim_imports_cause {
    CLAIM_IMPORTS_NO_GROUP, /* there is no such group */
    CLAIM_IMPORTS_FILTERED, /* its members are chosen by a filter */
    CLAIM_IMPORTS_WAITS,    /* an unused claim of this serial number lives, and replace is false */
};
/* What speaks against a line. Plain data. */
struct claim_imports_fault {
    int64_t line;
    enum claim_imports_cause cause;
    int64_t claim_id; /* that waits */
};
struct claim_imports_faults {
    struct claim_imports_fault items[20]; /* the first ones, by line */
    size_t count;
};

/* Makes a claim for one robot of each row, in one transaction with the one audit row, and gives
 * {"expires_at", "replaced": how many ended, "ids": {serial: claim}}. STATUS_INVALID: nothing was
 * made, and faults says why. */
MUST_CHECK enum status claim_imports_make(struct store *store, const struct author *author,
                                          const struct claim_imports_order *order,
                                          struct arena *arena, struct document *out,
                                          struct claim_imports_faults *faults);

#endif

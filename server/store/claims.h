/* claims.h - codes that let robots enrol, and enrolment itself */
#ifndef SERVER_STORE_CLAIMS_H
#define SERVER_STORE_CLAIMS_H

#include "server/store/document.h"
#include "server/store/newcomers.h"

struct claims_order {
    struct span code_hash;
    const char *serial; /* NULL: any */
    const char *group;  /* NULL: none */
    int64_t uses;
    int64_t expires_in_s;
};
/* Gives the claim without its code. STATUS_CONFLICT: no such group; STATUS_NOT_FOUND: its
 * members are chosen by a filter. */
MUST_CHECK enum status claims_create(struct store *store, const struct author *author,
                                     const struct claims_order *order, struct arena *arena,
                                     struct document *out);

/* Newest first; after 0: from the start. */
MUST_CHECK enum status claims_list(struct store *store, int64_t after, int64_t limit,
                                   struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND. Again is harmless. */
MUST_CHECK enum status claims_withdraw(struct store *store, const struct author *author,
                                       int64_t claim_id, struct arena *arena);

/* Whether a claim of this hash lives: not withdrawn, not expired (used up or not, for an answer may
 * have been lost). STATUS_NOT_FOUND. Asked first, for what follows costs much work. */
MUST_CHECK enum status claims_find(struct store *store, struct span code_hash);

/* A robot that shows a claim, with everything already verified that needs no database. */
struct claims_enrolment {
    struct span code_hash;
    struct newcomer newcomer;
};

enum claims_verdict {
    CLAIMS_ENROLLED, /* the device exists now */
    CLAIMS_REPEATED, /* it enrolled before with this claim and key: its answer was lost */
    CLAIMS_REFUSED,  /* unknown, used up, expired, withdrawn, or for another serial number */
    CLAIMS_TAKEN,    /* the device id belongs to another key */
};
/* Uses the claim and makes device and link, in one transaction with the audit row. */
MUST_CHECK enum status claims_enrol(struct store *store, const struct claims_enrolment *enrolment,
                                    enum claims_verdict *verdict, int64_t *epoch);

#endif

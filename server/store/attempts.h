/* attempts.h - records of usage one by one, newest first, for people; sums are in usage_sums.h */
#ifndef SERVER_STORE_ATTEMPTS_H
#define SERVER_STORE_ATTEMPTS_H

#include "server/store/store.h"

/* A device's attempts in the order in which they arrived. after: NULL or the next of the page
 * before. STATUS_NOT_FOUND: no such device. */
MUST_CHECK enum status attempts_of_device(struct store *store, const char *device_id,
                                          const char *after, int64_t limit, struct arena *arena,
                                          struct span *json);

/* Which of all attempts; NULL: any. Plain data, texts borrowed. */
struct attempts_order {
    const char *vendor, *model, *contract, *group, *device;
    const char *provenance, *outcome; /* as schema/wire/message.h names them */
    const char *error_classes;        /* of these, with commas in between */
    const char *currency;
    const char *counted;       /* "health" or "pack": what a vendor's page or pack counts */
    bool answered;             /* only those that had a first token */
    bool uncertain;            /* only those that no vendor has told for certain, nor settled */
    const char *from, *to;     /* days, both inclusive */
    const char *since, *until; /* times, the last not meant; beside days or instead of them */
    const char *zone;          /* of the days; NULL: each contract's own */
    const char *role;          /* whose groups and vendors bound it */
};

/* A page of them in the order in which they began. No page looks at more than 20,000 records:
 * "next" leads on from where it ended, also when the page is short or empty, and "looked_to" tells
 * how far back that was. STATUS_INVALID: after is no next. STATUS_NOT_FOUND: no such zone. */
MUST_CHECK enum status attempts_list(struct store *store, const struct attempts_order *order,
                                     const char *after, int64_t limit, struct arena *arena,
                                     struct span *json);

#endif

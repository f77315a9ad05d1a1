/* transfers.h - robots on their way to another owner
 *
 * An operator asks; the robot, as soon as it is connected, asks whoever has it, and forgets when
 * that one agrees (schema/wire/transfer.h). Only then, and only for a proof that fits the
 * certificate that it was issued, the robot has its new name, labels and group here, and what was
 * left of its old owner is gone. Each step has its audit row. Besides the statuses named, all those
 * of store.h.
 */
#ifndef SERVER_STORE_TRANSFERS_H
#define SERVER_STORE_TRANSFERS_H

#include "server/store/document.h"

struct transfers_order {
    const char *device_id;
    const char *name;   /* with the new owner; "": none */
    struct span labels; /* likewise: a JSON object of texts */
    const char *group;  /* with members put in by hand; NULL: none */
    int64_t expires_in_s;
};

/* STATUS_NOT_FOUND: no such robot; STATUS_DENIED: it is not in use; STATUS_EXISTS: one waits. */
MUST_CHECK enum status transfers_ask(struct store *store, const struct author *author,
                                     const struct transfers_order *order, struct arena *arena,
                                     struct span *json);

/* The last 50, newest first. */
MUST_CHECK enum status transfers_list(struct store *store, const char *device_id,
                                      struct arena *arena, struct span *json);

/* STATUS_NOT_FOUND: none waits. A robot that asks its owner already goes on asking; what it answers
 * changes nothing here. */
MUST_CHECK enum status transfers_withdraw(struct store *store, const struct author *author,
                                          const char *device_id);

/* Ends those that were answered, or cannot be any more; who declined, and what failed, is told by
 * an alert. Any instance may. */
MUST_CHECK enum status transfers_settle(struct store *store);

#endif

/* rollout_members.h - a rollout's devices: opened, confirmed, failed, taken back
 *
 * Inside the transaction that holds the rollout's lock (rollout_steps.h). A device that is opened
 * sees the patch as part of the rollout's layer; opening and closing raise its generation and are
 * audited. Besides the statuses named, all those of store.h.
 */
#ifndef SERVER_STORE_ROLLOUT_MEMBERS_H
#define SERVER_STORE_ROLLOUT_MEMBERS_H

#include "server/store/rollout_steps.h"

#define ROLLOUT_MEMBERS_BATCH 2000 /* devices of one transaction */

/* Before any of the others that open devices: no drain begins or ends until the transaction does,
 * so that none is opened for a trial which a drain would have kept it from; and the vendor whose
 * next key it gives stays as it is (rollout_key_hold()). */
MUST_CHECK enum status rollout_members_hold(struct store_conn *conn,
                                            const struct rollout_steps_row *row);

/* The distances from UTC that devices which wait in the waves so far have, as the view device_zone
 * says it; "" for none. At most max. */
MUST_CHECK enum status rollout_members_zones(struct store_conn *conn, struct arena *arena,
                                             const struct rollout_steps_row *row,
                                             const char **zones, size_t max, size_t *count);

/* Opens up to limit devices that wait in the waves so far, but for those that a drain keeps from
 * it (the view rollout_drained), in their order; zones NULL: whatever
 * theirs is. */
struct rollout_members_choice {
    const char *const *zones;
    size_t zone_count;
    int64_t limit;
};
MUST_CHECK enum status rollout_members_open(struct store_conn *conn, struct arena *arena,
                                            struct rollout_steps_row *row,
                                            const struct rollout_members_choice *choice,
                                            int64_t now_ms, int64_t *opened);
/* Whoever came to the layer since joins the present wave; whoever left it is a member no more, and
 * has the key and the software that it had before. */
MUST_CHECK enum status rollout_members_join(struct store_conn *conn, struct arena *arena,
                                            const struct rollout_steps_row *row, int64_t now_ms);

/* Notes who runs what was opened, or what was taken back. *settled: how many. */
MUST_CHECK enum status rollout_members_confirm(struct store_conn *conn,
                                               const struct rollout_steps_row *row, int64_t now_ms,
                                               int64_t *settled);

/* Notes failures and who is out of reach: failed trials at once, and, when by_time, those that did
 * not answer in time. What failed goes back; when may_retry, it waits then to be opened again, as
 * often as the plan says. */
MUST_CHECK enum status rollout_members_fail(struct store_conn *conn, struct arena *arena,
                                            const struct rollout_steps_row *row, bool by_time,
                                            bool may_retry, int64_t now_ms, int64_t *settled);

/* Those that failed, of this wave and those before it, wait to be opened again. *count 0: none
 * did. */
MUST_CHECK enum status rollout_members_retry(struct store_conn *conn,
                                             const struct rollout_steps_row *row, int64_t *count);

/* Takes the patch from up to limit devices, the last opened first. */
MUST_CHECK enum status rollout_members_take_back(struct store_conn *conn, struct arena *arena,
                                                 const struct rollout_steps_row *row, int64_t limit,
                                                 int64_t now_ms, int64_t *count);

/* Closed ones that are online and not yet heard with what they had before, until deadline_s after.
 */
MUST_CHECK enum status rollout_members_going_back(struct store_conn *conn,
                                                  const struct rollout_steps_row *row,
                                                  int64_t now_ms, int64_t *out);

#endif

/* rollout_key.h - what a rollout of a vendor's next key does to the keys that robots hold
 *
 * Inside the driver's transaction, with the rollout's row locked (rollout_steps.h). Of a rollout
 * that carries something else every function does nothing. The lock of the vendor's row comes
 * behind that of the rollout and before those of devices. Besides the statuses named, all those of
 * store.h.
 */
#ifndef SERVER_STORE_ROLLOUT_KEY_H
#define SERVER_STORE_ROLLOUT_KEY_H

#include "server/store/rollout_steps.h"

/* Before its members are fixed, or robots opened or closed: keeps the vendor as it is.
 * STATUS_NOT_FOUND: the key that it was made for is not its next key any more, or shares of robots
 * have that already. */
MUST_CHECK enum status rollout_key_hold(struct store_conn *conn,
                                        const struct rollout_steps_row *row);

/* These were opened, by their present generation. */
MUST_CHECK enum status rollout_key_give(struct store_conn *conn,
                                        const struct rollout_steps_row *row, const char *const *ids,
                                        size_t count);

/* These were closed: failed ones hold the old key from their present generation on, others are as
 * if they had never been asked. Whoever had the next key before this rollout has it in any case. */
MUST_CHECK enum status rollout_key_take(struct store_conn *conn,
                                        const struct rollout_steps_row *row, const char *const *ids,
                                        size_t count, bool has_failed);

/* It is completed: whoever it reaches has the next key, but for those that failed; of a rollout of
 * the fleet whoever comes later too. To be followed by a new generation for all that it did not
 * confirm, and then by rollout_key_note(). */
MUST_CHECK enum status rollout_key_cover(struct store_conn *conn,
                                         const struct rollout_steps_row *row);
MUST_CHECK enum status rollout_key_note(struct store_conn *conn,
                                        const struct rollout_steps_row *row);

#endif

/* handover.h - a robot that is handed to another owner: what it remembers of it, and its proof
 *
 * Whoever has the robot agrees at it (consent.h); then it forgets what was talked about, and signs
 * that it did by its certificate's key. That it did is on disk before the server hears of it, so
 * that a robot that restarts meanwhile answers again instead of asking the new owner once more.
 */
#ifndef AGENT_HANDOVER_H
#define AGENT_HANDOVER_H

#include <pthread.h>

#include "schema/base/buffer.h"
#include "schema/wire/transfer.h"

/* Fields are private. Thread-safe. */
struct handover {
    pthread_mutex_t lock;
    bool forgets;                 /* the wipe of this one is under way */
    uint8_t id[TRANSFER_ID_SIZE]; /* of that, else of the last one */
    bool is_done;                 /* that one is */
};

void handover_init(struct handover *handover);
/* Reads which one was done last, from the state folder. */
void handover_recall(struct handover *handover, const char *state_dir);
void handover_release(struct handover *handover);

/* Somebody agreed. */
void handover_begin(struct handover *handover, const uint8_t id[TRANSFER_ID_SIZE]);

/* True, once: it is this one whose wipe ended. is_wiped: nothing is left. STATUS_IO in *status: it
 * cannot be remembered, and counts as not done. */
bool handover_end(struct handover *handover, const char *state_dir,
                  const uint8_t id[TRANSFER_ID_SIZE], bool is_wiped, enum status *status);

/* Whether this one is done already. */
bool handover_is_done(struct handover *handover, const uint8_t id[TRANSFER_ID_SIZE]);

/* {"certificate", "signature"} into out, by what is in the state folder now. */
MUST_CHECK enum status handover_prove(const char *state_dir, const char *device_id,
                                      const uint8_t id[TRANSFER_ID_SIZE], struct buffer *out);

#endif

/* gather.h - messages become batches: one is filled while another is committed
 *
 * Two lists of messages and two threads: the reader fills one, the committer has the other, and
 * they change places when the committer is done. So opening and decoding what came costs no time
 * while the database works, and a busy database gets fuller batches.
 */
#ifndef SERVER_BUS_GATHER_H
#define SERVER_BUS_GATHER_H

#include "server/bus/intake.h"

#define GATHER_ITEMS   2000
#define GATHER_RECORDS 2000 /* a list that has so many is full; its last message may go beyond */

struct gather;

/* Plain data. */
struct gather_list {
    struct arena *arena; /* what the messages say: kept over the tries of their batch */
    struct intake_item items[GATHER_ITEMS];
    size_t count;
};

/* linger_ms: how long a list waits for more after its first message. The caller owns *out. */
MUST_CHECK enum status gather_create(struct gather **out, size_t arena_bytes, int64_t linger_ms);

/* Both threads have ended. NULL is allowed. */
void gather_free(struct gather *gather);

/* The reader's: where the next message goes, and the arena of what it says. Waits while the list is
 * full and the committer busy; NULL: closed. Each is followed by gather_end(). */
struct intake_item *gather_begin(struct gather *gather, struct arena **arena);

/* keep: the item was filled; otherwise its place is the next message's. */
void gather_end(struct gather *gather, bool keep);

/* The committer's: the next list, full or after its time, never empty; borrowed until the next
 * call, which gives it back. NULL: nothing came within wait_ms, or closed. */
const struct gather_list *gather_take(struct gather *gather, int64_t wait_ms);

/* Wakes both; what was gathered is forgotten. */
void gather_close(struct gather *gather);

#endif

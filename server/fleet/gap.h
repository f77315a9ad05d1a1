/* gap.h - records that nobody holds any more, counted by what their journal adds up to (I1)
 *
 * A restored database may lack records that their device has dropped from its ring. The device
 * knows what all that it dropped adds up to, the server what it has counted up to its watermark:
 * the difference is what was lost, to be booked once, as one adjustment. Pure rules: no I/O.
 */
#ifndef SERVER_FLEET_GAP_H
#define SERVER_FLEET_GAP_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/wire/measure.h"

/* The token classes in the order of schema/wire/measure.h; requests are the last. */
#define GAP_CLASSES LIMIT_WEIGHTS

/* More of one class than any record of a robot stands for, one that sums up an hour of a busy one
 * included: what is beyond was made up, or damaged. */
#define GAP_MOST_OF_A_RECORD UINT64_C(1000000000)

/* What the first records of a journal add up to. Plain data. */
struct gap_totals {
    bool is_known; /* false: one of them could not be read, or nobody kept their sums */
    uint64_t classes[GAP_CLASSES];
};

/* Adds one record. A sum that does not fit any more is not known. */
void gap_add(struct gap_totals *totals, const uint64_t quantities[GAP_CLASSES]);

/* Records behind counted_seq and up to lost_seq are lost. Borrowed. */
struct gap_claim {
    uint64_t counted_seq;             /* the watermark */
    uint64_t lost_seq;                /* what the device dropped last */
    const struct gap_totals *counted; /* up to the watermark */
    const struct gap_totals *told;    /* up to lost_seq, by the device */
    uint64_t in_parent; /* so many of the first records the parent journal may have brought too */
};

enum gap_verdict {
    GAP_MEASURED,
    GAP_UNKNOWN,  /* one of the two sums is not known */
    GAP_IN_DOUBT, /* some of what is lost may have been counted in the parent journal */
    GAP_NONSENSE, /* less than was counted, or more than so many records can have used */
};

/* lost: what the records in between add up to, for GAP_MEASURED alone. */
enum gap_verdict gap_judge(const struct gap_claim *claim, uint64_t lost[GAP_CLASSES]);

/* How many of a child journal's first records stand in its parent up to adjusted_seq, so that an
 * adjustment there may have counted them: they have no records to be recognised by. refiled: how
 * many the child filed again, behind parent_seq. */
uint64_t gap_covered(uint64_t refiled, uint64_t parent_seq, uint64_t adjusted_seq);

#endif

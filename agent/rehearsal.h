/* rehearsal.h - a text is spoken to nobody: would voice and mouth do their part?
 *
 * Starts a voice program of its own, whose sound goes nowhere, and follows its marks with a mouth
 * that nobody sees. The robot's own voice and face go on meanwhile. A program that asks a vendor
 * (agent/voice/PROTOCOL.md) may ask once, for a single clause.
 */
#ifndef AGENT_REHEARSAL_H
#define AGENT_REHEARSAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "agent/voice/voice.h"
#include "schema/base/status.h"

#define REHEARSAL_MAX_CLAUSES 8

struct rehearsal {
    const char *voice_program; /* NULL: "myna-voice" */
    const struct span *clauses;
    size_t count;              /* 1 to REHEARSAL_MAX_CLAUSES */
    const atomic_bool *cancel; /* ends it within 50 ms */
    /* The one clause's, in whose name a vendor is asked; NULL: nobody is. */
    const struct voice_order *order;
};

struct rehearsal_result {
    uint32_t samples;       /* of sound that came */
    bool is_spoken;         /* each clause became sound, to its end */
    bool is_moved;          /* and the mouth opened and closed to it */
    struct voice_used used; /* what became of the order; of one whose program ended: unknown */
};

/* Takes as long as the voice needs to make the sound, which is less than to hear it, and 10 s at
 * most, 30 s where a vendor makes it. *result is always filled, but for STATUS_MEMORY.
 * STATUS_CLOSED: cancelled; STATUS_MEMORY. */
MUST_CHECK enum status rehearsal_run(const struct rehearsal *rehearsal,
                                     struct rehearsal_result *result);

#endif

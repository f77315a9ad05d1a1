/* feelings.h - which feeling belongs to which clause of a turn
 *
 * An answer's emoji are known by the number of the clause that they stand before; a face shows them
 * as the clause before comes to its end, for people write them behind what they feel about. Pure;
 * fixed room: feelings of a clause beyond it are not shown.
 */
#ifndef AGENT_FACE_FEELINGS_H
#define AGENT_FACE_FEELINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/face/emotion.h"

#define FEELINGS_MAX 16

/* Fields are private. */
struct feelings {
    struct {
        uint32_t clause;
        enum emotion emotion;
    } waiting[FEELINGS_MAX];
    size_t count;
    uint32_t begun, ended; /* clauses */
};

/* A new turn. */
void feelings_clear(struct feelings *feelings);

/* Clause number `clause` (0, 1, 2 ...) is felt so. True: the clause before has ended already, so it
 * is to be shown at that end. */
bool feelings_add(struct feelings *feelings, uint32_t clause, enum emotion emotion);

/* The next clause begins, or the last one begun ends: what is felt from there, EMOTION_NONE when
 * nothing new is. */
enum emotion feelings_begin(struct feelings *feelings);
enum emotion feelings_end(struct feelings *feelings);

#endif

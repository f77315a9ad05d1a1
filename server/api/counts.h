/* counts.h - the counts of a large fleet, made once for all who ask within a few seconds
 *
 * Counting a hundred thousand robots takes a tenth of a second and more, and each open dashboard
 * asks for it again and again. Of a fleet of COUNTS_LARGE robots or more an answer is given again
 * for COUNTS_MS; it says itself of when it is. A smaller fleet is counted each time. Thread-safe.
 */
#ifndef SERVER_API_COUNTS_H
#define SERVER_API_COUNTS_H

#include "schema/base/arena.h"
#include "schema/base/span.h"
#include "schema/base/status.h"

#define COUNTS_LARGE 10000
#define COUNTS_MS    5000

enum counts_kind { COUNTS_FLEET, COUNTS_PARTS, COUNTS_KINDS };

/* Counts anew: *json in the arena, *robots how many there are. */
typedef enum status (*counts_make)(void *context, struct arena *arena, struct span *json,
                                   int64_t *robots);

struct counts;

MUST_CHECK enum status counts_create(struct counts **out);

/* NULL is allowed. */
void counts_free(struct counts *counts);

/* Gives what was counted less than COUNTS_MS before now_ms, else what make counts now, in the
 * arena. Whoever asks while a fleet known to be large is counted waits for that count. make's
 * status; a failure keeps nothing. */
MUST_CHECK enum status counts_read(struct counts *counts, enum counts_kind kind, int64_t now_ms,
                                   counts_make make, void *context, struct arena *arena,
                                   struct span *json);

#endif

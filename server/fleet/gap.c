#include "server/fleet/gap.h"

#include <string.h>

/* PostgreSQL keeps them as bigint. */
#define CLASS_MAX ((uint64_t)INT64_MAX)

void gap_add(struct gap_totals *totals, const uint64_t quantities[GAP_CLASSES])
{
    for (unsigned i = 0; i < GAP_CLASSES && totals->is_known; i++) {
        if (quantities[i] > CLASS_MAX - totals->classes[i])
            totals->is_known = false;
        else
            totals->classes[i] += quantities[i];
    }
    if (!totals->is_known)
        memset(totals->classes, 0, sizeof totals->classes);
}

static bool is_possible(uint64_t quantity, uint64_t records)
{
    return quantity / GAP_MOST_OF_A_RECORD < records;
}

/* What was not requested was not used either. */
static bool is_idle(const uint64_t lost[GAP_CLASSES])
{
    for (unsigned i = 0; i < MEASURE_REQUESTS; i++) {
        if (lost[i] > 0)
            return false;
    }
    return true;
}

enum gap_verdict gap_judge(const struct gap_claim *claim, uint64_t lost[GAP_CLASSES])
{
    uint64_t difference[GAP_CLASSES];

    if (!claim->counted->is_known || !claim->told->is_known)
        return GAP_UNKNOWN;
    if (claim->lost_seq <= claim->counted_seq || claim->lost_seq > CLASS_MAX)
        return GAP_NONSENSE;
    for (unsigned i = 0; i < GAP_CLASSES; i++) {
        if (claim->told->classes[i] < claim->counted->classes[i])
            return GAP_NONSENSE;
        difference[i] = claim->told->classes[i] - claim->counted->classes[i];
        if (!is_possible(difference[i], claim->lost_seq - claim->counted_seq))
            return GAP_NONSENSE;
    }
    if (difference[MEASURE_REQUESTS] == 0 && !is_idle(difference))
        return GAP_NONSENSE;
    if (claim->in_parent > claim->counted_seq)
        return GAP_IN_DOUBT;
    memcpy(lost, difference, sizeof difference);
    return GAP_MEASURED;
}

uint64_t gap_covered(uint64_t refiled, uint64_t parent_seq, uint64_t adjusted_seq)
{
    const uint64_t behind = adjusted_seq > parent_seq ? adjusted_seq - parent_seq : 0;

    return behind < refiled ? behind : refiled;
}

#include "tests/simulation/credit/plan.h"

#define SECOND 1000
#define MINUTE 60000

static int64_t between(struct dice *dice, int64_t low, int64_t high)
{
    return low + (int64_t)dice_below(dice, (uint64_t)(high - low + 1));
}

/* A number in the range in half of the runs, else 0. */
static int64_t perhaps(struct dice *dice, int64_t low, int64_t high)
{
    const int64_t value = between(dice, low, high);

    return dice_below(dice, 2) ? value : 0;
}

void plan_draw(struct plan *plan, struct dice *dice)
{
    *plan = (struct plan){
        .devices = (unsigned)between(dice, 2, 5),
        .servers = (unsigned)between(dice, 1, 2),
        .think_ms = between(dice, 2 * SECOND, 20 * SECOND),
        .report_ms = between(dice, 10 * SECOND, 60 * SECOND),
        .period_ms = between(dice, 2 * MINUTE, 15 * MINUTE),
        .journal_bytes = (size_t)between(dice, 16, 96) * 1024,
        .tightness = (unsigned)between(dice, 8, 60),
        .lost = (unsigned)perhaps(dice, 10, 200),
        .doubled = (unsigned)perhaps(dice, 10, 200),
        .slow = (unsigned)perhaps(dice, 10, 200),
        .power = (unsigned)perhaps(dice, 5, 60),
        .not_sent = (unsigned)perhaps(dice, 10, 200),
        .cut = (unsigned)perhaps(dice, 10, 200),
        .overrun = (unsigned)perhaps(dice, 5, 100),
        .commit = (unsigned)perhaps(dice, 10, 150),
        .partition_ms = perhaps(dice, 20 * SECOND, 3 * MINUTE),
        .kill_ms = perhaps(dice, 20 * SECOND, 3 * MINUTE),
        .full_ms = perhaps(dice, 1 * MINUTE, 5 * MINUTE),
        .clock_ms = perhaps(dice, 20 * SECOND, 3 * MINUTE),
        .clone_ms = perhaps(dice, 2 * MINUTE, 20 * MINUTE),
        .set_back_ms = perhaps(dice, 1 * MINUTE, 10 * MINUTE),
        .server_kill_ms = perhaps(dice, 20 * SECOND, 3 * MINUTE),
        .restore_ms = perhaps(dice, 2 * MINUTE, 15 * MINUTE),
        .cap_ms = perhaps(dice, 20 * SECOND, 3 * MINUTE),
        .budget_ms = perhaps(dice, 1 * MINUTE, 5 * MINUTE),
        .line_ms = perhaps(dice, 1 * MINUTE, 5 * MINUTE),
    };
    if (plan->restore_ms)
        plan->journal_bytes *= 4; /* what a restored database asks for again is still kept */
}

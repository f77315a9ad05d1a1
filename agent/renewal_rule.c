/* When: renewal.h. */
#include "agent/renewal.h"

#define DAY_MS ((int64_t)86400 * 1000)

/* A third of what certificates lived for when they did not say when to renew. */
#define LAST_THIRD_MS (730 * DAY_MS / 3)

#define UNANSWERED_HELLOS 10
#define FAILED_HANDSHAKES 2 /* one may be a broker that restarts */

enum renewal_reason renewal_find(const struct renewal_facts *facts)
{
    const int64_t due_ms =
        facts->renew_after_ms != 0 ? facts->renew_after_ms : facts->not_after_ms - LAST_THIRD_MS;

    if (facts->now_ms >= facts->not_after_ms)
        return RENEWAL_EXPIRED;
    if (facts->silence.hellos >= UNANSWERED_HELLOS ||
        facts->silence.handshakes >= FAILED_HANDSHAKES)
        return RENEWAL_UNHEARD;
    if (facts->is_of_another)
        return RENEWAL_AUTHORITY;
    return facts->now_ms >= due_ms ? RENEWAL_AGE : RENEWAL_NONE;
}

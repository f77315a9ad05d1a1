#include "agent/chat/next_step.h"

#define RETRY_UNTIL_MS 8000  /* after the question; later only the next route is tried */
#define ROUTE_UNTIL_MS 30000 /* later the robot gives up */

enum next_step next_step_of(const struct next_step_facts *facts)
{
    if (facts->outcome != wire_Outcome_FAILED)
        return NEXT_STEP_DONE;
    if (facts->has_text || facts->age_ms >= ROUTE_UNTIL_MS)
        return NEXT_STEP_STOP;
    if (!facts->may_retry || facts->age_ms >= RETRY_UNTIL_MS ||
        facts->retry_after_ms > NEXT_STEP_MAX_WAIT_MS)
        return NEXT_STEP_ROUTE;
    switch (facts->error_class) {
    case wire_ErrorClass_RATE:
    case wire_ErrorClass_NET:
        return NEXT_STEP_RETRY;
    case wire_ErrorClass_BUSY: /* another vendor is quicker than an overloaded one */
        return facts->is_last_route ? NEXT_STEP_RETRY : NEXT_STEP_ROUTE;
    default:
        return NEXT_STEP_ROUTE;
    }
}

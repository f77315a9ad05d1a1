/* next_step.h - what follows an attempt that was made: nothing, one short retry, the next route
 *
 * One rule for everybody who asks vendors. A failed request is repeated once at most, as an attempt
 * of its own, and never when the owner heard something of its answer, when the vendor asks for a
 * long rest, or when the question is old; to a question that is older still nobody is asked any
 * more. No clock and no I/O inside.
 */
#ifndef AGENT_CHAT_NEXT_STEP_H
#define AGENT_CHAT_NEXT_STEP_H

#include <stdbool.h>

#include "schema/wire/message.h"

#define NEXT_STEP_MAX_WAIT_MS 2000 /* a longer wait that a vendor asks for is no answer */

enum next_step {
    NEXT_STEP_DONE,  /* it was answered */
    NEXT_STEP_STOP,  /* it was answered in part, or the owner waits no longer: nobody else is asked
                      */
    NEXT_STEP_RETRY, /* the same route after a moment */
    NEXT_STEP_ROUTE, /* the next route */
};

struct next_step_facts {
    wire_Outcome outcome;
    wire_ErrorClass error_class;
    bool has_text;          /* something of the answer came */
    bool may_retry;         /* not retried yet on this route, and the route is still worth asking */
    bool is_last_route;     /* nobody else is left */
    int64_t age_ms;         /* of the question */
    int64_t retry_after_ms; /* that the vendor asks for; -1: it does not */
};

enum next_step next_step_of(const struct next_step_facts *facts);

#endif

/* pair.h - joins a company without a claim code: by six digits that the robot speaks and an
 * operator types (schema/wire/pairing.h)
 *
 * Nothing pins the server's identity beforehand. The digits are derived from the root that answers
 * and from this robot's keys: an operator's server that saw others expects other digits and lets
 * nobody in. That protects the company. What protects the robot is the question whether somebody
 * before it agrees that it was let in: a server that lets everybody in, on the way to the right
 * one, would say so without anybody having typed the digits.
 */
#ifndef AGENT_PAIR_H
#define AGENT_PAIR_H

#include <stdbool.h>

#include "schema/base/status.h"
#include "schema/wire/pairing.h"

struct pair_request {
    const char *state_dir;
    const char *url; /* of the enrolment listener, https:// */
    const char *device_id;
    const char *serial; /* as on the label; NULL: the device id */
    const char *films;  /* folder of videos of answers; NULL: there is none */
};

/* Who speaks and shows the digits, and asks the person before the robot. Called on the thread of
 * pair_run(). */
struct pair_host {
    void *context;
    /* These are the digits; once. */
    void (*on_digits)(void *context, const char digits[PAIRING_DIGITS + 1]);
    /* At least every 200 ms while an operator is waited for: say them again. */
    void (*on_wait)(void *context);
    /* The server lets the robot in: whether that is right. Waits for the answer. */
    bool (*is_right)(void *context);
};

/* Takes as long as people need, 20 minutes at most. Keys that were refused are removed: the next
 * try makes others. STATUS_EXISTS: enrolled already, nothing was done. STATUS_INVALID: an argument;
 * STATUS_CONFLICT: the folder holds another robot; STATUS_DENIED: the server, an operator or the
 * person before the robot refused; STATUS_FORGED: an answer does not verify; STATUS_TIMEOUT;
 * STATUS_UNREACHABLE; STATUS_IO. problem is one line with the cause. */
MUST_CHECK enum status pair_run(const struct pair_request *request, const struct pair_host *host,
                                char problem[256]);

#endif

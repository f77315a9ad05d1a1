/* enrol.h - joins a company with a claim code: keys made here, certificate from there
 *
 * The code pins the company's root, so nothing that answers in its place is believed. An enrolment
 * whose answer was lost may be repeated with the same code: it uses the same keys. What an earlier
 * owner left in the folder is wiped before the robot is somebody else's.
 */
#ifndef AGENT_ENROL_H
#define AGENT_ENROL_H

#include <stdbool.h>

#include "schema/base/status.h"

struct enrol_request {
    const char *state_dir;
    const char *url;   /* of the enrolment listener, https://; NULL: the claim has it */
    const char *claim; /* the code as printed, or the URI of a label's QR code (claim_uri.h) */
    const char *device_id;
    const char *serial; /* as on the label; NULL: the device id */
    const char *films;  /* folder of videos of answers; NULL: there is none */
};

/* Whether the request names the enrolment listener, by itself or in its claim. */
bool enrol_knows_url(const struct enrol_request *request);

/* STATUS_EXISTS: enrolled already, nothing was done. STATUS_INVALID: an argument; STATUS_FORGED:
 * whoever answered does not hold the pinned root or its answer does not verify; STATUS_DENIED: the
 * server refused; STATUS_UNREACHABLE; STATUS_IO. problem is one line with the cause. */
MUST_CHECK enum status enrol_run(const struct enrol_request *request, char problem[256]);

/* For pair.h, which lets a robot in by another way.
 *
 * The folder holds an enrolled robot: STATUS_EXISTS, it is this one; STATUS_CONFLICT: another. */
MUST_CHECK enum status enrol_check_same(const char *state_dir, const char *device_id,
                                        char problem[256]);
/* films NULL: there are none. STATUS_IO: something is left. */
MUST_CHECK enum status enrol_wipe_earlier_owner(const char *state_dir, const char *films,
                                                char problem[256]);

#endif

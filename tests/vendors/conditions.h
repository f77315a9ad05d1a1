/* conditions.h - how the demo vendor behaves now: its faults, each with a probability, and its pace
 *
 * One table names everything that --fault and PUT /admin/faults can set. Fields are plain data.
 */
#ifndef TESTS_VENDORS_CONDITIONS_H
#define TESTS_VENDORS_CONDITIONS_H

#include "schema/base/buffer.h"
#include "tests/support/dice.h"

enum fault {
    FAULT_NONE = 0,
    FAULT_RATE_LIMIT = 1, /* 429, try again */
    FAULT_QUOTA = 2,      /* 429, do not try again: money */
    FAULT_ERROR = 3,      /* 500 */
    FAULT_OVERLOADED = 4, /* 503 */
    FAULT_CUT = 5,        /* the connection ends inside the answer */
    FAULT_STALL = 6,      /* the answer stops and nothing comes for stall_s, then it is cut */
    FAULT_NO_USAGE = 7,   /* the whole answer, without its usage */
    FAULT_MID_ERROR = 8,  /* an error inside the stream, which then ends */
    FAULT_UNDER_200 = 9,  /* 429's body under status 200 */
    FAULT_FILTER = 10,    /* the vendor objects to what it is about to say */
    FAULT_COUNT = 11,
};

struct conditions {
    double chance[FAULT_COUNT]; /* [FAULT_NONE] is unused */
    double tokens_per_s;
    double first_token_ms;
    double jitter_ms; /* added to first_token_ms, uniform */
    double retry_after_s;
    double stall_s;
};

/* No faults; 40 tokens a second after 250 ms and up to 100 more. */
void conditions_init(struct conditions *conditions);

/* "cut", "429", ...; "none" for FAULT_NONE. */
const char *conditions_fault_name(enum fault fault);
MUST_CHECK enum status conditions_fault_by_name(struct span name, enum fault *fault);

/* One fault or none, by one throw. */
enum fault conditions_draw(const struct conditions *conditions, struct dice *dice);

/* Sets what "cut=0.02,429=0.01,tokens_per_s=20" names. STATUS_INVALID: unknown name, value out of
 * bounds or chances that add up to more than 1; *conditions is as before, problem says why. */
MUST_CHECK enum status conditions_set_list(struct conditions *conditions, const char *list,
                                           char problem[160]);

/* The same from a JSON object. */
MUST_CHECK enum status conditions_set_json(struct conditions *conditions, struct span json,
                                           char problem[160]);

/* Appends all of them as a JSON object that conditions_set_json() takes. */
void conditions_write_json(const struct conditions *conditions, struct buffer *out);

#endif

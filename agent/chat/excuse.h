/* excuse.h - what the robot says when no vendor's answer can be spoken, in its owner's language */
#ifndef AGENT_CHAT_EXCUSE_H
#define AGENT_CHAT_EXCUSE_H

#include <stdbool.h>

#include "schema/base/status.h"

enum excuse {
    EXCUSE_NONE = 0,
    EXCUSE_LIMIT = 1,   /* the allowance is used up, or the journal takes no more */
    EXCUSE_OFFLINE = 2, /* no vendor can be reached */
    EXCUSE_BUSY = 3,    /* the vendors answer, but refuse or are overloaded */
    EXCUSE_CONTENT = 4, /* the vendor will not speak about that */
    EXCUSE_CUT = 5,     /* the answer broke off */
    EXCUSE_EMPTY = 6,   /* the vendor had nothing to say */
    EXCUSE_REST = 7,    /* questions came faster than turns_per_minute allows */
    EXCUSE_BLOCKED = 8, /* limit_mode allows no vendor */
    EXCUSE_FILTER = 9,  /* the robot's own filter held the question or the answer back */
    EXCUSE_QUIET = 10,  /* quiet_hours */
    EXCUSE_ENOUGH = 11, /* daily_minutes are used up */
};

/* A sentence to be spoken; static, empty for EXCUSE_NONE. */
const char *excuse_text(enum excuse excuse, bool chinese);

/* What somebody in a crisis hears; static. Names no number: those differ from place to place, and a
 * wrong one is worse than none. */
const char *excuse_crisis_text(bool chinese);

/* One line for a terminal or a log. */
const char *excuse_reason(enum excuse excuse);

/* STATUS_OK: none was needed; STATUS_DENIED: the robot may not ask; STATUS_UNREACHABLE: asking was
 * in vain. */
MUST_CHECK enum status excuse_status(enum excuse excuse);

#endif

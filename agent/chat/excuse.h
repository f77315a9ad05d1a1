/* excuse.h - what the robot says when no vendor's answer can be spoken, in its owner's language */
#ifndef AGENT_CHAT_EXCUSE_H
#define AGENT_CHAT_EXCUSE_H

#include <stdbool.h>

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
};

/* A sentence to be spoken; static, empty for EXCUSE_NONE. */
const char *excuse_text(enum excuse excuse, bool chinese);

/* One line for a terminal or a log. */
const char *excuse_reason(enum excuse excuse);

#endif

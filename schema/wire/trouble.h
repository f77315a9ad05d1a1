/* trouble.h - what keeps a robot from talking, by the short codes that its screen shows
 *
 * Whoever stands before the robot reads a code aloud ("M31"), whoever answers the telephone finds
 * it in the server's diagnosis: both sides take code, cause and cure from this one table. A number
 * means the same for ever; its tens tell the area: 1 admission, 2 the line, 3 limits, 4 vendors, 5
 * the robot itself, 6 its configuration. No I/O; thread-safe.
 */
#ifndef SCHEMA_WIRE_TROUBLE_H
#define SCHEMA_WIRE_TROUBLE_H

#include <stddef.h>

#include "schema/base/status.h"

enum trouble {
    TROUBLE_NONE = 0,
    TROUBLE_NOT_ENROLLED = 11,
    TROUBLE_REVOKED = 12,
    TROUBLE_QUARANTINED = 13,
    TROUBLE_CERTIFICATE = 14, /* past its end */
    TROUBLE_RETIRED = 15,
    TROUBLE_OLDER_CA = 16, /* the server's word: another one has followed */
    TROUBLE_NETWORK = 21,  /* the robot has none */
    TROUBLE_SERVER = 22,   /* the robot has a network, and the server does not answer */
    TROUBLE_OFFLINE = 23,  /* the server's word: it was heard, and is not any more */
    TROUBLE_NEVER_HEARD = 24,
    TROUBLE_WIFI = 25, /* weak */
    TROUBLE_CREDIT = 31,
    TROUBLE_BLOCKED = 32, /* the setting limit_mode allows no vendor */
    TROUBLE_QUIET = 33,   /* quiet_hours */
    TROUBLE_ENOUGH = 34,  /* daily_minutes */
    TROUBLE_NO_ROUTE = 41,
    TROUBLE_VENDOR_KEY = 42,
    TROUBLE_VENDOR_ACCOUNT = 43,
    TROUBLE_VENDOR_BUSY = 44,
    TROUBLE_VENDOR_AWAY = 45,
    TROUBLE_VENDOR_REFUSES = 46,
    TROUBLE_ROUTE_OUT = 47, /* the server's word: a route failed it, another one answers */
    TROUBLE_MICROPHONE = 51,
    TROUBLE_MUTED = 52,
    TROUBLE_DISK = 53,
    TROUBLE_CLOCK = 54,
    TROUBLE_USAGE = 55, /* its records do not reach the server */
    TROUBLE_SETTINGS = 61,
    TROUBLE_TRIAL = 62,
    TROUBLE_BEHIND = 63,
};

/* Static. */
struct trouble_text {
    enum trouble trouble;
    const char *word;  /* "credit_used_up", for programs */
    const char *cause; /* a sentence without its full stop, for people */
    const char *cure;  /* what to do about it, likewise */
};

#define TROUBLE_CODE_SIZE 8

/* NULL: no such trouble, as TROUBLE_NONE; a number of a newer robot may be unknown here. */
const struct trouble_text *trouble_text(enum trouble trouble);

/* The table; *count rows in the order of their numbers. */
const struct trouble_text *trouble_all(size_t *count);

/* "M31"; "" for TROUBLE_NONE. */
const char *trouble_code(enum trouble trouble, char out[TROUBLE_CODE_SIZE]);

#endif

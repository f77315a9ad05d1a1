/* notice.h - one thing to tell people about an alert, and how it reads
 *
 * Pure: texts are made in the arena; NULL when it is full. The words may hold anything that a robot
 * or a vendor said, on one line; what a receiver takes for markup is the caller's to escape.
 */
#ifndef SERVER_NOTIFY_NOTICE_H
#define SERVER_NOTIFY_NOTICE_H

#include "schema/base/arena.h"

enum notice_event { NOTICE_RAISED, NOTICE_CLEARED, NOTICE_TEST };

/* Plain data, borrowed. A test has no alert: its texts are "". */
struct notice {
    int64_t delivery_id;
    enum notice_event event;
    int64_t alert_id;
    const char *kind;
    const char *severity;
    const char *subject;
    struct span detail; /* a JSON object, for programs */
    const char *words;  /* the same for people; "": nothing */
    int64_t count;
    int64_t first_at_ms;
    int64_t last_at_ms;
    const char *title;
    const char *link; /* a path of the dashboard */
    const char *cure;
};

/* "critical: Forged message, device/r1, 3 times"; "over: Forged message, device/r1". */
const char *notice_headline(const struct notice *notice, struct arena *arena);

/* The page that helps; dashboard is where it is, "https://myna.example" without a slash at its
 * end. */
const char *notice_link(const struct notice *notice, const char *dashboard, struct arena *arena);

/* The worst severity among those that are not over; "info" when all are. */
const char *notice_worst(const struct notice *notices, size_t count);

#endif

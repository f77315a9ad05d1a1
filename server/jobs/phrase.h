/* phrase.h - what a threshold says, what was seen of it and what was done, as JSON for people
 *
 * The texts are in the arena; of size 0: there was no room. Numbers are rounded to six places. No
 * I/O.
 */
#ifndef SERVER_JOBS_PHRASE_H
#define SERVER_JOBS_PHRASE_H

#include "server/jobs/judge.h"

/* {"of": "spend", "at": "80%", "do": ["alert", "throttle to 2 turns a minute"], "shadow": false} */
struct span phrase_rule(const struct contract_threshold *rule, struct arena *arena);

/* {"period", "value", "limit", "share", "unit" (of money and of budgets), "forecast"} */
struct span phrase_sight(const struct judge_sight *sight, struct arena *arena);

/* A threshold that fired. Plain data. */
struct phrase_event {
    const char *source;
    const struct contract_threshold *rule;
    struct span rule_json;
    struct span seen_json;
    int64_t robots; /* that are held to its actions */
};
/* {"threshold", "rule", "seen", "did" (in the shadow: "would"), "robots"}: an alert's detail. */
struct span phrase_alert(const struct phrase_event *event, struct arena *arena);

#endif

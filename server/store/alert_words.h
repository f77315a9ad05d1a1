/* alert_words.h - what an alert's detail says, as a sentence or two for people: the only place
 *
 * The API, the dashboard, `mynactl` and every message that leaves the house take the words from
 * here; programs read the detail itself. Each kind has a phrase whose gaps the detail fills, with
 * numbers grouped by thousands; what no gap takes follows as "name: value", so that nothing that
 * was seen goes unsaid. No I/O.
 *
 * A detail may quote anything that a robot or a vendor said: control characters become blanks and
 * length is bounded; what a receiver takes for markup is the caller's to escape.
 */
#ifndef SERVER_STORE_ALERT_WORDS_H
#define SERVER_STORE_ALERT_WORDS_H

#include "schema/base/arena.h"
#include "schema/base/json.h"

#define ALERT_WORDS_MAX 400 /* bytes, whole characters */

/* In the arena; "" when there is nothing to say, NULL when the arena is full. */
const char *alert_words(const char *kind, const struct json *detail, struct arena *arena);

/* The same of the detail's text; "" when it is no JSON. */
const char *alert_words_of(const char *kind, struct span detail, struct arena *arena);

#endif

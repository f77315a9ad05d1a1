/* alarm.h - raises alerts and takes them back: one current alert per cause, that is per kind and
 * subject, until it is cleared
 *
 * Repeats raise the count; a worse severity replaces a lesser one and opens an acknowledged alert
 * again. A cause that an operator silenced stays silenced until then, also when it was cleared
 * meanwhile. A cause that comes back within ALARM_SETTLE_S of being gone opens its alert again,
 * which nobody is told unless it got worse; its end is told when it has stayed away so long. So a
 * cause that comes and goes sends no storm. The database owes the channels (channels.h) the news in
 * the same transaction.
 */
#ifndef SERVER_STORE_ALARM_H
#define SERVER_STORE_ALARM_H

#include <stdbool.h>

#include "server/store/store.h"

#define ALARM_SETTLE_S 300

/* Plain data; texts are borrowed. */
struct alarm {
    const char *kind;     /* "forged_message"; alert_kinds.h says what to do about it */
    const char *severity; /* "info", "warning", "critical": worse and worse */
    const char *subject;  /* "device/r1" */
    const char *detail;   /* a JSON object: what to know, the newest replaces */
};

/* Raises them in the transaction on conn and tells the dashboards. */
MUST_CHECK enum status alarm_raise(struct store_conn *conn, struct arena *arena,
                                   const struct alarm *alarms, size_t count);

/* The cause is gone, and may come back: clears its alert, if there is one. */
MUST_CHECK enum status alarm_clear(struct store_conn *conn, const char *kind, const char *subject);

/* There is no such cause any more: clears its alert for good, and tells so at once. */
MUST_CHECK enum status alarm_end(struct store_conn *conn, const char *kind, const char *subject);

/* alarm_clear() for many subjects. */
MUST_CHECK enum status alarm_clear_all(struct store_conn *conn, const char *kind,
                                       const char *const *subjects, size_t count);

/* *out: some alert of that kind is not cleared. */
MUST_CHECK enum status alarm_is_current(struct store *store, const char *kind, bool *out);

/* Silences that have ended: what is not cleared by then is open again. Any instance may. */
MUST_CHECK enum status alarm_end_silences(struct store *store);

#endif

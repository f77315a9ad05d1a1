/* standing.h - alerts of one kind that stand as long as a query finds their cause
 *
 * The query is the body of a WITH that ends in a table "found" of columns subject, severity (as
 * alarm.h has them), detail (jsonb) and robots: how many robots it is about, by which it is
 * renewed.
 */
#ifndef SERVER_STORE_STANDING_H
#define SERVER_STORE_STANDING_H

#include "server/store/store.h"

/* The statement that standing_tell() asks; kind and with are literals. */
#define STANDING_QUERY(kind, with)                                                                 \
    with " SELECT subject, found.severity, found.detail::text"                                     \
         " FROM found FULL JOIN (SELECT * FROM myna.alert"                                         \
         "   WHERE kind = '" kind "' AND state <> 'cleared') a USING (subject)"                    \
         " WHERE found.subject IS NULL OR a.subject IS NULL"                                       \
         " OR (a.last_at < now() - interval '1 minute'"                                            \
         "     AND a.detail ->> 'robots' <> found.robots::text)"

/* Raises what is new, renews what has changed (at most each minute) and clears what is over, one
 * alert for each subject. Any instance may. */
MUST_CHECK enum status standing_tell(struct store *store, struct arena *arena, const char *kind,
                                     const struct store_statement *query);

#endif

/* room.h - what a budget has room for: whether the robots that it binds can answer within it
 *
 * Judged by the longest answer that one of them may give (its setting max_output_tokens), and by
 * the shortest attempt that is of use (LINES_LEAST_OUTPUT of bus/lines.h), at the weights of
 * credit.
 */
#ifndef SERVER_STORE_ROOM_H
#define SERVER_STORE_ROOM_H

#include "server/store/store.h"
#include "server/store/terms.h"

/* *warning, in the arena: one sentence with cause and cure; NULL: there is room, or the budget is
 * soft. For the transaction on conn; terms are current. Statuses are those of store.h. */
MUST_CHECK enum status room_warn(struct store_conn *conn, struct arena *arena, struct terms *terms,
                                 const char *budget_id, const char **warning);

#endif

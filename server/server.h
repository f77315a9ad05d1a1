/* server.h - a running mynad: its parts, started in order and stopped in reverse */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>

#include "server/config.h"

struct server;

/* Returns when everything runs. config outlives the server. On failure nothing runs any more and
 * problem is one line with cause and cure. The caller owns *out. */
MUST_CHECK enum status server_start(struct server **out, const struct config *config,
                                    char problem[256]);

/* To be called about once a second. False: the keys that it has count no more, and it must be
 * stopped and started again. */
MUST_CHECK bool server_tick(struct server *server);

/* Reads the certificates of both listeners again. Open connections go on; what cannot be taken is
 * logged with cause and cure, and the one before stays in force. By the thread that stops it. */
void server_reload(struct server *server);

/* NULL is allowed. */
void server_stop(struct server *server);

#endif

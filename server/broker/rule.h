/* rule.h - who may subscribe to what (invariant I3); no I/O
 *
 * mosquitto's file of access rules does not check SUBSCRIBE: a robot could subscribe to everything,
 * and, since deliveries of a shared subscription are not checked either, join the servers' and
 * swallow what other robots say.
 */
#ifndef SERVER_BROKER_RULE_H
#define SERVER_BROKER_RULE_H

#include <stdbool.h>

/* Mynad_1 to Mynad_9: a name outside the alphabet of robots' ids. */
bool rule_is_server(const char *name);

/* A robot: topics below its own down/ alone. A server: robots' topics, also shared. Anybody else:
 * nothing. NULL as name: nothing. */
bool rule_may_subscribe(const char *name, const char *topic);

#endif

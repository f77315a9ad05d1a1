/* brokers.h - the brokers of a fleet, and in which order a device tries them
 *
 * A fleet that is too large for one broker is spread over several that know nothing of each other:
 * mynad is connected to all, each robot to the first in its order that lets it in. The order is
 * rendezvous hashing (highest random weight: Thaler and Ravishankar, 1998) over the addresses that
 * robots are told, so every server has the same without asking, and a broker more or less moves
 * only its own share of the robots. One listener for servers behind several addresses for robots
 * is one broker, or a cluster: nothing is spread, and robots try the addresses as configured.
 * Plain data; thread-safe once parsed.
 */
#ifndef SERVER_BUS_BROKERS_H
#define SERVER_BUS_BROKERS_H

#include "schema/base/span.h"
#include "schema/wire/limits.h"

struct brokers {
    const char *servers[LIMIT_BROKERS]; /* "host:port" of the servers' listeners */
    size_t server_count;
    const char *robots[LIMIT_BROKERS]; /* of the robots', pairwise with servers when spread */
    size_t robot_count;
    char *texts; /* owns the addresses */
};

/* Takes "host:port,host:port" of both kinds apart; problem says what is wrong with them. The caller
 * releases *out also after a failure. */
MUST_CHECK enum status brokers_parse(struct brokers *out, const char *servers, const char *robots,
                                     char problem[256]);
void brokers_release(struct brokers *brokers);

/* Whether devices are spread over several brokers. */
bool brokers_are_spread(const struct brokers *brokers);

/* Positions in robots, and in servers when spread: the device's own first. Fills robot_count. */
void brokers_order(const struct brokers *brokers, const char *device_id,
                   size_t order[LIMIT_BROKERS]);

/* The same as the addresses that the device is told. */
void brokers_tell(const struct brokers *brokers, const char *device_id,
                  const char *addresses[LIMIT_BROKERS]);

#endif

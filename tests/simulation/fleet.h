/* fleet.h - a whole installation in one process, and what becomes of it under a profile
 *
 * Robots, network, servers, database and vendor from one seed; chaos for a while, then quiet until
 * all is settled; then every invariant is checked against what really happened.
 */
#ifndef TESTS_SIMULATION_FLEET_H
#define TESTS_SIMULATION_FLEET_H

#include "tests/simulation/findings.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/robot.h"
#include "tests/simulation/server.h"

#define FLEET_MAX_ROBOTS 40

struct fleet {
    struct timeline timeline;
    struct findings findings;
    const struct profile *profile;
    struct robot_world robots_world;
    struct server_world servers_world;
    struct network *network;
    struct store *database;
    struct vendor *vendor;
    struct server_memory *memory;
    struct server *servers[NETWORK_SERVERS];
    size_t robot_count;
    struct robot robots[FLEET_MAX_ROBOTS];
    const char *device_ids[FLEET_MAX_ROBOTS + 1];
    size_t device_count; /* of robots that are not copies */
    char folder[64];
};

/* What a run was, for people. Plain data. */
struct fleet_summary {
    uint64_t trace;
    size_t attempts, records, forks, adjustments, summaries, quarantined;
    uint64_t duplicates, stale, replayed, forged, full, shed, refused;
    int64_t settled_ms; /* after the chaos */
    struct findings findings;
};

/* One run from beginning to end. */
void fleet_run(const struct profile *profile, uint64_t seed, struct fleet_summary *summary);

#endif

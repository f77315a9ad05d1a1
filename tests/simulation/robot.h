/* robot.h - a robot: the agent's real journal and peer, a line, an owner who asks things
 *
 * Its process can be killed and its power cut at any time; what is on its disk stays. The vendor's
 * ledger learns of each request that really went out.
 */
#ifndef TESTS_SIMULATION_ROBOT_H
#define TESTS_SIMULATION_ROBOT_H

#include "agent/link/peer.h"
#include "agent/link/remember.h"
#include "agent/settings.h"
#include "agent/trial.h"
#include "schema/base/backoff.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/network.h"
#include "tests/simulation/vendor.h"

#define ROBOT_MAX_TALKS 4

/* What all robots share. Borrowed. */
struct robot_world {
    struct timeline *timeline;
    struct network *network;
    struct vendor *vendor;
    struct findings *findings;
    const struct profile *profile;
    struct peer_scratch *scratch;
    const char *folder; /* of the run */
    bool quiet;         /* owners are silent now, and power is reliable */
    wire_ConfigContent content;
};

#define ROBOT_GENERATIONS 4096

/* The configuration that runs, as settings say. */
struct robot_held {
    struct peer_running running;
    unsigned volume;
    wire_Route route; /* the first one; no vendor: none */
};

struct robot {
    struct robot_world *world;
    unsigned number;
    char device_id[LIMIT_SLUG + 1];
    struct box_pair pair;
    char folder[96], journal_path[112], remember_path[112];
    char config_path[112], trial_path[124];
    struct settings *settings;
    struct robot_held held;
    struct trial trial;
    bool may_run[ROBOT_GENERATIONS]; /* it came without a trial, or went well in one */
    int64_t backed_up_ms;

    bool powered;
    uint64_t life; /* of its process: acts planned in an earlier one mean nothing */
    struct journal *journal;
    struct peer *peer;
    struct remember remember;
    int64_t remembered_ms;
    struct network_client client;
    struct backoff backoff;
    int64_t up_ms;    /* when its line was last connected */
    int64_t ready_ms; /* since when the server answers on this line; 0: it does not */
    wire_Session session;
    uint64_t floor;
    int64_t skew_ms;    /* its clock against the server's */
    int utc_offset_min; /* as it last told it */
    unsigned talking;
    uint64_t reserved; /* by its attempts under way */

    /* watched for storms (I10) */
    bool heard_state; /* since the last hello or usage */
    int64_t usage_at_ms, hello_at_ms;
    uint64_t full, denied; /* attempts that the journal refused */
};

/* Makes its folder and its keys, and powers it on. */
void robot_init(struct robot *robot, struct robot_world *world, unsigned number,
                const char *device_id);
void robot_release(struct robot *robot);

enum robot_end { ROBOT_KILLED, ROBOT_POWER_LOST };
/* Nothing when it is off. It starts again by itself after a while. */
void robot_end(struct robot *robot, enum robot_end how);

void robot_step_clock(struct robot *robot, int64_t step_ms);

/* A second robot with a copy of the first one's disk and keys. */
void robot_init_copy(struct robot *robot, const struct robot *original, unsigned number);

/* Keeps a copy of the disk; later puts it back, while the robot is off for a moment. */
void robot_back_up_disk(struct robot *robot);
void robot_roll_back_disk(struct robot *robot);

/* Power fails and comes back at once: what it then knows is what was on its disk. */
void robot_restart_now(struct robot *robot);

struct peer_time robot_now(const struct robot *robot);

#endif

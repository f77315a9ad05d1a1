/* robot.h - one simulated robot: the agent's own journal and protocol brain, a connection on the
 * loop, and an owner who asks
 *
 * Its state lies in its folder and survives the loss of the process at any point.
 */
#ifndef TESTS_ROBOTS_ROBOT_H
#define TESTS_ROBOTS_ROBOT_H

#include "agent/link/peer.h"
#include "tests/robots/asker.h"
#include "tests/robots/plan.h"
#include "tests/robots/talk.h"

struct robot;

/* What all robots of the process share. Plain data, borrowed by the robots; the numbers at its end
 * are theirs to count. */
struct robot_world {
    struct loop *loop;
    struct asker *asker;
    struct plans *plans;
    struct shelf *shelf;
    struct peer_scratch *scratch;
    double turns_per_minute;
    int64_t think_ms;
    int64_t clock_skew_s; /* each robot's clock is off by at most this much, either way */
    bool has_utc_offset;
    int utc_offset_min;  /* that they tell */
    int64_t disconnects; /* per robot and hour */
    unsigned interrupt_percent;
    const struct settings_patience *patience; /* of vendors for whom it is another */
    size_t patience_count;
    uint64_t seed;
    wire_Health health; /* of one robot's share of the process; the robot fills in the rest */

    uint64_t received, rejected; /* messages; rejected ones changed nothing */
    uint64_t connects, lost;
};

/* Makes the journal of a robot that never ran: creating it waits for the disk, so it is done beside
 * the loop. From any thread. */
MUST_CHECK enum status robot_prepare(const char *folder, const char *device_id);

/* The robot enrolled in folder. Connects within the next spread_ms. The caller frees *out. problem
 * names the cause. */
MUST_CHECK enum status robot_create(struct robot **out, struct robot_world *world,
                                    const char *folder, int64_t spread_ms, char problem[256]);

/* Its owner leaves: the attempt under way is closed as interrupted and none follows. What the
 * journal holds still goes to the server. */
void robot_hush(struct robot *robot);

/* As robot_hush(), and says good-bye to the broker. */
void robot_free(struct robot *robot);

struct robot_facts {
    bool connected;      /* to the broker */
    bool greeted;        /* the server has answered hello */
    uint64_t generation; /* running */
    uint64_t pending;    /* records that wait for the server */
    bool busy;
    bool wants_credit; /* more than it can use */
    struct talk_counts talk;
};

void robot_facts(const struct robot *robot, struct robot_facts *out);

#endif

/* robot.h - a robot: the agent's real journal and credit on a disk in memory, behind a link that
 * speaks to the server as agent/link/peer.c does, asking vendors that count for themselves
 */
#ifndef TESTS_SIMULATION_CREDIT_ROBOT_H
#define TESTS_SIMULATION_CREDIT_ROBOT_H

#include "agent/meter/journal.h"
#include "schema/wire/message.h"

#define ROBOT_ATTEMPTS 3 /* under way at once */
#define ROBOT_ROUTES   2

struct world;

enum robot_phase { ROBOT_OFFLINE, ROBOT_GREETING, ROBOT_READY };

enum robot_end { ROBOT_KILLED, ROBOT_POWER_LOST };

/* What stands on the disk beside the journal, always whole. */
struct robot_memory {
    uint64_t session_number;
    uint32_t epoch;
    int64_t lines_time_ms; /* of the state that named the lines */
    unsigned line_count;
    wire_CreditLine lines[ROBOT_ROUTES];
};

struct robot_attempt {
    bool used;
    unsigned attempt; /* in the judge's list */
    wire_UsageRecord record;
};

struct robot {
    unsigned number; /* also that of its disk */
    unsigned device; /* whose identity it has: a cloned disk's robot has another's */
    char device_id[8];
    bool powered;
    unsigned life;
    struct journal *journal; /* NULL: no power, or a disk too full to start from */
    int64_t skew_ms;
    bool parted; /* its line carries nothing */
    bool full;   /* so is its disk */
    struct robot_memory memory, saved;
    bool has_saved;
    pb_size_t saved_use_count; /* of credit, as the copy has it */
    wire_CreditUse saved_uses[LIMIT_CREDIT_LINES];
    bool retired; /* taken away for good */

    enum robot_phase phase;
    unsigned connection;
    wire_Session session;
    uint64_t counter;
    uint64_t in_flight_seq;
    int64_t hello_at_ms, hello_due_ms, usage_due_ms, report_due_ms, refused_report_ms;
    unsigned hello_tries, usage_tries;
    int64_t state_time_ms;
    bool quarantined;

    bool empty;    /* its last attempt was refused for credit */
    bool recalled; /* the newest state asks for more than it has reported returned */
    struct robot_attempt open[ROBOT_ATTEMPTS];
};

/* A device's id. */
void robot_name(unsigned device, char out[8]);

void robot_init(struct world *world, unsigned number, unsigned device);
void robot_release(struct robot *robot);

/* A robot with a copy of original's disk. */
void robot_init_clone(struct world *world, unsigned number, const struct robot *original);

/* Handlers of events; those of an earlier life or connection are void. */
void robot_dial(struct world *world, struct robot *robot);
void robot_tick(struct world *world, struct robot *robot);
void robot_talk(struct world *world, struct robot *robot);
void robot_answer(struct world *world, struct robot *robot, unsigned attempt);
void robot_start(struct world *world, struct robot *robot);
void robot_hear(struct world *world, struct robot *robot, const wire_State *state);

/* The process ends, with or without the disk's power; it starts again after a while. */
void robot_end(struct world *world, struct robot *robot, enum robot_end how);

/* Its connection is gone; it dials again. */
void robot_drop_link(struct world *world, struct robot *robot);

/* The disk is copied aside; or set back to the copy. */
void robot_save_disk(struct robot *robot);
void robot_set_back(struct world *world, struct robot *robot);

/* Bits of enum coverage_state. */
unsigned robot_states(const struct robot *robot);

#endif

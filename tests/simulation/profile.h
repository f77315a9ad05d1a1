/* profile.h - what can go wrong in a run, and how often. Plain data */
#ifndef TESTS_SIMULATION_PROFILE_H
#define TESTS_SIMULATION_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile {
    const char *name; /* what holds nevertheless: the test's name */
    unsigned robots;
    int64_t chaos_ms; /* how long things go wrong; quiet follows until all is settled */
    int64_t think_ms; /* between a robot's turns, about */

    /* the network, of a thousand messages */
    unsigned lost, doubled, slow, very_slow;
    /* mean times between, for the whole fleet; 0: never */
    int64_t cut_ms;            /* a robot's line carries nothing for a while */
    int64_t broker_restart_ms; /* what was under way is lost */

    /* robots, mean times between, for the whole fleet */
    int64_t kill_ms;       /* the process alone */
    int64_t power_ms;      /* with what the disk had not synced */
    unsigned power_writes; /* of a thousand journal operations, power fails inside so many */
    bool folds;            /* disks are full for so long that journals fold */
    int64_t full_ms;       /* the robots' disks are full for a while */
    int64_t step_ms;       /* of a robot's clock, up to a day either way */
    size_t journal_bytes;  /* 0: the default */
    unsigned copies;       /* so many robots' disks are copied, and both go on */
    unsigned rollbacks;    /* so many robots' disks are set back to an older copy */

    /* the server, mean times between */
    int64_t server_kill_ms;
    int64_t database_away_ms;
    unsigned transactions_failing; /* of a thousand */
    int64_t change_ms;             /* an operator changes a robot's settings */
    bool restore;                  /* the database is set back to a backup once */
    bool adjusts;                  /* some of what it forgot is in no ring any more */
    size_t queue_messages;         /* of one instance; 0: 2,000 */
    int64_t commit_ms;             /* how long a transaction takes */

    int64_t attack_ms; /* somebody forges, replays, sends elsewhere */
};

#endif

/* world.h - a fleet of twelve on a real database, and what its model has heard of it
 *
 * What was decided (who was opened, who failed, what ended) the model hears from the audit, in its
 * order; what that comes to is the model's to say. For CMocka tests: what cannot be fails them.
 */
#ifndef TESTS_SIMULATION_ROLLOUT_WORLD_H
#define TESTS_SIMULATION_ROLLOUT_WORLD_H

#include "server/store/document.h"
#include "tests/simulation/rollout/model.h"
#include "tests/support/dice.h"
#include "tests/support/pg.h"

#define WORLD_ROLLOUTS 256

enum world_kind { WORLD_SETTINGS, WORLD_SOFTWARE, WORLD_KEY };
#define WORLD_KINDS 3

/* A rollout that was made: of which layer, and what it changes. */
struct world_made {
    char id[64]; /* what takes back what took back has a long one */
    int layer;
    enum world_kind kind;
    struct model_map patch;
    bool is_over, is_completed;
    bool has_failed[MODEL_ROBOTS]; /* the last that the audit told of the robot and it */
};

/* Of all seeds: a run in which one of them stays 0 has tried nothing. */
struct world_counts {
    unsigned completed_of[WORLD_KINDS];
    unsigned taken_back, reversed, refused, keys_ended;
    unsigned keys_kept_back, keys_restored;
    unsigned failed_for_good, failed_to_be_tried_again, kept_old, drains, drained;
    unsigned crashes, died_in_the_middle, died_behind_the_end;
};

/* Plain data. */
struct world {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    struct dice dice;
    struct model model;
    struct world_made made[WORLD_ROLLOUTS];
    int made_count;
    int64_t now_ms;
    int64_t audit_seq; /* heard so far */
    /* as seen at the last check */
    struct model_map seen[MODEL_ROBOTS];
    int64_t generations[MODEL_ROBOTS];
    struct world_counts counts;
};

/* As the database names the model's values; what begins with a slash is no setting. */
extern const char *const world_values[MODEL_VALUES];

/* What all robots have besides, and nobody changes. */
#define WORLD_ROUTES                                                                               \
    "[{\"vendor\": \"a\", \"model\": \"m\", \"contract\": \"a\"},"                                 \
    " {\"vendor\": \"b\", \"model\": \"m\", \"contract\": \"b\"}]"

MUST_CHECK enum status world_start(struct world *world);
void world_stop(struct world *world);

/* The same fleet without a past; chance is the seed's. */
void world_begin(struct world *world, uint64_t seed);

/* Uniform in [0, below). */
int world_roll(struct world *world, int below);

void world_robot_id(int robot, char out[16]);
/* SQL that must succeed. */
void world_script(struct world *world, const char *sql);

/* ---- robots ---- */

void world_set_online(struct world *world, int robot, bool online);
/* Robots that are online run what they are told, and say so: each of one_of robots; 1: all. */
void world_hear(struct world *world, int one_of);
/* Robots that try what a rollout opened for them fail: each of one_of. */
void world_fail(struct world *world, int one_of);

/* ---- what was decided ---- */

/* The model hears what happened since. */
void world_follow(struct world *world);

/* Every process of the database is killed, and it starts again. */
void world_crash(struct world *world);

#endif

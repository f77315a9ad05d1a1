/* model.h - what each robot should be told, on one page
 *
 * Layers are maps from settings to numbers, and the version of the one software is a setting that
 * rollouts alone change. A rollout's patch counts as part of its layer for the robots that it
 * opened, and of the layer itself once it is completed; whoever failed it keeps what it had, by its
 * own layer or, of software, by what the layer said to it before. Of the layers that reach a robot
 * its own wins, then groups by priority, then the fleet's. A vendor's key has a number: robots that
 * a rollout of the next key opened have that, and once it is completed whoever its layer reaches
 * then and did not fail it, until the next key is the key or is dropped. Nothing else is known
 * here: no generations, no waves, no states, no tries.
 */
#ifndef TESTS_SIMULATION_ROLLOUT_MODEL_H
#define TESTS_SIMULATION_ROLLOUT_MODEL_H

#include <stdbool.h>

#define MODEL_ROBOTS   12
#define MODEL_SETTINGS 4
#define MODEL_SOFTWARE MODEL_SETTINGS /* behind the settings */
#define MODEL_KEY      (MODEL_SETTINGS + 1)
#define MODEL_VENDOR   (MODEL_SETTINGS + 2) /* the first of its routes that is not drained */
#define MODEL_VALUES   (MODEL_SETTINGS + 3)
#define MODEL_GROUPS   2
#define MODEL_UNSET    (-1)
#define MODEL_KEEP     (-2) /* of a patch: it does not name the setting */

/* The fleet, the groups (a later one has the higher priority), each robot's own. */
enum { MODEL_FLEET = 0, MODEL_GROUP = 1, MODEL_ROBOT = MODEL_GROUP + MODEL_GROUPS };
#define MODEL_LAYERS (MODEL_ROBOT + MODEL_ROBOTS)

struct model_map {
    int values[MODEL_VALUES]; /* no layer has a key or a vendor */
};

struct model {
    struct model_map layers[MODEL_LAYERS];
    int defaults[MODEL_SETTINGS];
    bool is_member[MODEL_GROUPS][MODEL_ROBOTS];
    /* whoever failed the layer's software: what it has instead, or else MODEL_KEEP */
    int kept_software[MODEL_LAYERS][MODEL_ROBOTS];
    int key;
    bool has_next[MODEL_ROBOTS];
    bool is_kept_back[MODEL_ROBOTS]; /* it failed the next key, and was not given it since */
    bool is_drained[MODEL_ROBOTS];   /* the first vendor of its routes is */
};

static inline struct model_map model_map_of(int value)
{
    struct model_map map;

    for (int i = 0; i < MODEL_VALUES; i++)
        map.values[i] = value;
    return map;
}

static inline bool model_reaches(const struct model *model, int layer, int robot)
{
    return layer == MODEL_FLEET || layer == MODEL_ROBOT + robot ||
           (layer < MODEL_ROBOT && model->is_member[layer - MODEL_GROUP][robot]);
}

/* patch's values over those of base; MODEL_UNSET takes one out. */
static inline struct model_map model_patch(struct model_map base, const struct model_map *patch)
{
    for (int i = 0; i < MODEL_VALUES; i++)
        if (patch->values[i] != MODEL_KEEP)
            base.values[i] = patch->values[i];
    return base;
}

/* What the layer says to that robot. */
static inline struct model_map model_layer(const struct model *model, int layer, int robot)
{
    struct model_map map = model->layers[layer];

    if (model->kept_software[layer][robot] != MODEL_KEEP)
        map.values[MODEL_SOFTWARE] = model->kept_software[layer][robot];
    return map;
}

/* open: the patch that the robot sees, of layer at; NULL: none. Whoever has just left the layer has
 * what is no setting until the rollout sees that. */
static inline struct model_map model_content(const struct model *model, int robot, int at,
                                             const struct model_map *open)
{
    struct model_map content = model_map_of(MODEL_UNSET);

    for (int layer = 0; layer < MODEL_LAYERS; layer++) {
        const bool reaches = model_reaches(model, layer, robot);
        const struct model_map *seen = at == layer ? open : NULL;
        struct model_map map =
            reaches ? model_layer(model, layer, robot) : model_map_of(MODEL_UNSET);

        if (reaches && seen)
            map = model_patch(map, seen);
        else if (seen && seen->values[MODEL_SOFTWARE] != MODEL_KEEP)
            map.values[MODEL_SOFTWARE] = seen->values[MODEL_SOFTWARE];
        for (int i = 0; i < MODEL_VALUES; i++)
            if (map.values[i] != MODEL_UNSET)
                content.values[i] = map.values[i];
    }
    const bool tries = open && open->values[MODEL_KEY] != MODEL_KEEP;
    content.values[MODEL_VENDOR] = model->is_drained[robot];
    content.values[MODEL_KEY] = model->key + (tries || model->has_next[robot]);
    if (model->is_drained[robot])
        content.values[MODEL_KEY] = MODEL_UNSET;
    return content;
}

/* A rollout of a key gave it to the robot; or the robot failed it and has what it had before. */
static inline void model_try_key(struct model *model, int robot, bool has_failed)
{
    model->is_kept_back[robot] = has_failed && !model->has_next[robot];
}

/* The layer has changed, and the robot has by its own what it was told before. */
static inline void model_pin(struct model *model, int robot, const struct model_map *patch,
                             const struct model_map *before)
{
    const struct model_map after = model_content(model, robot, 0, 0);

    for (int i = 0; i < MODEL_SETTINGS; i++) {
        const int had = before->values[i] != MODEL_UNSET ? before->values[i] : model->defaults[i];
        const int has = after.values[i] != MODEL_UNSET ? after.values[i] : model->defaults[i];

        if (patch->values[i] != MODEL_KEEP && had != has)
            model->layers[MODEL_ROBOT + robot].values[i] = had;
    }
}

/* A rollout of that layer is completed. */
static inline void model_complete(struct model *model, int at, const struct model_map *patch,
                                  const bool has_failed[MODEL_ROBOTS])
{
    struct model_map before[MODEL_ROBOTS];

    for (int robot = 0; robot < MODEL_ROBOTS; robot++) {
        before[robot] = model_content(model, robot, 0, 0);
        if (patch->values[MODEL_KEY] != MODEL_KEEP && model_reaches(model, at, robot))
            model->has_next[robot] |= !model->is_kept_back[robot];
        if (patch->values[MODEL_SOFTWARE] != MODEL_KEEP)
            model->kept_software[at][robot] =
                has_failed[robot] && patch->values[MODEL_SOFTWARE] != MODEL_UNSET
                    ? model_layer(model, at, robot).values[MODEL_SOFTWARE]
                    : MODEL_KEEP;
    }
    model->layers[at] = model_patch(model->layers[at], patch);
    model->layers[at].values[MODEL_KEY] = MODEL_UNSET;
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        if (has_failed[robot])
            model_pin(model, robot, patch, &before[robot]);
}

/* The next key became the key, or was dropped. */
static inline void model_end_key(struct model *model, bool is_finished)
{
    model->key += is_finished;
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        model->has_next[robot] = model->is_kept_back[robot] = false;
}

#endif

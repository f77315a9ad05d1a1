/* model.h - what each robot should be told, on one page
 *
 * Layers are maps from settings to numbers, and the version of the one software is a setting that
 * rollouts alone change. A rollout's patch counts as part of its layer for the robots that it
 * opened, and of the layer itself once it is completed. Of the layers that reach a robot its own
 * wins, then groups by priority, then the fleet's. A vendor's key has a number: robots that a
 * rollout of the next key opened have that, and once it is completed whoever its layer reaches
 * then, until the next key is the key or is dropped. Nothing else is known here: no generations, no
 * waves, no states.
 */
#ifndef TESTS_SIMULATION_ROLLOUT_MODEL_H
#define TESTS_SIMULATION_ROLLOUT_MODEL_H

#include <stdbool.h>

#define MODEL_ROBOTS   12
#define MODEL_SETTINGS 4
#define MODEL_SOFTWARE MODEL_SETTINGS /* behind the settings */
#define MODEL_KEY      (MODEL_SETTINGS + 1)
#define MODEL_VALUES   (MODEL_SETTINGS + 2)
#define MODEL_GROUPS   2
#define MODEL_UNSET    (-1)
#define MODEL_KEEP     (-2) /* of a patch: it does not name the setting */

/* The fleet, the groups (a later one has the higher priority), each robot's own. */
enum { MODEL_FLEET = 0, MODEL_GROUP = 1, MODEL_ROBOT = MODEL_GROUP + MODEL_GROUPS };
#define MODEL_LAYERS (MODEL_ROBOT + MODEL_ROBOTS)

struct model_map {
    int values[MODEL_VALUES]; /* no layer has a key */
};

struct model {
    struct model_map layers[MODEL_LAYERS];
    bool is_member[MODEL_GROUPS][MODEL_ROBOTS];
    int key;
    bool has_next[MODEL_ROBOTS];
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

/* open: the patch that the robot sees, of layer at; NULL: none. Whoever has just left the layer has
 * what is no setting until the rollout sees that. */
static inline struct model_map model_content(const struct model *model, int robot, int at,
                                             const struct model_map *open)
{
    struct model_map content = model_map_of(MODEL_UNSET);

    for (int layer = 0; layer < MODEL_LAYERS; layer++) {
        const bool reaches = model_reaches(model, layer, robot), sees = open && at == layer;
        struct model_map map = reaches ? model->layers[layer] : model_map_of(MODEL_UNSET);

        if (reaches && sees)
            map = model_patch(map, open);
        else if (sees && open->values[MODEL_SOFTWARE] != MODEL_KEEP)
            map.values[MODEL_SOFTWARE] = open->values[MODEL_SOFTWARE];
        for (int i = 0; i < MODEL_VALUES; i++)
            if (map.values[i] != MODEL_UNSET)
                content.values[i] = map.values[i];
    }
    const bool tries = open && open->values[MODEL_KEY] != MODEL_KEEP;
    content.values[MODEL_KEY] = model->key + (tries || model->has_next[robot]);
    return content;
}

/* A rollout of that layer is completed. */
static inline void model_complete(struct model *model, int at, const struct model_map *patch)
{
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        if (patch->values[MODEL_KEY] != MODEL_KEEP && model_reaches(model, at, robot))
            model->has_next[robot] = true;
    struct model_map layer = model_patch(model->layers[at], patch);
    layer.values[MODEL_KEY] = MODEL_UNSET;
    model->layers[at] = layer;
}

/* The next key became the key, or was dropped. */
static inline void model_end_key(struct model *model, bool is_finished)
{
    model->key += is_finished;
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        model->has_next[robot] = false;
}

#endif

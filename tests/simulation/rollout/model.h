/* model.h - what each robot should be told, on one page
 *
 * Layers are maps from settings to numbers. A rollout's patch counts as part of its layer for the
 * robots that it opened, and of the layer itself once it is completed. Of the layers that reach a
 * robot its own wins, then groups by priority, then the fleet's. Nothing else is known here: no
 * generations, no waves, no states.
 */
#ifndef TESTS_SIMULATION_ROLLOUT_MODEL_H
#define TESTS_SIMULATION_ROLLOUT_MODEL_H

#include <stdbool.h>

#define MODEL_ROBOTS   12
#define MODEL_SETTINGS 4
#define MODEL_GROUPS   2
#define MODEL_UNSET    (-1)
#define MODEL_KEEP     (-2) /* of a patch: it does not name the setting */

/* The fleet, the groups (a later one has the higher priority), each robot's own. */
enum { MODEL_FLEET = 0, MODEL_GROUP = 1, MODEL_ROBOT = MODEL_GROUP + MODEL_GROUPS };
#define MODEL_LAYERS (MODEL_ROBOT + MODEL_ROBOTS)

struct model_map {
    int values[MODEL_SETTINGS];
};

struct model {
    struct model_map layers[MODEL_LAYERS];
    bool is_member[MODEL_GROUPS][MODEL_ROBOTS];
};

/* patch's values over those of base; MODEL_UNSET takes one out. */
static inline struct model_map model_patch(struct model_map base, const struct model_map *patch)
{
    for (int i = 0; i < MODEL_SETTINGS; i++)
        if (patch->values[i] != MODEL_KEEP)
            base.values[i] = patch->values[i];
    return base;
}

/* open: the patch that the robot sees, of layer at; NULL: none. */
static inline struct model_map model_content(const struct model *model, int robot, int at,
                                             const struct model_map *open)
{
    struct model_map content = {{MODEL_UNSET, MODEL_UNSET, MODEL_UNSET, MODEL_UNSET}};

    for (int layer = 0; layer < MODEL_LAYERS; layer++) {
        const bool reaches = layer == MODEL_FLEET || layer == MODEL_ROBOT + robot ||
                             (layer < MODEL_ROBOT && model->is_member[layer - MODEL_GROUP][robot]);

        if (!reaches)
            continue;
        const struct model_map map = open != NULL && at == layer
                                         ? model_patch(model->layers[layer], open)
                                         : model->layers[layer];
        for (int i = 0; i < MODEL_SETTINGS; i++)
            if (map.values[i] != MODEL_UNSET)
                content.values[i] = map.values[i];
    }
    return content;
}

#endif

#include "agent/face/pack_build.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH    16
#define NOTHING      1e-4 /* a number that moves less does not move */
#define MAX_GRID     16
#define BEHIND       "behind"
#define LIGHT        "light"
#define MOVE         "move"
#define AXIS_BIT(at) ((uint64_t)1 << (at))

/* A key as it was drawn: where its shape is at one or two values. */
struct drawn_key {
    uint8_t axis[2]; /* PACK_AXIS_COUNT: no second one */
    double value[2];
    bool is_move; /* numbers are what is added at value[0] */
    const double *numbers;
};

struct drawn_shape {
    struct pack_shape out;
    size_t count;
    struct drawn_key keys[PACK_MAX_KEYS];
};

struct builder {
    struct arena *scratch; /* for the time of the building */
    struct arena *kept;    /* the pack's */
    char *problem;
    struct drawn_shape *shapes;
    size_t count;
};

__attribute__((format(printf, 2, 3))) static enum status refuse(struct builder *builder,
                                                                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(builder->problem, PACK_PROBLEM_SIZE, format, args);
    va_end(args);
    return STATUS_INVALID;
}

/* --- names: "mouth@open=1,lip=-1" --- */

static size_t base_size(const char *name)
{
    return strcspn(name, "@");
}

static bool is_key(const struct svg_node *node)
{
    return strchr(node->name, '@') != NULL;
}

static bool is_move(const struct svg_node *node)
{
    return base_size(node->name) == strlen(MOVE) && strncmp(node->name, MOVE, strlen(MOVE)) == 0;
}

static uint8_t axis_of(const char *word, size_t size)
{
    for (uint8_t i = 0; i < PACK_AXIS_COUNT; i++)
        if (strlen(pack_axis(i)->name) == size && strncmp(pack_axis(i)->name, word, size) == 0)
            return i;
    return PACK_AXIS_COUNT;
}

static enum status read_axis(struct builder *builder, const struct svg_node *node, const char **at,
                             uint8_t *axis, double *value)
{
    size_t size = strcspn(*at, "=,");

    *axis = axis_of(*at, size);
    if (*axis == PACK_AXIS_COUNT)
        return refuse(builder, "line %u: \"%.40s\": there is no axis \"%.*s\"", node->line,
                      node->name, (int)(size < 20 ? size : 20), *at);
    *at += size;
    *value = 1;
    if (**at == '=') {
        const char *number = *at + 1;

        if (!svg_path_number(&number, value))
            return refuse(builder, "line %u: \"%.40s\": after = comes a number", node->line,
                          node->name);
        *at = number;
    } else if (**at == ',') {
        (*at)++;
    }
    if (*value < pack_axis(*axis)->low || *value > pack_axis(*axis)->high ||
        *value == pack_axis(*axis)->rest)
        return refuse(builder, "line %u: \"%.40s\": \"%s\" goes from %g to %g and rests at %g",
                      node->line, node->name, pack_axis(*axis)->name, pack_axis(*axis)->low,
                      pack_axis(*axis)->high, pack_axis(*axis)->rest);
    return STATUS_OK;
}

static enum status read_key_name(struct builder *builder, const struct svg_node *node,
                                 struct drawn_key *key)
{
    const char *at = node->name + base_size(node->name) + 1;

    *key = (struct drawn_key){.axis = {PACK_AXIS_COUNT, PACK_AXIS_COUNT}};
    enum status status = read_axis(builder, node, &at, &key->axis[0], &key->value[0]);
    if (status == STATUS_OK && *at)
        status = read_axis(builder, node, &at, &key->axis[1], &key->value[1]);
    if (status != STATUS_OK)
        return status;
    if (*at || key->axis[0] == key->axis[1])
        return refuse(builder, "line %u: \"%.40s\": a key names one axis, or two different ones",
                      node->line, node->name);
    return STATUS_OK;
}

/* --- from the tree to the row of shapes --- */

/* What holds for everything inside a group. */
struct around {
    int clip;
    bool is_behind;
    unsigned depth;
};

static enum status add_shape(struct builder *builder, const struct svg_shape *svg, bool is_clip,
                             const struct around *around)
{
    if (builder->count == PACK_MAX_SHAPES)
        return refuse(builder, "line %u: more than %d shapes", svg->line, PACK_MAX_SHAPES);
    if (svg->number_count > PACK_MAX_NUMBERS)
        return refuse(builder, "line %u: \"%.40s\" has too many nodes", svg->line, svg->name);
    builder->shapes[builder->count++].out =
        (struct pack_shape){.svg = svg,
                            .is_light = strncmp(svg->name, LIGHT, strlen(LIGHT)) == 0,
                            .is_behind = around->is_behind,
                            .is_clip = is_clip,
                            .clip = around->clip};
    return STATUS_OK;
}

static enum status add_children(struct builder *builder, const struct svg_node *group,
                                struct around around);

/* The node's clip, then itself or what it holds. */
static enum status add_node(struct builder *builder, const struct svg_node *node,
                            struct around around)
{
    enum status status = STATUS_OK;

    around.is_behind |= strncmp(node->name, BEHIND, strlen(BEHIND)) == 0;
    if (node->clip) {
        status = add_shape(builder, node->clip, true, &around);
        around.clip = (int)builder->count - 1;
    }
    if (status != STATUS_OK)
        return status;
    return node->shape ? add_shape(builder, node->shape, false, &around)
                       : add_children(builder, node, around);
}

/* The shapes that a key draws, in the order in which add_node() finds those of its base. */
struct flat {
    const struct svg_shape *shapes[PACK_MAX_SHAPES];
    size_t count;
};

static enum status flatten(struct builder *builder, const struct svg_node *node, unsigned depth,
                           struct flat *flat)
{
    enum status status = STATUS_OK;

    if (flat->count + 2 > PACK_MAX_SHAPES || depth > MAX_DEPTH)
        return refuse(builder, "line %u: \"%.40s\" holds too much", node->line, node->name);
    if (node->clip)
        flat->shapes[flat->count++] = node->clip;
    if (node->shape)
        flat->shapes[flat->count++] = node->shape;
    for (const struct svg_node *at = node->first; at && status == STATUS_OK; at = at->next) {
        if (is_key(at))
            return refuse(builder, "line %u: a key holds no other key: \"%.40s\"", at->line,
                          at->name);
        if (!at->is_hidden)
            status = flatten(builder, at, depth + 1, flat);
    }
    return status;
}

static enum status add_key(struct builder *builder, struct drawn_shape *shape,
                           const struct drawn_key *key, unsigned line)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct drawn_key *other = &shape->keys[i];

        if (!key->is_move && !other->is_move &&
            memcmp(other->axis, key->axis, sizeof key->axis) == 0 &&
            memcmp(other->value, key->value, sizeof key->value) == 0)
            return refuse(builder, "line %u: \"%.40s\" is drawn twice for one place", line,
                          shape->out.svg->name);
    }
    if (shape->count == PACK_MAX_KEYS)
        return refuse(builder, "line %u: \"%.40s\" has too many keys", line, shape->out.svg->name);
    shape->keys[shape->count++] = *key;
    return STATUS_OK;
}

/* Lays the key's shapes beside the base's, one by one. */
static enum status match_key(struct builder *builder, const struct svg_node *node, size_t first,
                             size_t end)
{
    struct drawn_key key;
    struct flat flat = {.count = 0};
    const char *why = "";
    enum status status = read_key_name(builder, node, &key);

    if (status == STATUS_OK)
        status = flatten(builder, node, 0, &flat);
    if (status == STATUS_OK && flat.count != end - first)
        return refuse(builder, "line %u: \"%.40s\" has %zu shapes, what it is a key of has %zu",
                      node->line, node->name, flat.count, end - first);
    for (size_t i = 0; i < flat.count && status == STATUS_OK; i++) {
        struct drawn_shape *shape = &builder->shapes[first + i];
        const struct svg_shape *drawn = flat.shapes[i];

        if (!svg_is_alike(shape->out.svg, drawn, &why))
            return refuse(builder,
                          "line %u: \"%.30s\" in \"%.30s\" differs from line %u: %s (%zu nodes "
                          "against %zu)",
                          drawn->line, drawn->name, node->name, shape->out.svg->line, why,
                          drawn->point_count, shape->out.svg->point_count);
        key.numbers = drawn->numbers;
        status = add_key(builder, shape, &key, drawn->line);
    }
    return status;
}

static void shift_matrix(double *numbers, const struct svg_paint *paint, double dx, double dy)
{
    if (paint->kind == SVG_PAINT_LINEAR || paint->kind == SVG_PAINT_RADIAL) {
        numbers[paint->at + 4] = dx;
        numbers[paint->at + 5] = dy;
    }
}

/* A line from where the group is to where it goes. */
static enum status add_move(struct builder *builder, const struct svg_node *node, size_t first,
                            size_t end)
{
    const struct svg_shape *line = node->shape;
    struct drawn_key key;
    enum status status = read_key_name(builder, node, &key);

    if (status != STATUS_OK)
        return status;
    if (!line || line->op_count != 2 || key.axis[1] != PACK_AXIS_COUNT)
        return refuse(builder, "line %u: \"%.40s\" must be one line of two nodes, for one axis",
                      node->line, node->name);
    double dx = line->numbers[6] - line->numbers[0], dy = line->numbers[7] - line->numbers[1];
    key.is_move = true;
    for (size_t i = first; i < end && status == STATUS_OK; i++) {
        const struct svg_shape *svg = builder->shapes[i].out.svg;
        double *numbers = arena_take(builder->scratch, svg->number_count * sizeof *numbers);

        if (!numbers)
            return STATUS_MEMORY;
        for (size_t k = 0; k < svg->point_count; k++) {
            numbers[2 * k] = dx;
            numbers[2 * k + 1] = dy;
        }
        shift_matrix(numbers, &svg->fill, dx, dy);
        shift_matrix(numbers, &svg->stroke, dx, dy);
        key.numbers = numbers;
        status = add_key(builder, &builder->shapes[i], &key, node->line);
    }
    return status;
}

static bool is_base_of(const struct svg_node *node, const struct svg_node *key)
{
    return !is_key(node) && !node->is_hidden && strlen(node->name) == base_size(key->name) &&
           strncmp(node->name, key->name, base_size(key->name)) == 0;
}

/* All keys of the node that stand beside it. */
static enum status add_keys(struct builder *builder, const struct svg_node *group,
                            const struct svg_node *node, size_t first)
{
    enum status status = STATUS_OK;

    for (const struct svg_node *at = group->first; at && status == STATUS_OK; at = at->next)
        if (is_key(at) && is_base_of(node, at))
            status = match_key(builder, at, first, builder->count);
    return status;
}

static enum status check_key_has_base(struct builder *builder, const struct svg_node *group,
                                      const struct svg_node *key)
{
    size_t count = 0;

    for (const struct svg_node *at = group->first; at; at = at->next)
        count += is_base_of(at, key);
    if (count == 1 || is_move(key))
        return STATUS_OK;
    return refuse(builder, "line %u: \"%.40s\": beside it there is %s \"%.*s\"", key->line,
                  key->name, count ? "more than one" : "no", (int)base_size(key->name), key->name);
}

static enum status add_children(struct builder *builder, const struct svg_node *group,
                                struct around around)
{
    size_t begin = builder->count;
    enum status status = STATUS_OK;

    if (++around.depth > MAX_DEPTH)
        return refuse(builder, "line %u: groups are too deep in each other", group->line);
    for (const struct svg_node *at = group->first; at && status == STATUS_OK; at = at->next) {
        size_t first = builder->count;

        if (is_key(at)) {
            status = check_key_has_base(builder, group, at);
        } else if (!at->is_hidden) {
            status = add_node(builder, at, around);
            if (status == STATUS_OK)
                status = add_keys(builder, group, at, first);
        }
    }
    for (const struct svg_node *at = group->first; at && status == STATUS_OK; at = at->next)
        if (is_key(at) && is_move(at))
            status = add_move(builder, at, begin, builder->count);
    return status;
}

/* --- from drawn keys to tables --- */

struct grid {
    double values[MAX_GRID + 1];
    size_t count;
};

static void add_value(struct grid *grid, double value)
{
    size_t at = grid->count;

    for (size_t i = 0; i < grid->count; i++)
        if (grid->values[i] == value)
            return;
    if (grid->count > MAX_GRID)
        return;
    for (; at > 0 && grid->values[at - 1] > value; at--)
        grid->values[at] = grid->values[at - 1];
    grid->values[at] = value;
    grid->count++;
}

/* The values that single keys (pairs: any keys) of the shape give to an axis, and its rest. */
static struct grid grid_of(const struct drawn_shape *shape, uint8_t axis, bool pairs)
{
    struct grid grid = {.count = 0};

    add_value(&grid, pack_axis(axis)->rest);
    for (size_t i = 0; i < shape->count; i++) {
        const struct drawn_key *key = &shape->keys[i];
        bool is_pair = key->axis[1] != PACK_AXIS_COUNT;

        for (size_t k = 0; k < 2; k++)
            if (key->axis[k] == axis && !key->is_move && (pairs || !is_pair))
                add_value(&grid, key->value[k]);
    }
    return grid;
}

/* At the ends of the grid the weight stays 1. */
static struct pack_ramp ramp_of(const struct grid *grid, uint8_t axis, double value)
{
    struct pack_ramp ramp = {
        .axis = axis, .low = -HUGE_VALF, .at = (float)value, .high = HUGE_VALF};

    for (size_t i = 0; i < grid->count; i++) {
        if (grid->values[i] < value)
            ramp.low = (float)grid->values[i];
        if (grid->values[i] > value && ramp.high == HUGE_VALF)
            ramp.high = (float)grid->values[i];
    }
    return ramp;
}

static struct pack_key finished(const struct drawn_shape *shape, const struct drawn_key *key,
                                const float *deltas)
{
    bool is_pair = key->axis[1] != PACK_AXIS_COUNT;
    struct grid first = grid_of(shape, key->axis[0], is_pair);
    struct pack_key out = {.first = ramp_of(&first, key->axis[0], key->value[0]),
                           .second.axis = PACK_AXIS_COUNT,
                           .deltas = deltas};

    out.first.is_move = key->is_move;
    if (is_pair) {
        struct grid second = grid_of(shape, key->axis[1], true);

        out.second = ramp_of(&second, key->axis[1], key->value[1]);
    }
    return out;
}

/* What a key adds to the first `visible` keys; a key that adds nothing is left out. */
static enum status finish_key(struct builder *builder, struct drawn_shape *shape,
                              struct drawn_key *key, struct pack_key *keys, size_t visible)
{
    struct pack_shape before = shape->out;
    double made[PACK_MAX_NUMBERS] = {0}, most = 0;
    size_t count = shape->out.svg->number_count;
    struct pack_values values;

    pack_rest(&values);
    for (size_t i = 0; i < 2; i++)
        if (key->axis[i] != PACK_AXIS_COUNT)
            values.at[key->axis[i]] = key->value[i];
    before.key_count = visible;
    if (!key->is_move)
        pack_blend(&before, &values, made);
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(key->numbers[i] - made[i]));
    if (most < NOTHING)
        return STATUS_OK;
    float *deltas = arena_take(builder->kept, count * sizeof *deltas);
    if (!deltas)
        return STATUS_MEMORY;
    for (size_t i = 0; i < count; i++)
        deltas[i] = (float)(key->numbers[i] - made[i]);
    keys[shape->out.key_count++] = finished(shape, key, deltas);
    shape->out.axes |= AXIS_BIT(key->axis[0]);
    if (key->axis[1] != PACK_AXIS_COUNT)
        shape->out.axes |= AXIS_BIT(key->axis[1]);
    return STATUS_OK;
}

/* Single keys stand against the base, pairs against what the single ones make, moves by
 * themselves: a key is drawn where its group rests. */
static enum status finish_shape(struct builder *builder, struct drawn_shape *shape)
{
    struct pack_key *keys = arena_take(builder->kept, (shape->count + 1) * sizeof *keys);
    enum status status = keys ? STATUS_OK : STATUS_MEMORY;
    size_t visible = 0;

    shape->out.keys = keys;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < shape->count && status == STATUS_OK; i++) {
            struct drawn_key *key = &shape->keys[i];
            unsigned own = key->is_move ? 2 : key->axis[1] != PACK_AXIS_COUNT;

            if (own == round)
                status = finish_key(builder, shape, key, keys, visible);
        }
        visible = round == 0 ? shape->out.key_count : 0;
    }
    return status;
}

/* The tree goes, what the pack draws stays. */
static enum status keep_svg(struct builder *builder, struct pack_shape *shape)
{
    const struct svg_shape *svg = shape->svg;
    struct svg_shape *kept = arena_take(builder->kept, sizeof *kept);
    const char *name = arena_text(builder->kept, span_text(svg->name));
    const struct span ops = arena_copy(builder->kept, span_of(svg->ops, svg->op_count));
    double *numbers = arena_take(builder->kept, svg->number_count * sizeof *numbers);

    if (!kept || !name || !numbers || arena_failed(builder->kept))
        return STATUS_MEMORY;
    memcpy(numbers, svg->numbers, svg->number_count * sizeof *numbers);
    *kept = *svg;
    kept->name = name;
    kept->ops = ops.data;
    kept->numbers = numbers;
    shape->svg = kept;
    return STATUS_OK;
}

enum status pack_build(struct pack *pack, struct arena *scratch, const struct svg_node *root,
                       char problem[PACK_PROBLEM_SIZE])
{
    const struct around nothing = {.clip = -1};
    struct builder builder = {.scratch = scratch, .kept = pack->arena, .problem = problem};

    builder.shapes = arena_take(scratch, PACK_MAX_SHAPES * sizeof *builder.shapes);
    if (!builder.shapes)
        return STATUS_MEMORY;
    enum status status = add_children(&builder, root, nothing);
    struct pack_shape *shapes = arena_take(pack->arena, (builder.count + 1) * sizeof *shapes);
    if (!shapes)
        return STATUS_MEMORY;
    for (size_t i = 0; i < builder.count && status == STATUS_OK; i++) {
        status = finish_shape(&builder, &builder.shapes[i]);
        shapes[i] = builder.shapes[i].out;
        if (status == STATUS_OK)
            status = keep_svg(&builder, &shapes[i]);
    }
    pack->shapes = shapes;
    pack->shape_count = builder.count;
    return status;
}

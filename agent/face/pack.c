#include "agent/face/pack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/face/pack_build.h"
#include "agent/face/pack_data.h"
#include "schema/base/file.h"

#define ARENA_BYTES (24 * 1024 * 1024)
#define MAX_OPENING 12.0 /* square units of a shut mouth that may show */
#define CAVITY      "cavity"

static const struct pack_axis_spec axes[PACK_AXIS_COUNT] = {
#define PACK_ROW(name, word, rest, low, high, step, slow) {word, rest, low, high, step, slow},
    PACK_AXES(PACK_ROW)
#undef PACK_ROW
};

const struct pack_axis_spec *pack_axis(enum pack_axis axis)
{
    return &axes[axis];
}

void pack_rest(struct pack_values *values)
{
    for (size_t i = 0; i < PACK_AXIS_COUNT; i++)
        values->at[i] = axes[i].rest;
}

void pack_settle(struct pack_values *values)
{
    for (size_t i = 0; i < PACK_AXIS_COUNT; i++) {
        double value = fmin(fmax(values->at[i], axes[i].low), axes[i].high);

        values->at[i] = round(value / axes[i].step) * axes[i].step;
    }
}

uint64_t pack_fast_axes(void)
{
    uint64_t fast = 0;

    for (size_t i = 0; i < PACK_AXIS_COUNT; i++)
        fast |= axes[i].is_slow ? 0 : (uint64_t)1 << i;
    return fast;
}

/* --- blending --- */

static double weight_of(const struct pack_ramp *ramp, const struct pack_values *values)
{
    if (ramp->axis == PACK_AXIS_COUNT)
        return 1;
    double value = values->at[ramp->axis];
    if (ramp->is_move)
        return value / (double)ramp->at;
    double low = (double)ramp->low, at = (double)ramp->at, high = (double)ramp->high;
    if (value < at)
        return isinf(low) ? 1 : value <= low ? 0 : (value - low) / (at - low);
    return value == at || isinf(high) ? 1 : value >= high ? 0 : (high - value) / (high - at);
}

static double key_weight(const struct pack_key *key, const struct pack_values *values)
{
    double weight = weight_of(&key->first, values);

    return weight == 0 ? 0 : weight * weight_of(&key->second, values);
}

void pack_blend(const struct pack_shape *shape, const struct pack_values *values, double *numbers)
{
    size_t count = shape->svg->number_count;

    memcpy(numbers, shape->svg->numbers, count * sizeof *numbers);
    for (size_t i = 0; i < shape->key_count; i++) {
        double weight = key_weight(&shape->keys[i], values);

        if (weight != 0)
            for (size_t k = 0; k < count; k++)
                numbers[k] += weight * (double)shape->keys[i].deltas[k];
    }
}

/* --- checks --- */

/* Twice the area inside the nodes of a shape; enough to tell a slit from a hole. */
static double area_of(const struct pack_shape *shape, const struct pack_values *values)
{
    double numbers[PACK_MAX_NUMBERS], area = 0;
    size_t count = shape->svg->point_count;

    pack_blend(shape, values, numbers);
    for (size_t i = 0; i < count; i++) {
        const double *a = numbers + 2 * i, *b = numbers + 2 * ((i + 1) % count);

        area += a[0] * b[1] - b[0] * a[1];
    }
    return fabs(area) / 2;
}

static enum status check_shuts(const struct pack_shape *cavity, char problem[PACK_PROBLEM_SIZE])
{
    for (int i = 0; i < 9; i++) {
        struct pack_values values;

        pack_rest(&values);
        values.at[PACK_LIP] = i % 3 - 1;
        values.at[PACK_SMILE] = i / 3 - 1;
        double area = area_of(cavity, &values);
        if (area > MAX_OPENING) {
            snprintf(problem, PACK_PROBLEM_SIZE,
                     "line %u: the mouth does not shut: at open=0, lip=%d, smile=%d the cavity "
                     "shows %.0f square units",
                     cavity->svg->line, i % 3 - 1, i / 3 - 1, area);
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

/* Without these a face cannot talk. */
static enum status check(const struct pack *pack, char problem[PACK_PROBLEM_SIZE])
{
    static const enum pack_axis needed[] = {PACK_OPEN, PACK_LIP, PACK_EYE, PACK_SMILE};
    const struct pack_shape *cavity = NULL;
    uint64_t moved = 0;

    for (size_t i = 0; i < pack->shape_count; i++) {
        moved |= pack->shapes[i].axes;
        if (!pack->shapes[i].is_clip && strcmp(pack->shapes[i].svg->name, CAVITY) == 0)
            cavity = &pack->shapes[i];
    }
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!(moved & (uint64_t)1 << needed[i])) {
            snprintf(problem, PACK_PROBLEM_SIZE, "nothing moves along the axis \"%s\"",
                     axes[needed[i]].name);
            return STATUS_INVALID;
        }
    }
    if (!cavity) {
        snprintf(problem, PACK_PROBLEM_SIZE, "there is no shape \"%s\", the inside of the mouth",
                 CAVITY);
        return STATUS_INVALID;
    }
    return check_shuts(cavity, problem);
}

/* --- what the header promises --- */

enum status pack_read(struct pack **out, struct span svg, char problem[PACK_PROBLEM_SIZE])
{
    struct pack *pack = calloc(1, sizeof *pack);
    struct arena *scratch = NULL;
    const struct svg_node *root;

    snprintf(problem, PACK_PROBLEM_SIZE, "out of memory");
    enum status status = pack ? arena_create(&pack->arena, ARENA_BYTES) : STATUS_MEMORY;
    if (status == STATUS_OK)
        status = arena_create(&scratch, ARENA_BYTES);
    if (status == STATUS_OK)
        status = svg_read(scratch, svg, &root, problem);
    if (status == STATUS_OK)
        status = pack_build(pack, scratch, root, problem);
    if (status == STATUS_OK)
        status = check(pack, problem);
    arena_free(scratch);
    if (status == STATUS_OK)
        *out = pack;
    else
        pack_free(pack);
    return status;
}

enum status pack_load(struct pack **out, const char *path, char problem[PACK_PROBLEM_SIZE])
{
    uint8_t *data;
    size_t size;
    enum status status = file_read(path, PACK_MAX_BYTES, &data, &size);

    if (status != STATUS_OK) {
        snprintf(problem, PACK_PROBLEM_SIZE, "cannot read the file: %s", status_text(status));
        return status;
    }
    status = pack_read(out, span_of(data, size), problem);
    free(data);
    return status;
}

enum status pack_builtin(struct pack **out)
{
    char problem[PACK_PROBLEM_SIZE];

    return pack_read(out, span_of(pack_data, pack_data_size), problem);
}

void pack_free(struct pack *pack)
{
    if (!pack)
        return;
    arena_free(pack->arena);
    free(pack);
}

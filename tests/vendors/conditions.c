#include "tests/vendors/conditions.h"

#include <math.h>

#include "schema/base/json.h"

struct knob {
    const char *name;
    size_t offset;
    double min, max;
};

#define CHANCE(fault) offsetof(struct conditions, chance) + (fault) * sizeof(double), 0, 1

/* The row of a fault is its number less one: there is none for FAULT_NONE. */
static const struct knob knobs[] = {
    {"429", CHANCE(FAULT_RATE_LIMIT)},
    {"quota", CHANCE(FAULT_QUOTA)},
    {"500", CHANCE(FAULT_ERROR)},
    {"503", CHANCE(FAULT_OVERLOADED)},
    {"cut", CHANCE(FAULT_CUT)},
    {"stall", CHANCE(FAULT_STALL)},
    {"no_usage", CHANCE(FAULT_NO_USAGE)},
    {"mid_error", CHANCE(FAULT_MID_ERROR)},
    {"under_200", CHANCE(FAULT_UNDER_200)},
    {"filter", CHANCE(FAULT_FILTER)},
    {"tokens_per_s", offsetof(struct conditions, tokens_per_s), 0.1, 100000},
    {"first_token_ms", offsetof(struct conditions, first_token_ms), 0, 600000},
    {"jitter_ms", offsetof(struct conditions, jitter_ms), 0, 600000},
    {"retry_after_s", offsetof(struct conditions, retry_after_s), 0, 3600},
    {"stall_s", offsetof(struct conditions, stall_s), 0, 3600},
};
#define KNOB_COUNT (sizeof knobs / sizeof *knobs)

static double *field(struct conditions *conditions, const struct knob *knob)
{
    return (void *)((char *)conditions + knob->offset);
}

static double value_of(const struct conditions *conditions, const struct knob *knob)
{
    const double *value = (const void *)((const char *)conditions + knob->offset);

    return *value;
}

void conditions_init(struct conditions *conditions)
{
    *conditions = (struct conditions){.tokens_per_s = 40,
                                      .first_token_ms = 250,
                                      .jitter_ms = 100,
                                      .retry_after_s = 1,
                                      .stall_s = 120};
}

const char *conditions_fault_name(enum fault fault)
{
    return fault == FAULT_NONE ? "none" : knobs[fault - 1].name;
}

enum status conditions_fault_by_name(struct span name, enum fault *fault)
{
    for (int i = FAULT_NONE; i < FAULT_COUNT; i++) {
        if (!span_equal_text(name, conditions_fault_name((enum fault)i)))
            continue;
        *fault = (enum fault)i;
        return STATUS_OK;
    }
    return STATUS_NOT_FOUND;
}

enum fault conditions_draw(const struct conditions *conditions, struct dice *dice)
{
    double thrown = dice_fraction(dice);

    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++) {
        if (thrown < conditions->chance[i])
            return (enum fault)i;
        thrown -= conditions->chance[i];
    }
    return FAULT_NONE;
}

static enum status set(struct conditions *conditions, struct span name, double value,
                       char problem[160])
{
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        if (!span_equal_text(name, knobs[i].name))
            continue;
        if (!(value >= knobs[i].min && value <= knobs[i].max)) {
            snprintf(problem, 160, "\"%s\" must be from %g to %g", knobs[i].name, knobs[i].min,
                     knobs[i].max);
            return STATUS_INVALID;
        }
        *field(conditions, &knobs[i]) = value;
        return STATUS_OK;
    }
    snprintf(problem, 160, "no setting \"%.*s\"", (int)(name.size < 60 ? name.size : 60),
             (const char *)name.data);
    return STATUS_INVALID;
}

static enum status check_sum(const struct conditions *conditions, char problem[160])
{
    double sum = 0;

    for (int i = FAULT_NONE + 1; i < FAULT_COUNT; i++)
        sum += conditions->chance[i];
    if (sum <= 1 + 1e-9)
        return STATUS_OK;
    snprintf(problem, 160, "the faults' probabilities add up to %g, more than 1", sum);
    return STATUS_INVALID;
}

static enum status set_item(struct conditions *conditions, const char *item, size_t size,
                            char problem[160])
{
    const char *equals = memchr(item, '=', size);
    char *end = NULL;

    if (equals == NULL) {
        snprintf(problem, 160, "\"%.*s\" must be NAME=VALUE", (int)(size < 60 ? size : 60), item);
        return STATUS_INVALID;
    }
    double value = strtod(equals + 1, &end);
    if (end != item + size || end == equals + 1)
        value = NAN;
    return set(conditions, span_of(item, (size_t)(equals - item)), value, problem);
}

enum status conditions_set_list(struct conditions *conditions, const char *list, char problem[160])
{
    struct conditions changed = *conditions;
    enum status status = STATUS_OK;

    while (*list != '\0' && status == STATUS_OK) {
        size_t size = strcspn(list, ",");

        status = set_item(&changed, list, size, problem);
        list += list[size] == ',' ? size + 1 : size;
    }
    if (status == STATUS_OK)
        status = check_sum(&changed, problem);
    if (status == STATUS_OK)
        *conditions = changed;
    return status;
}

enum status conditions_set_json(struct conditions *conditions, struct span json, char problem[160])
{
    struct conditions changed = *conditions;
    struct json *document = NULL;
    enum status status = json_parse(json, &document, problem);

    if (status != STATUS_OK)
        return STATUS_INVALID;
    if (json_type(document) != JSON_OBJECT) {
        snprintf(problem, 160, "must be an object");
        status = STATUS_INVALID;
    }
    for (size_t i = 0; status == STATUS_OK && i < json_count(document); i++) {
        const char *name = "";
        const struct json *value = json_member_at(document, i, &name);
        double number =
            json_type(value) == JSON_INT ? (double)json_int(value, -1) : json_double(value, NAN);

        status = set(&changed, span_text(name), number, problem);
    }
    if (status == STATUS_OK)
        status = check_sum(&changed, problem);
    if (status == STATUS_OK)
        *conditions = changed;
    json_free(document);
    return status;
}

void conditions_write_json(const struct conditions *conditions, struct buffer *out)
{
    struct json_writer writer;

    json_writer_init(&writer, out);
    json_begin_object(&writer);
    for (size_t i = 0; i < KNOB_COUNT; i++) {
        json_key(&writer, knobs[i].name);
        json_write_real(&writer, value_of(conditions, &knobs[i]));
    }
    json_end_object(&writer);
}

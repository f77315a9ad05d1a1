#include "server/money/profile.h"

#include <stdio.h>
#include <string.h>

#define NOON_MS (12 * 3600 * 1000)

/* One document while it is read; rows fill up. */
struct reading {
    struct arena *arena;
    struct json_problem *problem;
    struct whatif_usage *rows;
    size_t count;
};

static enum status refuse(const struct reading *reading, const char *pointer, const char *detail)
{
    snprintf(reading->problem->pointer, sizeof reading->problem->pointer, "%s", pointer);
    snprintf(reading->problem->detail, sizeof reading->problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* Whole numbers as they are, fractions as texts: binary fractions would not be exact. */
static enum status read_number(const struct reading *reading, const struct json *value,
                               const char *pointer, struct decimal *out)
{
    char digits[24];
    struct span text = span_text(json_text(value, ""));

    if (json_type(value) == JSON_INT) {
        snprintf(digits, sizeof digits, "%lld", (long long)json_int(value, 0));
        text = span_text(digits);
    }
    if (decimal_parse(text, out) != STATUS_OK || out->units < 0)
        return refuse(reading, pointer,
                      "must be a whole number of 0 or more, or a text like \"1200.5\"");
    return STATUS_OK;
}

static enum status read_metrics(const struct reading *reading, const struct json *metrics,
                                const char *where, struct decimal quantities[CONTRACT_METRICS])
{
    if (json_type(metrics) != JSON_OBJECT)
        return refuse(reading, where, "must be an object of quantities: {\"output\": 500000}");
    for (size_t i = 0; i < json_count(metrics); i++) {
        char pointer[96];
        const char *name;
        const struct json *value = json_member_at(metrics, i, &name);
        int metric = 0;

        snprintf(pointer, sizeof pointer, "%.40s/%.50s", where, name);
        while (metric < CONTRACT_METRICS &&
               strcmp(contract_metric_name((enum contract_metric)metric), name) != 0)
            metric++;
        if (metric == CONTRACT_METRICS)
            return refuse(reading, pointer,
                          "there is no such metric; records hold input_uncached, input_cached, "
                          "output, reasoning, requests, video_ms ...");
        enum status status = read_number(reading, value, pointer, &quantities[metric]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static struct whatif_usage *add_row(struct reading *reading, const char *model)
{
    struct whatif_usage *row = &reading->rows[reading->count++];

    *row = (struct whatif_usage){.model = arena_text(reading->arena, span_text(model)),
                                 .service_tier = "",
                                 .time_of_day_ms = NOON_MS};
    return row;
}

static enum status read_models(struct reading *reading, const struct json *models)
{
    if (json_type(models) != JSON_OBJECT || json_count(models) == 0)
        return refuse(reading, "/models", "must be an object: {\"MODEL\": {\"output\": 500000}}");
    if (json_count(models) > PROFILE_ROWS)
        return refuse(reading, "/models", "more than 256 models");
    for (size_t i = 0; i < json_count(models); i++) {
        char where[96];
        const char *model;
        const struct json *metrics = json_member_at(models, i, &model);

        snprintf(where, sizeof where, "/models/%s", model);
        struct whatif_usage *row = add_row(reading, model);
        enum status status = read_metrics(reading, metrics, where, row->quantities);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_time(const struct reading *reading, const char *text, const char *pointer,
                             int32_t *out)
{
    unsigned hour, minute;
    char rest;

    if (strlen(text) != 5 || sscanf(text, "%2u:%2u%c", &hour, &minute, &rest) != 2 || hour > 23 ||
        minute > 59)
        return refuse(reading, pointer, "must be a time of the day like \"20:30\"");
    *out = (int32_t)((hour * 60 + minute) * 60 * 1000);
    return STATUS_OK;
}

/* One member of a row. */
static enum status read_member(struct reading *reading, struct whatif_usage *row, const char *name,
                               const struct json *value, const char *pointer)
{
    const bool is_text = json_type(value) == JSON_TEXT;

    if (strcmp(name, "metrics") == 0)
        return read_metrics(reading, value, pointer, row->quantities);
    if (strcmp(name, "amount") == 0) {
        row->has_amount = true;
        return read_number(reading, value, pointer, &row->amount);
    }
    if (!is_text)
        return refuse(reading, pointer, "must be a text");
    if (strcmp(name, "at") == 0)
        return read_time(reading, json_text(value, ""), pointer, &row->time_of_day_ms);
    if (strcmp(name, "service_tier") == 0)
        row->service_tier = arena_text(reading->arena, span_text(json_text(value, "")));
    else if (strcmp(name, "model") != 0)
        return refuse(reading, pointer,
                      "is not known; a row has model, at, service_tier, metrics, amount");
    return STATUS_OK;
}

static enum status read_row(struct reading *reading, const struct json *item, const char *where)
{
    const char *model = json_text(json_member(item, "model"), NULL);

    if (json_type(item) != JSON_OBJECT || model == NULL)
        return refuse(reading, where, "must be an object with a \"model\"");
    struct whatif_usage *row = add_row(reading, model);
    for (size_t i = 0; i < json_count(item); i++) {
        char pointer[96];
        const char *name;
        const struct json *value = json_member_at(item, i, &name);

        snprintf(pointer, sizeof pointer, "%.40s/%.50s", where, name);
        enum status status = read_member(reading, row, name, value, pointer);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_rows(struct reading *reading, const struct json *usage)
{
    if (json_type(usage) != JSON_ARRAY || json_count(usage) == 0 ||
        json_count(usage) > PROFILE_ROWS)
        return refuse(reading, "/usage", "must be a list of 1 to 256 rows");
    for (size_t i = 0; i < json_count(usage); i++) {
        char where[96];

        snprintf(where, sizeof where, "/usage/%zu", i);
        enum status status = read_row(reading, json_item(usage, i), where);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_per(const struct reading *reading, const struct json *per,
                            enum period_per *out)
{
    const char *text = json_text(per, "");

    if (!span_is_choice(span_text(text), "day|week|month|quarter|year") ||
        period_find(text, out) != STATUS_OK)
        return refuse(reading, "/per", "must be one of day, week, month, quarter, year");
    return STATUS_OK;
}

enum status profile_read(const struct json *document, struct arena *arena,
                         struct whatif_profile *out, struct json_problem *problem)
{
    struct reading reading = {.arena = arena, .problem = problem};
    struct whatif_profile profile = {.per = PERIOD_MONTH};
    const struct json *models = json_member(document, "models");
    const struct json *usage = json_member(document, "usage");

    if (json_type(document) != JSON_OBJECT)
        return refuse(&reading, "", "must be an object");
    for (size_t i = 0; i < json_count(document); i++) {
        const char *name;
        char pointer[96];

        (void)json_member_at(document, i, &name);
        snprintf(pointer, sizeof pointer, "/%s", name);
        if (!span_is_choice(span_text(name), "per|models|usage"))
            return refuse(&reading, pointer,
                          "is not known; a profile has per and models, or per and usage");
    }
    if ((models == NULL) == (usage == NULL))
        return refuse(&reading, "", "must have one of \"models\" and \"usage\"");
    enum status status = read_per(&reading, json_member(document, "per"), &profile.per);
    if (status != STATUS_OK)
        return status;
    reading.rows = arena_take(arena, PROFILE_ROWS * sizeof *reading.rows);
    if (reading.rows == NULL)
        return STATUS_MEMORY;
    status = models ? read_models(&reading, models) : read_rows(&reading, usage);
    if (status == STATUS_OK && arena_failed(arena))
        status = STATUS_MEMORY;
    if (status != STATUS_OK)
        return status;
    profile.usage = reading.rows;
    profile.count = reading.count;
    *out = profile;
    return STATUS_OK;
}

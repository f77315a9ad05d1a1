#include "server/money/usage_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/wire/limits.h"

#define REAL_DIGITS 15 /* that a binary number of 53 bits gives back as they were written */

/* What a record has beside, by the names that the wire, the API and others' reports give it, and
 * rating does not ask. Quantities are none of it: those outside of metrics would go unpriced. */
#define OTHERS                                                                                     \
    "request|request_id|vendor_request_id|turn|attempt|vendor|billing_vendor|serving_vendor|"      \
    "model_served|serving_model|contract|contract_version|version|line|line_id|journal|"           \
    "journal_id|seq|outcome|error_class|first_token_ms|first_audio_ms|duration_ms|interrupted|"    \
    "generation|clock_offset_ms|state_time_ms|reserved_input|reserved_output|region|group|note|"   \
    "price|currency|route|received|booked|settled"

static bool is_plain(const struct json *json)
{
    return json_type(json) != JSON_OBJECT && json_type(json) != JSON_ARRAY;
}

static enum status refuse(struct json_problem *problem, const char *pointer, const char *name,
                          const char *detail)
{
    snprintf(problem->pointer, sizeof problem->pointer, "%s/%.40s", pointer, name);
    snprintf(problem->detail, sizeof problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* A double as the digits it was written with; false when they were more than it keeps. */
static bool read_real(double number, struct decimal *out)
{
    char digits[64];

    snprintf(digits, sizeof digits, "%.*g", REAL_DIGITS, number);
    if (strtod(digits, NULL) != number)
        return false;
    snprintf(digits, sizeof digits, "%.12f", number);
    return strtod(digits, NULL) == number && decimal_parse(span_text(digits), out) == STATUS_OK;
}

static enum status read_number(const struct json *json, const char *pointer, const char *name,
                               struct decimal *out, struct json_problem *problem)
{
    struct decimal number = {0};
    bool good = false;

    switch (json_type(json)) {
    case JSON_INT:
        good = fraction_is_decimal(fraction_of(json_int(json, 0)), &number);
        break;
    case JSON_TEXT:
        good = decimal_parse(span_text(json_text(json, "")), &number) == STATUS_OK;
        break;
    case JSON_REAL:
        good = read_real(json_double(json, 0), &number);
        break;
    default:
        break;
    }
    if (!good)
        return refuse(problem, pointer, name,
                      "must be a number of up to 12 places; with more than 15 digits as text");
    if (number.units < 0)
        return refuse(problem, pointer, name, "must not be below 0");
    *out = number;
    return STATUS_OK;
}

static enum status read_metrics(const struct json *json, struct tally_usage *usage,
                                struct json_problem *problem)
{
    if (json_type(json) != JSON_OBJECT)
        return refuse(problem, "", "metrics", "must be an object: {\"output\": 45}");
    for (size_t i = 0; i < json_count(json); i++) {
        const char *name;
        const struct json *value = json_member_at(json, i, &name);
        unsigned metric = 0;

        while (metric < CONTRACT_METRICS &&
               strcmp(contract_metric_name((enum contract_metric)metric), name) != 0)
            metric++;
        if (metric == CONTRACT_METRICS)
            return refuse(problem, "/metrics", name,
                          "is no metric: input_uncached, input_cached, cache_write_5m, "
                          "cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, "
                          "images, video_ms, requests");
        enum status status =
            read_number(value, "/metrics", name, &usage->quantities[metric], problem);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status read_gauge(const struct json *json, struct tally_usage *usage,
                              struct json_problem *problem)
{
    if (json_type(json) != JSON_OBJECT || json_count(json) != 2)
        return refuse(problem, "", "gauge", "must be {\"name\": ..., \"level\": ...}");
    usage->gauge = json_text(json_member(json, "name"), "");
    if (!*usage->gauge)
        return refuse(problem, "/gauge", "name", "must be the gauge's name in the contract");
    return read_number(json_member(json, "level"), "/gauge", "level", &usage->level, problem);
}

static enum status read_time(const struct json *json, const char *name, int64_t *out,
                             struct json_problem *problem)
{
    if (clock_parse(span_text(json_text(json, "")), out) == STATUS_OK)
        return STATUS_OK;
    return refuse(problem, "", name, "must be a time with its offset: 2026-01-15T12:00:00+08:00");
}

static enum status read_text(const struct json *json, const char *name, size_t most,
                             const char **out, struct json_problem *problem)
{
    const char *text = json_text(json, NULL);

    if (!text || strlen(text) > most)
        return refuse(problem, "", name, "must be a text of a name's length");
    *out = text;
    return STATUS_OK;
}

static enum status read_amount(const struct json *json, struct tally_usage *usage,
                               struct json_problem *problem)
{
    usage->has_amount = true;
    return read_number(json, "", "amount", &usage->amount, problem);
}

static enum status read_member(const struct json *json, const char *name, struct tally_usage *usage,
                               struct json_problem *problem)
{
    const char *provenance;

    if (strcmp(name, "at") == 0)
        return read_time(json, name, &usage->at_ms, problem);
    if (strcmp(name, "end") == 0)
        return read_time(json, name, &usage->end_ms, problem);
    if (strcmp(name, "metrics") == 0)
        return read_metrics(json, usage, problem);
    if (strcmp(name, "device") == 0)
        return read_text(json, name, LIMIT_MODEL, &usage->device, problem);
    if (strcmp(name, "model") == 0)
        return read_text(json, name, LIMIT_MODEL, &usage->model, problem);
    if (strcmp(name, "service_tier") == 0)
        return read_text(json, name, LIMIT_MODEL, &usage->service_tier, problem);
    if (strcmp(name, "replaces") == 0)
        return read_text(json, name, LIMIT_MODEL, &usage->replaces, problem);
    if (strcmp(name, "amount") == 0)
        return read_amount(json, usage, problem);
    if (strcmp(name, "gauge") == 0)
        return read_gauge(json, usage, problem);
    if (strcmp(name, "elsewhere") == 0) {
        usage->is_elsewhere = json_bool(json, false);
        return json_type(json) == JSON_BOOL ? STATUS_OK
                                            : refuse(problem, "", name, "must be true or false");
    }
    if (strcmp(name, "provenance") == 0) {
        enum status status = read_text(json, name, LIMIT_MODEL, &provenance, problem);

        usage->is_activity = status == STATUS_OK && strcmp(provenance, "not_sent") != 0;
        return status;
    }
    if (span_is_choice(span_text(name), OTHERS))
        return is_plain(json) ? STATUS_OK
                              : refuse(problem, "", name, "must be a text, number or truth");
    return refuse(problem, "", name, "is no member of a usage row");
}

enum status usage_row_read(const struct json *json, struct tally_usage *out,
                           struct json_problem *problem)
{
    struct tally_usage usage = {
        .device = "",
        .model = "",
        .service_tier = "",
        .replaces = "",
        .gauge = "",
        .is_activity = true,
    };
    enum status status = STATUS_OK;

    if (json_type(json) != JSON_OBJECT) {
        problem->pointer[0] = 0;
        snprintf(problem->detail, sizeof problem->detail, "must be an object");
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < json_count(json) && status == STATUS_OK; i++) {
        const char *name;
        const struct json *value = json_member_at(json, i, &name);

        status = read_member(value, name, &usage, problem);
    }
    if (status != STATUS_OK)
        return status;
    if (!json_member(json, "at"))
        return refuse(problem, "", "at", "is missing");
    if (!json_member(json, "end"))
        usage.end_ms = usage.at_ms;
    if (usage.end_ms < usage.at_ms)
        return refuse(problem, "", "end", "must not be before at");
    *out = usage;
    return STATUS_OK;
}

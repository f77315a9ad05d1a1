#include "server/fleet/rollout_plan.h"

#include <stdio.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/fleet/gate_json.h"

#define DAY_S        86400
#define RATE_MAX     1000000
#define DEVICES_MAX  1000000
#define PATIENCE_MAX (30 * DAY_S)

static const struct rollout_plan_wave usual_waves[] = {
    {100, 5, 50}, {500, 0, 0}, {2500, 0, 0}, {5000, 0, 0}, {ROLLOUT_PLAN_ALL, 0, 0},
};

static void set_defaults(bool is_switch, struct rollout_plan *plan)
{
    *plan = (struct rollout_plan){
        .wave_count = sizeof usual_waves / sizeof *usual_waves,
        .control_share = 500,
        .control_at_least = 20,
        .rate_per_minute = 600,
        .ramp_percent = 200,
        .test = is_switch,
        .deadline_s = 600,
        .retries = 1,
        .max_failed = 200,
        .unreachable_after_s = DAY_S,
        .soak_s = is_switch ? DAY_S : 1800,
        .is_judged = true,
        .gates = gate_plan_default(),
    };
    memcpy(plan->waves, usual_waves, sizeof usual_waves);
}

/* ---- shares ---- */

enum status rollout_plan_share(struct span text, int64_t *out)
{
    int64_t share = 0;
    int decimals = -1;

    if (text.size < 2 || text.data[text.size - 1] != '%' || text.data[0] == '.')
        return STATUS_INVALID;
    for (size_t i = 0; i + 1 < text.size; i++) {
        const uint8_t c = text.data[i];

        if (c == '.' && decimals < 0 && i + 2 < text.size) {
            decimals = 0;
            continue;
        }
        if (c < '0' || c > '9' || decimals == 2 || share > ROLLOUT_PLAN_ALL)
            return STATUS_INVALID;
        share = share * 10 + (c - '0');
        decimals += decimals >= 0;
    }
    for (int missing = decimals < 0 ? 2 : 2 - decimals; missing > 0; missing--)
        share *= 10;
    if (share > ROLLOUT_PLAN_ALL)
        return STATUS_INVALID;
    *out = share;
    return STATUS_OK;
}

void rollout_plan_format_share(int64_t share, char out[ROLLOUT_PLAN_SHARE_SIZE])
{
    const int whole = (int)(share / 100), part = (int)(share % 100);

    if (part == 0)
        snprintf(out, ROLLOUT_PLAN_SHARE_SIZE, "%d%%", whole);
    else if (part % 10 == 0)
        snprintf(out, ROLLOUT_PLAN_SHARE_SIZE, "%d.%d%%", whole, part / 10);
    else
        snprintf(out, ROLLOUT_PLAN_SHARE_SIZE, "%d.%02d%%", whole, part);
}

/* ---- reading ---- */

struct reader {
    struct arena *arena;
    struct json_problem *problem;
    char place[80]; /* "/plan/waves/0" */
};

static enum status refuse(const struct reader *reader, const char *member, const char *detail)
{
    snprintf(reader->problem->pointer, sizeof reader->problem->pointer, "%.60s%.35s", reader->place,
             member);
    snprintf(reader->problem->detail, sizeof reader->problem->detail, "%s", detail);
    return STATUS_INVALID;
}

/* json_decode() with the problem's pointer below the reader's place. */
static enum status decode(const struct reader *reader, const struct json *json,
                          const struct json_field *fields, size_t count, void *target)
{
    struct json_problem problem;
    enum status status = json_decode(json, fields, count, target, reader->arena, &problem);

    return status == STATUS_INVALID ? refuse(reader, problem.pointer, problem.detail) : status;
}

static enum status read_share(const struct reader *reader, const char *member, const char *text,
                              int64_t *out)
{
    if (text == NULL || rollout_plan_share(span_text(text), out) == STATUS_OK)
        return STATUS_OK;
    return refuse(reader, member, "must be a share like 5% or 0.5%");
}

struct sized_share {
    const char *share;
    int64_t at_least, at_most;
};

static const struct json_field share_fields[] = {
    {.name = "share", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct sized_share, share)},
    {.name = "at_least",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct sized_share, at_least),
     .min = 0,
     .max = DEVICES_MAX},
    {.name = "at_most",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct sized_share, at_most),
     .min = 0,
     .max = DEVICES_MAX},
};

static enum status read_wave(const struct reader *reader, const struct json *json, int64_t before,
                             struct rollout_plan_wave *out)
{
    struct sized_share read = {.share = "?"};
    enum status status = decode(reader, json, share_fields, 3, &read);

    if (status == STATUS_OK)
        status = read_share(reader, "/share", read.share, &out->share);
    if (status != STATUS_OK)
        return status;
    out->at_least = read.at_least;
    out->at_most = read.at_most;
    if (out->share <= before)
        return refuse(reader, "/share", "must be more than that of the wave before");
    if (out->at_most > 0 && out->at_most < out->at_least)
        return refuse(reader, "/at_most", "must not be less than at_least");
    return STATUS_OK;
}

static enum status read_waves(const struct reader *outer, const struct json *json,
                              struct rollout_plan *plan)
{
    struct reader reader = *outer;
    int64_t before = 0;

    if (json == NULL)
        return STATUS_OK;
    if (json_type(json) != JSON_ARRAY || json_count(json) == 0 ||
        json_count(json) > ROLLOUT_PLAN_WAVES)
        return refuse(outer, "/waves", "must be a list of 1 to 16 waves");
    plan->wave_count = json_count(json);
    for (size_t i = 0; i < plan->wave_count; i++) {
        snprintf(reader.place, sizeof reader.place, "%.40s/waves/%zu", outer->place, i);
        enum status status = read_wave(&reader, json_item(json, i), before, &plan->waves[i]);
        if (status != STATUS_OK)
            return status;
        before = plan->waves[i].share;
    }
    return before == ROLLOUT_PLAN_ALL ? STATUS_OK
                                      : refuse(outer, "/waves", "the last wave must be 100%");
}

static enum status read_control(const struct reader *outer, const struct json *json,
                                struct rollout_plan *plan)
{
    struct reader reader = *outer;
    struct sized_share read = {.at_least = plan->control_at_least};

    if (json == NULL)
        return STATUS_OK;
    snprintf(reader.place, sizeof reader.place, "%.40s/control", outer->place);
    enum status status = decode(&reader, json, share_fields, 2, &read);
    if (status == STATUS_OK)
        status = read_share(&reader, "/share", read.share, &plan->control_share);
    if (status == STATUS_OK && plan->control_share > 5000)
        status = refuse(&reader, "/share", "must be 50% at most");
    plan->control_at_least = read.at_least;
    return status;
}

struct ramp {
    int64_t from, percent;
};

static enum status read_ramp(const struct reader *outer, const struct json *json,
                             struct rollout_plan *plan)
{
    static const struct json_field fields[] = {
        {.name = "from",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct ramp, from),
         .required = true,
         .min = 1,
         .max = RATE_MAX},
        {.name = "percent",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct ramp, percent),
         .min = 110,
         .max = 1000},
    };
    struct reader reader = *outer;
    struct ramp read = {.percent = plan->ramp_percent};

    if (json == NULL)
        return STATUS_OK;
    snprintf(reader.place, sizeof reader.place, "%.40s/ramp", outer->place);
    enum status status = decode(&reader, json, fields, 2, &read);
    plan->ramp_from = read.from;
    plan->ramp_percent = read.percent;
    return status;
}

struct confirm {
    bool unused; /* so that no member lies at 0 */
    bool test;
    int64_t deadline_s, retries;
    const char *max_failed;
};

static enum status read_confirm(const struct reader *outer, const struct json *json,
                                struct rollout_plan *plan)
{
    static const struct json_field fields[] = {
        {.name = "test", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct confirm, test)},
        {.name = "deadline_s",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct confirm, deadline_s),
         .min = 1,
         .max = PATIENCE_MAX},
        {.name = "retries",
         .kind = JSON_FIELD_INT,
         .offset = offsetof(struct confirm, retries),
         .min = 0,
         .max = 10},
        {.name = "max_failed",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct confirm, max_failed)},
    };
    struct reader reader = *outer;
    struct confirm read = {
        .test = plan->test, .deadline_s = plan->deadline_s, .retries = plan->retries};

    if (json == NULL)
        return STATUS_OK;
    snprintf(reader.place, sizeof reader.place, "%.40s/confirm", outer->place);
    enum status status = decode(&reader, json, fields, 4, &read);
    if (status == STATUS_OK)
        status = read_share(&reader, "/max_failed", read.max_failed, &plan->max_failed);
    plan->test = read.test;
    plan->deadline_s = read.deadline_s;
    plan->retries = read.retries;
    return status;
}

static enum status read_windows(const struct reader *reader, const struct json *json,
                                struct rollout_plan *plan)
{
    if (json == NULL)
        return STATUS_OK;
    if (json_type(json) != JSON_ARRAY || json_count(json) > ROLLOUT_PLAN_WINDOWS)
        return refuse(reader, "/windows", "must be a list of at most 8 windows");
    for (size_t i = 0; i < json_count(json); i++) {
        const char *text = json_text(json_item(json, i), "");

        if (*text == '\0' || local_time_hours(span_text(text), &plan->windows[i]) != STATUS_OK)
            return refuse(reader, "/windows", "must be hours of the day like 22:00-06:00");
    }
    plan->window_count = json_count(json);
    return STATUS_OK;
}

static const struct json_field blackout_fields[] = {
    {.name = "from",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct rollout_plan_blackout, from_ms),
     .required = true},
    {.name = "to",
     .kind = JSON_FIELD_TIME,
     .offset = offsetof(struct rollout_plan_blackout, to_ms),
     .required = true},
};

static enum status read_blackouts(const struct reader *outer, const struct json *json,
                                  struct rollout_plan *plan)
{
    struct reader reader = *outer;

    if (json == NULL)
        return STATUS_OK;
    if (json_type(json) != JSON_ARRAY || json_count(json) > ROLLOUT_PLAN_BLACKOUTS)
        return refuse(outer, "/blackouts", "must be a list of at most 32 spans of time");
    for (size_t i = 0; i < json_count(json); i++) {
        struct rollout_plan_blackout *out = &plan->blackouts[i];

        snprintf(reader.place, sizeof reader.place, "%.40s/blackouts/%zu", outer->place, i);
        enum status status = decode(&reader, json_item(json, i), blackout_fields, 2, out);
        if (status == STATUS_OK && out->to_ms <= out->from_ms)
            status = refuse(&reader, "/to", "must be later than from");
        if (status != STATUS_OK)
            return status;
    }
    plan->blackout_count = json_count(json);
    return STATUS_OK;
}

/* "off", or what the gate reads. */
static enum status read_gates(const struct reader *outer, const struct json *json, bool has_control,
                              struct rollout_plan *plan)
{
    struct reader reader = *outer;
    struct json_problem problem;

    plan->is_judged = strcmp(json_text(json, ""), "off") != 0;
    if (!plan->is_judged && !has_control) { /* nothing is compared with it */
        plan->control_share = 0;
        plan->control_at_least = 0;
    }
    if (!plan->is_judged || json == NULL)
        return STATUS_OK;
    snprintf(reader.place, sizeof reader.place, "%.40s/gates", outer->place);
    if (json_type(json) != JSON_OBJECT)
        return refuse(&reader, "", "must be an object, or \"off\"");
    enum status status = gate_json_read(json, &plan->gates, &problem);
    return status == STATUS_INVALID ? refuse(&reader, problem.pointer, problem.detail) : status;
}

bool rollout_plan_is_amount(const char *text)
{
    const size_t whole = strspn(text, "0123456789");
    const size_t part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    const size_t size = text[whole] == '.' ? whole + 1 + part : whole;

    return whole > 0 && text[size] == '\0' && size < ROLLOUT_PLAN_AMOUNT && part <= 12 &&
           (text[whole] != '.' || part > 0);
}

struct approval {
    bool unused;
    const char *above_cost;
};

static enum status read_approval(const struct reader *outer, const struct json *json,
                                 struct rollout_plan *plan)
{
    static const struct json_field fields[] = {
        {.name = "above_cost",
         .kind = JSON_FIELD_TEXT,
         .offset = offsetof(struct approval, above_cost),
         .required = true},
    };
    struct reader reader = *outer;
    struct approval read = {0};

    if (json == NULL)
        return STATUS_OK;
    snprintf(reader.place, sizeof reader.place, "%.40s/approval", outer->place);
    enum status status = decode(&reader, json, fields, 1, &read);
    if (status != STATUS_OK)
        return status;
    if (!rollout_plan_is_amount(read.above_cost))
        return refuse(&reader, "/above_cost", "must be an amount of money like \"1200.50\"");
    snprintf(plan->above_cost, sizeof plan->above_cost, "%s", read.above_cost);
    return STATUS_OK;
}

struct members {
    bool unused; /* so that no member lies at 0 */
    bool manual, queue;
    int64_t rate_per_minute, soak_s, unreachable_after_s;
    const char *on_red, *zone;
    const struct json *waves, *control, *ramp, *confirm, *windows, *blackouts, *gates, *approval;
};

#define ANY(member)                                                                                \
    {                                                                                              \
        .name = #member, .kind = JSON_FIELD_ANY, .offset = offsetof(struct members, member)        \
    }

static const struct json_field member_fields[] = {
    ANY(waves),
    ANY(control),
    ANY(ramp),
    ANY(confirm),
    ANY(windows),
    ANY(blackouts),
    ANY(gates),
    ANY(approval),
    {.name = "manual", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct members, manual)},
    {.name = "queue", .kind = JSON_FIELD_BOOL, .offset = offsetof(struct members, queue)},
    {.name = "rate_per_minute",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, rate_per_minute),
     .min = 0,
     .max = RATE_MAX},
    {.name = "soak_s",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, soak_s),
     .min = 0,
     .max = PATIENCE_MAX},
    {.name = "unreachable_after_s",
     .kind = JSON_FIELD_INT,
     .offset = offsetof(struct members, unreachable_after_s),
     .min = 1,
     .max = PATIENCE_MAX},
    {.name = "on_red",
     .kind = JSON_FIELD_TEXT,
     .offset = offsetof(struct members, on_red),
     .choices = "pause|roll_back"},
    {.name = "zone", .kind = JSON_FIELD_TEXT, .offset = offsetof(struct members, zone)},
};

static enum status read_parts(const struct reader *reader, const struct members *read,
                              struct rollout_plan *plan)
{
    enum status status = read_waves(reader, read->waves, plan);

    if (status == STATUS_OK)
        status = read_control(reader, read->control, plan);
    if (status == STATUS_OK)
        status = read_ramp(reader, read->ramp, plan);
    if (status == STATUS_OK)
        status = read_confirm(reader, read->confirm, plan);
    if (status == STATUS_OK)
        status = read_windows(reader, read->windows, plan);
    if (status == STATUS_OK)
        status = read_blackouts(reader, read->blackouts, plan);
    if (status == STATUS_OK)
        status = read_approval(reader, read->approval, plan);
    if (status == STATUS_OK && read->zone != NULL &&
        local_time_offset(span_text(read->zone), &plan->zone_min) != STATUS_OK)
        status = refuse(reader, "/zone", "must be a distance from UTC like +08:00");
    return status;
}

enum status rollout_plan_read(const struct json *json, bool is_switch, struct arena *arena,
                              struct rollout_plan *out, struct json_problem *problem)
{
    const struct reader reader = {arena, problem, "/plan"};
    struct members read;

    set_defaults(is_switch, out);
    if (json == NULL)
        return STATUS_OK;
    read = (struct members){
        .rate_per_minute = out->rate_per_minute,
        .soak_s = out->soak_s,
        .unreachable_after_s = out->unreachable_after_s,
        .on_red = "pause",
    };
    enum status status =
        decode(&reader, json, member_fields, sizeof member_fields / sizeof *member_fields, &read);
    if (status == STATUS_OK)
        status = read_parts(&reader, &read, out);
    if (status == STATUS_OK)
        status = read_gates(&reader, read.gates, read.control != NULL, out);
    if (status != STATUS_OK)
        return status;
    out->rate_per_minute = read.rate_per_minute;
    out->soak_s = read.soak_s;
    out->unreachable_after_s = read.unreachable_after_s;
    out->back_on_red = strcmp(read.on_red, "roll_back") == 0;
    out->is_by_hand = read.manual;
    out->queues = read.queue;
    return STATUS_OK;
}

enum status rollout_plan_add_calendar(const struct json *list, struct arena *arena,
                                      struct rollout_plan *plan)
{
    struct json_problem problem;
    size_t count = json_count(list);

    if (json_type(list) != JSON_ARRAY)
        return STATUS_INVALID;
    if (count > ROLLOUT_PLAN_CALENDAR)
        count = ROLLOUT_PLAN_CALENDAR;
    for (size_t i = 0; i < count; i++) {
        enum status status = json_decode(json_item(list, i), blackout_fields, 2,
                                         &plan->blackouts[plan->blackout_count], arena, &problem);
        if (status != STATUS_OK)
            return status;
        plan->blackout_count++;
    }
    return STATUS_OK;
}

/* ---- writing ---- */

static void write_int(struct json_writer *writer, const char *name, int64_t value)
{
    json_key(writer, name);
    json_write_int(writer, value);
}

static void write_bool(struct json_writer *writer, const char *name, bool value)
{
    json_key(writer, name);
    json_write_bool(writer, value);
}

static void write_share(struct json_writer *writer, const char *name, int64_t share)
{
    char text[ROLLOUT_PLAN_SHARE_SIZE];

    rollout_plan_format_share(share, text);
    json_write_member(writer, name, text);
}

static void write_waves(struct json_writer *writer, const struct rollout_plan *plan)
{
    json_key(writer, "waves");
    json_begin_array(writer);
    for (size_t i = 0; i < plan->wave_count; i++) {
        json_begin_object(writer);
        write_share(writer, "share", plan->waves[i].share);
        if (plan->waves[i].at_least > 0)
            write_int(writer, "at_least", plan->waves[i].at_least);
        if (plan->waves[i].at_most > 0)
            write_int(writer, "at_most", plan->waves[i].at_most);
        json_end_object(writer);
    }
    json_end_array(writer);
    json_key(writer, "control");
    json_begin_object(writer);
    write_share(writer, "share", plan->control_share);
    write_int(writer, "at_least", plan->control_at_least);
    json_end_object(writer);
}

static void write_pace(struct json_writer *writer, const struct rollout_plan *plan)
{
    write_int(writer, "rate_per_minute", plan->rate_per_minute);
    if (plan->ramp_from > 0) {
        json_key(writer, "ramp");
        json_begin_object(writer);
        write_int(writer, "from", plan->ramp_from);
        write_int(writer, "percent", plan->ramp_percent);
        json_end_object(writer);
    }
    json_key(writer, "confirm");
    json_begin_object(writer);
    write_bool(writer, "test", plan->test);
    write_int(writer, "deadline_s", plan->deadline_s);
    write_int(writer, "retries", plan->retries);
    write_share(writer, "max_failed", plan->max_failed);
    json_end_object(writer);
    write_int(writer, "soak_s", plan->soak_s);
    write_int(writer, "unreachable_after_s", plan->unreachable_after_s);
}

static void write_calendar(struct json_writer *writer, const struct rollout_plan *plan)
{
    char text[CLOCK_TEXT_SIZE + 8];

    json_key(writer, "windows");
    json_begin_array(writer);
    for (size_t i = 0; i < plan->window_count; i++) {
        const struct local_time_hours *hours = &plan->windows[i];

        snprintf(text, sizeof text, "%02d:%02d-%02d:%02d", hours->from_min / 60,
                 hours->from_min % 60, hours->to_min / 60, hours->to_min % 60);
        json_write_text(writer, span_text(text));
    }
    json_end_array(writer);
    if (local_time_offset_text(plan->zone_min, text) == STATUS_OK)
        json_write_member(writer, "zone", text);
    json_key(writer, "blackouts");
    json_begin_array(writer);
    for (size_t i = 0; i < plan->blackout_count; i++) {
        json_begin_object(writer);
        clock_format(plan->blackouts[i].from_ms, text);
        json_write_member(writer, "from", text);
        clock_format(plan->blackouts[i].to_ms, text);
        json_write_member(writer, "to", text);
        json_end_object(writer);
    }
    json_end_array(writer);
}

void rollout_plan_write(struct json_writer *writer, const struct rollout_plan *plan)
{
    json_begin_object(writer);
    write_waves(writer, plan);
    write_pace(writer, plan);
    write_calendar(writer, plan);
    if (!plan->is_judged) {
        json_write_member(writer, "gates", "off");
    } else {
        json_key(writer, "gates");
        gate_json_write_plan(writer, &plan->gates);
    }
    json_write_member(writer, "on_red", plan->back_on_red ? "roll_back" : "pause");
    write_bool(writer, "manual", plan->is_by_hand);
    write_bool(writer, "queue", plan->queues);
    if (plan->above_cost[0]) {
        json_key(writer, "approval");
        json_begin_object(writer);
        json_write_member(writer, "above_cost", plan->above_cost);
        json_end_object(writer);
    }
    json_end_object(writer);
}

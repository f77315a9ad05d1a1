#include "schema/base/clock.h"
#include "schema/wire/setting.h"
#include "server/api/answer.h"
#include "server/api/api.h"
#include "server/api/catalogue.h"
#include "server/api/routes.h"
#include "server/fleet/rollout_pace.h"
#include "server/store/reasons.h"

#define WHY_BYTES ((size_t)1 << 20)

static enum status read_plan(const struct reasons *reasons, struct arena *arena,
                             struct rollout_plan *plan)
{
    struct json_problem problem;
    struct json *json = NULL;
    struct json *calendar = NULL;
    enum status status = json_parse(reasons->plan, &json, NULL);

    if (status == STATUS_OK)
        status = json_parse(reasons->calendar, &calendar, NULL);
    if (status == STATUS_OK)
        status = rollout_plan_read(json, reasons->is_switch, arena, plan, &problem);
    if (status == STATUS_OK)
        status = rollout_plan_add_calendar(calendar, arena, plan);
    json_free(calendar);
    json_free(json);
    return status;
}

/* Until when the plan of the rollout, and the calendar, let the device wait for a better hour. */
static enum status read_window(struct reasons *reasons, struct arena *arena)
{
    struct rollout_plan plan;
    int zone_min;

    if (reasons->plan.size == 0)
        return STATUS_OK;
    enum status status = read_plan(reasons, arena, &plan);
    if (status == STATUS_OK) {
        const int64_t now_ms = reasons->facts.now_ms;

        if (local_time_offset(span_text(reasons->zone), &zone_min) != STATUS_OK)
            zone_min = plan.zone_min;
        const int64_t opens_ms = rollout_pace_free_ms(&plan, now_ms, zone_min);
        if (opens_ms > now_ms && opens_ms < INT64_MAX) {
            char text[CLOCK_TEXT_SIZE];

            clock_format(opens_ms, text);
            reasons->facts.window_opens = arena_text(arena, span_text(text));
            reasons->facts.is_blackout = rollout_pace_blackout_ms(&plan, now_ms) > 0;
            if (reasons->facts.window_opens == NULL)
                status = STATUS_MEMORY;
        }
    }
    return status;
}

static void write_reason(struct json_writer *writer, const struct why_reason *reason)
{
    json_begin_object(writer);
    json_write_member(writer, "code", reason->code);
    json_write_member(writer, "text", reason->text);
    json_key(writer, "parameters");
    json_begin_object(writer);
    for (size_t i = 0; i < reason->parameter_count; i++) {
        const struct why_parameter *parameter = &reason->parameters[i];

        json_key(writer, parameter->name);
        if (parameter->text != NULL)
            json_write_text(writer, span_text(parameter->text));
        else
            json_write_int(writer, parameter->number);
    }
    json_end_object(writer);
    json_end_object(writer);
}

/* The store's object with "current" and "reasons" in front. */
static enum status write(const struct reasons *reasons, struct arena *arena, struct span *json)
{
    struct why_reason told[WHY_REASONS];
    const size_t count = why_reasons(&reasons->facts, told);
    bool is_current = true;
    struct json_writer writer;
    struct buffer out;

    for (size_t i = 0; i < count; i++)
        is_current &= told[i].is_aside;
    buffer_init(&out, WHY_BYTES);
    json_writer_init(&writer, &out);
    json_begin_object(&writer);
    json_key(&writer, "current");
    json_write_bool(&writer, is_current);
    json_key(&writer, "reasons");
    json_begin_array(&writer);
    for (size_t i = 0; i < count; i++)
        write_reason(&writer, &told[i]);
    json_end_array(&writer);
    buffer_byte(&out, ',');
    buffer_add(&out, span_of(reasons->json.data + 1, reasons->json.size - 1));
    enum status status = buffer_status(&out);
    if (status == STATUS_OK) {
        *json = arena_copy(arena, buffer_span(&out));
        status = json->size > 0 ? STATUS_OK : STATUS_MEMORY;
    }
    buffer_release(&out);
    return status;
}

static void why(void *context, struct request *request, struct reply *reply)
{
    const struct api *api = context;
    const char *id = request_param(request, "id");
    const char *name = request_query(request, "setting");
    struct reasons reasons;
    struct span defaults;
    struct span json = {0};

    if (name != NULL && setting_find(span_text(name)) == NULL) {
        answer_bad(reply, "?setting", "is unknown: GET /api/v1/settings lists them");
        return;
    }
    enum status status = catalogue_defaults(request->arena, &defaults);
    if (status == STATUS_OK)
        status = reasons_read(api->store, id, name, defaults, request->arena, &reasons);
    if (status == STATUS_OK)
        status = read_window(&reasons, request->arena);
    if (status == STATUS_OK)
        status = write(&reasons, request->arena, &json);
    answer_json(reply, status, json, answer_subject(request, "device", id));
}

static const struct route rows[] = {
    {"GET", "/api/v1/devices/{id}/why", ROUTE_VIEWER, why, ROUTE_BODY_NORMAL},
};
ROUTES_TABLE(routes_why, rows);

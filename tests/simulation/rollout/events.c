#include "tests/simulation/rollout/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/jobs/rollout_look.h"
#include "server/store/drains.h"
#include "server/store/groups.h"
#include "server/store/layers.h"
#include "server/store/rollout_draft.h"
#include "server/store/rollout_steps.h"
#include "server/store/rollouts.h"
#include "server/store/vendor_keys.h"
#include "tests/simulation/rollout/death.h"

#define STATEMENTS 12 /* more than most of what is done has */

static const struct author people = {"operator:test", ""};

/* ---- layers and groups ---- */

static struct layers_key key_of(int layer, char owner[16])
{
    if (layer == MODEL_FLEET)
        return (struct layers_key){LAYERS_FLEET, NULL};
    if (layer < MODEL_ROBOT) {
        snprintf(owner, 16, "g%d", layer - MODEL_GROUP);
        return (struct layers_key){LAYERS_GROUP, owner};
    }
    world_robot_id(layer - MODEL_ROBOT, owner);
    return (struct layers_key){LAYERS_DEVICE, owner};
}

static struct span write_map(struct world *world, const struct model_map *map, bool has_routes)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    if (has_routes) {
        json_key(&writer, "routes");
        json_write_raw(&writer, span_text(WORLD_ROUTES));
    }
    for (int i = 0; i < MODEL_SETTINGS; i++) {
        if (map->values[i] == MODEL_KEEP)
            continue;
        json_key(&writer, world_values[i]);
        if (map->values[i] == MODEL_UNSET)
            json_write_null(&writer);
        else
            json_write_int(&writer, map->values[i]);
    }
    json_end_object(&writer);
    const struct span copy = arena_copy(world->arena, span_of(text.data, text.size));
    buffer_release(&text);
    return copy;
}

/* Refused when a rollout is changing what differs, which the model need not know. */
static void edit(struct world *world)
{
    const int layer = world_roll(world, world_roll(world, 2) == 0 ? MODEL_ROBOT : MODEL_LAYERS);
    struct model_map map = world->model.layers[layer];
    struct model_map written;
    struct json_problem problem;
    struct document out;
    char owner[16];
    struct layers_edit edit = {.author = &people,
                               .key = key_of(layer, owner),
                               .if_revision = -1,
                               .restores = -1,
                               .alone = -1};

    for (int n = 1 + world_roll(world, 2); n > 0; n--)
        map.values[world_roll(world, MODEL_SETTINGS)] =
            world_roll(world, 3) == 0 ? MODEL_UNSET : world_roll(world, 20);
    written = map;
    for (int i = 0; i < MODEL_SETTINGS; i++)
        if (written.values[i] == MODEL_UNSET)
            written.values[i] = MODEL_KEEP; /* a layer simply lacks it */
    edit.settings = write_map(world, &written, layer == MODEL_FLEET);
    const enum status status = layers_put(world->store, &edit, world->arena, &out, &problem);
    if (status == STATUS_DENIED) {
        world->counts.refused++;
        return;
    }
    assert_int_equal(status, STATUS_OK);
    world->model.layers[layer] = map;
}

void events_change_membership(struct world *world)
{
    const int group = world_roll(world, MODEL_GROUPS);
    const int robot = world_roll(world, MODEL_ROBOTS);
    bool *is_member = &world->model.is_member[group][robot];
    const struct leading any = {&people, .alone = -1};
    char group_id[16];
    char id[16];

    snprintf(group_id, sizeof group_id, "g%d", group);
    world_robot_id(robot, id);
    assert_int_equal(*is_member ? groups_remove(world->store, &any, group_id, id, world->arena)
                                : groups_add(world->store, &any, group_id, id, world->arena),
                     STATUS_OK);
    *is_member = !*is_member;
}

static struct rollout_plan make_plan(struct world *world)
{
    struct rollout_plan plan = {
        .waves = {{1000, 1, 3}, {5000, 0, 0}, {ROLLOUT_PLAN_ALL, 0, 0}},
        .wave_count = 3,
        .ramp_percent = 200,
        .deadline_s = 600,
        .retries = 1,
        .unreachable_after_s = 3600,
    };

    plan.max_failed = world_roll(world, 3) == 0 ? 0 : ROLLOUT_PLAN_ALL;
    plan.test = world_roll(world, 2) == 0;
    plan.control_at_least = world_roll(world, 3);
    plan.is_by_hand = world_roll(world, 4) == 0;
    plan.queues = world_roll(world, 2) == 0;
    plan.soak_s = world_roll(world, 3) * 20;
    plan.rate_per_minute = world_roll(world, 3) == 0 ? 60 : 0;
    return plan;
}

static enum status act_at(struct store *store, struct world *world, const char *id,
                          enum rollout_event event)
{
    const struct rollouts_act act = {
        .event = event, .if_version = -1, .reason = event == ROLLOUT_FORCE ? "a test" : NULL};
    struct document out;
    char problem[512];

    return rollouts_act(store, &people, id, &act, world->arena, &out, problem);
}

enum status events_act(struct world *world, const char *id, enum rollout_event event)
{
    return act_at(world->store, world, id, event);
}

static void draw_patch(struct world *world, struct world_made *made, struct rollouts_draft *draft)
{
    for (int n = 1 + world_roll(world, 2); n > 0; n--)
        made->patch.values[world_roll(world, MODEL_SETTINGS)] =
            world_roll(world, 4) == 0 ? MODEL_UNSET : world_roll(world, 20);
    draft->patch = write_map(world, &made->patch, false);
}

/* Each version is another one, and none is refused for what robots have. */
static void draw_software(struct world *world, struct world_made *made,
                          struct rollouts_draft *draft, struct manifest *software)
{
    const int version = world->made_count + 1;

    made->patch.values[MODEL_SOFTWARE] = version;
    *software = (struct manifest){.kind = "mood", .name = "mood"};
    snprintf(software->version, sizeof software->version, "%d", version);
    draft->software = software;
    draft->manifest = span_text(arena_format(
        world->arena,
        "{\"signature\": \"AAAA\", \"document\": \"{\\\"manifest\\\":1,\\\"kind\\\":\\\"mood\\\","
        "\\\"name\\\":\\\"mood\\\",\\\"version\\\":\\\"%d\\\",\\\"counter\\\":1,"
        "\\\"allow_downgrade\\\":true,\\\"url\\\":\\\"https://files.example/mood\\\","
        "\\\"sha256\\\":\\\"%064d\\\",\\\"size\\\":3}\"}",
        version, 0));
}

static void draw_key(struct world_made *made, struct rollouts_draft *draft)
{
    made->patch.values[MODEL_KEY] = 1;
    draft->key_vendor = "a";
}

/* Where there is no next key, of that alone nothing is made. */
static void make(struct world *world, struct world_made *made, struct rollouts_draft *draft,
                 const struct rollout_plan *plan)
{
    struct json_problem problem;
    struct document out;
    char owner[16];

    snprintf(made->id, sizeof made->id, "roll-%d", world->made_count);
    draft->id = made->id;
    draft->group = key_of(made->layer, owner).owner;
    assert_int_equal(rollout_draft_plan(plan, world->arena, &draft->plan), STATUS_OK);
    const enum status created =
        rollouts_create(world->store, &people, draft, world->arena, &out, &problem);
    if (made->kind == WORLD_KEY && created == STATUS_CONFLICT)
        return;
    assert_int_equal(created, STATUS_OK);
    world->made_count++;
    const enum status status = events_act(world, made->id, ROLLOUT_START);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
}

static void begin(struct world *world)
{
    struct world_made *made = &world->made[world->made_count];
    const struct rollout_plan plan = make_plan(world);
    struct rollouts_draft draft = {.name = "", .on_red = "pause"};
    struct manifest software;

    if (world->made_count == WORLD_ROLLOUTS)
        return;
    *made = (struct world_made){.layer = world_roll(world, MODEL_ROBOT),
                                .patch = model_map_of(MODEL_KEEP)};
    made->kind = world_roll(world, 2) == 0   ? WORLD_SETTINGS
                 : world_roll(world, 2) == 0 ? WORLD_SOFTWARE
                                             : WORLD_KEY;
    if (made->kind == WORLD_SETTINGS)
        draw_patch(world, made, &draft);
    else if (made->kind == WORLD_SOFTWARE)
        draw_software(world, made, &draft, &software);
    else
        draw_key(made, &draft);
    make(world, made, &draft, &plan);
}

const char *events_begin_key(struct world *world, int layer)
{
    struct world_made *made = &world->made[world->made_count];
    const struct rollout_plan plan = make_plan(world);
    struct rollouts_draft draft = {.name = "", .on_red = "pause"};

    assert_true(world->made_count < WORLD_ROLLOUTS);
    *made =
        (struct world_made){.layer = layer, .kind = WORLD_KEY, .patch = model_map_of(MODEL_KEEP)};
    draw_key(made, &draft);
    make(world, made, &draft, &plan);
    return made->id;
}

/* A next key is put, becomes the key, or is dropped; not while a rollout gives it. */
void events_change_key(struct world *world)
{
    const int what = world_roll(world, 4);
    struct document out;
    char problem[400];
    const enum status status =
        what < 2
            ? vendor_keys_put(world->store, &people, "a", span_text("next"), world->arena, &out)
        : what == 2
            ? vendor_keys_finish(world->store, &people, "a", "a test", world->arena, &out, problem)
            : vendor_keys_drop(world->store, &people, "a", world->arena, &out);

    assert_true(status == STATUS_OK || status == STATUS_CONFLICT || status == STATUS_DENIED ||
                status == STATUS_EXISTS);
    if (status != STATUS_OK || what < 2)
        return;
    model_end_key(&world->model, what == 2);
    world->counts.keys_ended++;
}

void events_renew_key(struct world *world)
{
    struct document out;

    if (vendor_keys_drop(world->store, &people, "a", world->arena, &out) == STATUS_OK)
        model_end_key(&world->model, false);
    assert_int_equal(
        vendor_keys_put(world->store, &people, "a", span_text("next"), world->arena, &out),
        STATUS_OK);
}

static struct world_made *pick(struct world *world)
{
    return world->made_count > 0 ? &world->made[world_roll(world, world->made_count)] : NULL;
}

struct deed {
    struct world *world;
    const char *id;
    enum rollout_event event;
};

/* Nobody hears what it came to: the status is lost with the server. */
static void act_and_die(struct store *store, void *context)
{
    const struct deed *deed = context;
    const enum status lost = act_at(store, deed->world, deed->id, deed->event);

    (void)lost;
}

/* The database hears of it from the socket, a little later. */
static void wait_for_its_rollback(struct world *world)
{
    STORE_STATEMENT(read, "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1");
    struct result row;
    int64_t left;

    do {
        assert_int_equal(
            store_query(world->store, &read, STORE_VALUES(value_text(DEATH_APPLICATION)), &row),
            STATUS_OK);
        left = result_int(&row, 0, 0);
        result_release(&row);
    } while (left > 0);
}

static void die_doing(struct world *world, death_work work, struct deed *deed)
{
    const unsigned before = 1 + (unsigned)world_roll(world, STATEMENTS);

    if (death_while(pg_conninfo(world->pg), before, work, deed))
        world->counts.died_in_the_middle++;
    else
        world->counts.died_behind_the_end++;
    wait_for_its_rollback(world);
}

static void meddle(struct world *world)
{
    static const enum rollout_event events[] = {
        ROLLOUT_START, ROLLOUT_PAUSE, ROLLOUT_RESUME, ROLLOUT_RESUME,    ROLLOUT_NEXT,
        ROLLOUT_NEXT,  ROLLOUT_FORCE, ROLLOUT_RETRY,  ROLLOUT_ROLL_BACK, ROLLOUT_ABORT,
    };
    const struct world_made *made = pick(world);

    if (made == NULL)
        return;
    struct deed deed = {.world = world, .id = made->id, .event = events[world_roll(world, 10)]};
    if (world_roll(world, 8) == 0) {
        die_doing(world, act_and_die, &deed);
        return;
    }
    const enum status status = events_act(world, deed.id, deed.event);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
}

/* A rollout of its own, of whatever the settings are that were not changed since. */
void events_take_back(struct world *world)
{
    const struct world_made *made = pick(world);
    struct document out;
    char problem[512];
    struct json *json;

    for (int tries = 0; made != NULL && !made->is_completed && tries < 8; tries++)
        made = pick(world);
    if (made == NULL || world->made_count == WORLD_ROLLOUTS)
        return;
    const enum status status =
        rollouts_reverse(world->store, &people, made->id, 0, world->arena, &out, problem);
    if (status == STATUS_CONFLICT || status == STATUS_EXISTS)
        return;
    assert_int_equal(status, STATUS_OK);
    struct world_made *back = &world->made[world->made_count++];
    assert_int_equal(json_parse(out.json, &json, NULL), STATUS_OK);
    *back = (struct world_made){
        .layer = made->layer, .kind = made->kind, .patch = model_map_of(MODEL_KEEP)};
    snprintf(back->id, sizeof back->id, "%s", json_text(json_member(json, "id"), ""));
    if (made->kind == WORLD_SOFTWARE) {
        const struct json *software = json_member(json, "software");

        back->patch.values[MODEL_SOFTWARE] =
            json_bool(json_member(software, "withdrawn"), false)
                ? MODEL_UNSET
                : (int)strtol(json_text(json_member(software, "version"), "0"), NULL, 10);
    }
    for (int i = 0; i < MODEL_SETTINGS && made->kind == WORLD_SETTINGS; i++) {
        const struct json *value = json_member(json_member(json, "patch"), world_values[i]);

        back->patch.values[i] = value == NULL                   ? MODEL_KEEP
                                : json_type(value) == JSON_NULL ? MODEL_UNSET
                                                                : (int)json_int(value, 0);
    }
    json_free(json);
    world->counts.reversed++;
}

/* ---- drains ---- */

/* All robots at once, or some of them, are led away from the first vendor of their routes. */
static void drain(struct world *world)
{
    const bool is_drill = world_roll(world, 2) == 0;
    const struct drains_order order = {.vendor_id = "a",
                                       .kind = is_drill ? "drill" : "emergency",
                                       .share = is_drill ? "0.4" : NULL,
                                       .reason = "a test",
                                       .from_ms = world->now_ms,
                                       .until_ms =
                                           world->now_ms + 1000 + 1000 * world_roll(world, 200),
                                       .now_ms = world->now_ms};
    struct document out;
    const enum status status = drains_start(world->store, &people, &order, world->arena, &out);

    /* a drill finds nobody when all are led away already */
    if (status != STATUS_EXISTS && status != STATUS_CONFLICT)
        assert_int_equal(status, STATUS_OK);
    world->counts.drains += status == STATUS_OK;
}

void events_return_vendors(struct world *world)
{
    struct document out;
    const enum status status =
        drains_return(world->store, &people, "a", world->now_ms, world->arena, &out);

    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
}

/* ---- the driver ---- */

static enum status look_at(struct store *store, struct world *world, const char *id)
{
    const struct rollout_look look = {
        .rollout_id = id, .now_ms = world->now_ms, .approval_devices = -1};
    bool moved;

    return rollout_look(store, world->arena, &look, &moved);
}

static void look_and_die(struct store *store, void *context)
{
    const struct deed *deed = context;
    const enum status lost = look_at(store, deed->world, deed->id);

    (void)lost;
}

void events_drive(struct world *world)
{
    const char *ids[WORLD_ROLLOUTS];
    size_t count;

    assert_int_equal(drains_tick(world->store, world->arena, world->now_ms), STATUS_OK);
    world_follow(world);
    assert_int_equal(
        rollout_steps_due(world->store, world->now_ms, world->arena, ids, WORLD_ROLLOUTS, &count),
        STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        struct deed deed = {.world = world, .id = ids[i]};

        if (world_roll(world, 100) == 0)
            die_doing(world, look_and_die, &deed);
        else
            assert_int_equal(look_at(world->store, world, ids[i]), STATUS_OK);
        world_follow(world);
    }
}

/* ---- one of all ---- */

static void set_online(struct world *world)
{
    const int robot = world_roll(world, MODEL_ROBOTS);

    world_set_online(world, robot, world_roll(world, 3) > 0);
}

static void hear(struct world *world)
{
    world_hear(world, 3);
}

static void fail_some(struct world *world)
{
    world_fail(world, 2);
}

static void wait_a_little(struct world *world)
{
    world->now_ms += 1000 * world_roll(world, 30);
}

void events_happen(struct world *world)
{
    static const struct {
        int share; /* of a hundred */
        void (*happen)(struct world *world);
    } rows[] = {
        {11, edit},
        {15, begin},
        {10, meddle},
        {6, events_take_back},
        {3, events_change_key},
        {4, events_change_membership},
        {4, set_online},
        {10, hear},
        {11, fail_some},
        {2, drain},
        {2, events_return_vendors},
        {22, wait_a_little},
    };
    int what = world_roll(world, 100);
    size_t i = 0;

    while (what >= rows[i].share)
        what -= rows[i++].share;
    rows[i].happen(world);
    world_follow(world); /* before the driver: an end counts from when it was decided */
    events_drive(world);
}

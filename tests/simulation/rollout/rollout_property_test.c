/* Any sequence of layer edits, rollouts of settings, software and keys, pauses, roll-backs, robots
 * that come and go and databases that crash: each robot ends at the configuration that model.h
 * computes, and on the way whatever changes for a robot has a new generation. On a real PostgreSQL,
 * because what is in question is what the statements and the views say; time is the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "server/jobs/rollout_look.h"
#include "server/store/groups.h"
#include "server/store/layers.h"
#include "server/store/migrate.h"
#include "server/store/rollout_draft.h"
#include "server/store/rollout_steps.h"
#include "server/store/rollouts.h"
#include "server/store/vendor_keys.h"
#include "tests/simulation/rollout/model.h"
#include "tests/support/dice.h"
#include "tests/support/pg.h"

#define SEEDS       4
#define STEPS       200
#define ROLLOUTS    256
#define CHECK_EVERY 8

/* Behind the settings: as check_all() calls what is none. */
static const char *const settings[MODEL_VALUES] = {"volume",        "history_turns", "voice_pitch",
                                                   "daily_minutes", "/software",     "/key"};
static const struct author people = {"operator:test", ""};

enum kind { SETTINGS, SOFTWARE, KEY };

/* One that was made: of which layer, and what it changes. */
struct made {
    char id[16];
    int layer;
    enum kind kind;
    struct model_map patch;
    bool is_over, is_completed;
};

struct world {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    struct dice dice;
    struct model model;
    struct made made[ROLLOUTS];
    int made_count;
    int64_t now_ms;
    /* as seen at the last check */
    struct model_map seen[MODEL_ROBOTS];
    int64_t generations[MODEL_ROBOTS];
    unsigned completed, rolled_back, refused, reversed, keys_ended;
    unsigned completed_of[3]; /* settings, software, keys */
};

static int roll(struct world *world, int below)
{
    return (int)dice_below(&world->dice, (uint64_t)below);
}

static void robot_id(int robot, char out[16])
{
    snprintf(out, 16, "r%02d", robot);
}

/* ---- the database ---- */

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void script(struct world *world, const char *sql)
{
    assert_int_equal(store_transaction(world->store, run_script, (void *)(uintptr_t)sql),
                     STATUS_OK);
}

static void make_robots(struct world *world)
{
    script(world,
           "INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped) VALUES ('a', 'http://v',"
           "  'old');"
           "INSERT INTO myna.contract VALUES ('a', 'a', 'CNY', 'UTC');"
           "INSERT INTO myna.contract_version SELECT 'a', 1, '2020-01-01', '{\"contract\": \"a\","
           "  \"vendor\": \"a\", \"currency\": \"CNY\", \"zone\": \"UTC\", \"charges\": [{\"kind\":"
           "  \"flat\", \"amount\": \"1.00\", \"per\": \"month\"}]}', now(), 'test';"
           "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
           " VALUES ('abcd', sha256('k'), '', 'signed');"
           "INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
           "  sealing_public, server_key_id, secret_wrapped) SELECT 'r' || lpad(n::text, 2,"
           "  '0'), '1', now(), sha256('k'), 'abcd', '' FROM generate_series(0, 11) n;"
           "INSERT INTO myna.device_link (device_id, session_number, session_id,"
           "  session_hello, last_seen, capabilities) SELECT device_id, 1, '0123456789abcdef',"
           "  true, now(), '[\"software\"]' FROM myna.device;"
           "INSERT INTO myna.device_group (group_id, priority) VALUES ('g0', 10), ('g1', 20)");
}

/* Robots that are online run what they are told, and say so: each of one_of robots; 1: all. */
static void hear(struct world *world, int one_of)
{
    STORE_STATEMENT(answer, "UPDATE myna.device_link l SET last_seen = now(),"
                            " held_generation = desired_generation,"
                            " reported_generation = desired_generation,"
                            " packages = coalesce((SELECT jsonb_agg((s.manifest ->> 'document')"
                            "  ::jsonb) FROM myna.device_software s"
                            "  WHERE s.device_id = l.device_id AND NOT s.withdrawn), '[]')"
                            " WHERE device_id = ANY ($1::text[]) AND session_hello"
                            "  AND reported_generation < desired_generation");
    const char *heard[MODEL_ROBOTS];
    char ids[MODEL_ROBOTS][16];
    size_t count = 0;

    for (int robot = 0; robot < MODEL_ROBOTS; robot++) {
        robot_id(robot, ids[robot]);
        if (roll(world, one_of) == 0)
            heard[count++] = ids[robot];
    }
    assert_int_equal(
        store_query(world->store, &answer, STORE_VALUES(value_text_array(heard, count)), NULL),
        STATUS_OK);
}

static void set_online(struct world *world, int robot, bool online)
{
    STORE_STATEMENT(set, "UPDATE myna.device_link SET session_hello = $2,"
                         " last_seen = CASE WHEN $2 THEN now() ELSE now() - interval '3 days' END"
                         " WHERE device_id = $1");
    char id[16];

    robot_id(robot, id);
    assert_int_equal(
        store_query(world->store, &set, STORE_VALUES(value_text(id), value_bool(online)), NULL),
        STATUS_OK);
}

/* ---- what can happen ---- */

static struct layers_key key_of(int layer, char owner[16])
{
    if (layer == MODEL_FLEET)
        return (struct layers_key){LAYERS_FLEET, NULL};
    if (layer < MODEL_ROBOT) {
        snprintf(owner, 16, "g%d", layer - MODEL_GROUP);
        return (struct layers_key){LAYERS_GROUP, owner};
    }
    robot_id(layer - MODEL_ROBOT, owner);
    return (struct layers_key){LAYERS_DEVICE, owner};
}

/* What all robots have besides, and nobody changes. */
#define ROUTES "[{\"vendor\": \"a\", \"model\": \"m\", \"contract\": \"a\"}]"

static struct span write_map(struct world *world, const struct model_map *map, bool has_routes)
{
    struct json_writer writer;
    struct buffer text;

    buffer_init(&text, 4096);
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    if (has_routes) {
        json_key(&writer, "routes");
        json_write_raw(&writer, span_text(ROUTES));
    }
    for (int i = 0; i < MODEL_SETTINGS; i++) {
        if (map->values[i] == MODEL_KEEP)
            continue;
        json_key(&writer, settings[i]);
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
    const int layer = roll(world, roll(world, 2) == 0 ? MODEL_ROBOT : MODEL_LAYERS);
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

    for (int n = 1 + roll(world, 2); n > 0; n--)
        map.values[roll(world, MODEL_SETTINGS)] =
            roll(world, 3) == 0 ? MODEL_UNSET : roll(world, 20);
    written = map;
    for (int i = 0; i < MODEL_SETTINGS; i++)
        if (written.values[i] == MODEL_UNSET)
            written.values[i] = MODEL_KEEP; /* a layer simply lacks it */
    edit.settings = write_map(world, &written, layer == MODEL_FLEET);
    const enum status status = layers_put(world->store, &edit, world->arena, &out, &problem);
    if (status == STATUS_DENIED) {
        world->refused++;
        return;
    }
    assert_int_equal(status, STATUS_OK);
    world->model.layers[layer] = map;
}

static void change_membership(struct world *world)
{
    const int group = roll(world, MODEL_GROUPS);
    const int robot = roll(world, MODEL_ROBOTS);
    bool *is_member = &world->model.is_member[group][robot];
    char group_id[16];
    char id[16];

    snprintf(group_id, sizeof group_id, "g%d", group);
    robot_id(robot, id);
    assert_int_equal(*is_member ? groups_remove(world->store, &people, group_id, id, world->arena)
                                : groups_add(world->store, &people, group_id, id, world->arena),
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
        .max_failed = ROLLOUT_PLAN_ALL,
        .unreachable_after_s = 3600,
    };

    plan.control_at_least = roll(world, 3);
    plan.is_by_hand = roll(world, 4) == 0;
    plan.queues = roll(world, 2) == 0;
    plan.soak_s = roll(world, 3) * 20;
    plan.rate_per_minute = roll(world, 3) == 0 ? 60 : 0;
    return plan;
}

static enum status act_on(struct world *world, const char *id, enum rollout_event event)
{
    const struct rollouts_act act = {
        .event = event, .if_version = -1, .reason = event == ROLLOUT_FORCE ? "a test" : NULL};
    struct document out;
    char problem[512];

    return rollouts_act(world->store, &people, id, &act, world->arena, &out, problem);
}

static void draw_patch(struct world *world, struct made *made, struct rollouts_draft *draft)
{
    for (int n = 1 + roll(world, 2); n > 0; n--)
        made->patch.values[roll(world, MODEL_SETTINGS)] =
            roll(world, 4) == 0 ? MODEL_UNSET : roll(world, 20);
    draft->patch = write_map(world, &made->patch, false);
}

/* Each version is another one, and none is refused for what robots have. */
static void draw_software(struct world *world, struct made *made, struct rollouts_draft *draft,
                          struct manifest *software)
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

static void begin(struct world *world)
{
    struct made *made = &world->made[world->made_count];
    const struct rollout_plan plan = make_plan(world);
    struct rollouts_draft draft = {.name = "", .on_red = "pause"};
    struct manifest software;
    struct json_problem problem;
    struct document out;
    char owner[16];

    if (world->made_count == ROLLOUTS)
        return;
    *made = (struct made){.layer = roll(world, MODEL_ROBOT), .patch = model_map_of(MODEL_KEEP)};
    snprintf(made->id, sizeof made->id, "roll-%d", world->made_count);
    made->kind = roll(world, 2) == 0 ? SETTINGS : roll(world, 2) == 0 ? SOFTWARE : KEY;
    if (made->kind == SETTINGS)
        draw_patch(world, made, &draft);
    else if (made->kind == SOFTWARE)
        draw_software(world, made, &draft, &software);
    else
        draft.key_vendor = "a", made->patch.values[MODEL_KEY] = 1;
    draft.id = made->id;
    draft.group = key_of(made->layer, owner).owner;
    assert_int_equal(rollout_draft_plan(&plan, world->arena, &draft.plan), STATUS_OK);
    const enum status created =
        rollouts_create(world->store, &people, &draft, world->arena, &out, &problem);
    if (made->kind == KEY && created == STATUS_CONFLICT)
        return; /* there is no next key */
    assert_int_equal(created, STATUS_OK);
    world->made_count++;
    const enum status status = act_on(world, made->id, ROLLOUT_START);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
}

/* A next key is put, becomes the key, or is dropped; not while a rollout gives it. */
static void change_key(struct world *world)
{
    const int what = roll(world, 4);
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
    world->keys_ended++;
}

static struct made *pick(struct world *world)
{
    return world->made_count > 0 ? &world->made[roll(world, world->made_count)] : NULL;
}

static void meddle(struct world *world)
{
    static const enum rollout_event events[] = {
        ROLLOUT_START, ROLLOUT_PAUSE, ROLLOUT_RESUME, ROLLOUT_RESUME,    ROLLOUT_NEXT,
        ROLLOUT_NEXT,  ROLLOUT_FORCE, ROLLOUT_RETRY,  ROLLOUT_ROLL_BACK, ROLLOUT_ABORT,
    };
    const struct made *made = pick(world);

    if (made == NULL)
        return;
    const enum status status = act_on(world, made->id, events[roll(world, 10)]);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT);
}

/* A rollout of its own, of whatever the settings are that were not changed since. */
static void take_back(struct world *world)
{
    const struct made *made = pick(world);
    struct document out;
    char problem[512];
    struct json *json;

    for (int tries = 0; made != NULL && !made->is_completed && tries < 8; tries++)
        made = pick(world);
    if (made == NULL || world->made_count == ROLLOUTS)
        return;
    const enum status status =
        rollouts_reverse(world->store, &people, made->id, 0, world->arena, &out, problem);
    if (status == STATUS_CONFLICT || status == STATUS_EXISTS)
        return;
    assert_int_equal(status, STATUS_OK);
    struct made *back = &world->made[world->made_count++];
    assert_int_equal(json_parse(out.json, &json, NULL), STATUS_OK);
    *back =
        (struct made){.layer = made->layer, .kind = made->kind, .patch = model_map_of(MODEL_KEEP)};
    snprintf(back->id, sizeof back->id, "%s", json_text(json_member(json, "id"), ""));
    if (made->kind == SOFTWARE) {
        const struct json *software = json_member(json, "software");

        back->patch.values[MODEL_SOFTWARE] =
            json_bool(json_member(software, "withdrawn"), false)
                ? MODEL_UNSET
                : (int)strtol(json_text(json_member(software, "version"), "0"), NULL, 10);
    }
    for (int i = 0; i < MODEL_SETTINGS && made->kind == SETTINGS; i++) {
        const struct json *value = json_member(json_member(json, "patch"), settings[i]);

        back->patch.values[i] = value == NULL                   ? MODEL_KEEP
                                : json_type(value) == JSON_NULL ? MODEL_UNSET
                                                                : (int)json_int(value, 0);
    }
    json_free(json);
    world->reversed++;
}

/* Which rollouts ended since, in the order in which they did. */
static void follow_ends(struct world *world)
{
    STORE_STATEMENT(read, "SELECT r.rollout_id, r.state FROM myna.rollout r WHERE r.state IN"
                          " ('completed', 'rolled_back', 'aborted') ORDER BY r.ended_at,"
                          " r.rollout_id");
    struct result rows;

    assert_int_equal(store_query(world->store, &read, STORE_NO_VALUES, &rows), STATUS_OK);
    for (size_t row = 0; row < result_count(&rows); row++) {
        for (int i = 0; i < world->made_count; i++) {
            struct made *made = &world->made[i];

            if (made->is_over || strcmp(made->id, result_text(&rows, row, 0)) != 0)
                continue;
            made->is_over = true;
            if (strcmp(result_text(&rows, row, 1), "completed") == 0) {
                model_complete(&world->model, made->layer, &made->patch);
                made->is_completed = true;
                world->completed++;
                world->completed_of[made->kind]++;
            } else {
                world->rolled_back++;
            }
        }
    }
    result_release(&rows);
}

/* One look at each that is due, whose end the model learns at once: an edit may follow. */
static void drive(struct world *world)
{
    const char *ids[ROLLOUTS];
    size_t count;
    bool moved;

    assert_int_equal(
        rollout_steps_due(world->store, world->now_ms, world->arena, ids, ROLLOUTS, &count),
        STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        const struct rollout_look look = {
            .rollout_id = ids[i], .now_ms = world->now_ms, .approval_devices = -1};

        assert_int_equal(rollout_look(world->store, world->arena, &look, &moved), STATUS_OK);
        follow_ends(world);
    }
}

/* Nothing waits for the disk but this. */
static void crash(struct world *world)
{
    char problem[256];

    script(world, "SET LOCAL synchronous_commit = on; UPDATE myna.installation SET epoch = epoch");
    store_close(world->store);
    assert_int_equal(pg_crash(world->pg), STATUS_OK);
    assert_int_equal(pg_restart(world->pg), STATUS_OK);
    assert_int_equal(store_open(&world->store, pg_conninfo(world->pg), 2, "test", problem),
                     STATUS_OK);
}

/* ---- what must hold ---- */

static int value_of(const char *name)
{
    for (int i = 0; i < MODEL_VALUES; i++)
        if (strcmp(name, settings[i]) == 0)
            return i;
    fail_msg("nobody set %s", name);
    return 0;
}

static struct model_map read_content(const struct result *rows, int robot)
{
    struct model_map content = model_map_of(MODEL_UNSET);
    char id[16];

    robot_id(robot, id);
    for (size_t row = 0; row < result_count(rows); row++) {
        if (strcmp(result_text(rows, row, 0), id) != 0)
            continue;
        content.values[value_of(result_text(rows, row, 1))] = (int)result_int(rows, row, 2);
    }
    return content;
}

static const struct made *open_for(const struct world *world, const struct result *opened,
                                   const char *id)
{
    for (size_t row = 0; row < result_count(opened); row++) {
        for (int i = 0; strcmp(result_text(opened, row, 0), id) == 0 && i < world->made_count; i++)
            if (strcmp(world->made[i].id, result_text(opened, row, 1)) == 0)
                return &world->made[i];
    }
    return NULL;
}

static void check_robot(struct world *world, int robot, const struct result *contents,
                        const struct result *opened, int64_t generation)
{
    const struct model_map content = read_content(contents, robot);
    char id[16];

    robot_id(robot, id);
    const struct made *made = open_for(world, opened, id);
    const struct model_map expected = model_content(
        &world->model, robot, made != NULL ? made->layer : 0, made != NULL ? &made->patch : NULL);
    for (int i = 0; i < MODEL_VALUES; i++) {
        if (content.values[i] != expected.values[i])
            print_error("%s: %s is %d, not %d (%s)\n", id, settings[i], content.values[i],
                        expected.values[i], made != NULL ? made->id : "opened by none");
        assert_int_equal(content.values[i], expected.values[i]);
        if (content.values[i] != world->seen[robot].values[i])
            assert_true(generation > world->generations[robot]);
    }
    assert_true(generation >= world->generations[robot]);
    world->seen[robot] = content;
    world->generations[robot] = generation;
}

static enum status check_all(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(content, "SELECT device_id::text, name::text, (value #>> '{}')::bigint"
                             " FROM myna.effective_setting WHERE name <> 'routes'"
                             " UNION ALL SELECT device_id, '/software',"
                             "  ((manifest ->> 'document')::jsonb ->> 'version')::bigint"
                             " FROM myna.device_software WHERE NOT withdrawn"
                             " UNION ALL SELECT d.device_id, '/key', v.key_number"
                             "  + myna.key_is_next(v, d.device_id)::integer"
                             " FROM myna.device d CROSS JOIN myna.vendor v");
    STORE_STATEMENT(open, "SELECT device_id, rollout_id FROM myna.rollout_device WHERE is_open");
    STORE_STATEMENT(generation, "SELECT desired_generation FROM myna.device_link"
                                " ORDER BY device_id");
    struct world *world = context;
    struct result contents;
    struct result opened;
    struct result generations;

    assert_int_equal(store_exec(conn, &content, STORE_NO_VALUES, &contents), STATUS_OK);
    assert_int_equal(store_exec(conn, &open, STORE_NO_VALUES, &opened), STATUS_OK);
    assert_int_equal(store_exec(conn, &generation, STORE_NO_VALUES, &generations), STATUS_OK);
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        check_robot(world, robot, &contents, &opened, result_int(&generations, (size_t)robot, 0));
    result_release(&contents);
    result_release(&opened);
    result_release(&generations);
    return STATUS_OK;
}

static void check(struct world *world)
{
    assert_int_equal(store_transaction(world->store, check_all, world), STATUS_OK);
}

/* ---- the run ---- */

static void happen(struct world *world)
{
    const int what = roll(world, 100);

    if (what < 12)
        edit(world);
    else if (what < 28)
        begin(world);
    else if (what < 38)
        meddle(world);
    else if (what < 44)
        take_back(world);
    else if (what < 47)
        change_key(world);
    else if (what < 51)
        change_membership(world);
    else if (what < 55)
        set_online(world, roll(world, MODEL_ROBOTS), roll(world, 3) > 0);
    else if (what < 73)
        hear(world, 3);
    else
        world->now_ms += 1000 * roll(world, 30);
    drive(world);
}

/* Everybody is there, and what waits for people is decided one way or the other. */
static void let_it_end(struct world *world)
{
    STORE_STATEMENT(active, "SELECT rollout_id, state FROM myna.rollout WHERE state NOT IN"
                            " ('draft', 'completed', 'rolled_back', 'aborted')"
                            " ORDER BY rollout_id");
    size_t left = 1;

    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        set_online(world, robot, true);
    for (int round = 0; left > 0 && round < 400; round++) {
        struct result rows;

        hear(world, 1);
        world->now_ms += 15000;
        drive(world);
        assert_int_equal(store_query(world->store, &active, STORE_NO_VALUES, &rows), STATUS_OK);
        left = result_count(&rows);
        for (size_t i = 0; i < left; i++) {
            const bool forces = roll(world, 3) > 0;

            if (strcmp(result_text(&rows, i, 1), "paused") != 0)
                continue;
            if (!forces || act_on(world, result_text(&rows, i, 0), ROLLOUT_NEXT) != STATUS_OK)
                if (act_on(world, result_text(&rows, i, 0), ROLLOUT_RESUME) != STATUS_OK && !forces)
                    assert_int_equal(act_on(world, result_text(&rows, i, 0), ROLLOUT_ROLL_BACK),
                                     STATUS_OK);
        }
        result_release(&rows);
        arena_reset(world->arena);
    }
    assert_int_equal(left, 0);
}

static void check_nothing_left(struct world *world)
{
    STORE_STATEMENT(left, "SELECT count(*) FROM myna.rollout_device WHERE is_open OR is_live");
    struct result row;

    assert_int_equal(store_query(world->store, &left, STORE_NO_VALUES, &row), STATUS_OK);
    assert_int_equal(result_int(&row, 0, 0), 0);
    result_release(&row);
}

static void start_over(struct world *world)
{
    script(world, "TRUNCATE myna.rollout, myna.rollout_wave, myna.rollout_device,"
                  " myna.group_member, myna.layer_revision, myna.layer_software,"
                  " myna.vendor_key_device;"
                  "DELETE FROM myna.layer WHERE layer_id <> 'fleet';"
                  "UPDATE myna.layer SET settings = '{\"routes\": " ROUTES "}',"
                  " revision = revision + 1;"
                  "UPDATE myna.vendor SET key_number = 1, next_key_wrapped = NULL,"
                  " next_key_share = 0, next_key_at = NULL;"
                  "SELECT myna.touch_devices(NULL)");
    world->made_count = 0;
    world->model = (struct model){.key = 1};
    for (int layer = 0; layer < MODEL_LAYERS; layer++)
        world->model.layers[layer] = model_map_of(MODEL_UNSET);
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        set_online(world, robot, true);
}

static void run_seed(struct world *world, uint64_t seed)
{
    dice_init(&world->dice, seed, span_text("rollouts"));
    world->now_ms = clock_wall_ms();
    start_over(world);
    for (int i = 0; i < MODEL_ROBOTS; i++)
        change_membership(world);
    change_key(world);
    for (int step = 0; step < STEPS; step++) {
        happen(world);
        if (step % CHECK_EVERY == 0)
            check(world);
        if (step == STEPS / 2 && seed % 3 == 0)
            crash(world);
        arena_reset(world->arena);
    }
    let_it_end(world);
    check(world);
    /* what could not be taken back because others had its robots, can now */
    for (int i = 0; i < 3; i++)
        take_back(world);
    change_key(world);
    let_it_end(world);
    check(world);
    check_nothing_left(world);
}

static void each_robot_ends_at_what_one_page_computes(void **state)
{
    struct world *world = *state;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %d\n", (int)seed);
        run_seed(world, seed);
    }
    print_message(
        "%u rollouts completed (%u of settings, %u of software, %u of keys), %u taken back or"
        " dropped, %u reversed; %u edits refused, %u keys ended\n",
        world->completed, world->completed_of[SETTINGS], world->completed_of[SOFTWARE],
        world->completed_of[KEY], world->rolled_back, world->reversed, world->refused,
        world->keys_ended);
    assert_true(world->rolled_back > 0 && world->refused > 0 && world->reversed > 0 &&
                world->keys_ended > 0);
    for (int kind = 0; kind <= KEY; kind++)
        assert_true(world->completed_of[kind] > 0);
}

static int set_up(void **state)
{
    static struct world world;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&world.pg) != STATUS_OK ||
        store_open(&world.store, pg_conninfo(world.pg), 2, "test", problem) != STATUS_OK ||
        migrate_run(world.store, &applied, problem) != STATUS_OK ||
        arena_create(&world.arena, (size_t)256 << 20) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    make_robots(&world);
    script(&world, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off',"
                   " current_database()); END $$");
    store_close(world.store);
    if (store_open(&world.store, pg_conninfo(world.pg), 2, "test", problem) != STATUS_OK)
        return -1;
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    arena_free(world->arena);
    store_close(world->store);
    pg_stop(world->pg);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_robot_ends_at_what_one_page_computes),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "tests/simulation/rollout/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/wire/setting.h"
#include "server/store/migrate.h"

const char *const world_values[MODEL_VALUES] = {
    "volume", "history_turns", "voice_pitch", "daily_minutes", "/software", "/key", "/vendor"};

int world_roll(struct world *world, int below)
{
    return (int)dice_below(&world->dice, (uint64_t)below);
}

void world_robot_id(int robot, char out[16])
{
    snprintf(out, 16, "r%02d", robot);
}

/* ---- the database ---- */

static enum status run_script(struct store_conn *conn, void *context)
{
    const enum status status = store_script(conn, context);

    if (status != STATUS_OK)
        print_error("%s\n", store_problem(conn));
    return status;
}

void world_script(struct world *world, const char *sql)
{
    assert_int_equal(store_transaction(world->store, run_script, (void *)(uintptr_t)sql),
                     STATUS_OK);
}

#define CONTRACT(id)                                                                               \
    "INSERT INTO myna.contract VALUES ('" id "', '" id "', 'CNY', 'UTC');"                         \
    "INSERT INTO myna.contract_version SELECT '" id "', 1, '2020-01-01', '{\"contract\": \"" id    \
    "\", \"vendor\": \"" id "\", \"currency\": \"CNY\", \"zone\": \"UTC\", \"charges\":"           \
    " [{\"kind\": \"flat\", \"amount\": \"1.00\", \"per\": \"month\"}]}', now(), 'test';"

static void make_robots(struct world *world)
{
    world_script(
        world,
        "INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped) VALUES"
        " ('a', 'http://v', 'old'), ('b', 'http://v', 'old');" CONTRACT("a") CONTRACT(
            "b") "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
                 " VALUES ('abcd', sha256('k'), '', 'signed');"
                 "INSERT INTO myna.device (device_id, certificate_serial, certificate_until,"
                 "  sealing_public, server_key_id, secret_wrapped) SELECT 'r' || lpad(n::text, 2,"
                 "  '0'), '1', now(), sha256('k'), 'abcd', '' FROM generate_series(0, 11) n;"
                 "INSERT INTO myna.device_link (device_id, session_number, session_id,"
                 "  session_hello, last_seen, capabilities) SELECT device_id, 1,"
                 "  '0123456789abcdef', true, now(), '[\"software\"]' FROM myna.device;"
                 "INSERT INTO myna.device_group (group_id, priority) VALUES ('g0', 10),"
                 "  ('g1', 20)");
}

static enum status open_store(struct world *world)
{
    char problem[256] = "";
    enum status status = store_open(&world->store, pg_conninfo(world->pg), 2, "test", problem);

    if (status != STATUS_OK)
        fprintf(stderr, "%s\n", problem);
    return status;
}

enum status world_start(struct world *world)
{
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&world->pg) != STATUS_OK || open_store(world) != STATUS_OK ||
        migrate_run(world->store, &applied, problem) != STATUS_OK ||
        arena_create(&world->arena, (size_t)256 << 20) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return STATUS_IO;
    }
    make_robots(world);
    world_script(world, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit ="
                        " off', current_database()); END $$");
    store_close(world->store);
    return open_store(world);
}

void world_stop(struct world *world)
{
    arena_free(world->arena);
    store_close(world->store);
    pg_stop(world->pg);
}

/* Nothing waits for the disk but this. */
void world_crash(struct world *world)
{
    world_script(world,
                 "SET LOCAL synchronous_commit = on; UPDATE myna.installation SET epoch = epoch");
    store_close(world->store);
    assert_int_equal(pg_crash(world->pg), STATUS_OK);
    assert_int_equal(pg_restart(world->pg), STATUS_OK);
    assert_int_equal(open_store(world), STATUS_OK);
    world->counts.crashes++;
}

static int64_t newest_seq(struct world *world)
{
    STORE_STATEMENT(head, "SELECT seq FROM myna.audit_head");
    struct result row;

    assert_int_equal(store_query(world->store, &head, STORE_NO_VALUES, &row), STATUS_OK);
    const int64_t seq = result_int(&row, 0, 0);
    result_release(&row);
    return seq;
}

static struct model first_model(void)
{
    struct model model = {.key = 1};
    size_t count;
    const struct setting_spec *table = setting_table(&count);

    for (int layer = 0; layer < MODEL_LAYERS; layer++) {
        model.layers[layer] = model_map_of(MODEL_UNSET);
        for (int robot = 0; robot < MODEL_ROBOTS; robot++)
            model.kept_software[layer][robot] = MODEL_KEEP;
    }
    for (int i = 0; i < MODEL_SETTINGS; i++)
        for (size_t n = 0; n < count; n++)
            if (strcmp(table[n].name, world_values[i]) == 0)
                model.defaults[i] = (int)strtol(table[n].fallback, NULL, 10);
    return model;
}

void world_begin(struct world *world, uint64_t seed)
{
    dice_init(&world->dice, seed, span_text("rollouts"));
    world->now_ms = clock_wall_ms();
    world_script(world, "TRUNCATE myna.rollout, myna.rollout_wave, myna.rollout_device,"
                        " myna.group_member, myna.layer_revision, myna.layer_software,"
                        " myna.vendor_key_device, myna.vendor_drain, myna.vendor_drain_device;"
                        "DELETE FROM myna.layer WHERE layer_id <> 'fleet';"
                        "UPDATE myna.layer SET settings = '{\"routes\": " WORLD_ROUTES "}',"
                        " revision = revision + 1;"
                        "UPDATE myna.vendor SET key_number = 1, next_key_wrapped = NULL,"
                        " next_key_share = 0, next_key_at = NULL;"
                        "UPDATE myna.device_link SET trial = '{}';"
                        "SELECT myna.touch_devices(NULL)");
    world->made_count = 0;
    world->model = first_model();
    world->audit_seq = newest_seq(world);
    for (int robot = 0; robot < MODEL_ROBOTS; robot++)
        world_set_online(world, robot, true);
}

/* ---- robots ---- */

struct choice {
    const char *ids[MODEL_ROBOTS];
    char texts[MODEL_ROBOTS][16];
    size_t count;
};

static void choose(struct world *world, int one_of, struct choice *out)
{
    out->count = 0;
    for (int robot = 0; robot < MODEL_ROBOTS; robot++) {
        world_robot_id(robot, out->texts[robot]);
        if (world_roll(world, one_of) == 0)
            out->ids[out->count++] = out->texts[robot];
    }
}

/* Whoever failed its trial of what it is told goes on with what it has. */
void world_hear(struct world *world, int one_of)
{
    STORE_STATEMENT(answer, "UPDATE myna.device_link l SET last_seen = now(),"
                            " held_generation = desired_generation,"
                            " reported_generation = desired_generation,"
                            " packages = coalesce((SELECT jsonb_agg((s.manifest ->> 'document')"
                            "  ::jsonb) FROM myna.device_software s"
                            "  WHERE s.device_id = l.device_id AND NOT s.withdrawn), '[]')"
                            " WHERE device_id = ANY ($1::text[]) AND session_hello"
                            "  AND reported_generation < desired_generation"
                            "  AND coalesce((trial ->> 'generation')::bigint, 0)"
                            "   < desired_generation");
    struct choice heard;

    choose(world, one_of, &heard);
    assert_int_equal(store_query(world->store, &answer,
                                 STORE_VALUES(value_text_array(heard.ids, heard.count)), NULL),
                     STATUS_OK);
}

void world_fail(struct world *world, int one_of)
{
    STORE_STATEMENT(fail_it, "UPDATE myna.device_link l SET last_seen = now(),"
                             " held_generation = desired_generation,"
                             " trial = jsonb_build_object('verdict', 'failed', 'generation',"
                             "  desired_generation, 'retryable', $2::boolean, 'error_class',"
                             "  'auth', 'reason', 'a test')"
                             " WHERE device_id = ANY ($1::text[]) AND session_hello"
                             "  AND reported_generation < desired_generation"
                             "  AND EXISTS (SELECT FROM myna.rollout_device o"
                             "   WHERE o.device_id = l.device_id AND o.state = 'opened')");
    struct choice failing;

    choose(world, one_of, &failing);
    assert_int_equal(store_query(world->store, &fail_it,
                                 STORE_VALUES(value_text_array(failing.ids, failing.count),
                                              value_bool(world_roll(world, 2) == 0)),
                                 NULL),
                     STATUS_OK);
}

void world_set_online(struct world *world, int robot, bool online)
{
    STORE_STATEMENT(set, "UPDATE myna.device_link SET session_hello = $2,"
                         " last_seen = CASE WHEN $2 THEN now() ELSE now() - interval '3 days' END"
                         " WHERE device_id = $1");
    char id[16];

    world_robot_id(robot, id);
    assert_int_equal(
        store_query(world->store, &set, STORE_VALUES(value_text(id), value_bool(online)), NULL),
        STATUS_OK);
}

/* ---- what was decided ---- */

static struct world_made *find(struct world *world, const char *id)
{
    for (int i = 0; i < world->made_count; i++)
        if (strcmp(world->made[i].id, id) == 0)
            return &world->made[i];
    fail_msg("nobody made %s", id);
    return NULL;
}

static void hear_opened(struct world *world, struct world_made *made, int robot)
{
    made->has_failed[robot] = false;
    if (made->kind == WORLD_KEY)
        model_try_key(&world->model, robot, false);
}

static void hear_closed(struct world *world, struct world_made *made, int robot, const char *reason)
{
    const bool again = strcmp(reason, "to be tried again") == 0;

    made->has_failed[robot] = again || strcmp(reason, "failed") == 0;
    world->counts.failed_to_be_tried_again += again;
    world->counts.failed_for_good += made->has_failed[robot] && !again;
    world->counts.drained += strcmp(reason, "drain") == 0;
    if (made->kind != WORLD_KEY)
        return;
    model_try_key(&world->model, robot, made->has_failed[robot]);
    world->counts.keys_kept_back += world->model.is_kept_back[robot];
    world->counts.keys_restored += world->model.has_next[robot];
}

/* Whom the rollout completed without. Nobody is left behind whose trial has not failed. */
static void read_failed(struct world *world, const struct world_made *made, bool out[MODEL_ROBOTS])
{
    STORE_STATEMENT(read, "SELECT right(device_id, 2)::bigint FROM myna.rollout_device"
                          " WHERE rollout_id = $1 AND state = 'failed'");
    struct result rows;

    memset(out, 0, MODEL_ROBOTS * sizeof *out);
    assert_int_equal(store_query(world->store, &read, STORE_VALUES(value_text(made->id)), &rows),
                     STATUS_OK);
    for (size_t row = 0; row < result_count(&rows); row++) {
        const int64_t robot = result_int(&rows, row, 0);

        if (!made->has_failed[robot])
            fail_msg("%s was completed without r%02d, which has not failed it", made->id,
                     (int)robot);
        out[robot] = true;
        world->counts.kept_old++;
    }
    result_release(&rows);
}

static void hear_end(struct world *world, struct world_made *made, const char *state)
{
    bool has_failed[MODEL_ROBOTS];

    made->is_over = true;
    if (strcmp(state, "completed") != 0) {
        world->counts.taken_back++;
        return;
    }
    read_failed(world, made, has_failed);
    model_complete(&world->model, made->layer, &made->patch, has_failed);
    made->is_completed = true;
    world->counts.completed_of[made->kind]++;
}

static bool is_end(const char *state)
{
    return strcmp(state, "completed") == 0 || strcmp(state, "rolled_back") == 0 ||
           strcmp(state, "aborted") == 0;
}

static void hear_row(struct world *world, const struct result *rows, size_t row)
{
    const char *action = result_text(rows, row, 1);
    struct world_made *made = find(world, result_text(rows, row, 2));
    const char *state = result_text(rows, row, 3);
    char id[16];

    for (int robot = 0; robot < MODEL_ROBOTS; robot++) {
        world_robot_id(robot, id);
        if (strstr(result_text(rows, row, 5), id) == NULL)
            continue;
        if (strcmp(action, "rollout.open") == 0)
            hear_opened(world, made, robot);
        else if (strcmp(action, "rollout.close") == 0)
            hear_closed(world, made, robot, result_text(rows, row, 4));
    }
    if (!made->is_over && is_end(state))
        hear_end(world, made, state);
}

/* A drill is about those that it chose, any other drain about all. */
static void follow_drains(struct world *world)
{
    STORE_STATEMENT(read, "SELECT DISTINCT right(r.device_id, 2)::bigint FROM myna.device r"
                          " JOIN myna.vendor_drain d ON d.state = 'active' AND (d.kind <> 'drill'"
                          "  OR EXISTS (SELECT FROM myna.vendor_drain_device m"
                          "   WHERE m.drain_id = d.drain_id AND m.device_id = r.device_id))");
    struct result rows;

    assert_int_equal(store_query(world->store, &read, STORE_NO_VALUES, &rows), STATUS_OK);
    memset(world->model.is_drained, 0, sizeof world->model.is_drained);
    for (size_t row = 0; row < result_count(&rows); row++)
        world->model.is_drained[result_int(&rows, row, 0)] = true;
    result_release(&rows);
}

void world_follow(struct world *world)
{
    STORE_STATEMENT(read, "SELECT a.seq, a.action, substr(a.subject, 9),"
                          "  coalesce(a.after ->> 'state', ''), coalesce(a.after ->> 'reason', ''),"
                          "  coalesce(a.after ->> 'robots', '') FROM myna.audit a"
                          " WHERE a.seq > $1 AND a.subject LIKE 'rollout/%' ORDER BY a.seq");
    struct result rows;

    assert_int_equal(
        store_query(world->store, &read, STORE_VALUES(value_int(world->audit_seq)), &rows),
        STATUS_OK);
    for (size_t row = 0; row < result_count(&rows); row++) {
        hear_row(world, &rows, row);
        world->audit_seq = result_int(&rows, row, 0);
    }
    result_release(&rows);
    follow_drains(world);
}

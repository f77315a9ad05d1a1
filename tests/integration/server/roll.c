#include "tests/integration/server/roll.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/jobs/rollout_look.h"
#include "server/store/migrate.h"
#include "server/store/rollout_draft.h"
#include "server/store/rollouts.h"
#include "server/store/vendor_keys.h"

#define LOOKS   200
#define LOOK_MS 31000

static const struct author anna = {"operator:anna", "10.0.0.1"};

static const char world[] =
    "INSERT INTO myna.vendor (vendor_id, base_url, key_wrapped) VALUES ('a', 'http://v', 'old'),"
    " ('b', 'http://w', 'other');"
    "INSERT INTO myna.contract VALUES ('a', 'a', 'CNY', 'UTC'), ('b', 'b', 'CNY', 'UTC');"
    "INSERT INTO myna.contract_version SELECT v, 1, '2020-01-01', jsonb_build_object('contract', v,"
    "  'vendor', v, 'currency', 'CNY', 'zone', 'UTC', 'charges', '[{\"kind\": \"flat\", "
    "\"amount\": \"1.00\", \"per\": \"month\"}]'::jsonb), now(), 'test' FROM "
    "(VALUES ('a'), ('b')) "
    "x(v);"
    "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
    " VALUES ('abcd', '', '', '');"
    "INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
    " server_key_id, secret_wrapped) SELECT 'r' || i, '1', now(), '', 'abcd', ''"
    " FROM generate_series(1, 8) i;"
    "INSERT INTO myna.device_link (device_id, session_number, session_id, session_hello, last_seen)"
    " SELECT device_id, 1, '0123456789abcdef', true, now() FROM myna.device;";

static const char afresh[] =
    "DELETE FROM myna.rollout WHERE reverses IS NOT NULL; DELETE FROM myna.rollout;"
    "DELETE FROM myna.vendor_drain; DELETE FROM myna.layer_software; DELETE FROM myna.alert;"
    "DELETE FROM myna.device_group; DELETE FROM myna.layer WHERE layer_id <> 'fleet';"
    "UPDATE myna.layer SET settings = '{\"routes\":["
    " {\"vendor\":\"a\",\"model\":\"m\",\"contract\":\"a\"},"
    " {\"vendor\":\"b\",\"model\":\"n\",\"contract\":\"b\"}]}';"
    "UPDATE myna.vendor SET key_wrapped = 'old', next_key_wrapped = NULL,"
    " next_key_share = 0, next_key_at = NULL, key_number = 1 WHERE vendor_id = 'a';"
    "DELETE FROM myna.vendor_key_device;"
    "UPDATE myna.device SET status = 'active';"
    "UPDATE myna.device_link SET reported_generation = desired_generation,"
    " held_generation = desired_generation, trial = '{}', session_hello = true,"
    " capabilities = '[\"software\"]', packages = '[]', last_seen = now()";

void roll_run(struct roll *roll, const char *sql)
{
    if (store_script(roll->conn, sql) != STATUS_OK)
        fail_msg("%s: %s", sql, store_problem(roll->conn));
}

/* What is in question here is not whether the disk keeps it: each commit waits for none. */
static bool forget_disk(struct roll *roll)
{
    char problem[256];

    if (store_script(roll->conn,
                     "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET"
                     " synchronous_commit = off', current_database()); END $$") != STATUS_OK)
        return false;
    store_release(roll->store, roll->conn);
    store_close(roll->store);
    roll->store = NULL;
    return store_open(&roll->store, pg_conninfo(roll->pg), 4, "test", problem) == STATUS_OK &&
           store_acquire(roll->store, &roll->conn) == STATUS_OK;
}

int roll_set_up(void **state)
{
    static struct roll roll;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&roll.pg) != STATUS_OK ||
        store_open(&roll.store, pg_conninfo(roll.pg), 4, "test", problem) != STATUS_OK ||
        migrate_run(roll.store, &applied, problem) != STATUS_OK ||
        arena_create(&roll.arena, 16u << 20) != STATUS_OK ||
        store_acquire(roll.store, &roll.conn) != STATUS_OK ||
        store_script(roll.conn, world) != STATUS_OK || !forget_disk(&roll)) {
        fprintf(stderr, "%s\n", roll.conn ? store_problem(roll.conn) : problem);
        return -1;
    }
    *state = &roll;
    return 0;
}

int roll_tear_down(void **state)
{
    struct roll *roll = *state;

    json_free(roll->json);
    store_release(roll->store, roll->conn);
    arena_free(roll->arena);
    store_close(roll->store);
    pg_stop(roll->pg);
    return 0;
}

int roll_begin(void **state)
{
    struct roll *roll = *state;

    arena_reset(roll->arena);
    roll->now_ms = clock_wall_ms();
    roll->approval_devices = -1;
    roll_run(roll, afresh);
    return vendor_keys_put(roll->store, &anna, "a", span_text("next"), roll->arena,
                           &roll->document) == STATUS_OK
               ? 0
               : -1;
}

char *roll_text(struct roll *roll, const struct store_statement *statement, const char *id)
{
    static char text[400];
    struct result row;

    const struct value value = value_text(id);
    assert_int_equal(store_query(roll->store, statement, &value, id != NULL, &row), STATUS_OK);
    snprintf(text, sizeof text, "%s", result_text(&row, 0, 0));
    result_release(&row);
    return text;
}

/* ---- a rollout ---- */

struct rollout_plan roll_plan(bool test)
{
    return (struct rollout_plan){
        .waves = {{2500, 0, 0}, {ROLLOUT_PLAN_ALL, 0, 0}},
        .wave_count = 2,
        .ramp_percent = 200,
        .test = test,
        .deadline_s = 600,
        .max_failed = ROLLOUT_PLAN_ALL,
        .unreachable_after_s = 3600,
    };
}

static void create(struct roll *roll, struct rollouts_draft *draft, const struct rollout_plan *plan)
{
    struct json_problem problem;

    draft->name = "";
    draft->on_red = "pause";
    assert_int_equal(rollout_draft_plan(plan, roll->arena, &draft->plan), STATUS_OK);
    assert_int_equal(
        rollouts_create(roll->store, &anna, draft, roll->arena, &roll->document, &problem),
        STATUS_OK);
}

void roll_create(struct roll *roll, const char *id, const char *group, const char *patch,
                 const struct rollout_plan *plan)
{
    struct rollouts_draft draft = {.id = id, .group = group, .key_vendor = patch ? NULL : "a"};

    if (patch)
        draft.patch = span_text(patch);
    create(roll, &draft, plan);
}

void roll_create_software(struct roll *roll, const char *id, const char *group, const char *version,
                          const struct rollout_plan *plan)
{
    struct manifest software = {.kind = "mood", .name = "mood"};
    struct manifest_envelope envelope = {.signature_size = 8};
    struct rollouts_draft draft = {.id = id, .group = group, .software = &software};
    struct json_writer writer;
    struct buffer text;

    snprintf(software.version, sizeof software.version, "%s", version);
    envelope.document = span_text(
        arena_format(roll->arena,
                     "{\"manifest\":1,\"kind\":\"mood\",\"name\":\"mood\",\"version\":\"%s\","
                     "\"counter\":%d,\"url\":\"https://files.example/mood\",\"sha256\":\"%064d\","
                     "\"size\":3}",
                     version, version[0] - '0', 0));
    buffer_init(&text, MANIFEST_ENVELOPE_BYTES);
    json_writer_init(&writer, &text);
    manifest_write(&writer, &envelope);
    draft.manifest = buffer_span(&text);
    create(roll, &draft, plan);
    buffer_release(&text);
}

enum status roll_act_as(struct roll *roll, const char *actor, const char *id,
                        enum rollout_event event, int64_t back_rate)
{
    const struct author author = {actor, "10.0.0.1"};
    const struct rollouts_act act = {.event = event,
                                     .if_version = -1,
                                     .back_rate = back_rate,
                                     .reason = event == ROLLOUT_FORCE ? "it must be" : NULL};
    char problem[512];

    return rollouts_act(roll->store, &author, id, &act, roll->arena, &roll->document, problem);
}

enum status roll_act(struct roll *roll, const char *id, enum rollout_event event)
{
    return roll_act_as(roll, anna.actor, id, event, 0);
}

/* ---- time goes by ---- */

enum status roll_try_look(struct roll *roll, const char *id)
{
    STORE_STATEMENT(due, "UPDATE myna.rollout SET due_at = '2020-01-01'"
                         " WHERE rollout_id = $1 AND due_at > '2020-01-01'");
    const struct rollout_look once = {
        .rollout_id = id, .now_ms = roll->now_ms, .approval_devices = roll->approval_devices};
    bool moved;

    assert_int_equal(store_query(roll->store, &due, STORE_VALUES(value_text(id)), NULL), STATUS_OK);
    return rollout_look(roll->store, roll->arena, &once, &moved);
}

void roll_look(struct roll *roll, const char *id)
{
    assert_int_equal(roll_try_look(roll, id), STATUS_OK);
    roll->now_ms += LOOK_MS;
}

void roll_answer(struct roll *roll, bool r3_fails)
{
    static const char all[] =
        "UPDATE myna.device_link l SET reported_generation = desired_generation,"
        " held_generation = desired_generation, packages = coalesce((SELECT"
        "  jsonb_agg(jsonb_build_object('kind', s.kind, 'name', s.name, 'version',"
        "   (s.manifest ->> 'document')::jsonb -> 'version'))"
        "  FROM myna.device_software s WHERE s.device_id = l.device_id AND NOT s.withdrawn), '[]')";
    static const char but_r3[] =
        " WHERE device_id <> 'r3' OR NOT EXISTS (SELECT FROM"
        "  myna.rollout_device o WHERE o.device_id = 'r3' AND o.is_open);"
        "UPDATE myna.device_link SET trial = jsonb_build_object("
        "  'generation', desired_generation, 'verdict', 'failed',"
        "  'error_class', 'auth', 'reason', 'http=401', 'retryable', false)"
        " WHERE device_id = 'r3'";
    char sql[1200];

    snprintf(sql, sizeof sql, "%s%s", all, r3_fails ? but_r3 : "");
    roll_run(roll, sql);
}

void roll_drive(struct roll *roll, const char *id, const char *until, bool r3_fails)
{
    STORE_STATEMENT(read, "SELECT state FROM myna.rollout WHERE rollout_id = $1");

    for (int i = 0; i < LOOKS && strcmp(roll_text(roll, &read, id), until) != 0; i++) {
        roll_look(roll, id);
        roll_answer(roll, r3_fails);
    }
    assert_string_equal(roll_text(roll, &read, id), until);
}

const char *roll_opened(struct roll *roll)
{
    STORE_STATEMENT(read, "SELECT coalesce(string_agg(device_id, ' ' ORDER BY device_id), '')"
                          " FROM myna.rollout_device WHERE is_open");

    return roll_text(roll, &read, NULL);
}

const char *roll_place(struct roll *roll, const char *id)
{
    STORE_STATEMENT(read, "SELECT concat_ws('/', state, step, cause) FROM myna.rollout"
                          " WHERE rollout_id = $1");

    return roll_text(roll, &read, id);
}

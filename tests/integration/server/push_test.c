/* What a robot's configuration is made of, and who claims the sending of it, on a real database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/fleet/route.h"
#include "server/bus/state.h"
#include "server/jobs/content.h"
#include "server/store/cleaning.h"
#include "server/store/migrate.h"
#include "tests/support/pg.h"

struct fixture {
    struct pg *pg;
    struct store *store;
    struct arena *arena;
    struct credits *credits; /* that bind nothing */
    struct terms *terms;
    struct lines *lines;
    uint8_t master_key[CRYPTO_KEY_SIZE];
};

/* Three robots: r1 in the group low and then high and new, r2 with a layer of its own, r3 alone in
 * the region eu. */
static const char people[] =
    "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, signature)"
    " VALUES ('abcd', sha256('k'), '', 'signed');"
    "INSERT INTO myna.device (device_id, region, certificate_serial, certificate_until,"
    " sealing_public, server_key_id, secret_wrapped)"
    " SELECT id, region, '1', now(), sha256(id::bytea), 'abcd', ''"
    " FROM (VALUES ('r1', 'cn'), ('r2', 'cn'), ('r3', 'eu')) v(id, region);"
    "INSERT INTO myna.device_link (device_id, session_number, session_id, session_hello)"
    " SELECT device_id, 1, '0123456789abcdef', true FROM myna.device;"
    "INSERT INTO myna.device_group (group_id, priority, created_at) VALUES"
    " ('low', 10, now()), ('high', 20, now() - interval '2 days'), ('new', 20, now());"
    "INSERT INTO myna.group_member VALUES ('low', 'r1'), ('high', 'r1'), ('new', 'r1'),"
    " ('low', 'r2');"
    "INSERT INTO myna.layer (layer_id, group_id, device_id, settings, changed_by) VALUES"
    " ('group:low', 'low', NULL, '{\"volume\": 1, \"persona\": \"low\"}', 't'),"
    " ('group:high', 'high', NULL, '{\"volume\": 2, \"language\": \"en\"}', 't'),"
    " ('group:new', 'new', NULL, '{\"volume\": 3}', 't'),"
    " ('device:r2', NULL, 'r2', '{\"volume\": 4}', 't');"
    "UPDATE myna.layer SET settings = '{\"volume\": 0, \"screen_mark\": \"fleet\", \"routes\":"
    " [{\"vendor\": \"dahan\", \"model\": \"big\", \"contract\": \"dahan-2026\"},"
    "  {\"vendor\": \"wide\", \"model\": \"any\", \"contract\": \"wide-1\"},"
    "  {\"vendor\": \"dahan\", \"model\": \"big\", \"contract\": \"gone\"}]}'"
    " WHERE layer_id = 'fleet';"
    "INSERT INTO myna.vendor (vendor_id, base_url, region) VALUES"
    " ('dahan', 'http://dahan', 'cn'), ('wide', 'http://wide', '');"
    "INSERT INTO myna.contract (contract_id, vendor_id, currency, zone) VALUES"
    " ('dahan-2026', 'dahan', 'CNY', 'UTC'), ('wide-1', 'wide', 'CNY', 'UTC');"
    "INSERT INTO myna.contract_version (contract_id, version, effective_from, document, created_by)"
    " VALUES ('dahan-2026', 1, '2020-01-01', '{}', 't'),"
    " ('dahan-2026', 2, '2021-01-01', '{}', 't'), ('dahan-2026', 3, '2999-01-01', '{}', 't'),"
    " ('wide-1', 1, '2020-01-01', '{}', 't')";

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void script(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_transaction(fixture->store, run_script, (void *)sql), STATUS_OK);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    crypto_random(fixture.master_key, sizeof fixture.master_key);
    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 16u << 20) != STATUS_OK ||
        credits_create(&fixture.credits) != STATUS_OK ||
        terms_create(&fixture.terms) != STATUS_OK ||
        lines_create(&fixture.lines, fixture.credits, fixture.terms) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    script(&fixture, people);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    lines_free(fixture->lines);
    terms_free(fixture->terms);
    credits_free(fixture->credits);
    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

/* What the content of one robot is made of. */
struct sources {
    struct fixture *fixture;
    const char *id;
    struct dispatch_setting *settings;
    size_t setting_count;
    struct routes_row *routes;
    size_t route_count;
};

static enum status read_all(struct store_conn *conn, void *context)
{
    struct sources *sources = context;
    struct arena *arena = sources->fixture->arena;
    enum status status = dispatch_read_settings(conn, arena, &sources->id, 1, &sources->settings,
                                                &sources->setting_count);

    if (status != STATUS_OK)
        return status;
    return routes_read(conn, arena, &sources->id, 1, &sources->routes, &sources->route_count);
}

static struct sources read_sources(struct fixture *fixture, const char *id)
{
    struct sources sources = {.fixture = fixture, .id = id};

    assert_int_equal(store_transaction(fixture->store, read_all, &sources), STATUS_OK);
    return sources;
}

static void assert_setting(const struct sources *sources, const char *name, const char *value)
{
    for (size_t i = 0; i < sources->setting_count; i++) {
        if (strcmp(sources->settings[i].name, name) == 0) {
            assert_string_equal(sources->settings[i].value, value);
            return;
        }
    }
    fail_msg("no setting %s", name);
}

static void the_nearest_layer_wins_and_among_groups_the_highest_and_newest(void **state)
{
    struct sources r1 = read_sources(*state, "r1");
    struct sources r2 = read_sources(*state, "r2");
    struct sources r3 = read_sources(*state, "r3");

    assert_int_equal(r1.setting_count, 4);
    assert_setting(&r1, "volume", "3");
    assert_setting(&r1, "language", "\"en\"");
    assert_setting(&r1, "persona", "\"low\"");
    assert_setting(&r1, "screen_mark", "\"fleet\"");
    assert_setting(&r2, "volume", "4");
    assert_setting(&r2, "persona", "\"low\"");
    assert_int_equal(r3.setting_count, 2);
    assert_setting(&r3, "volume", "0");
}

static enum status fill(struct fixture *fixture, const char *id, wire_ConfigContent *content,
                        size_t *refused)
{
    const struct sources sources = read_sources(fixture, id);
    static struct lines_line made[LIMIT_CREDIT_LINES];
    const char *problem = NULL;
    size_t line_count;

    lines_make(fixture->lines, sources.routes, sources.route_count, NULL, 0, 0, made, &line_count);
    const struct routes_row *trial = state_find_trial(sources.routes, sources.route_count);
    const struct content_facts facts = {
        .settings = sources.settings,
        .setting_count = sources.setting_count,
        .lines = made,
        .line_count = line_count,
        .route_count = sources.route_count - (trial != NULL),
        .trial = trial,
        .brokers = {"127.0.0.1:1", "127.0.0.1:2"},
        .broker_count = 2,
        .master_key = fixture->master_key,
    };

    return content_fill(&facts, content, refused, &problem);
}

static void i13_routes_beyond_a_border_or_without_a_contract_are_left_out(void **state)
{
    static wire_ConfigContent content;
    char line[ROUTE_LINE_ID_SIZE];
    size_t refused = 0;

    assert_int_equal(fill(*state, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 2);
    assert_int_equal(refused, 1);
    assert_string_equal(content.routes[0].vendor, "dahan");
    assert_int_equal(content.routes[0].contract_version, 2);
    assert_string_equal(content.routes[0].base_url, "http://dahan");
    route_line_id("dahan", "big", "dahan-2026", 2, line);
    assert_string_equal(content.routes[0].line_id, line);
    assert_int_equal(content.brokers_count, 2);
    assert_string_equal(content.brokers[1], "127.0.0.1:2");

    assert_int_equal(fill(*state, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].vendor, "wide");
    assert_int_equal(refused, 2);
}

static void
i13_a_border_that_was_opened_lets_a_robot_through_and_a_due_filing_does_not(void **state)
{
    struct fixture *fixture = *state;
    static wire_ConfigContent content;
    size_t refused = 0;

    script(fixture, "INSERT INTO myna.region (region_id) VALUES ('eu');"
                    "INSERT INTO myna.region_pair VALUES ('eu', 'cn')");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 2);
    assert_string_equal(content.routes[0].vendor, "dahan");
    assert_true(content.has_border);
    assert_string_equal(content.border.region, "eu");
    assert_string_equal(content.border.open, "cn");
    assert_false(content.border.needs_filing);

    script(fixture, "UPDATE myna.region SET needs_filing = true");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 0);
    script(fixture, "UPDATE myna.vendor SET filings = '[{\"model\": \"any\", \"region\": \"eu\","
                    " \"number\": \"7\"}, {\"model\": \"big\", \"region\": \"cn\","
                    " \"number\": \"8\"}]'");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].model, "any");
    assert_true(content.border.needs_filing && content.routes[0].is_filed);
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 2);
    script(fixture, "DELETE FROM myna.region; UPDATE myna.vendor SET filings = '[]'");
}

/* A threshold prefers another contract, and asks another model. */
static void i13_a_fallback_crosses_no_border_either(void **state)
{
    struct fixture *fixture = *state;
    static wire_ConfigContent content;
    size_t refused = 0;

    script(
        fixture,
        "INSERT INTO myna.region (region_id, needs_filing) VALUES ('cn', true), ('eu', false);"
        "UPDATE myna.vendor SET filings = '[{\"model\": \"big\", \"region\": \"cn\","
        " \"number\": \"8\"}, {\"model\": \"any\", \"region\": \"cn\", \"number\": \"9\"}]';"
        "WITH t AS (INSERT INTO myna.threshold (source, scope, subject, rule, state, period_from)"
        "  VALUES ('contract:wide-1:x', 'contract', 'wide-1', '{}', 'fired', now()),"
        "    ('contract:dahan-2026:x', 'contract', 'dahan-2026', '{}', 'fired', now())"
        "  RETURNING *)"
        "INSERT INTO myna.contract_standing (threshold_id, match, fall_back_to, model)"
        " SELECT threshold_id, jsonb_build_object('contract', subject),"
        "   CASE subject WHEN 'wide-1' THEN 'dahan-2026' END,"
        "   CASE subject WHEN 'dahan-2026' THEN 'cheap' END FROM t");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].vendor, "wide");

    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].vendor, "wide");
    script(fixture, "UPDATE myna.vendor SET filings = filings ||"
                    " '[{\"model\": \"cheap\", \"region\": \"cn\", \"number\": \"10\"}]'");
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 2);
    assert_string_equal(content.routes[0].model, "cheap");
    script(fixture, "DELETE FROM myna.threshold; DELETE FROM myna.region;"
                    "UPDATE myna.vendor SET filings = '[]'");
}

/* A robot that moved while a rollout ran gets neither what the rollout brings nor, when it is taken
 * back, what the layer said: not beyond its border. */
static void i13_a_rollout_and_its_way_back_cross_no_border(void **state)
{
    struct fixture *fixture = *state;
    static wire_ConfigContent content;
    size_t refused = 0;

    script(fixture,
           "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, state, step, author, "
           "has_open)"
           " VALUES ('switch', 'fleet', '{\"routes\": [{\"vendor\": \"dahan\", \"model\": \"new\","
           "   \"contract\": \"dahan-2026\"}]}', '{}', 'running', 'publishing', 't', true);"
           "INSERT INTO myna.rollout_device (rollout_id, device_id, place, state, is_open)"
           " SELECT 'switch', device_id, 1, 'opened', true FROM myna.device");
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].model, "new");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 0);

    script(fixture, "UPDATE myna.rollout SET state = 'rolling_back', step = NULL;"
                    "UPDATE myna.rollout_device SET is_open = false, state = 'reverted'");
    assert_int_equal(fill(fixture, "r3", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 1);
    assert_string_equal(content.routes[0].vendor, "wide");
    script(fixture, "DELETE FROM myna.rollout");
}

/* What statements refuse and what robots are not given is the same. */
static void i13_both_ways_to_ask_about_a_border_agree(void **state)
{
    STORE_STATEMENT(ask, "SELECT myna.border_flaw($1::text, v, $2::text) IS NULL FROM myna.vendor v"
                         " WHERE vendor_id = 'dahan'");
    static const char *const places[] = {"", "cn", "eu", "sg"};
    static const char *const models[] = {"big", "any"};
    struct fixture *fixture = *state;
    unsigned allowed = 0;

    script(fixture,
           "INSERT INTO myna.region (region_id, needs_filing) VALUES ('eu', true),"
           " ('sg', false); INSERT INTO myna.region_pair VALUES ('eu', 'cn'), ('sg', 'eu');"
           "UPDATE myna.vendor SET filings = '[{\"model\": \"big\", \"region\": \"eu\","
           " \"number\": \"8\"}]'");
    for (unsigned i = 0; i < 32; i++) {
        const char *home = places[i % 4], *served = places[i / 4 % 4], *model = models[i / 16];
        STORE_STATEMENT(move, "UPDATE myna.vendor SET region = $1 WHERE vendor_id = 'dahan'");
        struct result result;
        const struct route_border border = {
            .device_region = home,
            .vendor_region = served,
            .pair_is_open = (!strcmp(home, "eu") && !strcmp(served, "cn")) ||
                            (!strcmp(home, "sg") && !strcmp(served, "eu")),
            .filing_is_due = !strcmp(home, "eu"),
            .filing = !strcmp(home, "eu") && !strcmp(model, "big") ? "8" : "",
        };

        assert_int_equal(store_query(fixture->store, &move, STORE_VALUES(value_text(served)), NULL),
                         STATUS_OK);
        assert_int_equal(store_query(fixture->store, &ask,
                                     STORE_VALUES(value_text(home), value_text(model)), &result),
                         STATUS_OK);
        assert_int_equal(result_bool(&result, 0, 0), route_is_allowed(&border));
        allowed += route_is_allowed(&border);
        result_release(&result);
    }
    assert_in_range(allowed, 10, 24);
    script(fixture, "DELETE FROM myna.region;"
                    "UPDATE myna.vendor SET filings = '[]';"
                    "UPDATE myna.vendor SET region = 'cn' WHERE vendor_id = 'dahan'");
}

static void the_same_facts_give_the_same_bytes(void **state)
{
    static wire_ConfigContent first, second;
    static uint8_t a[LIMIT_CONFIG_BYTES], b[LIMIT_CONFIG_BYTES];
    size_t refused, a_size, b_size;

    assert_int_equal(fill(*state, "r1", &first, &refused), STATUS_OK);
    assert_int_equal(fill(*state, "r1", &second, &refused), STATUS_OK);
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &first, a, sizeof a, &a_size),
                     STATUS_OK);
    assert_int_equal(message_encode(MESSAGE_CONFIG_CONTENT, &second, b, sizeof b, &b_size),
                     STATUS_OK);
    assert_int_equal(a_size, b_size);
    assert_memory_equal(a, b, a_size);
}

static void i9_a_vendors_key_is_unwrapped_only_for_its_own_vendor(void **state)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor SET key_wrapped = $1 WHERE vendor_id = 'dahan'");
    struct fixture *fixture = *state;
    static wire_ConfigContent content;
    uint8_t wrapped[6 + CRYPTO_WRAP_OVERHEAD];
    size_t refused;

    assert_int_equal(
        crypto_wrap(fixture->master_key, "vendor-key:dahan", span_text("secret"), wrapped),
        STATUS_OK);
    assert_int_equal(store_query(fixture->store, &set,
                                 STORE_VALUES(value_bytes(span_of(wrapped, sizeof wrapped))), NULL),
                     STATUS_OK);
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_string_equal(content.routes[0].api_key, "secret");
    assert_string_equal(content.routes[1].api_key, "");
    assert_int_equal(
        crypto_wrap(fixture->master_key, "vendor-key:wide", span_text("secret"), wrapped),
        STATUS_OK);
    assert_int_equal(store_query(fixture->store, &set,
                                 STORE_VALUES(value_bytes(span_of(wrapped, sizeof wrapped))), NULL),
                     STATUS_OK);
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_FORGED);
    script(fixture, "UPDATE myna.vendor SET key_wrapped = NULL");
}

static void i9_a_minted_credential_goes_to_the_robot_and_its_key_does_not(void **state)
{
    STORE_STATEMENT(set, "UPDATE myna.vendor SET key_wrapped = $1, dialect = 'glm',"
                         " credential = 'minted' WHERE vendor_id = 'dahan'");
    struct fixture *fixture = *state;
    static wire_ConfigContent content, again;
    uint8_t wrapped[9 + CRYPTO_WRAP_OVERHEAD];
    size_t refused;

    assert_int_equal(
        crypto_wrap(fixture->master_key, "vendor-key:dahan", span_text("id.secret"), wrapped),
        STATUS_OK);
    assert_int_equal(store_query(fixture->store, &set,
                                 STORE_VALUES(value_bytes(span_of(wrapped, sizeof wrapped))), NULL),
                     STATUS_OK);
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(strncmp(content.routes[0].api_key, "eyJ", 3), 0);
    assert_null(strstr(content.routes[0].api_key, "secret"));
    /* whoever builds the generation builds the same */
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_string_equal(content.routes[0].api_key, again.routes[0].api_key);
    assert_int_equal(fill(fixture, "r2", &again, &refused), STATUS_OK);
    assert_string_not_equal(content.routes[0].api_key, again.routes[0].api_key);
    script(fixture, "UPDATE myna.vendor SET key_wrapped = NULL, dialect = 'openai',"
                    " credential = 'shared'");
}

/* Opened by a rollout whose robots are to try what it brings. */
static void i13_a_rollout_has_its_robots_try_the_first_route_that_they_may_use(void **state)
{
    struct fixture *fixture = *state;
    static wire_ConfigContent content, again;
    size_t refused = 0;

    script(fixture,
           "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, author, state, has_open)"
           " VALUES ('switch', 'fleet', '{\"screen_mark\": \"new\"}',"
           "   '{\"confirm\": {\"test\": true, \"deadline_s\": 600}}', 't', 'running', true);"
           "INSERT INTO myna.rollout_device (rollout_id, device_id, place, state, is_open,"
           "   generation) SELECT 'switch', device_id, 1, 'opened', true, desired_generation"
           " FROM myna.device_link WHERE device_id IN ('r1', 'r3')");
    assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
    assert_int_equal(content.routes_count, 2);
    assert_int_equal(refused, 1);
    assert_true(content.has_trial);
    assert_true(content.trial.test);
    assert_string_equal(content.trial.rollout, "switch");
    assert_string_equal(content.trial.speech_line_id, ""); /* no vendor's voice is configured */
    assert_int_equal(content.trial.window_s, 450);
    assert_int_equal(strlen(content.trial.line_id), ROUTE_LINE_ID_SIZE - 1);
    for (size_t i = 0; i < content.routes_count; i++)
        assert_string_not_equal(content.trial.line_id, content.routes[i].line_id);

    assert_int_equal(fill(fixture, "r3", &again, &refused), STATUS_OK); /* it may use another one */
    assert_string_equal(again.routes[0].vendor, "wide");
    assert_string_not_equal(again.trial.line_id, content.trial.line_id);
    assert_int_equal(fill(fixture, "r2", &again, &refused), STATUS_OK); /* was not opened */
    assert_false(again.has_trial);

    /* the same generation stays what it is; a later one of a robot that confirmed runs at once */
    script(fixture, "UPDATE myna.rollout_device SET state = 'confirmed' WHERE device_id = 'r1'");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_string_equal(again.trial.line_id, content.trial.line_id);
    script(fixture, "UPDATE myna.rollout_device SET generation = generation - 1"
                    " WHERE device_id = 'r1'");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_false(again.has_trial);
    /* whatever else changed while it has not confirmed yet, it tries that as well */
    script(fixture, "UPDATE myna.rollout_device SET state = 'opened' WHERE device_id = 'r1'");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_true(again.has_trial);
    script(fixture, "UPDATE myna.layer SET settings = jsonb_insert(settings, '{routes,0}',"
                    " '{\"vendor\": \"wide\", \"model\": \"voice\", \"contract\": \"wide-1\","
                    "   \"use\": \"speech\"}') WHERE layer_id = 'fleet'");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_string_equal(again.trial.line_id, content.trial.line_id);
    assert_int_equal(strlen(again.trial.speech_line_id), ROUTE_LINE_ID_SIZE - 1);
    assert_string_not_equal(again.trial.speech_line_id, again.trial.line_id);
    for (size_t i = 0; i < again.routes_count; i++)
        assert_string_not_equal(again.trial.speech_line_id, again.routes[i].line_id);
    /* of a vendor's next key: by that vendor's own route, where it is not the first */
    assert_string_equal(again.trial.vendor, "");
    script(fixture, "UPDATE myna.rollout SET patch = NULL, key_vendor = 'wide', key_number = 1");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_string_equal(again.trial.vendor, "wide");
    assert_string_equal(again.trial.line_id, content.trial.line_id);
    assert_int_equal(strlen(again.trial.vendor_line_id), ROUTE_LINE_ID_SIZE - 1);
    assert_string_not_equal(again.trial.vendor_line_id, again.trial.line_id);
    script(fixture, "UPDATE myna.rollout SET key_vendor = 'dahan'");
    assert_int_equal(fill(fixture, "r1", &again, &refused), STATUS_OK);
    assert_string_equal(again.trial.vendor, "");
    script(fixture, "UPDATE myna.layer SET settings = settings #- '{routes,0}'"
                    " WHERE layer_id = 'fleet';"
                    "DELETE FROM myna.rollout");
}

static enum status refresh_credits(struct store_conn *conn, void *context)
{
    return credits_refresh(context, conn);
}

/* Both are refused when they are written; a database may hold them all the same. */
static void i2_a_route_that_cannot_bound_its_answers_is_left_out_under_a_hard_limit(void **state)
{
    static const struct {
        const char *dialect;
        size_t routes;
    } cases[] = {{"openai", 2}, {"hunyuan", 1}, {"qwen-think", 1}, {"qwen", 2}};
    struct fixture *fixture = *state;
    static wire_ConfigContent content;
    size_t refused;

    script(fixture, "INSERT INTO myna.pool (source, scope, subject, unit, is_money, metrics, hard,"
                    "   period_from, period_to, limit_amount, scale, is_active)"
                    " VALUES ('budget:b', 'vendor', 'dahan', 'output', false, 16, true,"
                    "   '2020-01-01', 'infinity', 1000, 1, true);"
                    "UPDATE myna.credit_revision SET revision = revision + 1");
    assert_int_equal(store_transaction(fixture->store, refresh_credits, fixture->credits),
                     STATUS_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        STORE_STATEMENT(set, "UPDATE myna.vendor SET dialect = $1 WHERE vendor_id = 'dahan'");
        assert_int_equal(
            store_query(fixture->store, &set, STORE_VALUES(value_text(cases[i].dialect)), NULL),
            STATUS_OK);
        lines_begin(fixture->lines);
        assert_int_equal(fill(fixture, "r1", &content, &refused), STATUS_OK);
        assert_int_equal(content.routes_count, cases[i].routes);
    }
    script(fixture, "DELETE FROM myna.pool; UPDATE myna.vendor SET dialect = 'openai';"
                    "UPDATE myna.credit_revision SET revision = revision + 1");
    assert_int_equal(store_transaction(fixture->store, refresh_credits, fixture->credits),
                     STATUS_OK);
    lines_begin(fixture->lines);
}

struct claim {
    struct fixture *fixture;
    struct dispatch_target targets[8];
    size_t count;
};

/* As the outbox does, with a hash for the first of them only: the others could not be built. */
static enum status claim_configs(struct store_conn *conn, void *context)
{
    static const uint8_t hash[CRYPTO_HASH_SIZE] = {7};
    struct claim *claim = context;
    struct dispatch_sent sent[8];
    enum status status =
        dispatch_claim_configs(conn, claim->fixture->arena, 8, claim->targets, &claim->count);

    for (size_t i = 0; i < claim->count; i++)
        sent[i] = (struct dispatch_sent){.device_id = claim->targets[i].device_id,
                                         .hash = span_of(hash, i == 0 ? sizeof hash : 0),
                                         .told_lines = span_of(hash, i == 0 ? 1 : 0)};
    return status == STATUS_OK && claim->count > 0
               ? dispatch_note_sent(conn, claim->fixture->arena, sent, claim->count)
               : status;
}

/* Claims while another instance, on a connection of its own, holds what it has claimed. */
static enum status claim_twice(struct store_conn *conn, void *context)
{
    struct claim *claim = context;
    struct claim other = {.fixture = claim->fixture};
    enum status status = claim_configs(conn, claim);

    if (status == STATUS_OK)
        status = store_transaction(claim->fixture->store, claim_configs, &other);
    assert_int_equal(other.count, 0);
    return status;
}

static void i4_who_is_behind_is_claimed_once_and_again_after_a_pause(void **state)
{
    struct claim claim = {.fixture = *state};

    script(*state, "UPDATE myna.device_link SET session_hello = false WHERE device_id = 'r3';"
                   "UPDATE myna.device SET status = 'revoked' WHERE device_id = 'r2'");
    assert_int_equal(store_transaction(claim.fixture->store, claim_twice, &claim), STATUS_OK);
    assert_int_equal(claim.count, 1);
    assert_string_equal(claim.targets[0].device_id, "r1");
    assert_int_equal(claim.targets[0].generation, 1);
    assert_int_equal(store_transaction(claim.fixture->store, claim_configs, &claim), STATUS_OK);
    assert_int_equal(claim.count, 0);
    script(*state, "UPDATE myna.device_link SET config_due = now()");
    assert_int_equal(store_transaction(claim.fixture->store, claim_configs, &claim), STATUS_OK);
    assert_int_equal(claim.count, 1);
    script(*state, "UPDATE myna.device_link SET config_due = now(), reported_generation = 1");
    assert_int_equal(store_transaction(claim.fixture->store, claim_configs, &claim), STATUS_OK);
    assert_int_equal(claim.count, 0);
    script(*state, "UPDATE myna.device_link SET session_hello = true, reported_generation = 0;"
                   "UPDATE myna.device SET status = 'active'");
}

static enum status claim_one(struct store_conn *conn, void *context)
{
    struct claim *claim = context;

    return dispatch_claim_configs(conn, claim->fixture->arena, 1, claim->targets, &claim->count);
}

/* Two thousand robots whose secrets could not be unwrapped, always due for longer, once kept a real
 * one waiting for a minute. */
static void i4_who_was_sent_nothing_yet_goes_before_those_who_do_not_answer(void **state)
{
    struct claim claim = {.fixture = *state};

    script(*state, "UPDATE myna.device_link SET reported_generation = 0, config_sends = 9,"
                   " config_due = now() - interval '1 hour';"
                   "UPDATE myna.device_link SET config_sends = 0,"
                   " config_due = now() - interval '1 s' WHERE device_id = 'r2'");
    assert_int_equal(store_transaction(claim.fixture->store, claim_one, &claim), STATUS_OK);
    assert_int_equal(claim.count, 1);
    assert_string_equal(claim.targets[0].device_id, "r2");
    /* and they have their turn when nobody else is owed any */
    script(*state, "UPDATE myna.device_link SET config_due = now() + interval '1 min'"
                   " WHERE device_id = 'r2'");
    assert_int_equal(store_transaction(claim.fixture->store, claim_one, &claim), STATUS_OK);
    assert_int_equal(claim.count, 1);
    assert_string_not_equal(claim.targets[0].device_id, "r2");
    script(*state, "UPDATE myna.device_link SET config_sends = 0, config_due = now()");
}

static void assert_text(struct fixture *fixture, const struct store_statement *statement,
                        const char *expected)
{
    struct span text;

    assert_int_equal(store_json(fixture->store, statement, STORE_NO_VALUES, fixture->arena, &text),
                     STATUS_OK);
    assert_string_equal(arena_text(fixture->arena, text), expected);
}

/* What the outbox compares with, so that it sends a state only to whom it tells something new. */
static void a_robot_comes_with_the_lines_it_was_told_with_the_generation_it_runs(void **state)
{
    static const struct {
        const char *set;
        bool is_told;
    } cases[] = {
        {"reported_generation = 6", true},
        {"reported_generation = 5", false},                   /* told with one it never ran */
        {"reported_generation = 6, config_sends = 1", false}, /* it did not answer */
    };
    struct claim claim = {.fixture = *state};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        script(*state, "UPDATE myna.device_link SET session_hello = device_id = 'r1',"
                       " desired_generation = 7, told_lines = '\\x1234', config_sends = 0,"
                       " config_due = now() - interval '1 s'");
        script(*state,
               arena_format(claim.fixture->arena, "UPDATE myna.device_link SET %s", cases[i].set));
        assert_int_equal(store_transaction(claim.fixture->store, claim_configs, &claim), STATUS_OK);
        assert_int_equal(claim.count, 1);
        assert_int_equal(claim.targets[0].told_lines.size, cases[i].is_told ? 2 : 0);
    }
    script(*state, "UPDATE myna.device_link SET session_hello = true, config_due = now(),"
                   " desired_generation = 1, reported_generation = 0, desired_hash = NULL,"
                   " config_sends = 0");
}

/* The mark's parts that are not what a line's own id is made of. */
static void a_mark_of_lines_covers_their_generation_order_use_and_what_lies_ready(void **state)
{
    const struct routes_row chat = {.use = "chat"}, speech = {.use = "speech"};
    const struct lines_line lines[] = {{.route = &chat, .line_id = "a"},
                                       {.route = &chat, .line_id = "b", .is_standby = true}};
    struct lines_line other[2];
    uint8_t mark[LINES_MARK_SIZE], again[LINES_MARK_SIZE];

    (void)state;
    lines_mark(lines, 2, 1, 7, mark);
    lines_mark(lines, 2, 1, 7, again);
    assert_memory_equal(mark, again, sizeof mark);
    lines_mark(lines, 2, 1, 8, again);
    assert_memory_not_equal(mark, again, sizeof mark);
    lines_mark(lines, 2, 2, 7, again);
    assert_memory_not_equal(mark, again, sizeof mark);
    lines_mark(lines, 1, 1, 7, again);
    assert_memory_not_equal(mark, again, sizeof mark);
    memcpy(other, lines, sizeof other);
    other[0].line_id[0] = 'c';
    lines_mark(other, 2, 1, 7, again);
    assert_memory_not_equal(mark, again, sizeof mark);
    memcpy(other, lines, sizeof other);
    other[1].is_standby = false;
    lines_mark(other, 2, 1, 7, again);
    assert_memory_not_equal(mark, again, sizeof mark);
    memcpy(other, lines, sizeof other);
    other[0].route = &speech;
    lines_mark(other, 2, 1, 7, again);
    assert_memory_not_equal(mark, again, sizeof mark);
}

static void what_could_not_be_built_is_put_off_and_keeps_its_hash(void **state)
{
    static const struct store_statement sends = {
        "SELECT string_agg(device_id || ' ' || config_sends || ' ' ||"
        " encode(substr(desired_hash, 1, 1), 'hex') || ' ' ||"
        " coalesce(encode(told_lines, 'hex'), '-'), ', ' ORDER BY device_id)"
        " FROM myna.device_link WHERE config_due > now()"};
    struct claim claim = {.fixture = *state};

    script(*state, "UPDATE myna.device_link SET session_hello = false WHERE device_id = 'r3';"
                   "UPDATE myna.device_link SET desired_hash = '\\x09', config_sends = 0,"
                   " config_due = now() - CASE device_id WHEN 'r1' THEN interval '1 s'"
                   "   ELSE interval '1 min' END");
    assert_int_equal(store_transaction(claim.fixture->store, claim_configs, &claim), STATUS_OK);
    assert_int_equal(claim.count, 2);
    assert_text(*state, &sends, "r1 1 09 -, r2 1 07 07"); /* r2 was the longest due */
    script(*state, "UPDATE myna.device_link SET session_hello = true, config_due = now(),"
                   " desired_hash = NULL, config_sends = 0");
}

static void a_version_that_comes_into_force_gives_its_robots_a_new_generation_once(void **state)
{
    static const struct store_statement generations = {
        "SELECT string_agg(device_id || desired_generation, ' ' ORDER BY device_id)"
        " FROM myna.device_link"};
    struct fixture *fixture = *state;

    script(fixture, "UPDATE myna.device_link SET desired_generation = 5;"
                    "UPDATE myna.contract_version SET announced = true WHERE version < 3");
    assert_int_equal(cleaning_announce_contracts(fixture->store), STATUS_OK);
    assert_text(fixture, &generations, "r15 r25 r35");
    script(fixture, "UPDATE myna.contract_version SET effective_from = now(),"
                    " created_at = now() - interval '1 day' WHERE version = 3");
    assert_int_equal(cleaning_announce_contracts(fixture->store), STATUS_OK);
    assert_int_equal(cleaning_announce_contracts(fixture->store), STATUS_OK);
    assert_text(fixture, &generations, "r16 r26 r36");
}

static void a_command_without_an_answer_expires(void **state)
{
    static const struct store_statement statuses = {
        "SELECT string_agg(status, ' ' ORDER BY kind) FROM myna.command"};
    struct fixture *fixture = *state;

    script(
        fixture,
        "INSERT INTO myna.command (command_id, device_id, kind, created_by, expires_at, send_due)"
        " VALUES (gen_random_uuid(), 'r1', 'identify', 't', now() + interval '1 hour', now()),"
        " (gen_random_uuid(), 'r1', 'say', 't', now() - interval '1 second', now())");
    assert_int_equal(cleaning_expire_commands(fixture->store), STATUS_OK);
    assert_text(fixture, &statuses, "waiting expired");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_layer_wins_and_among_groups_the_highest_and_newest),
        cmocka_unit_test(i13_routes_beyond_a_border_or_without_a_contract_are_left_out),
        cmocka_unit_test(
            i13_a_border_that_was_opened_lets_a_robot_through_and_a_due_filing_does_not),
        cmocka_unit_test(i13_a_fallback_crosses_no_border_either),
        cmocka_unit_test(i13_a_rollout_and_its_way_back_cross_no_border),
        cmocka_unit_test(i13_both_ways_to_ask_about_a_border_agree),
        cmocka_unit_test(the_same_facts_give_the_same_bytes),
        cmocka_unit_test(i9_a_vendors_key_is_unwrapped_only_for_its_own_vendor),
        cmocka_unit_test(i9_a_minted_credential_goes_to_the_robot_and_its_key_does_not),
        cmocka_unit_test(i13_a_rollout_has_its_robots_try_the_first_route_that_they_may_use),
        cmocka_unit_test(i2_a_route_that_cannot_bound_its_answers_is_left_out_under_a_hard_limit),
        cmocka_unit_test(i4_who_is_behind_is_claimed_once_and_again_after_a_pause),
        cmocka_unit_test(i4_who_was_sent_nothing_yet_goes_before_those_who_do_not_answer),
        cmocka_unit_test(what_could_not_be_built_is_put_off_and_keeps_its_hash),
        cmocka_unit_test(a_robot_comes_with_the_lines_it_was_told_with_the_generation_it_runs),
        cmocka_unit_test(a_mark_of_lines_covers_their_generation_order_use_and_what_lies_ready),
        cmocka_unit_test(a_version_that_comes_into_force_gives_its_robots_a_new_generation_once),
        cmocka_unit_test(a_command_without_an_answer_expires),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* What a switch of vendors would bring about, in figures computed by hand, on a real database.
 *
 * It is the second of December in Shanghai's morning of the first: thirty days of the term remain
 * whole. Ten robots make a million output tokens a day together, of which the big contract gives
 * ten million a month away; the small one takes 4.80 for each million. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "schema/base/json.h"
#include "server/jobs/rollout_look.h"
#include "server/store/migrate.h"
#include "server/store/preflight.h"
#include "server/store/rollouts.h"
#include "tests/support/pg.h"

#define NOW INT64_C(1796056200000) /* 2026-11-30 16:30 UTC, half past midnight in Shanghai */

struct fixture {
    struct pg *pg;
    struct store *store;
    struct store_conn *conn;
    struct arena *arena;
    struct preflight found;
    struct json *json;
};

#define CONTRACT(id, terms)                                                                        \
    "INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('" id "', 'http://v');"                 \
    "INSERT INTO myna.contract VALUES ('" id "', '" id "', 'CNY', 'Asia/Shanghai');"               \
    "INSERT INTO myna.contract_version VALUES ('" id "', 1, '2025-12-31 16:00Z',"                  \
    " '{\"contract\":\"" id "\",\"vendor\":\"" id                                                  \
    "\",\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":" \
    "\"2027-01-01\"}," terms "}', now(), 'test');"

static const char world[] = CONTRACT(
    "big", "\"charges\":[{\"name\":\"fee\",\"kind\":\"flat\",\"amount\":\"3000000.00\","
           "\"per\":\"term\"},{\"name\":\"out\",\"kind\":\"graduated\",\"metric\":\"output\","
           "\"per\":\"month\",\"tiers\":[{\"up_to\":10000000,\"price\":\"0\"},"
           "{\"price\":\"2.00\",\"unit\":1000000}]}],\"commitments\":[{\"name\":\"robots\","
           "\"metric\":\"active_devices\",\"at_least\":10,\"measured\":\"peak\",\"per\":"
           "\"term\",\"shortfall\":{\"fee_per_unit\":\"300.00\"}}]")
    CONTRACT(
        "small",
        "\"third_party_models\":false,\"charges\":[{\"name\":\"fee\",\"kind\":"
        "\"flat\","
        "\"amount\":\"300000.00\",\"per\":\"term\"},{\"name\":\"tokens\",\"kind\":"
        "\"matrix\","
        "\"models\":[\"mini\"],\"per\":\"month\",\"unit\":1000000,\"prices\":{"
        "\"output\":"
        "\"4.80\"}}],\"commitments\":[{\"name\":\"money\",\"metric\":\"spend\","
        "\"at_least\":"
        "\"300100.00\",\"per\":\"term\",\"shortfall\":{\"true_up\":true}}],"
        "\"caps\":[{\"name\":"
        "\"pace\",\"metric\":\"requests_per_minute\",\"at_most\":1,\"hard\":false}"
        "]") "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped, "
             "signature)"
             " VALUES ('abcd', '', '', '');"
             "INSERT INTO myna.device (device_id, certificate_serial, "
             "certificate_until, sealing_public,"
             " server_key_id, secret_wrapped) SELECT 'r' || i, '1', now(), '', "
             "'abcd', ''"
             " FROM generate_series(1, 11) i;"
             "INSERT INTO myna.device_link (device_id) SELECT device_id FROM "
             "myna.device;"
             /* one has routes of its own */
             "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by)"
             " VALUES ('device:r11', 'r11', '{\"routes\": []}', 'test');"
             "INSERT INTO myna.usage_hour (device_id, hour, contract_id, "
             "vendor_id, model, currency,"
             " attempts, requests, output, price) SELECT 'r' || i, '2026-10-31 16:00Z'::timestamptz"
             " + d * interval '1 day', 'big', 'big', 'large', 'CNY', 2, 2, "
             "100000, 0.2"
             " FROM generate_series(1, 10) i, generate_series(0, 29) d;"
             "INSERT INTO myna.pool (source, scope, subject, unit, is_money, "
             "metrics, hard, period_from,"
             " period_to, limit_amount, scale, is_active) VALUES"
             " ('cap:small:requests', 'contract', 'small', 'requests', false, "
             "1024, true,"
             "  '2026-11-30 16:00Z', '2026-12-01 16:00Z', 15, 1, true),"
             " ('cap:big:requests', 'contract', 'big', 'requests', false, 1024, true,"
             "  '2026-11-30 16:00Z', '2026-12-01 16:00Z', 25, 1, true),"
             " ('budget:own', 'vendor', 'big', 'CNY', true, 0, false, '2026-11-30 16:00Z',"
             "  '2026-12-31 16:00Z', 1000, 1000000000, true),"
             " ('budget:lid', 'vendor', 'small', 'CNY', true, 0, false, "
             "'2026-11-30 16:00Z',"
             "  '2026-12-31 16:00Z', 100, 1000000000, true);"
             "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, "
             "author) VALUES"
             " ('switch', 'fleet', '{\"routes\": [{\"vendor\": \"small\", "
             "\"model\": \"mini\","
             "   \"contract\": \"small\"}]}', '{}', 'operator:anna'),"
             " ('other', 'fleet', '{\"routes\": [{\"vendor\": \"small\", "
             "\"model\": \"maxi\","
             "   \"contract\": \"small\"}]}', '{}', 'operator:anna'),"
             " ('model', 'fleet', '{\"routes\": [{\"vendor\": \"big\", \"model\": \"larger\","
             "   \"contract\": \"big\"}]}', '{}', 'operator:anna'),"
             " ('volume', 'fleet', '{\"volume\": 3}', '{}', 'operator:anna');";

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 2, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK ||
        arena_create(&fixture.arena, 4u << 20) != STATUS_OK ||
        store_acquire(fixture.store, &fixture.conn) != STATUS_OK ||
        store_script(fixture.conn, world) != STATUS_OK) {
        fprintf(stderr, "%s\n", fixture.conn ? store_problem(fixture.conn) : problem);
        return -1;
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    json_free(fixture->json);
    store_release(fixture->store, fixture->conn);
    arena_free(fixture->arena);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static void ask(struct fixture *fixture, const char *rollout_id, int64_t wave, int64_t now_ms)
{
    const struct preflight_ask question = {
        .rollout_id = rollout_id, .wave = wave, .now_ms = now_ms};

    json_free(fixture->json);
    fixture->json = NULL;
    arena_reset(fixture->arena);
    assert_int_equal(preflight_run(fixture->conn, &question, fixture->arena, &fixture->found),
                     STATUS_OK);
    assert_int_equal(json_parse(fixture->found.json, &fixture->json, NULL), STATUS_OK);
}

/* As ask(), with the server's limit and the plan's own. */
static const char *approval_above(struct fixture *fixture, const char *rollout_id, const char *cost,
                                  const char *plan)
{
    STORE_STATEMENT(put, "UPDATE myna.rollout SET plan = $2 WHERE rollout_id = $1");
    const struct preflight_ask question = {
        .rollout_id = rollout_id, .now_ms = NOW, .above_cost = cost};

    arena_reset(fixture->arena);
    assert_int_equal(store_exec(fixture->conn, &put,
                                STORE_VALUES(value_text(rollout_id), value_json(span_text(plan))),
                                NULL),
                     STATUS_OK);
    assert_int_equal(preflight_run(fixture->conn, &question, fixture->arena, &fixture->found),
                     STATUS_OK);
    return fixture->found.approval;
}

static const char *text_at(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "(none)");
}

static const struct json *among(const struct json *list, const char *member, const char *value)
{
    for (size_t i = 0; i < json_count(list); i++)
        if (strcmp(text_at(json_item(list, i), member), value) == 0)
            return json_item(list, i);
    return NULL;
}

static const struct json *finding(const struct fixture *fixture, const char *code)
{
    return among(json_member(fixture->json, "findings"), "code", code);
}

static void both_contracts_are_priced_to_their_terms_end(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *contracts = json_member(fixture->json, "contracts");
    const struct json *big = among(contracts, "contract", "big");
    const struct json *small = among(contracts, "contract", "small");

    assert_int_equal(json_int(json_member(fixture->json, "robots"), 0), 10);
    assert_string_equal(text_at(fixture->json, "until"), "2027-01-01");
    /* thirty million of which ten are free, and ten robots as promised */
    assert_string_equal(text_at(big, "amount"), "3000040.00");
    /* nothing, and ten robots missing at 300 */
    assert_string_equal(text_at(big, "amount_at_end"), "3003000.00");
    /* 300,000 lifted to 300,100 */
    assert_string_equal(text_at(small, "amount"), "300100.00");
    /* thirty million at 4.80 */
    assert_string_equal(text_at(small, "amount_at_end"), "300144.00");
}

static void each_wave_has_its_figures(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *waves = json_member(fixture->json, "waves");

    assert_int_equal(json_count(waves), 2); /* five, then the five that were held back */
    const struct json *first = json_item(waves, 0);
    const struct json *big = among(json_member(first, "costs"), "contract", "big");
    const struct json *small = among(json_member(first, "costs"), "contract", "small");

    assert_int_equal(json_int(json_member(first, "robots"), 0), 5);
    assert_string_equal(text_at(big, "amount"), "3001510.00"); /* 10.00 and five robots missing */
    assert_string_equal(text_at(big, "shortfall"), "1500.00");
    assert_string_equal(text_at(small, "amount"),
                        "300100.00"); /* 72.00, and 28.00 to the promise */
    assert_string_equal(text_at(small, "shortfall"), "28.00");
}

static void what_falls_short_is_named_with_its_price(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *short_fall = finding(fixture, "shortfall");
    const struct json *promise =
        among(json_member(among(json_member(fixture->json, "contracts"), "contract", "big"),
                          "commitments"),
              "name", "robots");

    assert_non_null(short_fall);
    assert_string_equal(text_at(short_fall, "severity"), "warn");
    assert_int_equal(json_int(json_member(short_fall, "wave"), 0), 1);
    assert_string_equal(text_at(short_fall, "text"),
                        "commitment \"robots\" of \"big\" falls short by 10 active_devices:"
                        " 3,000.00 CNY more than if nobody moved");
    assert_string_equal(text_at(promise, "missing"), "0");
    assert_string_equal(text_at(promise, "missing_at_end"), "10");
}

/* Twenty requests a day where fifteen are allowed: five robots fit, ten do not. */
static void a_wave_that_would_break_a_cap_is_refused_when_it_is_its_turn(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *cap = among(json_member(fixture->json, "findings"), "severity", "refuse");

    assert_null(fixture->found.refusal);
    assert_string_equal(text_at(cap, "code"), "cap");
    assert_int_equal(json_int(json_member(cap, "wave"), 0), 2);
    ask(fixture, "switch", 1, NOW);
    assert_null(fixture->found.refusal);
    ask(fixture, "switch", 2, NOW);
    assert_string_equal(fixture->found.refusal,
                        "cap:small:requests has 15 requests: 0 when nobody moves, 20 when all"
                        " have; wave 2 breaks it");
    assert_true(json_bool(json_member(fixture->json, "refused"), false));
}

/* Another model of the same contract: what comes in has gone out. */
static void robots_that_stay_with_the_contract_are_counted_once(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "model", 0, NOW);
    const struct json *room =
        among(json_member(fixture->json, "headroom"), "source", "cap:big:requests");
    const struct json *big = json_item(json_member(fixture->json, "contracts"), 0);

    assert_null(finding(fixture, "cap"));
    assert_string_equal(text_at(room, "stay"), "20");
    assert_string_equal(text_at(room, "at_end"), "20");
    assert_string_equal(text_at(big, "amount"), "3000040.00");
    assert_string_equal(text_at(big, "amount_at_end"), "3000040.00");
    assert_true(json_bool(json_member(big, "left"), false));
    assert_null(finding(fixture, "shortfall"));
    room = among(json_member(fixture->json, "headroom"), "source", "budget:own");
    assert_string_equal(text_at(room, "stay"), "62.00"); /* 2.00 a day as booked */
    assert_string_equal(text_at(room, "at_end"), "62.00");
}

/* 4.80 a day, 31 days: 148.80 of 100; of half the robots 74.40. */
static void a_soft_budget_warns(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *room = among(json_member(fixture->json, "headroom"), "source", "budget:lid");
    const struct json *findings = json_member(fixture->json, "findings");
    bool is_warned = false;

    assert_string_equal(text_at(room, "stay"), "0.00");
    assert_string_equal(text_at(room, "at_end"), "148.80");
    for (size_t i = 0; i < json_count(findings); i++)
        is_warned |= strstr(text_at(json_item(findings, i), "text"), "budget:lid has 100.00 CNY") &&
                     strcmp(text_at(json_item(findings, i), "severity"), "warn") == 0 &&
                     json_int(json_member(json_item(findings, i), "wave"), 0) == 2;
    assert_true(is_warned);
}

/* Twenty requests in one hour of the day are a third of one a minute, and in one minute of a
 * hundred 1.68; of half the robots 1.12. */
static void rates_are_asked_of_the_busiest_hours(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    const struct json *rate = finding(fixture, "rate");

    assert_string_equal(text_at(rate, "severity"), "warn");
    assert_int_equal(json_int(json_member(rate, "wave"), 0), 1);
    assert_string_equal(text_at(rate, "text"),
                        "contract \"small\" allows 1 requests_per_minute: 0 when nobody moves, 2 in"
                        " busy hours when all have; wave 1 breaks it");
}

static void robots_with_routes_of_their_own_are_told(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    assert_non_null(finding(fixture, "overridden"));
    assert_int_equal(json_int(json_member(fixture->json, "overridden"), 0), 1);
}

static void a_model_that_the_contract_does_not_price_is_refused(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "other", 0, NOW);
    assert_non_null(finding(fixture, "third_party"));
    assert_string_equal(text_at(finding(fixture, "unpriced"), "text"),
                        "contract \"small\" has no price for output of model \"maxi\"");
    assert_non_null(fixture->found.refusal);
}

static void a_contract_that_ends_first_is_refused(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW + 30 * INT64_C(86400000));
    assert_non_null(finding(fixture, "ends_before"));
    assert_non_null(fixture->found.refusal);
    ask(fixture, "switch", 0, NOW + 40 * INT64_C(86400000));
    assert_non_null(finding(fixture, "not_in_force"));
}

static void a_border_that_robots_would_have_to_cross_is_told(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_script(fixture->conn,
                                  "UPDATE myna.vendor SET region = 'cn' WHERE vendor_id = 'small';"
                                  "UPDATE myna.device SET region = 'eu' WHERE device_id = 'r1'"),
                     STATUS_OK);
    ask(fixture, "switch", 0, NOW);
    assert_string_equal(text_at(finding(fixture, "border"), "severity"), "warn");
    assert_int_equal(store_script(fixture->conn, "UPDATE myna.device SET region = 'eu'"),
                     STATUS_OK);
    ask(fixture, "switch", 0, NOW);
    assert_string_equal(text_at(finding(fixture, "border"), "severity"), "refuse");
    assert_int_equal(store_script(fixture->conn, "UPDATE myna.device SET region = '';"
                                                 "UPDATE myna.vendor SET region = ''"),
                     STATUS_OK);
}

static void a_change_that_is_no_switch_has_nothing_to_price(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "volume", 0, NOW);
    assert_non_null(finding(fixture, "no_switch"));
    assert_null(fixture->found.refusal);
    assert_int_equal(json_count(json_member(fixture->json, "contracts")), 0);
}

static void a_list_without_a_route_for_what_was_used_is_told(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    assert_null(finding(fixture, "use_lost"));
    assert_int_equal(
        store_script(fixture->conn,
                     "INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model,"
                     " currency, attempts, requests, audio_out_chars, price) VALUES ('r1',"
                     " '2026-11-29 16:00Z', 'big', 'big', 'voice', 'CNY', 1, 1, 100, 0)"),
        STATUS_OK);
    ask(fixture, "switch", 0, NOW);
    assert_string_equal(text_at(finding(fixture, "use_lost"), "text"),
                        "the new routes have none for speech, for which these robots used "
                        "\"voice\"");
    assert_int_equal(
        store_script(fixture->conn, "DELETE FROM myna.usage_hour WHERE model = 'voice'"),
        STATUS_OK);
}

static void a_vendor_whose_key_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;

    ask(fixture, "switch", 0, NOW);
    assert_string_equal(text_at(finding(fixture, "no_key"), "severity"), "warn");
    assert_int_equal(store_script(fixture->conn, "UPDATE myna.vendor SET key_wrapped = 'wrapped'"
                                                 " WHERE vendor_id = 'small'"),
                     STATUS_OK);
    ask(fixture, "switch", 0, NOW);
    assert_null(finding(fixture, "no_key"));
}

static void it_changes_nothing(void **state)
{
    static const struct store_statement count = {
        "SELECT ((SELECT count(*) FROM myna.tally) + (SELECT count(*) FROM myna.audit)"
        " + (SELECT count(*) FROM myna.rollout_device)"
        " + (SELECT count(*) FROM myna.tally_head))::text"};
    struct fixture *fixture = *state;
    struct span text = span_text("");

    ask(fixture, "switch", 0, NOW);
    assert_int_equal(store_exec_json(fixture->conn, &count, STORE_NO_VALUES, fixture->arena, &text),
                     STATUS_OK);
    assert_string_equal(arena_text(fixture->arena, text), "0");
}

static void a_rollout_that_is_not_there_is_told(void **state)
{
    struct fixture *fixture = *state;
    const struct preflight_ask question = {.rollout_id = "none", .now_ms = NOW};

    assert_int_equal(preflight_run(fixture->conn, &question, fixture->arena, &fixture->found),
                     STATUS_NOT_FOUND);
}

/* The two contracts that every demo starts with, and twenty robots of the big one's ten thousand.
 */
static const char demo[] =
    "INSERT INTO myna.vendor (vendor_id, base_url) VALUES ('dahan', 'http://v'), ('erxian', "
    "'http://v');"
    "INSERT INTO myna.contract VALUES ('dahan-2026', 'dahan', 'CNY', 'Asia/Shanghai'),"
    " ('erxian-2026', 'erxian', 'CNY', 'Asia/Shanghai');"
    "INSERT INTO myna.contract_version VALUES ('dahan-2026', 1, '2025-12-31 16:00Z', '{"
    "\"contract\":\"dahan-2026\",\"vendor\":\"dahan\",\"currency\":\"CNY\",\"zone\":"
    "\"Asia/Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":\"2027-01-01\"},\"grace_days\":7,"
    "\"third_party_models\":false,\"charges\":[{\"name\":\"fee\",\"kind\":\"flat\",\"amount\":"
    "\"3000000.00\",\"per\":\"term\"},{\"name\":\"input\",\"kind\":\"matrix\",\"per\":\"month\","
    "\"unit\":1000000,\"prices\":{\"input_uncached\":\"0.80\",\"input_cached\":\"0.16\","
    "\"reasoning\":"
    "\"2.00\"}},{\"name\":\"output\",\"kind\":\"graduated\",\"metric\":\"output\",\"models\":[\"*"
    "\"],"
    "\"per\":\"month\",\"tiers\":[{\"up_to\":20000000000,\"price\":\"0\"},{\"price\":\"2.00\","
    "\"unit\":"
    "1000000}]}],\"commitments\":[{\"name\":\"terminals\",\"metric\":\"active_devices\",\"at_"
    "least\":10000,"
    "\"measured\":\"peak\",\"per\":\"term\",\"shortfall\":{\"fee_per_unit\":\"300.00\"}}]}', "
    "now(), 't'),"
    " ('erxian-2026', 1, '2025-12-31 16:00Z', '{\"contract\":\"erxian-2026\",\"vendor\":\"erxian\","
    "\"currency\":\"CNY\",\"zone\":\"Asia/Shanghai\",\"term\":{\"from\":\"2026-01-01\",\"to\":"
    "\"2027-01-01\"},\"grace_days\":7,\"third_party_models\":{\"models\":[\"yunque-chat\"],"
    "\"counts_toward_commitments\":true},\"charges\":[{\"name\":\"fee\",\"kind\":\"flat\","
    "\"amount\":"
    "\"300000.00\",\"per\":\"term\"},{\"name\":\"tokens\",\"kind\":\"matrix\",\"models\":"
    "[\"erxian-chat\",\"erxian-mini\"],\"per\":\"month\",\"unit\":1000000,\"prices\":{\"input_"
    "uncached\":"
    "\"1.20\",\"input_cached\":\"0.30\",\"output\":\"4.80\",\"reasoning\":\"4.80\"}},{\"name\":"
    "\"others\","
    "\"kind\":\"matrix\",\"models\":[\"yunque-chat\"],\"per\":\"month\",\"unit\":1000000,"
    "\"prices\":"
    "{\"input\":\"1.60\",\"output\":\"6.40\",\"reasoning\":\"6.40\"}}],\"commitments\":[{\"name\":"
    "\"spend\","
    "\"metric\":\"spend\",\"at_least\":\"400000.00\",\"per\":\"term\",\"shortfall\":{\"true_up\":"
    "true}}]}',"
    " now(), 't');"
    "INSERT INTO myna.device_group (group_id) VALUES ('twenty');"
    "INSERT INTO myna.device (device_id, certificate_serial, certificate_until, sealing_public,"
    " server_key_id, secret_wrapped) SELECT 'd' || i, '1', now(), '', 'abcd', ''"
    " FROM generate_series(1, 20) i;"
    "INSERT INTO myna.device_link (device_id) SELECT 'd' || i FROM generate_series(1, 20) i;"
    "INSERT INTO myna.group_member (group_id, device_id) SELECT 'twenty', 'd' || i"
    " FROM generate_series(1, 20) i;"
    "INSERT INTO myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency,"
    " attempts, requests, input_uncached, output, price) SELECT 'd' || i, '2026-10-31 "
    "16:00Z'::timestamptz"
    " + d * interval '1 day', 'dahan-2026', 'dahan', 'dahan-chat', 'CNY', 5, 5, 500000, 100000, 0"
    " FROM generate_series(1, 20) i, generate_series(0, 29) d;"
    "INSERT INTO myna.rollout (rollout_id, layer_id, group_id, patch, plan, author) VALUES"
    " ('to-erxian', 'group:twenty', 'twenty', '{\"routes\": [{\"vendor\": \"erxian\", \"model\":"
    " \"erxian-chat\", \"contract\": \"erxian-2026\"}]}', '{}', 'operator:anna');";

/* 300 million of input at 0.80 and 60 of output among 20,000 that are free; 9,980 robots missing at
 * 300. On the other side 360.00 and 288.00, which the promise of 400,000 swallows. */
static void the_two_contracts_of_the_demo_are_priced(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(store_script(fixture->conn, demo), STATUS_OK);
    ask(fixture, "to-erxian", 0, NOW);
    const struct json *contracts = json_member(fixture->json, "contracts");
    const struct json *dahan = among(contracts, "contract", "dahan-2026");
    const struct json *erxian = among(contracts, "contract", "erxian-2026");

    assert_null(fixture->found.refusal);
    assert_int_equal(json_int(json_member(fixture->json, "robots"), 0), 20);
    assert_string_equal(text_at(dahan, "amount"), "5994240.00");
    assert_string_equal(text_at(dahan, "amount_at_end"), "6000000.00");
    assert_string_equal(text_at(erxian, "amount"), "400000.00");
    assert_string_equal(text_at(erxian, "amount_at_end"), "400000.00");
    assert_string_equal(text_at(json_item(json_member(erxian, "commitments"), 0), "amount_at_end"),
                        "99352.00");
    assert_string_equal(text_at(finding(fixture, "shortfall"), "text"),
                        "commitment \"terminals\" of \"dahan-2026\" falls short by 10000"
                        " active_devices: 6,000.00 CNY more than if nobody moved");
    assert_string_equal(text_at(finding(fixture, "cost"), "text"),
                        "the contracts' terms cost 6,400,000.00 CNY when all have moved,"
                        " 6,394,240.00 CNY when nobody does; robots followed until 2027-01-01");
}

/* 3,003,000.00 + 300,144.00 where it would have been 3,000,040.00 + 300,100.00. */
static void what_costs_more_than_the_limit_wants_another_operators_word(void **state)
{
    struct fixture *fixture = *state;

    assert_null(approval_above(fixture, "switch", NULL, "{}"));
    assert_null(approval_above(fixture, "switch", "3004", "{}"));
    assert_string_equal(approval_above(fixture, "switch", "3003.99", "{}"),
                        "it costs 3004.00 CNY more until its terms end: another operator must"
                        " approve it above 3003.99");
    assert_null(approval_above(fixture, "model", "0", "{}")); /* it costs as much as before */
    assert_null(approval_above(fixture, "volume", "0", "{}"));
    /* the plan can only be stricter */
    assert_non_null(approval_above(fixture, "switch", "", "{\"approval\":{\"above_cost\":\"1\"}}"));
    assert_non_null(
        approval_above(fixture, "switch", "1", "{\"approval\":{\"above_cost\":\"9999\"}}"));
    assert_null(
        approval_above(fixture, "switch", "3004", "{\"approval\":{\"above_cost\":\"9999\"}}"));
    approval_above(fixture, "switch", "1", "{}");
    assert_non_null(strstr((const char *)arena_text(fixture->arena, fixture->found.json),
                           "\"code\":\"approval\""));
}

/* Where the rollout stands after the driver's look, and why. */
static const char *place_after(struct fixture *fixture, const char *approval_cost)
{
    STORE_STATEMENT(read, "SELECT state || ': ' || state_reason FROM myna.rollout"
                          " WHERE rollout_id = 'switch'");
    const struct rollout_look look = {.rollout_id = "switch",
                                      .now_ms = NOW,
                                      .approval_devices = -1,
                                      .approval_cost = approval_cost};
    static char place[200];
    struct result row;
    bool moved;

    assert_int_equal(store_script(fixture->conn, "UPDATE myna.rollout SET due_at = '2020-01-01'"
                                                 " WHERE due_at IS NOT NULL"),
                     STATUS_OK);
    assert_int_equal(rollout_look(fixture->store, fixture->arena, &look, &moved), STATUS_OK);
    assert_int_equal(store_query(fixture->store, &read, STORE_NO_VALUES, &row), STATUS_OK);
    snprintf(place, sizeof place, "%s", result_text(&row, 0, 0));
    result_release(&row);
    return place;
}

static enum status act_as(struct fixture *fixture, const char *actor, enum rollout_event event)
{
    const struct author author = {actor, ""};
    const struct rollouts_act act = {.event = event, .if_version = -1};
    struct document out;
    char problem[512];

    return rollouts_act(fixture->store, &author, "switch", &act, fixture->arena, &out, problem);
}

static void a_rollout_that_is_too_dear_waits_for_somebody_else(void **state)
{
    struct fixture *fixture = *state;

    approval_above(fixture, "switch", NULL, "{\"gates\":\"off\"}");
    assert_int_equal(act_as(fixture, "operator:anna", ROLLOUT_START), STATUS_OK);
    assert_string_equal(place_after(fixture, "3003.99"),
                        "approval: it costs 3004.00 CNY more until its terms end: another operator"
                        " must approve it above 3003.99");
    assert_int_equal(act_as(fixture, "operator:anna", ROLLOUT_APPROVE), STATUS_DENIED);
    assert_int_equal(act_as(fixture, "operator:ben", ROLLOUT_APPROVE), STATUS_OK);
    assert_string_equal(place_after(fixture, "3003.99"), "running: ");
    assert_int_equal(act_as(fixture, "operator:anna", ROLLOUT_ROLL_BACK), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_contracts_are_priced_to_their_terms_end),
        cmocka_unit_test(each_wave_has_its_figures),
        cmocka_unit_test(what_falls_short_is_named_with_its_price),
        cmocka_unit_test(a_wave_that_would_break_a_cap_is_refused_when_it_is_its_turn),
        cmocka_unit_test(robots_that_stay_with_the_contract_are_counted_once),
        cmocka_unit_test(a_soft_budget_warns),
        cmocka_unit_test(rates_are_asked_of_the_busiest_hours),
        cmocka_unit_test(robots_with_routes_of_their_own_are_told),
        cmocka_unit_test(a_model_that_the_contract_does_not_price_is_refused),
        cmocka_unit_test(a_contract_that_ends_first_is_refused),
        cmocka_unit_test(a_border_that_robots_would_have_to_cross_is_told),
        cmocka_unit_test(a_change_that_is_no_switch_has_nothing_to_price),
        cmocka_unit_test(a_list_without_a_route_for_what_was_used_is_told),
        cmocka_unit_test(a_vendor_whose_key_is_not_there_is_told),
        cmocka_unit_test(it_changes_nothing),
        cmocka_unit_test(a_rollout_that_is_not_there_is_told),
        cmocka_unit_test(what_costs_more_than_the_limit_wants_another_operators_word),
        cmocka_unit_test(a_rollout_that_is_too_dear_waits_for_somebody_else),
        cmocka_unit_test(the_two_contracts_of_the_demo_are_priced),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* What the ingest makes of robots' messages, on a real database and without a broker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/base/clock.h"
#include "schema/base/encode.h"
#include "server/bus/batch.h"
#include "server/bus/receipt.h"
#include "server/bus/refusals.h"
#include "server/store/imports.h"
#include "server/store/installation.h"
#include "server/store/migrate.h"
#include "server/store/pools.h"
#include "server/store/rerating.h"
#include "tests/integration/server/robot.h"
#include "tests/support/pg.h"

#define STALE_WINDOW_MS 60000
#define MAX_MESSAGES    8

struct fixture {
    struct pg *pg;
    struct store *store;
    uint8_t master_key[CRYPTO_KEY_SIZE];
    struct peers *peers;
    struct intake *intake;
    struct terms *terms;
    struct route_cache *routes;
    struct pricing *pricing;
    struct pricing *other_pricing; /* of another server on the same database */
    struct batch_refused refused[LIMIT_BATCH_RECORDS];
    struct credits *credits;
    struct lines *lines;
    struct arena *items_arena, *try_arena, *text_arena;
    struct intake_item items[MAX_MESSAGES];
    struct batch batch; /* the last one: its states are what robots are told */
    unsigned robots;
    struct robot robot; /* a new one for each test, connected */
    char id[16];
};

static void add_contract(struct fixture *fixture)
{
    STORE_STATEMENT(vendor, "INSERT INTO myna.vendor (vendor_id, base_url)"
                            " VALUES ('dahan', 'http://127.0.0.1:1/v1')");
    STORE_STATEMENT(contract, "INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                              " VALUES ('dahan-2026', 'dahan', 'CNY', 'Asia/Shanghai')");
    STORE_STATEMENT(version, "INSERT INTO myna.contract_version (contract_id, version,"
                             " effective_from, document, created_by)"
                             " VALUES ('dahan-2026', 1, '2020-01-01', $1, 'test')");
    static const char document[] =
        "{\"contract\": \"dahan-2026\", \"vendor\": \"dahan\", \"currency\": \"CNY\","
        " \"zone\": \"Asia/Shanghai\", \"charges\": ["
        "{\"kind\": \"unit\", \"metric\": \"input_uncached\", \"price\": \"0.80\","
        " \"unit\": 1000000},"
        "{\"kind\": \"unit\", \"metric\": \"output\", \"price\": \"2.00\", \"unit\": 1000000}]}";

    assert_int_equal(store_query(fixture->store, &vendor, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(store_query(fixture->store, &contract, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &version, STORE_VALUES(value_json(span_text(document))), NULL),
        STATUS_OK);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    char problem[256] = "no database";
    unsigned applied;

    crypto_random(fixture.master_key, sizeof fixture.master_key);
    if (pg_start(&fixture.pg) != STATUS_OK ||
        store_open(&fixture.store, pg_conninfo(fixture.pg), 3, "test", problem) != STATUS_OK ||
        migrate_run(fixture.store, &applied, problem) != STATUS_OK) {
        fprintf(stderr, "%s\n", problem);
        return -1;
    }
    assert_int_equal(peers_create(&fixture.peers, fixture.store, fixture.master_key), STATUS_OK);
    assert_int_equal(intake_create(&fixture.intake, fixture.peers), STATUS_OK);
    assert_int_equal(terms_create(&fixture.terms), STATUS_OK);
    assert_int_equal(route_cache_create(&fixture.routes), STATUS_OK);
    assert_int_equal(pricing_create(&fixture.pricing, fixture.terms, PRICING_NEEDED), STATUS_OK);
    assert_int_equal(pricing_create(&fixture.other_pricing, fixture.terms, PRICING_NEEDED),
                     STATUS_OK);
    assert_int_equal(credits_create(&fixture.credits), STATUS_OK);
    assert_int_equal(lines_create(&fixture.lines, fixture.credits, fixture.terms), STATUS_OK);
    assert_int_equal(arena_create(&fixture.items_arena, 16u << 20), STATUS_OK);
    assert_int_equal(arena_create(&fixture.try_arena, 16u << 20), STATUS_OK);
    assert_int_equal(arena_create(&fixture.text_arena, 16u << 20), STATUS_OK);
    add_contract(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->text_arena);
    arena_free(fixture->try_arena);
    arena_free(fixture->items_arena);
    route_cache_free(fixture->routes);
    lines_free(fixture->lines);
    credits_free(fixture->credits);
    pricing_free(fixture->other_pricing);
    pricing_free(fixture->pricing);
    terms_free(fixture->terms);
    intake_free(fixture->intake);
    peers_free(fixture->peers);
    store_close(fixture->store);
    pg_stop(fixture->pg);
    return 0;
}

static int new_robot(void **state)
{
    struct fixture *fixture = *state;

    snprintf(fixture->id, sizeof fixture->id, "r%u", ++fixture->robots);
    robot_enrol(&fixture->robot, fixture->store, fixture->id, fixture->master_key);
    robot_connect(&fixture->robot);
    return 0;
}

/* Hands messages to the ingest's transaction, as one batch, and releases them. */
static enum status hear_many(struct fixture *fixture, struct bus_message *messages, size_t count)
{
    arena_reset(fixture->items_arena);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            intake_read(fixture->intake, &messages[i], fixture->items_arena, &fixture->items[i]),
            STATUS_OK);
        bus_message_release(&messages[i]);
    }
    fixture->batch = (struct batch){
        .arena = fixture->try_arena,
        .terms = fixture->terms,
        .routes = fixture->routes,
        .pricing = fixture->pricing,
        .refused = fixture->refused,
        .credits = fixture->credits,
        .lines = fixture->lines,
        .stamp_key = fixture->master_key,
        .items = fixture->items,
        .item_count = count,
        .stale_window_ms = STALE_WINDOW_MS,
    };
    return batch_commit(fixture->store, &fixture->batch);
}

static const struct state_facts *hear(struct fixture *fixture, struct bus_message message)
{
    assert_int_equal(hear_many(fixture, &message, 1), STATUS_OK);
    return fixture->batch.state_count > 0 ? fixture->batch.states : NULL;
}

/* The robot keeps what its state told it. */
static void take_state(struct fixture *fixture, struct robot *robot,
                       const struct state_facts *facts)
{
    static wire_State told;

    state_fill(facts, fixture->master_key, clock_wall_ms(), &told);
    assert_int_equal(told.receipt.size, RECEIPT_SIZE);
    robot->epoch_seen = told.header.epoch;
    robot->receipt_size = told.receipt.size;
    memcpy(robot->receipt, told.receipt.bytes, told.receipt.size);
}

/* As if a state had told the robot so much. */
static void take_receipt(struct fixture *fixture, struct robot *robot, int64_t epoch,
                         const struct receipt *receipt)
{
    const struct receipt_owner owner = {fixture->id, robot->journal_id, epoch};

    robot->epoch_seen = (uint32_t)epoch;
    robot->receipt_size = RECEIPT_SIZE;
    receipt_make(fixture->master_key, &owner, receipt, robot->receipt);
}

/* A text of the database about the test's robot, which is $1. */
#define ASSERT_SQL(fixture, query, expected)                                                       \
    do {                                                                                           \
        static const struct store_statement statement = {"SELECT (" query ")::text"};              \
        struct span text = span_text("");                                                          \
        arena_reset((fixture)->text_arena);                                                        \
        assert_int_equal(store_json((fixture)->store, &statement,                                  \
                                    STORE_VALUES(value_text((fixture)->id)),                       \
                                    (fixture)->text_arena, &text),                                 \
                         STATUS_OK);                                                               \
        assert_string_equal(arena_text((fixture)->text_arena, text), expected);                    \
    } while (0)

#define RECORDS "SELECT count(*) FROM myna.usage WHERE device_id = $1::text"
#define ALERTS(kind)                                                                               \
    "SELECT coalesce(sum(count), 0) FROM myna.alert WHERE kind = '" kind                           \
    "' AND subject = 'device/' || $1::text"
/* How often this robot's receipt raised the epoch is told by the audit; then its newest reason. */
#define RAISED                                                                                     \
    "SELECT (SELECT count(*) FROM myna.alert WHERE kind = 'database_restored'"                     \
    " AND subject = 'installation' AND $1::text = after.device) || ' ' || after.n || ' ' ||"       \
    " after.because FROM (SELECT max(after ->> 'device') AS device, count(*) AS n,"                \
    " coalesce((array_agg(after ->> 'because' ORDER BY seq DESC))[1], '') AS because"              \
    " FROM myna.audit WHERE action = 'installation.restore'"                                       \
    " AND after ->> 'device' = $1::text) after"
#define HELD                                                                                       \
    "SELECT string_agg(a.presumed || ' ' || a.granted || ' ' || p.outstanding, ',')"               \
    " FROM myna.credit_account a, myna.pool p"                                                     \
    " WHERE a.device_id = $1::text AND p.source = 'budget:few'"
#define LINK(column) "SELECT " column " FROM myna.device_link WHERE device_id = $1::text"

static enum status run_script(struct store_conn *conn, void *context)
{
    return store_script(conn, context);
}

static void script(struct fixture *fixture, const char *sql)
{
    assert_int_equal(store_transaction(fixture->store, run_script, (void *)sql), STATUS_OK);
}

/* ---- I1 ---- */

static void i1_a_batch_that_comes_twice_counts_once(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 50);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 10, 5);
    const struct state_facts *facts = hear(fixture, robot_usage(robot, &batch));
    assert_int_equal(facts->journal->ledger.seq, 2);
    assert_memory_equal(facts->journal->ledger.hash, robot->head_hash, CRYPTO_HASH_SIZE);
    facts = hear(fixture, robot_usage(robot, &batch));
    assert_int_equal(facts->journal->ledger.seq, 2);
    assert_int_equal(fixture->batch.stats.duplicates, 2);
    ASSERT_SQL(fixture, RECORDS, "2");
}

static void i1_a_batch_that_overlaps_the_watermark_adds_only_what_is_new(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 50);
    hear(fixture, robot_usage(robot, &batch));
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 10, 5);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 2);
    ASSERT_SQL(fixture, RECORDS, "2");
}

static void i1_usage_before_the_sessions_hello_is_not_counted_but_asked_for(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 50);
    assert_true(hear(fixture, robot_usage(robot, &batch))->want_hello);
    ASSERT_SQL(fixture, RECORDS, "0");
    assert_false(hear(fixture, robot_hello(robot))->want_hello);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, RECORDS, "1");
    /* a hello of an earlier session says nothing of the disk that this one comes from */
    robot_connect(robot);
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 50);
    assert_true(hear(fixture, robot_usage(robot, &batch))->want_hello);
    assert_true(hear(fixture, robot_usage(robot, &batch))->want_hello);
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void i1_a_gap_is_told_from_the_watermark(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &lost);
    robot_use(robot, &lost, wire_Provenance_VENDOR_FINAL, 1, 1);
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 2, 2);
    const struct state_facts *facts = hear(fixture, robot_usage(robot, &batch));
    assert_true(facts->want_usage);
    assert_int_equal(facts->journal->ledger.seq, 0);
    hear(fixture, robot_usage(robot, &lost));
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, RECORDS, "2");
}

static void i1_a_gap_past_the_ring_ends_the_journal_and_its_child_files_what_is_left(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &lost);
    robot_use(robot, &lost, wire_Provenance_VENDOR_FINAL, 1, 1);
    robot_begin_batch(robot, &left);
    robot_use(robot, &left, wire_Provenance_VENDOR_FINAL, 2, 2);
    robot->lost = 1;
    robot_connect(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    assert_int_equal(fixture->batch.stats.gaps, 1);
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "1");
    hear(fixture, robot_usage(robot, &left));
    ASSERT_SQL(fixture, RECORDS, "0");
}

#define ADJUSTMENTS                                                                                \
    "SELECT string_agg(concat_ws(' ', seq, requests, input_uncached, output, trim_scale(price)),"  \
    " ', ') FROM myna.usage WHERE device_id = $1::text AND provenance = 6 AND attempt = 0"

/* One record is counted, two never arrive and leave the ring, the fourth is still there. */
static void lose_two(struct fixture *fixture, wire_UsageBatch *lost, wire_UsageBatch *left)
{
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch first;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &first);
    robot_use(robot, &first, wire_Provenance_VENDOR_FINAL, 1, 1);
    hear(fixture, robot_usage(robot, &first));
    robot_begin_batch(robot, lost);
    robot_use(robot, lost, wire_Provenance_VENDOR_FINAL, 100, 20);
    robot_use(robot, lost, wire_Provenance_WORST_CASE, 200, 30);
    robot_drop(robot);
    robot_begin_batch(robot, left);
    robot_use(robot, left, wire_Provenance_VENDOR_FINAL, 4, 4);
    robot_connect(robot);
}

static void i1_a_gap_past_the_ring_books_what_was_lost_once_as_an_adjustment(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    lose_two(fixture, &lost, &left);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    assert_int_equal(facts->journal->status, JOURNAL_OPEN);
    assert_int_equal(facts->journal->ledger.seq, 3);
    assert_int_equal(fixture->batch.stats.adjustments, 1);
    ASSERT_SQL(fixture, ADJUSTMENTS, "3 2 300 50 0.00034");
    ASSERT_SQL(fixture, ALERTS("usage_lost"), "1");
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "0");

    hear(fixture, robot_hello(robot));
    assert_int_equal(hear(fixture, robot_usage(robot, &left))->journal->ledger.seq, 4);
    hear(fixture, robot_usage(robot, &lost)); /* it was under way all the time */
    robot_connect(robot);
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, ADJUSTMENTS, "3 2 300 50 0.00034");
    ASSERT_SQL(fixture, RECORDS, "3");
    ASSERT_SQL(fixture,
               "SELECT sum(requests) || ' ' || sum(input_uncached) || ' ' || sum(output)"
               " FROM myna.usage WHERE device_id = $1::text",
               "4 305 55");
    ASSERT_SQL(fixture,
               "SELECT totals[1] || ' ' || totals[5] || ' ' || totals[11]"
               " FROM myna.journal WHERE device_id = $1::text",
               "305 55 4");
}

static void i1_a_summary_of_a_full_disk_counts_all_the_requests_it_stands_for(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    script(fixture, "CREATE TABLE public.before AS SELECT sum(attempts) AS attempts,"
                    " sum(requests) AS requests, sum(output) AS output, sum(failed) AS failed,"
                    " sum(uncertain) AS uncertain FROM myna.usage_day");
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 20);
    robot_fold_last(robot, &batch, 7);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 2);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, RECORDS, "2");
    ASSERT_SQL(
        fixture,
        "SELECT concat_ws(' ', sum(d.attempts) - coalesce(b.attempts, 0),"
        " sum(d.requests) - coalesce(b.requests, 0), sum(d.output) - coalesce(b.output, 0),"
        " sum(d.failed) - coalesce(b.failed, 0), sum(d.uncertain) - coalesce(b.uncertain, 0))"
        " FROM myna.usage_day d, public.before b WHERE $1::text <> ''"
        " GROUP BY b.attempts, b.requests, b.output, b.failed, b.uncertain",
        "8 8 21 0 0");
    script(fixture, "DROP TABLE public.before");
}

static void i1_a_ring_that_is_empty_is_adjusted_up_to_its_head(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    lose_two(fixture, &lost, &left);
    robot_drop(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->ledger.seq, 4);
    ASSERT_SQL(fixture, ADJUSTMENTS, "4 3 304 54 0.0003512");
}

static void i1_a_sum_that_cannot_be_is_refused_and_the_journal_ends(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    lose_two(fixture, &lost, &left);
    robot->dropped.output = 0; /* one was counted */
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    assert_int_equal(fixture->batch.stats.adjustments, 0);
    ASSERT_SQL(fixture, ALERTS("usage_totals_refused"), "1");
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "1");
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void i1_a_sum_of_other_records_than_those_that_are_missing_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    lose_two(fixture, &lost, &left);
    robot->lost = 2; /* it still holds the third, which its sum has too */
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    ASSERT_SQL(fixture, ALERTS("usage_totals_refused"), "1");
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void i1_records_of_which_one_could_not_be_read_have_no_sum_to_compare(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    lose_two(fixture, &lost, &left);
    script(fixture, "UPDATE myna.journal SET totals = NULL");
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    ASSERT_SQL(fixture, ALERTS("usage_totals_refused"), "0");
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "1");
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void i1_the_same_seq_with_other_content_is_a_fork_and_counts_nothing_more(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch first, other;

    hear(fixture, robot_hello(robot));
    struct robot copy = *robot;
    robot_begin_batch(robot, &first);
    robot_use(robot, &first, wire_Provenance_VENDOR_FINAL, 5, 5);
    hear(fixture, robot_usage(robot, &first));
    uint64_t counter = robot->counter;
    *robot = copy;
    robot->counter = counter;
    robot_begin_batch(robot, &other);
    robot_use(robot, &other, wire_Provenance_VENDOR_FINAL, 500, 500);
    robot_use(robot, &other, wire_Provenance_VENDOR_FINAL, 1, 1);
    assert_int_equal(hear(fixture, robot_usage(robot, &other))->journal->status, JOURNAL_IS_FORKED);
    ASSERT_SQL(fixture,
               "SELECT string_agg(input_uncached::text, ' ') FROM myna.usage"
               " WHERE device_id = $1::text",
               "5");
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "1");
}

/* A database from a backup has counted less than its robots were told. */
static void i1_a_restored_database_asks_for_what_it_lost_and_counts_it_once(void **state)
{
    STORE_STATEMENT(forget,
                    "WITH gone AS (DELETE FROM myna.usage WHERE device_id = $1 AND seq = 2"
                    " RETURNING *) UPDATE myna.usage_day d SET attempts = d.attempts - 1,"
                    " requests = d.requests - gone.requests, output = d.output - gone.output,"
                    " input_uncached = d.input_uncached - gone.input_uncached,"
                    " price = d.price - gone.price FROM gone"
                    " WHERE d.contract_id = gone.contract_id AND d.model = gone.model"
                    " AND d.day = (gone.at AT TIME ZONE 'Asia/Shanghai')::date");
    STORE_STATEMENT(put_back, "UPDATE myna.journal SET watermark_seq = 1, watermark_hash = $2"
                              " WHERE device_id = $1");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch first, second;
    uint8_t hash[CRYPTO_HASH_SIZE];

    int64_t epoch = hear(fixture, robot_hello(robot))->epoch;
    robot_begin_batch(robot, &first);
    robot_use(robot, &first, wire_Provenance_VENDOR_FINAL, 1, 1);
    take_state(fixture, robot, hear(fixture, robot_usage(robot, &first)));
    robot_connect(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->epoch, epoch);
    memcpy(hash, robot->head_hash, sizeof hash);
    robot_begin_batch(robot, &second);
    robot_use(robot, &second, wire_Provenance_VENDOR_FINAL, 2, 2);
    take_state(fixture, robot, hear(fixture, robot_usage(robot, &second)));

    assert_int_equal(
        store_query(fixture->store, &forget, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &put_back,
                    STORE_VALUES(value_text(fixture->id), value_bytes(span_of(hash, sizeof hash))),
                    NULL),
        STATUS_OK);
    /* the robot does not know; what it sends next is not what is missing */
    static wire_UsageBatch third;
    robot_begin_batch(robot, &third);
    robot_use(robot, &third, wire_Provenance_VENDOR_FINAL, 3, 3);
    assert_true(hear(fixture, robot_usage(robot, &third))->want_hello);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    assert_int_equal(facts->epoch, epoch + 1);
    assert_false(facts->want_hello);
    assert_int_equal(facts->journal->status, JOURNAL_OPEN);
    assert_int_equal(facts->journal->ledger.seq, 1);
    ASSERT_SQL(fixture, RAISED, "1 1 a robot was told of more records than are counted here");
    assert_int_equal(hear(fixture, robot_usage(robot, &second))->journal->ledger.seq, 2);
    hear(fixture, robot_usage(robot, &third));
    ASSERT_SQL(fixture, RECORDS, "3");
    robot_connect(robot); /* the old epoch's receipt, once more */
    assert_int_equal(hear(fixture, robot_hello(robot))->epoch, epoch + 1);
    ASSERT_SQL(fixture, RAISED, "1 1 a robot was told of more records than are counted here");
}

static void make_child(struct robot *robot, uint64_t parent_seq,
                       const uint8_t parent_hash[CRYPTO_HASH_SIZE])
{
    memcpy(robot->parent.id, robot->journal_id, sizeof robot->parent.id);
    robot->parent.seq = parent_seq;
    memcpy(robot->parent.hash, parent_hash, CRYPTO_HASH_SIZE);
    crypto_uuid(robot->journal_id);
    robot->head_seq = 0;
    chain_start(robot->pair.device_id, robot->journal_id, &robot->parent, robot->head_hash);
}

/* What a hello with such a receipt of the present epoch does to the epoch. */
static int64_t rise(struct fixture *fixture, struct robot *robot, const struct receipt *receipt)
{
    robot_connect(robot);
    const int64_t before = hear(fixture, robot_hello(robot))->epoch;

    take_receipt(fixture, robot, before, receipt);
    robot_connect(robot);
    const int64_t after = hear(fixture, robot_hello(robot))->epoch;
    robot->receipt_size = 0;
    return after - before;
}

static void i2_i4_a_receipt_ahead_of_the_database_in_any_number_raises_the_epoch(void **state)
{
    STORE_STATEMENT(grant,
                    "INSERT INTO myna.credit_account (device_id, journal_id, line_id, measure,"
                    " epoch, vendor_id, model, contract_id, unit, weights, divisor, granted,"
                    " returned, settled, charged, return_to, asked, presumed, used, open, wanted,"
                    " resting, used_at, is_closed, pools) SELECT $1, journal_id, line, 0, epoch,"
                    " '', '', '', 'requests', '{1}', 1, 50, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, now(),"
                    " true, '{}' FROM myna.device_link, myna.installation,"
                    " unnest(ARRAY['a', 'b']) line WHERE device_id = $1");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const int64_t generation = hear(fixture, robot_hello(robot))->desired_generation;
    const struct receipt same = {0, (uint64_t)generation, 0};
    const struct receipt configured = {0, (uint64_t)generation + 1, 0};
    const struct receipt granted = {0, 0, 100};
    const struct receipt more = {0, 0, 101};

    assert_int_equal(rise(fixture, robot, &same), 0);
    assert_int_equal(rise(fixture, robot, &configured), 1);
    ASSERT_SQL(fixture, RAISED, "1 1 a robot was told of a later configuration than there is here");
    assert_int_equal(rise(fixture, robot, &granted), 1);
    ASSERT_SQL(fixture, RAISED, "1 2 a robot was granted more credit than is known here");
    assert_int_equal(
        store_query(fixture->store, &grant, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    assert_int_equal(rise(fixture, robot, &granted), 0);
    assert_int_equal(rise(fixture, robot, &more), 1);

    /* of a later epoch: a backup from before another restore */
    const int64_t epoch = hear(fixture, robot_hello(robot))->epoch;
    take_receipt(fixture, robot, epoch + 5, &same);
    robot_connect(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->epoch, epoch + 6);
    /* of a journal that began after the backup */
    crypto_uuid(robot->journal_id);
    chain_start(fixture->id, robot->journal_id, &robot->parent, robot->head_hash);
    take_receipt(fixture, robot, epoch + 6, &same);
    robot_connect(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->epoch, epoch + 7);
    ASSERT_SQL(fixture, ALERTS("forged_message"), "0");
}

static void i3_a_receipt_that_was_not_made_here_is_forged_and_raises_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const struct receipt much = {1000, 1000, 1000};
    const int64_t epoch = hear(fixture, robot_hello(robot))->epoch;

    take_receipt(fixture, robot, epoch, &much);
    robot->receipt[RECEIPT_SIZE - 2] ^= 1;
    robot_connect(robot);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    assert_int_equal(facts->epoch, epoch);
    assert_false(facts->want_hello);
    ASSERT_SQL(fixture, ALERTS("forged_message"), "1");
    ASSERT_SQL(fixture, LINK("forged_messages"), "1");
    /* that of a parent is told before its child is heard of */
    robot->receipt_size = 0;
    robot_connect(robot);
    take_state(fixture, robot, hear(fixture, robot_hello(robot)));
    make_child(robot, 0, robot->head_hash);
    robot_connect(robot);
    assert_int_equal(hear(fixture, robot_hello(robot))->epoch, epoch);
    ASSERT_SQL(fixture, ALERTS("forged_message"), "1");
}

static void i3_a_revoked_robots_receipt_raises_nothing(void **state)
{
    STORE_STATEMENT(revoke, "UPDATE myna.device SET status = 'revoked' WHERE device_id = $1");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const struct receipt much = {1000, 1000, 1000};

    take_receipt(fixture, robot, hear(fixture, robot_hello(robot))->epoch, &much);
    assert_int_equal(
        store_query(fixture->store, &revoke, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    robot_connect(robot);
    assert_null(hear(fixture, robot_hello(robot)));
    ASSERT_SQL(fixture, RAISED, "0 0 ");
}

/* The backup may be older than the line, and the robot hold credit of it: nobody knows. */
static void
i2_a_line_that_the_backup_did_not_know_counts_as_held_until_its_robot_is_heard(void **state)
{
    STORE_STATEMENT(route, "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by)"
                           " SELECT 'device:' || d, d, '{\"routes\": [{\"vendor\": \"dahan\","
                           " \"model\": \"big-1\", \"contract\": \"dahan-2026\"}]}', 'test'"
                           " FROM (SELECT $1::text AS d) device");
    STORE_STATEMENT(limit, "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most,"
                           " per, created_by) VALUES ('few', 'device', $1, 'requests', 1000,"
                           " 'once', 'test')");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    int64_t declared;
    bool changed;

    assert_int_equal(installation_declare(fixture->store, &declared), STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &route, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &limit, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    arena_reset(fixture->text_arena);
    assert_int_equal(pools_refresh(fixture->store, fixture->text_arena, fixture->terms,
                                   clock_wall_ms(), &changed),
                     STATUS_OK);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    assert_int_equal(facts->epoch, declared);
    assert_int_equal(facts->line_count, 1);
    ASSERT_SQL(fixture, HELD, "256 0 256");

    take_state(fixture, robot, facts);
    snprintf(robot->credit.line_id, sizeof robot->credit.line_id, "%s", facts->lines[0].line_id);
    robot->credit.amounts_count = 1;
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, HELD, "0 2 2");
}

/* A dump in another cluster, recovery to a point in time, a promoted standby; and by hand. */
static void i2_another_cluster_or_timeline_raises_the_epoch_once(void **state)
{
    STORE_STATEMENT(move, "UPDATE myna.installation SET system_identifier = '1'");
    STORE_STATEMENT(promote, "UPDATE myna.installation SET timeline = timeline - 1");
    struct fixture *fixture = *state;
    const struct store_statement *const changes[] = {&move, &promote};
    const int64_t epoch = hear(fixture, robot_hello(&fixture->robot))->epoch;
    int64_t declared;
    bool raised;

    assert_int_equal(installation_watch(fixture->store, &raised), STATUS_OK);
    assert_false(raised); /* the first look */
    assert_int_equal(installation_watch(fixture->store, &raised), STATUS_OK);
    assert_false(raised);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(store_query(fixture->store, changes[i], STORE_NO_VALUES, NULL), STATUS_OK);
        assert_int_equal(installation_watch(fixture->store, &raised), STATUS_OK);
        assert_true(raised);
        assert_int_equal(installation_watch(fixture->store, &raised), STATUS_OK);
        assert_false(raised);
    }
    assert_int_equal(installation_declare(fixture->store, &declared), STATUS_OK);
    assert_int_equal(declared, epoch + 3);
    assert_int_equal(hear(fixture, robot_hello(&fixture->robot))->epoch, epoch + 3);
    ASSERT_SQL(fixture,
               "SELECT string_agg(after ->> 'because', '; ' ORDER BY seq) FROM (SELECT * FROM"
               " myna.audit WHERE action = 'installation.restore' AND $1::text <> ''"
               " ORDER BY seq DESC LIMIT 3) last",
               "the database is in another PostgreSQL cluster than before; the database is on"
               " another timeline than before; an operator said so, by mynad restored");
}

/* The robot's disk as it was: the copy goes on from there. */
static void go_on_from(struct robot *robot, const struct robot *copy)
{
    uint64_t session = robot->session.number;

    *robot = *copy;
    robot->session.number = session;
    robot_connect(robot);
}

static void i1_a_restored_disk_forks_its_journal_and_refiled_records_count_once(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch, refiled;
    struct robot copy = *robot;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 7, 7);
    hear(fixture, robot_usage(robot, &batch));
    go_on_from(robot, &copy);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    ASSERT_SQL(fixture, ALERTS("journal_forked"), "1");

    make_child(robot, 0, copy.head_hash);
    robot_begin_batch(robot, &refiled);
    /* the same attempt, of the record that was counted but never acknowledged to this disk */
    wire_UsageRecord record;
    size_t size;
    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, refiled.records[0].bytes,
                                    LIMIT_RECORD_BYTES, &size),
                     STATUS_OK);
    refiled.records[0].size = (pb_size_t)size;
    refiled.records_count = 1;
    robot->head_seq = 1;
    chain_next(robot->head_hash, span_of(refiled.records[0].bytes, size));
    robot_use(robot, &refiled, wire_Provenance_VENDOR_FINAL, 9, 9);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_OPEN);
    assert_int_equal(hear(fixture, robot_usage(robot, &refiled))->journal->ledger.seq, 2);
    ASSERT_SQL(fixture, RECORDS, "2");
    ASSERT_SQL(fixture, "SELECT sum(input_uncached) FROM myna.usage WHERE device_id = $1::text",
               "16");
}

/* The disk is set back to an image that still held what an adjustment has counted meanwhile: its
 * records have no attempts here by which to know them again. */
static void
i1_what_an_adjustment_counted_does_not_count_again_when_an_old_disk_files_it(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left, refiled;

    lose_two(fixture, &lost, &left);
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, ADJUSTMENTS, "3 2 300 50 0.00034");
    make_child(robot, 1, lost.previous_hash);
    robot->lost = robot->dropped.seq = 0;
    robot->refiled = 2;
    robot_begin_batch(robot, &refiled);
    robot_use(robot, &refiled, wire_Provenance_VENDOR_FINAL, 100, 20);
    robot_use(robot, &refiled, wire_Provenance_WORST_CASE, 200, 30);
    robot_use(robot, &refiled, wire_Provenance_VENDOR_FINAL, 5, 5);
    robot_connect(robot);
    hear(fixture, robot_hello(robot));
    assert_int_equal(hear(fixture, robot_usage(robot, &refiled))->journal->ledger.seq, 3);
    ASSERT_SQL(fixture, "SELECT sum(input_uncached) FROM myna.usage WHERE device_id = $1::text",
               "306");
    assert_int_equal(fixture->batch.stats.duplicates, 2);
}

static void i1_a_second_child_of_a_journal_is_quarantined(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;
    struct robot copy;

    hear(fixture, robot_hello(robot));
    copy = *robot;
    make_child(robot, 0, robot->head_hash);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_OPEN);
    go_on_from(robot, &copy);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_FORKED);
    make_child(robot, 0, robot->head_hash);
    assert_int_equal(hear(fixture, robot_hello(robot))->journal->status, JOURNAL_IS_QUARANTINED);
    ASSERT_SQL(fixture, ALERTS("journal_quarantined"), "1");
    /* so is the robot, until somebody has looked */
    ASSERT_SQL(fixture, "SELECT status FROM myna.device WHERE device_id = $1::text", "quarantined");
    ASSERT_SQL(fixture,
               "SELECT actor || ' ' || (after ->> 'reason') FROM myna.audit"
               " WHERE action = 'device.quarantine' AND subject = 'device/' || $1::text",
               "mynad its journal was copied: there are two of it");
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, RECORDS, "0");
}

static void i1_a_history_that_differs_is_a_fork(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot->head_hash[0] ^= 1;
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->status, JOURNAL_IS_FORKED);
    ASSERT_SQL(fixture, RECORDS, "0");
}

static void i1_a_record_that_cannot_be_booked_is_kept_apart_and_the_others_count(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    batch.records[1].size = 3;
    memcpy(batch.records[1].bytes, "\xff\xff\xff", 3);
    chain_next(robot->head_hash, span_of("\xff\xff\xff", 3));
    batch.records_count = 2;
    robot->head_seq = 2;
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 3);
    ASSERT_SQL(fixture, RECORDS, "2");
    ASSERT_SQL(fixture,
               "SELECT seq || ' ' || encode(record, 'hex') FROM myna.usage_quarantine"
               " WHERE device_id = $1::text",
               "2 ffffff");
    ASSERT_SQL(fixture, ALERTS("usage_quarantined"), "1");
}

static void i1_what_the_database_refuses_is_found_by_bisection(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    assert_int_equal(store_transaction(fixture->store, run_script,
                                       "ALTER TABLE myna.usage ADD CONSTRAINT no_seven"
                                       " CHECK (input_uncached <> 7777)"),
                     STATUS_OK);
    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    for (int i = 0; i < 9; i++)
        robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, i == 5 ? 7777 : 1, 1);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 9);
    ASSERT_SQL(fixture, RECORDS, "8");
    ASSERT_SQL(fixture, "SELECT min(seq) FROM myna.usage_quarantine WHERE device_id = $1::text",
               "6");
    assert_int_equal(fixture->batch.stats.records, 8);
    assert_int_equal(fixture->batch.stats.quarantined, 1);
    assert_int_equal(store_transaction(fixture->store, run_script,
                                       "ALTER TABLE myna.usage DROP CONSTRAINT no_seven"),
                     STATUS_OK);
}

static void i1_a_number_that_its_column_does_not_hold_is_found_by_bisection(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    for (int i = 0; i < 5; i++) {
        robot->outcome = i == 3 ? 70000 : 0;
        robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    }
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 5);
    ASSERT_SQL(fixture, RECORDS, "4");
    ASSERT_SQL(fixture, "SELECT min(seq) FROM myna.usage_quarantine WHERE device_id = $1::text",
               "4");
    assert_int_equal(fixture->batch.stats.quarantined, 1);
}

/* 20:00 UTC is the next day in Shanghai. */
static void a_records_day_is_one_of_its_contracts_zone(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    script(fixture, "CREATE TABLE public.before AS SELECT day, sum(attempts) AS attempts"
                    " FROM myna.usage_day WHERE contract_id = 'dahan-2026' GROUP BY day");
    robot->late_ms = clock_wall_ms() % 86400000 + 4 * 3600000;
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 1);
    ASSERT_SQL(fixture,
               "SELECT (u.at AT TIME ZONE 'UTC')::date + 1 = d.day AND sum(d.attempts) - coalesce("
               " (SELECT b.attempts FROM public.before b WHERE b.day = d.day), 0) = 1"
               " FROM myna.usage u JOIN myna.usage_day d ON d.contract_id = u.contract_id"
               " AND d.day = (u.at AT TIME ZONE 'Asia/Shanghai')::date"
               " WHERE u.device_id = $1::text GROUP BY u.at, d.day",
               "true");
    script(fixture, "DROP TABLE public.before");
}

#define CURRENT_REFUSAL                                                                            \
    "SELECT count(*) || coalesce(min(detail ->> 'problem'), '') FROM myna.alert"                   \
    " WHERE kind = 'message_refused' AND state <> 'cleared'"                                       \
    " AND subject = 'device/' || $1::text || '/usage'"

static void a_refused_messages_alert_ends_when_one_of_its_kind_is_stored(void **state)
{
    struct fixture *fixture = *state;
    struct refusals refusals = {.store = fixture->store};
    struct refusals other = {.store = fixture->store}; /* another instance's */
    struct intake_item usage = {.kind = TOPIC_USAGE};
    struct intake_item hello = {.kind = TOPIC_HELLO};

    memcpy(usage.device_id, fixture->id, sizeof fixture->id);
    memcpy(hello.device_id, fixture->id, sizeof fixture->id);
    assert_int_equal(refusals_end(&other, fixture->try_arena, &usage, 1, 0), STATUS_OK);
    assert_int_equal(refusals_raise(&refusals, fixture->try_arena, &usage, "\"no\" room"),
                     STATUS_OK);
    ASSERT_SQL(fixture, CURRENT_REFUSAL, "1\"no\" room");
    assert_int_equal(refusals_end(&refusals, fixture->try_arena, &hello, 1, 1), STATUS_OK);
    assert_int_equal(refusals_end(&other, fixture->try_arena, &usage, 1, 1), STATUS_OK);
    ASSERT_SQL(fixture, CURRENT_REFUSAL, "1\"no\" room"); /* the other has not looked since */
    assert_int_equal(refusals_end(&other, fixture->try_arena, &usage, 1, REFUSALS_LOOK_MS),
                     STATUS_OK);
    ASSERT_SQL(fixture, CURRENT_REFUSAL, "0");
}

static void what_the_database_has_against_a_batch_is_quoted(void **state)
{
    struct fixture *fixture = *state;
    struct bus_message hello = robot_hello(&fixture->robot);

    script(fixture, "ALTER TABLE myna.device_link ADD CONSTRAINT nobody CHECK (false) NOT VALID");
    assert_int_equal(hear_many(fixture, &hello, 1), STATUS_INVALID);
    assert_non_null(strstr(fixture->batch.problem, "violates check constraint \"nobody\""));
    script(fixture, "ALTER TABLE myna.device_link DROP CONSTRAINT nobody");
    hear(fixture, robot_hello(&fixture->robot));
    assert_string_equal(fixture->batch.problem, "");
}

static void i1_a_batch_repeated_after_a_lost_commit_counts_once_and_is_answered(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    hear(fixture, robot_usage(robot, &batch));
    fixture->batch.maybe_committed = true;
    assert_int_equal(batch_commit(fixture->store, &fixture->batch), STATUS_OK);
    assert_int_equal(fixture->batch.state_count, 1);
    assert_int_equal(fixture->batch.states[0].journal->ledger.seq, 1);
    ASSERT_SQL(fixture, RECORDS, "1");
    ASSERT_SQL(fixture, ALERTS("replayed_message"), "0");
}

/* ---- I3 ---- */

static void i3_a_box_that_was_touched_changes_nothing_and_raises_an_alert(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;
    static wire_Reply reply;
    const size_t places[] = {0, 3, 7, 20, 45};

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    reply = (wire_Reply)wire_Reply_init_zero;
    ASSERT_SQL(fixture, LINK("forged_messages"), "0");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct bus_message kinds[] = {robot_hello(robot), robot_usage(robot, &batch),
                                      robot_report(robot), robot_reply(robot, &reply)};

        for (size_t k = 0; k < 4; k++)
            ((uint8_t *)kinds[k].block)[places[i]] ^= 1;
        assert_int_equal(hear_many(fixture, kinds, 4), STATUS_OK);
        assert_int_equal(fixture->batch.state_count, 0);
    }
    ASSERT_SQL(fixture, LINK("forged_messages"), "20");
    ASSERT_SQL(fixture, LINK("counter_top"), "1");
    ASSERT_SQL(fixture, RECORDS, "0");
    ASSERT_SQL(fixture, ALERTS("forged_message"), "20");
}

static void i3_a_box_of_another_device_or_kind_is_forged(void **state)
{
    struct fixture *fixture = *state;
    struct robot other;

    robot_enrol(&other, fixture->store, "other", fixture->master_key);
    robot_connect(&other);
    struct bus_message message = robot_hello(&other);
    snprintf(message.device_id, sizeof message.device_id, "%s", fixture->id);
    assert_null(hear(fixture, message));
    message = robot_report(&fixture->robot);
    message.kind = TOPIC_HELLO;
    assert_null(hear(fixture, message));
    ASSERT_SQL(fixture, ALERTS("forged_message"), "2");
    ASSERT_SQL(fixture, LINK("last_seen IS NULL"), "true");
}

/* A server key that follows the one of the robot's row. */
static void follow_key(struct fixture *fixture, struct box_pair *pair)
{
    STORE_STATEMENT(insert, "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped,"
                            " signature) VALUES ($1, $2, $3, 'signed'::bytea)");
    uint8_t wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t private_key[PKI_X25519_SIZE];
    uint8_t id[4];

    assert_int_equal(pki_make_x25519(private_key, pair->server_public), STATUS_OK);
    assert_int_equal(pki_agree(private_key, pair->device_public, pair->secret), STATUS_OK);
    assert_int_equal(
        crypto_wrap(fixture->master_key, "sealing-key", span_of(private_key, 32), wrapped),
        STATUS_OK);
    box_key_id(pair->server_public, id);
    assert_int_equal(store_query(fixture->store, &insert,
                                 STORE_VALUES(value_bytes(span_of(id, 4)),
                                              value_bytes(span_of(pair->server_public, 32)),
                                              value_bytes(span_of(wrapped, sizeof wrapped))),
                                 NULL),
                     STATUS_OK);
}

#define SEALED_BY_ITS_OWN                                                                          \
    LINK("(SELECT d.server_key_id FROM myna.device d WHERE d.device_id = $1) = sealed_key_id")

static void a_robot_may_seal_by_either_of_two_server_keys_and_is_known_by_the_last(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const struct box_pair old = robot->pair;

    assert_non_null(hear(fixture, robot_hello(robot)));
    ASSERT_SQL(fixture, SEALED_BY_ITS_OWN, "true");
    follow_key(fixture, &robot->pair);
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, SEALED_BY_ITS_OWN, "false");
    robot->pair = old;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, SEALED_BY_ITS_OWN, "true");
    ASSERT_SQL(fixture, LINK("counter_top"), "3");
    ASSERT_SQL(fixture, ALERTS("forged_message"), "0");
}

static void i3_a_message_by_a_key_retired_meanwhile_counts_nothing(void **state)
{
    STORE_STATEMENT(retire, "UPDATE myna.sealing_key SET retired_at = now()");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    assert_non_null(hear(fixture, robot_hello(robot)));
    assert_int_equal(store_query(fixture->store, &retire, STORE_NO_VALUES, NULL), STATUS_OK);
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 1, 1);
    assert_null(hear(fixture, robot_usage(robot, &batch)));
    ASSERT_SQL(fixture, RECORDS, "0");
    ASSERT_SQL(fixture, LINK("counter_top"), "1");
    ASSERT_SQL(fixture, ALERTS("key_left_behind"), "1");
    ASSERT_SQL(fixture, ALERTS("forged_message"), "0");
}

static void i3_a_repeated_box_is_stale_at_first_and_a_replay_later(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    struct bus_message hello = robot_hello(robot);
    struct bus_message again = robot_copy(&hello);
    struct bus_message later = robot_copy(&hello);

    hear(fixture, hello);
    assert_null(hear(fixture, again));
    ASSERT_SQL(fixture, LINK("stale_messages"), "1");
    ASSERT_SQL(fixture, ALERTS("replayed_message"), "0");
    later.arrived_ms += STALE_WINDOW_MS + 1000;
    assert_null(hear(fixture, later));
    ASSERT_SQL(fixture, ALERTS("replayed_message"), "1");
}

static void i3_a_hello_of_a_used_number_gets_the_floor_for_its_own_session_alone(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    struct robot old = *robot;

    robot->session.number = 40;
    robot_connect(robot);
    hear(fixture, robot_hello(robot));
    const struct state_facts *facts = hear(fixture, robot_hello(&old));
    assert_int_equal(facts->session_floor, 41);
    assert_int_equal(facts->session_number, old.session.number);
    assert_memory_equal(facts->session_id, old.session.id, 16);
    ASSERT_SQL(fixture, LINK("session_number"), "41");
}

static void i3_a_higher_session_is_adopted_and_asked_for_its_hello(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    hear(fixture, robot_hello(robot));
    robot_connect(robot);
    const struct state_facts *facts = hear(fixture, robot_report(robot));
    assert_true(facts->want_hello);
    assert_int_equal(facts->session_number, 2);
    ASSERT_SQL(fixture, LINK("session_number || ' ' || ended_session || ' ' || session_hello"),
               "2 1 false");
}

static void i3_a_last_will_ends_only_the_session_it_names(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    wire_Session first = robot->session;
    wire_Session wrong = robot->session;

    hear(fixture, robot_hello(robot));
    wrong.id[0] ^= 1;
    hear(fixture, robot_presence(&wrong, fixture->id));
    ASSERT_SQL(fixture, LINK("ended_session"), "0");
    robot_connect(robot);
    hear(fixture, robot_hello(robot));
    hear(fixture, robot_presence(&first, fixture->id));
    ASSERT_SQL(fixture, LINK("ended_session"), "1");
    hear(fixture, robot_presence(&robot->session, fixture->id));
    ASSERT_SQL(fixture, LINK("ended_session"), "2");
}

static void a_revoked_robot_is_not_heard(void **state)
{
    STORE_STATEMENT(revoke, "UPDATE myna.device SET status = 'revoked' WHERE device_id = $1");
    struct fixture *fixture = *state;

    assert_int_equal(
        store_query(fixture->store, &revoke, STORE_VALUES(value_text(fixture->id)), NULL),
        STATUS_OK);
    assert_null(hear(fixture, robot_hello(&fixture->robot)));
    ASSERT_SQL(fixture, LINK("session_number"), "0");
    ASSERT_SQL(fixture, ALERTS("revoked_message"), "1");
}

static void set_status(struct fixture *fixture, const char *status)
{
    STORE_STATEMENT(set, "UPDATE myna.device SET status = $2 WHERE device_id = $1");

    assert_int_equal(store_query(fixture->store, &set,
                                 STORE_VALUES(value_text(fixture->id), value_text(status)), NULL),
                     STATUS_OK);
}

static void a_record_of_a_retired_device_waits_until_it_is_active_again(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    set_status(fixture, "retired");
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 5, 5);
    assert_null(hear(fixture, robot_usage(robot, &batch)));
    ASSERT_SQL(fixture, RECORDS, "0");
    ASSERT_SQL(fixture, ALERTS("revoked_message"), "1");
    set_status(fixture, "active");
    assert_int_equal(hear(fixture, robot_usage(robot, &batch))->journal->ledger.seq, 1);
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void a_record_from_a_future_clock_counts_when_it_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;
    wire_UsageRecord record;
    size_t size;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    struct robot before = *robot;
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 5, 5);
    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    record.start_ms += INT64_C(366) * 86400000;
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, batch.records[0].bytes,
                                    LIMIT_RECORD_BYTES, &size),
                     STATUS_OK);
    batch.records[0].size = (pb_size_t)size;
    memcpy(robot->head_hash, before.head_hash, CRYPTO_HASH_SIZE);
    chain_next(robot->head_hash, span_of(batch.records[0].bytes, size));
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture,
               "SELECT at <= arrived_at AND at > arrived_at - interval '1 minute' FROM myna.usage"
               " WHERE device_id = $1::text",
               "true");
}

/* ---- I4 ---- */

static void i4_a_device_that_holds_more_than_we_know_gets_a_higher_generation(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    robot->generation = 77;
    assert_int_equal(hear(fixture, robot_hello(robot))->desired_generation, 78);
    ASSERT_SQL(fixture, LINK("desired_generation || ' ' || reported_generation"), "78 77");
}

/* It was believed up to the last number of a bigint, and no layer could be changed any more. */
static void i4_a_generation_beyond_all_bounds_is_not_believed(void **state)
{
    STORE_STATEMENT(touch, "SELECT myna.touch_devices(NULL)");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    robot->generation = INT64_MAX - 1;
    hear(fixture, robot_hello(robot));
    assert_int_equal(store_query(fixture->store, &touch, STORE_NO_VALUES, NULL), STATUS_OK);
    ASSERT_SQL(fixture, LINK("desired_generation"), "2");
    ASSERT_SQL(fixture, ALERTS("malformed_message"), "1");
}

static void a_clock_that_is_off_by_ages_is_borne(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    robot->skew_ms = INT64_MIN;
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, LINK("clock_offset_ms > 0"), "true");
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 50);
    robot->skew_ms = INT64_MAX - clock_wall_ms() - 60000;
    hear(fixture, robot_usage(robot, &batch));
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, LINK("clock_offset_ms < 0"), "true");
    ASSERT_SQL(fixture, RECORDS, "1");
}

static void
what_a_robot_says_of_its_distance_from_utc_is_kept_until_it_says_something_else(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    robot->has_utc_offset = true;
    robot->utc_offset_min = 60;
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, LINK("utc_offset"), "+01:00");
    robot->utc_offset_min = 120;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, LINK("utc_offset"), "+02:00");
    robot->utc_offset_min = 15 * 60;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, LINK("utc_offset"), "+02:00");
    robot->has_utc_offset = false;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, LINK("utc_offset"), "+02:00");
    hear(fixture, robot_hello(robot)); /* of older software, put back */
    ASSERT_SQL(fixture, LINK("coalesce(utc_offset, 'not told')"), "not told");
}

/* Counted from the message's arrival: the robot's clock may be wrong. */
static void routes_that_a_robot_leaves_out_are_kept_with_times_of_the_servers_clock(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    hear(fixture, robot_hello(robot));
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, LINK("health ? 'circuits'"), "false");
    robot->circuit_count = 2;
    robot->circuits[0] = (wire_Circuit){.vendor = "dahan", .model = "m", .contract = "c"};
    robot->circuits[0].error_class = wire_ErrorClass_NET;
    robot->circuits[0].failures = 4;
    robot->circuits[0].since_s = 61;
    robot->circuits[0].next_s = 29;
    robot->circuits[1] = robot->circuits[0];
    robot->circuits[1].next_s = 0;
    struct bus_message message = robot_report(robot);
    message.arrived_ms = INT64_C(1795341600000);
    hear(fixture, message);
    ASSERT_SQL(fixture, LINK("health #>> '{circuits,0}'"),
               "{\"next\": \"2026-11-22T10:00:29.000Z\", \"class\": \"net\", \"model\": \"m\","
               " \"since\": \"2026-11-22T09:58:59.000Z\", \"vendor\": \"dahan\", \"contract\":"
               " \"c\", \"failures\": 4}");
    ASSERT_SQL(fixture, LINK("health #> '{circuits,1}' ? 'next'"), "false");
}

static void i4_another_content_under_the_same_number_is_replaced(void **state)
{
    STORE_STATEMENT(note, "UPDATE myna.device_link SET desired_hash = sha256('ours')"
                          " WHERE device_id = $1");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    assert_int_equal(
        store_query(fixture->store, &note, STORE_VALUES(value_text(fixture->id)), NULL), STATUS_OK);
    robot->generation = 1;
    robot->has_config = true;
    assert_int_equal(hear(fixture, robot_hello(robot))->desired_generation, 2);
}

static void i4_content_that_was_never_sent_from_here_is_replaced_too(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    robot->generation = 1;
    robot->has_config = true;
    assert_int_equal(hear(fixture, robot_hello(robot))->desired_generation, 2);
}

static void i4_a_reply_to_a_configuration_is_remembered_per_setting(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_Reply reply;

    hear(fixture, robot_hello(robot));
    reply = (wire_Reply)wire_Reply_init_zero;
    reply.generation = 1;
    reply.settings_count = 1;
    snprintf(reply.settings[0].name, sizeof reply.settings[0].name, "volume");
    reply.settings[0].outcome = wire_SettingOutcome_SETTING_REFUSED;
    snprintf(reply.settings[0].reason, sizeof reply.settings[0].reason, "too \"loud\"");
    /* the state that went out before the configuration holds */
    assert_null(hear(fixture, robot_reply(robot, &reply)));
    ASSERT_SQL(fixture, LINK("reported_generation"), "1");
    ASSERT_SQL(fixture, LINK("setting_status -> 0 ->> 'reason'"), "too \"loud\"");
}

static void a_report_replaces_the_statuses_it_names_and_keeps_the_others(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_Reply reply;

    hear(fixture, robot_hello(robot));
    reply = (wire_Reply)wire_Reply_init_zero;
    reply.generation = 1;
    reply.settings_count = 2;
    snprintf(reply.settings[0].name, sizeof reply.settings[0].name, "volume");
    snprintf(reply.settings[1].name, sizeof reply.settings[1].name, "persona");
    reply.settings[0].outcome = reply.settings[1].outcome = wire_SettingOutcome_SETTING_APPLIED;
    struct bus_message both[] = {robot_reply(robot, &reply), robot_report(robot)};
    assert_int_equal(hear_many(fixture, both, 2), STATUS_OK);
    ASSERT_SQL(fixture, LINK("jsonb_path_query_array(setting_status, '$[*].outcome')"),
               "[\"applied\", \"refused\"]");
}

static void i2_credit_that_a_robot_did_not_take_is_alarmed(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    hear(fixture, robot_hello(robot));
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, ALERTS("credit_refused"), "0");
    robot->lines_refused = 2;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, ALERTS("credit_refused"), "1");
}

/* The test's robot alone has two routes and is bound by a cap, worth one attempt and a bit. */
static void bind_two_routes(struct fixture *fixture)
{
    char sql[1024];
    bool changed;

    snprintf(
        sql, sizeof sql,
        "INSERT INTO myna.layer (layer_id, device_id, settings, changed_by) VALUES"
        " ('device:%s', '%s', '{\"routes\":"
        "  [{\"vendor\": \"dahan\", \"model\": \"big\", \"contract\": \"dahan-2026\"},"
        "   {\"vendor\": \"dahan\", \"model\": \"small\", \"contract\": \"dahan-2026\"}]}', 't');"
        "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most, per, created_by)"
        " VALUES ('narrow', 'device', '%s', 'output', 500, 'once', 't')",
        fixture->id, fixture->id, fixture->id);
    script(fixture, sql);
    arena_reset(fixture->text_arena);
    assert_int_equal(pools_refresh(fixture->store, fixture->text_arena, fixture->terms,
                                   clock_wall_ms(), &changed),
                     STATUS_OK);
    assert_true(changed);
}

/* The tests after it are of robots that nothing binds. */
static void unbind(struct fixture *fixture)
{
    script(fixture, "DELETE FROM myna.budget WHERE budget_id IN ('narrow', 'wide');"
                    "DELETE FROM myna.credit_account; DELETE FROM myna.pool;"
                    "UPDATE myna.credit_revision SET revision = revision + 1");
}

/* It wants an attempt's worth on every line that the state names. */
static void note_uses(struct fixture *fixture, const struct state_facts *facts)
{
    struct robot *robot = &fixture->robot;

    robot->use_count = facts->line_count;
    for (size_t i = 0; i < facts->line_count; i++) {
        robot->uses[i] = (wire_CreditUse)wire_CreditUse_init_zero;
        snprintf(robot->uses[i].line_id, sizeof robot->uses[i].line_id, "%s",
                 facts->lines[i].line_id);
        robot->uses[i].amounts_count = 1;
        robot->uses[i].amounts[0].wanted = 400;
    }
}

#define OUTSTANDING                                                                                \
    "SELECT outstanding FROM myna.pool p WHERE p.source = 'budget:narrow' AND p.subject = "        \
    "$1::text"

/* It moved the last attempt's worth of a cap from one of its lines to the other and back, a hundred
 * times a few minutes long, and the robots that waited for it never saw any of it free. */
static void what_a_robot_gives_back_on_one_line_it_does_not_get_at_once_on_another(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    bind_two_routes(fixture);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    assert_non_null(facts);
    assert_int_equal(facts->line_count, 2);
    note_uses(fixture, facts);
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    script(fixture, "UPDATE myna.credit_account SET return_to = granted, asked = granted"
                    " WHERE granted > 0 AND model = 'big'");
    robot->uses[0].amounts[0].granted_seen = robot->uses[0].amounts[0].returned = 400;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, OUTSTANDING, "0");
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    unbind(fixture);
}

/* Between a restore and the hello whose receipt tells of it, a report once cried forgery. */
static void
i2_credit_that_is_not_known_here_is_forged_only_when_no_receipt_explains_it(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    bind_two_routes(fixture);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    note_uses(fixture, facts);
    robot->uses[0].amounts[0].granted_seen = 5000; /* a database that was replaced granted them */
    assert_true(hear(fixture, robot_report(robot))->want_hello);
    ASSERT_SQL(fixture, ALERTS("credit_forged"), "0");
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    robot->credit = robot->uses[0];
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, ALERTS("credit_forged"), "1");
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    unbind(fixture);
}

/* What the device says it used, and no record brings, is settled by the adjustment. */
static void i2_an_adjustment_settles_the_credit_of_what_was_lost(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch lost, left;

    bind_two_routes(fixture);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    note_uses(fixture, facts);
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    lose_two(fixture, &lost, &left);
    snprintf(robot->dropped.line_id, sizeof robot->dropped.line_id, "%s", robot->uses[0].line_id);
    robot->credit = robot->uses[0];
    robot->credit.amounts[0] = (wire_CreditAmount){.granted_seen = 400, .used = 50};
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, ADJUSTMENTS, "3 2 300 50 0.00034");
    ASSERT_SQL(fixture, OUTSTANDING, "350");
    ASSERT_SQL(fixture,
               "SELECT trim_scale(spent) FROM myna.pool WHERE source = 'budget:narrow'"
               " AND subject = $1::text",
               "51");
    unbind(fixture);
}

static void follow_budgets(struct fixture *fixture);

/* The robot is moved to its second route alone, by a rollout that has it try that first. */
static void open_trial(struct fixture *fixture)
{
    char sql[1200];

    snprintf(sql, sizeof sql,
             "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most, per, created_by)"
             " VALUES ('wide', 'vendor', 'dahan', 'output', 5000, 'once', 't');"
             "UPDATE myna.layer SET settings = '{\"routes\": [{\"vendor\": \"dahan\","
             "  \"model\": \"small\", \"contract\": \"dahan-2026\"}]}'"
             " WHERE layer_id = 'device:%s';"
             "INSERT INTO myna.rollout (rollout_id, layer_id, patch, plan, author, state, has_open)"
             " VALUES ('switch', 'fleet', '{\"screen_mark\": \"new\"}',"
             "  '{\"confirm\": {\"test\": true, \"deadline_s\": 600}}', 't', 'running', true);"
             "UPDATE myna.device_link SET desired_generation = desired_generation + 1"
             " WHERE device_id = '%s';"
             "INSERT INTO myna.rollout_device (rollout_id, device_id, place, state, is_open,"
             "  generation) SELECT 'switch', device_id, 1, 'opened', true, desired_generation"
             " FROM myna.device_link WHERE device_id = '%s'",
             fixture->id, fixture->id, fixture->id);
    script(fixture, sql);
    follow_budgets(fixture);
}

#define OF_TRIAL                                                                                   \
    "SELECT string_agg(model || ' ' || purpose || ' ' || granted || ' ' || return_to, ', '"        \
    " ORDER BY model, purpose) FROM myna.credit_account WHERE device_id = $1::text"                \
    " AND granted > 0"

static void
a_trial_has_credit_that_no_owners_budget_binds_and_the_old_route_keeps_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    bind_two_routes(fixture);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    note_uses(fixture, facts);
    robot->uses[0].amounts[0].granted_seen = 400;
    ASSERT_SQL(fixture, OF_TRIAL, "big 0 400 0");
    open_trial(fixture);
    facts = hear(fixture, robot_report(robot));
    assert_non_null(facts);
    assert_int_equal(facts->line_count, 2);
    assert_false(facts->lines[0].is_test);
    assert_true(facts->lines[1].is_test);
    /* of the owner's 500 no attempt is left, so the new route waits; its test does not */
    ASSERT_SQL(fixture, OF_TRIAL, "big 0 400 0, small 0 100 0, small 1 256 0");
    ASSERT_SQL(fixture, OUTSTANDING, "500");
    ASSERT_SQL(fixture,
               "SELECT outstanding FROM myna.pool WHERE source = 'budget:wide' AND $1::text <> ''",
               "756");

    robot->generation = (uint64_t)facts->desired_generation; /* it passed */
    facts = hear(fixture, robot_report(robot));
    assert_int_equal(facts->line_count, 1);
    ASSERT_SQL(fixture, OF_TRIAL, "big 0 400 400, small 0 100 0, small 1 256 256");
    script(fixture, "DELETE FROM myna.rollout");
    unbind(fixture);
}

static void follow_budgets(struct fixture *fixture)
{
    bool changed;

    arena_reset(fixture->text_arena);
    assert_int_equal(pools_refresh(fixture->store, fixture->text_arena, fixture->terms,
                                   clock_wall_ms(), &changed),
                     STATUS_OK);
    assert_true(changed);
}

static void limit_to(struct fixture *fixture, unsigned output)
{
    char sql[128];

    snprintf(sql, sizeof sql, "UPDATE myna.budget SET at_most = %u WHERE budget_id = 'narrow'",
             output);
    script(fixture, sql);
    follow_budgets(fixture);
}

/* By model: what the robot has got and is asked back. */
#define GRANTED                                                                                    \
    "SELECT string_agg(granted || ' ' || return_to, ', ' ORDER BY model) FROM"                     \
    " myna.credit_account WHERE device_id = $1::text"

/* It tells what it wants and used of its first line, and the least that an attempt takes. */
static void tell_credit(struct fixture *fixture, wire_CreditAmount first, wire_CreditAmount second)
{
    struct robot *robot = &fixture->robot;

    robot->uses[0].amounts[0] = first;
    robot->uses[1].amounts[0] = second;
    hear(fixture, robot_report(robot));
}

/* A robot without a server, whose first vendor was down, was silent although its budget was wide:
 * nothing lay on the second line where a budget bound both. */
static void i11_an_attempt_lies_ready_on_the_next_line_while_the_pool_of_both_is_wide(void **state)
{
    struct fixture *fixture = *state;

    bind_two_routes(fixture);
    limit_to(fixture, 10000);
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    ASSERT_SQL(fixture, GRANTED, "800 0, 400 0");
    /* a robot whose own attempts take more has one of them there; its answers may be long */
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 800, .least = 532},
                (wire_CreditAmount){.granted_seen = 400, .least = 532});
    ASSERT_SQL(fixture, GRANTED, "800 0, 1300 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 800, .least = 532},
                (wire_CreditAmount){.granted_seen = 1300, .least = 532});
    ASSERT_SQL(fixture, GRANTED, "800 0, 1300 0");
    unbind(fixture);
}

static void nothing_lies_on_the_next_line_out_of_a_small_plan(void **state)
{
    struct fixture *fixture = *state;

    bind_two_routes(fixture);
    limit_to(fixture, 1200);
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    ASSERT_SQL(fixture, GRANTED, "600 0, 0 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 600, .least = 32},
                (wire_CreditAmount){.least = 32});
    ASSERT_SQL(fixture, GRANTED, "600 0, 0 0");
    /* what is left is the first line's too */
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 600, .used = 600, .wanted = 400},
                (wire_CreditAmount){.least = 32});
    ASSERT_SQL(fixture, GRANTED, "1000 0, 0 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 1000, .used = 1000, .wanted = 400},
                (wire_CreditAmount){.least = 32});
    ASSERT_SQL(fixture, GRANTED, "1200 0, 0 0");
    unbind(fixture);
}

/* The last of a plan was left over on a route that the owner's robot had never needed. */
static void near_a_plans_end_the_next_lines_attempt_is_asked_back_for_the_first(void **state)
{
    struct fixture *fixture = *state;

    bind_two_routes(fixture);
    limit_to(fixture, 1900);
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    ASSERT_SQL(fixture, GRANTED, "800 0, 400 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 800, .used = 700, .wanted = 700},
                (wire_CreditAmount){.granted_seen = 400});
    ASSERT_SQL(fixture, GRANTED, "1200 0, 400 400");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 1200, .used = 1100, .wanted = 400},
                (wire_CreditAmount){.granted_seen = 400, .returned = 400});
    ASSERT_SQL(fixture, GRANTED, "1600 0, 400 400");
    ASSERT_SQL(fixture, OUTSTANDING, "1600");
    unbind(fixture);
}

/* Its first vendor is down: what it asks for on the second line it gets, also out of a small plan,
 * and keeps while it uses it. */
static void what_a_robot_needs_on_the_next_line_it_gets_near_a_plans_end_too(void **state)
{
    struct fixture *fixture = *state;

    bind_two_routes(fixture);
    limit_to(fixture, 1200);
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 600},
                (wire_CreditAmount){.wanted = 400});
    ASSERT_SQL(fixture, GRANTED, "600 0, 400 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 600},
                (wire_CreditAmount){.granted_seen = 400, .used = 10});
    ASSERT_SQL(fixture, GRANTED, "600 0, 400 0");
    unbind(fixture);
}

/* The first line's own limit is used up: its robot goes on by the second, whose credit is not asked
 * back for a line that nothing can be granted on. */
static void the_next_line_keeps_its_credit_when_a_limit_of_the_firsts_own_is_used_up(void **state)
{
    struct fixture *fixture = *state;
    char sql[512];

    bind_two_routes(fixture);
    limit_to(fixture, 1900);
    snprintf(sql, sizeof sql,
             "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most, per, models,"
             " created_by) VALUES ('wide', 'device', '%s', 'output', 800, 'once', '{big}', 't')",
             fixture->id);
    script(fixture, sql);
    follow_budgets(fixture);
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 400, .used = 400, .wanted = 400},
                (wire_CreditAmount){.granted_seen = 400});
    ASSERT_SQL(fixture, GRANTED, "800 0, 400 0");
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 800, .used = 800, .wanted = 800},
                (wire_CreditAmount){.granted_seen = 400, .wanted = 400});
    tell_credit(fixture, (wire_CreditAmount){.granted_seen = 800, .used = 800, .wanted = 800},
                (wire_CreditAmount){.granted_seen = 800});
    ASSERT_SQL(fixture, GRANTED, "800 0, 800 0");
    unbind(fixture);
}

/* Its pool went on holding the robot's credit: once it was used up, the robot had none for ever,
 * whatever the budgets that were left allowed. */
static void i2_a_deleted_budget_binds_nobody_and_made_anew_it_counts_what_is_out(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    char sql[512];

    bind_two_routes(fixture);
    script(fixture, "UPDATE myna.budget SET at_most = 400");
    snprintf(sql, sizeof sql,
             "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most, per, created_by)"
             " VALUES ('wide', 'device', '%s', 'output', 10000, 'once', 't')",
             fixture->id);
    script(fixture, sql);
    follow_budgets(fixture);
    note_uses(fixture, hear(fixture, robot_hello(robot)));
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    robot->use_count = 1;
    robot->uses[0].amounts[0].granted_seen = 400;
    robot->uses[0].amounts[0].wanted = 500;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    script(fixture, "DELETE FROM myna.budget WHERE budget_id = 'narrow'");
    follow_budgets(fixture);
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture,
               "SELECT p.outstanding FROM myna.pool p WHERE p.source = 'budget:wide'"
               " AND p.subject = $1::text",
               "1700"); /* with 400 that lie ready on the second line */
    ASSERT_SQL(fixture, OUTSTANDING, "0");
    snprintf(sql, sizeof sql,
             "INSERT INTO myna.budget (budget_id, scope, subject, metric, at_most, per, created_by)"
             " VALUES ('narrow', 'device', '%s', 'output', 2000, 'once', 't')",
             fixture->id);
    script(fixture, sql);
    follow_budgets(fixture);
    ASSERT_SQL(fixture, OUTSTANDING, "1700");
    unbind(fixture);
}

static void i2_a_robot_in_quarantine_is_given_no_more_credit_until_it_is_released(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;

    bind_two_routes(fixture);
    script(fixture, "UPDATE myna.budget SET at_most = 10000");
    follow_budgets(fixture);
    note_uses(fixture, hear(fixture, robot_hello(robot)));
    ASSERT_SQL(fixture, OUTSTANDING, "1200");
    robot->use_count = 1;
    robot->uses[0].amounts[0].granted_seen = 800;
    robot->uses[0].amounts[0].wanted = 3000;
    script(fixture, "UPDATE myna.device SET status = 'quarantined' WHERE status = 'active'");
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, OUTSTANDING, "1200");
    script(fixture, "UPDATE myna.device SET status = 'active' WHERE status = 'quarantined'");
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, "SELECT (" OUTSTANDING ")::bigint > 1200", "true");
    unbind(fixture);
}

/* The limit was never used up, so no threshold spoke, and the robot was silent. */
static void a_limit_that_holds_no_attempt_raises_an_alert_that_says_so(void **state)
{
    STORE_STATEMENT(told, "SELECT count(*) FROM myna.alert WHERE kind = 'limit_too_small'"
                          " AND subject = 'budget/narrow' AND detail ->> 'limit' = '20'"
                          " AND detail ->> 'attempt' = '32' AND detail ->> 'device' = $1::text");
    struct fixture *fixture = *state;
    struct result result = {0};

    bind_two_routes(fixture);
    limit_to(fixture, 40); /* an answer can be cut to it */
    note_uses(fixture, hear(fixture, robot_hello(&fixture->robot)));
    ASSERT_SQL(fixture, OUTSTANDING, "40");
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.alert WHERE kind = 'limit_too_small'"
               " AND $1::text <> ''",
               "0");
    limit_to(fixture, 20);
    hear(fixture, robot_report(&fixture->robot));
    assert_int_equal(
        store_query(fixture->store, &told, STORE_VALUES(value_text(fixture->id)), &result),
        STATUS_OK);
    assert_int_equal(result_int(&result, 0, 0), 1);
    result_release(&result);
    unbind(fixture);
}

/* Power loss left it with a state of before the grant, and with an old clock: the attempt was taken
 * for one of the journal before, and counted in a period that held nothing of it any more. */
static void i2_no_period_whose_end_was_confirmed_gets_a_record_whatever_state_it_knew(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;
    char line_id[LIMIT_SLUG + 1];

    bind_two_routes(fixture);
    const struct state_facts *facts = hear(fixture, robot_hello(robot));
    snprintf(line_id, sizeof line_id, "%s", facts->lines[0].line_id);
    snprintf(robot->credit.line_id, sizeof robot->credit.line_id, "%s", line_id);
    robot->credit.amounts_count = 1;
    robot->credit.amounts[0].granted_seen = 400;
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    script(fixture, "UPDATE myna.pool SET period_to = now() - interval '1 minute'"
                    " WHERE source = 'budget:narrow';"
                    "UPDATE myna.credit_revision SET revision = revision + 1");
    robot_connect(robot);
    hear(fixture, robot_hello(robot)); /* at rest, after the end */
    ASSERT_SQL(fixture, OUTSTANDING, "0");
    robot->line_id = line_id;
    robot->late_ms = 3600000;
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 10, 100);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture,
               "SELECT trim_scale(spent) FROM myna.pool WHERE source = 'budget:narrow'"
               " AND subject = $1::text",
               "0");
    unbind(fixture);
}

/* After a database was away: two messages behind the records agreed that they were settled, and
 * then the records settled again. */
static void i2_records_and_messages_at_rest_behind_them_in_one_batch_settle_once(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    bind_two_routes(fixture);
    note_uses(fixture, hear(fixture, robot_hello(robot)));
    ASSERT_SQL(fixture, OUTSTANDING, "400");
    robot->credit = robot->uses[0];
    robot->line_id = robot->credit.line_id;
    robot->knows_state = true;
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 10, 50);
    robot->credit.amounts[0] = (wire_CreditAmount){.granted_seen = 400, .used = 50};
    struct bus_message late[3] = {robot_usage(robot, &batch)};
    late[1] = robot_hello(robot);
    late[2] = robot_hello(robot);
    assert_int_equal(hear_many(fixture, late, 3), STATUS_OK);
    ASSERT_SQL(fixture, OUTSTANDING, "350");
    ASSERT_SQL(fixture,
               "SELECT string_agg(settled::text, ' ' ORDER BY model) FROM"
               " myna.credit_account WHERE device_id = $1::text",
               "50 0");
    unbind(fixture);
}

static void a_command_is_answered_once_and_brings_its_picture(void **state)
{
    STORE_STATEMENT(insert, "INSERT INTO myna.command (command_id, device_id, kind, created_by,"
                            " expires_at, send_due) VALUES ($1, $2, 'picture', 'test',"
                            " now() + interval '1 minute', now())");
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_Reply reply;
    static const uint8_t png[] = "\x89PNG\r\n\x1a\nface";
    uint8_t id[16];

    hear(fixture, robot_hello(robot));
    crypto_uuid(id);
    assert_int_equal(store_query(fixture->store, &insert,
                                 STORE_VALUES(value_uuid(id), value_text(fixture->id)), NULL),
                     STATUS_OK);
    reply = (wire_Reply)wire_Reply_init_zero;
    reply.command_id.size = 16;
    memcpy(reply.command_id.bytes, id, 16);
    reply.command_status = wire_CommandStatus_COMMAND_DONE;
    reply.attachment.size = sizeof png - 1;
    memcpy(reply.attachment.bytes, png, sizeof png - 1);
    hear(fixture, robot_reply(robot, &reply));
    ASSERT_SQL(fixture, "SELECT status FROM myna.command WHERE device_id = $1::text", "done");
    ASSERT_SQL(fixture, "SELECT length(png) FROM myna.face_picture WHERE device_id = $1::text",
               "12");
    reply.command_status = wire_CommandStatus_COMMAND_FAILED;
    hear(fixture, robot_reply(robot, &reply));
    ASSERT_SQL(fixture, "SELECT status FROM myna.command WHERE device_id = $1::text", "done");
}

static void ask_for_bundle(struct fixture *fixture, const uint8_t id[16], const char *kind)
{
    STORE_STATEMENT(insert, "INSERT INTO myna.command (command_id, device_id, kind, created_by,"
                            " expires_at, send_due) VALUES ($1, $2, $3, 'operator:anna',"
                            " now() + interval '1 minute', now())");

    assert_int_equal(
        store_query(fixture->store, &insert,
                    STORE_VALUES(value_uuid(id), value_text(fixture->id), value_text(kind)), NULL),
        STATUS_OK);
}

static void answer_with(struct fixture *fixture, const uint8_t id[16], const char *document)
{
    static wire_Reply reply;

    reply = (wire_Reply)wire_Reply_init_zero;
    reply.command_id.size = 16;
    memcpy(reply.command_id.bytes, id, 16);
    reply.command_status = wire_CommandStatus_COMMAND_DONE;
    reply.attachment.size = (pb_size_t)strlen(document);
    memcpy(reply.attachment.bytes, document, reply.attachment.size);
    hear(fixture, robot_reply(&fixture->robot, &reply));
}

#define BUNDLES                                                                                    \
    "SELECT coalesce(string_agg(convert_from(document, 'UTF8') || asked_by, ' '), 'none')"         \
    " FROM myna.bundle WHERE device_id = $1::text"

static void a_bundle_is_kept_if_it_was_asked_for_and_is_a_document(void **state)
{
    struct fixture *fixture = *state;
    uint8_t asked[16], other[16], unknown[16];

    hear(fixture, robot_hello(&fixture->robot));
    crypto_uuid(asked), crypto_uuid(other), crypto_uuid(unknown);
    ask_for_bundle(fixture, asked, "bundle");
    ask_for_bundle(fixture, other, "identify");
    answer_with(fixture, unknown, "{\"a\":1}");
    answer_with(fixture, other, "{\"a\":2}");
    ASSERT_SQL(fixture, BUNDLES, "none");
    answer_with(fixture, asked, "{\"a\":3}");
    ASSERT_SQL(fixture, BUNDLES, "{\"a\":3}operator:anna");
    answer_with(fixture, asked, "{\"a\":4}"); /* answered before */
    ASSERT_SQL(fixture, BUNDLES, "{\"a\":3}operator:anna");
    crypto_uuid(asked);
    ask_for_bundle(fixture, asked, "bundle");
    answer_with(fixture, asked, "{\"a\":");
    ASSERT_SQL(fixture, BUNDLES, "{\"a\":3}operator:anna");
}

/* ---- I5 ---- */

/* Another contract, whose prices depend on what was counted before. */
static void add_steps(struct fixture *fixture)
{
    STORE_STATEMENT(contract, "INSERT INTO myna.contract (contract_id, vendor_id, currency, zone)"
                              " VALUES ('steps', 'dahan', 'CNY', 'Asia/Shanghai')");
    STORE_STATEMENT(version, "INSERT INTO myna.contract_version (contract_id, version,"
                             " effective_from, document, created_by)"
                             " VALUES ('steps', 1, '2020-01-01', $1, 'test')");
    static const char document[] =
        "{\"contract\": \"steps\", \"vendor\": \"dahan\", \"currency\": \"CNY\","
        " \"zone\": \"Asia/Shanghai\", \"charges\": ["
        "{\"kind\": \"unit\", \"metric\": \"input_uncached\", \"price\": \"0.01\"},"
        "{\"kind\": \"graduated\", \"metric\": \"output\", \"per\": \"year\", \"tiers\": ["
        "{\"up_to\": 100, \"price\": \"3\"}, {\"up_to\": 250, \"price\": \"1\", \"unit\": 3},"
        " {\"price\": \"0.1\"}]}]}";

    assert_int_equal(store_query(fixture->store, &contract, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(
        store_query(fixture->store, &version, STORE_VALUES(value_json(span_text(document))), NULL),
        STATUS_OK);
}

/* Whoever kept the counts in memory, and whoever did not, books on with the same ones. */
static void other_server(struct fixture *fixture)
{
    struct pricing *other = fixture->other_pricing;

    fixture->other_pricing = fixture->pricing;
    fixture->pricing = other;
}

#define STEPS_AGREE(cost)                                                                          \
    "SELECT sum(coalesce(s.price, u.price)) = " cost " FROM myna.usage u"                          \
    " LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"                        \
    " WHERE u.contract_id = 'steps' AND $1::text <> ''"

static void i5_prices_that_depend_on_what_came_before_add_up_to_the_bill(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const struct author author = {"test", ""};
    static wire_UsageBatch batch;
    struct json_problem problem;
    struct span report;
    wire_UsageRecord record;
    char turn[ENCODE_UUID_SIZE];

    add_steps(fixture);
    hear(fixture, robot_hello(robot));
    for (int i = 0; i < 12; i++) {
        other_server(fixture);
        robot_begin_batch(robot, &batch);
        robot_use_under(robot, &batch, "steps", wire_Provenance_VENDOR_FINAL, 2, 20);
        robot_use_under(robot, &batch, "steps", wire_Provenance_VENDOR_FINAL, 1, 7);
        hear(fixture, robot_usage(robot, &batch));
        if (i % 3 == 0)
            continue;
        robot_begin_batch(robot, &batch); /* the counts just kept are used again */
        robot_use_under(robot, &batch, "steps", wire_Provenance_VENDOR_FINAL, 1, 1);
        hear(fixture, robot_usage(robot, &batch));
    }
    /* 44 of input; 332 of output: 100 at 3, 150 at a third, 82 at a tenth */
    ASSERT_SQL(fixture, STEPS_AGREE("0.44 + 300 + 50 + 8.2"), "true");
    ASSERT_SQL(fixture,
               "SELECT string_agg(quantity::bigint::text, ' ' ORDER BY charge) FROM myna.tally"
               " WHERE contract_id = 'steps' AND charge < 2 AND $1::text <> ''",
               "44 332");

    robot_begin_batch(robot, &batch);
    robot_use_under(robot, &batch, "steps", wire_Provenance_WORST_CASE, 50, 1000);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, STEPS_AGREE("0.94 + 300 + 50 + 108.2"), "true");
    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    encode_uuid(record.turn, turn);
    arena_reset(fixture->text_arena);
    const char *file = arena_format(fixture->text_arena,
                                    "{\"request_id\":\"%s-1\",\"input\":10,\"cached\":0,"
                                    "\"output\":8,\"reasoning\":0}\n",
                                    turn);
    assert_int_equal(imports_settle(fixture->store, &author, "dahan", span_text(file),
                                    fixture->text_arena, &report, &problem),
                     STATUS_OK);
    ASSERT_SQL(fixture, STEPS_AGREE("0.54 + 300 + 50 + 9"), "true");
    ASSERT_SQL(fixture,
               "SELECT string_agg(quantity::bigint::text, ' ' ORDER BY charge) FROM myna.tally"
               " WHERE contract_id = 'steps' AND charge < 2 AND $1::text <> ''",
               "54 340");
    robot_begin_batch(robot, &batch);
    robot_use_under(robot, &batch, "steps", wire_Provenance_VENDOR_FINAL, 0, 10);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, STEPS_AGREE("0.54 + 300 + 50 + 10"), "true");
}

/* A budget of the contract: not one that binds, so that no later robot's lines depend on it. */
static void limit_contract(struct fixture *fixture)
{
    STORE_STATEMENT(add, "INSERT INTO myna.budget (budget_id, scope, subject, metric, currency,"
                         " at_most, per, hard, created_by) VALUES ('steps', 'contract', 'steps',"
                         " 'spend', 'CNY', 300, 'once', false, 'test')");
    bool changed;

    assert_int_equal(store_query(fixture->store, &add, STORE_NO_VALUES, NULL), STATUS_OK);
    arena_reset(fixture->text_arena);
    assert_int_equal(pools_refresh(fixture->store, fixture->text_arena, fixture->terms,
                                   clock_wall_ms(), &changed),
                     STATUS_OK);
}

#define POOL_OF_STEPS                                                                              \
    "SELECT trim_scale(spent) FROM myna.pool WHERE subject = 'steps' AND $1::text <> ''"

/* A price that was agreed before but written down too late. */
static void i5_rerating_books_differences_and_prices_add_up_again(void **state)
{
    STORE_STATEMENT(mend, "UPDATE myna.contract_version SET document = replace(document::text,"
                          " '\"price\": \"3\"', '\"price\": \"2\"')::jsonb"
                          " WHERE contract_id = 'steps'");
    struct fixture *fixture = *state;
    const struct author author = {"test", ""};
    struct rerating_order order = {
        .contract_id = "steps", .from_ms = INT64_MIN, .to_ms = INT64_MAX, .dry_run = true};
    struct span report;

    assert_int_equal(store_query(fixture->store, &mend, STORE_NO_VALUES, NULL), STATUS_OK);
    limit_contract(fixture);
    ASSERT_SQL(fixture, POOL_OF_STEPS, "360.54");
    arena_reset(fixture->text_arena);
    assert_int_equal(rerating_run(fixture->store, &author, &order, fixture->text_arena, &report),
                     STATUS_OK);
    assert_non_null(strstr(arena_text(fixture->text_arena, report),
                           "\"outside\":0,\"before\":\"360.54\",\"after\":\"260.54\""));
    ASSERT_SQL(fixture, STEPS_AGREE("360.54"), "true");
    order.dry_run = false;
    order.to_ms = 0; /* before all of them */
    assert_int_equal(rerating_run(fixture->store, &author, &order, fixture->text_arena, &report),
                     STATUS_CONFLICT);
    order.to_ms = INT64_MAX;
    for (int again = 0; again < 2; again++) { /* the second time nothing is left to do */
        assert_int_equal(
            rerating_run(fixture->store, &author, &order, fixture->text_arena, &report), STATUS_OK);
        ASSERT_SQL(fixture,
                   "SELECT (SELECT sum(coalesce(s.price, u.price)) FROM myna.usage u"
                   " LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq)"
                   " WHERE u.contract_id = 'steps') + sum(price) FROM myna.usage_correction"
                   " WHERE contract_id = 'steps' AND reason = 'rerate' AND $1::text <> ''",
                   "260.540000000000000000000");
        ASSERT_SQL(fixture, POOL_OF_STEPS, "260.54");
        ASSERT_SQL(fixture,
                   "SELECT trim_scale(sum(price)) FROM myna.usage_day"
                   " WHERE contract_id = 'steps' AND $1::text <> ''",
                   "260.54");
        ASSERT_SQL(fixture,
                   "SELECT string_agg(quantity::bigint::text, ' ' ORDER BY charge) FROM myna.tally"
                   " WHERE contract_id = 'steps' AND charge < 2 AND $1::text <> ''",
                   "54 350");
    }
    order.contract_id = "nowhere";
    assert_int_equal(rerating_run(fixture->store, &author, &order, fixture->text_arena, &report),
                     STATUS_NOT_FOUND);
}

static void i5_sums_equal_the_records_and_an_import_settles_what_was_uncertain(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    const struct author author = {"test", ""};
    static wire_UsageBatch batch;
    struct json_problem problem;
    struct span report;
    char turn[ENCODE_UUID_SIZE];
    wire_UsageRecord record;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_WORST_CASE, 1000, 4096);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 3, 1);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture,
               "SELECT string_agg(trim_scale(price)::text, ' ' ORDER BY seq) FROM myna.usage"
               " WHERE device_id = $1::text",
               "0.008992 0.0000044");
#define SUMS_AGREE                                                                                 \
    "SELECT (SELECT sum(price) FROM myna.usage_day) = (SELECT sum(coalesce(s.price, u.price))"     \
    " FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq))"     \
    " AND (SELECT sum(output) FROM myna.usage_day) = (SELECT sum(coalesce(s.output, u.output))"    \
    " FROM myna.usage u LEFT JOIN myna.usage_settlement s USING (device_id, journal_id, seq))"     \
    " AND $1::text <> ''"
    ASSERT_SQL(fixture, SUMS_AGREE, "true");

    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    encode_uuid(record.turn, turn);
    arena_reset(fixture->text_arena);
    const char *file = arena_format(
        fixture->text_arena,
        "{\"request_id\":\"%s-1\",\"input\":900,\"cached\":0,\"output\":40,\"reasoning\":0}\n"
        "{\"request_id\":\"stranger\",\"input\":1,\"output\":1}\n",
        turn);
    assert_int_equal(imports_settle(fixture->store, &author, "dahan", span_text(file),
                                    fixture->text_arena, &report, &problem),
                     STATUS_OK);
    assert_non_null(strstr(arena_text(fixture->text_arena, report),
                           "\"rows\":2,\"equal\":0,\"settled\":1,\"different\":0,\"unknown\":1"));
    assert_int_equal(imports_settle(fixture->store, &author, "dahan", span_text(file),
                                    fixture->text_arena, &report, &problem),
                     STATUS_EXISTS);
    assert_int_equal(imports_settle(fixture->store, &author, "nobody", span_text("{}"),
                                    fixture->text_arena, &report, &problem),
                     STATUS_INVALID);
    ASSERT_SQL(fixture,
               "SELECT trim_scale(price) FROM myna.usage_settlement WHERE device_id = $1::text",
               "0.0008");
    ASSERT_SQL(fixture, SUMS_AGREE, "true");
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.audit WHERE action = 'usage.import'"
               " AND $1::text <> ''",
               "1");
}

/* The vendor lists so many requests that no record has, of 40 days ago. */
static void import_strangers(struct fixture *fixture, int count)
{
    const struct author author = {"test", ""};
    struct json_problem problem;
    struct span report;
    struct buffer file;
    char at[CLOCK_TEXT_SIZE];

    clock_format(clock_wall_ms() - 40 * INT64_C(86400000), at);
    buffer_init(&file, 1u << 16);
    for (int i = 0; i < count; i++)
        buffer_format(&file,
                      "{\"request_id\":\"stranger-%d-%d\",\"at\":\"%s\",\"input\":1,"
                      "\"output\":1}\n",
                      count, i, at);
    arena_reset(fixture->text_arena);
    assert_int_equal(imports_settle(fixture->store, &author, "dahan", buffer_span(&file),
                                    fixture->text_arena, &report, &problem),
                     STATUS_OK);
    buffer_release(&file);
}

static void requests_that_robots_told_by_their_sum_are_no_key_leak(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    script(fixture, "DELETE FROM myna.alert WHERE kind = 'key_leak'");
    robot->late_ms = 40 * INT64_C(86400000);
    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 100, 20);
    robot_fold_last(robot, &batch, 3);
    hear(fixture, robot_usage(robot, &batch));
    import_strangers(fixture, 3);
    ASSERT_SQL(fixture,
               "SELECT count(*) FROM myna.alert WHERE kind = 'key_leak' AND $1::text <> ''", "0");
    import_strangers(fixture, 4);
    ASSERT_SQL(fixture,
               "SELECT (detail ->> 'unknown') || ' ' || (detail ->> 'summed') FROM myna.alert"
               " WHERE kind = 'key_leak' AND $1::text <> ''",
               "1 3");
}

/* Two limits of the test's robot: answers and money. */
static void limit_robot(struct fixture *fixture)
{
    STORE_STATEMENT(add, "INSERT INTO myna.budget (budget_id, scope, subject, metric, currency,"
                         " at_most, per, created_by) SELECT $1::text || '-' || v.metric, 'device',"
                         " $1::text, v.metric, v.currency, 5000, 'once', 'test'"
                         " FROM (VALUES ('output', NULL), ('spend', 'CNY')) v(metric, currency)");
    bool changed = false;

    assert_int_equal(store_query(fixture->store, &add, STORE_VALUES(value_text(fixture->id)), NULL),
                     STATUS_OK);
    arena_reset(fixture->text_arena);
    assert_int_equal(pools_refresh(fixture->store, fixture->text_arena, fixture->terms,
                                   clock_wall_ms(), &changed),
                     STATUS_OK);
    assert_true(changed);
}

/* The vendor's word on the batch's first record. */
static void import_first(struct fixture *fixture, const wire_UsageBatch *batch, int input,
                         int output)
{
    const struct author author = {"test", ""};
    struct json_problem problem;
    struct span report;
    char turn[ENCODE_UUID_SIZE];
    wire_UsageRecord record;

    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch->records[0].bytes, batch->records[0].size),
                                    &record),
                     STATUS_OK);
    encode_uuid(record.turn, turn);
    arena_reset(fixture->text_arena);
    const char *file =
        arena_format(fixture->text_arena,
                     "{\"request_id\":\"%s-1\",\"input\":%d,\"cached\":0,\"output\":%d,"
                     "\"reasoning\":0}\n",
                     turn, input, output);
    assert_int_equal(imports_settle(fixture->store, &author, "dahan", span_text(file),
                                    fixture->text_arena, &report, &problem),
                     STATUS_OK);
}

#define SPENT                                                                                      \
    "SELECT string_agg(trim_scale(spent)::text, ' ' ORDER BY unit DESC) FROM myna.pool"            \
    " WHERE subject = $1::text"

static void i2_an_import_gives_pools_back_what_an_attempt_had_reserved(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    limit_robot(fixture);
    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_WORST_CASE, 1000, 4096);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 3, 1);
    robot_use(robot, &batch, wire_Provenance_ESTIMATED, 0, 50);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, SPENT, "4147 0.0090964");
    import_first(fixture, &batch, 900, 40);
    ASSERT_SQL(fixture, SPENT, "91 0.0009044");
    ASSERT_SQL(fixture,
               "SELECT string_agg(trim_scale(amount)::text, ' ' ORDER BY amount)"
               " FROM myna.pool_charge WHERE device_id = $1::text",
               "0.0001 50");
}

/* A limit that begins after the attempt has counted it, and follows it too. */
static void i2_a_pool_that_begins_late_is_settled_like_the_others(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_WORST_CASE, 1000, 4096);
    hear(fixture, robot_usage(robot, &batch));
    import_first(fixture, &batch, 900, 40);
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_WORST_CASE, 1000, 2000);
    hear(fixture, robot_usage(robot, &batch));
    limit_robot(fixture);
    ASSERT_SQL(fixture, SPENT, "2040 0.0056");
    import_first(fixture, &batch, 1000, 10);
    ASSERT_SQL(fixture, SPENT, "50 0.00162");
}

#define TRIAL "SELECT trial::text FROM myna.device_link WHERE device_id = $1::text"

static void what_a_robot_says_of_its_trial_is_kept_until_it_says_something_else(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_Reply reply;

    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, TRIAL, "{}");
    robot->trial = (wire_TrialReport){.generation = 10,
                                      .verdict = wire_TrialVerdict_TRIAL_RUNNING,
                                      .step = wire_TrialStep_TRIAL_FIRST_TOKEN,
                                      .tries = 1,
                                      .step_ms_count = 2,
                                      .step_ms = {90, 310}};
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture, TRIAL,
               "{\"step\": \"first_token\", \"tries\": 1, \"reason\": \"\", \"step_ms\": [90, 310],"
               " \"verdict\": \"running\", \"retryable\": false, \"generation\": 10,"
               " \"error_class\": \"none\"}");
    robot->trial.verdict = wire_TrialVerdict_TRIAL_FAILED;
    robot->trial.error_class = wire_ErrorClass_BUSY;
    robot->trial.retryable = true;
    reply = (wire_Reply){.generation = 1};
    hear(fixture, robot_reply(robot, &reply));
    ASSERT_SQL(fixture,
               "SELECT concat_ws(' ', trial ->> 'verdict', trial ->> 'error_class',"
               " trial ->> 'retryable') FROM myna.device_link WHERE device_id = $1::text",
               "failed busy true");
    robot->trial.generation = 0; /* a report without one says nothing of it, a hello that none is */
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture,
               "SELECT trial ->> 'verdict' FROM myna.device_link WHERE device_id = $1::text",
               "failed");
    hear(fixture, robot_reply(robot, &reply)); /* another configuration runs */
    ASSERT_SQL(fixture, TRIAL, "{}");
    robot->trial.generation = 11;
    hear(fixture, robot_report(robot));
    ASSERT_SQL(fixture,
               "SELECT trial ->> 'generation' FROM myna.device_link WHERE device_id = $1::text",
               "11");
    robot->trial.generation = 0;
    hear(fixture, robot_hello(robot));
    ASSERT_SQL(fixture, TRIAL, "{}");
}

/* The vendor bills it, so days and contracts count it; what was allowed to the robot's owner is
 * theirs. */
static void a_trials_test_is_billed_and_uses_up_no_owners_budget(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;

    limit_robot(fixture);
    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 3, 1);
    robot->is_testing = true;
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 30, 10);
    robot_use(robot, &batch, wire_Provenance_WORST_CASE, 300, 100);
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture, SPENT, "1 0.0000044");
    ASSERT_SQL(fixture,
               "SELECT string_agg(purpose || ':' || output, ' ' ORDER BY seq) FROM myna.usage"
               " WHERE device_id = $1::text",
               "0:1 1:10 1:100");
    script(fixture,
           "DELETE FROM myna.pool_charge; DELETE FROM myna.credit_account;"
           "DELETE FROM myna.pool; UPDATE myna.credit_revision SET revision = revision + 1");
    follow_budgets(fixture); /* begun anew, they count what there was */
    ASSERT_SQL(fixture, SPENT, "1 0.0000044");
}

static void a_contract_that_is_not_known_books_without_a_price_and_alerts(void **state)
{
    struct fixture *fixture = *state;
    struct robot *robot = &fixture->robot;
    static wire_UsageBatch batch;
    wire_UsageRecord record;
    size_t size;

    hear(fixture, robot_hello(robot));
    robot_begin_batch(robot, &batch);
    struct robot before = *robot;
    robot_use(robot, &batch, wire_Provenance_VENDOR_FINAL, 5, 5);
    assert_int_equal(message_decode(MESSAGE_USAGE_RECORD,
                                    span_of(batch.records[0].bytes, batch.records[0].size),
                                    &record),
                     STATUS_OK);
    snprintf(record.contract, sizeof record.contract, "nowhere");
    assert_int_equal(message_encode(MESSAGE_USAGE_RECORD, &record, batch.records[0].bytes,
                                    LIMIT_RECORD_BYTES, &size),
                     STATUS_OK);
    batch.records[0].size = (pb_size_t)size;
    memcpy(robot->head_hash, before.head_hash, CRYPTO_HASH_SIZE);
    chain_next(robot->head_hash, span_of(batch.records[0].bytes, size));
    hear(fixture, robot_usage(robot, &batch));
    ASSERT_SQL(fixture,
               "SELECT price || ' ' || contract_version || currency FROM myna.usage"
               " WHERE device_id = $1::text",
               "0 0");
    ASSERT_SQL(fixture,
               "SELECT count FROM myna.alert WHERE kind = 'unrated_usage'"
               " AND subject = 'contract/nowhere' AND detail ->> 'device' = $1::text",
               "1");
}

/* ---- the store ---- */

static void a_database_that_was_killed_is_connected_again(void **state)
{
    struct fixture *fixture = *state;
    struct bus_message hello = robot_hello(&fixture->robot);
    struct bus_message again = robot_copy(&hello);

    assert_int_equal(pg_crash(fixture->pg), STATUS_OK);
    /* the keys are read before the transaction begins */
    arena_reset(fixture->items_arena);
    assert_int_equal(intake_read(fixture->intake, &hello, fixture->items_arena, fixture->items),
                     STATUS_UNREACHABLE);
    int64_t before_ms = clock_mono_ms();
    for (int i = 0; i < 20; i++)
        assert_int_equal(intake_read(fixture->intake, &hello, fixture->items_arena, fixture->items),
                         STATUS_UNREACHABLE);
    assert_true(clock_mono_ms() - before_ms < 1000);
    bus_message_release(&hello);
    assert_int_equal(pg_restart(fixture->pg), STATUS_OK);
    clock_sleep_ms(300);
    assert_non_null(hear(fixture, again));
}

/* After a fail-over to a standby, or while an administrator keeps it so: a passing trouble, during
 * which the ingest holds its batch. */
static void a_database_that_is_read_only_is_waited_for(void **state)
{
    STORE_STATEMENT(lock, "ALTER DATABASE postgres SET default_transaction_read_only = on");
    STORE_STATEMENT(unlock, "ALTER DATABASE postgres RESET default_transaction_read_only");
    struct fixture *fixture = *state;
    struct store *read_write = fixture->store;
    struct bus_message hello = robot_hello(&fixture->robot);
    char problem[256];

    assert_int_equal(store_query(read_write, &lock, STORE_NO_VALUES, NULL), STATUS_OK);
    assert_int_equal(store_open(&fixture->store, pg_conninfo(fixture->pg), 1, "read-only", problem),
                     STATUS_OK);
    assert_int_equal(hear_many(fixture, &hello, 1), STATUS_UNREACHABLE);
    store_close(fixture->store);
    fixture->store = read_write;
    assert_int_equal(store_query(read_write, &unlock, STORE_NO_VALUES, NULL), STATUS_OK);
}

#define WITH_ROBOT(test) cmocka_unit_test_setup(test, new_robot)

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* in the first epoch, which is all that these hellos know of */
        WITH_ROBOT(i2_an_adjustment_settles_the_credit_of_what_was_lost),
        WITH_ROBOT(i2_credit_that_is_not_known_here_is_forged_only_when_no_receipt_explains_it),
        WITH_ROBOT(what_a_robot_gives_back_on_one_line_it_does_not_get_at_once_on_another),
        WITH_ROBOT(a_trial_has_credit_that_no_owners_budget_binds_and_the_old_route_keeps_its_own),
        WITH_ROBOT(i11_an_attempt_lies_ready_on_the_next_line_while_the_pool_of_both_is_wide),
        WITH_ROBOT(nothing_lies_on_the_next_line_out_of_a_small_plan),
        WITH_ROBOT(near_a_plans_end_the_next_lines_attempt_is_asked_back_for_the_first),
        WITH_ROBOT(what_a_robot_needs_on_the_next_line_it_gets_near_a_plans_end_too),
        WITH_ROBOT(the_next_line_keeps_its_credit_when_a_limit_of_the_firsts_own_is_used_up),
        WITH_ROBOT(i2_a_deleted_budget_binds_nobody_and_made_anew_it_counts_what_is_out),
        WITH_ROBOT(i2_a_robot_in_quarantine_is_given_no_more_credit_until_it_is_released),
        WITH_ROBOT(a_limit_that_holds_no_attempt_raises_an_alert_that_says_so),
        WITH_ROBOT(i2_records_and_messages_at_rest_behind_them_in_one_batch_settle_once),
        WITH_ROBOT(i2_no_period_whose_end_was_confirmed_gets_a_record_whatever_state_it_knew),
        WITH_ROBOT(i1_a_batch_that_comes_twice_counts_once),
        WITH_ROBOT(i1_a_batch_that_overlaps_the_watermark_adds_only_what_is_new),
        WITH_ROBOT(i1_usage_before_the_sessions_hello_is_not_counted_but_asked_for),
        WITH_ROBOT(i1_a_gap_is_told_from_the_watermark),
        WITH_ROBOT(i1_a_gap_past_the_ring_ends_the_journal_and_its_child_files_what_is_left),
        WITH_ROBOT(i1_a_gap_past_the_ring_books_what_was_lost_once_as_an_adjustment),
        WITH_ROBOT(i1_a_summary_of_a_full_disk_counts_all_the_requests_it_stands_for),
        WITH_ROBOT(i1_a_ring_that_is_empty_is_adjusted_up_to_its_head),
        WITH_ROBOT(i1_a_sum_that_cannot_be_is_refused_and_the_journal_ends),
        WITH_ROBOT(i1_a_sum_of_other_records_than_those_that_are_missing_is_refused),
        WITH_ROBOT(i1_records_of_which_one_could_not_be_read_have_no_sum_to_compare),
        WITH_ROBOT(i1_what_an_adjustment_counted_does_not_count_again_when_an_old_disk_files_it),
        WITH_ROBOT(i1_the_same_seq_with_other_content_is_a_fork_and_counts_nothing_more),
        WITH_ROBOT(i1_a_restored_database_asks_for_what_it_lost_and_counts_it_once),
        WITH_ROBOT(i2_i4_a_receipt_ahead_of_the_database_in_any_number_raises_the_epoch),
        WITH_ROBOT(i3_a_receipt_that_was_not_made_here_is_forged_and_raises_nothing),
        WITH_ROBOT(i3_a_revoked_robots_receipt_raises_nothing),
        WITH_ROBOT(i2_another_cluster_or_timeline_raises_the_epoch_once),
        WITH_ROBOT(i1_a_restored_disk_forks_its_journal_and_refiled_records_count_once),
        WITH_ROBOT(i1_a_second_child_of_a_journal_is_quarantined),
        WITH_ROBOT(i1_a_history_that_differs_is_a_fork),
        WITH_ROBOT(i1_a_record_that_cannot_be_booked_is_kept_apart_and_the_others_count),
        WITH_ROBOT(i1_what_the_database_refuses_is_found_by_bisection),
        WITH_ROBOT(i1_a_number_that_its_column_does_not_hold_is_found_by_bisection),
        WITH_ROBOT(a_records_day_is_one_of_its_contracts_zone),
        WITH_ROBOT(a_refused_messages_alert_ends_when_one_of_its_kind_is_stored),
        WITH_ROBOT(what_the_database_has_against_a_batch_is_quoted),
        WITH_ROBOT(i1_a_batch_repeated_after_a_lost_commit_counts_once_and_is_answered),
        WITH_ROBOT(i3_a_box_that_was_touched_changes_nothing_and_raises_an_alert),
        WITH_ROBOT(i3_a_box_of_another_device_or_kind_is_forged),
        WITH_ROBOT(a_robot_may_seal_by_either_of_two_server_keys_and_is_known_by_the_last),
        WITH_ROBOT(i3_a_message_by_a_key_retired_meanwhile_counts_nothing),
        WITH_ROBOT(i3_a_repeated_box_is_stale_at_first_and_a_replay_later),
        WITH_ROBOT(i3_a_hello_of_a_used_number_gets_the_floor_for_its_own_session_alone),
        WITH_ROBOT(i3_a_higher_session_is_adopted_and_asked_for_its_hello),
        WITH_ROBOT(i3_a_last_will_ends_only_the_session_it_names),
        WITH_ROBOT(a_revoked_robot_is_not_heard),
        WITH_ROBOT(a_record_of_a_retired_device_waits_until_it_is_active_again),
        WITH_ROBOT(a_record_from_a_future_clock_counts_when_it_arrives),
        WITH_ROBOT(i4_a_device_that_holds_more_than_we_know_gets_a_higher_generation),
        WITH_ROBOT(i4_a_generation_beyond_all_bounds_is_not_believed),
        WITH_ROBOT(a_clock_that_is_off_by_ages_is_borne),
        WITH_ROBOT(what_a_robot_says_of_its_distance_from_utc_is_kept_until_it_says_something_else),
        WITH_ROBOT(routes_that_a_robot_leaves_out_are_kept_with_times_of_the_servers_clock),
        WITH_ROBOT(i4_another_content_under_the_same_number_is_replaced),
        WITH_ROBOT(i4_content_that_was_never_sent_from_here_is_replaced_too),
        WITH_ROBOT(i4_a_reply_to_a_configuration_is_remembered_per_setting),
        WITH_ROBOT(a_report_replaces_the_statuses_it_names_and_keeps_the_others),
        WITH_ROBOT(i2_credit_that_a_robot_did_not_take_is_alarmed),
        WITH_ROBOT(a_command_is_answered_once_and_brings_its_picture),
        WITH_ROBOT(a_bundle_is_kept_if_it_was_asked_for_and_is_a_document),
        WITH_ROBOT(i5_sums_equal_the_records_and_an_import_settles_what_was_uncertain),
        WITH_ROBOT(requests_that_robots_told_by_their_sum_are_no_key_leak),
        WITH_ROBOT(i2_an_import_gives_pools_back_what_an_attempt_had_reserved),
        WITH_ROBOT(i2_a_pool_that_begins_late_is_settled_like_the_others),
        WITH_ROBOT(what_a_robot_says_of_its_trial_is_kept_until_it_says_something_else),
        WITH_ROBOT(a_trials_test_is_billed_and_uses_up_no_owners_budget),
        WITH_ROBOT(i5_prices_that_depend_on_what_came_before_add_up_to_the_bill),
        WITH_ROBOT(i5_rerating_books_differences_and_prices_add_up_again),
        WITH_ROBOT(a_contract_that_is_not_known_books_without_a_price_and_alerts),
        WITH_ROBOT(i2_a_line_that_the_backup_did_not_know_counts_as_held_until_its_robot_is_heard),
        WITH_ROBOT(a_database_that_is_read_only_is_waited_for),
        WITH_ROBOT(a_database_that_was_killed_is_connected_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

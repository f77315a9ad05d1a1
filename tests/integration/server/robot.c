#include "tests/integration/server/robot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/clock.h"

static void query(struct store *store, const struct store_statement *statement,
                  const struct value *values, size_t count, struct result *result)
{
    assert_int_equal(store_query(store, statement, values, count, result), STATUS_OK);
}

/* Each robot agrees with a server key of its own, and all of them are in use. */
static void add_sealing_key(struct store *store, const uint8_t *master_key,
                            const uint8_t public_key[PKI_X25519_SIZE],
                            const uint8_t private_key[PKI_X25519_SIZE])
{
    STORE_STATEMENT(insert, "INSERT INTO myna.sealing_key (key_id, public_key, private_wrapped,"
                            " signature) VALUES ($1, $2, $3, 'signed'::bytea)");
    uint8_t wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t id[4];

    assert_int_equal(crypto_wrap(master_key, "sealing-key", span_of(private_key, 32), wrapped),
                     STATUS_OK);
    box_key_id(public_key, id);
    query(store, &insert,
          STORE_VALUES(value_bytes(span_of(id, 4)), value_bytes(span_of(public_key, 32)),
                       value_bytes(span_of(wrapped, sizeof wrapped))),
          NULL);
}

static void add_device(struct robot *robot, struct store *store, const uint8_t *master_key)
{
    STORE_STATEMENT(insert, "WITH d AS (INSERT INTO myna.device (device_id, certificate_serial,"
                            " certificate_until, sealing_public, server_key_id, secret_wrapped)"
                            " VALUES ($1, '1', now() + interval '1 year', $2, $3, $4))"
                            " INSERT INTO myna.device_link (device_id) VALUES ($1)");
    uint8_t wrapped[PKI_X25519_SIZE + CRYPTO_WRAP_OVERHEAD];
    uint8_t id[4];
    char purpose[64];

    snprintf(purpose, sizeof purpose, "pair:%s", robot->pair.device_id);
    assert_int_equal(crypto_wrap(master_key, purpose, span_of(robot->pair.secret, 32), wrapped),
                     STATUS_OK);
    box_key_id(robot->pair.server_public, id);
    query(store, &insert,
          STORE_VALUES(value_text(robot->pair.device_id),
                       value_bytes(span_of(robot->pair.device_public, 32)),
                       value_bytes(span_of(id, 4)), value_bytes(span_of(wrapped, sizeof wrapped))),
          NULL);
}

static void start_journal(struct robot *robot)
{
    crypto_uuid(robot->journal_id);
    robot->head_seq = 0;
    chain_start(robot->pair.device_id, robot->journal_id, &robot->parent, robot->head_hash);
}

void robot_enrol(struct robot *robot, struct store *store, const char *device_id,
                 const uint8_t master_key[CRYPTO_KEY_SIZE])
{
    uint8_t device_private[32];
    uint8_t server_private[32];

    *robot = (struct robot){0};
    snprintf(robot->pair.device_id, sizeof robot->pair.device_id, "%s", device_id);
    assert_int_equal(pki_make_x25519(device_private, robot->pair.device_public), STATUS_OK);
    assert_int_equal(pki_make_x25519(server_private, robot->pair.server_public), STATUS_OK);
    assert_int_equal(pki_agree(device_private, robot->pair.server_public, robot->pair.secret),
                     STATUS_OK);
    add_sealing_key(store, master_key, robot->pair.server_public, server_private);
    add_device(robot, store, master_key);
    start_journal(robot);
}

void robot_connect(struct robot *robot)
{
    robot->session.number++;
    crypto_random(robot->session.id, sizeof robot->session.id);
    robot->counter = 0;
}

void robot_begin_batch(const struct robot *robot, wire_UsageBatch *batch)
{
    *batch = (wire_UsageBatch)wire_UsageBatch_init_zero;
    memcpy(batch->journal_id, robot->journal_id, sizeof batch->journal_id);
    memcpy(batch->previous_hash, robot->head_hash, sizeof batch->previous_hash);
    batch->first_seq = robot->head_seq + 1;
}

void robot_use(struct robot *robot, wire_UsageBatch *batch, wire_Provenance provenance,
               uint64_t input, uint64_t output)
{
    robot_use_under(robot, batch, "dahan-2026", provenance, input, output);
}

void robot_use_under(struct robot *robot, wire_UsageBatch *batch, const char *contract,
                     wire_Provenance provenance, uint64_t input, uint64_t output)
{
    wire_UsageRecord record = wire_UsageRecord_init_zero;
    size_t size;

    record.seq = ++robot->head_seq;
    crypto_uuid(record.turn);
    record.attempt = 1;
    snprintf(record.vendor, sizeof record.vendor, "dahan");
    snprintf(record.model, sizeof record.model, "big-1");
    snprintf(record.contract, sizeof record.contract, "%s", contract);
    record.start_ms = clock_wall_ms() - 1000 - robot->late_ms;
    record.end_ms = clock_wall_ms() - robot->late_ms;
    if (robot->line_id)
        snprintf(record.line_id, sizeof record.line_id, "%s", robot->line_id);
    if (robot->knows_state)
        record.state_time_ms = clock_wall_ms();
    record.provenance = provenance;
    record.outcome = robot->outcome ? (wire_Outcome)robot->outcome : wire_Outcome_ANSWERED;
    record.reserved_input = record.input_uncached = input;
    record.reserved_output = record.output = output;
    record.requests = 1;
    record.purpose = robot->is_testing ? wire_Purpose_TEST : wire_Purpose_TALK;
    uint8_t *bytes = batch->records[batch->records_count].bytes;
    assert_int_equal(
        message_encode(MESSAGE_USAGE_RECORD, &record, bytes, LIMIT_RECORD_BYTES, &size), STATUS_OK);
    batch->records[batch->records_count++].size = (pb_size_t)size;
    chain_next(robot->head_hash, span_of(bytes, size));
    record.input_uncached += robot->sum.input_uncached;
    record.output += robot->sum.output;
    record.requests += robot->sum.requests;
    robot->sum = record;
}

void robot_fold_last(struct robot *robot, wire_UsageBatch *batch, uint64_t requests)
{
    const size_t last = batch->records_count - 1u;
    uint8_t *bytes = batch->records[last].bytes;
    wire_UsageRecord record;
    size_t size;

    assert_int_equal(
        message_decode(MESSAGE_USAGE_RECORD, span_of(bytes, batch->records[last].size), &record),
        STATUS_OK);
    record.attempt = 0;
    record.requests = requests;
    assert_int_equal(
        message_encode(MESSAGE_USAGE_RECORD, &record, bytes, LIMIT_RECORD_BYTES, &size), STATUS_OK);
    batch->records[last].size = (pb_size_t)size;
    memcpy(robot->head_hash, batch->previous_hash, CRYPTO_HASH_SIZE);
    for (size_t i = 0; i <= last; i++)
        chain_next(robot->head_hash, span_of(batch->records[i].bytes, batch->records[i].size));
}

void robot_drop(struct robot *robot)
{
    robot->lost = robot->head_seq;
    robot->dropped = robot->sum;
    memcpy(robot->dropped_hash, robot->head_hash, sizeof robot->dropped_hash);
}

static wire_UpHeader next_header(struct robot *robot)
{
    wire_UpHeader header = {.has_session = true,
                            .session = robot->session,
                            .counter = ++robot->counter,
                            .device_time_ms = clock_wall_ms() + robot->skew_ms};
    return header;
}

static struct bus_message wrap(const char *device_id, enum topic_kind kind, uint8_t *block,
                               size_t size)
{
    struct bus_message message = {.kind = kind,
                                  .arrived_ms = clock_wall_ms(),
                                  .payload = span_of(block, size),
                                  .block = block};

    snprintf(message.device_id, sizeof message.device_id, "%s", device_id);
    return message;
}

static struct bus_message seal(struct robot *robot, enum topic_kind kind, enum message_type type,
                               const void *message)
{
    static uint8_t plain[LIMIT_MESSAGE_BYTES];
    size_t size;

    assert_int_equal(message_encode(type, message, plain, sizeof plain, &size), STATUS_OK);
    uint8_t *box = malloc(size + BOX_OVERHEAD);
    assert_non_null(box);
    assert_int_equal(box_seal(&robot->pair, BOX_UP, (uint8_t)kind, span_of(plain, size), box),
                     STATUS_OK);
    return wrap(robot->pair.device_id, kind, box, size + BOX_OVERHEAD);
}

struct bus_message robot_hello(struct robot *robot)
{
    static const uint8_t none[16];
    static wire_Hello hello;

    hello = (wire_Hello)wire_Hello_init_zero;
    hello.has_header = true;
    hello.header = next_header(robot);
    hello.credit_count = robot->credit.line_id[0] != 0;
    hello.credit[0] = robot->credit;
    hello.epoch_seen = robot->epoch_seen;
    hello.receipt.size = (pb_size_t)robot->receipt_size;
    memcpy(hello.receipt.bytes, robot->receipt, robot->receipt_size);
    hello.generation_held = hello.generation_running = robot->generation;
    if (robot->has_config) {
        hello.config_hash.size = CRYPTO_HASH_SIZE;
        memcpy(hello.config_hash.bytes, robot->config_hash, CRYPTO_HASH_SIZE);
    }
    hello.has_journal = true;
    memcpy(hello.journal.id, robot->journal_id, sizeof hello.journal.id);
    hello.journal.head_seq = robot->head_seq;
    hello.journal.tail_seq = robot->head_seq > robot->lost ? robot->lost + 1 : 0;
    hello.journal.head_hash.size = CRYPTO_HASH_SIZE;
    memcpy(hello.journal.head_hash.bytes, robot->head_hash, CRYPTO_HASH_SIZE);
    hello.journal.refiled = robot->refiled;
    hello.has_dropped = hello.dropped.has_sum = robot->dropped.seq > 0;
    hello.dropped.sum = robot->dropped;
    memcpy(hello.dropped.hash, robot->dropped_hash, CRYPTO_HASH_SIZE);
    if (memcmp(robot->parent.id, none, sizeof none) != 0) {
        hello.journal.parent_id.size = sizeof robot->parent.id;
        memcpy(hello.journal.parent_id.bytes, robot->parent.id, sizeof robot->parent.id);
        hello.journal.parent_seq = robot->parent.seq;
        hello.journal.parent_hash.size = CRYPTO_HASH_SIZE;
        memcpy(hello.journal.parent_hash.bytes, robot->parent.hash, CRYPTO_HASH_SIZE);
    }
    snprintf(hello.software, sizeof hello.software, "1.0");
    hello.has_trial = robot->trial.generation > 0;
    hello.trial = robot->trial;
    hello.has_utc_offset_min = robot->has_utc_offset;
    hello.utc_offset_min = robot->utc_offset_min;
    return seal(robot, TOPIC_HELLO, MESSAGE_HELLO, &hello);
}

struct bus_message robot_usage(struct robot *robot, wire_UsageBatch *batch)
{
    batch->has_header = true;
    batch->header = next_header(robot);
    return seal(robot, TOPIC_USAGE, MESSAGE_USAGE_BATCH, batch);
}

struct bus_message robot_report(struct robot *robot)
{
    static wire_Report report;

    report = (wire_Report)wire_Report_init_zero;
    report.has_header = true;
    report.header = next_header(robot);
    report.has_health = true;
    report.health.uptime_s = 5;
    report.health.left_out_count = robot->circuit_count > 0;
    snprintf(report.health.left_out[0], sizeof report.health.left_out[0], "%s",
             robot->circuits[0].vendor);
    report.health.circuits_count = (pb_size_t)robot->circuit_count;
    memcpy(report.health.circuits, robot->circuits, sizeof robot->circuits);
    report.generation_running = robot->generation;
    report.lines_refused = robot->lines_refused;
    report.credit_count = (pb_size_t)robot->use_count;
    memcpy(report.credit, robot->uses, robot->use_count * sizeof *robot->uses);
    report.settings_count = 1;
    snprintf(report.settings[0].name, sizeof report.settings[0].name, "volume");
    report.settings[0].outcome = wire_SettingOutcome_SETTING_REFUSED;
    report.has_trial = robot->trial.generation > 0;
    report.trial = robot->trial;
    report.has_utc_offset_min = robot->has_utc_offset;
    report.utc_offset_min = robot->utc_offset_min;
    return seal(robot, TOPIC_REPORT, MESSAGE_REPORT, &report);
}

struct bus_message robot_reply(struct robot *robot, wire_Reply *reply)
{
    reply->has_header = true;
    reply->header = next_header(robot);
    reply->has_trial = robot->trial.generation > 0;
    reply->trial = robot->trial;
    return seal(robot, TOPIC_REPLY, MESSAGE_REPLY, reply);
}

struct bus_message robot_presence(const wire_Session *session, const char *device_id)
{
    const wire_Presence presence = {.has_session = true, .session = *session};
    uint8_t *block = malloc(64);
    size_t size;

    assert_non_null(block);
    assert_int_equal(message_encode(MESSAGE_PRESENCE, &presence, block, 64, &size), STATUS_OK);
    return wrap(device_id, TOPIC_PRESENCE, block, size);
}

struct bus_message robot_copy(const struct bus_message *message)
{
    uint8_t *block = malloc(message->payload.size);

    assert_non_null(block);
    memcpy(block, message->payload.data, message->payload.size);
    struct bus_message copy = *message;
    copy.block = block;
    copy.payload = span_of(block, message->payload.size);
    return copy;
}

/* ingest_raw.c - the limit of the ingest benchmark: the robots' messages written without any rule
 *
 * Takes the same messages from the same broker by the same queue, but opens, checks and rates none
 * of them: for each it puts as many rows as it is told into a table by unnest, commits up to 2,000
 * rows or 10 ms of them at once, and then answers each with the number of rows so far, in clear.
 * Prints "ready" when it is connected; ends at the end of its input.
 *
 * usage: ingest_raw STATE_DIR DATABASE PORT RECORDS
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/clock.h"
#include "server/bus/bus.h"
#include "server/store/columns.h"
#include "server/store/store.h"

#define SERVER      "8" /* the instance whose certificate we borrow; its owner does not run */
#define MAX_ROWS    2000
#define LINGER_MS   10
#define MAX_DEVICES 100000
#define ARENA_BYTES (64u << 20)

struct row {
    const char *device_id;
    uint8_t journal_id[16];
    int64_t seq;
    int64_t at_ms;
    uint8_t turn[16];
    int64_t one;
    const char *vendor_id, *model, *contract_id, *empty, *price, *currency;
    int64_t input, output, none;
};

struct answer {
    char device_id[LIMIT_SLUG + 1];
    uint64_t counted;
};

struct raw {
    struct store *store;
    struct brokers brokers;
    struct bus *bus;
    struct arena *arena;
    int64_t records;
    uint64_t counted[MAX_DEVICES]; /* by the number at the end of the device's id */
    struct row rows[MAX_ROWS + LIMIT_BATCH_RECORDS];
    size_t row_count;
    struct answer answers[MAX_ROWS + 1];
    size_t answer_count;
};

static enum status insert(struct store_conn *conn, void *context)
{
    STORE_STATEMENT(
        put,
        "INSERT INTO public.bench (device_id, journal_id, seq, at, turn, attempt, vendor_id, model,"
        " model_served, contract_id, contract_version, vendor_request_id, provenance, outcome,"
        " error_class, duration_ms, first_token_ms, first_audio_ms, interrupted, generation,"
        " reserved_input, reserved_output, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " requests, price, currency, stamp)"
        " SELECT device_id, journal_id, seq, at, turn, attempt, vendor_id, model,"
        " model_served, contract_id, contract_version, vendor_request_id, provenance, outcome,"
        " error_class, duration_ms, first_token_ms, first_audio_ms, interrupted <> 0,"
        " generation, reserved_input, reserved_output, input_uncached, input_cached,"
        " cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars,"
        " images, video_ms, requests, price::numeric, currency, (SELECT myna.usage_stamp())"
        " FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::uuid[],"
        " $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[],"
        " $12::text[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],"
        " $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],"
        " $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],"
        " $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[],"
        " $32::bigint[], $33::bigint[], $34::text[], $35::text[])"
        " AS r(device_id, journal_id, seq, at, turn, attempt, vendor_id, model, model_served,"
        " contract_id, contract_version, vendor_request_id, provenance, outcome, error_class,"
        " duration_ms, first_token_ms, first_audio_ms, interrupted, generation,"
        " reserved_input, reserved_output, input_uncached, input_cached, cache_write_5m,"
        " cache_write_1h, output, reasoning, audio_in_ms, audio_out_chars, images, video_ms,"
        " requests, price, currency)");
    struct raw *raw = context;
    const struct columns columns = {raw->arena, raw->rows, raw->row_count, sizeof *raw->rows};
    struct value values[35];

    arena_reset(raw->arena);
#define TEXT(name) columns_text(&columns, offsetof(struct row, name))
#define INT(name)  columns_int(&columns, offsetof(struct row, name))
    values[0] = TEXT(device_id);
    values[1] = columns_uuid(&columns, offsetof(struct row, journal_id));
    values[2] = INT(seq);
    values[3] = columns_time(&columns, offsetof(struct row, at_ms));
    values[4] = columns_uuid(&columns, offsetof(struct row, turn));
    values[5] = INT(one);
    values[6] = TEXT(vendor_id);
    values[7] = TEXT(model);
    values[8] = TEXT(empty);
    values[9] = TEXT(contract_id);
    values[10] = INT(one);
    values[11] = TEXT(empty);
    for (size_t i = 12; i < 33; i++)
        values[i] = INT(none);
    values[12] = values[13] = values[32] = INT(one);
    values[22] = INT(input);
    values[26] = INT(output);
    values[33] = TEXT(price);
    values[34] = TEXT(currency);
#undef TEXT
#undef INT
    if (arena_failed(raw->arena))
        return STATUS_MEMORY;
    return store_exec(conn, &put, values, 35, NULL);
}

static uint64_t *counter_of(struct raw *raw, const char *device_id)
{
    const char *end = strrchr(device_id, '-');
    long place = end ? strtol(end + 1, NULL, 10) : 0;

    return &raw->counted[place >= 0 && place < MAX_DEVICES ? place : 0];
}

static void take(struct raw *raw, const struct bus_message *message)
{
    struct answer *answer = &raw->answers[raw->answer_count++];
    uint64_t *counted = counter_of(raw, message->device_id);

    memcpy(answer->device_id, message->device_id, sizeof answer->device_id);
    for (int64_t i = 0; message->kind == TOPIC_USAGE && i < raw->records; i++) {
        struct row *row = &raw->rows[raw->row_count++];

        *row = (struct row){
            .device_id = answer->device_id,
            .seq = (int64_t)++ * counted,
            .at_ms = message->arrived_ms,
            .one = 1,
            .vendor_id = "dahan",
            .model = "big-1",
            .contract_id = "dahan-2026",
            .empty = "",
            .price = "0.00104",
            .currency = "CNY",
            .input = 200,
            .output = 100,
        };
        crypto_random(row->turn, sizeof row->turn);
        memcpy(row->journal_id, answer->device_id, sizeof row->journal_id);
    }
    answer->counted = *counted;
}

static void collect(struct raw *raw)
{
    int64_t until_ms = 0;

    raw->row_count = raw->answer_count = 0;
    while (raw->row_count < MAX_ROWS && raw->answer_count < MAX_ROWS) {
        struct bus_message message;
        int64_t wait_ms = raw->answer_count > 0 ? until_ms - clock_mono_ms() : 100;

        if (bus_receive(raw->bus, wait_ms > 0 ? wait_ms : 0, &message) != STATUS_OK)
            break;
        take(raw, &message);
        if (raw->answer_count == 1)
            until_ms = clock_mono_ms() + LINGER_MS;
        bus_message_release(&message);
    }
}

static bool write_all(struct raw *raw)
{
    char topic[TOPIC_SIZE];

    if (raw->row_count > 0 && store_transaction(raw->store, insert, raw) != STATUS_OK)
        return false;
    for (size_t i = 0; i < raw->answer_count; i++) {
        const struct answer *answer = &raw->answers[i];
        const struct span payload = span_of(&answer->counted, sizeof answer->counted);

        topic_make(topic, answer->device_id, TOPIC_STATE);
        while (bus_publish(raw->bus, 0, topic, payload) == STATUS_FULL)
            clock_sleep_ms(1);
    }
    return true;
}

static bool input_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

static bool start(struct raw *raw, char **words)
{
    static const uint8_t own_group[CRYPTO_KEY_SIZE] = "the benchmark's own subscription";
    char ca[512], cert[512], key[512], broker[64], problem[256];

    snprintf(ca, sizeof ca, "%s/root.pem", words[0]);
    snprintf(cert, sizeof cert, "%s/mynad-" SERVER ".pem", words[0]);
    snprintf(key, sizeof key, "%s/mynad-" SERVER ".key", words[0]);
    snprintf(broker, sizeof broker, "127.0.0.1:%s", words[2]);
    const struct bus_options options = {
        .brokers = &raw->brokers,
        .client_id = "Mynad_" SERVER,
        .ca_file = ca,
        .cert_file = cert,
        .key_file = key,
        .master_key = own_group,
    };

    if (span_to_int64(span_text(words[3]), &raw->records) != STATUS_OK || raw->records < 1 ||
        raw->records > LIMIT_BATCH_RECORDS)
        return false;
    if (store_open(&raw->store, words[1], 1, "ingest_raw", problem) != STATUS_OK) {
        fprintf(stderr, "ingest_raw: %s\n", problem);
        return false;
    }
    return brokers_parse(&raw->brokers, broker, broker, problem) == STATUS_OK &&
           arena_create(&raw->arena, ARENA_BYTES) == STATUS_OK &&
           bus_start(&raw->bus, &options) == STATUS_OK;
}

int main(int argc, char **argv)
{
    struct raw *raw = calloc(1, sizeof *raw);

    if (argc != 5 || !raw || !start(raw, argv + 1))
        return 2;
    while (!bus_is_connected(raw->bus) && !input_ended())
        clock_sleep_ms(10);
    puts("ready");
    fflush(stdout);
    bool good = true;
    while (good && !input_ended()) {
        collect(raw);
        good = raw->answer_count == 0 || write_all(raw);
    }
    bus_stop(raw->bus);
    brokers_release(&raw->brokers);
    store_close(raw->store);
    arena_free(raw->arena);
    free(raw);
    return !good;
}

/* api_fill.c - usage of the API benchmark's fleet: records of 30 days and the sums by hour that
 * mynad's jobs would have made of them, by COPY
 *
 * The robots are those of api_robots.sql; mynad must not run meanwhile. Each robot talks in two
 * hours of a day; two of five records are of the second contract. One connection takes the records
 * and one the sums, which are added up here from the very records sent. Either truncates its table
 * and copies into it in one transaction, with wal_level minimal nothing goes through the log; what
 * was there before is put back, and indexes are made last.
 *
 * usage: api_fill DATABASE DEVICES RECORDS
 */
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/store/copy.h"

#define DAYS         30
#define PIECE_BYTES  ((size_t)256 << 10)
#define HOUR_S       3600
#define DAY_S        86400
#define TALK_GROUPS  11 /* of robots: group g talks in the hours 2g and 2g + 1 */
#define STRIDE       7919
#define CONTRACTS    2
#define KINDS        2 /* 0: answered, 1: failed */
#define FAILED       5 /* wire.Outcome */
#define FAILED_CLASS 3

#define USAGE_COLUMNS 37
#define HOUR_COLUMNS  13

static const struct {
    const char *vendor, *model, *contract;
} contracts[CONTRACTS] = {{"dahan", "dahan-chat", "dahan-2026"},
                          {"erxian", "erxian-mini", "erxian-2026"}};

/* A table's constraints, indexes and triggers away, and back again. */
static const char tools[] =
    "SET synchronous_commit = off; SET maintenance_work_mem = '1GB';"
    "SET max_parallel_maintenance_workers = 2; SET search_path = pg_catalog; SET TIME ZONE 'UTC';"
    "CREATE TEMP TABLE made (n integer GENERATED ALWAYS AS IDENTITY, def text);"
    "CREATE FUNCTION pg_temp.strip(t regclass) RETURNS void LANGUAGE plpgsql AS $$"
    "DECLARE item record; BEGIN"
    " EXECUTE format('CREATE TEMP TABLE kept AS SELECT * FROM %s', t);"
    " FOR item IN SELECT conname, pg_get_constraintdef(oid) AS def FROM pg_constraint"
    "   WHERE conrelid = t AND contype IN ('p', 'u') LOOP"
    "  INSERT INTO made (def) VALUES (format('ALTER TABLE %s ADD CONSTRAINT %I %s', t,"
    "    item.conname, item.def));"
    "  EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', t, item.conname);"
    " END LOOP;"
    " FOR item IN SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS def"
    "   FROM pg_index WHERE indrelid = t LOOP"
    "  INSERT INTO made (def) VALUES (replace(item.def, ' ON ONLY ', ' ON '));"
    "  EXECUTE format('DROP INDEX %s', item.name);"
    " END LOOP;"
    " EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t);"
    " EXECUTE format('TRUNCATE %s', t);"
    "END $$;"
    "CREATE FUNCTION pg_temp.dress(t regclass) RETURNS void LANGUAGE plpgsql AS $$"
    "DECLARE item record; BEGIN"
    " EXECUTE format('INSERT INTO %s SELECT * FROM kept', t);"
    " FOR item IN SELECT def FROM made ORDER BY n LOOP EXECUTE item.def; END LOOP;"
    " EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', t);"
    "END $$";

/* A connection with a copy under way. */
struct side {
    PGconn *pg;
    struct copy copy;
    struct buffer out;
};

/* What one robot used of one contract in one hour. */
struct sum {
    int64_t attempts, failed, interrupted, input, output;
};

struct vendor_sum {
    int64_t attempts, first_token_ms;
};

struct fill {
    struct side records, sums;
    int64_t devices, total;
    int64_t first_day_s, now_s; /* of 1970; now is in the last day */
    int64_t stamp;
    int64_t hour_s; /* to which robot_sums belong; 0: none */
    struct sum robot_sums[CONTRACTS];
    struct vendor_sum vendor_sums[DAYS * 24][CONTRACTS][KINDS];
};

/* One robot on one day: its records first <= k < first + count. */
struct talk {
    int64_t robot; /* from 1 */
    int64_t day_s;
    int64_t first, count;
    char device_id[32];
    uint8_t journal_id[16];
};

static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "api_fill: %s: %s\n", what, detail);
    exit(1);
}

static void run(struct side *side, const char *sql)
{
    PGresult *result = PQexec(side->pg, sql);
    const ExecStatusType type = PQresultStatus(result);

    if (type != PGRES_COMMAND_OK && type != PGRES_TUPLES_OK && type != PGRES_COPY_IN)
        fail(sql, PQerrorMessage(side->pg));
    PQclear(result);
}

static void side_open(struct side *side, const char *database)
{
    side->pg = PQconnectdb(database);
    if (PQstatus(side->pg) != CONNECTION_OK)
        fail("connect", PQerrorMessage(side->pg));
    buffer_init(&side->out, 4 * PIECE_BYTES);
    run(side, tools);
}

static void send(struct side *side)
{
    const struct span text = buffer_span(&side->out);

    if (buffer_status(&side->out) != STATUS_OK ||
        PQputCopyData(side->pg, (const char *)text.data, (int)text.size) != 1)
        fail("copy", PQerrorMessage(side->pg));
    buffer_clear(&side->out);
}

static void side_row(struct side *side, unsigned columns)
{
    if (side->out.size > PIECE_BYTES)
        send(side);
    copy_row(&side->copy, columns);
}

static void side_begin(struct side *side, const char *sql)
{
    run(side, sql);
    copy_begin(&side->copy, &side->out);
}

static void side_end(struct side *side)
{
    copy_end(&side->copy);
    send(side);
    if (PQputCopyEnd(side->pg, NULL) != 1)
        fail("copy", PQerrorMessage(side->pg));
    for (PGresult *result; (result = PQgetResult(side->pg)) != NULL;) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail("copy", PQerrorMessage(side->pg));
        PQclear(result);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static void put_uuid(uint8_t out[16], uint64_t high, uint64_t low)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(high >> (56 - 8 * i));
        out[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
}

/* Millionths as the database reads them. */
static const char *money(int64_t millionths, char out[32])
{
    snprintf(out, 32, "%" PRId64 ".%06" PRId64, millionths / 1000000, millionths % 1000000);
    return out;
}

static int64_t price_of(int64_t output)
{
    return 2 * output;
}

static void flush_sums(struct fill *fill, const struct talk *talk)
{
    char price[32];

    for (unsigned c = 0; c < CONTRACTS; c++) {
        const struct sum *sum = &fill->robot_sums[c];

        if (sum->attempts == 0)
            continue;
        struct copy *copy = &fill->sums.copy;
        side_row(&fill->sums, HOUR_COLUMNS);
        copy_text(copy, talk->device_id);
        copy_time(copy, fill->hour_s * 1000);
        copy_text(copy, contracts[c].contract);
        copy_text(copy, contracts[c].vendor);
        copy_text(copy, contracts[c].model);
        copy_text(copy, "CNY");
        copy_bigint(copy, sum->attempts);
        copy_bigint(copy, sum->failed);
        copy_bigint(copy, sum->interrupted);
        copy_bigint(copy, sum->attempts);
        copy_bigint(copy, sum->input);
        copy_bigint(copy, sum->output);
        copy_numeric(copy, money(price_of(sum->output), price));
    }
    memset(fill->robot_sums, 0, sizeof fill->robot_sums);
}

/* What varies from record to record. */
struct record {
    int64_t k, at_s;
    unsigned contract;
    bool is_failed, is_interrupted;
    int64_t first_token_ms, input, output;
};

static void add_sums(struct fill *fill, const struct talk *talk, const struct record *record)
{
    const int64_t hour_s = record->at_s - record->at_s % HOUR_S;
    struct vendor_sum *vendor = &fill->vendor_sums[(hour_s - fill->first_day_s) / HOUR_S]
                                                  [record->contract][record->is_failed];

    if (hour_s != fill->hour_s)
        flush_sums(fill, talk);
    fill->hour_s = hour_s;
    struct sum *sum = &fill->robot_sums[record->contract];
    sum->attempts++;
    sum->failed += record->is_failed;
    sum->interrupted += record->is_interrupted;
    sum->input += record->input;
    sum->output += record->output;
    vendor->attempts++;
    vendor->first_token_ms += record->first_token_ms;
}

static void add_record(struct fill *fill, const struct talk *talk, const struct record *record)
{
    const int64_t mixed = talk->robot + record->k;
    struct copy *copy = &fill->records.copy;
    const uint64_t seed = (uint64_t)talk->robot << 24 ^ (uint64_t)record->k;
    uint8_t turn[16];
    char text[48];

    put_uuid(turn, mix(seed), mix(~seed));
    side_row(&fill->records, USAGE_COLUMNS);
    copy_text(copy, talk->device_id);
    copy_uuid(copy, talk->journal_id);
    copy_bigint(copy, record->k + 1);
    copy_time(copy, record->at_s * 1000);
    copy_time(copy, record->at_s * 1000);
    copy_uuid(copy, turn);
    copy_integer(copy, 1);
    copy_text(copy, contracts[record->contract].vendor);
    copy_text(copy, contracts[record->contract].model);
    copy_text(copy, contracts[record->contract].model);
    copy_text(copy, contracts[record->contract].contract);
    copy_integer(copy, 1);
    snprintf(text, sizeof text, "req-%" PRId64 "-%" PRId64, talk->robot, record->k);
    copy_text(copy, text);
    copy_smallint(copy, 1);
    copy_smallint(copy, record->is_failed ? FAILED : 1);
    copy_smallint(copy, record->is_failed ? FAILED_CLASS : 0);
    copy_integer(copy, 900 + mixed % 700);
    copy_integer(copy, record->first_token_ms);
    copy_integer(copy, 300 + mixed % 500);
    copy_boolean(copy, record->is_interrupted);
    copy_bigint(copy, 1);
    copy_bigint(copy, 400);
    copy_bigint(copy, 300);
    copy_bigint(copy, record->input);
    for (unsigned i = 0; i < 3; i++) /* cached, written to caches */
        copy_bigint(copy, 0);
    copy_bigint(copy, record->output);
    for (unsigned i = 0; i < 5; i++) /* reasoning to video */
        copy_bigint(copy, 0);
    copy_bigint(copy, 1);
    copy_numeric(copy, money(price_of(record->output), text));
    copy_text(copy, "CNY");
    copy_bigint(copy, fill->stamp);
}

/* The last day is today, however long that has lasted. */
static int64_t time_of(const struct fill *fill, const struct talk *talk, int64_t second)
{
    const int64_t lasted_s = fill->now_s - talk->day_s;

    return talk->day_s + (lasted_s < DAY_S ? second * (lasted_s - 1) / DAY_S : second);
}

/* The records of the day from the index `from` to before `until`, spread over one hour. */
static void talk_for(struct fill *fill, const struct talk *talk, int64_t hour, int64_t from,
                     int64_t until)
{
    for (int64_t i = from; i < until; i++) {
        const int64_t k = talk->first + i;
        const int64_t n = talk->robot;
        const int64_t second =
            hour * HOUR_S + ((i - from) * HOUR_S + n * 13 % HOUR_S) / (until - from);
        const struct record record = {
            .k = k,
            .at_s = time_of(fill, talk, second),
            .contract = (n + k) % 5 < 2,
            .is_failed = (n + k) % 50 == 0,
            .is_interrupted = (n + k) % 11 == 0,
            .first_token_ms = 200 + (n + k) % 400,
            .input = 150 + n * k % 300,
            .output = 40 + n * k % 160,
        };

        add_sums(fill, talk, &record);
        add_record(fill, talk, &record);
    }
    flush_sums(fill, talk);
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a <= 0 ? 0 : (a + b - 1) / b;
}

/* A robot's records are spread evenly over the days, each robot's with another start. */
static void find_talk(const struct fill *fill, int64_t robot, int64_t day, struct talk *out)
{
    const int64_t own =
        fill->total / fill->devices + (robot <= fill->total % fill->devices ? 1 : 0);
    const int64_t phase = robot * STRIDE % DAYS;

    *out = (struct talk){.robot = robot, .day_s = fill->first_day_s + day * DAY_S};
    out->first = ceil_div(day * own - phase, DAYS);
    out->count = (day == DAYS - 1 ? own : ceil_div((day + 1) * own - phase, DAYS)) - out->first;
    snprintf(out->device_id, sizeof out->device_id, "bench-%06" PRId64, robot);
    put_uuid(out->journal_id, 0x4000, UINT64_C(0x8000000000000000) | (uint64_t)robot);
}

/* The robots of one hour in an order that is not that of their names. */
static void fill_hour(struct fill *fill, int64_t day, int64_t hour)
{
    const int64_t group = hour / 2;
    const int64_t many = (fill->devices - group + TALK_GROUPS - 1) / TALK_GROUPS;
    const int64_t stride = many % STRIDE == 0 ? 1 : STRIDE;
    const bool is_today = day == DAYS - 1;

    for (int64_t i = 0; i < many; i++) {
        struct talk talk;

        find_talk(fill, i * stride % many * TALK_GROUPS + group + 1, day, &talk);
        const int64_t half = is_today ? talk.count : (talk.count + 1) / 2;
        if (hour % 2 == 0)
            talk_for(fill, &talk, hour, 0, half);
        else
            talk_for(fill, &talk, hour, half, talk.count);
    }
}

static void begin_part(struct fill *fill, int64_t day_s)
{
    char name[16];
    char sql[900];

    strftime(name, sizeof name, "%Y_%m", gmtime_r(&(time_t){day_s}, &(struct tm){0}));
    snprintf(sql, sizeof sql,
             "COPY myna.usage_%s (device_id, journal_id, seq, at, arrived_at, turn, attempt,"
             " vendor_id, model, model_served, contract_id, contract_version, vendor_request_id,"
             " provenance, outcome, error_class, duration_ms, first_token_ms, first_audio_ms,"
             " interrupted, generation, reserved_input, reserved_output, input_uncached,"
             " input_cached, cache_write_5m, cache_write_1h, output, reasoning, audio_in_ms,"
             " audio_out_chars, images, video_ms, requests, price, currency, stamp)"
             " FROM STDIN (FORMAT binary, FREEZE)",
             name);
    side_begin(&fill->records, sql);
}

/* A part is a month of UTC. */
static void fill_days(struct fill *fill)
{
    int month = -1;

    for (int64_t day = 0; day < DAYS; day++) {
        const int64_t day_s = fill->first_day_s + day * DAY_S;
        const int its_month = gmtime_r(&(time_t){day_s}, &(struct tm){0})->tm_mon;

        if (its_month != month) {
            if (month >= 0)
                side_end(&fill->records);
            begin_part(fill, day_s);
            month = its_month;
        }
        for (int64_t hour = 0; hour < (int64_t)2 * TALK_GROUPS; hour++)
            fill_hour(fill, day, hour);
    }
    side_end(&fill->records);
}

static void add_vendor_hour(struct fill *fill, int64_t hour, unsigned contract, unsigned kind)
{
    const struct vendor_sum *sum = &fill->vendor_sums[hour][contract][kind];
    char sql[700];

    snprintf(sql, sizeof sql,
             "INSERT INTO myna.vendor_hour AS h VALUES ('%s', to_timestamp(%" PRId64 "), '%s', %d,"
             " %" PRId64 ", %" PRId64 ", %" PRId64 ")"
             " ON CONFLICT (vendor_id, hour, model, error_class) DO UPDATE SET"
             " attempts = h.attempts + excluded.attempts,"
             " first_token_ms = h.first_token_ms + excluded.first_token_ms,"
             " first_tokens = h.first_tokens + excluded.first_tokens",
             contracts[contract].vendor, fill->first_day_s + hour * HOUR_S,
             contracts[contract].model, kind ? FAILED_CLASS : -1, sum->attempts,
             sum->first_token_ms, sum->attempts);
    run(&fill->sums, sql);
}

static void add_vendor_hours(struct fill *fill)
{
    for (int64_t hour = 0; hour < DAYS * 24; hour++)
        for (unsigned c = 0; c < CONTRACTS; c++)
            for (unsigned kind = 0; kind < KINDS; kind++)
                if (fill->vendor_sums[hour][c][kind].attempts > 0)
                    add_vendor_hour(fill, hour, c, kind);
}

static void begin(struct fill *fill, const char *database)
{
    side_open(&fill->records, database);
    side_open(&fill->sums, database);
    run(&fill->records, "BEGIN");
    PGresult *stamp = PQexec(fill->records.pg, "SELECT myna.usage_stamp()");
    if (PQresultStatus(stamp) != PGRES_TUPLES_OK)
        fail("stamp", PQerrorMessage(fill->records.pg));
    fill->stamp = strtoll(PQgetvalue(stamp, 0, 0), NULL, 10);
    PQclear(stamp);
    run(&fill->records, "SELECT pg_temp.strip('myna.usage')");
    run(&fill->sums, "BEGIN");
    run(&fill->sums, "SELECT pg_temp.strip('myna.usage_hour')");
    side_begin(&fill->sums,
               "COPY myna.usage_hour (device_id, hour, contract_id, vendor_id, model, currency,"
               " attempts, failed, interrupted, requests, input_uncached, output, price)"
               " FROM STDIN (FORMAT binary, FREEZE)");
}

/* Both tables' indexes at once. */
static void end(struct fill *fill)
{
    side_end(&fill->sums);
    if (!PQsendQuery(fill->sums.pg, "SELECT pg_temp.dress('myna.usage_hour')"))
        fail("indexes", PQerrorMessage(fill->sums.pg));
    run(&fill->records, "SELECT pg_temp.dress('myna.usage')");
    run(&fill->records, "COMMIT");
    for (PGresult *result; (result = PQgetResult(fill->sums.pg)) != NULL; PQclear(result))
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            fail("indexes", PQerrorMessage(fill->sums.pg));
    add_vendor_hours(fill);
    run(&fill->sums, "COMMIT");
    PQfinish(fill->records.pg);
    PQfinish(fill->sums.pg);
}

int main(int argc, char **argv)
{
    static struct fill fill;

    if (argc != 4)
        fail("usage", "api_fill DATABASE DEVICES RECORDS");
    fill.devices = strtoll(argv[2], NULL, 10);
    fill.total = strtoll(argv[3], NULL, 10);
    fill.now_s = time(NULL);
    fill.first_day_s = fill.now_s - fill.now_s % DAY_S - (int64_t)(DAYS - 1) * DAY_S;
    if (fill.devices < TALK_GROUPS || fill.total < fill.devices)
        fail("usage", "at least 11 robots, and a record for each");
    begin(&fill, argv[1]);
    fill_days(&fill);
    end(&fill);
    return 0;
}

/* The journal's credit over power cuts, epochs and forks (invariant I2): what it says is used is,
 * to the unit, what its records consumed since the account began; and nothing is used twice.
 *
 * Power loss is the file as it was before an operation, followed by as much of what the operation
 * wrote as was reached: the test cuts it at every byte, or at a random one. */
#include "agent/meter/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"
#include "schema/wire/measure.h"
#include "tests/support/dice.h"

#define NOW_MS      1700000000000
#define LINES       2
#define MAX_RECORDS 4000
#define MAX_UNDER   4

struct fixture {
    char folder[64];
    char path[96];
    struct journal *journal;
    wire_CreditLine lines[LINES];
    wire_UsageBatch batch;

    /* what the server knows */
    uint32_t epoch;
    uint64_t begins_at; /* the account: behind this record */
    uint64_t acknowledged;
    wire_UsageRecord records[MAX_RECORDS]; /* by seq */
    uint8_t hashes[MAX_RECORDS][CRYPTO_HASH_SIZE];
    uint64_t carried[LINES][LIMIT_MEASURES]; /* used or under way when the account began */

    wire_UsageRecord under_way[MAX_UNDER];
    size_t under_way_count;
    unsigned turns;
    struct span before; /* the file before the last operation; owned */
};

static void open_journal(struct fixture *fixture)
{
    const struct journal_options options = {
        .path = fixture->path,
        .device_id = "r1",
        .max_bytes = 64 << 10,
        .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
        .now_ms = NOW_MS + 5000,
    };

    assert_int_equal(journal_open(&fixture->journal, &options), STATUS_OK);
}

/* The first line counts tokens and requests, the second money and output. */
static void name_lines(struct fixture *fixture)
{
    fixture->lines[0] = (wire_CreditLine){
        .line_id = "a",
        .measures_count = 2,
        .measures =
            {{.unit = "tokens", .weights_count = 6, .weights = {1, 1, 1, 1, 1, 1}, .divisor = 1},
             {.unit = "requests",
              .weights_count = LIMIT_WEIGHTS,
              .weights = {[MEASURE_REQUESTS] = 1},
              .divisor = 1}},
    };
    fixture->lines[1] = (wire_CreditLine){
        .line_id = "b",
        .measures_count = 2,
        .measures = {{.unit = "CNY",
                      .weights_count = LIMIT_WEIGHTS,
                      .weights = {2000000000, 1000000000, [MEASURE_OUTPUT] = 8000000001},
                      .divisor = 1000000},
                     {.unit = "output", .weights_count = 5, .weights = {[MEASURE_OUTPUT] = 1}}},
    };
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-credit-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/journal", fixture->folder);
    fixture->epoch = 1;
    name_lines(fixture);
    open_journal(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    journal_close(fixture->journal);
    free((void *)fixture->before.data);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

/* ---- the file ---- */

static struct span read_file(const struct fixture *fixture)
{
    uint8_t *bytes;
    size_t size;

    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    return span_of(bytes, size);
}

static void keep_file(struct fixture *fixture)
{
    free((void *)fixture->before.data);
    fixture->before = read_file(fixture);
}

/* What the last operation appended lies between *first and *end; false: nothing, or it replaced the
 * file, which is atomic. */
static bool find_appended(const struct fixture *fixture, struct span now, size_t *first,
                          size_t *end)
{
    const struct span before = fixture->before;

    *end = now.size;
    while (*end > 0 && now.data[*end - 1] == 0) /* set aside; a sum of zeros at the end is rare */
        --*end;
    for (*first = 0; *first < before.size && *first < *end; ++*first)
        if (before.data[*first] != now.data[*first])
            break;
    for (size_t i = *first; i < before.size; i++)
        if (before.data[i] != 0)
            return false;
    return *first < *end;
}

/* Power is lost when so much of the file was written. */
static void lose_power(struct fixture *fixture, struct span bytes, size_t size)
{
    journal_close(fixture->journal);
    FILE *file = fopen(fixture->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    open_journal(fixture);
    fixture->under_way_count = 0;
}

/* ---- what the server learns ---- */

/* Reads what is pending, which a power cut may have changed, and returns the head. */
static uint64_t read_pending(struct fixture *fixture)
{
    wire_UsageBatch *batch = &fixture->batch;
    uint8_t hash[CRYPTO_HASH_SIZE];
    uint64_t seq = fixture->acknowledged;

    if (journal_next_batch(fixture->journal, LIMIT_BATCH_RECORDS, batch) != STATUS_OK) {
        wire_JournalHead head;

        journal_head(fixture->journal, &head);
        assert_int_equal(head.head_seq, seq);
        memcpy(fixture->hashes[seq], head.head_hash.bytes, CRYPTO_HASH_SIZE);
        return seq;
    }
    seq = fixture->acknowledged = batch->first_seq - 1;
    memcpy(hash, batch->previous_hash, sizeof hash);
    memcpy(fixture->hashes[seq], hash, sizeof hash);
    for (size_t i = 0; i < batch->records_count; i++) {
        const struct span bytes = span_of(batch->records[i].bytes, batch->records[i].size);

        assert_true(++seq < MAX_RECORDS);
        assert_int_equal(message_decode(MESSAGE_USAGE_RECORD, bytes, &fixture->records[seq]),
                         STATUS_OK);
        chain_next(hash, bytes);
        memcpy(fixture->hashes[seq], hash, sizeof hash);
    }
    return seq;
}

static uint64_t settled(const struct fixture *fixture, size_t line, size_t measure, uint64_t head)
{
    const wire_CreditLine *named = &fixture->lines[line];
    uint64_t sum = 0;

    for (uint64_t seq = fixture->begins_at + 1; seq <= head; seq++)
        if (strcmp(fixture->records[seq].line_id, named->line_id) == 0)
            sum += measure_consumed(&named->measures[measure], &fixture->records[seq]);
    return sum;
}

static uint64_t reserved(const struct fixture *fixture, size_t line, size_t measure)
{
    const wire_CreditLine *named = &fixture->lines[line];
    uint64_t sum = 0;

    for (size_t i = 0; i < fixture->under_way_count; i++)
        if (strcmp(fixture->under_way[i].line_id, named->line_id) == 0)
            sum += measure_worst_case(&named->measures[measure], &fixture->under_way[i]);
    return sum;
}

static const wire_CreditAmount *amount_in(const wire_CreditUse *uses, size_t count,
                                          const struct fixture *fixture, size_t line,
                                          size_t measure)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(uses[i].line_id, fixture->lines[line].line_id) == 0)
            return &uses[i].amounts[measure];
    return NULL;
}

static void check(struct fixture *fixture)
{
    const uint64_t head = read_pending(fixture);
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count;

    journal_credit(fixture->journal, uses, &count);
    for (size_t i = 0; i < LINES; i++) {
        for (size_t j = 0; j < fixture->lines[i].measures_count; j++) {
            const wire_CreditAmount *amount = amount_in(uses, count, fixture, i, j);

            if (!amount)
                continue;
            assert_int_equal(amount->used, settled(fixture, i, j, head));
            assert_int_equal(amount->open, reserved(fixture, i, j));
            assert_true(amount->granted_seen <= fixture->lines[i].measures[j].granted);
            assert_true(amount->used + amount->open + amount->returned <= amount->granted_seen ||
                        amount->used + amount->open <= fixture->carried[i][j]);
        }
    }
}

/* ---- operations ---- */

static void begin_account(struct fixture *fixture, uint64_t behind, uint64_t head)
{
    fixture->begins_at = behind;
    for (size_t i = 0; i < LINES; i++) {
        for (size_t j = 0; j < fixture->lines[i].measures_count; j++) {
            fixture->lines[i].measures[j].granted = fixture->lines[i].measures[j].return_to = 0;
            fixture->carried[i][j] = settled(fixture, i, j, head) + reserved(fixture, i, j);
        }
    }
}

static void tell_state(struct fixture *fixture)
{
    assert_int_equal(journal_grant(fixture->journal, fixture->epoch, fixture->lines, LINES),
                     STATUS_OK);
}

static void grant(struct fixture *fixture, uint64_t attempts)
{
    const wire_UsageRecord typical = {.reserved_input = 200, .reserved_output = 300};

    for (size_t i = 0; i < LINES; i++) {
        for (size_t j = 0; j < fixture->lines[i].measures_count; j++) {
            wire_CreditMeasure *measure = &fixture->lines[i].measures[j];
            measure->granted += attempts * measure_worst_case(measure, &typical);
        }
    }
    tell_state(fixture);
}

static void ask_back(struct fixture *fixture, uint64_t percent)
{
    for (size_t i = 0; i < LINES; i++)
        for (size_t j = 0; j < fixture->lines[i].measures_count; j++)
            fixture->lines[i].measures[j].return_to =
                fixture->lines[i].measures[j].granted * percent / 100;
    tell_state(fixture);
}

/* A restored server: it holds what is up to seq. */
static void raise_epoch(struct fixture *fixture, uint64_t seq)
{
    const uint64_t head = read_pending(fixture);
    wire_JournalHead own;

    journal_head(fixture->journal, &own);
    assert_int_equal(journal_rewind(fixture->journal, own.id, seq, fixture->hashes[seq]),
                     STATUS_OK);
    fixture->acknowledged = seq;
    fixture->epoch++;
    begin_account(fixture, seq, head);
    grant(fixture, 1);
}

static bool start(struct fixture *fixture, size_t line, uint64_t input, uint64_t output)
{
    wire_UsageRecord record = {
        .attempt = 1,
        .turn = {(uint8_t)++fixture->turns, (uint8_t)(fixture->turns >> 8)},
        .vendor = "v",
        .start_ms = NOW_MS,
        .reserved_input = input,
        .reserved_output = output,
    };

    if (fixture->under_way_count == MAX_UNDER)
        return false;
    memcpy(record.line_id, fixture->lines[line].line_id, 2);
    journal_clip(fixture->journal, &record);
    if (journal_begin(fixture->journal, &record) != STATUS_OK)
        return false;
    fixture->under_way[fixture->under_way_count++] = record;
    return true;
}

static void end(struct fixture *fixture, size_t index, wire_Provenance provenance, uint64_t output)
{
    wire_UsageRecord record = fixture->under_way[index];
    const bool not_sent = provenance == wire_Provenance_NOT_SENT;

    record.end_ms = NOW_MS + 1000;
    record.provenance = provenance;
    record.outcome = not_sent ? wire_Outcome_FAILED : wire_Outcome_ANSWERED;
    record.input_uncached = not_sent ? 0 : record.reserved_input / 3;
    record.output = output < record.reserved_output ? output : record.reserved_output;
    record.requests = not_sent ? 0 : 1;
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    fixture->under_way[index] = fixture->under_way[--fixture->under_way_count];
}

static void acknowledge(struct fixture *fixture)
{
    const uint64_t head = read_pending(fixture);

    if (head == fixture->acknowledged)
        return;
    assert_int_equal(journal_acknowledge(fixture->journal, fixture->batch.journal_id, head,
                                         fixture->hashes[head]),
                     STATUS_OK);
    fixture->acknowledged = head;
}

static void fork_journal(struct fixture *fixture)
{
    read_pending(fixture);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    fixture->acknowledged = 0;
    const uint64_t head = read_pending(fixture);
    begin_account(fixture, 0, head);
}

/* ---- tests ---- */

enum step { GRANT, START_A, START_B, END, ASK_BACK, EPOCH, LOST, REPEAT };

static void do_step(struct fixture *fixture, enum step step)
{
    switch (step) {
    case GRANT:
        grant(fixture, 5);
        break;
    case START_A:
        assert_true(start(fixture, 0, 200, 300));
        break;
    case START_B:
        assert_true(start(fixture, 1, 150, 250));
        break;
    case END:
        end(fixture, 0, wire_Provenance_VENDOR_FINAL, 77);
        break;
    case LOST:
        end(fixture, 0, wire_Provenance_ESTIMATED, 77);
        break;
    case ASK_BACK:
        ask_back(fixture, 90);
        break;
    case EPOCH:
        raise_epoch(fixture, 0);
        break;
    case REPEAT:
        tell_state(fixture);
        break;
    }
}

/* A journal of its own that went through the first steps. */
static void replay(struct fixture *fixture, const enum step *steps, size_t count)
{
    journal_close(fixture->journal);
    unlink(fixture->path);
    name_lines(fixture);
    fixture->epoch = 1;
    fixture->begins_at = fixture->acknowledged = 0;
    fixture->under_way_count = 0;
    memset(fixture->carried, 0, sizeof fixture->carried);
    open_journal(fixture);
    for (size_t i = 0; i < count; i++)
        do_step(fixture, steps[i]);
}

/* Afterwards the state comes again, as it does to a robot that starts. */
static unsigned cut_last(struct fixture *fixture, const enum step *steps, size_t count)
{
    size_t first = 0, end = 0;
    unsigned cuts = 0;

    replay(fixture, steps, count - 1);
    keep_file(fixture);
    do_step(fixture, steps[count - 1]);
    check(fixture);
    struct span now = read_file(fixture);
    if (find_appended(fixture, now, &first, &end)) {
        for (size_t cut = first; cut <= end; cut++, cuts++) {
            lose_power(fixture, now, cut);
            tell_state(fixture);
            check(fixture);
        }
    }
    free((void *)now.data);
    return cuts;
}

static void i2_power_may_fail_at_every_byte_that_credit_writes(void **state)
{
    static const enum step steps[] = {GRANT, START_A, END,      START_B, START_A, GRANT,
                                      LOST,  END,     ASK_BACK, GRANT,   START_A, ASK_BACK,
                                      EPOCH, END,     GRANT,    START_B, END,     REPEAT};
    unsigned cuts = 0;

    for (size_t count = 1; count <= sizeof steps / sizeof *steps; count++)
        cuts += cut_last(*state, steps, count);
    assert_true(cuts > 3000);
}

static void do_anything(struct fixture *fixture, struct dice *dice)
{
    static const wire_Provenance provenances[] = {
        wire_Provenance_VENDOR_FINAL, wire_Provenance_VENDOR_FINAL, wire_Provenance_VENDOR_FINAL,
        wire_Provenance_ESTIMATED,    wire_Provenance_NOT_SENT,     wire_Provenance_WORST_CASE};
    const uint64_t what = dice_below(dice, 100);

    if (what < 12)
        grant(fixture, dice_below(dice, 4));
    else if (what < 50)
        start(fixture, dice_below(dice, LINES), dice_below(dice, 400), dice_below(dice, 600));
    else if (what < 82 && fixture->under_way_count > 0)
        end(fixture, dice_below(dice, fixture->under_way_count), provenances[dice_below(dice, 6)],
            dice_below(dice, 600));
    else if (what < 90)
        acknowledge(fixture);
    else if (what < 95)
        ask_back(fixture, dice_below(dice, 101));
    else if (what < 97)
        raise_epoch(fixture,
                    fixture->acknowledged - dice_below(dice, 2) * (fixture->acknowledged > 0));
    else if (what < 98)
        fork_journal(fixture);
    else
        tell_state(fixture);
}

static void i2_used_is_what_the_records_consumed_whatever_happens(void **state)
{
    struct fixture *fixture = *state;
    struct dice dice;
    size_t first, end;
    unsigned cuts = 0;

    dice_init(&dice, 11, span_text("journal credit"));
    for (unsigned round = 0; round < 60; round++) {
        replay(fixture, NULL, 0);
        for (unsigned step = 0; step < 120; step++) {
            keep_file(fixture);
            do_anything(fixture, &dice);
            check(fixture);
            if (dice_below(&dice, 6) != 0)
                continue;
            struct span now = read_file(fixture);
            if (find_appended(fixture, now, &first, &end)) {
                lose_power(fixture, now, first + dice_below(&dice, end - first + 1));
                tell_state(fixture);
                check(fixture);
                cuts++;
            }
            free((void *)now.data);
        }
    }
    assert_true(cuts > 500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(i2_power_may_fail_at_every_byte_that_credit_writes),
        TEST(i2_used_is_what_the_records_consumed_whatever_happens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

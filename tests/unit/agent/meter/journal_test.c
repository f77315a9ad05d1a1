/* Real files in a temporary folder; power loss is a copy of the file, cut or kept. */
#include "agent/meter/journal.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/meter/frame.h"
#include "schema/base/file.h"
#include "schema/wire/measure.h"

#define NOW_MS  1700000000000
#define DAY_MS  86400000LL
#define HOUR_MS 3600000LL

struct fixture {
    char folder[64];
    char path[96];
    struct journal *journal;
    wire_UsageBatch batch;
};

static enum status open_as(struct fixture *fixture, const char *device_id, size_t max_bytes)
{
    const struct journal_options options = {
        .path = fixture->path,
        .device_id = device_id,
        .max_bytes = max_bytes,
        .safety = JOURNAL_SURVIVES_PROCESS_LOSS,
        .now_ms = NOW_MS + 5000,
    };

    return journal_open(&fixture->journal, &options);
}

static void open_journal(struct fixture *fixture)
{
    assert_int_equal(open_as(fixture, "r1", 0), STATUS_OK);
}

static void restart(struct fixture *fixture)
{
    journal_close(fixture->journal);
    open_journal(fixture);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-journal-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/journal", fixture->folder);
    open_journal(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    journal_close(fixture->journal);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static wire_UsageRecord attempt(unsigned number)
{
    wire_UsageRecord record = {
        .attempt = 1,
        .vendor = "dahan",
        .model = "m",
        .contract = "dahan-2026",
        .contract_version = 1,
        .start_ms = NOW_MS,
        .reserved_input = 100,
        .reserved_output = 200,
    };

    record.turn[0] = (uint8_t)number;
    record.turn[1] = (uint8_t)(number >> 8);
    return record;
}

static void answer(wire_UsageRecord *record, uint64_t output)
{
    record->end_ms = NOW_MS + 1000;
    record->provenance = wire_Provenance_VENDOR_FINAL;
    record->outcome = wire_Outcome_ANSWERED;
    record->input_uncached = 10;
    record->output = output;
    record->requests = 1;
}

static void use(struct journal *journal, unsigned number)
{
    wire_UsageRecord record = attempt(number);

    assert_int_equal(journal_begin(journal, &record), STATUS_OK);
    answer(&record, number);
    assert_int_equal(journal_close_attempt(journal, &record), STATUS_OK);
}

static wire_UsageRecord decoded(const wire_UsageBatch *batch, size_t index)
{
    wire_UsageRecord record;

    assert_true(index < batch->records_count);
    assert_int_equal(
        message_decode(MESSAGE_USAGE_RECORD,
                       span_of(batch->records[index].bytes, batch->records[index].size), &record),
        STATUS_OK);
    return record;
}

/* The chain behind the batch's last record, as a server computes it. */
static uint64_t chain_of(const wire_UsageBatch *batch, uint8_t hash[CRYPTO_HASH_SIZE])
{
    memcpy(hash, batch->previous_hash, CRYPTO_HASH_SIZE);
    for (size_t i = 0; i < batch->records_count; i++)
        chain_next(hash, span_of(batch->records[i].bytes, batch->records[i].size));
    return batch->first_seq + batch->records_count - 1;
}

static void next_batch(struct fixture *fixture, size_t max_records)
{
    assert_int_equal(journal_next_batch(fixture->journal, max_records, &fixture->batch), STATUS_OK);
}

/* Acknowledges max_records pending ones. */
static void acknowledge(struct fixture *fixture, size_t max_records)
{
    uint8_t hash[CRYPTO_HASH_SIZE];

    next_batch(fixture, max_records);
    uint64_t seq = chain_of(&fixture->batch, hash);
    assert_int_equal(journal_acknowledge(fixture->journal, fixture->batch.journal_id, seq, hash),
                     STATUS_OK);
}

static off_t file_size(const struct fixture *fixture)
{
    struct stat st;

    assert_int_equal(stat(fixture->path, &st), 0);
    return st.st_size;
}

static void records_come_back_oldest_first_after_a_restart(void **state)
{
    struct fixture *fixture = *state;

    use(fixture->journal, 1);
    use(fixture->journal, 2);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 2);
    assert_int_equal(fixture->batch.first_seq, 1);
    assert_int_equal(decoded(&fixture->batch, 0).output, 1);
    assert_int_equal(decoded(&fixture->batch, 1).output, 2);
    assert_int_equal(decoded(&fixture->batch, 1).seq, 2);
}

static void the_chain_starts_at_the_journals_own_hash_and_ends_at_its_head(void **state)
{
    struct fixture *fixture = *state;
    const struct chain_parent none = {0};
    uint8_t hash[CRYPTO_HASH_SIZE];
    wire_JournalHead head;

    use(fixture->journal, 1);
    use(fixture->journal, 2);
    next_batch(fixture, 40);
    chain_start("r1", fixture->batch.journal_id, &none, hash);
    assert_memory_equal(hash, fixture->batch.previous_hash, sizeof hash);
    chain_of(&fixture->batch, hash);
    journal_head(fixture->journal, &head);
    assert_int_equal(head.head_seq, 2);
    assert_int_equal(head.tail_seq, 1);
    assert_memory_equal(hash, head.head_hash.bytes, sizeof hash);
}

static void i1_an_attempt_open_at_power_loss_is_closed_at_its_worst_case_once(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(7);

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    restart(fixture);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 1);
    record = decoded(&fixture->batch, 0);
    assert_int_equal(record.turn[0], 7);
    assert_int_equal(record.provenance, wire_Provenance_WORST_CASE);
    assert_int_equal(record.outcome, wire_Outcome_LOST);
    assert_int_equal(record.input_uncached, 100);
    assert_int_equal(record.output, 200);
    assert_int_equal(record.requests, 1);
}

static void an_open_attempt_is_not_sent_and_takes_no_number(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord slow = attempt(1);
    wire_JournalHead head;

    assert_int_equal(journal_begin(fixture->journal, &slow), STATUS_OK);
    assert_int_equal(journal_next_batch(fixture->journal, 40, &fixture->batch), STATUS_NOT_FOUND);
    use(fixture->journal, 2);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 1);
    assert_int_equal(decoded(&fixture->batch, 0).turn[0], 2);
    journal_head(fixture->journal, &head);
    assert_int_equal(head.open_attempts, 1);
}

static void the_same_attempt_cannot_be_opened_twice_nor_closed_twice(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1);

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_EXISTS);
    answer(&record, 1);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_NOT_FOUND);
    assert_int_equal(journal_pending(fixture->journal), 1);
}

static void a_close_that_says_nothing_is_refused(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1);

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_INVALID);
    answer(&record, 1);
    record.provenance = wire_Provenance_NOT_SENT;
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_INVALID);
    record.requests = 0;
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
}

static void a_record_stays_pending_until_it_is_acknowledged_also_over_a_restart(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 1; i <= 5; i++)
        use(fixture->journal, i);
    acknowledge(fixture, 2);
    restart(fixture);
    assert_int_equal(journal_pending(fixture->journal), 3);
    next_batch(fixture, 2);
    assert_int_equal(fixture->batch.first_seq, 3);
    assert_int_equal(fixture->batch.records_count, 2);
    assert_int_equal(decoded(&fixture->batch, 0).output, 3);
}

static void an_old_acknowledgement_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE];

    use(fixture->journal, 1);
    use(fixture->journal, 2);
    next_batch(fixture, 1);
    chain_of(&fixture->batch, hash);
    acknowledge(fixture, 2);
    assert_int_equal(journal_acknowledge(fixture->journal, fixture->batch.journal_id, 1, hash),
                     STATUS_OK);
    assert_int_equal(journal_pending(fixture->journal), 0);
}

static void an_acknowledgement_of_another_history_is_refused(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE], id[16];

    use(fixture->journal, 1);
    next_batch(fixture, 1);
    memcpy(id, fixture->batch.journal_id, sizeof id);
    chain_of(&fixture->batch, hash);
    assert_int_equal(journal_acknowledge(fixture->journal, id, 2, hash), STATUS_CONFLICT);
    hash[0] ^= 1;
    assert_int_equal(journal_acknowledge(fixture->journal, id, 1, hash), STATUS_CONFLICT);
    hash[0] ^= 1;
    id[0] ^= 1;
    assert_int_equal(journal_acknowledge(fixture->journal, id, 1, hash), STATUS_STALE);
    assert_int_equal(journal_pending(fixture->journal), 1);
}

static void a_restored_server_is_sent_acknowledged_records_again(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE];

    for (unsigned i = 1; i <= 4; i++)
        use(fixture->journal, i);
    next_batch(fixture, 1);
    chain_of(&fixture->batch, hash);
    acknowledge(fixture, 4);
    assert_int_equal(journal_rewind(fixture->journal, fixture->batch.journal_id, 1, hash),
                     STATUS_OK);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.first_seq, 2);
    assert_int_equal(fixture->batch.records_count, 3);
}

static void i1_a_frame_cut_short_by_power_loss_is_dropped_and_its_number_used_again(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *bytes;
    size_t size;

    use(fixture->journal, 1);
    restart(fixture); /* cuts off what was set aside */
    off_t sound = file_size(fixture);
    use(fixture->journal, 2);
    restart(fixture);
    off_t whole = file_size(fixture);
    assert_true(whole > sound);
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);

    for (off_t cut = sound; cut < whole; cut++) {
        journal_close(fixture->journal);
        assert_int_equal(file_replace(fixture->path, span_of(bytes, (size_t)cut), 0600), STATUS_OK);
        open_journal(fixture);
        next_batch(fixture, 40);
        /* between the open and its close the attempt is an orphan, before that it never was */
        if (fixture->batch.records_count == 2)
            assert_int_equal(decoded(&fixture->batch, 1).provenance, wire_Provenance_WORST_CASE);
        use(fixture->journal, 3);
        next_batch(fixture, 40);
        assert_int_equal(decoded(&fixture->batch, fixture->batch.records_count - 1u).seq,
                         fixture->batch.records_count);
    }
    free(bytes);
}

/* Acknowledgements are not waited for: of two in different sectors the later one alone may reach
 * the disk. That robot's journal was once put aside as damaged, with all that was pending. */
static void i1_acknowledgements_lost_out_of_order_by_power_loss_are_no_damage(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *bytes;
    size_t size;

    for (unsigned i = 1; i <= 4; i++)
        use(fixture->journal, i);
    restart(fixture); /* cuts off what was set aside */
    const size_t sound = (size_t)file_size(fixture);
    acknowledge(fixture, 1);
    acknowledge(fixture, 2);
    journal_close(fixture->journal);
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    assert_true(size > sound);
    memset(bytes + sound, 0, (size - sound) / 2);
    assert_int_equal(file_replace(fixture->path, span_of(bytes, size), 0600), STATUS_OK);
    open_journal(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.first_seq, 1);
    assert_int_equal(fixture->batch.records_count, 4);
    free(bytes);
}

/* A disk that became full after a fork once refused the close of an attempt that was under way. */
static void i1_a_fork_keeps_the_room_for_the_closes_of_attempts_under_way(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1);

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    const off_t size = file_size(fixture);
    answer(&record, 1);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    assert_int_equal(file_size(fixture), size);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 1);
}

static void damage_before_the_end_is_reported_and_not_touched(void **state)
{
    struct fixture *fixture = *state;
    uint8_t *bytes, *after;
    size_t size, after_size;

    use(fixture->journal, 1);
    use(fixture->journal, 2);
    restart(fixture);
    journal_close(fixture->journal);
    fixture->journal = NULL;
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    bytes[size / 2] ^= 0x10;
    assert_int_equal(file_replace(fixture->path, span_of(bytes, size), 0600), STATUS_OK);
    assert_int_equal(open_as(fixture, "r1", 0), STATUS_CORRUPT);
    assert_int_equal(file_read(fixture->path, 1 << 20, &after, &after_size), STATUS_OK);
    assert_int_equal(after_size, size);
    assert_memory_equal(after, bytes, size);
    free(bytes);
    free(after);
}

static void another_robots_journal_is_refused(void **state)
{
    struct fixture *fixture = *state;

    journal_close(fixture->journal);
    fixture->journal = NULL;
    assert_int_equal(open_as(fixture, "r2", 0), STATUS_CORRUPT);
}

/* Uses attempts from number on until one is refused, and returns its number. */
/* One attempt an hour: no two of them fold into one. */
static unsigned use_until_full(struct fixture *fixture, unsigned number)
{
    for (;; number++) {
        wire_UsageRecord record = attempt(number);
        record.start_ms += number * HOUR_MS;
        enum status status = journal_begin(fixture->journal, &record);

        if (status == STATUS_FULL)
            return number;
        assert_int_equal(status, STATUS_OK);
        answer(&record, 1);
        assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    }
}

static void a_full_journal_refuses_attempts_but_can_still_close_and_drain(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord open = attempt(9999);

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    assert_int_equal(journal_begin(fixture->journal, &open), STATUS_OK);
    unsigned full_at = use_until_full(fixture, 1);
    assert_true(full_at > 20);
    answer(&open, 1);
    assert_int_equal(journal_close_attempt(fixture->journal, &open), STATUS_OK);
    full_at = use_until_full(fixture, full_at);
    assert_true(file_size(fixture) <= 16384);
    assert_int_equal(journal_pending(fixture->journal), full_at);
    while (journal_pending(fixture->journal) > 0)
        acknowledge(fixture, 40);
    use(fixture->journal, full_at);
}

/* What all pending records add up to, taking batches from the journal and acknowledging them. */
static wire_UsageRecord drain(struct fixture *fixture, unsigned *records)
{
    wire_UsageRecord sum = wire_UsageRecord_init_zero;
    uint8_t hash[CRYPTO_HASH_SIZE];

    *records = 0;
    while (journal_next_batch(fixture->journal, 40, &fixture->batch) == STATUS_OK) {
        for (size_t i = 0; i < fixture->batch.records_count; i++, ++*records) {
            wire_UsageRecord record = decoded(&fixture->batch, i);

            assert_int_equal(record.seq, fixture->batch.first_seq + i);
            record.requests += sum.requests;
            record.output += sum.output;
            sum = record;
        }
        uint64_t seq = chain_of(&fixture->batch, hash);
        assert_int_equal(
            journal_acknowledge(fixture->journal, fixture->batch.journal_id, seq, hash), STATUS_OK);
    }
    return sum;
}

static void i1_a_full_journal_folds_what_was_never_sent_and_loses_no_token(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord slow = attempt(9999);
    unsigned records;
    uint64_t output = 0;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    assert_int_equal(journal_begin(fixture->journal, &slow), STATUS_OK);
    for (unsigned i = 1; i <= 500; i++) {
        use(fixture->journal, i);
        output += i;
    }
    assert_true(file_size(fixture) <= 16384);
    answer(&slow, 7);
    assert_int_equal(journal_close_attempt(fixture->journal, &slow), STATUS_OK);
    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    const wire_UsageRecord sum = drain(fixture, &records);
    assert_true(records < 200);
    assert_int_equal(sum.requests, 501);
    assert_int_equal(sum.output, output + 7);
}

static void i1_numbers_and_chain_go_on_from_what_is_acknowledged_when_the_rest_folds(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE];
    unsigned records;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 1; i <= 5; i++)
        use(fixture->journal, i);
    acknowledge(fixture, 5);
    chain_of(&fixture->batch, hash);
    for (unsigned i = 6; i <= 300; i++)
        use(fixture->journal, i);
    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.first_seq, 6);
    assert_memory_equal(fixture->batch.previous_hash, hash, sizeof hash);
    assert_int_equal(drain(fixture, &records).requests, 295);
}

/* The server may have counted it, so it must come again as it was. */
static void i1_what_was_in_a_batch_is_not_folded_also_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE], again[CRYPTO_HASH_SIZE];
    unsigned records;

    for (int restarted = 0; restarted <= 1; restarted++) {
        journal_close(fixture->journal);
        unlink(fixture->path);
        assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
        for (unsigned i = 1; i <= 5; i++)
            use(fixture->journal, i);
        next_batch(fixture, 3);
        chain_of(&fixture->batch, hash);
        if (restarted) {
            journal_close(fixture->journal);
            assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
        }
        for (unsigned i = 6; i <= 300; i++)
            use(fixture->journal, i);
        next_batch(fixture, 3);
        chain_of(&fixture->batch, again);
        assert_memory_equal(again, hash, sizeof hash);
        assert_int_equal(decoded(&fixture->batch, 2).turn[0], 3);
        assert_int_equal(drain(fixture, &records).requests, 300);
        assert_true(records < 150);
    }
}

/* It was written before there was a mark of what was sent: any record may have been. */
static void i1_records_of_a_file_without_a_mark_are_not_folded(void **state)
{
    struct fixture *fixture = *state;
    unsigned records;
    struct buffer old;
    struct frame frame;
    uint8_t *bytes = NULL;
    size_t size;

    for (unsigned i = 1; i <= 20; i++)
        use(fixture->journal, i);
    journal_close(fixture->journal);
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    buffer_init(&old, 1 << 20);
    for (size_t at = 0; frame_read(span_of(bytes + at, size - at), &frame) == STATUS_OK;
         at += frame.size) {
        if (frame.kind != FRAME_SENT)
            buffer_add(&old, span_of(bytes + at, frame.size));
    }
    assert_int_equal(file_replace(fixture->path, buffer_span(&old), 0600), STATUS_OK);
    buffer_release(&old);
    free(bytes);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 21; i <= 200; i++)
        use(fixture->journal, i);
    next_batch(fixture, 40);
    assert_int_equal(decoded(&fixture->batch, 19).turn[0], 20);
    assert_int_equal(drain(fixture, &records).requests, 200);
    assert_true(records < 100);
}

/* In the parent they may have been counted by their attempts, which a summary does not tell. */
static void i1_what_a_forked_journal_filed_again_is_not_folded(void **state)
{
    struct fixture *fixture = *state;
    unsigned records;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 1; i <= 10; i++)
        use(fixture->journal, i);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 11; i <= 200; i++)
        use(fixture->journal, i);
    next_batch(fixture, 40);
    assert_int_equal(decoded(&fixture->batch, 9).turn[0], 10);
    assert_int_equal(decoded(&fixture->batch, 9).attempt, 1);
    assert_int_equal(drain(fixture, &records).requests, 200);
    assert_true(records < 100);
}

/* Stands in for a file system that turned read-only under an open file. */
static bool disk_is_read_only;

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
    return disk_is_read_only ? EROFS : __real_posix_fallocate(fd, offset, size);
}

static void a_disk_that_is_read_only_refuses_attempts_and_keeps_what_it_holds(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(2);
    unsigned used = 1;

    use(fixture->journal, used);
    disk_is_read_only = true;
    while (journal_begin(fixture->journal, &record) == STATUS_OK) {
        answer(&record, 1); /* what was set aside before is still there */
        assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
        record = attempt(++used + 1);
        assert_true(used < 10000);
    }
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_FULL);
    assert_int_equal(journal_pending(fixture->journal), used);
    disk_is_read_only = false;
    use(fixture->journal, used + 1);
    assert_int_equal(journal_pending(fixture->journal), used + 1);
}

/* Set back in memory alone, it forgot at the next start that the server had lost records: they were
 * never sent again, and their credit could be used twice. */
static void i1_a_journal_that_cannot_remember_to_be_set_back_stays_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    uint8_t hash[CRYPTO_HASH_SIZE];
    enum status status = STATUS_OK;

    for (unsigned i = 1; i <= 4; i++)
        use(fixture->journal, i);
    next_batch(fixture, 1);
    chain_of(&fixture->batch, hash);
    acknowledge(fixture, 4);
    disk_is_read_only = true;
    for (unsigned i = 0; status == STATUS_OK && i < 10000; i++) {
        status = journal_rewind(fixture->journal, fixture->batch.journal_id, 1, hash);
        if (status == STATUS_OK) /* there was room set aside */
            acknowledge(fixture, 3);
    }
    disk_is_read_only = false;
    assert_int_equal(status, STATUS_FULL);
    assert_int_equal(journal_pending(fixture->journal), 0);
    assert_int_equal(journal_rewind(fixture->journal, fixture->batch.journal_id, 1, hash),
                     STATUS_OK);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.first_seq, 2);
}

/* After a fork no more is set aside than the closes need: a grant took it, and the attempt was
 * booked at its worst case. */
static void i1_on_a_full_disk_a_grant_leaves_the_room_for_the_closes_of_attempts(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1);
    const wire_CreditLine line = {.line_id = "a", .unlimited = true};

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    const off_t size = file_size(fixture);
    disk_is_read_only = true;
    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_FULL);
    answer(&record, 1);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    disk_is_read_only = false;
    assert_int_equal(file_size(fixture), size);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(decoded(&fixture->batch, 0).provenance, wire_Provenance_VENDOR_FINAL);
}

static void numbers_and_chain_go_on_when_acknowledged_records_made_room(void **state)
{
    struct fixture *fixture = *state;
    wire_JournalHead head;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 1; i <= 500; i++) {
        use(fixture->journal, i);
        acknowledge(fixture, 1);
        assert_int_equal(fixture->batch.first_seq, i);
    }
    journal_head(fixture->journal, &head);
    assert_int_equal(head.head_seq, 500);
    assert_true(head.tail_seq > 400);
    assert_true(file_size(fixture) <= 16384);
    use(fixture->journal, 501);
    restart(fixture);
    acknowledge(fixture, 1);
    assert_int_equal(fixture->batch.first_seq, 501);
}

static void i1_what_was_dropped_is_known_by_its_sum_also_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    wire_JournalDropped dropped = wire_JournalDropped_init_zero;
    wire_JournalHead head;
    uint64_t output = 0;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    assert_false(journal_dropped(fixture->journal, &dropped));
    for (unsigned i = 1; i <= 300; i++) {
        use(fixture->journal, i);
        acknowledge(fixture, 1);
        if (i % 50 == 0) {
            journal_close(fixture->journal);
            assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
        }
    }
    journal_head(fixture->journal, &head);
    assert_true(journal_dropped(fixture->journal, &dropped));
    assert_int_equal(dropped.sum.seq, head.tail_seq - 1);
    assert_true(dropped.sum.seq > 100);
    for (uint64_t i = 1; i <= dropped.sum.seq; i++)
        output += i;
    assert_int_equal(dropped.sum.output, output);
    assert_int_equal(dropped.sum.input_uncached, 10 * dropped.sum.seq);
    assert_int_equal(dropped.sum.requests, dropped.sum.seq);
    assert_string_equal(dropped.sum.contract, "dahan-2026");
}

/* Such a file was written before there were sums: its journal drops records without one. */
static void a_journal_that_dropped_records_before_there_were_sums_tells_none(void **state)
{
    struct fixture *fixture = *state;
    wire_JournalDropped dropped;
    struct buffer old;
    uint8_t *bytes = NULL;
    size_t size, kept = 0;
    struct frame frame;

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    for (unsigned i = 1; i <= 100; i++) {
        use(fixture->journal, i);
        acknowledge(fixture, 1);
    }
    journal_close(fixture->journal);
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    buffer_init(&old, 1 << 20);
    for (size_t at = 0; frame_read(span_of(bytes + at, size - at), &frame) == STATUS_OK;
         at += frame.size) {
        if (frame.kind != FRAME_DROPPED)
            buffer_add(&old, span_of(bytes + at, frame.size));
        else
            kept++;
    }
    assert_int_equal(kept, 1);
    assert_int_equal(file_replace(fixture->path, buffer_span(&old), 0600), STATUS_OK);
    buffer_release(&old);
    free(bytes);
    open_journal(fixture);
    assert_false(journal_dropped(fixture->journal, &dropped));
    for (unsigned i = 101; i <= 200; i++) {
        use(fixture->journal, i);
        acknowledge(fixture, 1);
    }
    restart(fixture);
    assert_false(journal_dropped(fixture->journal, &dropped));
}

/* Counts input and output tokens. */
static wire_CreditLine token_line(uint64_t granted)
{
    return (wire_CreditLine){
        .line_id = "l1",
        .measures_count = 1,
        .measures =
            {{.weights_count = 6, .weights = {1, 1, 1, 1, 1, 1}, .divisor = 1, .granted = granted}},
    };
}

static wire_CreditAmount credit_of(struct fixture *fixture)
{
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    pb_size_t count;

    journal_credit(fixture->journal, lines, &count);
    assert_int_equal(count, 1);
    return lines[0].amounts[0];
}

static void an_attempt_under_way_survives_making_room(void **state)
{
    struct fixture *fixture = *state;
    const wire_CreditLine line = token_line(700);
    wire_UsageRecord slow = attempt(9999);

    journal_close(fixture->journal);
    assert_int_equal(open_as(fixture, "r1", 16384), STATUS_OK);
    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    memcpy(slow.line_id, "l1", 3);
    assert_int_equal(journal_begin(fixture->journal, &slow), STATUS_OK);
    for (unsigned i = 1; i <= 100; i++) {
        use(fixture->journal, i);
        acknowledge(fixture, 1);
    }
    assert_int_equal(credit_of(fixture).open, 300);
    answer(&slow, 77);
    assert_int_equal(journal_close_attempt(fixture->journal, &slow), STATUS_OK);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 1);
    assert_int_equal(decoded(&fixture->batch, 0).output, 77);
}

static void acknowledged_records_are_dropped_after_thirty_days(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord young = attempt(3);
    wire_JournalHead head;

    use(fixture->journal, 1);
    use(fixture->journal, 2);
    assert_int_equal(journal_begin(fixture->journal, &young), STATUS_OK);
    answer(&young, 3);
    young.end_ms = NOW_MS + 5 * DAY_MS;
    assert_int_equal(journal_close_attempt(fixture->journal, &young), STATUS_OK);
    use(fixture->journal, 4);
    journal_set_clock(fixture->journal, 0, NOW_MS + 29 * DAY_MS);
    acknowledge(fixture, 1);
    journal_head(fixture->journal, &head);
    assert_int_equal(head.tail_seq, 1);
    journal_set_clock(fixture->journal, 0, NOW_MS + 32 * DAY_MS);
    acknowledge(fixture, 2);
    journal_head(fixture->journal, &head);
    assert_int_equal(head.tail_seq, 3); /* the young one, and what is pending */
    assert_int_equal(head.head_seq, 4);
}

static void no_more_attempts_are_open_at_once_than_the_limit(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record;

    for (unsigned i = 0; i < JOURNAL_MAX_OPEN; i++) {
        record = attempt(i);
        assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    }
    record = attempt(100);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_FULL);
}

static void a_forked_journal_names_its_parent_and_refiles_what_was_pending(void **state)
{
    struct fixture *fixture = *state;
    uint8_t parent[16], hash[CRYPTO_HASH_SIZE];
    struct chain_parent named;
    wire_UsageRecord slow = attempt(9);
    wire_JournalHead head;

    for (unsigned i = 1; i <= 3; i++)
        use(fixture->journal, i);
    acknowledge(fixture, 1);
    memcpy(parent, fixture->batch.journal_id, sizeof parent);
    chain_of(&fixture->batch, named.hash);
    assert_int_equal(journal_begin(fixture->journal, &slow), STATUS_OK);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);

    journal_head(fixture->journal, &head);
    assert_memory_not_equal(head.id, parent, sizeof parent);
    assert_memory_equal(head.parent_id.bytes, parent, sizeof parent);
    assert_int_equal(head.parent_seq, 1);
    assert_memory_equal(head.parent_hash.bytes, named.hash, sizeof named.hash);
    assert_int_equal(head.open_attempts, 1);

    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.first_seq, 1);
    assert_int_equal(fixture->batch.records_count, 2);
    assert_int_equal(decoded(&fixture->batch, 0).output, 2);
    assert_int_equal(decoded(&fixture->batch, 0).seq, 1);
    memcpy(named.id, parent, sizeof parent);
    named.seq = 1;
    chain_start("r1", head.id, &named, hash);
    assert_memory_equal(fixture->batch.previous_hash, hash, sizeof hash);

    answer(&slow, 9);
    assert_int_equal(journal_close_attempt(fixture->journal, &slow), STATUS_OK);
    restart(fixture);
    assert_int_equal(journal_pending(fixture->journal), 3);
    journal_head(fixture->journal, &head);
    assert_int_equal(head.refiled, 2);
}

static void attempts_carry_the_clock_of_the_newest_state_also_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(2);

    use(fixture->journal, 1);
    journal_set_clock(fixture->journal, -4321, NOW_MS - 10);
    acknowledge(fixture, 1);
    restart(fixture);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(record.clock_offset_ms, -4321);
    assert_int_equal(record.state_time_ms, NOW_MS - 10);
}

static void i2_used_credit_is_as_durable_as_the_records(void **state)
{
    struct fixture *fixture = *state;
    const wire_CreditLine line = token_line(700);
    wire_UsageRecord record = attempt(1), lost = attempt(2), third = attempt(3);

    memcpy(record.line_id, "l1", 3);
    memcpy(lost.line_id, "l1", 3);
    memcpy(third.line_id, "l1", 3);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_DENIED);
    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    assert_int_equal(credit_of(fixture).open, 300);
    answer(&record, 50);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    assert_int_equal(credit_of(fixture).used, 60);
    assert_int_equal(credit_of(fixture).open, 0);

    assert_int_equal(journal_begin(fixture->journal, &lost), STATUS_OK);
    restart(fixture); /* closed at its worst case */
    assert_int_equal(credit_of(fixture).used, 360);
    assert_int_equal(credit_of(fixture).granted_seen, 700);
    assert_int_equal(journal_begin(fixture->journal, &third), STATUS_OK);
    answer(&third, 50);
    assert_int_equal(journal_close_attempt(fixture->journal, &third), STATUS_OK);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    restart(fixture);
    assert_int_equal(credit_of(fixture).used, 420);
    record = attempt(4);
    memcpy(record.line_id, "l1", 3);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_DENIED);
}

/* Robots that were built before lines had measures left such frames. */
static void credit_of_before_there_were_measures_is_still_read(void **state)
{
    struct fixture *fixture = *state;
    uint8_t payload[4 + 2 * 73] = {3}, *bytes;
    wire_UsageRecord on_free = attempt(1), on_bound = attempt(2);
    wire_CreditUse lines[LIMIT_CREDIT_LINES];
    struct buffer file;
    pb_size_t count;
    size_t size;

    memcpy(payload + 4, "free", 4);
    payload[4 + 48] = 1;
    memcpy(payload + 4 + 73, "bound", 5);
    payload[4 + 73 + 49] = 200; /* granted, in tokens */
    use(fixture->journal, 1);
    restart(fixture);
    journal_close(fixture->journal);
    assert_int_equal(file_read(fixture->path, 1 << 20, &bytes, &size), STATUS_OK);
    buffer_init(&file, 1 << 20);
    buffer_add(&file, span_of(bytes, size));
    frame_add(&file, FRAME_TOKENS, span_of(payload, sizeof payload));
    assert_int_equal(file_replace(fixture->path, buffer_span(&file), 0600), STATUS_OK);
    buffer_release(&file);
    free(bytes);

    open_journal(fixture);
    journal_credit(fixture->journal, lines, &count);
    assert_int_equal(count, 2);
    assert_string_equal(lines[0].line_id, "free");
    assert_int_equal(lines[0].amounts_count + lines[1].amounts_count, 0);
    memcpy(on_free.line_id, "free", 5);
    memcpy(on_bound.line_id, "bound", 6);
    assert_int_equal(journal_begin(fixture->journal, &on_free), STATUS_OK);
    assert_int_equal(journal_begin(fixture->journal, &on_bound), STATUS_DENIED);
    const wire_CreditLine stale = token_line(700);
    assert_int_equal(journal_grant(fixture->journal, 2, &stale, 1), STATUS_STALE);
    assert_int_equal(journal_grant(fixture->journal, 3, &stale, 1), STATUS_OK);
    restart(fixture);
    journal_credit(fixture->journal, lines, &count);
    assert_int_equal(count, 3);
    assert_int_equal(lines[2].amounts[0].granted_seen, 700);
}

static void i2_a_forked_journal_has_no_credit_and_has_used_what_it_filed_again(void **state)
{
    struct fixture *fixture = *state;
    const wire_CreditLine line = token_line(5000);

    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    for (unsigned i = 1; i <= 3; i++) {
        wire_UsageRecord record = attempt(i);

        memcpy(record.line_id, "l1", 3);
        assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
        answer(&record, 90);
        assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    }
    acknowledge(fixture, 1);
    assert_int_equal(credit_of(fixture).used, 300);
    assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(credit_of(fixture).granted_seen, 0);
        assert_int_equal(credit_of(fixture).used, 200);
        restart(fixture);
    }
}

static void sixteen_lines_with_four_measures_each_survive_a_restart(void **state)
{
    struct fixture *fixture = *state;
    wire_CreditLine lines[LIMIT_CREDIT_LINES];
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count;

    for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++) {
        lines[i] = (wire_CreditLine){.measures_count = LIMIT_MEASURES};
        memset(lines[i].line_id, 'a' + (int)i, LIMIT_SLUG);
        for (size_t j = 0; j < LIMIT_MEASURES; j++) {
            lines[i].measures[j].weights_count = LIMIT_WEIGHTS;
            memset(lines[i].measures[j].weights, 0xff, sizeof lines[i].measures[j].weights);
            lines[i].measures[j].divisor = UINT64_MAX - i;
            lines[i].measures[j].granted = UINT64_MAX - i * LIMIT_MEASURES - j;
        }
    }
    assert_int_equal(journal_grant(fixture->journal, 1, lines, LIMIT_CREDIT_LINES), STATUS_OK);
    for (unsigned round = 0; round < 2; round++) {
        restart(fixture);
        journal_credit(fixture->journal, uses, &count);
        assert_int_equal(count, LIMIT_CREDIT_LINES);
        for (size_t i = 0; i < LIMIT_CREDIT_LINES; i++) {
            assert_string_equal(uses[i].line_id, lines[i].line_id);
            for (size_t j = 0; j < LIMIT_MEASURES; j++)
                assert_true(uses[i].amounts[j].granted_seen == lines[i].measures[j].granted);
        }
        assert_int_equal(journal_grant(fixture->journal, 1, lines, LIMIT_CREDIT_LINES), STATUS_OK);
        assert_int_equal(journal_credit_events(fixture->journal).lines_refused, 0);
        assert_int_equal(journal_fork(fixture->journal), STATUS_OK);
        assert_int_equal(journal_grant(fixture->journal, 1, lines, LIMIT_CREDIT_LINES), STATUS_OK);
    }
}

/* It wanted all that it had ever used, at once. */
static void after_a_restart_no_more_is_wanted_than_before_it(void **state)
{
    struct fixture *fixture = *state;
    wire_CreditLine line = {
        .line_id = "l1",
        .measures_count = 1,
        .measures = {{.weights_count = LIMIT_WEIGHTS,
                      .weights = {[MEASURE_REQUESTS] = 1},
                      .divisor = 1,
                      .granted = 20}},
    };
    wire_CreditUse uses[LIMIT_CREDIT_LINES];
    pb_size_t count;

    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    for (unsigned i = 1; i <= 19; i++) {
        wire_UsageRecord record = attempt(i);

        memcpy(record.line_id, line.line_id, sizeof record.line_id);
        assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
        answer(&record, 1);
        assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    }
    restart(fixture);
    journal_credit(fixture->journal, uses, &count);
    assert_int_equal(uses[0].amounts[0].used, 19);
    assert_int_equal(uses[0].amounts[0].wanted, 0);
}

static void a_record_with_every_text_at_its_limit_still_fits(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1);
    wire_CreditLine line = {.unlimited = true};

    memset(line.line_id, 'l', LIMIT_SLUG);
    assert_int_equal(journal_grant(fixture->journal, 1, &line, 1), STATUS_OK);
    memcpy(record.line_id, line.line_id, sizeof record.line_id);
    memset(record.vendor, 'v', LIMIT_SLUG);
    memset(record.model, 'm', LIMIT_MODEL);
    memset(record.model_served, 's', LIMIT_MODEL);
    memset(record.contract, 'c', LIMIT_SLUG);
    memset(record.service_tier, 't', sizeof record.service_tier - 1);
    memset(record.vendor_request_id, 'r', sizeof record.vendor_request_id - 1);
    record.generation = UINT64_MAX;
    journal_set_clock(fixture->journal, -1, NOW_MS);
    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    answer(&record, UINT64_MAX);
    record.reasoning = record.input_cached = record.input_uncached = UINT32_MAX;
    record.audio_in_ms = record.audio_out_chars = UINT32_MAX;
    record.cache_write_5m = record.cache_write_1h = UINT64_MAX;
    record.images = record.video_ms = UINT64_MAX;
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_OK);
    next_batch(fixture, 1);
    assert_memory_equal(decoded(&fixture->batch, 0).model_served, record.model_served, LIMIT_MODEL);
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void after_a_disk_error_nothing_is_written_until_a_restart(void **state)
{
    struct fixture *fixture = *state;
    wire_UsageRecord record = attempt(1), next = attempt(2);

    assert_int_equal(journal_begin(fixture->journal, &record), STATUS_OK);
    answer(&record, 1);
    signal(SIGXFSZ, SIG_IGN);
    limit_file_size(100);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_IO);
    limit_file_size(RLIM_INFINITY);
    assert_int_equal(journal_close_attempt(fixture->journal, &record), STATUS_IO);
    assert_int_equal(journal_begin(fixture->journal, &next), STATUS_IO);
    restart(fixture);
    next_batch(fixture, 40);
    assert_int_equal(fixture->batch.records_count, 1);
    assert_int_equal(decoded(&fixture->batch, 0).provenance, wire_Provenance_WORST_CASE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_come_back_oldest_first_after_a_restart),
        TEST(the_chain_starts_at_the_journals_own_hash_and_ends_at_its_head),
        TEST(i1_an_attempt_open_at_power_loss_is_closed_at_its_worst_case_once),
        TEST(an_open_attempt_is_not_sent_and_takes_no_number),
        TEST(the_same_attempt_cannot_be_opened_twice_nor_closed_twice),
        TEST(a_close_that_says_nothing_is_refused),
        TEST(a_record_stays_pending_until_it_is_acknowledged_also_over_a_restart),
        TEST(an_old_acknowledgement_changes_nothing),
        TEST(an_acknowledgement_of_another_history_is_refused),
        TEST(a_restored_server_is_sent_acknowledged_records_again),
        TEST(i1_a_frame_cut_short_by_power_loss_is_dropped_and_its_number_used_again),
        TEST(i1_acknowledgements_lost_out_of_order_by_power_loss_are_no_damage),
        TEST(i1_a_fork_keeps_the_room_for_the_closes_of_attempts_under_way),
        TEST(damage_before_the_end_is_reported_and_not_touched),
        TEST(another_robots_journal_is_refused),
        TEST(a_full_journal_refuses_attempts_but_can_still_close_and_drain),
        TEST(a_disk_that_is_read_only_refuses_attempts_and_keeps_what_it_holds),
        TEST(i1_a_journal_that_cannot_remember_to_be_set_back_stays_as_it_is),
        TEST(i1_on_a_full_disk_a_grant_leaves_the_room_for_the_closes_of_attempts),
        TEST(numbers_and_chain_go_on_when_acknowledged_records_made_room),
        TEST(an_attempt_under_way_survives_making_room),
        TEST(i1_a_full_journal_folds_what_was_never_sent_and_loses_no_token),
        TEST(i1_numbers_and_chain_go_on_from_what_is_acknowledged_when_the_rest_folds),
        TEST(i1_what_was_in_a_batch_is_not_folded_also_after_a_restart),
        TEST(i1_records_of_a_file_without_a_mark_are_not_folded),
        TEST(i1_what_a_forked_journal_filed_again_is_not_folded),
        TEST(i1_what_was_dropped_is_known_by_its_sum_also_after_a_restart),
        TEST(a_journal_that_dropped_records_before_there_were_sums_tells_none),
        TEST(acknowledged_records_are_dropped_after_thirty_days),
        TEST(no_more_attempts_are_open_at_once_than_the_limit),
        TEST(a_forked_journal_names_its_parent_and_refiles_what_was_pending),
        TEST(attempts_carry_the_clock_of_the_newest_state_also_after_a_restart),
        TEST(i2_used_credit_is_as_durable_as_the_records),
        TEST(credit_of_before_there_were_measures_is_still_read),
        TEST(i2_a_forked_journal_has_no_credit_and_has_used_what_it_filed_again),
        TEST(sixteen_lines_with_four_measures_each_survive_a_restart),
        TEST(after_a_restart_no_more_is_wanted_than_before_it),
        TEST(after_a_disk_error_nothing_is_written_until_a_restart),
        TEST(a_record_with_every_text_at_its_limit_still_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

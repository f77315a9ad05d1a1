/* A disk that is really full: a small tmpfs of this process's own, which takes root; else the tests
 * are skipped. The simulation's disks are full for everybody. */
#include "agent/meter/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_MS 1700000000000

struct fixture {
    char folder[64], path[96], ballast[96];
    bool is_mounted;
    struct journal *journal;
    wire_UsageBatch batch;
};

/* Seen by this process alone, and gone with it. */
static bool mount_own(const char *folder)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        return false;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    return mount("tmpfs", folder, "tmpfs", 0, "size=512k") == 0;
}

static void open_journal(struct fixture *fixture)
{
    const struct journal_options options = {
        .path = fixture->path, .device_id = "r1", .now_ms = NOW_MS + 5000};

    assert_int_equal(journal_open(&fixture->journal, &options), STATUS_OK);
}

static int set_up(void **state)
{
    static struct fixture fixture;

    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/myna-full-XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    fixture.is_mounted = mount_own(fixture.folder);
    snprintf(fixture.path, sizeof fixture.path, "%s/journal", fixture.folder);
    snprintf(fixture.ballast, sizeof fixture.ballast, "%s/ballast", fixture.folder);
    if (fixture.is_mounted)
        open_journal(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    journal_close(fixture->journal);
    if (fixture->is_mounted)
        umount(fixture->folder);
    rmdir(fixture->folder);
    return 0;
}

/* Somebody else's files take all that is free. */
static void fill_disk(const struct fixture *fixture)
{
    static const uint8_t noise[4096] = {1};
    int fd = open(fixture->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, noise, sizeof noise) > 0)
        ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static enum status use(struct fixture *fixture, unsigned number, int64_t start_ms)
{
    wire_UsageRecord record = {
        .turn = {(uint8_t)number, (uint8_t)(number >> 8)},
        .attempt = 1,
        .vendor = "dahan",
        .model = "m",
        .contract = "dahan-2026",
        .start_ms = start_ms,
        .reserved_input = 100,
        .reserved_output = 200,
    };
    enum status status = journal_begin(fixture->journal, &record);

    if (status != STATUS_OK)
        return status;
    record.end_ms = start_ms + 1000;
    record.provenance = wire_Provenance_VENDOR_FINAL;
    record.outcome = wire_Outcome_ANSWERED;
    record.output = 3;
    record.requests = 1;
    return journal_close_attempt(fixture->journal, &record);
}

static uint64_t count_requests(struct fixture *fixture, unsigned *records)
{
    uint64_t requests = 0;

    *records = 0;
    while (journal_next_batch(fixture->journal, 40, &fixture->batch) == STATUS_OK) {
        uint8_t hash[CRYPTO_HASH_SIZE];

        memcpy(hash, fixture->batch.previous_hash, sizeof hash);
        for (size_t i = 0; i < fixture->batch.records_count; i++, ++*records) {
            const struct span bytes =
                span_of(fixture->batch.records[i].bytes, fixture->batch.records[i].size);
            wire_UsageRecord record;

            assert_int_equal(message_decode(MESSAGE_USAGE_RECORD, bytes, &record), STATUS_OK);
            assert_int_equal(record.output, 3 * record.requests);
            requests += record.requests;
            chain_next(hash, bytes);
        }
        assert_int_equal(
            journal_acknowledge(fixture->journal, fixture->batch.journal_id,
                                fixture->batch.first_seq + fixture->batch.records_count - 1, hash),
            STATUS_OK);
    }
    return requests;
}

static void i1_on_a_full_disk_a_robot_folds_and_talks_on_and_no_request_is_lost(void **state)
{
    struct fixture *fixture = *state;
    unsigned used, records;

    if (!fixture->is_mounted)
        skip();
    for (used = 0; used < 300; used++)
        assert_int_equal(use(fixture, used, NOW_MS), STATUS_OK);
    fill_disk(fixture);
    for (; used < 1200; used++)
        assert_int_equal(use(fixture, used, NOW_MS), STATUS_OK);
    journal_close(fixture->journal);
    open_journal(fixture);
    assert_int_equal(count_requests(fixture, &records), used);
    assert_true(records < used / 2);
}

static void on_a_full_disk_what_cannot_fold_refuses_attempts_and_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    unsigned used = 0, records;

    if (!fixture->is_mounted)
        skip();
    fill_disk(fixture);
    while (use(fixture, used, NOW_MS + used * INT64_C(3600000)) == STATUS_OK)
        used++;
    assert_int_equal(use(fixture, used, NOW_MS), STATUS_FULL);
    journal_close(fixture->journal);
    open_journal(fixture);
    assert_int_equal(count_requests(fixture, &records), used);
    assert_int_equal(records, used);
    unlink(fixture->ballast);
    assert_int_equal(use(fixture, used, NOW_MS), STATUS_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(i1_on_a_full_disk_a_robot_folds_and_talks_on_and_no_request_is_lost),
        TEST(on_a_full_disk_what_cannot_fold_refuses_attempts_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#undef TEST
}

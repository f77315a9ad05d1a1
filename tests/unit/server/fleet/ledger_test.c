#include "server/fleet/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define RECORDS 6

/* A journal's records and the hash after each; hashes[0] is before the first. */
struct journal {
    struct span records[RECORDS];
    uint8_t hashes[RECORDS + 1][CRYPTO_HASH_SIZE];
};

static int make(void **state)
{
    static struct journal journal;
    static const char *const texts[RECORDS] = {"a", "b", "c", "d", "e", "f"};
    static const uint8_t id[16] = {9};
    const struct chain_parent none = {0};

    chain_start("r1", id, &none, journal.hashes[0]);
    for (size_t i = 0; i < RECORDS; i++) {
        journal.records[i] = span_text(texts[i]);
        memcpy(journal.hashes[i + 1], journal.hashes[i], CRYPTO_HASH_SIZE);
        chain_next(journal.hashes[i + 1], journal.records[i]);
    }
    *state = &journal;
    return 0;
}

static struct ledger at(const struct journal *journal, size_t seq)
{
    struct ledger ledger = {.seq = seq};

    memcpy(ledger.hash, journal->hashes[seq], sizeof ledger.hash);
    return ledger;
}

static struct ledger_batch batch_of(const struct journal *journal, uint64_t first, size_t count)
{
    return (struct ledger_batch){.first_seq = first,
                                 .previous_hash = journal->hashes[first - 1],
                                 .records = journal->records + first - 1,
                                 .count = count};
}

static void i1_what_continues_the_chain_moves_the_watermark(void **state)
{
    const struct journal *journal = *state;
    struct ledger ledger = at(journal, 0);
    struct ledger_batch batch = batch_of(journal, 1, 3);
    size_t skip = 99;

    assert_int_equal(ledger_take(&ledger, &batch, &skip), LEDGER_NEW);
    assert_int_equal(skip, 0);
    assert_int_equal(ledger.seq, 3);
    assert_memory_equal(ledger.hash, journal->hashes[3], CRYPTO_HASH_SIZE);
}

static void i1_a_batch_across_the_watermark_skips_what_was_counted(void **state)
{
    const struct journal *journal = *state;
    struct ledger ledger = at(journal, 2);
    struct ledger_batch batch = batch_of(journal, 1, 5);
    size_t skip = 0;

    assert_int_equal(ledger_take(&ledger, &batch, &skip), LEDGER_NEW);
    assert_int_equal(skip, 2);
    assert_int_equal(ledger.seq, 5);
}

static void i1_what_was_counted_is_a_duplicate_and_moves_nothing(void **state)
{
    const struct journal *journal = *state;
    struct ledger ledger = at(journal, 4);
    struct ledger_batch at_mark = batch_of(journal, 2, 3);
    struct ledger_batch below = batch_of(journal, 1, 2);
    size_t skip;

    assert_int_equal(ledger_take(&ledger, &at_mark, &skip), LEDGER_DUPLICATE);
    assert_int_equal(ledger_take(&ledger, &below, &skip), LEDGER_DUPLICATE);
    assert_int_equal(ledger.seq, 4);
}

static void i1_a_missing_record_is_a_gap(void **state)
{
    const struct journal *journal = *state;
    struct ledger ledger = at(journal, 1);
    struct ledger_batch batch = batch_of(journal, 3, 2);
    size_t skip;

    assert_int_equal(ledger_take(&ledger, &batch, &skip), LEDGER_GAP);
    assert_int_equal(ledger.seq, 1);
}

static void i1_another_history_is_a_fork_wherever_it_meets_ours(void **state)
{
    struct journal other = *(const struct journal *)*state;
    struct ledger ledger = at(*state, 3);
    struct ledger_batch next = batch_of(&other, 4, 1);
    struct ledger_batch across = batch_of(&other, 2, 4);
    struct ledger_batch same = batch_of(&other, 3, 1);
    size_t skip;

    other.records[2] = span_text("C");
    assert_int_equal(ledger_take(&ledger, &across, &skip), LEDGER_FORK);
    assert_int_equal(ledger_take(&ledger, &same, &skip), LEDGER_FORK);
    other.hashes[3][5] ^= 1;
    assert_int_equal(ledger_take(&ledger, &next, &skip), LEDGER_FORK);
    assert_int_equal(ledger.seq, 3);
    assert_memory_equal(ledger.hash, ((const struct journal *)*state)->hashes[3], CRYPTO_HASH_SIZE);
}

static void numbers_that_no_device_sends_are_invalid(void **state)
{
    const struct journal *journal = *state;
    struct ledger ledger = at(journal, 0);
    struct ledger_batch empty = batch_of(journal, 1, 0);
    struct ledger_batch zero = batch_of(journal, 1, 1);
    struct ledger_batch huge = batch_of(journal, 1, 2);
    size_t skip;

    zero.first_seq = 0;
    huge.first_seq = UINT64_MAX;
    assert_int_equal(ledger_take(&ledger, &empty, &skip), LEDGER_INVALID);
    assert_int_equal(ledger_take(&ledger, &zero, &skip), LEDGER_INVALID);
    assert_int_equal(ledger_take(&ledger, &huge, &skip), LEDGER_INVALID);
}

static void i1_a_hello_behind_the_watermark_or_beside_it_is_a_fork(void **state)
{
    const struct journal *journal = *state;
    const struct ledger ledger = at(journal, 3);

    assert_int_equal(ledger_greet(&ledger, 2, journal->hashes[2], 1), LEDGER_FORK);
    assert_int_equal(ledger_greet(&ledger, 3, journal->hashes[2], 1), LEDGER_FORK);
    assert_int_equal(ledger_greet(&ledger, 3, journal->hashes[3], 1), LEDGER_DUPLICATE);
    assert_int_equal(ledger_greet(&ledger, 3, journal->hashes[3], 0), LEDGER_DUPLICATE);
    assert_int_equal(ledger_greet(&ledger, 5, journal->hashes[5], 4), LEDGER_NEW);
}

static void a_hello_whose_oldest_record_is_beyond_the_next_has_lost_some(void **state)
{
    const struct journal *journal = *state;
    const struct ledger ledger = at(journal, 3);

    assert_int_equal(ledger_greet(&ledger, 6, journal->hashes[6], 5), LEDGER_GAP);
    assert_int_equal(ledger_greet(&ledger, 6, journal->hashes[6], 0), LEDGER_GAP);
}

#define TEST(name) cmocka_unit_test_setup(name, make)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(i1_what_continues_the_chain_moves_the_watermark),
        TEST(i1_a_batch_across_the_watermark_skips_what_was_counted),
        TEST(i1_what_was_counted_is_a_duplicate_and_moves_nothing),
        TEST(i1_a_missing_record_is_a_gap),
        TEST(i1_another_history_is_a_fork_wherever_it_meets_ours),
        TEST(numbers_that_no_device_sends_are_invalid),
        TEST(i1_a_hello_behind_the_watermark_or_beside_it_is_a_fork),
        TEST(a_hello_whose_oldest_record_is_beyond_the_next_has_lost_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

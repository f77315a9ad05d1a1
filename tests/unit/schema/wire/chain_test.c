#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/wire/chain.h"

#define HASH_SIZE CRYPTO_HASH_SIZE

static const uint8_t journal[16] = {1};
static const struct chain_parent no_parent;

static void a_journal_starts_from_all_that_names_it(void **state)
{
    const uint8_t other_journal[16] = {2};
    const struct chain_parent by_id = {.id = {1}}, by_seq = {.seq = 1}, by_hash = {.hash = {1}};
    uint8_t start[HASH_SIZE], other[HASH_SIZE];

    (void)state;
    chain_start("robot-1", journal, &no_parent, start);
    chain_start("robot-1", journal, &no_parent, other);
    assert_memory_equal(start, other, HASH_SIZE);
    chain_start("robot-2", journal, &no_parent, other);
    assert_memory_not_equal(start, other, HASH_SIZE);
    chain_start("robot-1", other_journal, &no_parent, other);
    assert_memory_not_equal(start, other, HASH_SIZE);
    chain_start("robot-1", journal, &by_id, other);
    assert_memory_not_equal(start, other, HASH_SIZE);
    chain_start("robot-1", journal, &by_seq, other);
    assert_memory_not_equal(start, other, HASH_SIZE);
    chain_start("robot-1", journal, &by_hash, other);
    assert_memory_not_equal(start, other, HASH_SIZE);
}

static void order_and_content_of_records_change_the_hash(void **state)
{
    uint8_t one[HASH_SIZE], other[HASH_SIZE];

    (void)state;
    chain_start("robot-1", journal, &no_parent, one);
    memcpy(other, one, HASH_SIZE);
    chain_next(one, span_text("a"));
    chain_next(one, span_text("b"));
    chain_next(other, span_text("b"));
    chain_next(other, span_text("a"));
    assert_memory_not_equal(one, other, HASH_SIZE);

    chain_start("robot-1", journal, &no_parent, other);
    chain_next(other, span_text("ab"));
    assert_memory_not_equal(one, other, HASH_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_journal_starts_from_all_that_names_it),
        cmocka_unit_test(order_and_content_of_records_change_the_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

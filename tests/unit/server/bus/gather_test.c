#include "server/bus/gather.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/base/clock.h"

#define ARENA_BYTES (1u << 20)
#define NEVER_MS    INT64_C(1000000)
#define PATIENCE_MS INT64_C(60000)
#define MANY        20000

static struct gather *make(int64_t linger_ms)
{
    struct gather *gather;

    assert_int_equal(gather_create(&gather, ARENA_BYTES, linger_ms), STATUS_OK);
    return gather;
}

/* A message of so many records, told from others by its number. */
static bool put(struct gather *gather, uint64_t number, size_t records)
{
    struct arena *arena;
    struct intake_item *item = gather_begin(gather, &arena);

    if (!item)
        return false;
    *item = (struct intake_item){.counter = number, .usage = {.count = records}};
    gather_end(gather, true);
    return true;
}

static void what_was_gathered_is_taken_once_it_waited_long_enough(void **state)
{
    struct gather *gather = make(0);

    (void)state;
    assert_true(put(gather, 7, 1));
    assert_true(put(gather, 8, 1));
    const struct gather_list *list = gather_take(gather, PATIENCE_MS);
    assert_non_null(list);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->items[1].counter, 8);
    gather_free(gather);
}

static void where_nothing_comes_there_is_no_list(void **state)
{
    struct gather *gather = make(0);

    (void)state;
    assert_null(gather_take(gather, 1));
    gather_free(gather);
}

static void a_list_that_is_full_does_not_wait_for_its_time(void **state)
{
    struct gather *gather = make(NEVER_MS);

    (void)state;
    assert_true(put(gather, 1, GATHER_RECORDS - 1));
    assert_true(put(gather, 2, 20));
    assert_int_equal(gather_take(gather, PATIENCE_MS)->count, 2);
    for (uint64_t i = 0; i < GATHER_ITEMS; i++)
        assert_true(put(gather, i, 0));
    assert_int_equal(gather_take(gather, PATIENCE_MS)->count, GATHER_ITEMS);
    gather_free(gather);
}

static void a_full_arena_is_a_full_list(void **state)
{
    struct gather *gather = make(NEVER_MS);
    struct arena *arena;

    (void)state;
    assert_true(put(gather, 1, 1));
    assert_non_null(gather_begin(gather, &arena));
    assert_null(arena_take(arena, 2 * ARENA_BYTES));
    gather_end(gather, false);
    assert_int_equal(gather_take(gather, PATIENCE_MS)->count, 1);

    /* one message alone that is too large leaves an empty arena to the next */
    assert_non_null(gather_begin(gather, &arena));
    assert_null(arena_take(arena, 2 * ARENA_BYTES));
    gather_end(gather, false);
    assert_non_null(gather_begin(gather, &arena));
    assert_non_null(arena_take(arena, 1));
    gather_end(gather, true);
    gather_free(gather);
}

static void a_message_that_was_given_up_leaves_its_place_to_the_next(void **state)
{
    struct gather *gather = make(0);
    struct arena *arena;

    (void)state;
    struct intake_item *item = gather_begin(gather, &arena);
    gather_end(gather, false);
    assert_null(gather_take(gather, 1));
    assert_ptr_equal(gather_begin(gather, &arena), item);
    gather_end(gather, false);
    gather_free(gather);
}

static void what_was_taken_stays_while_more_is_gathered(void **state)
{
    struct gather *gather = make(0);
    struct arena *arena;

    (void)state;
    struct intake_item *item = gather_begin(gather, &arena);
    *item = (struct intake_item){.credit = arena_text(arena, span_text("first"))};
    gather_end(gather, true);
    const struct gather_list *list = gather_take(gather, PATIENCE_MS);

    item = gather_begin(gather, &arena);
    *item = (struct intake_item){.credit = arena_text(arena, span_text("other"))};
    gather_end(gather, true);
    assert_int_equal(list->count, 1);
    assert_string_equal(list->items[0].credit, "first");
    list = gather_take(gather, PATIENCE_MS);
    assert_int_equal(list->count, 1);
    assert_string_equal(list->items[0].credit, "other");
    gather_free(gather);
}

static void each_list_begins_with_the_whole_arena(void **state)
{
    struct gather *gather = make(0);

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct arena *arena;
        struct intake_item *item = gather_begin(gather, &arena);

        *item = (struct intake_item){.counter = 1};
        assert_non_null(arena_take(arena, ARENA_BYTES * 2 / 3));
        gather_end(gather, true);
        assert_non_null(gather_take(gather, PATIENCE_MS));
    }
    gather_free(gather);
}

static void *take_one(void *context)
{
    return (void *)gather_take(context, PATIENCE_MS);
}

static void a_message_that_is_being_read_goes_along(void **state)
{
    struct gather *gather = make(0);
    struct arena *arena;
    pthread_t committer;
    void *list;

    (void)state;
    assert_true(put(gather, 1, 1));
    struct intake_item *item = gather_begin(gather, &arena);
    assert_int_equal(pthread_create(&committer, NULL, take_one, gather), 0);
    clock_sleep_ms(20); /* so long the committer could be wrong */
    *item = (struct intake_item){.counter = 2};
    gather_end(gather, true);
    pthread_join(committer, &list);
    assert_int_equal(((const struct gather_list *)list)->count, 2);
    gather_free(gather);
}

static void *read_many(void *context)
{
    for (uint64_t i = 0; i < MANY; i++) {
        if (!put(context, i, i % 3))
            return NULL;
    }
    return context;
}

static void i1_two_threads_lose_none_and_keep_the_order(void **state)
{
    struct gather *gather = make(1);
    pthread_t reader;
    uint64_t next = 0;
    void *done;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, read_many, gather), 0);
    while (next < MANY) {
        const struct gather_list *list = gather_take(gather, PATIENCE_MS);

        assert_non_null(list);
        assert_in_range(list->count, 1, GATHER_ITEMS);
        for (size_t i = 0; i < list->count; i++)
            assert_int_equal(list->items[i].counter, next++);
    }
    pthread_join(reader, &done);
    assert_ptr_equal(done, gather);
    gather_free(gather);
}

static void *read_until_closed(void *context)
{
    while (put(context, 0, GATHER_RECORDS))
        ;
    return NULL;
}

static void i10_a_full_list_waits_for_the_committer_and_closing_wakes_it(void **state)
{
    struct gather *gather = make(NEVER_MS);
    pthread_t reader;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, read_until_closed, gather), 0);
    assert_int_equal(gather_take(gather, PATIENCE_MS)->count, 1);
    assert_int_equal(gather_take(gather, PATIENCE_MS)->count, 1);
    gather_close(gather);
    pthread_join(reader, NULL);
    assert_null(gather_take(gather, PATIENCE_MS));
    gather_free(gather);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_gathered_is_taken_once_it_waited_long_enough),
        cmocka_unit_test(where_nothing_comes_there_is_no_list),
        cmocka_unit_test(a_list_that_is_full_does_not_wait_for_its_time),
        cmocka_unit_test(a_full_arena_is_a_full_list),
        cmocka_unit_test(a_message_that_was_given_up_leaves_its_place_to_the_next),
        cmocka_unit_test(what_was_taken_stays_while_more_is_gathered),
        cmocka_unit_test(each_list_begins_with_the_whole_arena),
        cmocka_unit_test(a_message_that_is_being_read_goes_along),
        cmocka_unit_test(i1_two_threads_lose_none_and_keep_the_order),
        cmocka_unit_test(i10_a_full_list_waits_for_the_committer_and_closing_wakes_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

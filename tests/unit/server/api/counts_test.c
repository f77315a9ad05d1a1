#include "server/api/counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct fixture {
    struct counts *counts;
    struct arena *arena;
    int64_t robots;
    int made;
    enum status status;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.robots = COUNTS_LARGE};
    *state = &fixture;
    return counts_create(&fixture.counts) == STATUS_OK &&
                   arena_create(&fixture.arena, 65536) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    counts_free(f->counts);
    arena_free(f->arena);
    return 0;
}

static enum status make(void *context, struct arena *arena, struct span *json, int64_t *robots)
{
    struct fixture *f = context;

    f->made++;
    *json = span_text(arena_format(arena, "{\"made\":%d}", f->made));
    *robots = f->robots;
    return f->status;
}

static struct span ask(struct fixture *f, enum counts_kind kind, int64_t now_ms)
{
    struct span json;

    assert_int_equal(counts_read(f->counts, kind, now_ms, make, f, f->arena, &json), STATUS_OK);
    return json;
}

static void a_large_fleet_is_counted_once_for_all_who_ask_within_its_time(void **state)
{
    struct fixture *f = *state;

    ask(f, COUNTS_FLEET, 1000);
    assert_true(span_equal(ask(f, COUNTS_FLEET, 1000 + COUNTS_MS - 1), span_text("{\"made\":1}")));
    assert_int_equal(f->made, 1);
    assert_true(span_equal(ask(f, COUNTS_FLEET, 1000 + COUNTS_MS), span_text("{\"made\":2}")));
}

static void a_small_fleet_is_counted_each_time(void **state)
{
    struct fixture *f = *state;

    f->robots = COUNTS_LARGE - 1;
    ask(f, COUNTS_FLEET, 1000);
    ask(f, COUNTS_FLEET, 1000);
    assert_int_equal(f->made, 2);
}

static void each_kind_is_kept_for_itself(void **state)
{
    struct fixture *f = *state;

    ask(f, COUNTS_FLEET, 1000);
    assert_true(span_equal(ask(f, COUNTS_PARTS, 1000), span_text("{\"made\":2}")));
    assert_true(span_equal(ask(f, COUNTS_FLEET, 1001), span_text("{\"made\":1}")));
}

static void a_fleet_that_shrank_and_a_count_that_failed_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;
    struct span json;

    ask(f, COUNTS_FLEET, 1000);
    f->status = STATUS_UNREACHABLE;
    assert_int_equal(
        counts_read(f->counts, COUNTS_FLEET, 1000 + COUNTS_MS, make, f, f->arena, &json),
        STATUS_UNREACHABLE);
    f->status = STATUS_OK;
    f->robots = 1;
    assert_true(span_equal(ask(f, COUNTS_FLEET, 1001 + COUNTS_MS), span_text("{\"made\":3}")));
    assert_true(span_equal(ask(f, COUNTS_FLEET, 1001 + COUNTS_MS), span_text("{\"made\":4}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_large_fleet_is_counted_once_for_all_who_ask_within_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_small_fleet_is_counted_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(each_kind_is_kept_for_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_fleet_that_shrank_and_a_count_that_failed_leave_nothing_behind, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

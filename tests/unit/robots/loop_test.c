#include "tests/robots/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "schema/base/clock.h"

struct caller {
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer timer;
    struct caller *other;
    int calls;
};

static int set_up(void **state)
{
    return loop_create((struct loop **)state) == STATUS_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    loop_free(*state);
    return 0;
}

static void turn(struct loop *loop, int64_t max_wait_ms)
{
    assert_int_equal(loop_turn(loop, max_wait_ms, NULL), STATUS_OK);
}

static void count_timer(void *context)
{
    ((struct caller *)context)->calls++;
}

static void count_ready(void *context, uint32_t events)
{
    (void)events;
    ((struct caller *)context)->calls++;
}

static void silence_other(void *context, uint32_t events)
{
    struct caller *caller = context;

    (void)events;
    caller->calls++;
    loop_unwatch(caller->loop, &caller->other->watch);
}

static void timers_come_when_they_are_due_and_once(void **state)
{
    struct loop *loop = *state;
    struct caller caller = {.timer = {.on_due = count_timer, .context = &caller}};
    int64_t start_ms = clock_mono_ms();

    assert_int_equal(loop_at(loop, &caller.timer, start_ms + 300), STATUS_OK);
    turn(loop, 0);
    assert_int_equal(caller.calls, 0);
    while (caller.calls == 0)
        turn(loop, 1000);
    assert_true(clock_mono_ms() - start_ms >= 300);
    turn(loop, 40);
    assert_int_equal(caller.calls, 1);
}

static void a_cancelled_timer_does_not_come(void **state)
{
    struct loop *loop = *state;
    struct caller caller = {.timer = {.on_due = count_timer, .context = &caller}};

    assert_int_equal(loop_at(loop, &caller.timer, clock_mono_ms()), STATUS_OK);
    loop_cancel(loop, &caller.timer);
    turn(loop, 10);
    assert_int_equal(caller.calls, 0);
}

static void a_watched_socket_calls_while_it_is_ready_for_what_was_asked(void **state)
{
    struct loop *loop = *state;
    struct caller caller = {.watch = {.on_ready = count_ready, .context = &caller}};
    int ends[2];
    char byte;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(loop_watch(loop, &caller.watch, ends[0], EPOLLIN), STATUS_OK);
    turn(loop, 10);
    assert_int_equal(caller.calls, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(loop, 10);
    turn(loop, 10);
    assert_int_equal(caller.calls, 2);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    turn(loop, 10);
    assert_int_equal(caller.calls, 2);
    loop_unwatch(loop, &caller.watch);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(loop, 10);
    assert_int_equal(caller.calls, 2);
    close(ends[0]);
    close(ends[1]);
}

static void who_is_unwatched_by_another_is_not_called_in_the_same_turn(void **state)
{
    struct loop *loop = *state;
    struct caller one = {.loop = loop, .watch = {.on_ready = silence_other, .context = &one}};
    struct caller two = {.loop = loop, .watch = {.on_ready = silence_other, .context = &two}};
    int ends[2];

    one.other = &two;
    two.other = &one;
    assert_int_equal(pipe(ends), 0);
    int copy = dup(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(loop_watch(loop, &one.watch, ends[0], EPOLLIN), STATUS_OK);
    assert_int_equal(loop_watch(loop, &two.watch, copy, EPOLLIN), STATUS_OK);
    turn(loop, 10);
    assert_int_equal(one.calls + two.calls, 1);
    close(copy);
    close(ends[0]);
    close(ends[1]);
}

static void the_watch_moves_to_another_socket(void **state)
{
    struct loop *loop = *state;
    struct caller caller = {.watch = {.on_ready = count_ready, .context = &caller}};
    int first[2], second[2];

    assert_int_equal(pipe(first), 0);
    assert_int_equal(pipe(second), 0);
    assert_int_equal(loop_watch(loop, &caller.watch, first[0], EPOLLIN), STATUS_OK);
    assert_int_equal(loop_watch(loop, &caller.watch, second[0], EPOLLIN), STATUS_OK);
    assert_int_equal(write(first[1], "x", 1), 1);
    turn(loop, 10);
    assert_int_equal(caller.calls, 0);
    assert_int_equal(write(second[1], "x", 1), 1);
    turn(loop, 10);
    assert_int_equal(caller.calls, 1);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
}

#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LOOP(timers_come_when_they_are_due_and_once),
        WITH_LOOP(a_cancelled_timer_does_not_come),
        WITH_LOOP(a_watched_socket_calls_while_it_is_ready_for_what_was_asked),
        WITH_LOOP(who_is_unwatched_by_another_is_not_called_in_the_same_turn),
        WITH_LOOP(the_watch_moves_to_another_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

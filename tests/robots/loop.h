/* loop.h - one thread that waits for many sockets and times: epoll and an agenda
 *
 * Everything here is called from that one thread. A callback may change or free any watch and
 * timer, also its own.
 */
#ifndef TESTS_ROBOTS_LOOP_H
#define TESTS_ROBOTS_LOOP_H

#include <signal.h>

#include "tests/support/agenda.h"

struct loop;

/* Held by its owner, zeroed first; must outlive its time in the loop. Fields are private but for
 * the first two. */
struct loop_watch {
    void (*on_ready)(void *context, uint32_t events); /* EPOLLIN, EPOLLOUT, ... */
    void *context;
    int fd;
    uint32_t events; /* 0: not watched */
};

struct loop_timer {
    struct agenda_item item; /* first */
    void (*on_due)(void *context);
    void *context;
};

MUST_CHECK enum status loop_create(struct loop **out);
void loop_free(struct loop *loop);

/* Calls on_ready when fd is ready for these events, until changed; events 0 ends it. */
MUST_CHECK enum status loop_watch(struct loop *loop, struct loop_watch *watch, int fd,
                                  uint32_t events);
void loop_unwatch(struct loop *loop, struct loop_watch *watch);

/* Calls on_due once at at_ms (clock_mono_ms), or at the new time when it waits already. */
MUST_CHECK enum status loop_at(struct loop *loop, struct loop_timer *timer, int64_t at_ms);
void loop_cancel(struct loop *loop, struct loop_timer *timer);

/* Waits until something is ready or due, at most max_wait_ms, and calls it. */
MUST_CHECK enum status loop_turn(struct loop *loop, int64_t max_wait_ms,
                                 const sigset_t *while_waiting);

/* Time spent in callbacks and waiting for the disk in them since the last call, in thousandths of
 * the time that passed: how busy the thread is. */
unsigned loop_take_load(struct loop *loop);

#endif

#include "tests/robots/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define MAX_READY 256

struct loop {
    int epoll_fd;
    struct agenda *agenda;
    struct epoll_event ready[MAX_READY];
    int ready_count; /* of the turn under way */
    int64_t busy_ns, counted_since_ns;
};

enum status loop_create(struct loop **out)
{
    struct loop *loop = calloc(1, sizeof *loop);
    enum status status = STATUS_IO;

    if (loop == NULL)
        return STATUS_MEMORY;
    loop->counted_since_ns = clock_mono_ns();
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd >= 0)
        status = agenda_create(&loop->agenda);
    if (status != STATUS_OK) {
        loop_free(loop);
        return status;
    }
    *out = loop;
    return STATUS_OK;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    agenda_free(loop->agenda);
    free(loop);
}

/* What was already reported for this watch in this turn must not reach it any more. */
static void forget_ready(struct loop *loop, const struct loop_watch *watch)
{
    for (int i = 0; i < loop->ready_count; i++)
        if (loop->ready[i].data.ptr == watch)
            loop->ready[i].data.ptr = NULL;
}

enum status loop_watch(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    if (watch->events != 0 && watch->fd == fd && watch->events == events)
        return STATUS_OK;
    if (events == 0 || (watch->events != 0 && watch->fd != fd))
        loop_unwatch(loop, watch);
    if (events == 0)
        return STATUS_OK;
    if (epoll_ctl(loop->epoll_fd, watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) <
        0)
        return STATUS_IO;
    watch->fd = fd;
    watch->events = events;
    return STATUS_OK;
}

void loop_unwatch(struct loop *loop, struct loop_watch *watch)
{
    if (watch->events == 0)
        return;
    /* Fails when the socket was closed before, which took it out already. */
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    forget_ready(loop, watch);
    watch->events = 0;
}

enum status loop_at(struct loop *loop, struct loop_timer *timer, int64_t at_ms)
{
    return agenda_put(loop->agenda, &timer->item, at_ms);
}

void loop_cancel(struct loop *loop, struct loop_timer *timer)
{
    agenda_drop(loop->agenda, &timer->item);
}

static void call_due(struct loop *loop, int64_t now_ms)
{
    struct agenda_item *item;

    while ((item = agenda_take_due(loop->agenda, now_ms)) != NULL) {
        struct loop_timer *timer = (struct loop_timer *)item;

        timer->on_due(timer->context);
    }
}

static void call_ready(struct loop *loop)
{
    for (int i = 0; i < loop->ready_count; i++) {
        struct loop_watch *watch = loop->ready[i].data.ptr;

        if (watch != NULL)
            watch->on_ready(watch->context, loop->ready[i].events);
    }
    loop->ready_count = 0;
}

enum status loop_turn(struct loop *loop, int64_t max_wait_ms, const sigset_t *while_waiting)
{
    int64_t next_ms = agenda_next_ms(loop->agenda);
    int64_t wait_ms = next_ms == INT64_MAX ? max_wait_ms : next_ms - clock_mono_ms();

    if (wait_ms > max_wait_ms)
        wait_ms = max_wait_ms;
    if (wait_ms < 0)
        wait_ms = 0;
    int count = epoll_pwait(loop->epoll_fd, loop->ready, MAX_READY, (int)wait_ms, while_waiting);
    if (count < 0 && errno != EINTR)
        return STATUS_IO;

    int64_t start_ns = clock_mono_ns();
    loop->ready_count = count > 0 ? count : 0;
    call_ready(loop);
    call_due(loop, clock_mono_ms());
    loop->busy_ns += clock_mono_ns() - start_ns;
    return STATUS_OK;
}

unsigned loop_take_load(struct loop *loop)
{
    int64_t now_ns = clock_mono_ns();
    int64_t passed_ns = now_ns - loop->counted_since_ns;
    unsigned load = passed_ns > 0 ? (unsigned)(loop->busy_ns * 1000 / passed_ns) : 0;

    if (load > 1000)
        load = 1000; /* the turn under way began before */

    loop->busy_ns = 0;
    loop->counted_since_ns = now_ns;
    return load;
}

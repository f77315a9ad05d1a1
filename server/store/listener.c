#include "server/store/listener.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "schema/base/backoff.h"
#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "server/store/connect.h"

struct listener {
    const struct connect_target *target;
    const char *const *channels;
    size_t count;
    listener_on_notify on_notify;
    void *context;
    pthread_t thread;
    int stop_fd; /* readable once listener_stop() was called */
};

/* Waits for the socket (or for nothing when fd is -1). False: it is time to stop. */
static bool wait_for(const struct listener *listener, int fd, int64_t timeout_ms)
{
    struct pollfd fds[] = {{.fd = listener->stop_fd, .events = POLLIN},
                           {.fd = fd, .events = POLLIN}};

    while (poll(fds, 2, (int)timeout_ms) < 0) {
        if (errno != EINTR)
            return false;
    }
    return fds[0].revents == 0;
}

static bool listen_all(const struct listener *listener, PGconn *pg)
{
    for (size_t i = 0; i < listener->count; i++) {
        char sql[96];

        /* LISTEN takes no parameters; the names are ours */
        snprintf(sql, sizeof sql, "LISTEN %s", listener->channels[i]);
        PGresult *result = PQexec(pg, sql);
        bool listening = PQresultStatus(result) == PGRES_COMMAND_OK;

        PQclear(result);
        if (!listening)
            return false;
    }
    for (size_t i = 0; i < listener->count; i++)
        listener->on_notify(listener->context, listener->channels[i], span_of(NULL, 0));
    return true;
}

static void deliver(const struct listener *listener, PGconn *pg)
{
    PGnotify *notify;

    while ((notify = PQnotifies(pg))) {
        listener->on_notify(listener->context, notify->relname, span_text(notify->extra));
        PQfreemem(notify);
    }
}

/* Until the connection is lost (true) or it is time to stop (false). */
static bool follow(const struct listener *listener, PGconn *pg)
{
    for (;;) {
        deliver(listener, pg);
        if (!wait_for(listener, PQsocket(pg), -1))
            return false;
        if (PQconsumeInput(pg) != 1)
            return true;
    }
}

static void *run(void *argument)
{
    const struct listener *listener = argument;
    struct backoff backoff;
    bool running = true;
    bool told = false; /* that the connection is lost: once, however long it is away */

    backoff_init(&backoff, 200, 5000, 100);
    while (running) {
        PGconn *pg = NULL;
        char problem[256] = "LISTEN failed";

        if (connect_open(listener->target, &pg, problem, sizeof problem) == STATUS_OK &&
            listen_all(listener, pg)) {
            backoff_reset(&backoff);
            if (told)
                log_info("store", "listening to the database again channel=%s",
                         listener->channels[0]);
            told = false;
            running = follow(listener, pg);
            snprintf(problem, sizeof problem, "connection lost");
        }
        PQfinish(pg);
        if (running && !told)
            log_warning("store", "not listening to the database: \"%s\"; trying again channel=%s",
                        problem, listener->channels[0]);
        if (running) {
            told = true;
            running = wait_for(listener, -1, backoff_next(&backoff, crypto_random_u64()));
        }
    }
    return NULL;
}

enum status listener_start(struct listener **out, struct store *store, const char *const *channels,
                           size_t count, listener_on_notify on_notify, void *context)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (!listener)
        return STATUS_MEMORY;
    *listener = (struct listener){.target = store_target(store),
                                  .channels = channels,
                                  .count = count,
                                  .on_notify = on_notify,
                                  .context = context,
                                  .stop_fd = eventfd(0, EFD_CLOEXEC)};
    if (listener->stop_fd < 0 || pthread_create(&listener->thread, NULL, run, listener) != 0) {
        if (listener->stop_fd >= 0)
            close(listener->stop_fd);
        free(listener);
        return STATUS_MEMORY;
    }
    *out = listener;
    return STATUS_OK;
}

void listener_stop(struct listener *listener)
{
    if (!listener)
        return;
    if (eventfd_write(listener->stop_fd, 1) < 0)
        log_error("store", "cannot wake the listener: %s", strerror(errno));
    pthread_join(listener->thread, NULL);
    close(listener->stop_fd);
    free(listener);
}

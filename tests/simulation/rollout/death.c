#include "tests/simulation/rollout/death.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* 0: this process does not die. */
static unsigned *left(void)
{
    static unsigned statements;

    return &statements;
}

static void die_in_time(void)
{
    if (*left() > 0 && --*left() == 0)
        kill(getpid(), SIGKILL);
}

enum status __real_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result);
enum status __wrap_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result);
enum status __real_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json);
enum status __wrap_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json);

enum status __wrap_store_exec(struct store_conn *conn, const struct store_statement *statement,
                              const struct value *values, size_t count, struct result *result)
{
    die_in_time();
    return __real_store_exec(conn, statement, values, count, result);
}

enum status __wrap_store_exec_json(struct store_conn *conn, const struct store_statement *statement,
                                   const struct value *values, size_t count, struct arena *arena,
                                   struct span *json)
{
    die_in_time();
    return __real_store_exec_json(conn, statement, values, count, arena, json);
}

/* Never returns. The parent's connections are not touched: they are the parent's. */
static void live_and_die(const char *conninfo, unsigned before, death_work work, void *context,
                         int survived)
{
    struct store *store;
    char problem[256];

    if (store_open(&store, conninfo, 2, DEATH_APPLICATION, problem) != STATUS_OK)
        _exit(1);
    *left() = before;
    work(store, context);
    if (write(survived, "", 1) == 1)
        kill(getpid(), SIGKILL);
    _exit(1);
}

bool death_while(const char *conninfo, unsigned before, death_work work, void *context)
{
    int survived[2];
    int code;
    char byte;

    assert_int_equal(pipe(survived), 0);
    const pid_t child = fork();
    if (child == 0)
        live_and_die(conninfo, before, work, context, survived[1]);
    close(survived[1]);
    const ssize_t told = read(survived[0], &byte, 1);
    close(survived[0]);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFSIGNALED(code) && WTERMSIG(code) == SIGKILL);
    return told == 0;
}

/* mynad - runs a fleet of talking robots */
#include <signal.h>
#include <time.h>

#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "server/server.h"
#include "server/tasks.h"

struct task {
    const char *name;
    int (*run)(const struct config *config, int argc, char **argv);
    const char *help;
};

static int run(const struct config *config, int argc, char **argv);

static const struct task tasks[] = {
    {"run", run, "run; the same as without a word"},
    {"init", tasks_init, "make keys and certificates in state_dir; again is harmless"},
    {"migrate", tasks_migrate, "bring the database's schema to this version"},
    {"restored", tasks_restored, "say that the database was restored: robots tell it again"},
    {"operator", tasks_operator, "NAME --role ROLE: create or replace; password on standard input"},
};

static void print_help(void)
{
    printf("usage: mynad [options] [task]\n       mynad --help | --version\n\ntasks:\n");
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        printf("  %-10s %s\n", tasks[i].name, tasks[i].help);
    printf("\n");
    config_print_help(stdout);
}

/* Waits for one of the signals, ticking meanwhile. */
static void serve(struct server *server, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};

    for (;;) {
        int got = sigtimedwait(signals, NULL, &second);

        if (got == SIGTERM || got == SIGINT)
            return;
        server_tick(server);
    }
}

static int run(const struct config *config, int argc, char **argv)
{
    struct server *server;
    char problem[256];
    sigset_t signals;

    if (argc > 1) {
        fprintf(stderr, "mynad: run takes nothing after it, got \"%s\"\n", argv[1]);
        return 2;
    }
    /* blocked before any thread starts, so that only serve() gets them; SIGHUP does nothing */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    if (server_start(&server, config, problem) != STATUS_OK) {
        log_error("mynad", "%s", problem);
        return 1;
    }
    serve(server, &signals);
    log_info("mynad", "stopping");
    server_stop(server);
    return 0;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    char problem[256];
    int rest;

    crypto_forbid_cores();
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help(), 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("mynad %s\n", MYNA_VERSION), 0;
    if (config_parse(&config, argc, argv, &rest, problem) != STATUS_OK) {
        fprintf(stderr, "mynad: %s\n", problem);
        return 2;
    }
    if (rest == argc)
        return run(&config, 0, NULL);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(argv[rest], tasks[i].name) == 0)
            return tasks[i].run(&config, argc - rest, argv + rest);
    fprintf(stderr, "mynad: there is no task \"%s\"; see mynad --help\n", argv[rest]);
    return 2;
}

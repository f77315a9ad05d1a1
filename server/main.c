/* mynad - runs a fleet of talking robots */
#include <signal.h>
#include <time.h>

#include "schema/base/crypto.h"
#include "schema/base/log.h"
#include "schema/base/seclude.h"
#include "server/server.h"
#include "server/tasks.h"

static void print_help(void)
{
    printf("usage: mynad [options] [task]\n       mynad --help | --version\n\ntasks:\n");
    printf("  %-10s %s\n", "run", "run; the same as without a word");
    tasks_print_help();
    printf("\n");
    config_print_help(stdout);
}

/* Waits for one of the signals, ticking meanwhile. Whether one ended it, not the server itself. */
static bool serve(struct server *server, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};

    for (;;) {
        int got = sigtimedwait(signals, NULL, &second);

        if (got == SIGTERM || got == SIGINT)
            return true;
        if (got == SIGHUP)
            server_reload(server);
        if (!server_tick(server))
            return false;
    }
}

static int run(struct config *config, int argc, char **argv)
{
    struct server *server;
    char problem[256];
    sigset_t signals;

    if (argc > 1) {
        fprintf(stderr, "mynad: run takes nothing after it, got \"%s\"\n", argv[1]);
        return 2;
    }
    /* blocked before any thread starts, so that only serve() gets them */
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    enum status status = server_start(&server, config, problem);
    crypto_wipe(&config->master, sizeof config->master);
    if (status != STATUS_OK) {
        log_error("mynad", "%s", problem);
        return 1;
    }
    const bool was_asked = serve(server, &signals);
    log_info("mynad", "stopping");
    server_stop(server);
    return was_asked ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct config config = {0};
    sigset_t reload;
    char problem[256];
    int rest;

    /* whoever started mynad may ask it to reload before it is ready: that must not end it */
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &reload, NULL);
    seclude_process();
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print_help(), 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("mynad %s\n", MYNA_VERSION), 0;
    if (config_parse(&config, argc, argv, &rest, problem) != STATUS_OK) {
        fprintf(stderr, "mynad: %s\n", problem);
        return 2;
    }
    if (rest == argc || strcmp(argv[rest], "run") == 0)
        return run(&config, argc - rest, argv + rest);
    pthread_sigmask(SIG_UNBLOCK, &reload, NULL);
    return tasks_run(&config, argc - rest, argv + rest);
}

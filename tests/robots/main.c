#include <signal.h>

#include "schema/base/log.h"
#include "tests/robots/fleet.h"

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
    (void)number;
    stop = 1;
}

/* Blocks the stop signals but while the loop waits. */
static void catch_signals(sigset_t *while_waiting)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
    sigdelset(while_waiting, SIGTERM);
    sigdelset(while_waiting, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct settings *settings)
{
    struct fleet *fleet = NULL;
    sigset_t while_waiting;
    char problem[256];

    catch_signals(&while_waiting);
    if (fleet_create(&fleet, settings, problem) != STATUS_OK) {
        fprintf(stderr, "myna-robots: %s\n", problem);
        return 1;
    }
    enum status status = fleet_run(fleet, &stop, &while_waiting);
    if (status != STATUS_OK)
        log_error("robots", "the fleet ends: %s", status_text(status));
    fleet_free(fleet);
    return status == STATUS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings settings;
    char problem[256];

    if (settings_parse(argc, argv, &settings, problem) != STATUS_OK) {
        fprintf(stderr, "myna-robots: %s\n", problem);
        return 2;
    }
    if (!settings.help)
        return run(&settings);
    printf(
        "myna-robots - a fleet of simulated robots that really enrol, connect, talk and count\n");
    settings_print_help(stdout);
    return 0;
}

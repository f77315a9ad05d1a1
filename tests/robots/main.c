#include <signal.h>

#include "schema/base/log.h"
#include "tests/robots/crew.h"
#include "tests/robots/fleet.h"

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
    (void)number;
    stop = 1;
}

/* What is blocked while the loop waits: not the stop signals. */
static void waiting_mask(sigset_t *while_waiting)
{
    sigprocmask(SIG_BLOCK, NULL, while_waiting);
    sigdelset(while_waiting, SIGTERM);
    sigdelset(while_waiting, SIGINT);
}

/* Blocks the stop signals but while somebody waits. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct settings *settings)
{
    struct fleet *fleet = NULL;
    sigset_t while_waiting;
    char problem[256];

    waiting_mask(&while_waiting);
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
    sigset_t while_waiting;
    char problem[256];

    if (settings_parse(argc, argv, &settings, problem) != STATUS_OK) {
        fprintf(stderr, "myna-robots: %s\n", problem);
        return 2;
    }
    if (!settings.help) {
        catch_signals();
        waiting_mask(&while_waiting);
        return crew_run(&settings, run, &stop, &while_waiting);
    }
    printf(
        "myna-robots - a fleet of simulated robots that really enrol, connect, talk and count\n");
    settings_print_help(stdout);
    return 0;
}

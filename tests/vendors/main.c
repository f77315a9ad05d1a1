#include <signal.h>
#include <unistd.h>

#include "schema/base/log.h"
#include "tests/vendors/vendor.h"

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
    struct vendor *vendor = NULL;
    sigset_t while_waiting;
    char problem[256];

    catch_signals(&while_waiting);
    if (vendor_create(&vendor, settings, problem) != STATUS_OK) {
        fprintf(stderr, "myna-vendors: %s\n", problem);
        return 1;
    }
    bool bare = strchr(settings->listen, ':') == NULL;
    printf("listening on http://%s%s%s:%u\n", bare ? "" : "[", settings->listen, bare ? "" : "]",
           service_port(vendor_service(vendor)));
    fflush(stdout);

    enum status status = service_run(vendor_service(vendor), &stop, &while_waiting);
    if (status != STATUS_OK)
        log_error("vendors", "the loop ended: %s", status_text(status));
    vendor_free(vendor);
    return status == STATUS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct settings settings;
    char problem[256];

    if (settings_parse(argc, argv, &settings, problem) != STATUS_OK) {
        fprintf(stderr, "myna-vendors: %s\n", problem);
        return 2;
    }
    int code = 0;
    if (settings.help) {
        printf("myna-vendors - model vendors of many dialects for demos and tests\n");
        settings_print_help(stdout);
    } else {
        code = run(&settings);
    }
    settings_release(&settings);
    return code;
}

/* main.c - myna-wake: waits for the wake phrase, by pocketsphinx behind the protocol of
 * ../PROTOCOL.md */
#include <signal.h>
#include <unistd.h>

#include "agent/ear/wake/serve.h"
#include "schema/base/log.h"
#include "schema/base/seclude.h"

static int usage(FILE *out, int exit_status)
{
    fputs(
        "usage: myna-wake [--help | --version]\n"
        "\n"
        "Waits for the phrase by which a robot is addressed, English only, by pocketsphinx.\n"
        "Started by myna-agent where the owner allows it (option ear): reads sound from standard\n"
        "input, writes when the phrase was said, and keeps nothing (PROTOCOL.md).\n",
        out);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct spotter *spotter = NULL;

    seclude_process(); /* hears the room */
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("myna-wake " MYNA_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc > 1)
        return usage(stderr, 2);

    signal(SIGPIPE, SIG_IGN);
    if (spotter_open(&spotter) != STATUS_OK)
        log_error("wake", "pocketsphinx does not start (hint: install pocketsphinx-en-us)");
    const enum status status = serve_run(spotter, STDIN_FILENO, STDOUT_FILENO);
    if (status == STATUS_CORRUPT)
        log_error("wake", "standard input is not the protocol (hint: myna-agent starts me)");
    spotter_close(spotter);
    return status == STATUS_OK ? 0 : 1;
}

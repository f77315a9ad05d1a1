/* main.c - myna-voice-http: a vendor's voice behind the protocol of ../voice/PROTOCOL.md */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/speech/relay.h"
#include "schema/base/log.h"
#include "schema/base/seclude.h"

static int usage(FILE *out, int exit_status)
{
    fputs(
        "usage: myna-voice-http [--help | --version | PROGRAM]\n"
        "\n"
        "Speaks by a vendor's speech endpoint (POST /audio/speech). Started by myna-agent: reads\n"
        "requests from standard input and writes sound and phoneme marks to standard output.\n"
        "PROGRAM is the voice that tells the phonemes, else the myna-voice beside this one.\n",
        out);
    return exit_status;
}

/* Both are installed in one folder; found nowhere, it is looked for in PATH. */
static const char *voice_beside(char path[PATH_MAX])
{
    static const char name[] = "myna-voice";
    const ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - sizeof name);

    if (size <= 0)
        return NULL;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    memcpy(slash + 1, name, sizeof name);
    return access(path, X_OK) == 0 ? path : NULL;
}

int main(int argc, char **argv)
{
    seclude_process(); /* holds the vendor's key */
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("myna-voice-http " MYNA_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
        return usage(stderr, 2);

    signal(SIGPIPE, SIG_IGN);
    char path[PATH_MAX];
    const enum status status =
        relay_run(argc == 2 ? argv[1] : voice_beside(path), STDIN_FILENO, STDOUT_FILENO);
    if (status == STATUS_CORRUPT)
        log_error("speech",
                  "standard input is not the voice protocol (hint: myna-agent starts me)");
    return status == STATUS_OK ? 0 : 1;
}

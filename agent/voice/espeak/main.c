/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - myna-voice: the offline voice, espeak-ng behind the protocol of ../PROTOCOL.md */
#include <signal.h>
#include <unistd.h>

#include "agent/voice/espeak/serve.h"
#include "schema/base/log.h"
#include "schema/base/seclude.h"

static int usage(FILE *out, int exit_status)
{
    fputs("usage: myna-voice [--help | --version]\n"
          "\n"
          "Speaks English and Mandarin by espeak-ng. Started by myna-agent: reads requests from\n"
          "standard input and writes sound and phoneme marks to standard output (PROTOCOL.md).\n"
          "Free software under the GNU General Public License, version 3 or later.\n",
          out);
    return exit_status;
}

int main(int argc, char **argv)
{
    struct synth *synth;
    unsigned sample_rate;

    seclude_process(); /* what people are told stays between them and the robot */
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("myna-voice " MYNA_VERSION);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc > 1)
        return usage(stderr, 2);

    signal(SIGPIPE, SIG_IGN);
    if (synth_open(&synth, &sample_rate) != STATUS_OK) {
        log_error("voice", "espeak-ng does not start (hint: install espeak-ng-data)");
        return 1;
    }
    enum status status = serve_run(synth, sample_rate, STDIN_FILENO, STDOUT_FILENO);
    if (status == STATUS_CORRUPT)
        log_error("voice", "standard input is not the voice protocol (hint: myna-agent starts me)");
    synth_close(synth);
    return status == STATUS_OK ? 0 : 1;
}

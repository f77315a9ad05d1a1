#include "server/ctl/ask.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static bool read_line(char *out, int size)
{
    if (fgets(out, size, stdin) == NULL)
        return false;
    out[strcspn(out, "\n")] = '\0';
    return true;
}

bool ask_line(const char *prompt, char *out, int size)
{
    if (isatty(STDIN_FILENO))
        fputs(prompt, stderr);
    return read_line(out, size);
}

bool ask_secret(const char *prompt, char *out, int size)
{
    struct termios before;
    const bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;

    if (terminal) {
        struct termios silent = before;

        silent.c_lflag &= ~(tcflag_t)ECHO;
        fputs(prompt, stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool read = read_line(out, size);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return read;
}

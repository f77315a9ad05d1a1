#include "server/ctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "server/ctl/colour.h"

#define LEAST    8 /* fewer are done before anybody has read a bar */
#define BAR_SIZE 30

void progress_start(struct progress *progress, const char *what, size_t all)
{
    *progress = (struct progress){.what = what, .all = all};
}

void progress_show(struct progress *progress, size_t done)
{
    const size_t full = progress->all ? done * BAR_SIZE / progress->all : BAR_SIZE;

    if (progress->all < LEAST || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%s %s", progress->what, colour_begin(stderr, COLOUR_GREEN));
    for (size_t i = 0; i < BAR_SIZE; i++)
        fputc(i < full ? '#' : '.', stderr);
    fprintf(stderr, "%s %zu of %zu", colour_end(stderr), done, progress->all);
    progress->is_shown = true;
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown)
        progress_wipe();
    progress->is_shown = false;
}

void progress_wipe(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

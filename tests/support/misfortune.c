/* misfortune.c - preloaded into a program: a clock that is wrong by MISFORTUNE_CLOCK_S seconds, and
 * power that fails at its MISFORTUNE_RENAME-th rename (1: the first), before that is done
 *
 * Asks the kernel itself, so that it may stand before or behind a sanitizer's library.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
    const char *text = getenv("MISFORTUNE_CLOCK_S");

    return text ? (time_t)strtoll(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    const long result = syscall(SYS_clock_gettime, id, out);

    if (result == 0 && id == CLOCK_REALTIME)
        out->tv_sec += shift();
    return (int)result;
}

time_t time(time_t *out)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now = {0};

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int rename(const char *from, const char *to)
{
    static int count; /* of this process: that is what is counted */
    const char *text = getenv("MISFORTUNE_RENAME");

    if (text && ++count == strtol(text, NULL, 10))
        kill(getpid(), SIGKILL);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

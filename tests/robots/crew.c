#define _GNU_SOURCE
#include "tests/robots/crew.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/log.h"

#define SPARE_FILES  64
#define PROCESSES    64
#define FALLBACK     1024 /* what a system that cannot be asked allows at least */
#define FILES_OF_TWO 11   /* five each, and every second one asks a vendor just now */

size_t crew_size(int64_t robots, uint64_t files)
{
    const uint64_t usable = files > 2 * SPARE_FILES ? files - SPARE_FILES : SPARE_FILES;
    const uint64_t needed = ((uint64_t)robots * FILES_OF_TWO + 1) / 2;
    const uint64_t count = (needed + usable - 1) / usable;

    return count < 1 ? 1 : count > PROCESSES ? PROCESSES : (size_t)count;
}

void crew_share(const struct settings *whole, size_t count, size_t index, struct settings *out)
{
    const int64_t each = whole->robots / (int64_t)count;
    const int64_t more = whole->robots % (int64_t)count;
    const int64_t place = (int64_t)index;

    *out = *whole;
    out->robots = each + (place < more ? 1 : 0);
    out->first = whole->first + place * each + (place < more ? place : more);
    out->starts_per_s = whole->starts_per_s / (int64_t)count;
    if (out->starts_per_s < 1)
        out->starts_per_s = 1;
}

uint64_t crew_raise_file_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return FALLBACK;
    const rlim_t before = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : before;
}

static pid_t begin(const struct settings *share, int (*work)(const struct settings *share))
{
    const pid_t parent = getpid();
    const pid_t pid = fork();

    if (pid != 0)
        return pid;
    /* a parent that died in between would not be noticed any more */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(1);
    int code = work(share);
    fflush(NULL);
    _exit(code);
}

static void tell_all(const pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] > 0)
            kill(pids[i], SIGTERM);
}

/* True when one has ended; its code raises *worst. */
static bool collect(pid_t *pids, size_t count, int *worst)
{
    int code;
    const pid_t ended = waitpid(-1, &code, WNOHANG);

    for (size_t i = 0; ended > 0 && i < count; i++) {
        if (pids[i] != ended)
            continue;
        const int own = WIFEXITED(code) ? WEXITSTATUS(code) : 1;

        pids[i] = 0;
        *worst = own > *worst ? own : *worst;
        return true;
    }
    return false;
}

static int wait_for_all(pid_t *pids, size_t count, const volatile sig_atomic_t *stop,
                        const sigset_t *while_waiting)
{
    size_t left = count;
    bool told = false;
    int worst = 0;

    while (left > 0) {
        while (left > 0 && collect(pids, count, &worst))
            left--;
        if (*stop && !told) {
            tell_all(pids, count);
            told = true;
        }
        if (left > 0)
            sigsuspend(while_waiting);
    }
    return worst;
}

static void on_child(int number)
{
    (void)number;
}

int crew_run(const struct settings *settings, int (*work)(const struct settings *share),
             const volatile sig_atomic_t *stop, const sigset_t *while_waiting)
{
    const size_t count = crew_size(settings->robots, crew_raise_file_limit());
    const struct sigaction action = {.sa_handler = on_child};
    pid_t pids[PROCESSES];
    sigset_t blocked, waiting = *while_waiting;
    size_t begun = 0;

    if (count == 1)
        return work(settings);
    /* ended children wake sigsuspend() and nothing else */
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigdelset(&waiting, SIGCHLD);
    log_info("robots", "%zu processes hold the %lld robots", count, (long long)settings->robots);
    for (; begun < count; begun++) {
        struct settings share;

        crew_share(settings, count, begun, &share);
        pids[begun] = begin(&share, work);
        if (pids[begun] < 0)
            break;
    }
    if (begun < count) {
        log_error("robots", "no more processes: %zu of %zu began", begun, count);
        tell_all(pids, begun);
    }
    const int worst = wait_for_all(pids, begun, stop, &waiting);
    return begun < count ? 1 : worst;
}

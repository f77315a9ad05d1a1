#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/seclude.h"

#define NOBODY 65534

/* Root reads everything: whoever looks and whoever is looked at are somebody else then, of one
 * user. */
static void be_a_user(void)
{
    if (getuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        _exit(2);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* to change one's user takes it away */
}

/* Whether another process of that user opens the file of this one in /proc. */
static bool is_open(pid_t pid, const char *name)
{
    int ended;
    const pid_t looker = fork();

    if (looker == 0) {
        char path[64];
        char byte;

        be_a_user();
        snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        _exit(fd >= 0 && read(fd, &byte, 1) == 1 ? 0 : 1);
    }
    assert_true(looker > 0 && waitpid(looker, &ended, 0) == looker && WIFEXITED(ended));
    assert_in_range(WEXITSTATUS(ended), 0, 1);
    return WEXITSTATUS(ended) == 0;
}

/* A process of that user, secluded or not, that waits until the pipe that it got is closed. */
static pid_t start(bool secluded, int *pipe_end)
{
    int wait_for[2], tell[2];
    char byte = 0;

    assert_int_equal(pipe(wait_for), 0);
    assert_int_equal(pipe(tell), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        close(wait_for[1]);
        be_a_user();
        if (secluded)
            seclude_process();
        if (write(tell[1], &byte, 1) != 1)
            _exit(1);
        _exit(read(wait_for[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(wait_for[0]);
    close(tell[1]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    *pipe_end = wait_for[1];
    return pid;
}

static void i9_other_programs_of_the_same_user_read_neither_memory_nor_environment(void **state)
{
    static const char *const names[] = {"environ", "maps", "auxv"};

    (void)state;
    for (int secluded = 0; secluded < 2; secluded++) {
        int pipe_end, ended;
        const pid_t pid = start(secluded, &pipe_end);

        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (is_open(pid, names[i]) == secluded)
                fail_msg("%s of %s process", names[i], secluded ? "a secluded" : "an open");
        assert_false(secluded && is_open(pid, "mem"));
        close(pipe_end);
        assert_int_equal(waitpid(pid, &ended, 0), pid);
        assert_int_equal(ended, 0);
    }
}

/* As where a developer or an administrator wants them. */
static void allow_cores(void)
{
    struct rlimit limit;

    if (chdir("/tmp") < 0 || getrlimit(RLIMIT_CORE, &limit) < 0)
        _exit(1);
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_CORE, &limit) < 0)
        _exit(1);
}

static void i9_a_crash_leaves_no_core(void **state)
{
    struct rlimit limit;
    int ended;
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        allow_cores();
        seclude_process();
        if (getrlimit(RLIMIT_CORE, &limit) < 0 || limit.rlim_cur > 1 || limit.rlim_max > 1)
            _exit(1);
        signal(SIGABRT, SIG_DFL); /* not the test's own */
        raise(SIGABRT);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
    assert_false(WCOREDUMP(ended));
}

/* The limit alone, for what is started from here does not keep the other. */
static void i9_what_is_started_leaves_no_core_either(void **state)
{
    int ended;
    const pid_t child = fork();

    (void)state;
    if (child == 0) {
        allow_cores();
        seclude_process();
        execl("/bin/sh", "sh", "-c", "kill -ABRT $$", NULL);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT);
    assert_false(WCOREDUMP(ended));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i9_other_programs_of_the_same_user_read_neither_memory_nor_environment),
        cmocka_unit_test(i9_a_crash_leaves_no_core),
        cmocka_unit_test(i9_what_is_started_leaves_no_core_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

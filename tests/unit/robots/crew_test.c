#include "tests/robots/crew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void few_robots_need_no_other_process(void **state)
{
    (void)state;
    assert_int_equal(crew_size(1, 1024), 1);
    assert_int_equal(crew_size(200, 20000), 1);
}

static void every_robot_has_room_for_its_files(void **state)
{
    (void)state;
    /* five files each, and each second one a connection to a vendor */
    for (int64_t robots = 1; robots <= 40000; robots += 37) {
        const size_t count = crew_size(robots, 20000);
        const int64_t most = (robots + (int64_t)count - 1) / (int64_t)count;

        assert_true(most * 11 / 2 + 64 <= 20000 + 6);
    }
    assert_int_equal(crew_size(10000, 20000), 3);
}

static void a_limit_that_holds_no_robot_still_gives_a_number(void **state)
{
    (void)state;
    assert_in_range(crew_size(100000, 0), 1, 64);
}

static void the_shares_are_all_robots_once(void **state)
{
    const struct settings whole = {.robots = 17, .first = 5, .starts_per_s = 100};
    int64_t next = 5;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct settings share;

        crew_share(&whole, 3, i, &share);
        assert_int_equal(share.first, next);
        assert_in_range(share.robots, 5, 6);
        assert_int_equal(share.starts_per_s, 33);
        next += share.robots;
    }
    assert_int_equal(next, 5 + 17);
}

static void a_share_always_starts(void **state)
{
    const struct settings whole = {.robots = 4, .first = 1, .starts_per_s = 2};
    struct settings share;

    (void)state;
    crew_share(&whole, 4, 3, &share);
    assert_int_equal(share.starts_per_s, 1);
}

/* ---- processes ---- */

static int tell_share(const struct settings *share)
{
    const int line = (int)share->first * 1000 + (int)share->robots;
    const int fd = (int)share->think_ms; /* any number of the settings goes through */

    return write(fd, &line, sizeof line) == sizeof line ? (int)(share->first % 7) : 99;
}

static volatile sig_atomic_t stop;

static void on_stop(int number)
{
    (void)number;
    stop = 1;
}

static void mask_of_waiting(sigset_t *while_waiting)
{
    const struct sigaction action = {.sa_handler = on_stop};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, while_waiting);
    sigdelset(while_waiting, SIGTERM);
    sigaction(SIGTERM, &action, NULL);
}

/* So few files that these robots need several processes. */
static void allow_few_files(void)
{
    struct rlimit files;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max = 164;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static int run_crew(int fd)
{
    const struct settings settings = {
        .robots = 40, .first = 1, .starts_per_s = 100, .think_ms = fd};
    sigset_t while_waiting;

    allow_few_files();
    mask_of_waiting(&while_waiting);
    return crew_run(&settings, tell_share, &stop, &while_waiting);
}

/* In a process of its own: limits, once lowered, stay. */
static int end_of(int (*body)(int fd), int fd)
{
    int code = 0;
    const pid_t pid = fork();

    if (pid == 0)
        _exit(body(fd));
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(WIFEXITED(code));
    return WEXITSTATUS(code);
}

static void each_process_has_its_share_and_the_worst_end_is_told(void **state)
{
    int ends[2], line, robots = 0, count = 0;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    /* 40 robots of 220 files, 100 a process: three, whose first ones are 1, 15 and 28 */
    assert_int_equal(end_of(run_crew, ends[1]), 1);
    close(ends[1]);
    for (; read(ends[0], &line, sizeof line) == sizeof line; count++)
        robots += line % 1000;
    close(ends[0]);
    assert_int_equal(count, 3);
    assert_int_equal(robots, 40);
}

static int wait_for_term(const struct settings *share)
{
    const int fd = (int)share->think_ms;
    sigset_t term;
    int number;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    if (write(fd, "", 1) != 1)
        return 99;
    return sigwait(&term, &number) == 0 && number == SIGTERM ? 3 : 99;
}

static int run_until_stopped(int fd)
{
    const struct settings settings = {
        .robots = 40, .first = 1, .starts_per_s = 100, .think_ms = fd};
    sigset_t while_waiting;

    allow_few_files();
    mask_of_waiting(&while_waiting);
    return crew_run(&settings, wait_for_term, &stop, &while_waiting);
}

static void a_stop_reaches_every_process(void **state)
{
    int ends[2], code;
    char byte;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(run_until_stopped(ends[1]));
    close(ends[1]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(read(ends[0], &byte, 1), 1);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &code, 0), pid);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 3);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_robots_need_no_other_process),
        cmocka_unit_test(every_robot_has_room_for_its_files),
        cmocka_unit_test(a_limit_that_holds_no_robot_still_gives_a_number),
        cmocka_unit_test(the_shares_are_all_robots_once),
        cmocka_unit_test(a_share_always_starts),
        cmocka_unit_test(each_process_has_its_share_and_the_worst_end_is_told),
        cmocka_unit_test(a_stop_reaches_every_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

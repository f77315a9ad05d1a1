#include "server/ctl/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

/* What a bar of so many writes to standard error, when that is fd for a while; empty: nothing. */
static void show(int fd, size_t all, bool is_cleared)
{
    const int kept = dup(STDERR_FILENO);
    struct progress progress;

    assert_true(kept >= 0);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    progress_start(&progress, "applying", all);
    progress_show(&progress, all / 2);
    if (is_cleared)
        progress_clear(&progress);
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
}

static int open_terminal(int *master)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(*master >= 0);
    assert_int_equal(grantpt(*master), 0);
    assert_int_equal(unlockpt(*master), 0);
    int slave = open(ptsname(*master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    return slave;
}

static void a_terminal_gets_a_bar_that_can_be_taken_away(void **state)
{
    char text[512] = "";
    int master, slave = open_terminal(&master);

    (void)state;
    setenv("TERM", "dumb", 1);
    show(slave, 60, true);
    /* a terminal may hand over what was written in pieces */
    for (size_t size = 0; !strstr(text, "\033[K");) {
        ssize_t taken = read(master, text + size, sizeof text - 1 - size);
        assert_true(taken > 0);
        size += (size_t)taken;
    }
    assert_non_null(strstr(text, "applying ###############............... 30 of 60"));
    assert_non_null(strstr(text, "\r\033[K"));
    close(slave);
    close(master);
}

static void a_file_gets_nothing(void **state)
{
    FILE *file = tmpfile();

    (void)state;
    show(fileno(file), 60, true);
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

static void what_is_done_at_once_needs_no_bar(void **state)
{
    int master, slave = open_terminal(&master);
    char text[64];

    (void)state;
    show(slave, 3, true);
    assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(master, text, sizeof text), -1);
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_gets_a_bar_that_can_be_taken_away),
        cmocka_unit_test(a_file_gets_nothing),
        cmocka_unit_test(what_is_done_at_once_needs_no_bar),
    };

    return cmocka_run_group_tests_name("server/ctl/progress", tests, NULL, NULL);
}

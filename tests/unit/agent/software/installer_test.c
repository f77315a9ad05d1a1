#include "agent/software/installer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char reason[LIMIT_REASON + 1];

/* Runs a program of this text; its exit status, or minus what kept it from having one. */
static int run(const char *text, int64_t time_limit_ms, const atomic_bool *cancel)
{
    const struct installer installer = {
        .folder = folder,
        .installer = "program",
        .verb = "install",
        .kind = "avatar",
        .name = "friend",
        .version = "1.0",
        .sha256 = "58ff",
        .from = "none",
        .file = "/a file",
        .software_dir = "/software",
        .time_limit_ms = time_limit_ms,
        .cancel = cancel,
    };
    char path[128];
    int exit_status = 0;

    snprintf(path, sizeof path, "%s/program", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", text);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
    assert_true(installer_exists(folder, "program"));
    enum status status = installer_run(&installer, &exit_status, reason);
    unlink(path);
    return status == STATUS_OK ? exit_status : -(int)status;
}

static void it_is_asked_in_words_and_by_its_environment(void **state)
{
    (void)state;
    assert_int_equal(run("echo \"$*|$MYNA_VERB,$MYNA_FROM,$MYNA_SHA256,$MYNA_SOFTWARE_DIR\"; [ -x "
                         "\"$MYNA_AGENT\" ]",
                         0, NULL),
                     0);
    assert_string_equal(reason, "install avatar friend 1.0 /a file|install,none,58ff,/software");
}

static void nothing_of_ours_reaches_it(void **state)
{
    (void)state;
    assert_int_equal(setenv("SECRET", "key", 1), 0);
    assert_int_equal(run("echo \"${SECRET:-none} ${HOME:-none}\"", 0, NULL), 0);
    assert_string_equal(reason, "none none");
    assert_int_equal(run("read line && exit 1; exit 0", 0, NULL), 0);
}

static void its_exit_status_and_last_line_are_told(void **state)
{
    (void)state;
    assert_int_equal(run("echo first; echo 'the last' >&2; exit 20", 0, NULL), INSTALLER_REFUSED);
    assert_string_equal(reason, "the last");
    assert_int_equal(run("printf 'no end'; exit 75", 0, NULL), INSTALLER_LATER);
    assert_string_equal(reason, "no end");
    assert_int_equal(run("yes 0123456789 | head -c 200000; exit 3", 0, NULL), 3);
}

static void what_is_no_text_is_left_out_of_the_reason(void **state)
{
    (void)state;
    assert_int_equal(run("printf 'bad \\377'", 0, NULL), 0);
    assert_string_equal(reason, "bad ");
    assert_int_equal(run("printf 'a\\033[1m\\tb'", 0, NULL), 0);
    assert_string_equal(reason, "a [1m b");
}

static void what_takes_too_long_is_ended_with_all_that_it_started(void **state)
{
    (void)state;
    assert_int_equal(run("sleep 600 & sleep 600", 100, NULL), -(int)STATUS_TIMEOUT);
    assert_string_equal(reason, "the installer program: took too long");
}

static void it_ends_when_the_robot_stops(void **state)
{
    static const atomic_bool cancel = true;

    (void)state;
    assert_int_equal(run("sleep 600", 0, &cancel), -(int)STATUS_CLOSED);
}

static void a_signal_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(run("kill -9 $$", 0, NULL), -(int)STATUS_IO);
    assert_string_equal(reason, "the installer program was ended by signal 9");
}

static void somebody_left_behind_does_not_hold_it_up(void **state)
{
    (void)state;
    assert_int_equal(run("echo done; (sleep 5) & exit 0", 0, NULL), 0);
    assert_string_equal(reason, "done");
}

static void a_program_that_is_not_there_is_told(void **state)
{
    const struct installer installer = {.folder = folder,
                                        .installer = "other",
                                        .verb = "install",
                                        .kind = "",
                                        .name = "",
                                        .version = "",
                                        .sha256 = "",
                                        .from = "",
                                        .file = "",
                                        .software_dir = ""};
    int exit_status = 7;

    (void)state;
    assert_false(installer_exists(folder, "other"));
    assert_int_equal(installer_run(&installer, &exit_status, reason), STATUS_NOT_FOUND);
    assert_int_equal(exit_status, 7);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/myna-installer-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_asked_in_words_and_by_its_environment),
        cmocka_unit_test(nothing_of_ours_reaches_it),
        cmocka_unit_test(its_exit_status_and_last_line_are_told),
        cmocka_unit_test(what_is_no_text_is_left_out_of_the_reason),
        cmocka_unit_test(what_takes_too_long_is_ended_with_all_that_it_started),
        cmocka_unit_test(it_ends_when_the_robot_stops),
        cmocka_unit_test(a_signal_is_a_failure),
        cmocka_unit_test(somebody_left_behind_does_not_hold_it_up),
        cmocka_unit_test(a_program_that_is_not_there_is_told),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}

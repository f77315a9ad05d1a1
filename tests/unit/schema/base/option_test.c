#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/file.h"
#include "schema/base/option.h"

struct config {
    const char *database;
    const char *display;
    int64_t port;
    bool verbose;
};

static const struct option_spec specs[] = {
    {"database", OPTION_TEXT, "dbname=myna", .offset = offsetof(struct config, database),
     .value = "CONNINFO", .help = "where the truth is"},
    {"display", OPTION_CHOICE, "auto", .choices = "auto|window|headless",
     .offset = offsetof(struct config, display), .help = "what to draw on"},
    {"listen_port", OPTION_INT, "8080", .min = 1, .max = 65535,
     .offset = offsetof(struct config, port), .value = "PORT", .help = "port to listen on"},
    {"verbose", OPTION_FLAG, "false", .offset = offsetof(struct config, verbose),
     .help = "say more"},
};

static const struct option_table table = {
    .program = "probe", .env_prefix = "PROBE", .specs = specs, .count = 4};

/* One run of option_parse over the arguments given, program name first. */
struct run {
    struct config config;
    int rest;
    char problem[256];
    enum status status;
};

static void parse(struct run *run, const char *default_file, char **argv)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    memset(run, 0, sizeof *run);
    run->rest = -1;
    run->status =
        option_parse(&table, default_file, argc, argv, &run->config, &run->rest, run->problem);
}

#define PARSE(run, file, ...) parse(run, file, (char *[]){"probe", __VA_ARGS__, NULL})

static int enter_folder(void **state)
{
    char *folder = strdup("/tmp/myna-option-test-XXXXXX");

    *state = folder;
    return folder && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    free(*state);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *content)
{
    assert_int_equal(file_replace(path, span_text(content), 0600), STATUS_OK);
}

static void without_anything_the_defaults_hold(void **state)
{
    struct run run;

    (void)state;
    PARSE(&run, "missing.conf", "command", "--not-ours");
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.config.database, "dbname=myna");
    assert_string_equal(run.config.display, "auto");
    assert_int_equal(run.config.port, 8080);
    assert_false(run.config.verbose);
    assert_int_equal(run.rest, 1);
}

static void the_command_line_takes_all_the_usual_forms(void **state)
{
    struct run run;

    (void)state;
    PARSE(&run, NULL, "--database", "host=a b", "--listen-port=99", "--verbose", "--", "--rest");
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.config.database, "host=a b");
    assert_int_equal(run.config.port, 99);
    assert_true(run.config.verbose);
    assert_int_equal(run.rest, 6);

    PARSE(&run, NULL, "--verbose", "--no-verbose", "--listen_port", "7", "-", "x");
    assert_int_equal(run.status, STATUS_OK);
    assert_false(run.config.verbose);
    assert_int_equal(run.config.port, 7);
    assert_int_equal(run.rest, 5);
}

static void the_nearer_source_wins(void **state)
{
    struct run run;

    (void)state;
    write_file("a.conf", "listen_port = 1\ndatabase = file\ndisplay = window\n");
    setenv("PROBE_LISTEN_PORT", "2", 1);
    setenv("PROBE_DATABASE", "environment", 1);
    PARSE(&run, "a.conf", "--listen-port", "3");
    unsetenv("PROBE_LISTEN_PORT");
    unsetenv("PROBE_DATABASE");
    assert_int_equal(run.status, STATUS_OK);
    assert_int_equal(run.config.port, 3);
    assert_string_equal(run.config.database, "environment");
    assert_string_equal(run.config.display, "window");
}

static void a_file_may_hold_comments_blanks_and_no_last_newline(void **state)
{
    struct run run;

    (void)state;
    write_file("b.conf", "# all of it\n\n  database =  a#b c=d  # why\r\n\tverbose=yes\n"
                         "listen-port = 5");
    PARSE(&run, NULL, "--config", "b.conf");
    assert_int_equal(run.status, STATUS_OK);
    assert_string_equal(run.config.database, "a#b c=d");
    assert_true(run.config.verbose);
    assert_int_equal(run.config.port, 5);
}

static void a_file_that_is_named_must_exist(void **state)
{
    struct run run;

    (void)state;
    PARSE(&run, NULL, "--config", "missing.conf");
    assert_int_equal(run.status, STATUS_INVALID);
    assert_string_equal(run.problem, "missing.conf: cannot read the configuration file: not found");
}

static void each_mistake_is_named_with_its_place(void **state)
{
    struct run run;

    (void)state;
    write_file("c.conf", "verbose = yes\nport = 5\n");
    PARSE(&run, "c.conf", "x");
    assert_int_equal(run.status, STATUS_INVALID);
    assert_string_equal(run.problem, "c.conf:2: \"port\" is no option of probe; see --help");
    write_file("c.conf", "verbose\n");
    PARSE(&run, "c.conf", "x");
    assert_string_equal(run.problem, "c.conf:1: \"verbose\" has no \"=\"; write name = value");

    PARSE(&run, NULL, "--port", "1");
    assert_string_equal(run.problem, "--port: no such option of probe; see --help");
    PARSE(&run, NULL, "--listen-port", "0");
    assert_string_equal(run.problem, "--listen-port: \"0\" is not a number from 1 to 65535");
    PARSE(&run, NULL, "--display", "auto|window");
    assert_string_equal(run.problem,
                        "--display: \"auto|window\" is not one of auto|window|headless");
    PARSE(&run, NULL, "--verbose=maybe");
    assert_string_equal(run.problem, "--verbose=maybe: \"maybe\" is neither true nor false");
    PARSE(&run, NULL, "--database");
    assert_string_equal(run.problem, "--database: needs a value");
    PARSE(&run, NULL, "-v");
    assert_string_equal(run.problem, "-v: options start with two dashes; see --help");
    PARSE(&run, NULL, "--no-database");
    assert_string_equal(run.problem, "--no-database: no such option of probe; see --help");
    assert_int_equal(run.rest, -1);

    setenv("PROBE_LISTEN_PORT", "many", 1);
    PARSE(&run, NULL, "x");
    unsetenv("PROBE_LISTEN_PORT");
    assert_string_equal(run.problem, "PROBE_LISTEN_PORT: \"many\" is not a number from 1 to 65535");
}

static void help_lists_every_option_with_its_value_and_default(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    option_print_help(&table, out);
    fclose(out);
    for (size_t i = 0; i < table.count; i++)
        assert_non_null(strstr(text, specs[i].help));
    assert_non_null(strstr(text, "\n  --listen-port PORT "));
    assert_non_null(strstr(text, "(1 to 65535) [8080]"));
    assert_non_null(strstr(text, "(auto|window|headless) [auto]"));
    assert_non_null(strstr(text, "--config"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_anything_the_defaults_hold),
        cmocka_unit_test(the_command_line_takes_all_the_usual_forms),
        cmocka_unit_test(the_nearer_source_wins),
        cmocka_unit_test(a_file_may_hold_comments_blanks_and_no_last_newline),
        cmocka_unit_test(a_file_that_is_named_must_exist),
        cmocka_unit_test(each_mistake_is_named_with_its_place),
        cmocka_unit_test(help_lists_every_option_with_its_value_and_default),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

#include "server/ctl/colour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

static FILE *open_terminal(void)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

static void only_a_terminal_gets_colours(void **state)
{
    FILE *file = tmpfile();
    FILE *terminal = open_terminal();

    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_string_equal(colour_begin(file, COLOUR_RED), "");
    assert_string_equal(colour_end(file), "");
    assert_string_equal(colour_begin(terminal, COLOUR_RED), "\033[31m");
    assert_string_equal(colour_end(terminal), "\033[0m");
    fclose(file);
    fclose(terminal);
}

static void whoever_wants_none_gets_none(void **state)
{
    FILE *terminal = open_terminal();

    (void)state;
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    assert_string_equal(colour_begin(terminal, COLOUR_RED), "");
    setenv("NO_COLOR", "", 1);
    assert_string_equal(colour_begin(terminal, COLOUR_RED), "\033[31m");
    setenv("TERM", "dumb", 1);
    assert_string_equal(colour_begin(terminal, COLOUR_RED), "");
    fclose(terminal);
}

static void only_a_terminal_has_columns(void **state)
{
    FILE *file = tmpfile();
    FILE *terminal = open_terminal();

    (void)state;
    setenv("COLUMNS", "72", 1);
    assert_int_equal(colour_columns(file), 0);
    assert_int_equal(colour_columns(terminal), 72);
    fclose(file);
    fclose(terminal);
}

static void states_have_the_colour_of_what_they_ask_of_people(void **state)
{
    (void)state;
    assert_int_equal(colour_of("critical"), COLOUR_RED);
    assert_int_equal(colour_of("paused"), COLOUR_YELLOW);
    assert_int_equal(colour_of("online"), COLOUR_GREEN);
    assert_int_equal(colour_of("on"), COLOUR_NONE);
    assert_int_equal(colour_of(""), COLOUR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_terminal_gets_colours),
        cmocka_unit_test(whoever_wants_none_gets_none),
        cmocka_unit_test(only_a_terminal_has_columns),
        cmocka_unit_test(states_have_the_colour_of_what_they_ask_of_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

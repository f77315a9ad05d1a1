#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/log.h"
#include "schema/base/span.h"

/* Standard error of this process, caught in a file. */
struct catch
{
    int real;
    FILE *file;
};

static void catch_start(struct catch *caught)
{
    caught->file = tmpfile();
    assert_non_null(caught->file);
    caught->real = dup(STDERR_FILENO);
    assert_true(dup2(fileno(caught->file), STDERR_FILENO) >= 0);
}

static void catch_stop(struct catch *caught, char *text, size_t text_size)
{
    assert_true(dup2(caught->real, STDERR_FILENO) >= 0);
    close(caught->real);
    rewind(caught->file);
    size_t size = fread(text, 1, text_size - 1, caught->file);
    text[size] = 0;
    fclose(caught->file);
}

static int leave_the_journal(void **state)
{
    (void)state;
    log_set_level(LOG_INFO);
    return unsetenv("JOURNAL_STREAM");
}

static void a_line_has_time_level_area_and_text(void **state)
{
    struct catch caught;
    char text[256];

    (void)state;
    catch_start(&caught);
    log_warning("bus", "cannot connect to \"%s\" attempt=%d", "broker", 3);
    catch_stop(&caught, text, sizeof text);
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[23], 'Z');
    assert_string_equal(text + 24, " warning bus: cannot connect to \"broker\" attempt=3\n");
}

static void under_systemd_a_line_has_a_priority_and_no_time(void **state)
{
    struct catch caught;
    char text[256];

    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    catch_start(&caught);
    log_error("store", "gone");
    log_warning("store", "going");
    log_info("store", "fine");
    catch_stop(&caught, text, sizeof text);
    assert_string_equal(text, "<3>store: gone\n<4>store: going\n<6>store: fine\n");
}

static void lines_below_the_level_are_dropped(void **state)
{
    struct catch caught;
    char text[256];

    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    catch_start(&caught);
    log_debug("a", "not by default");
    log_set_level(LOG_DEBUG);
    log_debug("a", "now");
    log_set_level_named("error");
    log_set_level_named("loud");
    log_warning("a", "no more");
    catch_stop(&caught, text, sizeof text);
    assert_string_equal(text, "<7>a: now\n");
}

static void one_event_stays_one_line(void **state)
{
    struct catch caught;
    char text[256];

    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    catch_start(&caught);
    log_info("a", "%s", "x\nmyna: forged\x1b[0m\x7f \xe4\xbd\xa0");
    catch_stop(&caught, text, sizeof text);
    assert_string_equal(text, "<6>a: x\\x0amyna: forged\\x1b[0m\\x7f \xe4\xbd\xa0\n");
}

static void an_endless_text_is_cut_and_says_so(void **state)
{
    static char text[16384], endless[5000];
    struct catch caught;

    (void)state;
    memset(endless, '\n', sizeof endless - 1);
    catch_start(&caught);
    log_info("a", "%s", endless);
    catch_stop(&caught, text, sizeof text);
    size_t size = strlen(text);
    assert_true(size > 4 && size < 9000);
    assert_string_equal(text + size - 4, "...\n");
    assert_ptr_equal(strchr(text, '\n'), text + size - 1);
}

struct heard {
    int lines;
    enum log_level level;
    char text[128];
};

static void hear(void *context, int64_t wall_ms, enum log_level level, const char *line)
{
    struct heard *heard = context;

    assert_true(wall_ms > 0);
    heard->lines++;
    heard->level = level;
    snprintf(heard->text, sizeof heard->text, "%s", line);
}

static void a_sink_hears_what_is_written_and_nothing_else(void **state)
{
    struct heard heard = {0};
    struct catch caught;
    char text[256];

    (void)state;
    catch_start(&caught);
    log_set_sink(hear, &heard);
    log_debug("bus", "below the level");
    log_warning("bus", "two\nlines");
    log_set_sink(NULL, NULL);
    log_warning("bus", "after it");
    catch_stop(&caught, text, sizeof text);
    assert_int_equal(heard.lines, 1);
    assert_int_equal(heard.level, LOG_WARNING);
    assert_string_equal(heard.text, "bus: two\\x0alines");
    assert_non_null(strstr(text, "after it"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_has_time_level_area_and_text, leave_the_journal),
        cmocka_unit_test_setup(under_systemd_a_line_has_a_priority_and_no_time, leave_the_journal),
        cmocka_unit_test_setup(lines_below_the_level_are_dropped, leave_the_journal),
        cmocka_unit_test_setup(one_event_stays_one_line, leave_the_journal),
        cmocka_unit_test_setup(an_endless_text_is_cut_and_says_so, leave_the_journal),
        cmocka_unit_test_setup(a_sink_hears_what_is_written_and_nothing_else, leave_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/robots/notebook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static int set_up(void **state)
{
    char *path = strdup("/tmp/myna-notebook-XXXXXX");
    int fd = mkstemp(path);

    if (fd < 0)
        return -1;
    close(fd);
    *state = path;
    return 0;
}

static int tear_down(void **state)
{
    unlink(*state);
    free(*state);
    return 0;
}

static void what_was_written_is_there_after_the_process_is_lost(void **state)
{
    struct notebook *notebook = NULL;

    assert_int_equal(notebook_open(&notebook, *state), STATUS_OK);
    assert_true(notebook_facts(notebook)->session_number == 0);
    notebook_facts(notebook)->session_number = 7;
    notebook_facts(notebook)->receipt_size = 32;
    memset(notebook_facts(notebook)->receipt, 5, 32);
    assert_int_equal(notebook_write(notebook), STATUS_OK);
    notebook_facts(notebook)->session_number = 8; /* not written */
    notebook_close(notebook);

    assert_int_equal(notebook_open(&notebook, *state), STATUS_OK);
    assert_true(notebook_facts(notebook)->session_number == 7);
    assert_int_equal(notebook_facts(notebook)->receipt[31], 5);
    notebook_close(notebook);
}

static void a_file_that_is_no_notebook_is_refused(void **state)
{
    struct notebook *notebook = NULL;
    FILE *file = fopen(*state, "w");

    fputs("something else", file);
    fclose(file);
    assert_int_equal(notebook_open(&notebook, *state), STATUS_CORRUPT);
    assert_null(notebook);
}

static void a_notebook_whose_mark_is_damaged_is_refused(void **state)
{
    struct notebook *notebook = NULL;

    assert_int_equal(notebook_open(&notebook, *state), STATUS_OK);
    assert_int_equal(notebook_write(notebook), STATUS_OK);
    notebook_close(notebook);
    notebook = NULL;
    FILE *file = fopen(*state, "r+");
    fputc('x', file);
    fclose(file);
    assert_int_equal(notebook_open(&notebook, *state), STATUS_CORRUPT);
    assert_null(notebook);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_written_is_there_after_the_process_is_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_notebook_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_notebook_whose_mark_is_damaged_is_refused, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A real folder: what a robot that restarts still knows of the owner it was handed to. */
#include "agent/handover.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

static const uint8_t one[TRANSFER_ID_SIZE] = {1}, other[TRANSFER_ID_SIZE] = {2};

struct fixture {
    char folder[64];
    char path[80];
    struct handover handover;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/myna-handover-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/transferred", fixture->folder);
    handover_init(&fixture->handover);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    handover_release(&fixture->handover);
    unlink(fixture->path);
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static enum status end(struct fixture *fixture, bool is_wiped)
{
    enum status status = STATUS_OK;

    assert_true(handover_end(&fixture->handover, fixture->folder, one, is_wiped, &status));
    return status;
}

static void restart(struct fixture *fixture)
{
    handover_release(&fixture->handover);
    handover_init(&fixture->handover);
    handover_recall(&fixture->handover, fixture->folder);
}

static void a_robot_that_restarts_knows_that_it_was_handed_over(void **state)
{
    struct fixture *fixture = *state;

    handover_begin(&fixture->handover, one);
    assert_false(handover_is_done(&fixture->handover, one));
    assert_int_equal(end(fixture, true), STATUS_OK);
    assert_true(handover_is_done(&fixture->handover, one));
    restart(fixture);
    assert_true(handover_is_done(&fixture->handover, one));
    assert_false(handover_is_done(&fixture->handover, other));
}

static void what_was_not_wiped_is_not_remembered(void **state)
{
    struct fixture *fixture = *state;

    handover_begin(&fixture->handover, one);
    assert_int_equal(end(fixture, false), STATUS_OK);
    assert_false(handover_is_done(&fixture->handover, one));
    restart(fixture);
    assert_false(handover_is_done(&fixture->handover, one));
}

static void what_cannot_be_remembered_does_not_count_as_done(void **state)
{
    struct fixture *fixture = *state;
    enum status status = STATUS_OK;

    handover_begin(&fixture->handover, one);
    assert_true(handover_end(&fixture->handover, "/nowhere/at/all", one, true, &status));
    assert_int_not_equal(status, STATUS_OK);
    assert_false(handover_is_done(&fixture->handover, one));
}

static void a_wipe_that_nobody_agreed_to_is_of_no_handover(void **state)
{
    struct fixture *fixture = *state;
    enum status status;

    handover_begin(&fixture->handover, one);
    assert_false(handover_end(&fixture->handover, fixture->folder, other, true, &status));
    assert_int_equal(end(fixture, true), STATUS_OK);
    /* once */
    assert_false(handover_end(&fixture->handover, fixture->folder, one, true, &status));
}

static void a_damaged_file_is_as_good_as_none(void **state)
{
    struct fixture *fixture = *state;

    handover_begin(&fixture->handover, one);
    assert_int_equal(end(fixture, true), STATUS_OK);
    assert_int_equal(file_replace(fixture->path, span_text("01000000-0000\n"), 0600), STATUS_OK);
    restart(fixture);
    assert_false(handover_is_done(&fixture->handover, one));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_robot_that_restarts_knows_that_it_was_handed_over),
        TEST(what_was_not_wiped_is_not_remembered),
        TEST(what_cannot_be_remembered_does_not_count_as_done),
        TEST(a_wipe_that_nobody_agreed_to_is_of_no_handover),
        TEST(a_damaged_file_is_as_good_as_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

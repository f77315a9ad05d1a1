#include "agent/meter/spare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/base/file.h"

struct fixture {
    char folder[64], path[96], spare[112];
};

static int set_up(void **state)
{
    static struct fixture fixture;

    snprintf(fixture.folder, sizeof fixture.folder, "/tmp/myna-spare-XXXXXX");
    assert_non_null(mkdtemp(fixture.folder));
    snprintf(fixture.path, sizeof fixture.path, "%s/journal", fixture.folder);
    snprintf(fixture.spare, sizeof fixture.spare, "%s/journal.spare", fixture.folder);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    const struct fixture *fixture = *state;

    unlink(fixture->path);
    unlink(fixture->spare);
    rmdir(fixture->folder);
    return 0;
}

static off_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void the_room_is_taken_once(void **state)
{
    const struct fixture *fixture = *state;

    assert_true(spare_keep(fixture->path, 8192));
    assert_int_equal(size_of(fixture->spare), 8192);
    assert_true(spare_keep(fixture->path, 8192));
    assert_int_equal(size_of(fixture->spare), 8192);
}

static void a_replaced_file_is_the_content_alone_and_used_the_spare_up(void **state)
{
    const struct fixture *fixture = *state;
    uint8_t *bytes = NULL;
    size_t size;

    assert_int_equal(file_replace(fixture->path, span_text("old"), 0600), STATUS_OK);
    assert_true(spare_keep(fixture->path, 8192));
    assert_int_equal(spare_replace(fixture->path, span_text("folded")), STATUS_OK);
    assert_int_equal(file_read(fixture->path, 100, &bytes, &size), STATUS_OK);
    assert_int_equal(size, 6);
    assert_memory_equal(bytes, "folded", 6);
    free(bytes);
    assert_int_equal(size_of(fixture->spare), -1);
}

static void without_a_spare_nothing_changes(void **state)
{
    const struct fixture *fixture = *state;

    assert_int_equal(file_replace(fixture->path, span_text("old"), 0600), STATUS_OK);
    assert_int_equal(spare_replace(fixture->path, span_text("folded")), STATUS_FULL);
    assert_int_equal(size_of(fixture->path), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_room_is_taken_once),
        TEST(a_replaced_file_is_the_content_alone_and_used_the_spare_up),
        TEST(without_a_spare_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
#undef TEST
}

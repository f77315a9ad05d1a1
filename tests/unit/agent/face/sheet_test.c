#include "agent/face/sheet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void a_sheet_is_drawn_for_a_good_pack(void **state)
{
    char folder[] = "/tmp/myna-sheet-XXXXXX", path[64];
    struct stat info;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sheet.png", folder);
    assert_int_equal(sheet_check(PACK_FOLDER "/template.svg", path), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size > 10000);
    unlink(path);
    rmdir(folder);
}

static void a_bad_pack_or_a_folder_that_is_not_there_fails(void **state)
{
    (void)state;
    assert_int_equal(sheet_check("/nonexistent.svg", NULL), 1);
    assert_int_equal(sheet_check(PACK_FOLDER "/../PACKS.md", NULL), 1);
    assert_int_equal(sheet_check(PACK_FOLDER "/template.svg", "/nonexistent/sheet.png"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sheet_is_drawn_for_a_good_pack),
        cmocka_unit_test(a_bad_pack_or_a_folder_that_is_not_there_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

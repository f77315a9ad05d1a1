#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

/* A folder of this test's own; the paths below are relative to it. */
static int enter_folder(void **state)
{
    char *folder = strdup("/tmp/myna-file-test-XXXXXX");

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

static void assert_content(const char *path, const char *content)
{
    uint8_t *data = NULL;
    size_t size = 0;

    assert_int_equal(file_read(path, 100, &data, &size), STATUS_OK);
    assert_int_equal(size, strlen(content));
    assert_string_equal((char *)data, content);
    free(data);
}

static void what_was_written_is_read_back_with_a_nul_after_it(void **state)
{
    (void)state;
    assert_int_equal(file_replace("a", span_text("content"), 0600), STATUS_OK);
    assert_content("a", "content");
    assert_int_equal(file_replace("a", span_text(""), 0600), STATUS_OK);
    assert_content("a", "");
}

static void a_replaced_file_is_new_and_leaves_nothing_beside_it(void **state)
{
    struct stat before, after;

    (void)state;
    assert_int_equal(file_replace("b", span_text("old"), 0600), STATUS_OK);
    assert_int_equal(stat("b", &before), 0);
    int old = open("b", O_RDONLY);
    assert_int_equal(file_replace("b", span_text("new"), 0640), STATUS_OK);
    assert_int_equal(stat("b", &after), 0);

    char text[4] = "";
    assert_int_equal(read(old, text, 3), 3);
    close(old);
    assert_string_equal(text, "old");
    assert_true(before.st_ino != after.st_ino);
    assert_int_equal(after.st_mode & 0777, 0640);
    assert_int_equal(access("b.new", F_OK), -1);
}

static void a_leftover_of_a_crash_is_not_written_through(void **state)
{
    (void)state;
    assert_int_equal(file_replace("precious", span_text("keep me"), 0600), STATUS_OK);
    assert_int_equal(symlink("precious", "c.new"), 0);
    assert_int_equal(file_replace("c", span_text("secret"), 0600), STATUS_OK);
    assert_content("precious", "keep me");
    assert_content("c", "secret");
}

static void what_is_missing_or_too_large_is_told_apart(void **state)
{
    uint8_t *data = NULL;
    size_t size = 7;

    (void)state;
    assert_int_equal(file_read("missing", 100, &data, &size), STATUS_NOT_FOUND);
    assert_int_equal(file_replace("d", span_text("12345"), 0600), STATUS_OK);
    assert_int_equal(file_read("d", 4, &data, &size), STATUS_FULL);
    assert_int_equal(file_read(".", 100, &data, &size), STATUS_IO);
    assert_null(data);
    assert_int_equal(size, 7);
    assert_int_equal(file_read("d", 5, &data, &size), STATUS_OK);
    free(data);
}

static void a_file_larger_than_one_read_comes_whole(void **state)
{
    static uint8_t content[100000];
    uint8_t *data = NULL;
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i * 7 >> 3);
    assert_int_equal(file_replace("e", span_of(content, sizeof content), 0600), STATUS_OK);
    assert_int_equal(file_read("e", sizeof content, &data, &size), STATUS_OK);
    assert_int_equal(size, sizeof content);
    assert_memory_equal(data, content, sizeof content);
    free(data);
}

static void a_folder_that_is_missing_fails_the_write(void **state)
{
    (void)state;
    assert_int_equal(file_replace("nowhere/f", span_text("x"), 0600), STATUS_IO);
}

static void folders_are_made_with_their_parents(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(file_make_folder("x/y//z", 0700), STATUS_OK);
    assert_int_equal(stat("x/y/z", &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(file_make_folder("x/y/z/", 0700), STATUS_OK);
    assert_int_equal(file_make_folder("/tmp", 0700), STATUS_OK);
}

static void a_file_in_the_way_of_a_folder_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(file_replace("g", span_text("x"), 0600), STATUS_OK);
    assert_int_equal(file_make_folder("g", 0700), STATUS_IO);
    assert_int_equal(file_make_folder("g/h", 0700), STATUS_IO);
    assert_int_equal(file_make_folder("", 0700), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back_with_a_nul_after_it),
        cmocka_unit_test(a_replaced_file_is_new_and_leaves_nothing_beside_it),
        cmocka_unit_test(a_leftover_of_a_crash_is_not_written_through),
        cmocka_unit_test(what_is_missing_or_too_large_is_told_apart),
        cmocka_unit_test(a_file_larger_than_one_read_comes_whole),
        cmocka_unit_test(a_folder_that_is_missing_fails_the_write),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(a_file_in_the_way_of_a_folder_is_an_error),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

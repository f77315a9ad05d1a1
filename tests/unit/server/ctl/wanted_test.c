#include "server/ctl/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wanted-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static void put(const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_replace(path, span_text(text), 0600), STATUS_OK);
}

static int read_it(struct wanted **wanted)
{
    assert_int_equal(wanted_create(wanted), CTL_DONE);
    return wanted_read(*wanted, folder);
}

static void a_folder_is_read_with_the_folders_in_it_and_nothing_but_documents(void **state)
{
    struct wanted *wanted;
    char inner[128];

    (void)state;
    snprintf(inner, sizeof inner, "%s/inner", folder);
    assert_int_equal(mkdir(inner, 0700), 0);
    put("inner/a.yaml", "group: high\n");
    put("README.md", "no document");
    put(".hidden.yaml", "no document either");
    assert_int_equal(read_it(&wanted), CTL_DONE);
    assert_true(wanted_has(wanted, "group", "high"));
    wanted_free(wanted);
}

static void an_object_may_be_told_once(void **state)
{
    struct wanted *wanted;

    (void)state;
    put("a.yaml", "group: high\n");
    put("b.yaml", "group: high\npriority: 3\n");
    assert_int_equal(read_it(&wanted), CTL_FAILED);
    wanted_free(wanted);
}

static void a_folder_without_documents_is_a_mistake(void **state)
{
    struct wanted *wanted;

    (void)state;
    assert_int_equal(read_it(&wanted), CTL_FAILED);
    wanted_free(wanted);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_folder_is_read_with_the_folders_in_it_and_nothing_but_documents, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_object_may_be_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_without_documents_is_a_mistake, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

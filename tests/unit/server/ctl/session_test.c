#include "server/ctl/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

static char folder[64];
static char path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/session-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/ctl.json", folder);
    setenv("MYNACTL_CONFIG", path, 1);
    unsetenv("MYNACTL_URL");
    unsetenv("MYNACTL_KEY");
    unsetenv("MYNACTL_CONTEXT");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void save(const char *name, const char *url)
{
    struct session session = {0};

    snprintf(session.name, sizeof session.name, "%s", name);
    snprintf(session.url, sizeof session.url, "%s", url);
    snprintf(session.key, sizeof session.key, "secret-%s", name);
    assert_int_equal(session_save(&session), STATUS_OK);
}

static void without_a_file_the_first_login_is_the_default_one(void **state)
{
    struct session session;

    (void)state;
    assert_int_equal(session_load(&session, NULL), STATUS_NOT_FOUND);
    assert_string_equal(session.name, "default");
    assert_string_equal(session.url, "");
}

static void the_first_context_is_current_until_another_is_chosen(void **state)
{
    struct session session;
    struct session_set set;

    (void)state;
    save("shop", "http://shop");
    save("lab", "http://lab");
    assert_int_equal(session_load(&session, NULL), STATUS_OK);
    assert_string_equal(session.url, "http://shop");
    assert_int_equal(session_load(&session, "lab"), STATUS_OK);
    assert_string_equal(session.key, "secret-lab");
    assert_int_equal(session_read_all(&set), STATUS_OK);
    assert_int_equal(set.count, 2);
    snprintf(set.current, sizeof set.current, "lab");
    assert_int_equal(session_write_all(&set), STATUS_OK);
    assert_int_equal(session_load(&session, NULL), STATUS_OK);
    assert_string_equal(session.url, "http://lab");
    setenv("MYNACTL_CONTEXT", "shop", 1);
    assert_int_equal(session_load(&session, NULL), STATUS_OK);
    assert_string_equal(session.url, "http://shop");
}

static void a_file_from_before_contexts_is_the_default_one(void **state)
{
    struct session session;

    (void)state;
    assert_int_equal(file_replace(path,
                                  span_text("{\"url\":\"http://old\",\"cookie\":\"c\",\"key\":\"\","
                                            "\"ca\":\"\"}"),
                                  0600),
                     STATUS_OK);
    assert_int_equal(session_load(&session, NULL), STATUS_OK);
    assert_string_equal(session.name, "default");
    assert_string_equal(session.url, "http://old");
    save("lab", "http://lab");
    assert_int_equal(session_load(&session, "default"), STATUS_OK);
    assert_string_equal(session.cookie, "c");
}

static void I9_keys_are_in_a_file_that_nobody_else_reads(void **state)
{
    struct session session;
    struct stat st;

    (void)state;
    save("shop", "http://shop");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(session_load(&session, NULL), STATUS_DENIED);
    assert_string_equal(session.key, "");
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(session_load(&session, NULL), STATUS_DENIED);
}

static void the_environment_stands_in_for_the_file_and_is_kept_nowhere(void **state)
{
    struct session session;

    (void)state;
    save("shop", "http://shop");
    setenv("MYNACTL_URL", "http://here", 1);
    setenv("MYNACTL_KEY", "k", 1);
    assert_int_equal(session_load(&session, NULL), STATUS_OK);
    assert_string_equal(session.url, "http://here");
    assert_int_equal(session_save(&session), STATUS_OK);
    assert_int_equal(session_load(&session, "shop"), STATUS_OK);
    assert_string_equal(session.url, "http://shop");
    assert_int_equal(session_load(&session, ""), STATUS_NOT_FOUND);
}

static void a_damaged_file_is_told(void **state)
{
    struct session session;

    (void)state;
    assert_int_equal(file_replace(path, span_text("{"), 0600), STATUS_OK);
    assert_int_equal(session_load(&session, NULL), STATUS_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_file_the_first_login_is_the_default_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_first_context_is_current_until_another_is_chosen,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_from_before_contexts_is_the_default_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(I9_keys_are_in_a_file_that_nobody_else_reads, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_environment_stands_in_for_the_file_and_is_kept_nowhere,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

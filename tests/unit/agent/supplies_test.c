#include "agent/supplies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/file.h"

static char folder[PATH_MAX];

static void put(const char *name, const char *text, mode_t mode)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(file_replace(path, span_text(text), mode), STATUS_OK);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/myna-supplies-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[PATH_MAX + 16];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void a_voice_that_came_takes_the_place_of_the_program_of_its_name(void **state)
{
    char place[PATH_MAX], program[PATH_MAX], expected[2 * PATH_MAX];

    (void)state;
    supplies_voice(folder, "/usr/bin/myna-voice", program);
    assert_string_equal(program, "/usr/bin/myna-voice");

    assert_int_equal(updater_place(folder, "voice", "myna-voice", place, sizeof place), STATUS_OK);
    assert_int_equal(file_make_folder(place, 0700), STATUS_OK);
    put("voice/myna-voice/current/myna-voice", "#!/bin/sh\n", 0600);
    supplies_voice(folder, "/usr/bin/myna-voice", program);
    assert_string_equal(program, "/usr/bin/myna-voice"); /* it cannot be run */

    snprintf(expected, sizeof expected, "%s/myna-voice", place);
    assert_int_equal(chmod(expected, 0755), 0);
    supplies_voice(folder, "/usr/bin/myna-voice", program);
    assert_string_equal(program, expected);
    supplies_voice(folder, "myna-voice", program);
    assert_string_equal(program, expected);
    supplies_voice(folder, "/usr/bin/myna-voice-http", program);
    assert_string_equal(program, "/usr/bin/myna-voice-http");
}

static void without_keys_a_robot_is_not_able_and_with_them_it_is(void **state)
{
    char keys[2 * PATH_MAX], key[PKI_PEM_SIZE], public_key[PKI_PEM_SIZE], problem[256] = "";
    struct config config = {.update_dir = "/nowhere", .update_max_mib = 1};
    struct updater *updater = NULL;

    (void)state;
    snprintf(keys, sizeof keys, "%s/keys.pem", folder);
    config.update_keys = keys;
    assert_int_equal(supplies_open(&updater, &config, folder, NULL, NULL, problem), STATUS_OK);
    assert_false(updater_is_able(updater));
    updater_close(updater);

    assert_int_equal(pki_make_key(key), STATUS_OK);
    assert_int_equal(pki_public_key(key, public_key), STATUS_OK);
    put("keys.pem", public_key, 0644);
    assert_int_equal(supplies_open(&updater, &config, folder, NULL, NULL, problem), STATUS_OK);
    assert_true(updater_is_able(updater));
    updater_close(updater);
}

static void keys_that_cannot_be_read_are_told_by_name(void **state)
{
    struct config config = {.update_dir = "/nowhere", .update_keys = folder};
    struct updater *updater = NULL;
    char problem[256] = "";

    (void)state;
    assert_int_equal(supplies_open(&updater, &config, folder, NULL, NULL, problem), STATUS_IO);
    assert_non_null(strstr(problem, folder));
    assert_null(updater);
}

static void a_robot_whose_shelf_is_damaged_goes_on(void **state)
{
    struct config config = {.update_dir = "/nowhere", .update_keys = "/nowhere/keys"};
    struct updater *updater = NULL;
    char problem[256] = "";

    (void)state;
    put("shelf", "\xff\xff no such thing", 0600);
    assert_int_equal(supplies_open(&updater, &config, folder, NULL, NULL, problem), STATUS_OK);
    updater_close(updater);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_voice_that_came_takes_the_place_of_the_program_of_its_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_keys_a_robot_is_not_able_and_with_them_it_is,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_that_cannot_be_read_are_told_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_robot_whose_shelf_is_damaged_goes_on, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

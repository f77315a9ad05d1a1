#include "server/master.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>

#include "schema/base/file.h"

#define ONE   "0101010101010101010101010101010101010101010101010101010101010101"
#define TWO   "0202020202020202020202020202020202020202020202020202020202020202"
#define THREE "0303030303030303030303030303030303030303030303030303030303030303"

static const struct master_keys nothing = {.source = MASTER_NONE};

struct place {
    char dir[64];
    char credentials[80];
    char problem[256];
};

static int make(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    *state = place;
    if (!place)
        return -1;
    snprintf(place->dir, sizeof place->dir, "/tmp/myna-master-XXXXXX");
    if (!mkdtemp(place->dir))
        return -1;
    snprintf(place->credentials, sizeof place->credentials, "%s/credentials", place->dir);
    unsetenv("CREDENTIALS_DIRECTORY");
    unsetenv("MYNAD_MASTER_KEY");
    return mkdir(place->credentials, 0700);
}

static int drop(void **state)
{
    struct place *place = *state;
    char command[128];

    snprintf(command, sizeof command, "rm -r '%s'", place->dir);
    int result = system(command);
    free(place);
    return result;
}

static void write_to(const char *dir, const char *text, unsigned mode)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/master.key", dir);
    assert_int_equal(file_replace(path, span_text(text), mode), STATUS_OK);
}

static enum status load(struct place *place, const struct master_keys *given,
                        struct master_keys *out)
{
    place->problem[0] = '\0';
    return master_load(place->dir, given, out, place->problem);
}

static void assert_keys(const struct master_keys *keys, enum master_source source, size_t count,
                        uint8_t first)
{
    assert_int_equal(keys->source, source);
    assert_int_equal(keys->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(keys->keys[i][31], first + i);
}

static void the_first_key_is_in_force_and_the_others_follow_it(void **state)
{
    struct place *place = *state;
    struct master_keys keys;

    write_to(place->dir, ONE, 0600);
    assert_int_equal(load(place, &nothing, &keys), STATUS_OK);
    assert_keys(&keys, MASTER_FILE, 1, 1);
    write_to(place->dir, ONE "\n" TWO ", " THREE "\r\n", 0600);
    assert_int_equal(load(place, &nothing, &keys), STATUS_OK);
    assert_keys(&keys, MASTER_FILE, 3, 1);
}

static void what_is_no_key_is_refused_with_its_cure(void **state)
{
    static const char *const texts[] = {
        "", "\n", "0101", ONE "0", ONE TWO, "g" ONE, ONE "\nx", ONE "\n" ONE "\n" ONE "\n" ONE,
    };
    struct place *place = *state;
    struct master_keys keys;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_to(place->dir, texts[i], 0600);
        assert_int_equal(load(place, &nothing, &keys), STATUS_INVALID);
        assert_non_null(strstr(place->problem, "64 hex digits") ? place->problem
                                                                : strstr(place->problem, "larger"));
        assert_non_null(strstr(place->problem, "restore it from a backup"));
        assert_null(strstr(place->problem, "0101"));
    }
}

static void a_missing_file_names_init_and_the_backup(void **state)
{
    struct place *place = *state;
    struct master_keys keys;

    assert_int_equal(load(place, &nothing, &keys), STATUS_NOT_FOUND);
    assert_non_null(strstr(place->problem, "mynad init"));
    assert_non_null(strstr(place->problem, place->dir));
}

static void i9_a_file_that_others_can_read_is_refused(void **state)
{
    static const unsigned modes[] = {0640, 0604, 0620, 0644};
    struct place *place = *state;
    struct master_keys keys;

    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        char path[PATH_MAX];

        write_to(place->dir, ONE, 0600);
        snprintf(path, sizeof path, "%s/master.key", place->dir);
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(load(place, &nothing, &keys), STATUS_INVALID);
        assert_non_null(strstr(place->problem, "chmod 600"));
    }
}

static void a_credential_goes_before_the_file_and_the_environment_before_both(void **state)
{
    struct place *place = *state;
    struct master_keys given, keys;

    write_to(place->dir, ONE, 0600);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", place->credentials, 1), 0);
    assert_int_equal(load(place, &nothing, &keys), STATUS_OK);
    assert_keys(&keys, MASTER_FILE, 1, 1);
    assert_false(master_is_elsewhere(&nothing));

    write_to(place->credentials, TWO, 0440); /* its folder is for the service alone */
    assert_int_equal(load(place, &nothing, &keys), STATUS_OK);
    assert_keys(&keys, MASTER_CREDENTIAL, 1, 2);
    assert_true(master_is_elsewhere(&nothing));

    assert_int_equal(setenv("MYNAD_MASTER_KEY", THREE, 1), 0);
    assert_int_equal(master_take_environment(&given, place->problem), STATUS_OK);
    assert_true(master_is_elsewhere(&given));
    assert_int_equal(load(place, &given, &keys), STATUS_OK);
    assert_keys(&keys, MASTER_ENVIRONMENT, 1, 3);
}

static void i9_the_variable_is_overwritten_where_it_lies(void **state)
{
    struct place *place = *state;
    static char variable[] = "MYNAD_MASTER_KEY=" ONE "," TWO;
    static char broken[] = "MYNAD_MASTER_KEY=not a key";
    struct master_keys keys;

    assert_int_equal(putenv(variable), 0); /* this very text is in the environment now */
    assert_int_equal(master_take_environment(&keys, place->problem), STATUS_OK);
    assert_keys(&keys, MASTER_ENVIRONMENT, 2, 1);
    assert_null(getenv("MYNAD_MASTER_KEY"));
    assert_null(strstr(variable, "01"));
    for (size_t i = strlen("MYNAD_MASTER_KEY="); i < sizeof variable; i++)
        assert_int_equal(variable[i], 0);

    assert_int_equal(putenv(broken), 0);
    assert_int_equal(master_take_environment(&keys, place->problem), STATUS_INVALID);
    assert_int_equal(keys.count, 0);
    assert_null(strstr(broken, "not"));
    assert_null(strstr(place->problem, "not a key"));
}

static void what_was_saved_is_loaded_and_is_for_its_owner_alone(void **state)
{
    struct place *place = *state;
    struct master_keys keys = {.count = 3}, loaded;
    struct stat stat_of;
    char path[PATH_MAX];

    for (size_t i = 0; i < 3; i++)
        crypto_random(keys.keys[i], CRYPTO_KEY_SIZE);
    assert_int_equal(master_save(place->dir, &keys, place->problem), STATUS_OK);
    snprintf(path, sizeof path, "%s/master.key", place->dir);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 0777, 0600);
    assert_int_equal(load(place, &nothing, &loaded), STATUS_OK);
    assert_int_equal(loaded.count, 3);
    assert_memory_equal(loaded.keys, keys.keys, sizeof keys.keys);
    assert_int_not_equal(master_save("/nowhere/at/all", &keys, place->problem), STATUS_OK);
    assert_non_null(strstr(place->problem, "/nowhere/at/all"));
}

static void an_id_tells_keys_apart_and_nothing_about_them(void **state)
{
    uint8_t keys[2][CRYPTO_KEY_SIZE] = {{1}, {2}};
    uint8_t one[MASTER_ID_SIZE], again[MASTER_ID_SIZE], other[MASTER_ID_SIZE];

    (void)state;
    master_id(keys[0], one);
    master_id(keys[0], again);
    master_id(keys[1], other);
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    assert_memory_not_equal(one, keys[0], sizeof one);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(the_first_key_is_in_force_and_the_others_follow_it),
        TEST(what_is_no_key_is_refused_with_its_cure),
        TEST(a_missing_file_names_init_and_the_backup),
        TEST(i9_a_file_that_others_can_read_is_refused),
        TEST(a_credential_goes_before_the_file_and_the_environment_before_both),
        TEST(i9_the_variable_is_overwritten_where_it_lies),
        TEST(what_was_saved_is_loaded_and_is_for_its_owner_alone),
        TEST(an_id_tells_keys_apart_and_nothing_about_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

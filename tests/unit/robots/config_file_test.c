#include "tests/robots/config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

static int set_up(void **state)
{
    char *folder = strdup("/tmp/myna-config-XXXXXX");

    *state = folder;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static void path_of(void **state, char out[64])
{
    snprintf(out, 64, "%s/config", (const char *)*state);
}

static int tear_down(void **state)
{
    char path[64];

    path_of(state, path);
    unlink(path);
    rmdir(*state);
    free(*state);
    return 0;
}

static void assert_loads(void **state, uint64_t generation, const char *content)
{
    uint8_t *data = NULL;
    struct span loaded;
    uint64_t number;

    assert_int_equal(config_file_load(*state, &number, &data, &loaded), STATUS_OK);
    assert_true(number == generation);
    assert_true(span_equal_text(loaded, content));
    free(data);
}

static void the_last_configuration_saved_is_loaded(void **state)
{
    assert_int_equal(config_file_save(*state, 7, span_text("a longer one")), STATUS_OK);
    assert_loads(state, 7, "a longer one");
    assert_int_equal(config_file_save(*state, 8, span_text("short")), STATUS_OK);
    assert_loads(state, 8, "short");
}

static void before_the_first_there_is_none(void **state)
{
    uint8_t *data = NULL;
    struct span content;
    uint64_t generation;

    assert_int_equal(config_file_load(*state, &generation, &data, &content), STATUS_NOT_FOUND);
    assert_null(data);
}

static void a_file_too_short_to_be_one_is_damaged(void **state)
{
    uint8_t *data = NULL;
    struct span content;
    uint64_t generation;
    char path[64];

    path_of(state, path);
    FILE *file = fopen(path, "w");
    fputs("short", file);
    fclose(file);
    assert_int_equal(config_file_load(*state, &generation, &data, &content), STATUS_CORRUPT);
    assert_null(data);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_last_configuration_saved_is_loaded),
        WITH_FOLDER(before_the_first_there_is_none),
        WITH_FOLDER(a_file_too_short_to_be_one_is_damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

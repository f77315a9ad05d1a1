#include "tests/robots/config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/wire/limits.h"

struct folder {
    char path[32], config[64];
    struct config_file file;
};

static int set_up(void **state)
{
    struct folder *folder = calloc(1, sizeof *folder);

    *state = folder;
    snprintf(folder->path, sizeof folder->path, "/tmp/myna-config-XXXXXX");
    if (mkdtemp(folder->path) == NULL)
        return -1;
    snprintf(folder->config, sizeof folder->config, "%s/config", folder->path);
    return 0;
}

static int tear_down(void **state)
{
    struct folder *folder = *state;

    unlink(folder->config);
    rmdir(folder->path);
    free(folder);
    return 0;
}

static enum status load(struct folder *folder, uint64_t *generation, char *text)
{
    uint8_t *data = NULL;
    struct span loaded;
    enum status status = config_file_load(&folder->file, folder->path, generation, &data, &loaded);

    if (status == STATUS_OK)
        snprintf(text, 64, "%.*s", (int)loaded.size, (const char *)loaded.data);
    else
        assert_null(data);
    free(data);
    return status;
}

static void assert_loads(struct folder *folder, uint64_t generation, const char *content)
{
    uint64_t number = 0;
    char text[64] = "";

    assert_int_equal(load(folder, &number, text), STATUS_OK);
    assert_true(number == generation);
    assert_string_equal(text, content);
}

static void save(struct folder *folder, uint64_t generation, const char *content)
{
    assert_int_equal(config_file_save(&folder->file, generation, span_text(content)), STATUS_OK);
}

/* As after a start: nothing was saved yet. */
static void begin(struct folder *folder)
{
    uint64_t generation = 0;
    char text[64];

    assert_int_equal(load(folder, &generation, text), STATUS_NOT_FOUND);
}

static void the_last_configuration_saved_is_loaded(void **state)
{
    begin(*state);
    save(*state, 7, "a longer one");
    assert_loads(*state, 7, "a longer one");
    save(*state, 8, "short");
    assert_loads(*state, 8, "short");
    save(*state, 9, "third");
    save(*state, 10, "fourth");
    assert_loads(*state, 10, "fourth");
}

static void the_same_generation_made_anew_replaces_the_earlier(void **state)
{
    begin(*state);
    save(*state, 7, "one");
    save(*state, 7, "another");
    assert_loads(*state, 7, "another");
}

static void before_the_first_there_is_none(void **state)
{
    begin(*state);
}

static void damage(struct folder *folder, off_t at)
{
    const int fd = open(folder->config, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "\377", 1, at), 1);
    close(fd);
}

static void a_configuration_half_written_by_power_loss_leaves_the_one_before(void **state)
{
    struct folder *folder = *state;
    struct stat before;

    begin(folder);
    save(folder, 7, "one");
    assert_int_equal(stat(folder->config, &before), 0);
    save(folder, 8, "two");
    damage(folder, 40960 + 56); /* the second place's content */
    assert_loads(folder, 7, "one");
    /* and the torn one is what is written over, not the one that is whole */
    save(folder, 9, "three");
    damage(folder, 40960 + 56);
    assert_loads(folder, 7, "one");
}

static void a_file_too_short_to_be_one_is_damaged_and_can_be_saved_to(void **state)
{
    struct folder *folder = *state;
    uint64_t generation = 0;
    char text[64];
    FILE *file = fopen(folder->config, "w");

    fputs("short", file);
    fclose(file);
    assert_int_equal(load(folder, &generation, text), STATUS_CORRUPT);
    save(folder, 3, "whole");
    assert_loads(folder, 3, "whole");
}

static void the_largest_configuration_fits_and_nobody_else_may_read_it(void **state)
{
    static uint8_t content[LIMIT_CONFIG_BYTES];
    struct folder *folder = *state;
    struct stat file;
    uint8_t *data = NULL;
    struct span loaded;
    uint64_t generation;

    begin(folder);
    memset(content, 'x', sizeof content);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(config_file_save(&folder->file, i, span_of(content, sizeof content)),
                         STATUS_OK);
    assert_int_equal(config_file_load(&folder->file, folder->path, &generation, &data, &loaded),
                     STATUS_OK);
    assert_int_equal(loaded.size, sizeof content);
    assert_int_equal(generation, 3);
    assert_memory_equal(loaded.data, content, sizeof content);
    free(data);
    assert_int_equal(stat(folder->config, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_last_configuration_saved_is_loaded),
        WITH_FOLDER(the_same_generation_made_anew_replaces_the_earlier),
        WITH_FOLDER(before_the_first_there_is_none),
        WITH_FOLDER(a_configuration_half_written_by_power_loss_leaves_the_one_before),
        WITH_FOLDER(a_file_too_short_to_be_one_is_damaged_and_can_be_saved_to),
        WITH_FOLDER(the_largest_configuration_fits_and_nobody_else_may_read_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

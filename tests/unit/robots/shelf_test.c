#include "tests/robots/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/clock.h"

#define ROBOTS 40

struct keeper {
    char folder[64];
    struct config_file file;
    struct shelf_job job;
    enum status status;
    int told;
};

struct bench {
    char root[32];
    struct loop *loop;
    struct shelf *shelf;
    struct keeper keepers[ROBOTS];
};

static void on_kept(void *context, enum status status)
{
    struct keeper *keeper = context;

    /* the owner may begin the next one from here */
    assert_false(shelf_is_busy(&keeper->job));
    keeper->status = status;
    keeper->told++;
}

static void init_keeper(struct bench *bench, struct keeper *keeper, size_t number)
{
    uint8_t *data;
    struct span content;
    uint64_t generation;

    snprintf(keeper->folder, sizeof keeper->folder, "%s/%zu", bench->root, number);
    assert_int_equal(mkdir(keeper->folder, 0700), 0);
    assert_int_equal(config_file_load(&keeper->file, keeper->folder, &generation, &data, &content),
                     STATUS_NOT_FOUND);
    keeper->job.file = &keeper->file;
    keeper->job.context = keeper;
    keeper->job.on_kept = on_kept;
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    *state = bench;
    snprintf(bench->root, sizeof bench->root, "/tmp/myna-shelf-XXXXXX");
    if (mkdtemp(bench->root) == NULL || loop_create(&bench->loop) != STATUS_OK ||
        shelf_create(&bench->shelf, bench->loop) != STATUS_OK)
        return -1;
    for (size_t i = 0; i < ROBOTS; i++)
        init_keeper(bench, &bench->keepers[i], i);
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    shelf_free(bench->shelf);
    loop_free(bench->loop);
    for (size_t i = 0; i < ROBOTS; i++) {
        char path[80];

        snprintf(path, sizeof path, "%s/config", bench->keepers[i].folder);
        unlink(path);
        rmdir(bench->keepers[i].folder);
    }
    rmdir(bench->root);
    free(bench);
    return 0;
}

static void keep(struct bench *bench, struct keeper *keeper, uint64_t generation)
{
    char content[32];

    snprintf(content, sizeof content, "content %llu", (unsigned long long)generation);
    keeper->job.generation = generation;
    assert_int_equal(shelf_keep(bench->shelf, &keeper->job, span_text(content)), STATUS_OK);
}

static bool all_told(const struct bench *bench, int times)
{
    for (size_t i = 0; i < ROBOTS; i++)
        if (bench->keepers[i].told < times)
            return false;
    return true;
}

static void wait_for_all(struct bench *bench, int times)
{
    const int64_t until_ms = clock_mono_ms() + 30000;

    while (!all_told(bench, times) && clock_mono_ms() < until_ms)
        assert_int_equal(loop_turn(bench->loop, 100, NULL), STATUS_OK);
    assert_true(all_told(bench, times));
}

static void assert_on_disk(const struct keeper *keeper, uint64_t generation)
{
    struct config_file file;
    uint8_t *data = NULL;
    struct span content;
    uint64_t found = 0;
    char text[32];

    assert_int_equal(config_file_load(&file, keeper->folder, &found, &data, &content), STATUS_OK);
    assert_true(found == generation);
    snprintf(text, sizeof text, "content %llu", (unsigned long long)generation);
    assert_true(span_equal_text(content, text));
    free(data);
}

static void whoever_is_told_has_it_on_disk(void **state)
{
    struct bench *bench = *state;

    for (int round = 1; round <= 3; round++) {
        for (size_t i = 0; i < ROBOTS; i++)
            keep(bench, &bench->keepers[i], (uint64_t)round);
        wait_for_all(bench, round);
        for (size_t i = 0; i < ROBOTS; i++) {
            assert_int_equal(bench->keepers[i].told, round);
            assert_int_equal(bench->keepers[i].status, STATUS_OK);
            assert_on_disk(&bench->keepers[i], (uint64_t)round);
        }
    }
}

static void a_disk_that_takes_nothing_is_told_too(void **state)
{
    struct bench *bench = *state;

    for (size_t i = 0; i < ROBOTS; i++) {
        bench->keepers[i].file.folder = "/nowhere/at/all";
        keep(bench, &bench->keepers[i], 1);
    }
    wait_for_all(bench, 1);
    assert_int_equal(bench->keepers[0].status, STATUS_IO);
}

static void nobody_is_told_of_what_was_cancelled(void **state)
{
    struct bench *bench = *state;

    /* some wait, some are written just now, some are done and the loop has not looked */
    for (size_t i = 0; i < ROBOTS; i++)
        keep(bench, &bench->keepers[i], 1);
    for (size_t i = 0; i < ROBOTS; i += 2) {
        shelf_cancel(bench->shelf, &bench->keepers[i].job);
        assert_false(shelf_is_busy(&bench->keepers[i].job));
    }
    for (size_t i = 0; i < ROBOTS; i += 2)
        bench->keepers[i].told = 1;
    wait_for_all(bench, 1);
    for (size_t i = 0; i < ROBOTS; i++)
        assert_int_equal(bench->keepers[i].told, 1);
    /* and may be begun again */
    for (size_t i = 0; i < ROBOTS; i++)
        keep(bench, &bench->keepers[i], 2);
    wait_for_all(bench, 2);
    assert_on_disk(&bench->keepers[0], 2);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(whoever_is_told_has_it_on_disk),
        WITH_BENCH(a_disk_that_takes_nothing_is_told_too),
        WITH_BENCH(nobody_is_told_of_what_was_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

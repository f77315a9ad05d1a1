/* replay.c - the fuzz targets without a fuzzer: each of them gets every file of its corpus, whole,
 * cut, and with some bytes changed by a fixed series of numbers. Built by any compiler, so that
 * what was once found stays mended wherever the tests run.
 *
 *     replay CORPUS
 *
 * CORPUS holds a folder per target. The name of the file is on standard error when one breaks.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "schema/base/file.h"
#include "tests/fuzz/fuzz.h"

#define MOST_BYTES (1u << 20)
#define VARIANTS   12

typedef int (*replay_fn)(const uint8_t *data, size_t size);

#define REPLAY_TARGET(name) int name##_replay(const uint8_t *data, size_t size);
#include "replay_targets.h"
#undef REPLAY_TARGET

static const struct target {
    const char *name;
    replay_fn run;
} targets[] = {
#define REPLAY_TARGET(name) {#name, name##_replay},
#include "replay_targets.h"
#undef REPLAY_TARGET
};

/* xorshift: the same series in each run. */
static uint32_t next_number(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* On the heap at its exact size, so that a byte read too far is seen. */
static void run_copy(const struct target *target, const uint8_t *data, size_t size, uint32_t *state,
                     unsigned variant)
{
    size_t kept = variant % 3 == 1 ? next_number(state) % (size + 1) : size;
    uint8_t *copy = malloc(kept > 0 ? kept : 1);

    FUZZ_CHECK(copy != NULL);
    if (kept > 0)
        memcpy(copy, data, kept);
    for (unsigned i = 0; variant > 0 && variant % 3 != 1 && kept > 0 && i < variant; i++)
        copy[next_number(state) % kept] = (uint8_t)next_number(state);
    target->run(copy, kept);
    free(copy);
}

static bool run_file(const struct target *target, const char *path)
{
    uint32_t state = 2463534242u;
    uint8_t *data = NULL;
    size_t size;

    if (file_read(path, MOST_BYTES, &data, &size) != STATUS_OK) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return false;
    }
    for (unsigned variant = 0; variant <= VARIANTS; variant++)
        run_copy(target, data, size, &state, variant);
    free(data);
    return true;
}

/* The number of files; 0 is a failure: then nothing was tried. */
static size_t run_target(const struct target *target, const char *corpus)
{
    char path[1024];
    size_t count = 0;

    snprintf(path, sizeof path, "%s/%s", corpus, target->name);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return 0;
    /* cppcheck-suppress readdirCalled ; one thread reads this stream */
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s/%s", corpus, target->name, entry->d_name);
        fprintf(stderr, "%s\n", path);
        if (!run_file(target, path))
            break;
        count++;
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    bool whole = argc == 2;

    for (size_t i = 0; whole && i < sizeof targets / sizeof *targets; i++) {
        size_t count = run_target(&targets[i], argv[1]);

        printf("%-16s %zu files\n", targets[i].name, count);
        whole = count > 0;
    }
    return whole ? 0 : 1;
}

#include "schema/base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MIB 1048576L

static long resident(void)
{
    long all = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &all, &pages), 2);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* The address sanitizer has a heap of its own, which keeps what is freed. */
static void need_the_library_s_heap(void)
{
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
}

static void large_blocks_take_what_is_touched_and_go_back_when_freed(void **state)
{
    const long before = resident();

    (void)state;
    need_the_library_s_heap();
    heap_economize();
    for (int round = 0; round < 3; round++) {
        uint8_t *block = calloc(1, 16 * MIB);

        assert_non_null(block);
        assert_true(resident() - before < 2 * MIB);
        memset(block, 1, 8 * MIB);
        assert_true(resident() - before > 7 * MIB);
        free(block);
        assert_true(resident() - before < 2 * MIB);
    }
}

static void what_lies_between_used_blocks_is_given_back(void **state)
{
    enum { BLOCK = 16384, COUNT = 512 };
    void *blocks[COUNT];

    (void)state;
    need_the_library_s_heap();
    heap_economize();
    for (int i = 0; i < COUNT; i++) {
        blocks[i] = malloc(BLOCK);
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, BLOCK);
    }
    const long full = resident();
    for (int i = 0; i < COUNT; i++)
        if (i % 8 != 7)
            free(blocks[i]);
    heap_give_back();
    assert_true(full - resident() > 6 * MIB);
    for (int i = 7; i < COUNT; i += 8)
        free(blocks[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_blocks_take_what_is_touched_and_go_back_when_freed),
        cmocka_unit_test(what_lies_between_used_blocks_is_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

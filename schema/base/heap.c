#include "schema/base/heap.h"

#include <malloc.h>

void heap_economize(void)
{
    mallopt(M_ARENA_MAX, 1);
    /* left alone, the limit grows to the largest block ever freed */
    mallopt(M_MMAP_THRESHOLD, HEAP_APART);
    mallopt(M_TRIM_THRESHOLD, HEAP_APART / 4);
}

void heap_give_back(void)
{
    malloc_trim(0);
}

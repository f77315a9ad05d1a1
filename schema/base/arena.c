#include "schema/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096

struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    max_align_t data[];
};

struct arena {
    struct block *blocks; /* the newest first */
    size_t limit_bytes;
    size_t taken_bytes;
    bool failed;
};

static struct block *block_make(size_t size)
{
    size_t capacity = size > BLOCK_BYTES ? size : BLOCK_BYTES;
    struct block *block = malloc(sizeof *block + capacity);

    if (block) {
        block->next = NULL;
        block->capacity = capacity;
        block->used = 0;
    }
    return block;
}

static void blocks_free(struct block *block)
{
    while (block) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
}

enum status arena_create(struct arena **out, size_t limit_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);

    if (!arena)
        return STATUS_MEMORY;
    arena->limit_bytes = limit_bytes;
    *out = arena;
    return STATUS_OK;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    blocks_free(arena->blocks);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    if (arena->blocks) {
        blocks_free(arena->blocks->next);
        arena->blocks->next = NULL;
        arena->blocks->used = 0;
    }
    arena->taken_bytes = 0;
    arena->failed = false;
}

static void *fail(struct arena *arena)
{
    arena->failed = true;
    return NULL;
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);

    if (size > SIZE_MAX - align || size > arena->limit_bytes)
        return fail(arena);
    size_t rounded = (size + align - 1) / align * align;
    if (rounded > arena->limit_bytes - arena->taken_bytes)
        return fail(arena);

    struct block *block = arena->blocks;
    if (!block || rounded > block->capacity - block->used) {
        block = block_make(rounded);
        if (!block)
            return fail(arena);
        block->next = arena->blocks;
        arena->blocks = block;
    }

    void *memory = (char *)block->data + block->used;
    block->used += rounded;
    arena->taken_bytes += rounded;
    return memset(memory, 0, size);
}

char *arena_text(struct arena *arena, struct span span)
{
    char *text = arena_take(arena, span.size + 1);

    if (text && span.size > 0)
        memcpy(text, span.data, span.size);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);

    char *text = size < 0 ? fail(arena) : arena_take(arena, (size_t)size + 1);
    if (!text)
        return NULL;

    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}

struct span arena_copy(struct arena *arena, struct span span)
{
    uint8_t *data = arena_take(arena, span.size);

    if (!data)
        return span_of(NULL, 0);
    if (span.size > 0)
        memcpy(data, span.data, span.size);
    return span_of(data, span.size);
}

bool arena_failed(const struct arena *arena)
{
    return arena->failed;
}

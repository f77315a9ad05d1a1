#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "schema/base/arena.h"

static struct arena *make(size_t limit_bytes)
{
    struct arena *arena = NULL;

    assert_int_equal(arena_create(&arena, limit_bytes), STATUS_OK);
    return arena;
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    struct arena *arena = make(65536);

    (void)state;
    unsigned char *a = arena_take(arena, 3);
    unsigned char *b = arena_take(arena, 5000);
    unsigned char *c = arena_take(arena, 1);
    assert_true((uintptr_t)a % _Alignof(max_align_t) == 0);
    assert_true((uintptr_t)c % _Alignof(max_align_t) == 0);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(b[i], 0);
    memset(a, 0xaa, 3);
    memset(b, 0xbb, 5000);
    *c = 0xcc;
    assert_int_equal(a[2], 0xaa);
    assert_int_equal(b[0], 0xbb);
    assert_int_equal(b[4999], 0xbb);
    arena_free(arena);
}

static void memory_used_before_a_reset_comes_back_zeroed(void **state)
{
    struct arena *arena = make(65536);

    (void)state;
    memset(arena_take(arena, 64), 0xff, 64);
    arena_reset(arena);
    unsigned char *again = arena_take(arena, 64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(again[i], 0);
    arena_free(arena);
}

static void the_limit_is_kept_and_remembered_until_the_reset(void **state)
{
    struct arena *arena = make(128);

    (void)state;
    assert_non_null(arena_take(arena, 64));
    assert_false(arena_failed(arena));
    assert_null(arena_take(arena, 65));
    assert_true(arena_failed(arena));
    assert_non_null(arena_take(arena, 64));
    assert_true(arena_failed(arena));
    assert_null(arena_take(arena, 1));

    arena_reset(arena);
    assert_false(arena_failed(arena));
    assert_non_null(arena_take(arena, 128));
    arena_free(arena);
}

static void a_size_near_the_largest_is_refused(void **state)
{
    struct arena *arena = make(SIZE_MAX);

    (void)state;
    assert_null(arena_take(arena, SIZE_MAX));
    assert_true(arena_failed(arena));
    arena_free(arena);
}

static void texts_and_copies_are_their_own(void **state)
{
    struct arena *arena = make(4096);
    char source[] = "robot";

    (void)state;
    char *text = arena_text(arena, span_of(source, 3));
    struct span copy = arena_copy(arena, span_text(source));
    char *formatted = arena_format(arena, "%s-%d", source, 7);
    source[0] = 'X';
    assert_string_equal(text, "rob");
    assert_true(span_equal_text(copy, "robot"));
    assert_string_equal(formatted, "robot-7");
    arena_free(arena);
}

static void what_does_not_fit_comes_back_empty(void **state)
{
    struct arena *arena = make(16);

    (void)state;
    assert_null(arena_text(arena, span_text("more than sixteen bytes")));
    assert_null(arena_format(arena, "%s", "more than sixteen bytes"));
    assert_int_equal(arena_copy(arena, span_text("more than sixteen bytes")).size, 0);
    arena_free(arena);
    arena_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
        cmocka_unit_test(memory_used_before_a_reset_comes_back_zeroed),
        cmocka_unit_test(the_limit_is_kept_and_remembered_until_the_reset),
        cmocka_unit_test(a_size_near_the_largest_is_refused),
        cmocka_unit_test(texts_and_copies_are_their_own),
        cmocka_unit_test(what_does_not_fit_comes_back_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

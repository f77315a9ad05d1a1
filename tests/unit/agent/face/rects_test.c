#include "agent/face/rects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define SIZE 64

static const struct rect bounds = {0, 0, SIZE, SIZE};

static void all_that_was_added_is_covered_once(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 3, span_text("rects"));
    for (int round = 0; round < 200; round++) {
        bool wanted[SIZE][SIZE] = {{false}};
        unsigned covered[SIZE][SIZE] = {{0}};
        struct rects rects = {.count = 0};

        for (int i = 0; i < 20; i++) {
            int x = (int)dice_below(&dice, SIZE + 20) - 10;
            int y = (int)dice_below(&dice, SIZE + 20) - 10;
            /* small ones, and bars that cross each other */
            int width = (int)dice_below(&dice, i % 5 == 0 ? SIZE : 9);
            int height = (int)dice_below(&dice, i % 5 == 1 ? SIZE : 9);
            struct rect rect = {x, y, x + width, y + height};

            rects_add(&rects, &rect, &bounds);
            for (int v = rect.top; v < rect.bottom; v++)
                for (int u = rect.left; u < rect.right; u++)
                    if (u >= 0 && v >= 0 && u < SIZE && v < SIZE)
                        wanted[v][u] = true;
        }
        assert_true(rects.count <= RECTS_MAX);
        for (size_t i = 0; i < rects.count; i++)
            for (int v = rects.at[i].top; v < rects.at[i].bottom; v++)
                for (int u = rects.at[i].left; u < rects.at[i].right; u++)
                    covered[v][u]++;
        for (int v = 0; v < SIZE; v++)
            for (int u = 0; u < SIZE; u++)
                assert_true(covered[v][u] <= 1 && (!wanted[v][u] || covered[v][u] == 1));
    }
}

static void what_lies_outside_or_is_empty_is_not_added(void **state)
{
    const struct rect outside = {SIZE, 0, SIZE + 5, 5}, empty = {5, 5, 5, 9};
    struct rects rects = {.count = 0};

    (void)state;
    rects_add(&rects, &outside, &bounds);
    rects_add(&rects, &empty, &bounds);
    assert_int_equal(rects.count, 0);
}

static void far_apart_stays_apart(void **state)
{
    const struct rect screen = {0, 0, 480, 480};
    const struct rect eye = {100, 100, 160, 160}, mouth = {200, 300, 300, 360};
    struct rects rects = {.count = 0};

    (void)state;
    rects_add(&rects, &eye, &screen);
    rects_add(&rects, &mouth, &screen);
    assert_int_equal(rects.count, 2);
    assert_int_equal(rects_area(&rects), 60 * 60 + 100 * 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_was_added_is_covered_once),
        cmocka_unit_test(what_lies_outside_or_is_empty_is_not_added),
        cmocka_unit_test(far_apart_stays_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "server/money/curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/support/dice.h"

#define MOST 400

static struct arena *arena;

static int make_arena(void **state)
{
    (void)state;
    return arena_create(&arena, 64 << 20) == STATUS_OK ? 0 : -1;
}

static int free_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* A summand like a bill's line: straight, clamped from both sides, or a staircase of packages. */
struct shape {
    int64_t fixed, step;
    int64_t least, most;
    int64_t package; /* 0: none */
    struct fraction each;
};

struct sum {
    struct shape shapes[4];
    size_t count;
};

static int64_t value(const struct shape *shape, int64_t n)
{
    int64_t result = shape->package > 0 ? shape->step * ((n + shape->package - 1) / shape->package)
                                        : shape->fixed + shape->step * n;

    result = result > shape->most ? shape->most : result;
    return result < shape->least ? shape->least : result;
}

static enum status sample(void *context, int64_t n, struct curve_part *parts, size_t most,
                          size_t *count)
{
    const struct sum *sum = context;

    assert_true(sum->count <= most);
    *count = 0;
    for (size_t i = 0; i < sum->count; i++) {
        int64_t amount = value(&sum->shapes[i], n);
        struct fraction result;

        if (amount == 0)
            continue; /* a line of nothing may be absent */
        assert_int_equal(fraction_multiply(fraction_of(amount), sum->shapes[i].each, &result),
                         STATUS_OK);
        parts[(*count)++] = (struct curve_part){(unsigned)i, result};
    }
    return STATUS_OK;
}

static struct fraction total(const struct sum *sum, int64_t n)
{
    struct curve_part parts[4];
    size_t count;
    struct fraction result = FRACTION_ZERO;

    assert_int_equal(sample((void *)sum, n, parts, 4, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(fraction_add(result, parts[i].value, &result), STATUS_OK);
    return result;
}

static enum status find(const struct sum *sum, int64_t from, int64_t to, struct curve *out)
{
    int64_t cuts[4 * MOST];
    size_t count = 0;

    for (size_t i = 0; i < sum->count; i++)
        for (int64_t n = 0; sum->shapes[i].package > 0 && n <= MOST; n += sum->shapes[i].package)
            cuts[count++] = n;
    const struct curve_shape shape = {sample, (void *)sum, 4, cuts, count};
    return curve_find(&shape, from, to, arena, out);
}

static struct sum random_sum(struct dice *dice)
{
    struct sum sum = {.count = 1 + dice_below(dice, 4)};

    for (size_t i = 0; i < sum.count; i++) {
        struct shape *shape = &sum.shapes[i];

        *shape = (struct shape){.least = INT64_MIN, .most = INT64_MAX};
        shape->fixed = (int64_t)dice_below(dice, 2000) - 1000;
        shape->step = (int64_t)dice_below(dice, 41) - 20;
        shape->each =
            fraction_ratio(1 + (int64_t)dice_below(dice, 5), 1 + (int64_t)dice_below(dice, 60));
        if (dice_below(dice, 2))
            shape->most = (int64_t)dice_below(dice, 4000) - 1000;
        if (dice_below(dice, 2))
            shape->least = (int64_t)dice_below(dice, 4000) - 2000;
        if (dice_below(dice, 4) == 0)
            shape->package = 1 + (int64_t)dice_below(dice, 50);
    }
    return sum;
}

static void assert_follow(const struct curve *curve, int64_t from, int64_t to)
{
    int64_t next = from;

    for (size_t i = 0; i < curve->count; i++) {
        assert_int_equal(curve->segments[i].from, next);
        assert_true(curve->segments[i].to >= next);
        next = curve->segments[i].to + 1;
    }
    assert_int_equal(next, to + 1);
}

/* Whether a segment could have begun one number later: then the one before was not maximal. */
static bool could_be_longer(const struct curve_segment *a, const struct curve_segment *b)
{
    struct fraction reach, there;

    if (a->from == a->to)
        return false;
    assert_int_equal(fraction_multiply(a->per_step, fraction_of(b->from), &reach), STATUS_OK);
    assert_int_equal(fraction_add(reach, a->fixed, &reach), STATUS_OK);
    assert_int_equal(fraction_multiply(b->per_step, fraction_of(b->from), &there), STATUS_OK);
    assert_int_equal(fraction_add(there, b->fixed, &there), STATUS_OK);
    return fraction_compare(reach, there) == 0;
}

static void i5_a_curve_equals_its_sum_at_every_number(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 1, span_text("curve"));
    for (int round = 0; round < 400; round++) {
        const struct sum sum = random_sum(&dice);
        struct curve curve;

        assert_int_equal(find(&sum, 0, MOST, &curve), STATUS_OK);
        assert_follow(&curve, 0, MOST);
        for (int64_t n = 0; n <= MOST; n++) {
            struct fraction found;

            assert_int_equal(curve_value(&curve, n, &found), STATUS_OK);
            assert_int_equal(fraction_compare(found, total(&sum, n)), 0);
        }
        for (size_t i = 1; i < curve.count; i++)
            assert_false(could_be_longer(&curve.segments[i - 1], &curve.segments[i]));
        arena_reset(arena);
    }
}

/* Its first step, 1 of a kink between 0 and 1, is also the average of all five. */
static void a_first_step_that_equals_the_average_proves_nothing(void **state)
{
    const struct sum sum = {
        .count = 1, .shapes = {{.fixed = -1, .step = 2, .least = 0, .most = 5, .each = {1, 1}}}};
    struct curve curve;
    struct fraction found;

    (void)state;
    assert_int_equal(find(&sum, 0, 5, &curve), STATUS_OK);
    assert_int_equal(curve_value(&curve, 3, &found), STATUS_OK);
    assert_int_equal(fraction_compare(found, fraction_of(5)), 0);
}

static unsigned least_by_looking(const struct curve *const *curves, size_t count, int64_t n)
{
    struct fraction best;
    unsigned bits = 0;

    for (size_t i = 0; i < count; i++) {
        struct fraction here;

        assert_int_equal(curve_value(curves[i], n, &here), STATUS_OK);
        int order = bits ? fraction_compare(here, best) : -1;
        if (order < 0) {
            best = here;
            bits = 1u << i;
        } else if (order == 0) {
            bits |= 1u << i;
        }
    }
    return bits;
}

static void intervals_of_the_least_are_maximal_and_right_at_every_number(void **state)
{
    struct dice dice;

    (void)state;
    dice_init(&dice, 2, span_text("curve"));
    for (int round = 0; round < 300; round++) {
        struct curve found[3];
        const struct curve *curves[3] = {&found[0], &found[1], &found[2]};
        const struct curve_interval *intervals;
        size_t count;

        for (size_t i = 0; i < 3; i++) {
            const struct sum sum = random_sum(&dice);

            assert_int_equal(find(&sum, 0, MOST, &found[i]), STATUS_OK);
        }
        assert_int_equal(curve_compare(curves, 3, arena, &intervals, &count), STATUS_OK);
        int64_t n = 0;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(intervals[i].from, n);
            assert_true(i == 0 || intervals[i].least != intervals[i - 1].least);
            for (; n <= intervals[i].to; n++)
                assert_int_equal(intervals[i].least, least_by_looking(curves, 3, n));
        }
        assert_int_equal(n, MOST + 1);
        arena_reset(arena);
    }
}

static struct curve_segment line(int64_t from, int64_t to, int64_t fixed, int64_t per_100)
{
    return (struct curve_segment){from, to, fraction_of(fixed), fraction_ratio(per_100, 100)};
}

static void d06_the_cheaper_one_changes_three_times(void **state)
{
    const struct curve_segment flat[] = {line(0, 2000, 85, 0)};
    const struct curve_segment volume[] = {line(0, 1000, 0, 10), line(1001, 2000, 0, 8)};
    const struct curve a = {flat, 1};
    const struct curve b = {volume, 2};
    const struct curve *curves[] = {&a, &b};
    static const struct curve_interval expected[] = {
        {0, 849, 2}, {850, 850, 3}, {851, 1000, 1}, {1001, 1062, 2}, {1063, 2000, 1}};
    const struct curve_interval *intervals;
    size_t count;

    (void)state;
    assert_int_equal(curve_compare(curves, 2, arena, &intervals, &count), STATUS_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(intervals[i].from, expected[i].from);
        assert_int_equal(intervals[i].to, expected[i].to);
        assert_int_equal(intervals[i].least, expected[i].least);
    }
}

static void a_staircase_of_too_many_steps_is_refused(void **state)
{
    const struct sum stairs = {
        .count = 1,
        .shapes = {
            {.step = 7, .least = INT64_MIN, .most = INT64_MAX, .package = 3, .each = {1, 1}}}};
    static int64_t cuts[CURVE_SEGMENTS + 100];
    struct curve curve;

    (void)state;
    for (int64_t i = 0; i < CURVE_SEGMENTS + 100; i++)
        cuts[i] = 3 * i;
    const struct curve_shape shape = {sample, (void *)&stairs, 4, cuts, CURVE_SEGMENTS + 100};
    assert_int_equal(curve_find(&shape, 0, 3 * CURVE_SEGMENTS + 90, arena, &curve), STATUS_FULL);
    assert_int_equal(curve_find(&shape, 0, 90, arena, &curve), STATUS_OK);
    assert_int_equal(curve.count, 31);
}

/* 7 for a package of 7 against 5 for one of 5: the cheaper one changes all the time. */
static void two_staircases_are_compared_at_every_step(void **state)
{
    const struct sum stairs[2] = {
        {.count = 1,
         .shapes = {{.step = 7, .least = 0, .most = INT64_MAX, .package = 7, .each = {1, 1}}}},
        {.count = 1,
         .shapes = {{.step = 5, .least = 0, .most = INT64_MAX, .package = 5, .each = {1, 1}}}},
    };
    struct curve found[2];
    const struct curve *curves[2] = {&found[0], &found[1]};
    const struct curve_interval *intervals;
    size_t count;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(find(&stairs[i], 0, MOST, &found[i]), STATUS_OK);
    assert_int_equal(curve_compare(curves, 2, arena, &intervals, &count), STATUS_OK);
    assert_true(count > MOST / 8);
    for (size_t i = 0; i < count; i++)
        for (int64_t n = intervals[i].from; n <= intervals[i].to; n++) {
            const int64_t a = 7 * ((n + 6) / 7), b = 5 * ((n + 4) / 5);

            assert_int_equal(intervals[i].least, a < b ? 1 : a > b ? 2 : 3);
        }
}

static void another_currency_scales_every_segment(void **state)
{
    const struct curve_segment segments[] = {line(0, 9, 10, 100), line(10, 20, 5, 300)};
    const struct curve dollars = {segments, 2};
    struct curve yuan;
    struct fraction found;

    (void)state;
    assert_int_equal(curve_scale(&dollars, fraction_ratio(71234, 10000), arena, &yuan), STATUS_OK);
    assert_int_equal(curve_value(&yuan, 10, &found), STATUS_OK);
    assert_int_equal(fraction_compare(found, fraction_ratio(35 * 71234, 10000)), 0);
    assert_int_equal(curve_value(&yuan, 21, &found), STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i5_a_curve_equals_its_sum_at_every_number),
        cmocka_unit_test(a_first_step_that_equals_the_average_proves_nothing),
        cmocka_unit_test(intervals_of_the_least_are_maximal_and_right_at_every_number),
        cmocka_unit_test(d06_the_cheaper_one_changes_three_times),
        cmocka_unit_test(a_staircase_of_too_many_steps_is_refused),
        cmocka_unit_test(two_staircases_are_compared_at_every_step),
        cmocka_unit_test(another_currency_scales_every_segment),
    };
    return cmocka_run_group_tests(tests, make_arena, free_arena);
}

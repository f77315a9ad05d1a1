/* explained.h - every line of a bill tells steps that a reader can reckon again */
#ifndef TESTS_UNIT_SERVER_MONEY_EXPLAINED_H
#define TESTS_UNIT_SERVER_MONEY_EXPLAINED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "server/money/bill.h"

/* Half a minor unit, and what each step was rounded by. */
static inline void assert_rounding_is_the_least(const struct bill_line *line, unsigned places)
{
    const struct bill_step *last = &line->steps[line->step_count - 1];
    struct fraction off = fraction_of_decimal(last->amount), most;

    if (last->kind != BILL_STEP_ROUNDING)
        return;
    off.numerator = off.numerator < 0 ? -off.numerator : off.numerator;
    assert_int_equal(fraction_add(fraction_ratio(1, places == 0   ? 2
                                                    : places == 2 ? 200
                                                                  : 2000),
                                  fraction_ratio((int64_t)line->step_count, INT64_C(1000000000000)),
                                  &most),
                     STATUS_OK);
    assert_true(fraction_compare(off, most) <= 0);
}

/* Whether what a step says can be reckoned again, in the way a reader would. */
static inline void assert_product(const struct bill_step *step)
{
    struct fraction product, off, unit = fraction_of(step->unit > 1 ? step->unit : 1);
    bool takes = step->kind == BILL_STEP_DISCOUNT;

    if (!step->has_price || (step->kind != BILL_STEP_UNITS && step->kind != BILL_STEP_FLAT &&
                             step->kind != BILL_STEP_MISSING && !takes))
        return;
    assert_int_equal(fraction_multiply(step->quantity, step->price, &product), STATUS_OK);
    assert_int_equal(fraction_divide(product, unit, &product), STATUS_OK);
    product.numerator = takes ? -product.numerator : product.numerator;
    assert_int_equal(fraction_subtract(product, fraction_of_decimal(step->amount), &off),
                     STATUS_OK);
    off.numerator = off.numerator < 0 ? -off.numerator : off.numerator;
    assert_true(fraction_compare(off, fraction_ratio(1, INT64_C(1000000000000))) <= 0);
}

static inline bool tells_units(const struct bill_step *step)
{
    return step->kind == BILL_STEP_UNITS || step->kind == BILL_STEP_PACKAGES ||
           step->kind == BILL_STEP_INCLUDED || step->kind == BILL_STEP_PACK;
}

/* What is priced, free and counted earlier is the quantity that the line tells. */
static inline void assert_units(const struct bill_line *line)
{
    struct fraction sum = FRACTION_ZERO;

    for (size_t i = 0; i < line->step_count; i++) {
        const struct bill_step *step = &line->steps[i];

        if (tells_units(step) && !step->metric)
            assert_int_equal(fraction_add(sum, step->quantity, &sum), STATUS_OK);
        if (step->kind == BILL_STEP_EARLIER)
            assert_int_equal(fraction_subtract(sum, step->quantity, &sum), STATUS_OK);
    }
    assert_int_equal(fraction_compare(sum, line->quantity), 0);
}

static inline void assert_steps(const struct bill_line *line, unsigned places)
{
    static const char *const of_others[] = {"", "amount", "terminals"};
    struct decimal sum = {0};
    bool is_of_units = line->source == BILL_CHARGE;

    assert_true(line->step_count > 0);
    for (size_t i = 0; i < line->step_count; i++) {
        assert_int_equal(decimal_add(sum, line->steps[i].amount, &sum), STATUS_OK);
        assert_product(&line->steps[i]);
        if (line->steps[i].kind == BILL_STEP_ROUNDING)
            assert_int_equal(i, line->step_count - 1);
    }
    assert_int_equal(decimal_compare(sum, line->amount), 0);
    assert_rounding_is_the_least(line, places);
    for (size_t i = 0; i < 3; i++)
        is_of_units = is_of_units && strcmp(line->metric, of_others[i]) != 0;
    if (is_of_units)
        assert_units(line);
}

static inline void assert_explained(const struct bill *bill, unsigned places)
{
    for (size_t i = 0; i < bill->line_count; i++)
        assert_steps(&bill->lines[i], places);
}

#endif

/* dice.h - repeatable chance: SplitMix64 (Steele, Lea, Flood 2014), seeded from text
 *
 * Fields are private.
 */
#ifndef TESTS_SUPPORT_DICE_H
#define TESTS_SUPPORT_DICE_H

#include "schema/base/span.h"

struct dice {
    uint64_t state;
};

/* The same seed and text give the same row of numbers. */
void dice_init(struct dice *dice, uint64_t seed, struct span text);

uint64_t dice_next(struct dice *dice);

/* Uniform in [0, limit); 0 when limit is 0. */
uint64_t dice_below(struct dice *dice, uint64_t limit);

/* Uniform in [0, 1). */
double dice_fraction(struct dice *dice);

#endif

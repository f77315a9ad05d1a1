#include "tests/support/dice.h"

#include "schema/base/crypto.h"

void dice_init(struct dice *dice, uint64_t seed, struct span text)
{
    const struct span parts[] = {span_of(&seed, sizeof seed), text};
    uint8_t hash[CRYPTO_HASH_SIZE];

    crypto_sha256(parts, 2, hash);
    dice->state = 0;
    for (size_t i = 0; i < sizeof dice->state; i++)
        dice->state = dice->state << 8 | hash[i];
}

uint64_t dice_next(struct dice *dice)
{
    uint64_t z = dice->state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *dice, uint64_t limit)
{
    return limit == 0 ? 0 : dice_next(dice) % limit;
}

double dice_fraction(struct dice *dice)
{
    return (double)(dice_next(dice) >> 11) * 0x1p-53;
}

/* What a quantity costs: the shapes of prices. */
#include "server/money/bill_parts.h"

/* Latches the first failure of a row of operations. */
struct sum {
    struct fraction value;
    enum status status;
};

static void add(struct sum *sum, struct fraction value)
{
    if (sum->status == STATUS_OK)
        sum->status = fraction_add(sum->value, value, &sum->value);
}

static void add_product(struct sum *sum, struct fraction a, struct fraction b)
{
    struct fraction product;

    if (sum->status == STATUS_OK)
        sum->status = fraction_multiply(a, b, &product);
    if (sum->status == STATUS_OK)
        add(sum, product);
}

/* price for each of so many, or for each started package of them. */
static void add_units(struct sum *sum, struct fraction units, struct fraction price,
                      struct fraction package_size)
{
    struct fraction packages;
    int64_t started;

    if (fraction_sign(package_size) == 0) {
        add_product(sum, units, price);
        return;
    }
    if (sum->status == STATUS_OK)
        sum->status = fraction_divide(units, package_size, &packages);
    if (sum->status == STATUS_OK)
        sum->status = fraction_ceiling(packages, &started);
    if (sum->status == STATUS_OK)
        add_product(sum, fraction_of(started), price);
}

static struct sum priced(const struct contract_charge *charge, const struct bill_measure *measure)
{
    struct sum sum = {FRACTION_ZERO, STATUS_OK};

    for (size_t i = 0; i < charge->rate_count; i++)
        if (fraction_sign(measure->rates[i]) != 0)
            add_product(&sum, measure->rates[i], charge->rates[i].price);
    return sum;
}

/* Slabs: what lies within a tier at its price, and the flat fee of every tier entered; the first is
 * entered at zero. */
static struct sum graduated(const struct contract_charge *charge, struct fraction units)
{
    struct sum sum = {FRACTION_ZERO, STATUS_OK};
    struct fraction from = FRACTION_ZERO;

    for (size_t i = 0; i < charge->tier_count && sum.status == STATUS_OK; i++) {
        const struct contract_tier *tier = &charge->tiers[i];
        bool is_last = !tier->has_up_to || fraction_compare(units, tier->up_to) <= 0;
        struct fraction inside;

        if (i > 0 && fraction_compare(units, from) <= 0)
            break;
        sum.status = fraction_subtract(is_last ? units : tier->up_to, from, &inside);
        if (sum.status != STATUS_OK)
            break;
        add(&sum, tier->flat);
        add_units(&sum, inside, tier->price, tier->package_size);
        from = tier->up_to;
        if (is_last)
            break;
    }
    return sum;
}

/* Flat fees stay whole, slabs count by the days their units were there. */
static struct sum graduated_by_days(const struct contract_charge *charge,
                                    const struct bill_measure *measure)
{
    struct sum sum = graduated(charge, measure->whole), flats = {FRACTION_ZERO, STATUS_OK};
    struct fraction from = FRACTION_ZERO, slabs, share;

    if (sum.status != STATUS_OK || fraction_sign(measure->whole) == 0 ||
        fraction_compare(measure->whole, measure->present) == 0)
        return sum;
    for (size_t i = 0; i < charge->tier_count; i++) {
        if (i == 0 || fraction_compare(measure->whole, from) > 0)
            add(&flats, charge->tiers[i].flat);
        from = charge->tiers[i].up_to;
        if (!charge->tiers[i].has_up_to)
            break;
    }
    if (flats.status == STATUS_OK)
        flats.status = fraction_subtract(sum.value, flats.value, &slabs);
    if (flats.status == STATUS_OK)
        flats.status = fraction_divide(measure->present, measure->whole, &share);
    if (flats.status == STATUS_OK)
        add_product(&flats, slabs, share);
    return flats;
}

/* All of it at the price of the tier that contains it. */
static struct sum volume(const struct contract_charge *charge, const struct bill_measure *measure)
{
    struct sum sum = {FRACTION_ZERO, STATUS_OK};
    size_t i = 0;

    while (i + 1 < charge->tier_count && charge->tiers[i].has_up_to &&
           fraction_compare(measure->whole, charge->tiers[i].up_to) > 0)
        i++;
    if (charge->tier_count == 0)
        return sum;
    add(&sum, charge->tiers[i].flat);
    add_units(&sum, measure->present, charge->tiers[i].price, charge->tiers[i].package_size);
    return sum;
}

/* List price: all of it at the first tier's. */
static struct sum at_first_tier(const struct contract_charge *charge,
                                const struct bill_measure *measure)
{
    struct sum sum = {FRACTION_ZERO, STATUS_OK};

    if (charge->tier_count > 0) {
        add(&sum, charge->tiers[0].flat);
        add_units(&sum, measure->present, charge->tiers[0].price, charge->tiers[0].package_size);
    }
    return sum;
}

static struct sum percentage(const struct contract_charge *charge,
                             const struct bill_measure *measure)
{
    const struct contract_percentage *terms = &charge->percentage;
    struct sum sum = {FRACTION_ZERO, STATUS_OK};

    add_product(&sum, measure->events[TALLY_AMOUNT], terms->rate);
    add_product(&sum, measure->events[TALLY_EVENTS], terms->fixed);
    if (terms->has_event_min)
        add_product(&sum, measure->events[TALLY_AT_MIN], terms->event_min);
    if (terms->has_event_max)
        add_product(&sum, measure->events[TALLY_AT_MAX], terms->event_max);
    return sum;
}

static struct sum base_price(const struct contract_charge *charge,
                             const struct bill_measure *measure)
{
    struct sum sum = {FRACTION_ZERO, STATUS_OK};

    switch (charge->kind) {
    case CONTRACT_PRICED:
        return priced(charge, measure);
    case CONTRACT_WEIGHED:
        if (charge->tier_count > 0)
            return graduated(charge, measure->whole);
        add_product(&sum, measure->whole, charge->price);
        return sum;
    case CONTRACT_GRADUATED:
        return charge->prorated ? graduated_by_days(charge, measure)
                                : graduated(charge, measure->whole);
    case CONTRACT_VOLUME:
        return volume(charge, measure);
    case CONTRACT_PACKAGE:
        add_units(&sum, measure->present, charge->price, charge->size);
        return sum;
    case CONTRACT_PERCENTAGE:
        return percentage(charge, measure);
    case CONTRACT_LICENCE:
        add_product(&sum, measure->present, charge->licence.price);
        return sum;
    default: /* fees are no matter of quantities */
        return sum;
    }
}

enum status bill_price(const struct contract_charge *charge, const struct bill_measure *measure,
                       bool as_listed, struct fraction *out)
{
    bool has_tiers = charge->tier_count > 0;
    struct sum sum =
        as_listed && has_tiers ? at_first_tier(charge, measure) : base_price(charge, measure);
    struct fraction off;

    if (sum.status == STATUS_OK && charge->has_discount && !as_listed) {
        sum.status = fraction_multiply(sum.value, charge->discount, &off);
        if (sum.status == STATUS_OK)
            sum.status = fraction_subtract(sum.value, off, &sum.value);
    }
    if (sum.status != STATUS_OK)
        return sum.status;
    *out = sum.value;
    return STATUS_OK;
}

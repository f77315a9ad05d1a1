/* What a quantity costs: the shapes of prices. */
#include "server/money/bill_parts.h"

/* Latches the first failure of a row of operations. */
struct sum {
    struct fraction value;
    enum status status;
    struct bill_steps *steps; /* NULL: nobody asks */
};

static struct sum begin(struct bill_steps *steps)
{
    return (struct sum){FRACTION_ZERO, STATUS_OK, steps};
}

static void add(struct sum *sum, struct fraction value)
{
    if (sum->status == STATUS_OK)
        sum->status = fraction_add(sum->value, value, &sum->value);
}

/* What a product is about; told as a step of its own where there is any. */
struct about {
    enum bill_step_kind kind;
    int64_t unit;
    const char *metric;
    const struct contract_rate *rate;
    const struct contract_tier *tier, *below;
    struct fraction package; /* of PACKAGES */
};

static void tell(struct sum *sum, const struct about *about, struct fraction quantity,
                 struct fraction price, struct fraction amount)
{
    if (sum->steps && about && fraction_sign(quantity) != 0)
        bill_step_add(sum->steps,
                      (struct bill_step){.kind = about->kind,
                                         .metric = about->metric,
                                         .rate = about->rate,
                                         .tier = about->tier,
                                         .below = about->below,
                                         .has_quantity = true,
                                         .has_price = true,
                                         .quantity = quantity,
                                         .price = price,
                                         .package = about->package,
                                         .unit = about->unit},
                      amount);
}

static void add_product(struct sum *sum, const struct about *about, struct fraction a,
                        struct fraction b)
{
    struct fraction product;

    if (sum->status == STATUS_OK)
        sum->status = fraction_multiply(a, b, &product);
    if (sum->status == STATUS_OK)
        add(sum, product);
    if (sum->status == STATUS_OK)
        tell(sum, about, a, b, product);
}

/* A fee that a tier asks for being entered. */
static void add_flat(struct sum *sum, const struct contract_tier *tier,
                     const struct contract_tier *below)
{
    const struct about about = {.kind = BILL_STEP_FLAT, .tier = tier, .below = below};

    add(sum, tier->flat);
    if (sum->status == STATUS_OK && fraction_sign(tier->flat) != 0)
        tell(sum, &about, fraction_of(1), tier->flat, tier->flat);
}

/* A price for each started package of so many units. */
static void add_packages(struct sum *sum, const struct about *about, struct fraction units,
                         struct fraction price, struct fraction size)
{
    struct fraction packages, product = FRACTION_ZERO;
    int64_t started;

    if (sum->status == STATUS_OK)
        sum->status = fraction_divide(units, size, &packages);
    if (sum->status == STATUS_OK)
        sum->status = fraction_ceiling(packages, &started);
    if (sum->status == STATUS_OK)
        sum->status = fraction_multiply(fraction_of(started), price, &product);
    if (sum->status == STATUS_OK)
        add(sum, product);
    if (sum->status != STATUS_OK || !sum->steps || !about)
        return;
    struct about told = *about;
    told.kind = BILL_STEP_PACKAGES;
    told.unit = 0;
    told.package = size;
    tell(sum, &told, units, price, product);
}

/* price for each of so many, or for each started package of them. */
static void add_units(struct sum *sum, const struct about *about, struct fraction units,
                      struct fraction price, struct fraction package_size)
{
    if (fraction_sign(package_size) == 0)
        add_product(sum, about, units, price);
    else
        add_packages(sum, about, units, price, package_size);
}

static struct sum priced(const struct contract_charge *charge, const struct bill_measure *measure,
                         struct bill_steps *steps)
{
    struct sum sum = begin(steps);

    for (size_t i = 0; i < charge->rate_count; i++) {
        const struct about about = {
            .kind = BILL_STEP_UNITS, .rate = &charge->rates[i], .unit = charge->rates[i].unit};

        if (fraction_sign(measure->rates[i]) != 0)
            add_product(&sum, &about, measure->rates[i], charge->rates[i].price);
    }
    return sum;
}

/* Slabs: what lies within a tier at its price, and the flat fee of every tier entered; the first is
 * entered at zero. */
static struct sum graduated(const struct contract_charge *charge, struct fraction units,
                            struct bill_steps *steps)
{
    struct sum sum = begin(steps);
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
        const struct about about = {.kind = BILL_STEP_UNITS,
                                    .unit = tier->unit,
                                    .tier = tier,
                                    .below = i > 0 ? tier - 1 : NULL};
        add_flat(&sum, tier, about.below);
        add_units(&sum, &about, inside, tier->price, tier->package_size);
        from = tier->up_to;
        if (is_last)
            break;
    }
    return sum;
}

/* What the days on which units were not there take off. */
static void tell_days(struct bill_steps *steps, const struct bill_measure *measure,
                      struct fraction whole, struct fraction present)
{
    present.numerator = -present.numerator;
    if (steps && steps->status == STATUS_OK)
        steps->status = fraction_add(whole, present, &whole);
    bill_step_take(steps,
                   (struct bill_step){.kind = BILL_STEP_DAYS,
                                      .has_quantity = true,
                                      .has_price = true,
                                      .quantity = measure->present,
                                      .price = measure->whole},
                   whole);
}

/* Flat fees stay whole, slabs count by the days their units were there. */
static struct sum graduated_by_days(const struct contract_charge *charge,
                                    const struct bill_measure *measure, struct bill_steps *steps)
{
    struct sum sum = graduated(charge, measure->whole, steps), flats = begin(NULL);
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
        add_product(&flats, NULL, slabs, share);
    if (flats.status == STATUS_OK)
        tell_days(steps, measure, sum.value, flats.value);
    return flats;
}

/* All of it at the price of the tier that contains it. */
static struct sum volume(const struct contract_charge *charge, const struct bill_measure *measure,
                         struct bill_steps *steps)
{
    struct sum sum = begin(steps);
    size_t i = 0;

    while (i + 1 < charge->tier_count && charge->tiers[i].has_up_to &&
           fraction_compare(measure->whole, charge->tiers[i].up_to) > 0)
        i++;
    if (charge->tier_count == 0)
        return sum;
    const struct contract_tier *tier = &charge->tiers[i];
    const struct about about = {.kind = BILL_STEP_UNITS,
                                .unit = tier->unit,
                                .tier = tier,
                                .below = i > 0 ? tier - 1 : NULL};
    add_flat(&sum, tier, about.below);
    add_units(&sum, &about, measure->present, tier->price, tier->package_size);
    return sum;
}

/* List price: all of it at the first tier's. */
static struct sum at_first_tier(const struct contract_charge *charge,
                                const struct bill_measure *measure)
{
    struct sum sum = begin(NULL);

    if (charge->tier_count > 0) {
        add(&sum, charge->tiers[0].flat);
        add_units(&sum, NULL, measure->present, charge->tiers[0].price,
                  charge->tiers[0].package_size);
    }
    return sum;
}

static struct sum percentage(const struct contract_charge *charge,
                             const struct bill_measure *measure, struct bill_steps *steps)
{
    static const struct about amount = {.kind = BILL_STEP_SHARE, .metric = "amount"};
    static const struct about events = {.kind = BILL_STEP_UNITS, .metric = "events"};
    static const struct about at_min = {.kind = BILL_STEP_UNITS, .metric = "events_at_min"};
    static const struct about at_max = {.kind = BILL_STEP_UNITS, .metric = "events_at_max"};
    const struct contract_percentage *terms = &charge->percentage;
    struct sum sum = begin(steps);

    add_product(&sum, &amount, measure->events[TALLY_AMOUNT], terms->rate);
    add_product(&sum, &events, measure->events[TALLY_EVENTS], terms->fixed);
    if (terms->has_event_min)
        add_product(&sum, &at_min, measure->events[TALLY_AT_MIN], terms->event_min);
    if (terms->has_event_max)
        add_product(&sum, &at_max, measure->events[TALLY_AT_MAX], terms->event_max);
    return sum;
}

/* Terminals, and those that are paid whatever is activated. */
static struct sum licences(const struct contract_charge *charge, const struct bill_measure *measure,
                           struct bill_steps *steps)
{
    static const struct about units = {.kind = BILL_STEP_UNITS};
    static const struct about missing = {.kind = BILL_STEP_MISSING};
    struct sum sum = begin(steps);
    struct fraction more;

    if (fraction_compare(measure->present, measure->counted) <= 0) {
        add_product(&sum, &units, measure->present, charge->licence.price);
        return sum;
    }
    sum.status = fraction_subtract(measure->present, measure->counted, &more);
    add_product(&sum, &units, measure->counted, charge->licence.price);
    add_product(&sum, &missing, more, charge->licence.price);
    return sum;
}

static struct sum base_price(const struct contract_charge *charge,
                             const struct bill_measure *measure, struct bill_steps *steps)
{
    const struct about units = {.kind = BILL_STEP_UNITS, .unit = charge->unit};
    struct sum sum = begin(steps);

    switch (charge->kind) {
    case CONTRACT_PRICED:
        return priced(charge, measure, steps);
    case CONTRACT_WEIGHED:
        if (charge->tier_count > 0)
            return graduated(charge, measure->whole, steps);
        add_product(&sum, &units, measure->whole, charge->price);
        return sum;
    case CONTRACT_GRADUATED:
        return charge->prorated ? graduated_by_days(charge, measure, steps)
                                : graduated(charge, measure->whole, steps);
    case CONTRACT_VOLUME:
        return volume(charge, measure, steps);
    case CONTRACT_PACKAGE:
        add_units(&sum, &units, measure->present, charge->price, charge->size);
        return sum;
    case CONTRACT_PERCENTAGE:
        return percentage(charge, measure, steps);
    case CONTRACT_LICENCE:
        return licences(charge, measure, steps);
    default: /* fees are no matter of quantities */
        return sum;
    }
}

enum status bill_price(const struct contract_charge *charge, const struct bill_measure *measure,
                       bool as_listed, struct bill_steps *steps, struct fraction *out)
{
    bool has_tiers = charge->tier_count > 0;
    struct sum sum = as_listed && has_tiers ? at_first_tier(charge, measure)
                                            : base_price(charge, measure, steps);
    struct fraction off;

    if (sum.status == STATUS_OK && charge->has_discount && !as_listed) {
        sum.status = fraction_multiply(sum.value, charge->discount, &off);
        if (sum.status == STATUS_OK)
            bill_step_take(steps, bill_step_discount(sum.value, charge->discount), off);
        if (sum.status == STATUS_OK)
            sum.status = fraction_subtract(sum.value, off, &sum.value);
    }
    if (sum.status != STATUS_OK)
        return sum.status;
    *out = sum.value;
    return STATUS_OK;
}

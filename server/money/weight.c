#include "server/money/weight.h"

#include <stdio.h>
#include <string.h>

#define STARTS_PACKAGE "one unit may start a whole package"
#define ENTERS_TIER    "entering a tier costs a fee at once"
#define UNIT           INT64_C(1000000000000000) /* 10^15 */

struct work {
    const char *model; /* NULL: any that no filter names */
    struct fraction prices[CONTRACT_METRICS];
    char *reason;
};

static enum status deny(struct work *work, const struct contract_charge *charge, const char *why)
{
    snprintf(work->reason, 160, "charge %.40s (%.20s): %s", charge->name, charge->kind_text, why);
    return STATUS_DENIED;
}

static bool is_all(const struct contract_filter *filter)
{
    return filter->model_count == 0 ||
           (filter->model_count == 1 && strcmp(filter->models[0], "*") == 0);
}

static bool matches(const struct contract_filter *filter, const char *model)
{
    for (size_t i = 0; model && i < filter->other_count; i++) {
        if (strcmp(filter->others[i], model) == 0)
            return false;
    }
    if (is_all(filter))
        return true;
    for (size_t i = 0; model && i < filter->model_count; i++) {
        if (strcmp(filter->models[i], model) == 0)
            return true;
    }
    return false;
}

static void raise_to(struct fraction *highest, struct fraction price)
{
    if (fraction_compare(price, *highest) > 0)
        *highest = price;
}

/* Several charges may price one metric: what each can cost adds up. */
static enum status add(struct work *work, unsigned metrics, struct fraction price)
{
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < CONTRACT_METRICS && status == STATUS_OK; i++) {
        if (metrics >> i & 1)
            status = fraction_add(work->prices[i], price, &work->prices[i]);
    }
    return status;
}

/* The dearest rate that could hold for the model, metric by metric. */
static enum status weigh_rates(struct work *work, const struct contract_charge *charge)
{
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < CONTRACT_METRICS && status == STATUS_OK; i++) {
        struct fraction highest = FRACTION_ZERO;

        for (size_t r = 0; r < charge->rate_count; r++) {
            const struct contract_rate *rate = &charge->rates[r];

            if (rate->metrics >> i & 1 && matches(&rate->filter, work->model))
                raise_to(&highest, rate->price);
        }
        status = add(work, 1u << i, highest);
    }
    return status;
}

/* Points cost the price of their dearest tier. */
static enum status weigh_points(struct work *work, const struct contract_charge *charge)
{
    struct contract_charge points = *charge;
    struct fraction dearest = charge->price;
    struct contract_rate rates[CONTRACT_RATES];

    for (size_t i = 0; i < charge->tier_count; i++) {
        if (fraction_sign(charge->tiers[i].package_size) > 0)
            return deny(work, charge, STARTS_PACKAGE);
        if (fraction_sign(charge->tiers[i].flat) > 0 && i > 0)
            return deny(work, charge, ENTERS_TIER);
        raise_to(&dearest, charge->tiers[i].price);
    }
    for (size_t i = 0; i < charge->rate_count; i++) {
        rates[i] = charge->rates[i];
        if (fraction_multiply(rates[i].price, dearest, &rates[i].price) != STATUS_OK)
            return STATUS_FULL;
    }
    points.rates = rates;
    return weigh_rates(work, &points);
}

/* Within a graduated charge a unit costs its own tier's price. In a volume charge one unit may move
 * all units to another tier: that is bounded while prices only fall. Fees at a tier's entry and
 * started packages are jumps that no price for one unit bounds usefully. */
static enum status weigh_tiers(struct work *work, const struct contract_charge *charge)
{
    struct fraction highest = FRACTION_ZERO;

    for (size_t i = 0; i < charge->tier_count; i++) {
        const struct contract_tier *tier = &charge->tiers[i];

        if (fraction_sign(tier->package_size) > 0)
            return deny(work, charge, STARTS_PACKAGE);
        if (fraction_sign(tier->flat) > 0 && (i > 0 || charge->kind == CONTRACT_VOLUME))
            return deny(work, charge, ENTERS_TIER);
        if (i > 0 && charge->kind == CONTRACT_VOLUME &&
            fraction_compare(tier->price, charge->tiers[i - 1].price) > 0)
            return deny(work, charge, "one unit may make all units before it dearer");
        raise_to(&highest, tier->price);
    }
    return add(work, charge->quantity.metrics, highest);
}

static enum status weigh_usage(struct work *work, const struct contract_charge *charge)
{
    switch (charge->kind) {
    case CONTRACT_PRICED:
        return weigh_rates(work, charge);
    case CONTRACT_WEIGHED:
        return weigh_points(work, charge);
    case CONTRACT_GRADUATED:
    case CONTRACT_VOLUME:
        return weigh_tiers(work, charge);
    case CONTRACT_PACKAGE:
        return deny(work, charge, STARTS_PACKAGE);
    default:
        return STATUS_OK;
    }
}

/* Fees that no attempt causes (flat, capacity, levels) are no part of what usage spends.
 */
static enum status weigh(struct work *work, const struct contract_charge *charge)
{
    if (!matches(&charge->filter, work->model))
        return STATUS_OK;
    switch (charge->quantity.source) {
    case CONTRACT_RECORDED:
    case CONTRACT_POINTS:
        return weigh_usage(work, charge);
    case CONTRACT_AMOUNT:
        return charge->kind == CONTRACT_PERCENTAGE
                   ? deny(work, charge, "its amount is known only after the usage")
                   : STATUS_OK;
    case CONTRACT_ACTIVE_DEVICES:
        return deny(work, charge, "one request may cost a whole device");
    case CONTRACT_TERMINALS:
        return deny(work, charge, "one request may cost a terminal's licence");
    default:
        return STATUS_OK;
    }
}

static enum status weigh_version(const struct contract_terms *terms, const char *model,
                                 struct fraction prices[CONTRACT_METRICS], char reason[160])
{
    struct work work = {.model = model, .reason = reason};

    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        work.prices[i] = FRACTION_ZERO;
    for (size_t i = 0; i < terms->charge_count; i++) {
        enum status status = weigh(&work, &terms->charges[i]);

        if (status == STATUS_FULL)
            snprintf(reason, 160, "charge %.40s: its price is too large", terms->charges[i].name);
        if (status != STATUS_OK)
            return status;
    }
    memcpy(prices, work.prices, sizeof work.prices);
    return STATUS_OK;
}

static enum status round_up(struct fraction price, uint64_t *out)
{
    struct fraction scaled;
    int64_t whole;
    enum status status = fraction_multiply(price, fraction_of(UNIT), &scaled);

    if (status == STATUS_OK)
        status = fraction_ceiling(scaled, &whole);
    if (status == STATUS_OK)
        *out = (uint64_t)whole;
    return status;
}

enum status weight_of_money(const struct contract *contract, int64_t from_version,
                            const char *model, uint64_t out[CONTRACT_METRICS], char reason[160])
{
    uint64_t highest[CONTRACT_METRICS] = {0};

    for (size_t v = 0; v < contract->version_count; v++) {
        struct fraction prices[CONTRACT_METRICS];

        if (contract->versions[v].version < from_version)
            continue;
        enum status status = weigh_version(&contract->versions[v], model, prices, reason);
        for (unsigned i = 0; status == STATUS_OK && i < CONTRACT_METRICS; i++) {
            uint64_t weight = 0;

            status = round_up(prices[i], &weight);
            if (status != STATUS_OK)
                snprintf(reason, 160, "a price is above 9000 for one unit");
            if (weight > highest[i])
                highest[i] = weight;
        }
        if (status != STATUS_OK)
            return status;
    }
    memcpy(out, highest, sizeof highest);
    return STATUS_OK;
}

static enum status check_models(const struct contract *contract, int64_t from_version,
                                const struct contract_filter *filter, char reason[160])
{
    uint64_t ignored[CONTRACT_METRICS];
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < filter->model_count; i++)
        status = weight_of_money(contract, from_version, filter->models[i], ignored, reason);
    return status;
}

enum status weight_check(const struct contract *contract, int64_t from_version, char reason[160])
{
    uint64_t ignored[CONTRACT_METRICS];
    enum status status = weight_of_money(contract, from_version, NULL, ignored, reason);

    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t c = 0; status == STATUS_OK && c < terms->charge_count; c++) {
            const struct contract_charge *charge = &terms->charges[c];

            status = check_models(contract, from_version, &charge->filter, reason);
            for (size_t r = 0; status == STATUS_OK && r < charge->rate_count; r++)
                status = check_models(contract, from_version, &charge->rates[r].filter, reason);
        }
    }
    return status;
}

/* ---- counting ---- */

void weight_of_metrics(unsigned metrics, uint64_t out[CONTRACT_METRICS])
{
    for (unsigned i = 0; i < CONTRACT_METRICS; i++)
        out[i] = metrics >> i & 1;
}

static unsigned find_one(struct span name)
{
    if (span_equal_text(name, "input"))
        return CONTRACT_ALL_INPUT;
    if (span_equal_text(name, "tokens"))
        return CONTRACT_ALL_TOKENS;
    for (unsigned i = 0; i < CONTRACT_METRICS; i++) {
        if (span_equal_text(name, contract_metric_name((enum contract_metric)i)))
            return 1u << i;
    }
    return 0;
}

unsigned weight_find_metrics(struct span name)
{
    unsigned metrics = 0;
    size_t first = 0;

    for (size_t i = 0; i <= name.size; i++) {
        if (i < name.size && name.data[i] != '+')
            continue;
        unsigned one = find_one(span_of(name.data + first, i - first));

        if (one == 0)
            return 0;
        metrics |= one;
        first = i + 1;
    }
    return metrics;
}

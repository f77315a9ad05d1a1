#include "server/money/projection.h"

#include <string.h>

#define NOON_MS 43200000

/* ---- what can be told ---- */

static enum projection_trust trust_filter(const struct contract_filter *filter, const char **why)
{
    if (!filter->has_hours && !filter->has_input)
        return PROJECTION_EXACT;
    *why = filter->has_input ? "prices by a request's length are asked for a day's sum"
                             : "prices by the hour are asked as if all happened at noon";
    return PROJECTION_ROUGH;
}

static enum projection_trust worse(enum projection_trust a, enum projection_trust b)
{
    return a > b ? a : b;
}

static enum projection_trust trust_quantity(const struct contract_quantity *quantity,
                                            const char **why)
{
    switch (quantity->source) {
    case CONTRACT_TERMINALS:
        *why = "licences of terminals follow activations, which nobody can foresee";
        return PROJECTION_UNKNOWN;
    case CONTRACT_GAUGE:
    case CONTRACT_AMOUNT:
        *why = "levels and amounts that a usage file tells are not metered here";
        return PROJECTION_UNKNOWN;
    default:
        return PROJECTION_EXACT;
    }
}

static enum projection_trust trust_charge(const struct contract_charge *charge, const char **why)
{
    enum projection_trust trust = PROJECTION_EXACT;

    if (charge->kind == CONTRACT_LICENCE || charge->included_per_device) {
        *why = charge->kind == CONTRACT_LICENCE
                   ? "licences of terminals follow activations, which nobody can foresee"
                   : "units that each robot has of its own are not shared out here: see What-if";
        return PROJECTION_UNKNOWN;
    }
    if (charge->kind != CONTRACT_FLAT && charge->kind != CONTRACT_CAPACITY)
        trust = trust_quantity(&charge->quantity, why);
    for (size_t i = 0; i < charge->rate_count && trust != PROJECTION_UNKNOWN; i++)
        trust = worse(trust, trust_filter(&charge->rates[i].filter, why));
    return trust == PROJECTION_UNKNOWN ? trust : worse(trust, trust_filter(&charge->filter, why));
}

static enum projection_trust trust_terms(const struct contract_terms *terms, const char **why)
{
    enum projection_trust trust = PROJECTION_EXACT;

    for (size_t i = 0; i < terms->charge_count && trust != PROJECTION_UNKNOWN; i++)
        trust = worse(trust, trust_charge(&terms->charges[i], why));
    for (size_t i = 0; i < terms->commitment_count && trust != PROJECTION_UNKNOWN; i++) {
        trust = worse(trust, trust_quantity(&terms->commitments[i].quantity, why));
        if (terms->commitments[i].share_permille > 0) {
            *why = "what is used elsewhere is not projected, so no promise of a share of it";
            trust = PROJECTION_UNKNOWN;
        }
    }
    return trust;
}

enum projection_trust projection_trust(const struct contract *contract, const char **why)
{
    enum projection_trust trust = PROJECTION_EXACT;

    *why = "";
    for (size_t v = 0; v < contract->version_count && trust != PROJECTION_UNKNOWN; v++)
        trust = worse(trust, trust_terms(&contract->versions[v], why));
    return trust;
}

/* ---- counting on ---- */

static enum status add(struct tally *tally, int64_t day, const char *device,
                       const struct projection_usage *usage, unsigned *unpriced)
{
    struct tally_usage one = {
        .at_ms = zone_midnight(tally_zone(tally), day) + NOON_MS,
        .device = device,
        .model = usage ? usage->model : "",
        .service_tier = "",
        .replaces = "",
        .gauge = "",
        .is_activity = usage == NULL,
    };
    unsigned lacking = 0;

    one.end_ms = one.at_ms;
    if (usage)
        memcpy(one.quantities, usage->per_day, sizeof one.quantities);
    enum status status = tally_add(tally, &one, &lacking);

    if (unpriced)
        *unpriced |= lacking;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* A peak and distinct robots are known from a day of each week; averages and last days are not. */
static bool is_of_every_day(const struct contract_quantity *quantity,
                            enum contract_measured measured, enum period_per per)
{
    return quantity->source == CONTRACT_ACTIVE_DEVICES &&
           (per == PERIOD_DAY || (measured != CONTRACT_PEAK && measured != CONTRACT_EVER));
}

static bool measures_every_day(const struct contract *contract)
{
    for (size_t v = 0; v < contract->version_count; v++) {
        const struct contract_terms *terms = &contract->versions[v];

        for (size_t i = 0; i < terms->charge_count; i++) {
            const struct contract_charge *charge = &terms->charges[i];

            if (is_of_every_day(&charge->quantity, charge->measured, charge->rule.per) ||
                (charge->quantity.source == CONTRACT_ACTIVE_DEVICES && charge->prorated))
                return true;
        }
        for (size_t i = 0; i < terms->commitment_count; i++) {
            const struct contract_commitment *promise = &terms->commitments[i];

            if (is_of_every_day(&promise->quantity, promise->measured, promise->rule.per))
                return true;
        }
    }
    return false;
}

/* Longer periods, whatever day they are anchored to, have such a day in them. */
static bool is_told(const struct contract *contract, const struct projection *projection,
                    int64_t day)
{
    return day == projection->first || day == projection->end - 1 ||
           (day - projection->first) % 7 == 0 || day + 1 == contract->term_end;
}

enum status projection_add(struct tally *tally, const struct projection *projection,
                           unsigned *unpriced)
{
    const struct contract *contract = tally_contract(tally);
    const bool every_day = measures_every_day(contract);
    enum status status = STATUS_OK;

    for (size_t i = 0; i < projection->count; i++)
        unpriced[i] = 0;
    for (int64_t day = projection->first; day < projection->end && status == STATUS_OK; day++) {
        for (size_t i = 0; i < projection->count && status == STATUS_OK; i++)
            status = add(tally, day, "", &projection->usage[i], &unpriced[i]);
        if (!every_day && !is_told(contract, projection, day))
            continue;
        for (size_t i = 0; i < projection->device_count && status == STATUS_OK; i++)
            status = add(tally, day, projection->devices[i], NULL, NULL);
    }
    return status;
}

enum status projection_sum(const struct bill *bill, enum bill_source source, const char *name,
                           struct decimal *amount, struct fraction *quantity)
{
    struct decimal sum = {0};
    struct fraction units = FRACTION_ZERO;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < bill->line_count && status == STATUS_OK; i++) {
        const struct bill_line *line = &bill->lines[i];

        if (line->source != source || strcmp(line->name, name) != 0)
            continue;
        status = decimal_add(sum, line->amount, &sum);
        if (status == STATUS_OK)
            status = fraction_add(units, line->quantity, &units);
    }
    if (status != STATUS_OK)
        return status;
    *amount = sum;
    *quantity = units;
    return STATUS_OK;
}

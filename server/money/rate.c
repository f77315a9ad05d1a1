#include "server/money/rate.h"

#include <string.h>

static bool covers(const struct contract_charge *charge, const char *model)
{
    for (size_t i = 0; i < charge->model_count; i++) {
        if (strcmp(charge->models[i], model) == 0)
            return true;
    }
    return charge->model_count == 0;
}

static unsigned used_metrics(const uint64_t quantities[CONTRACT_METRICS])
{
    unsigned used = 0;

    for (unsigned metric = 0; metric < CONTRACT_METRICS; metric++) {
        if (quantities[metric] > 0 && metric != CONTRACT_REQUESTS)
            used |= 1u << metric;
    }
    return used;
}

enum status rate_record(const struct contract *contract, const char *model,
                        const uint64_t quantities[CONTRACT_METRICS], struct decimal *price,
                        unsigned *unpriced)
{
    struct decimal sum = {0};
    unsigned priced = 0;
    bool has_unit_price = false;

    for (size_t i = 0; i < contract->charge_count; i++) {
        const struct contract_charge *charge = &contract->charges[i];
        struct decimal part;

        if (charge->kind != CONTRACT_UNIT)
            continue;
        has_unit_price = true;
        if (!covers(charge, model))
            continue;
        priced |= 1u << charge->metric;

        enum status status = decimal_multiply(charge->amount, quantities[charge->metric], &part);
        if (status == STATUS_OK)
            status = decimal_add(sum, part, &sum);
        if (status != STATUS_OK)
            return status;
    }
    *price = sum;
    *unpriced = has_unit_price ? used_metrics(quantities) & ~priced : 0;
    return STATUS_OK;
}

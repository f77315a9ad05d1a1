#include "server/money/rate.h"

#include <string.h>

static bool covers(const struct contract_filter *filter, const char *model)
{
    for (size_t i = 0; i < filter->model_count; i++) {
        if (strcmp(filter->models[i], model) == 0)
            return true;
    }
    return filter->model_count == 0;
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

/* The first rate that prices the metric takes all of it. */
static enum status add_metric(const struct contract_charge *charge, unsigned metric,
                              uint64_t quantity, struct fraction *sum, unsigned *priced)
{
    for (size_t i = 0; i < charge->rate_count; i++) {
        const struct contract_rate *rate = &charge->rates[i];
        struct fraction part;

        if (!(rate->metrics & CONTRACT_BIT(metric)))
            continue;
        *priced |= CONTRACT_BIT(metric);
        enum status status = fraction_multiply(rate->price, fraction_of((int64_t)quantity), &part);
        return status == STATUS_OK ? fraction_add(*sum, part, sum) : status;
    }
    return STATUS_OK;
}

enum status rate_record(const struct contract_terms *terms, const char *model,
                        const uint64_t quantities[CONTRACT_METRICS], struct decimal *price,
                        unsigned *unpriced)
{
    struct fraction sum = FRACTION_ZERO;
    enum status status = STATUS_OK;
    unsigned priced = 0;
    bool prices_usage = false;

    for (size_t i = 0; i < terms->charge_count; i++) {
        const struct contract_charge *charge = &terms->charges[i];

        if (charge->kind != CONTRACT_PRICED)
            continue;
        prices_usage = true;
        for (unsigned metric = 0; metric < CONTRACT_METRICS && status == STATUS_OK; metric++) {
            if (covers(&charge->filter, model))
                status = quantities[metric] > INT64_MAX
                             ? STATUS_FULL
                             : add_metric(charge, metric, quantities[metric], &sum, &priced);
        }
    }
    if (status == STATUS_OK)
        status = fraction_cut(sum, price);
    if (status == STATUS_OK)
        *unpriced = prices_usage ? used_metrics(quantities) & ~priced : 0;
    return status;
}

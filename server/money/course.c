#include "server/money/course.h"

#include <string.h>

#include "server/money/fees.h"

#define NO_FIRST  0
#define NO_END    4000000 /* the year 12921 */
#define MINUTE_MS 60000

static const struct contract_filter everything;

struct fraction course_floor(const struct contract_commitment *commitment, int64_t first)
{
    struct fraction at_least = commitment->at_least;

    for (size_t i = 0; i < commitment->step_count; i++)
        if (commitment->steps[i].first <= first)
            at_least = commitment->steps[i].at_least;
    return at_least;
}

struct course_subject course_of_cap(const struct contract_cap *cap)
{
    return (struct course_subject){.quantity = &cap->quantity,
                                   .filter = &cap->filter,
                                   .rule = &cap->rule,
                                   .has_limit = true,
                                   .limit = cap->at_most,
                                   .measured = cap->measured};
}

struct course_subject course_of_commitment(const struct contract_commitment *commitment)
{
    return (struct course_subject){.quantity = &commitment->quantity,
                                   .filter = &commitment->filter,
                                   .rule = &commitment->rule,
                                   .has_limit = true,
                                   .limit = commitment->at_least,
                                   .is_floor = true,
                                   .share_permille = commitment->share_permille,
                                   .measured = commitment->measured};
}

struct course_subject course_of_threshold(const struct contract_threshold *threshold)
{
    if (threshold->cap != NULL)
        return course_of_cap(threshold->cap);
    if (threshold->commitment != NULL)
        return course_of_commitment(threshold->commitment);
    return (struct course_subject){.quantity = &threshold->quantity,
                                   .filter = &everything,
                                   .rule = &threshold->rule,
                                   .has_limit = threshold->has_limit,
                                   .limit = threshold->limit};
}

struct period course_period(const struct contract *contract, const struct period_rule *rule,
                            int64_t day)
{
    const struct period_range range = {
        contract->term_first == CONTRACT_NO_DAY ? NO_FIRST : contract->term_first,
        contract->term_end == CONTRACT_NO_DAY ? NO_END : contract->term_end,
    };

    if (day >= range.end)
        day = range.end - 1;
    if (day < range.first)
        day = range.first;
    return period_at(rule, range, day);
}

/* ---- quantities ---- */

static bool model_counts(const struct contract_filter *filter, const char *model)
{
    for (size_t i = 0; i < filter->model_count; i++)
        if (strcmp(filter->models[i], model) == 0)
            return true;
    return filter->model_count == 0;
}

/* Usage that pays into no commitment: of models that the vendor sells for others. */
static bool is_foreign(const struct course *course, const char *model)
{
    const struct contract_third_party *third = course->third_party;

    for (size_t i = 0; third != NULL && !third->counts_toward_commitments && i < third->model_count;
         i++)
        if (strcmp(third->models[i], model) == 0)
            return true;
    return false;
}

static int64_t sum_metrics(const struct course_usage *usage, unsigned metrics)
{
    int64_t sum = 0;

    for (int i = 0; i < CONTRACT_METRICS; i++)
        if ((metrics & CONTRACT_BIT(i)) != 0)
            sum += usage->quantities[i];
    return sum;
}

struct fraction course_amount(const struct course *course, const struct course_subject *subject,
                              const struct course_usage *usage)
{
    if (!model_counts(subject->filter, usage->model) ||
        (subject->is_floor && is_foreign(course, usage->model)))
        return FRACTION_ZERO;
    if (subject->quantity->source == CONTRACT_SPEND)
        return fraction_of_decimal(usage->price);
    return fraction_of(sum_metrics(usage, subject->quantity->metrics));
}

/* As much of the fees as their periods have gone by. */
static enum status add_fees(const struct contract *contract, int64_t first, struct fraction *days,
                            size_t count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const int64_t day = first + (int64_t)i;
        struct fraction fees;

        status = fees_over(contract, (struct period_range){day, day + 1}, &fees);
        if (status == STATUS_OK)
            status = fraction_add(days[i], fees, &days[i]);
    }
    return status;
}

enum status course_days(const struct course *course, const struct course_subject *subject,
                        int64_t first, struct fraction *days, size_t count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++)
        days[i] = FRACTION_ZERO;
    if (subject->quantity->source == CONTRACT_SPEND)
        status = add_fees(course->contract, first, days, count);
    for (size_t i = 0; status == STATUS_OK && i < course->count; i++) {
        const int64_t place = course->usage[i].day - first;

        if (place >= 0 && place < (int64_t)count)
            status = fraction_add(days[place], course_amount(course, subject, &course->usage[i]),
                                  &days[place]);
    }
    return status;
}

struct fraction course_devices(const struct course_usage *days, size_t count,
                               enum contract_measured measured)
{
    int64_t peak = 0;
    int64_t last = 0;
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        last = days[i].quantities[0];
        sum += last;
        peak = last > peak ? last : peak;
    }
    switch (measured) {
    case CONTRACT_SUM:
        return fraction_of(sum);
    case CONTRACT_AVERAGE:
        return count > 0 ? fraction_ratio(sum, (int64_t)count) : FRACTION_ZERO;
    case CONTRACT_LAST:
        return fraction_of(last);
    default:
        return fraction_of(peak);
    }
}

struct fraction course_level(const struct course_subject *subject,
                             const struct course_usage *minute, size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++) {
        const struct course_usage *usage = &minute[i];

        if (!model_counts(subject->filter, usage->model))
            continue;
        if (subject->quantity->source == CONTRACT_CONCURRENCY)
            sum += usage->duration_ms;
        else
            sum += sum_metrics(usage, subject->quantity->source == CONTRACT_REQUESTS_PER_MINUTE
                                          ? CONTRACT_BIT(CONTRACT_REQUESTS)
                                          : CONTRACT_ALL_TOKENS);
    }
    return subject->quantity->source == CONTRACT_CONCURRENCY ? fraction_ratio(sum, MINUTE_MS)
                                                             : fraction_of(sum);
}

enum status course_share_limit(const struct course_subject *subject, const struct course_usage *all,
                               size_t count, const struct forecast_basis *own, bool ahead,
                               struct arena *arena, struct fraction *limit)
{
    struct fraction *days = arena_take(arena, own->day_count * sizeof *days);
    struct forecast_basis basis = *own;
    struct fraction whole = FRACTION_ZERO;
    struct forecast forecast;
    enum status status = STATUS_OK;

    if (days == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < own->day_count; i++)
        days[i] = FRACTION_ZERO;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const int64_t place = all[i].day - own->period.first;
        const struct fraction sum = fraction_of(sum_metrics(&all[i], subject->quantity->metrics));

        if (place < 0 || place >= (int64_t)own->day_count)
            continue;
        status = fraction_add(days[place], sum, &days[place]);
        if (status == STATUS_OK)
            status = fraction_add(whole, sum, &whole);
    }
    basis.days = days;
    if (status == STATUS_OK && ahead) {
        status = forecast_make(&basis, &forecast);
        whole = status == STATUS_OK ? forecast.at_end : FRACTION_ZERO;
        status = status == STATUS_AGAIN ? STATUS_OK : status;
    }
    return status == STATUS_OK
               ? fraction_multiply(whole, fraction_ratio(subject->share_permille, 1000), limit)
               : status;
}

int64_t course_minutes(const struct zone *zone, int64_t now_ms)
{
    const int64_t today = zone_day(zone, now_ms);
    const int64_t from_ms = zone_midnight(zone, today);

    return (now_ms - from_ms) * FORECAST_MINUTES / (zone_midnight(zone, today + 1) - from_ms);
}

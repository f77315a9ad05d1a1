#include "server/jobs/judge.h"

#include <string.h>

#include "server/money/fees.h"

#define NO_FIRST  0
#define NO_END    4000000 /* the year 12921 */
#define SURE_DAYS 3
#define MINUTE_MS 60000

/* What a threshold counts, whoever says it: a cap, a commitment or itself. */
struct subject {
    const struct contract_quantity *quantity;
    const struct contract_filter *filter;
    const struct period_rule *rule;
    bool has_limit;
    struct fraction limit;
    bool is_floor;
    int64_t share_permille; /* of all vendors' usage, which is the limit then; 0: no */
    enum contract_measured measured;
};

static const struct contract_filter everything;

/* The step of a ramp that holds on the period's first day. */
static struct fraction floor_on(const struct contract_commitment *commitment, int64_t first)
{
    struct fraction at_least = commitment->at_least;

    for (size_t i = 0; i < commitment->step_count; i++)
        if (commitment->steps[i].first <= first)
            at_least = commitment->steps[i].at_least;
    return at_least;
}

static struct subject subject_of(const struct contract_threshold *threshold)
{
    const struct contract_cap *cap = threshold->cap;
    const struct contract_commitment *commitment = threshold->commitment;

    if (cap != NULL)
        return (struct subject){.quantity = &cap->quantity,
                                .filter = &cap->filter,
                                .rule = &cap->rule,
                                .has_limit = true,
                                .limit = cap->at_most,
                                .measured = cap->measured};
    if (commitment != NULL)
        return (struct subject){.quantity = &commitment->quantity,
                                .filter = &commitment->filter,
                                .rule = &commitment->rule,
                                .has_limit = true,
                                .limit = commitment->at_least,
                                .is_floor = true,
                                .share_permille = commitment->share_permille,
                                .measured = commitment->measured};
    return (struct subject){.quantity = &threshold->quantity,
                            .filter = &everything,
                            .rule = &threshold->rule,
                            .has_limit = threshold->has_limit,
                            .limit = threshold->limit};
}

struct period judge_period(const struct contract *contract,
                           const struct contract_threshold *threshold, int64_t today)
{
    const struct subject subject = subject_of(threshold);
    struct period_range range = {
        contract->term_first == CONTRACT_NO_DAY ? NO_FIRST : contract->term_first,
        contract->term_end == CONTRACT_NO_DAY ? NO_END : contract->term_end,
    };

    if (today >= range.end)
        today = range.end - 1;
    if (today < range.first)
        today = range.first;
    return period_at(subject.rule, range, today);
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
static bool is_foreign(const struct judge_view *view, const char *model)
{
    const struct contract_third_party *third = view->third_party;

    for (size_t i = 0; third != NULL && !third->counts_toward_commitments && i < third->model_count;
         i++)
        if (strcmp(third->models[i], model) == 0)
            return true;
    return false;
}

static int64_t sum_metrics(const struct thresholds_usage *usage, unsigned metrics)
{
    int64_t sum = 0;

    for (int i = 0; i < CONTRACT_METRICS; i++)
        if ((metrics & CONTRACT_BIT(i)) != 0)
            sum += usage->quantities[i];
    return sum;
}

static struct fraction amount_of(const struct judge_view *view, const struct subject *subject,
                                 const struct thresholds_usage *usage)
{
    if (!model_counts(subject->filter, usage->model) ||
        (subject->is_floor && is_foreign(view, usage->model)))
        return FRACTION_ZERO;
    if (subject->quantity->source == CONTRACT_SPEND)
        return fraction_of_decimal(usage->price);
    return fraction_of(sum_metrics(usage, subject->quantity->metrics));
}

bool judge_wants_hour(const struct contract_threshold *threshold)
{
    return threshold->trigger == CONTRACT_AT_RATE;
}

bool judge_wants_minute(const struct contract_threshold *threshold)
{
    return subject_of(threshold).quantity->source >= CONTRACT_CONCURRENCY;
}

bool judge_wants_devices(const struct contract_threshold *threshold)
{
    return subject_of(threshold).quantity->source == CONTRACT_ACTIVE_DEVICES;
}

bool judge_wants_all(const struct contract_threshold *threshold)
{
    return threshold->commitment != NULL && threshold->commitment->share_permille > 0;
}

/* The days' counts as the contract measures them. */
static struct fraction devices_of(const struct judge_view *view, const struct subject *subject)
{
    int64_t peak = 0;
    int64_t last = 0;
    int64_t sum = 0;

    for (size_t i = 0; i < view->device_days; i++) {
        last = view->devices[i].quantities[0];
        sum += last;
        peak = last > peak ? last : peak;
    }
    switch (subject->measured) {
    case CONTRACT_SUM:
        return fraction_of(sum);
    case CONTRACT_AVERAGE:
        return view->device_days > 0 ? fraction_ratio(sum, (int64_t)view->device_days)
                                     : FRACTION_ZERO;
    case CONTRACT_LAST:
        return fraction_of(last);
    default:
        return fraction_of(peak);
    }
}

/* As much of the fees as their periods have gone by. */
static enum status add_fees(const struct judge_view *view, int64_t first, struct fraction *days,
                            size_t day_count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < day_count; i++) {
        const int64_t day = first + (int64_t)i;
        struct fraction fees;

        status = fees_over(view->contract, (struct period_range){day, day + 1}, &fees);
        if (status == STATUS_OK)
            status = fraction_add(days[i], fees, &days[i]);
    }
    return status;
}

/* The period's amounts from its first day to today. */
static enum status fill_days(const struct judge_view *view, const struct subject *subject,
                             int64_t first, struct fraction *days, size_t day_count)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < day_count; i++)
        days[i] = FRACTION_ZERO;
    if (subject->quantity->source == CONTRACT_SPEND)
        status = add_fees(view, first, days, day_count);
    for (size_t i = 0; status == STATUS_OK && i < view->day_count; i++) {
        const int64_t place = view->days[i].day - first;

        if (place >= 0 && place < (int64_t)day_count)
            status =
                fraction_add(days[place], amount_of(view, subject, &view->days[i]), &days[place]);
    }
    return status;
}

/* ---- the look ---- */

static enum status share_of(struct fraction limit, struct fraction share, struct fraction value,
                            int *compared)
{
    struct fraction point;
    enum status status = fraction_multiply(limit, share, &point);

    if (status == STATUS_OK)
        *compared = fraction_compare(value, point);
    return status;
}

/* Judges a value that should stay below its limit; a floor's forecast the other way round. */
static enum status compare(const struct contract_threshold *threshold, struct fraction value,
                           bool reversed, struct judge_sight *sight)
{
    const bool by_amount = threshold->trigger == CONTRACT_AT_AMOUNT;
    const struct fraction limit = by_amount ? threshold->at : sight->limit;
    const struct fraction share = by_amount ? fraction_of(1) : threshold->at;
    int at_point = 0;
    int at_return = 0;
    enum status status = share_of(limit, share, value, &at_point);

    if (status == STATUS_OK && fraction_sign(threshold->rearm) > 0)
        status = share_of(limit, threshold->rearm, value, &at_return);
    sight->look.reached = reversed ? at_point < 0 : at_point >= 0;
    sight->look.fell_back = fraction_sign(threshold->rearm) > 0 && !reversed && at_return < 0;
    return status;
}

/* Over the last minute; requests under way on average, by Little's law. */
static struct fraction level_of(const struct judge_view *view, const struct subject *subject)
{
    int64_t sum = 0;

    for (size_t i = 0; i < view->minute_count; i++) {
        const struct thresholds_usage *usage = &view->minute[i];

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

static int64_t minutes_of_today(const struct judge_view *view, int64_t today)
{
    const int64_t from_ms = zone_midnight(view->zone, today);
    const int64_t length_ms = zone_midnight(view->zone, today + 1) - from_ms;

    return (view->now_ms - from_ms) * FORECAST_MINUTES / length_ms;
}

static enum status surge(const struct judge_view *view, const struct subject *subject,
                         const struct contract_threshold *threshold, struct judge_sight *sight)
{
    const int64_t hours = (view->now_ms - sight->period_from_ms) / 3600000;
    struct fraction hour = FRACTION_ZERO;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < view->hour_count; i++)
        status = fraction_add(hour, amount_of(view, subject, &view->hour[i]), &hour);
    return status == STATUS_OK
               ? forecast_is_surge(sight->value, hour, hours, threshold->at, &sight->look.reached)
               : status;
}

static enum status look_ahead(const struct forecast_basis *basis, struct judge_sight *sight)
{
    enum status status = forecast_make(basis, &sight->forecast);

    if (status == STATUS_AGAIN)
        return STATUS_OK;
    sight->has_forecast = status == STATUS_OK;
    if (status == STATUS_OK && sight->has_limit)
        status = forecast_runs_out(basis, &sight->forecast, sight->limit, &sight->runs_out);
    return status;
}

/* What a share of all vendors' usage is: of the period so far, or as all of it goes on. */
static enum status limit_by_share(const struct judge_view *view, const struct subject *subject,
                                  const struct contract_threshold *threshold,
                                  const struct forecast_basis *own, struct arena *arena,
                                  struct fraction *limit)
{
    struct fraction *days = arena_take(arena, own->day_count * sizeof *days);
    struct forecast_basis basis = *own;
    struct forecast forecast;
    enum status status = STATUS_OK;

    if (days == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < own->day_count; i++)
        days[i] = FRACTION_ZERO;
    *limit = FRACTION_ZERO;
    for (size_t i = 0; i < view->all_days && status == STATUS_OK; i++) {
        const int64_t place = view->all[i].day - own->period.first;
        const struct fraction sum =
            fraction_of(sum_metrics(&view->all[i], subject->quantity->metrics));

        if (place < 0 || place >= (int64_t)own->day_count)
            continue;
        status = fraction_add(days[place], sum, &days[place]);
        if (status == STATUS_OK)
            status = fraction_add(*limit, sum, limit);
    }
    basis.days = days;
    if (status == STATUS_OK && threshold->trigger == CONTRACT_AT_FORECAST) {
        status = forecast_make(&basis, &forecast);
        *limit = status == STATUS_OK ? forecast.at_end : FRACTION_ZERO;
        status = status == STATUS_AGAIN ? STATUS_OK : status;
    }
    return status == STATUS_OK
               ? fraction_multiply(*limit, fraction_ratio(subject->share_permille, 1000), limit)
               : status;
}

static enum status look_at_days(const struct judge_view *view, const struct subject *subject,
                                const struct contract_threshold *threshold, struct arena *arena,
                                struct judge_sight *sight)
{
    const int64_t today = zone_day(view->zone, view->now_ms);
    const int64_t first = sight->period.clipped.first;
    const size_t count = today >= first ? (size_t)(today - first + 1) : 1;
    struct fraction *days = arena_take(arena, count * sizeof *days);

    if (days == NULL)
        return STATUS_MEMORY;
    const struct forecast_basis basis = {sight->period.clipped, days, count,
                                         minutes_of_today(view, today)};
    enum status status = fill_days(view, subject, first, days, count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = fraction_add(sight->value, days[i], &sight->value);
    if (status == STATUS_OK && subject->share_permille > 0)
        status = limit_by_share(view, subject, threshold, &basis, arena, &sight->limit);
    if (status == STATUS_OK)
        status = look_ahead(&basis, sight);
    if (status != STATUS_OK)
        return status;
    if (threshold->trigger == CONTRACT_AT_RATE)
        return surge(view, subject, threshold, sight);
    if (subject->share_permille > 0 && fraction_sign(sight->limit) == 0)
        return STATUS_OK; /* nobody used anything yet */
    if (threshold->trigger != CONTRACT_AT_FORECAST)
        return compare(threshold, sight->value, false, sight);
    if (!sight->has_forecast || (subject->is_floor && count <= SURE_DAYS))
        return STATUS_OK;
    return compare(threshold, sight->forecast.at_end, subject->is_floor, sight);
}

static bool is_raised(const struct contract_threshold *threshold, const struct thresholds_row *row,
                      const struct judge_sight *sight)
{
    const struct fraction limit =
        threshold->trigger == CONTRACT_AT_AMOUNT ? threshold->at : sight->limit;

    /* a share's limit grows with all that is used */
    return row->has_fired_limit && !judge_wants_all(threshold) &&
           fraction_compare(limit, fraction_of_decimal(row->fired_limit)) > 0;
}

enum status judge_look(const struct judge_view *view, const struct contract_threshold *threshold,
                       const struct thresholds_row *row, struct arena *arena,
                       struct judge_sight *out)
{
    const struct subject subject = subject_of(threshold);
    const int64_t today = zone_day(view->zone, view->now_ms);
    struct judge_sight sight = {
        .value = FRACTION_ZERO,
        .limit = subject.limit,
        .has_limit = subject.has_limit,
        .unit = subject.quantity->source == CONTRACT_SPEND ? view->contract->currency : NULL,
        .runs_out = FORECAST_NEVER};
    enum status status = STATUS_OK;

    sight.period = judge_period(view->contract, threshold, today);
    sight.period_from_ms = zone_midnight(view->zone, sight.period.clipped.first);
    sight.period_to_ms = zone_midnight(view->zone, sight.period.clipped.end);
    sight.look.period_from_ms = sight.period_from_ms;
    if (threshold->commitment != NULL)
        sight.limit = floor_on(threshold->commitment, sight.period.clipped.first);
    if (judge_wants_devices(threshold)) {
        sight.value = devices_of(view, &subject);
        status = compare(threshold, sight.value, false, &sight);
    } else if (subject.quantity->source >= CONTRACT_CONCURRENCY) {
        sight.value = level_of(view, &subject);
        status = compare(threshold, sight.value, false, &sight);
    } else {
        status = look_at_days(view, &subject, threshold, arena, &sight);
    }
    sight.look.raised = is_raised(threshold, row, &sight);
    if (status == STATUS_OK)
        *out = sight;
    return status;
}

enum status judge_pool(const struct thresholds_pool *pool,
                       const struct contract_threshold *threshold, const struct thresholds_row *row,
                       struct judge_sight *out)
{
    struct judge_sight sight = {.look.period_from_ms = pool->from_ms,
                                .period_from_ms = pool->from_ms,
                                .period_to_ms = pool->to_ms,
                                .value = fraction_of_decimal(pool->spent),
                                .has_limit = true,
                                .limit = fraction_of_decimal(pool->limit),
                                .unit = pool->unit,
                                .runs_out = FORECAST_NEVER};
    enum status status = compare(threshold, sight.value, false, &sight);

    sight.look.raised = is_raised(threshold, row, &sight);
    if (status == STATUS_OK)
        *out = sight;
    return status;
}

#include "server/jobs/judge.h"

#include <string.h>

#define SURE_DAYS 3

struct period judge_period(const struct contract *contract,
                           const struct contract_threshold *threshold, int64_t today)
{
    return course_period(contract, course_of_threshold(threshold).rule, today);
}

bool judge_wants_hour(const struct contract_threshold *threshold)
{
    return threshold->trigger == CONTRACT_AT_RATE;
}

bool judge_wants_minute(const struct contract_threshold *threshold)
{
    return course_of_threshold(threshold).quantity->source >= CONTRACT_CONCURRENCY;
}

bool judge_wants_devices(const struct contract_threshold *threshold)
{
    return course_of_threshold(threshold).quantity->source == CONTRACT_ACTIVE_DEVICES;
}

bool judge_wants_all(const struct contract_threshold *threshold)
{
    return threshold->commitment != NULL && threshold->commitment->share_permille > 0;
}

static struct course course_of(const struct judge_view *view)
{
    return (struct course){.contract = view->contract,
                           .third_party = view->third_party,
                           .usage = view->days,
                           .count = view->day_count};
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

static enum status surge(const struct judge_view *view, const struct course_subject *subject,
                         const struct contract_threshold *threshold, struct judge_sight *sight)
{
    const int64_t hours = (view->now_ms - sight->period_from_ms) / 3600000;
    const struct course course = course_of(view);
    struct fraction hour = FRACTION_ZERO;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < view->hour_count; i++)
        status = fraction_add(hour, course_amount(&course, subject, &view->hour[i]), &hour);
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

static enum status look_at_days(const struct judge_view *view, const struct course_subject *subject,
                                const struct contract_threshold *threshold, struct arena *arena,
                                struct judge_sight *sight)
{
    const int64_t today = zone_day(view->zone, view->now_ms);
    const int64_t first = sight->period.clipped.first;
    const size_t count = today >= first ? (size_t)(today - first + 1) : 1;
    struct fraction *days = arena_take(arena, count * sizeof *days);

    if (days == NULL)
        return STATUS_MEMORY;
    const struct course course = course_of(view);
    const struct forecast_basis basis = {sight->period.clipped, days, count,
                                         course_minutes(view->zone, view->now_ms)};
    enum status status = course_days(&course, subject, first, days, count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = fraction_add(sight->value, days[i], &sight->value);
    if (status == STATUS_OK && subject->share_permille > 0)
        status =
            course_share_limit(subject, view->all, view->all_days, &basis,
                               threshold->trigger == CONTRACT_AT_FORECAST, arena, &sight->limit);
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
    const struct course_subject subject = course_of_threshold(threshold);
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
        sight.limit = course_floor(threshold->commitment, sight.period.clipped.first);
    if (judge_wants_devices(threshold)) {
        sight.value = course_devices(view->devices, view->device_days, subject.measured);
        status = compare(threshold, sight.value, false, &sight);
    } else if (subject.quantity->source >= CONTRACT_CONCURRENCY) {
        sight.value = course_level(&subject, view->minute, view->minute_count);
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

#include "server/money/burndown.h"

#include <stdlib.h>

#include "server/money/fees.h"

#define NEAR_PERCENT 80

const char *burndown_kind_name(enum burndown_kind kind)
{
    static const char *const names[] = {"cap", "commitment", "threshold", "spend"};

    return names[kind];
}

const char *burndown_state_name(enum burndown_state state)
{
    static const char *const names[] = {"over",  "short",     "runs_out", "near",
                                        "below", "on_course", "met"};

    return names[state];
}

const char *burndown_formula_name(enum burndown_formula formula)
{
    static const char *const names[] = {"mean_of_days", "part_of_first_day", "saturation",
                                        "trend_of_peaks", "level_stays"};

    return names[formula];
}

const char *burndown_told_name(enum burndown_told told)
{
    static const char *const names[] = {"days", "devices", "minute", "bill"};

    return names[told];
}

/* ---- what they come to ---- */

static int64_t last_day(const struct burndown_line *line, int64_t today)
{
    return today < line->period.end ? today : line->period.end - 1;
}

/* Where the days that are shown begin: no need to begin in 1970. */
static int64_t first_day_of(const struct burndown_facts *facts, const struct burndown_line *line,
                            int64_t today)
{
    if (line->told == BURNDOWN_BY_MINUTE)
        return facts->sample_count > 0 ? facts->samples[0].day : last_day(line, today);
    if (facts->course.contract->term_first != CONTRACT_NO_DAY || !line->endless)
        return line->period.first;
    if (line->told == BURNDOWN_BY_DEVICES)
        return facts->device_days > 0 ? facts->devices[0].day : today;
    return facts->course.count > 0 ? facts->course.usage[0].day : today;
}

static size_t days_of(const struct burndown_line *line, int64_t today)
{
    const int64_t last = last_day(line, today);

    return last >= line->first_day ? (size_t)(last - line->first_day + 1) : 1;
}

static struct period_range first_days(const struct burndown_line *line)
{
    return (struct period_range){line->first_day, line->first_day + (int64_t)line->day_count};
}

/* The rows of days in a range; they are in order. */
static const struct course_usage *rows_in(const struct course_usage *rows, size_t count,
                                          struct period_range range, size_t *found)
{
    size_t from = 0;

    while (from < count && rows[from].day < range.first)
        from++;
    *found = 0;
    while (from + *found < count && rows[from + *found].day < range.end)
        ++*found;
    return rows + from;
}

bool burndown_by_saturation(const struct burndown_line *line)
{
    return line->told == BURNDOWN_BY_DEVICES &&
           (line->subject.measured == CONTRACT_EVER || line->subject.measured == CONTRACT_PEAK);
}

/* So many of what the line counts, as robots seen are going to be so many: in whole ones. */
static enum status as_robots(const struct burndown_line *line, const struct saturation *seen,
                             struct fraction robots, struct fraction *out)
{
    struct decimal whole;
    enum status status = fraction_multiply(robots, line->so_far, out);

    if (status == STATUS_OK)
        status = fraction_divide(*out, fraction_of(seen->seen), out);
    if (status == STATUS_OK)
        status = fraction_round(*out, 0, &whole);
    if (status == STATUS_OK)
        *out = fraction_of_decimal(whole);
    return status;
}

/* Day by day to the period's end; what reaches the limit on the way does so on that day. */
static enum status foresee(struct burndown_line *line, const struct saturation *seen, int64_t today)
{
    struct saturation_course course = saturation_begin(seen);
    struct fraction now = line->so_far;
    enum status status = STATUS_OK;

    if (line->has_limit && fraction_compare(now, line->limit) >= 0)
        line->runs_out = today;
    for (int64_t day = today + 1; day < line->period.end && status == STATUS_OK; day++) {
        status = saturation_step(seen, &course);
        if (status == STATUS_OK)
            status = as_robots(line, seen, course.robots, &now);
        if (line->has_limit && line->runs_out == FORECAST_NEVER &&
            fraction_compare(now, line->limit) >= 0)
            line->runs_out = day;
    }
    line->forecast.at_end = now;
    return status;
}

/* What a forecast is made of: the days so far. */
static struct forecast_basis basis_of(const struct burndown_facts *facts,
                                      const struct burndown_line *line)
{
    return (struct forecast_basis){
        .period = {line->first_day, line->period.end},
        .days = line->days,
        .day_count = line->day_count,
        .today_minutes = course_minutes(facts->zone, facts->now_ms),
    };
}

static void tell_mean(struct burndown_line *line)
{
    const size_t whole = line->day_count - 1;

    line->formula = whole > 0 ? BURNDOWN_MEAN_OF_DAYS : BURNDOWN_PART_OF_FIRST_DAY;
    line->trend_days = whole < FORECAST_DAYS ? whole : (size_t)FORECAST_DAYS;
}

static enum status share_out(int64_t days, struct forecast *forecast)
{
    const struct fraction part = fraction_ratio(1, days);
    enum status status = fraction_multiply(forecast->at_end, part, &forecast->at_end);

    if (status == STATUS_OK)
        status = fraction_multiply(forecast->low, part, &forecast->low);
    return status == STATUS_OK ? fraction_multiply(forecast->high, part, &forecast->high) : status;
}

static enum status look_at_arrivals(const struct burndown_facts *facts, struct burndown_line *line)
{
    struct saturation seen = facts->arrivals;
    const int64_t today = line->first_day + (int64_t)line->day_count - 1;
    struct forecast *forecast = &line->forecast;

    seen.days = (int64_t)line->day_count;
    seen.newcomer_days =
        seen.days - 1 < SATURATION_RECENT ? seen.days - 1 : (int64_t)SATURATION_RECENT;
    enum status status = saturation_open(&seen);
    if (status != STATUS_OK)
        return status == STATUS_AGAIN ? STATUS_OK : status;
    status = foresee(line, &seen, today);
    forecast->so_far = forecast->low = line->so_far;
    forecast->per_day = fraction_ratio(seen.newcomers, seen.newcomer_days);
    if (status == STATUS_OK)
        status = saturation_most(&seen, line->period.end - 1 - today, &forecast->high);
    if (status == STATUS_OK)
        status = as_robots(line, &seen, forecast->high, &forecast->high);
    if (status == STATUS_OK && fraction_compare(forecast->high, forecast->at_end) < 0)
        forecast->high = forecast->at_end;
    line->has_forecast = status == STATUS_OK;
    line->formula = BURNDOWN_SATURATION;
    line->trend_days = line->day_count;
    return status;
}

/* A period's average is of all its days: what they add up to goes on as a sum does. */
static enum status look_at_devices(const struct burndown_facts *facts, struct burndown_line *line)
{
    const struct forecast_basis basis = basis_of(facts, line);
    struct forecast *forecast = &line->forecast;
    const bool is_last = line->subject.measured == CONTRACT_LAST;
    enum status status =
        is_last ? sampled_stays(line->days, line->day_count, forecast, &line->trend_days)
                : forecast_make(&basis, forecast);

    if (status == STATUS_AGAIN)
        return STATUS_OK;
    if (status == STATUS_OK && line->subject.measured == CONTRACT_AVERAGE)
        status = share_out(line->period.end - line->period.first, forecast);
    if (status == STATUS_OK && line->subject.measured == CONTRACT_SUM && line->has_limit)
        status = forecast_runs_out(&basis, forecast, line->limit, &line->runs_out);
    line->has_forecast = status == STATUS_OK;
    if (!is_last)
        tell_mean(line);
    else
        line->formula = BURNDOWN_LEVEL_STAYS;
    return status;
}

static enum status fill_devices(const struct burndown_facts *facts, struct burndown_line *line)
{
    size_t count;
    const struct course_usage *rows =
        rows_in(facts->devices, facts->device_days, first_days(line), &count);

    for (size_t i = 0; i < line->day_count; i++)
        line->days[i] = FRACTION_ZERO;
    for (size_t i = 0; i < count; i++)
        line->days[rows[i].day - line->first_day] = fraction_of(rows[i].quantities[0]);
    line->so_far = line->subject.measured == CONTRACT_EVER
                       ? facts->billed
                       : course_devices(rows, count, line->subject.measured);
    if (line->endless)
        return STATUS_OK;
    return burndown_by_saturation(line) ? look_at_arrivals(facts, line)
                                        : look_at_devices(facts, line);
}

static enum status add_up(const struct fraction *days, size_t count, struct fraction *sum)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = fraction_add(*sum, days[i], sum);
    return status;
}

static enum status add_earlier_days(const struct burndown_facts *facts, struct arena *arena,
                                    struct burndown_line *line)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < line->earlier_count && status == STATUS_OK; i++) {
        const struct period_range period = line->earlier_periods[i];
        const size_t count = (size_t)(period.end - period.first);
        struct fraction *days = arena_take(arena, count * sizeof *days);

        if (days == NULL)
            return STATUS_MEMORY;
        status = course_days(&facts->course, &line->subject, period.first, days, count);
        line->earlier[i].amount = FRACTION_ZERO;
        if (status == STATUS_OK)
            status = add_up(days, count, &line->earlier[i].amount);
    }
    return status;
}

static bool has_fees_ahead(const struct burndown_line *line)
{
    return line->hard && line->subject.quantity->source == CONTRACT_SPEND &&
           line->subject.filter->model_count == 0;
}

/* Fees of the whole period stand at its beginning: the days lose their parts of them. */
static enum status put_fees_ahead(const struct contract *contract, struct burndown_line *line)
{
    enum status status = fees_over(contract, line->period, &line->base);

    for (size_t i = 0; i < line->day_count && status == STATUS_OK; i++) {
        const int64_t day = line->first_day + (int64_t)i;
        struct fraction fees;

        status = fees_over(contract, (struct period_range){day, day + 1}, &fees);
        if (status == STATUS_OK)
            status = fraction_subtract(line->days[i], fees, &line->days[i]);
    }
    return status;
}

static enum status raise(struct fraction by, struct fraction *amount)
{
    return fraction_add(*amount, by, amount);
}

static enum status look_ahead(const struct forecast_basis *basis, struct burndown_line *line)
{
    struct forecast *forecast = &line->forecast;
    struct fraction room = FRACTION_ZERO;
    enum status status = forecast_make(basis, forecast);

    if (status == STATUS_AGAIN)
        return STATUS_OK;
    if (status == STATUS_OK && line->has_limit)
        status = fraction_subtract(line->limit, line->base, &room);
    if (status == STATUS_OK && line->has_limit)
        status = forecast_runs_out(basis, forecast, room, &line->runs_out);
    if (status == STATUS_OK)
        status = raise(line->base, &forecast->at_end);
    if (status == STATUS_OK)
        status = raise(line->base, &forecast->low);
    if (status == STATUS_OK)
        status = raise(line->base, &forecast->high);
    line->has_forecast = status == STATUS_OK;
    tell_mean(line);
    return status;
}

static enum status fill_days(const struct burndown_facts *facts, struct arena *arena,
                             struct burndown_line *line)
{
    const struct forecast_basis basis = basis_of(facts, line);
    enum status status =
        course_days(&facts->course, &line->subject, line->first_day, line->days, line->day_count);

    if (status == STATUS_OK && has_fees_ahead(line))
        status = put_fees_ahead(facts->course.contract, line);
    line->so_far = line->base;
    if (status == STATUS_OK)
        status = add_up(line->days, line->day_count, &line->so_far);
    if (status == STATUS_OK && line->subject.share_permille > 0)
        status = course_share_limit(&line->subject, facts->all, facts->all_count, &basis, true,
                                    arena, &line->limit);
    if (status == STATUS_OK && !line->endless)
        status = look_ahead(&basis, line);
    return status;
}

/* ---- what is looked at from time to time ---- */

/* Each day's amount, the last one as it is now. */
static enum status fill_samples(const struct burndown_facts *facts, enum sampled_kind kind,
                                struct fraction now, struct arena *arena,
                                struct burndown_line *line)
{
    const int64_t last = line->first_day + (int64_t)line->day_count - 1;
    struct sampled_day *days = arena_take(arena, (facts->sample_count + 1) * sizeof *days);
    size_t count = 0;

    if (days == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < facts->sample_count; i++)
        if (facts->samples[i].day >= line->first_day && facts->samples[i].day < last)
            days[count++] = facts->samples[i];
    days[count++] = (struct sampled_day){.day = last, .amount = now};
    return sampled_fill(kind, days, count, line->first_day, line->days, line->day_count,
                        &line->is_whole);
}

static enum status fill_minute(const struct burndown_facts *facts, struct arena *arena,
                               struct burndown_line *line)
{
    const int64_t last = line->first_day + (int64_t)line->day_count - 1;
    int64_t days = FORECAST_NEVER;

    line->busiest = line->so_far = course_level(&line->subject, facts->minute, facts->minute_count);
    for (size_t i = 0; i < facts->sample_count; i++)
        if (facts->samples[i].day == last &&
            fraction_compare(facts->samples[i].amount, line->busiest) > 0)
            line->busiest = facts->samples[i].amount;
    enum status status = fill_samples(facts, SAMPLED_LEVEL, line->busiest, arena, line);
    if (status == STATUS_OK)
        status = sampled_trend(line->days, line->day_count, line->period.end - 1 - last,
                               line->has_limit ? &line->limit : NULL, &line->forecast,
                               &line->trend_days, &days);
    if (status != STATUS_OK)
        return status == STATUS_AGAIN ? STATUS_OK : status;
    line->has_forecast = true;
    line->formula = BURNDOWN_TREND_OF_PEAKS;
    line->runs_out = days == FORECAST_NEVER ? FORECAST_NEVER : last + days;
    return STATUS_OK;
}

/* Fees of the charges that a commitment of money names pass by days, as for all of spend. */
static enum status add_own_fees(const struct burndown_facts *facts,
                                const struct burndown_line *line, struct period_range days,
                                struct fraction *amount)
{
    const struct contract_commitment *promise = line->commitment;
    struct fraction fees;

    if (promise == NULL || line->subject.quantity->source != CONTRACT_SPEND)
        return STATUS_OK;
    enum status status =
        fees_of(facts->course.contract, promise->charges, promise->charge_count, days, &fees);
    return status == STATUS_OK ? fraction_add(*amount, fees, amount) : status;
}

/* Sums as they grew from day to day. */
static enum status differ(const struct burndown_facts *facts, struct burndown_line *line)
{
    struct fraction before = FRACTION_ZERO;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < line->day_count && status == STATUS_OK; i++) {
        const int64_t day = line->first_day + (int64_t)i;
        const struct fraction reached = line->days[i];

        status = fraction_subtract(reached, before, &line->days[i]);
        before = reached;
        if (status == STATUS_OK)
            status = add_own_fees(facts, line, (struct period_range){day, day + 1}, &line->days[i]);
    }
    return status;
}

static enum status fill_billed(const struct burndown_facts *facts, struct arena *arena,
                               struct burndown_line *line)
{
    const bool adds_up = burndown_adds_up(line);
    const struct forecast_basis basis = basis_of(facts, line);
    enum status status =
        fill_samples(facts, adds_up ? SAMPLED_SUM : SAMPLED_LEVEL, facts->billed, arena, line);

    line->so_far = adds_up ? FRACTION_ZERO : facts->billed;
    if (status == STATUS_OK && adds_up)
        status = differ(facts, line);
    if (status == STATUS_OK && adds_up)
        status = add_up(line->days, line->day_count, &line->so_far);
    if (status != STATUS_OK || line->endless)
        return status;
    if (adds_up)
        return look_ahead(&basis, line);
    status = sampled_stays(line->days, line->day_count, &line->forecast, &line->trend_days);
    line->has_forecast = status == STATUS_OK;
    line->formula = BURNDOWN_LEVEL_STAYS;
    return status;
}

/* ---- how they stand ---- */

/* What a level is judged by is today's busiest minute. */
static struct fraction standing_of(const struct burndown_line *line)
{
    return line->told == BURNDOWN_BY_MINUTE ? line->busiest : line->so_far;
}

static bool is_reached(const struct burndown_line *line, struct fraction percent)
{
    struct fraction point;

    return fraction_multiply(line->limit, percent, &point) == STATUS_OK &&
           fraction_compare(standing_of(line), point) >= 0;
}

static bool is_near(const struct burndown_line *line)
{
    for (size_t i = 0; i < line->mark_count; i++) {
        const struct contract_threshold *mark = line->marks[i];

        if (mark->trigger == CONTRACT_AT_AMOUNT &&
            fraction_compare(standing_of(line), mark->at) >= 0)
            return true;
        if (line->has_limit && mark->trigger == CONTRACT_AT_SHARE && is_reached(line, mark->at))
            return true;
    }
    return line->has_limit && is_reached(line, fraction_ratio(NEAR_PERCENT, 100));
}

static enum burndown_state state_of_ceiling(const struct burndown_line *line)
{
    if (line->has_limit && fraction_compare(standing_of(line), line->limit) >= 0)
        return BURNDOWN_OVER;
    if (line->has_forecast && line->runs_out != FORECAST_NEVER)
        return BURNDOWN_RUNS_OUT;
    return is_near(line) ? BURNDOWN_NEAR : BURNDOWN_ON_COURSE;
}

/* What missing units cost when the terms tell it by them alone. */
static enum status price_missing(struct burndown_line *line)
{
    const struct contract_commitment *promise = line->commitment;

    line->has_cost = true;
    line->cost = promise->fee;
    switch (promise->shortfall) {
    case CONTRACT_FEE_PER_UNIT:
        return fraction_multiply(promise->fee, line->missing, &line->cost);
    case CONTRACT_PENALTY:
        return STATUS_OK;
    case CONTRACT_TRUE_UP:
        line->has_cost = line->subject.quantity->source == CONTRACT_SPEND;
        line->cost = line->missing;
        return STATUS_OK;
    default:
        line->has_cost = false;
        return STATUS_OK;
    }
}

/* An average, and what is as the last day was, is met when the period is over. */
static bool may_fall(const struct burndown_line *line)
{
    return line->has_forecast &&
           (line->subject.measured == CONTRACT_AVERAGE || line->subject.measured == CONTRACT_LAST);
}

static enum status judge_floor(struct burndown_line *line)
{
    const bool is_sure = line->has_forecast && line->day_count > BURNDOWN_SURE;
    const struct fraction going = line->has_forecast ? line->forecast.at_end : line->so_far;
    enum status status = STATUS_OK;

    if (line->subject.share_permille == 0 && !may_fall(line) &&
        fraction_compare(line->so_far, line->limit) >= 0) {
        line->state = BURNDOWN_MET;
        return STATUS_OK;
    }
    if (fraction_compare(going, line->limit) >= 0) {
        line->state = line->has_forecast ? BURNDOWN_ON_COURSE : BURNDOWN_BELOW;
        return STATUS_OK;
    }
    line->state = is_sure ? BURNDOWN_SHORT : BURNDOWN_BELOW;
    line->has_missing = true;
    status = fraction_subtract(line->limit, going, &line->missing);
    return status == STATUS_OK ? price_missing(line) : status;
}

/* What must be reached by the end of the period that begins then: of one cut short by the term its
 * share by days. */
static enum status floor_of(const struct burndown_facts *facts, const struct burndown_line *line,
                            int64_t first, struct fraction *out)
{
    const struct period period = course_period(facts->course.contract, line->subject.rule, first);
    int64_t days, of;

    *out = course_floor(line->commitment, period.clipped.first);
    period_share(&period, &days, &of);
    return fraction_multiply(*out, fraction_ratio(days, of), out);
}

/* What earlier periods had too much, or what was paid for, counts for this one. */
static enum status carry(const struct burndown_facts *facts, struct burndown_line *line)
{
    enum status status = STATUS_OK;

    for (size_t i = line->earlier_count; i-- > 0 && status == STATUS_OK;) {
        struct fraction promised;

        status = floor_of(facts, line, line->earlier[i].period.first, &promised);
        if (status == STATUS_OK)
            status = raise(line->earlier[i].amount, &line->carried);
        if (status == STATUS_OK)
            status = fraction_subtract(line->carried, promised, &line->carried);
        if (fraction_sign(line->carried) < 0)
            line->carried = FRACTION_ZERO;
    }
    if (status == STATUS_OK && fraction_compare(line->carried, line->limit) > 0)
        line->carried = line->limit;
    return status == STATUS_OK ? fraction_subtract(line->limit, line->carried, &line->limit)
                               : status;
}

static enum status fill_earlier(const struct burndown_facts *facts, struct arena *arena,
                                struct burndown_line *line)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < line->earlier_count && status == STATUS_OK; i++) {
        struct burndown_earlier *earlier = &line->earlier[i];
        size_t count;

        earlier->period = line->earlier_periods[i];
        if (line->told == BURNDOWN_BY_BILL) {
            earlier->amount = facts->billed_earlier[i];
            status = add_own_fees(facts, line, earlier->period, &earlier->amount);
        } else if (line->told == BURNDOWN_BY_DEVICES) {
            const struct course_usage *rows =
                rows_in(facts->devices, facts->device_days, earlier->period, &count);

            earlier->amount = course_devices(rows, count, line->subject.measured);
        }
    }
    if (line->told == BURNDOWN_BY_DAYS)
        status = add_earlier_days(facts, arena, line);
    return status == STATUS_OK && burndown_is_cumulative(line) && line->subject.share_permille == 0
               ? carry(facts, line)
               : status;
}

static enum status fill_by_kind(const struct burndown_facts *facts, struct arena *arena,
                                struct burndown_line *line)
{
    switch (line->told) {
    case BURNDOWN_BY_DAYS:
        return fill_days(facts, arena, line);
    case BURNDOWN_BY_DEVICES:
        return fill_devices(facts, line);
    case BURNDOWN_BY_MINUTE:
        return fill_minute(facts, arena, line);
    case BURNDOWN_BY_BILL:
        return fill_billed(facts, arena, line);
    }
    return STATUS_INVALID;
}

enum status burndown_fill(const struct burndown_facts *facts, struct arena *arena,
                          struct burndown_line *line)
{
    const int64_t today = zone_day(facts->zone, facts->now_ms);
    enum status status = STATUS_OK;

    line->base = line->so_far = line->carried = line->busiest = FRACTION_ZERO;
    line->runs_out = FORECAST_NEVER;
    line->has_forecast = line->has_missing = line->has_cost = false;
    line->has_limit = line->subject.has_limit;
    line->limit = line->subject.limit;
    if (line->commitment != NULL && !line->endless)
        status = floor_of(facts, line, line->period.first, &line->limit);
    if (status != STATUS_OK)
        return status;
    line->first_day = first_day_of(facts, line, today);
    line->day_count = days_of(line, today);
    line->days = arena_take(arena, line->day_count * sizeof *line->days);
    line->earlier = arena_take(arena, (line->earlier_count + 1) * sizeof *line->earlier);
    if (line->days == NULL || line->earlier == NULL)
        return STATUS_MEMORY;
    status = fill_earlier(facts, arena, line);
    if (status == STATUS_OK)
        status = fill_by_kind(facts, arena, line);
    if (status != STATUS_OK)
        return status;
    if (line->commitment != NULL)
        return judge_floor(line);
    line->state = state_of_ceiling(line);
    return STATUS_OK;
}

static int compare_lines(const void *a, const void *b)
{
    const struct burndown_line *left = a, *right = b;

    if (left->state != right->state)
        return left->state < right->state ? -1 : 1;
    return (left->counter > right->counter) - (left->counter < right->counter);
}

void burndown_sort(struct burndown_line *lines, size_t count)
{
    qsort(lines, count, sizeof *lines, compare_lines);
}

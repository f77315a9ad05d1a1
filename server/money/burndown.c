#include "server/money/burndown.h"

#include <stdlib.h>
#include <string.h>

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
    static const char *const names[] = {"mean_of_days", "part_of_first_day", "saturation"};

    return names[formula];
}

const char *burndown_told_name(enum burndown_told told)
{
    static const char *const names[] = {"days", "devices", "minute", "bill"};

    return names[told];
}

/* ---- which lines there are ---- */

static bool is_by_days(const struct course_subject *subject)
{
    return subject->quantity->source == CONTRACT_RECORDED ||
           subject->quantity->source == CONTRACT_SPEND;
}

static bool is_narrow(const struct contract_filter *filter)
{
    return filter->service_tier_count > 0 || filter->has_hours || filter->has_input;
}

static enum burndown_told told_by(const struct course_subject *subject,
                                  const struct contract_commitment *commitment)
{
    if (subject->quantity->source >= CONTRACT_CONCURRENCY)
        return BURNDOWN_BY_MINUTE;
    if (commitment != NULL &&
        (commitment->cumulative ||
         (commitment->charge_count > 0 && subject->quantity->source == CONTRACT_SPEND)))
        return BURNDOWN_BY_BILL;
    if (subject->quantity->source == CONTRACT_ACTIVE_DEVICES)
        return BURNDOWN_BY_DEVICES;
    return is_by_days(subject) && !is_narrow(subject->filter) ? BURNDOWN_BY_DAYS : BURNDOWN_BY_BILL;
}

static size_t most_earlier(enum period_per per)
{
    return per == PERIOD_DAY ? BURNDOWN_EARLIER : BURNDOWN_PERIODS;
}

static enum status find_earlier(const struct contract *contract, struct burndown_line *line,
                                struct arena *arena)
{
    const size_t most = most_earlier(line->subject.rule->per);
    int64_t first = line->period.first;

    if (line->told == BURNDOWN_BY_MINUTE || line->told == BURNDOWN_BY_BILL)
        return STATUS_OK;
    line->earlier_periods = arena_take(arena, most * sizeof *line->earlier_periods);
    if (line->earlier_periods == NULL)
        return STATUS_MEMORY;
    while (line->earlier_count < most) {
        const struct period before = course_period(contract, line->subject.rule, first - 1);

        if (before.clipped.first >= first)
            break; /* the term's first */
        line->earlier_periods[line->earlier_count++] = before.clipped;
        first = before.clipped.first;
    }
    return STATUS_OK;
}

static bool is_mark_of(const struct contract_threshold *threshold, const struct burndown_line *line,
                       const struct contract_cap *cap)
{
    if (line->kind == BURNDOWN_CAP)
        return threshold->cap == cap;
    if (line->kind == BURNDOWN_COMMITMENT)
        return threshold->commitment == line->commitment;
    return threshold->cap == NULL && threshold->commitment == NULL &&
           strcmp(threshold->of, line->name) == 0 &&
           threshold->rule.per == line->subject.rule->per &&
           threshold->has_limit == line->subject.has_limit &&
           (!threshold->has_limit || fraction_compare(threshold->limit, line->subject.limit) == 0);
}

static enum status add_line(const struct contract *contract, const struct contract_terms *terms,
                            const struct burndown_line *line, const struct contract_cap *cap,
                            int64_t today, struct arena *arena, struct burndown_line *out)
{
    *out = *line;
    out->told = told_by(&line->subject, line->commitment);
    out->period = course_period(contract, line->subject.rule, today).clipped;
    out->endless =
        contract->term_end == CONTRACT_NO_DAY &&
        (line->subject.rule->per == PERIOD_TERM || line->subject.rule->per == PERIOD_ONCE);
    out->marks = arena_take(arena, (terms->threshold_count + 1) * sizeof *out->marks);
    if (out->marks == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < terms->threshold_count; i++)
        if (is_mark_of(&terms->thresholds[i], line, cap))
            out->marks[out->mark_count++] = &terms->thresholds[i];
    return find_earlier(contract, out, arena);
}

/* A limit that several thresholds name is one line. */
static bool is_told_before(const struct contract_terms *terms, size_t place)
{
    const struct contract_threshold *threshold = &terms->thresholds[place];
    const struct burndown_line line = {.kind = BURNDOWN_THRESHOLD,
                                       .name = threshold->of,
                                       .subject = course_of_threshold(threshold)};

    for (size_t i = 0; i < place; i++)
        if (is_mark_of(&terms->thresholds[i], &line, NULL))
            return true;
    return false;
}

static const struct contract_quantity spend = {.text = "spend", .source = CONTRACT_SPEND};
static const struct contract_filter everything;
static const struct period_rule by_term = {.per = PERIOD_TERM};
static const struct period_rule by_month = {.per = PERIOD_MONTH};

static struct burndown_line spend_line(const struct contract *contract)
{
    const bool has_term =
        contract->term_first != CONTRACT_NO_DAY && contract->term_end != CONTRACT_NO_DAY;

    return (struct burndown_line){.kind = BURNDOWN_SPEND,
                                  .name = "spend",
                                  .counter = BURNDOWN_NO_TALLY,
                                  .subject = {.quantity = &spend,
                                              .filter = &everything,
                                              .rule = has_term ? &by_term : &by_month}};
}

enum status burndown_lines(const struct contract *contract, const struct contract_terms *terms,
                           int64_t today, struct arena *arena, struct burndown_line **lines,
                           size_t *count)
{
    const size_t most = terms->cap_count + terms->commitment_count + terms->threshold_count + 1;
    struct burndown_line *found = arena_take(arena, most * sizeof *found);
    enum status status = found != NULL ? STATUS_OK : STATUS_MEMORY;
    bool is_money_told = false;
    size_t made = 0;

    for (size_t i = 0; status == STATUS_OK && i < terms->commitment_count; i++) {
        const struct contract_commitment *promise = &terms->commitments[i];
        const struct burndown_line line = {.kind = BURNDOWN_COMMITMENT,
                                           .name = promise->name,
                                           .subject = course_of_commitment(promise),
                                           .commitment = promise,
                                           .counter = terms->charge_count + i};

        status = add_line(contract, terms, &line, NULL, today, arena, &found[made++]);
    }
    for (size_t i = 0; status == STATUS_OK && i < terms->cap_count; i++) {
        const struct contract_cap *cap = &terms->caps[i];
        const struct burndown_line line = {.kind = BURNDOWN_CAP,
                                           .name = cap->name,
                                           .subject = course_of_cap(cap),
                                           .hard = cap->hard,
                                           .counter =
                                               terms->charge_count + terms->commitment_count + i};

        status = add_line(contract, terms, &line, cap, today, arena, &found[made++]);
    }
    for (size_t i = 0; status == STATUS_OK && i < terms->threshold_count; i++) {
        const struct contract_threshold *threshold = &terms->thresholds[i];
        const struct burndown_line line = {.kind = BURNDOWN_THRESHOLD,
                                           .name = threshold->of,
                                           .subject = course_of_threshold(threshold),
                                           .counter = BURNDOWN_NO_TALLY};

        if (threshold->cap == NULL && threshold->commitment == NULL && !is_told_before(terms, i))
            status = add_line(contract, terms, &line, NULL, today, arena, &found[made++]);
    }
    for (size_t i = 0; i < made; i++)
        is_money_told |= found[i].subject.quantity->source == CONTRACT_SPEND;
    if (status == STATUS_OK && !is_money_told) {
        const struct burndown_line line = spend_line(contract);

        status = add_line(contract, terms, &line, NULL, today, arena, &found[made++]);
    }
    if (status == STATUS_OK) {
        *lines = found;
        *count = made;
    }
    return status;
}

int64_t burndown_first_day(const struct burndown_line *line)
{
    return line->earlier_count > 0 ? line->earlier_periods[line->earlier_count - 1].first
                                   : line->period.first;
}

/* ---- what they come to ---- */

/* Where the days that are shown begin: no need to begin in 1970. */
static int64_t first_day_of(const struct burndown_facts *facts, const struct burndown_line *line,
                            int64_t today)
{
    if (facts->course.contract->term_first != CONTRACT_NO_DAY || !line->endless)
        return line->period.first;
    if (line->told == BURNDOWN_BY_DEVICES)
        return facts->device_days > 0 ? facts->devices[0].day : today;
    return facts->course.count > 0 ? facts->course.usage[0].day : today;
}

static size_t days_of(const struct burndown_line *line, int64_t today)
{
    const int64_t last = today < line->period.end ? today : line->period.end - 1;

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
    for (size_t i = 0; i < line->earlier_count; i++) {
        rows = rows_in(facts->devices, facts->device_days, line->earlier_periods[i], &count);
        line->earlier[i].amount = course_devices(rows, count, line->subject.measured);
    }
    return burndown_by_saturation(line) && !line->endless ? look_at_arrivals(facts, line)
                                                          : STATUS_OK;
}

static enum status add_up(const struct fraction *days, size_t count, struct fraction *sum)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = fraction_add(*sum, days[i], sum);
    return status;
}

static enum status fill_earlier(const struct burndown_facts *facts, struct arena *arena,
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
    line->formula = line->day_count > 1 ? BURNDOWN_MEAN_OF_DAYS : BURNDOWN_PART_OF_FIRST_DAY;
    line->trend_days =
        line->day_count - 1 < FORECAST_DAYS ? line->day_count - 1 : (size_t)FORECAST_DAYS;
    return status;
}

static enum status fill_days(const struct burndown_facts *facts, struct arena *arena,
                             struct burndown_line *line)
{
    const struct forecast_basis basis = {
        .period = {line->first_day, line->period.end},
        .days = line->days,
        .day_count = line->day_count,
        .today_minutes = course_minutes(facts->zone, facts->now_ms),
    };
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
    return status == STATUS_OK ? fill_earlier(facts, arena, line) : status;
}

/* ---- how they stand ---- */

static bool is_reached(const struct burndown_line *line, struct fraction percent)
{
    struct fraction point;

    return fraction_multiply(line->limit, percent, &point) == STATUS_OK &&
           fraction_compare(line->so_far, point) >= 0;
}

static bool is_near(const struct burndown_line *line)
{
    for (size_t i = 0; i < line->mark_count; i++) {
        const struct contract_threshold *mark = line->marks[i];

        if (mark->trigger == CONTRACT_AT_AMOUNT && fraction_compare(line->so_far, mark->at) >= 0)
            return true;
        if (line->has_limit && mark->trigger == CONTRACT_AT_SHARE && is_reached(line, mark->at))
            return true;
    }
    return line->has_limit && is_reached(line, fraction_ratio(NEAR_PERCENT, 100));
}

static enum burndown_state state_of_ceiling(const struct burndown_line *line)
{
    if (line->has_limit && fraction_compare(line->so_far, line->limit) >= 0)
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

static enum status judge_floor(struct burndown_line *line)
{
    const bool is_sure = line->has_forecast && line->day_count > BURNDOWN_SURE;
    const struct fraction going = line->has_forecast ? line->forecast.at_end : line->so_far;
    enum status status = STATUS_OK;

    if (line->subject.share_permille == 0 && fraction_compare(line->so_far, line->limit) >= 0) {
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

/* What must be reached by the period's end: of a period cut short by the term its share by days. */
static enum status floor_of(const struct burndown_facts *facts, struct burndown_line *line)
{
    const struct period period =
        course_period(facts->course.contract, line->subject.rule, line->period.first);
    int64_t days, of;

    line->limit = course_floor(line->commitment, period.clipped.first);
    period_share(&period, &days, &of);
    return fraction_multiply(line->limit, fraction_ratio(days, of), &line->limit);
}

enum status burndown_fill(const struct burndown_facts *facts, struct arena *arena,
                          struct burndown_line *line)
{
    const int64_t today = zone_day(facts->zone, facts->now_ms);
    enum status status = STATUS_OK;

    line->base = line->so_far = FRACTION_ZERO;
    line->runs_out = FORECAST_NEVER;
    line->has_forecast = line->has_missing = line->has_cost = false;
    line->has_limit = line->subject.has_limit;
    line->limit = line->subject.limit;
    if (line->commitment != NULL && !line->endless)
        status = floor_of(facts, line);
    if (status != STATUS_OK)
        return status;
    line->first_day = first_day_of(facts, line, today);
    line->day_count = days_of(line, today);
    line->days = arena_take(arena, line->day_count * sizeof *line->days);
    line->earlier = arena_take(arena, (line->earlier_count + 1) * sizeof *line->earlier);
    if (line->days == NULL || line->earlier == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < line->earlier_count; i++)
        line->earlier[i] = (struct burndown_earlier){.period = line->earlier_periods[i]};
    switch (line->told) {
    case BURNDOWN_BY_DAYS:
        status = fill_days(facts, arena, line);
        break;
    case BURNDOWN_BY_DEVICES:
        status = fill_devices(facts, line);
        break;
    case BURNDOWN_BY_MINUTE:
        line->day_count = 0;
        line->so_far = course_level(&line->subject, facts->minute, facts->minute_count);
        break;
    case BURNDOWN_BY_BILL:
        line->day_count = 0;
        line->so_far = facts->billed;
        break;
    }
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

/* Which lines a contract has. */
#include <string.h>

#include "server/money/burndown.h"

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
    if (commitment != NULL && commitment->charge_count > 0 &&
        subject->quantity->source == CONTRACT_SPEND)
        return BURNDOWN_BY_BILL;
    if (subject->quantity->source == CONTRACT_ACTIVE_DEVICES)
        return BURNDOWN_BY_DEVICES;
    return is_by_days(subject) && !is_narrow(subject->filter) ? BURNDOWN_BY_DAYS : BURNDOWN_BY_BILL;
}

bool burndown_is_cumulative(const struct burndown_line *line)
{
    return line->commitment != NULL && line->commitment->cumulative;
}

static size_t most_earlier(const struct burndown_line *line)
{
    if (burndown_is_cumulative(line))
        return BURNDOWN_CARRIED;
    return line->subject.rule->per == PERIOD_DAY ? BURNDOWN_EARLIER : BURNDOWN_PERIODS;
}

static enum status find_earlier(const struct contract *contract, struct burndown_line *line,
                                struct arena *arena)
{
    const size_t most = most_earlier(line);
    int64_t first = line->period.first;

    if (line->told == BURNDOWN_BY_MINUTE)
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

/* A level has no period: the days that are shown of it, within the term. */
static struct period_range days_around(const struct contract *contract, int64_t today)
{
    const struct period_rule whole = {.per = PERIOD_TERM};
    const struct period_range term = course_period(contract, &whole, today).clipped;
    const int64_t last = today < term.end ? today : term.end - 1;
    struct period_range days = {last - BURNDOWN_BEHIND + 1, last + BURNDOWN_AHEAD + 1};

    days.first = days.first < term.first ? term.first : days.first;
    days.end = days.end > term.end ? term.end : days.end;
    return days;
}

static enum status add_line(const struct contract *contract, const struct contract_terms *terms,
                            const struct burndown_line *line, const struct contract_cap *cap,
                            int64_t today, struct arena *arena, struct burndown_line *out)
{
    *out = *line;
    out->told = told_by(&line->subject, line->commitment);
    out->period = out->told == BURNDOWN_BY_MINUTE
                      ? days_around(contract, today)
                      : course_period(contract, line->subject.rule, today).clipped;
    out->endless =
        out->told != BURNDOWN_BY_MINUTE && contract->term_end == CONTRACT_NO_DAY &&
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

bool burndown_is_sampled(const struct burndown_line *line)
{
    return line->told == BURNDOWN_BY_MINUTE || line->told == BURNDOWN_BY_BILL;
}

bool burndown_adds_up(const struct burndown_line *line)
{
    return line->told == BURNDOWN_BY_DAYS ||
           (line->told == BURNDOWN_BY_BILL && line->subject.quantity->source != CONTRACT_GAUGE);
}

int64_t burndown_first_day(const struct burndown_line *line)
{
    return line->earlier_count > 0 ? line->earlier_periods[line->earlier_count - 1].first
                                   : line->period.first;
}

#include "server/money/statement.h"

#include <string.h>

#include "server/money/amount.h"

struct period_range statement_month(int64_t day)
{
    int year, month, day_of_month;

    zone_date_of(day, &year, &month, &day_of_month);
    return (struct period_range){
        .first = zone_day_of(year, month, 1),
        .end = month == 12 ? zone_day_of(year + 1, 1, 1) : zone_day_of(year, month + 1, 1),
    };
}

const char *statement_source(enum bill_source source)
{
    static const char *const names[] = {
        [BILL_CHARGE] = "charge",
        [BILL_COMMITMENT] = "commitment",
        [BILL_CARRIED] = "carried",
        [BILL_TERMINATION] = "termination",
        [BILL_PURCHASE] = "purchase",
        [BILL_DISCOUNT] = "discount",
        [BILL_SERVICE_LEVEL] = "service_level",
        [BILL_CREDIT] = "credit",
        [BILL_INTERIM] = "interim",
        [BILL_TAX] = "tax",
    };

    return names[source];
}

static bool is_paid_ahead(const struct bill_line *line)
{
    return line->source == BILL_PURCHASE || (line->source == BILL_CHARGE && *line->metric == '\0');
}

/* The day whose month a line belongs to. */
static int64_t day_of(const struct bill_line *line)
{
    return is_paid_ahead(line) ? line->period.clipped.first : line->period.clipped.end - 1;
}

static bool belongs(const struct bill_line *line, struct period_range month)
{
    const int64_t day = day_of(line);

    return day >= month.first && day < month.end;
}

int64_t statement_first_month(const struct bill *bill)
{
    int64_t first = INT64_MAX;

    for (size_t i = 0; i < bill->line_count; i++)
        if (bill->lines[i].amount.units != 0 && day_of(&bill->lines[i]) < first)
            first = day_of(&bill->lines[i]);
    return first == INT64_MAX ? first : statement_month(first).first;
}

int64_t statement_last_month(const struct bill *bill)
{
    int64_t last = INT64_MIN;

    for (size_t i = 0; i < bill->line_count; i++)
        if (bill->lines[i].amount.units != 0 && day_of(&bill->lines[i]) > last)
            last = day_of(&bill->lines[i]);
    return last == INT64_MIN ? last : statement_month(last).first;
}

static enum status line_of(const struct bill_line *line, int64_t month, struct arena *arena,
                           struct statement_line *out)
{
    char quantity[AMOUNT_SIZE];

    amount_decimal(line->quantity, quantity);
    *out = (struct statement_line){
        .month = month,
        .source = statement_source(line->source),
        .name = arena_text(arena, span_text(line->name)),
        .first = line->period.clipped.first,
        .end = line->period.clipped.end,
        .metric = arena_text(arena, span_text(line->metric)),
        .quantity = arena_text(arena, span_text(quantity)),
        .amount = line->amount,
        .steps = line->steps,
        .step_count = line->step_count,
        .is_usage = line->source == BILL_CHARGE && *line->metric != '\0',
    };
    return arena_failed(arena) ? STATUS_MEMORY : STATUS_OK;
}

enum status statement_lines(const struct bill *bill, struct period_range month, struct arena *arena,
                            struct statement_line **lines, size_t *count)
{
    struct statement_line *found = arena_take(arena, (bill->line_count + 1) * sizeof *found);
    size_t filled = 0;

    if (found == NULL)
        return STATUS_MEMORY;
    for (size_t i = 0; i < bill->line_count; i++) {
        if (!belongs(&bill->lines[i], month))
            continue;
        enum status status = line_of(&bill->lines[i], month.first, arena, &found[filled++]);
        if (status != STATUS_OK)
            return status;
    }
    *lines = found;
    *count = filled;
    return STATUS_OK;
}

static bool is_same(const struct statement_line *a, const struct statement_line *b)
{
    return a->first == b->first && a->end == b->end && strcmp(a->source, b->source) == 0 &&
           strcmp(a->name, b->name) == 0 && strcmp(a->metric, b->metric) == 0;
}

/* What the lines that are like this one add up to, from a place on. */
static enum status sum_alike(const struct statement_line *lines, size_t from, size_t count,
                             const struct statement_line *like, struct decimal *out)
{
    enum status status = STATUS_OK;

    *out = (struct decimal){0};
    for (size_t i = from; i < count && status == STATUS_OK; i++)
        if (is_same(&lines[i], like))
            status = decimal_add(*out, lines[i].amount, out);
    return status;
}

static bool is_told(const struct statement_line *lines, size_t count,
                    const struct statement_line *like)
{
    for (size_t i = 0; i < count; i++)
        if (is_same(&lines[i], like))
            return true;
    return false;
}

/* now minus was for one kind of line; like says what is counted now. */
static enum status add_difference(const struct statement_line *like, struct decimal was,
                                  struct decimal now, struct arena *arena,
                                  struct statement_line *lines, size_t *count)
{
    const struct decimal less = {-was.units};
    struct decimal difference;
    enum status status = decimal_add(now, less, &difference);

    if (status != STATUS_OK || difference.units == 0)
        return status;
    struct bill_step *steps = arena_take(arena, 2 * sizeof *steps);
    if (steps == NULL)
        return STATUS_MEMORY;
    steps[0] = (struct bill_step){.kind = BILL_STEP_AMOUNT, .amount = now};
    steps[1] = (struct bill_step){.kind = BILL_STEP_WAS, .amount = less};
    lines[*count] = *like;
    lines[*count].steps = steps;
    lines[*count].step_count = 2;
    lines[(*count)++].amount = difference;
    return STATUS_OK;
}

enum status statement_corrections(const struct statement_line *was, size_t was_count,
                                  const struct statement_line *now, size_t now_count,
                                  struct arena *arena, struct statement_line **lines, size_t *count)
{
    struct statement_line *found = arena_take(arena, (was_count + now_count + 1) * sizeof *found);
    enum status status = found ? STATUS_OK : STATUS_MEMORY;
    size_t filled = 0;

    for (size_t i = 0; i < now_count && status == STATUS_OK; i++) {
        struct decimal before, after;

        if (is_told(now, i, &now[i]))
            continue;
        status = sum_alike(was, 0, was_count, &now[i], &before);
        if (status == STATUS_OK)
            status = sum_alike(now, i, now_count, &now[i], &after);
        if (status == STATUS_OK)
            status = add_difference(&now[i], before, after, arena, found, &filled);
    }
    /* lines that are no longer: an amendment moved a period */
    for (size_t i = 0; i < was_count && status == STATUS_OK; i++) {
        struct statement_line gone = was[i];
        struct decimal before;

        if (is_told(now, now_count, &gone) || is_told(was, i, &gone))
            continue;
        gone.quantity = "0";
        status = sum_alike(was, i, was_count, &gone, &before);
        if (status == STATUS_OK)
            status = add_difference(&gone, before, (struct decimal){0}, arena, found, &filled);
    }
    if (status == STATUS_OK) {
        *lines = found;
        *count = filled;
    }
    return status;
}

enum status statement_total(const struct statement_line *lines, size_t count, struct decimal *out)
{
    struct decimal sum = {0};
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = decimal_add(sum, lines[i].amount, &sum);
    if (status == STATUS_OK)
        *out = sum;
    return status;
}

static enum status sum_weights(const struct fraction *weights, size_t count, struct fraction *out)
{
    enum status status = STATUS_OK;

    *out = FRACTION_ZERO;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status =
            fraction_sign(weights[i]) < 0 ? STATUS_INVALID : fraction_add(*out, weights[i], out);
    return status;
}

/* One part: its whole minor units, and how much of one is left. */
static enum status part_of(struct fraction units, struct fraction weight, struct fraction weights,
                           int64_t *whole, struct fraction *rest)
{
    struct fraction part;
    enum status status = fraction_divide(weight, weights, &part);

    if (status == STATUS_OK)
        status = fraction_multiply(part, units, &part);
    if (status == STATUS_OK)
        status = fraction_floor(part, whole);
    return status == STATUS_OK ? fraction_subtract(part, fraction_of(*whole), rest) : status;
}

/* The place of the largest weight's remainder that has not been served. */
static size_t neediest(const struct fraction *weights, size_t count, struct fraction units,
                       struct fraction sum, const bool *served)
{
    struct fraction best = FRACTION_ZERO, rest;
    size_t place = count;
    int64_t whole;

    for (size_t i = 0; i < count; i++) {
        if (served[i] || part_of(units, weights[i], sum, &whole, &rest) != STATUS_OK)
            continue;
        if (place == count || fraction_compare(rest, best) > 0) {
            place = i;
            best = rest;
        }
    }
    return place;
}

static decimal_units unit_of(unsigned places)
{
    decimal_units unit = 1;

    for (unsigned i = places; i < DECIMAL_PLACES; i++)
        unit *= 10;
    return unit;
}

#define SHARES_MOST 256

enum status statement_share(struct decimal total, unsigned places, const struct fraction *weights,
                            size_t count, struct decimal *out)
{
    const decimal_units unit = unit_of(places);
    const decimal_units sign = total.units < 0 ? -1 : 1;
    const decimal_units all = total.units / unit * sign;
    struct fraction even[SHARES_MOST], sum, rest;
    bool served[SHARES_MOST] = {false};
    decimal_units left = all;

    if (count == 0 || count > SHARES_MOST || total.units % unit != 0 || all > INT64_MAX)
        return STATUS_INVALID;
    enum status status = sum_weights(weights, count, &sum);
    if (status != STATUS_OK)
        return status;
    if (fraction_sign(sum) == 0) {
        for (size_t i = 0; i < count; i++)
            even[i] = fraction_of(1);
        weights = even;
        sum = fraction_of((int64_t)count);
    }
    const struct fraction units = fraction_of((int64_t)all);
    for (size_t i = 0; i < count; i++) {
        int64_t whole;

        status = part_of(units, weights[i], sum, &whole, &rest);
        if (status != STATUS_OK)
            return status;
        out[i].units = whole * unit * sign;
        left -= whole;
    }
    for (; left > 0; left--) {
        size_t place = neediest(weights, count, units, sum, served);

        if (place == count)
            return STATUS_FULL;
        served[place] = true;
        out[place].units += unit * sign;
    }
    return STATUS_OK;
}

#include "server/money/comparison.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/money/statement.h"
#include "server/money/steps.h"

static const struct comparison_shape whole = {.most_segments = SIZE_MAX,
                                              .most_intervals = SIZE_MAX};

static void write_int(struct json_writer *writer, const char *name, int64_t number)
{
    json_key(writer, name);
    json_write_int(writer, number);
}

static void write_exact(struct json_writer *writer, const char *name, struct fraction number)
{
    char text[AMOUNT_SIZE];

    amount_exact(number, text);
    json_write_member(writer, name, text);
}

static void write_money(struct json_writer *writer, const char *name, struct decimal amount,
                        unsigned places)
{
    char text[AMOUNT_SIZE];

    amount_money(amount, places, text);
    json_write_member(writer, name, text);
}

static void write_left_out(struct json_writer *writer, const char *name, size_t count)
{
    if (count > 0)
        write_int(writer, name, (int64_t)count);
}

static void write_segments(struct json_writer *writer, const struct curve *curve, size_t most)
{
    const size_t count = curve->count <= most ? curve->count : 0;

    write_left_out(writer, "segments_left_out", curve->count - count);
    json_key(writer, "segments");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(writer);
        write_int(writer, "from", curve->segments[i].from);
        write_int(writer, "to", curve->segments[i].to);
        write_exact(writer, "fixed", curve->segments[i].fixed);
        write_exact(writer, "per_device", curve->segments[i].per_step);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a;
    const int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Fleet sizes at which a curve is drawn: evenly spread, and where its segments begin and end while
 * these are not more than the others. In the arena; NULL when that is full. */
static int64_t *choose_points(const struct comparison *comparison, const struct curve *curve,
                              size_t most, size_t *out)
{
    const int64_t width = comparison->to - comparison->from;
    int64_t *sizes = arena_take(comparison->arena, (3 * most + 2) * sizeof *sizes);
    size_t count = 0, kept = 0;

    if (sizes == NULL)
        return NULL;
    for (size_t i = 0; i <= most; i++)
        sizes[count++] = comparison->from + (int64_t)i * width / (int64_t)most;
    for (size_t i = 0; i < curve->count && curve->count <= most; i++) {
        sizes[count++] = curve->segments[i].from;
        sizes[count++] = curve->segments[i].to;
    }
    qsort(sizes, count, sizeof *sizes, by_size);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || sizes[i] != sizes[kept - 1])
            sizes[kept++] = sizes[i];
    *out = kept;
    return sizes;
}

/* A side whose curve takes too long to find still has its cost at each size. */
static enum status value_at(const struct comparison_side *side, int64_t n, struct fraction *out)
{
    if (side->no_curve == NULL)
        return curve_value(&side->compared, n, out);
    struct fraction exact;
    enum status status = whatif_exact(side->whatif, n, &exact);

    return status == STATUS_OK ? fraction_multiply(exact, side->rate, out) : status;
}

/* [[robots, "cost"]...], in the comparison's currency. */
static void write_points(struct json_writer *writer, const struct comparison *comparison,
                         const struct comparison_side *side, size_t most)
{
    size_t count = 0;
    const int64_t *sizes = choose_points(comparison, &side->compared, most, &count);
    char text[AMOUNT_SIZE];
    struct fraction value;

    json_key(writer, "points");
    json_begin_array(writer);
    for (size_t i = 0; sizes != NULL && i < count; i++) {
        if (side->whatif == NULL || value_at(side, sizes[i], &value) != STATUS_OK)
            continue;
        amount_rounded(value, comparison->places, text);
        json_begin_array(writer);
        json_write_int(writer, sizes[i]);
        json_write_text(writer, span_text(text));
        json_end_array(writer);
    }
    json_end_array(writer);
}

static void format_period(const struct period *period, char out[2 * ZONE_DATE_SIZE])
{
    char end[ZONE_DATE_SIZE];

    zone_format_date(period->clipped.first, out);
    zone_format_date(period->clipped.end, end);
    snprintf(out + strlen(out), 2 * ZONE_DATE_SIZE - strlen(out), "/%s", end);
}

/* As the API's bills have them. */
static void write_lines(struct json_writer *writer, const struct comparison_side *side)
{
    const struct bill *bill = &side->point.bill;
    char period[2 * ZONE_DATE_SIZE], quantity[AMOUNT_SIZE];

    json_key(writer, "lines");
    json_begin_array(writer);
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];

        format_period(&line->period, period);
        amount_decimal(line->quantity, quantity);
        json_begin_object(writer);
        json_write_member(writer, "source", statement_source(line->source));
        json_write_member(writer, "charge", line->name);
        json_write_member(writer, "period", period);
        json_write_member(writer, "metric", line->metric);
        json_write_member(writer, "quantity", quantity);
        write_money(writer, "amount", line->amount, side->contract.minor_places);
        if (line->step_count > 0)
            steps_write(writer, line->steps, line->step_count, false);
        json_end_object(writer);
    }
    json_end_array(writer);
}

/* [[per cent, "cost"]...], billed; in the contract's own currency. */
static void write_steps(struct json_writer *writer, const struct comparison_side *side)
{
    char text[AMOUNT_SIZE];

    json_key(writer, "loads");
    json_begin_array(writer);
    for (int i = 0; i < COMPARISON_STEPS; i++) {
        amount_money(side->steps[i], side->contract.minor_places, text);
        json_begin_array(writer);
        json_write_int(writer, i * COMPARISON_STEP_SIZE);
        json_write_text(writer, span_text(text));
        json_end_array(writer);
    }
    json_end_array(writer);
}

static void write_commitments(struct json_writer *writer, const struct comparison_side *side)
{
    const struct bill *bill = &side->point.bill;
    char period[2 * ZONE_DATE_SIZE];

    json_key(writer, "commitments");
    json_begin_array(writer);
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];

        if (line->source != BILL_COMMITMENT)
            continue;
        format_period(&line->period, period);
        json_begin_object(writer);
        json_write_member(writer, "commitment", line->name);
        json_write_member(writer, "period", period);
        write_money(writer, "shortfall", line->amount, side->contract.minor_places);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_point(struct json_writer *writer, const struct comparison *comparison,
                        const struct comparison_side *side, const struct comparison_shape *shape)
{
    const struct comparison_point *point = &side->point;
    const unsigned places = side->contract.minor_places;
    struct fraction each;
    char text[AMOUNT_SIZE];

    json_key(writer, "at");
    json_begin_object(writer);
    write_int(writer, "devices", comparison->at);
    write_money(writer, "cost", point->billed, places);
    write_exact(writer, "exact", point->exact);
    amount_rounded(point->converted, comparison->places, text);
    json_write_member(writer, "converted", text);
    if (fraction_divide(point->exact, fraction_of(comparison->at), &each) == STATUS_OK) {
        amount_rounded(each, places, text);
        json_write_member(writer, "per_device", text);
    }
    write_exact(writer, "next_device", point->marginal);
    write_money(writer, "unused_commitment", point->unused, places);
    write_commitments(writer, side);
    if (shape->lines)
        write_lines(writer, side);
    json_end_object(writer);

    json_key(writer, "sensitivity");
    json_begin_array(writer);
    for (size_t i = 0; i < COMPARISON_LOADS; i++) {
        json_begin_object(writer);
        write_int(writer, "usage_percent", comparison_percents[i]);
        write_money(writer, "cost", point->loads[i], places);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_gaps(struct json_writer *writer, const struct comparison *comparison,
                       const struct comparison_side *side)
{
    json_key(writer, "unpriced");
    json_begin_array(writer);
    for (size_t i = 0; i < side->gap_count; i++)
        for (int m = 0; m < CONTRACT_METRICS; m++) {
            if (!(side->gaps[i].metrics & CONTRACT_BIT(m)))
                continue;
            json_begin_object(writer);
            json_write_member(writer, "model",
                              comparison->profile->usage[side->gaps[i].usage].model);
            json_write_member(writer, "metric", contract_metric_name((enum contract_metric)m));
            json_end_object(writer);
        }
    json_end_array(writer);
}

static void write_side(struct json_writer *writer, const struct comparison *comparison,
                       const struct comparison_side *side, const struct comparison_shape *shape)
{
    char term[2 * ZONE_DATE_SIZE], end[ZONE_DATE_SIZE];

    zone_format_date(side->contract.term_first, term);
    zone_format_date(side->contract.term_end, end);
    snprintf(term + strlen(term), sizeof term - strlen(term), "/%s", end);
    json_begin_object(writer);
    json_write_member(writer, "contract", side->contract.contract_id);
    json_write_member(writer, "vendor", side->contract.vendor_id);
    json_write_member(writer, "currency", side->contract.currency);
    json_write_member(writer, "term", term);
    write_segments(writer, &side->curve, shape->most_segments);
    if (shape->points > 0)
        write_points(writer, comparison, side, shape->points);
    if (side->steps != NULL)
        write_steps(writer, side);
    if (side->no_curve != NULL)
        json_write_member(writer, "no_segments", side->no_curve);
    if (side->no_point == NULL)
        write_point(writer, comparison, side, shape);
    else
        json_write_member(writer, "no_cost", side->no_point);
    write_gaps(writer, comparison, side);
    json_end_object(writer);
}

static void write_intervals(struct json_writer *writer, const struct comparison *comparison,
                            size_t most)
{
    const size_t count = comparison->interval_count < most ? comparison->interval_count : most;

    write_left_out(writer, "cheapest_left_out", comparison->interval_count - count);
    json_key(writer, "cheapest");
    json_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        const struct curve_interval *interval = &comparison->intervals[i];

        json_begin_object(writer);
        write_int(writer, "from", interval->from);
        write_int(writer, "to", interval->to);
        json_key(writer, "contracts");
        json_begin_array(writer);
        for (size_t bit = 0; bit < comparison->compared_count; bit++)
            if (interval->least & 1u << bit)
                json_write_text(
                    writer,
                    span_text(comparison->sides[comparison->compared[bit]].contract.contract_id));
        json_end_array(writer);
        json_key(writer, "places");
        json_begin_array(writer);
        for (size_t bit = 0; bit < comparison->compared_count; bit++)
            if (interval->least & 1u << bit)
                json_write_int(writer, comparison->compared[bit]);
        json_end_array(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_profile(struct json_writer *writer, const struct comparison *comparison)
{
    const struct whatif_profile *profile = comparison->profile;
    char text[DECIMAL_TEXT_SIZE];

    json_key(writer, "profile");
    json_begin_object(writer);
    json_write_member(writer, "source", comparison->source);
    json_write_member(writer, "per", period_name(profile->per));
    json_key(writer, "usage");
    json_begin_array(writer);
    for (size_t i = 0; i < profile->count; i++) {
        json_begin_object(writer);
        json_write_member(writer, "model", profile->usage[i].model);
        json_key(writer, "metrics");
        json_begin_object(writer);
        for (int m = 0; m < CONTRACT_METRICS; m++) {
            if (profile->usage[i].quantities[m].units == 0)
                continue;
            decimal_format(profile->usage[i].quantities[m], text);
            json_write_member(writer, contract_metric_name((enum contract_metric)m), text);
        }
        json_end_object(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
    json_end_object(writer);
}

void comparison_write(const struct comparison *comparison, const struct comparison_shape *shape,
                      struct json_writer *writer)
{
    if (shape == NULL)
        shape = &whole;
    json_begin_object(writer);
    json_key(writer, "devices");
    json_begin_object(writer);
    write_int(writer, "from", comparison->from);
    write_int(writer, "to", comparison->to);
    json_end_object(writer);
    json_write_member(writer, "currency", comparison->currency);
    json_key(writer, "rates");
    json_begin_array(writer);
    for (size_t i = 0; i < comparison->rate_count; i++) {
        json_begin_object(writer);
        json_write_member(writer, "currency", comparison->rates[i].currency);
        json_write_member(writer, "rate", comparison->rates[i].text);
        json_write_member(writer, "date", comparison->rates[i].date);
        json_end_object(writer);
    }
    json_end_array(writer);
    write_profile(writer, comparison);
    json_key(writer, "contracts");
    json_begin_array(writer);
    for (size_t i = 0; i < comparison->side_count; i++)
        write_side(writer, comparison, &comparison->sides[i], shape);
    json_end_array(writer);
    write_intervals(writer, comparison, shape->most_intervals);
    json_end_object(writer);
}

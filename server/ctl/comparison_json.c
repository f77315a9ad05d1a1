#include <stdio.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/ctl/comparison.h"

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

static void write_segments(struct json_writer *writer, const struct curve *curve)
{
    json_key(writer, "segments");
    json_begin_array(writer);
    for (size_t i = 0; i < curve->count; i++) {
        json_begin_object(writer);
        write_int(writer, "from", curve->segments[i].from);
        write_int(writer, "to", curve->segments[i].to);
        write_exact(writer, "fixed", curve->segments[i].fixed);
        write_exact(writer, "per_device", curve->segments[i].per_step);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_commitments(struct json_writer *writer, const struct comparison_side *side)
{
    const struct bill *bill = &side->point.bill;
    char date[ZONE_DATE_SIZE], period[2 * ZONE_DATE_SIZE];

    json_key(writer, "commitments");
    json_begin_array(writer);
    for (size_t i = 0; i < bill->line_count; i++) {
        const struct bill_line *line = &bill->lines[i];

        if (line->source != BILL_COMMITMENT)
            continue;
        zone_format_date(line->period.clipped.first, period);
        zone_format_date(line->period.clipped.end, date);
        snprintf(period + strlen(period), sizeof period - strlen(period), "/%s", date);
        json_begin_object(writer);
        json_write_member(writer, "commitment", line->name);
        json_write_member(writer, "period", period);
        write_money(writer, "shortfall", line->amount, side->contract.minor_places);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_point(struct json_writer *writer, const struct comparison *comparison,
                        const struct comparison_side *side)
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
                       const struct comparison_side *side)
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
    write_segments(writer, &side->curve);
    if (side->no_curve != NULL)
        json_write_member(writer, "no_segments", side->no_curve);
    if (side->no_point == NULL)
        write_point(writer, comparison, side);
    else
        json_write_member(writer, "no_cost", side->no_point);
    write_gaps(writer, comparison, side);
    json_end_object(writer);
}

static void write_intervals(struct json_writer *writer, const struct comparison *comparison)
{
    json_key(writer, "cheapest");
    json_begin_array(writer);
    for (size_t i = 0; i < comparison->interval_count; i++) {
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

void comparison_write(const struct comparison *comparison, struct json_writer *writer)
{
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
        write_side(writer, comparison, &comparison->sides[i]);
    json_end_array(writer);
    write_intervals(writer, comparison);
    json_end_object(writer);
}

#include <inttypes.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/ctl/comparison_print.h"

#define RANGE_SIZE   48
#define MOST_LINES   20 /* of segments, and of intervals */
#define FOLDED_STEPS 4  /* equal ones in a row, from which on they are folded */

/* Contracts are A, B, C ... in the bar and in lists. */
static char letter_of(size_t side)
{
    return (char)('A' + side);
}

static void format_count(int64_t number, char out[AMOUNT_SIZE])
{
    snprintf(out, AMOUNT_SIZE, "%" PRId64, number);
    amount_group(out);
}

static void format_range(int64_t from, int64_t to, char out[RANGE_SIZE])
{
    char left[AMOUNT_SIZE], right[AMOUNT_SIZE];

    format_count(from, left);
    format_count(to, right);
    snprintf(out, RANGE_SIZE, from == to ? "%.20s" : "%.20s - %.20s", left, right);
}

static void print_money(FILE *out, const char *before, struct decimal amount, unsigned places,
                        int width)
{
    char text[AMOUNT_SIZE];

    amount_money(amount, places, text);
    amount_group(text);
    fprintf(out, "%s%*s", before, width, text);
}

static void print_gaps(FILE *out, const struct comparison *comparison,
                       const struct comparison_side *side)
{
    for (size_t i = 0; i < side->gap_count; i++)
        for (int m = 0; m < CONTRACT_METRICS; m++)
            if (side->gaps[i].metrics & CONTRACT_BIT(m))
                fprintf(out, "     has no price for %s of %s\n",
                        contract_metric_name((enum contract_metric)m),
                        comparison->profile->usage[side->gaps[i].usage].model);
    if (side->gap_count > 0)
        fputs("     and is left out; --as MODEL=MODEL names what it would serve instead\n", out);
}

static void print_segment(FILE *out, const struct curve_segment *segment, unsigned places)
{
    char range[RANGE_SIZE], fixed[AMOUNT_SIZE], each[AMOUNT_SIZE];
    struct decimal decimal;

    format_range(segment->from, segment->to, range);
    if (fraction_is_decimal(segment->fixed, &decimal))
        amount_money(decimal, places, fixed);
    else
        amount_exact(segment->fixed, fixed);
    amount_group(fixed);
    amount_exact(segment->per_step, each);
    fprintf(out, "     %-24s %18s", range, fixed);
    if (fraction_sign(segment->per_step) != 0)
        fprintf(out, "  %c %s each", *each == '-' ? '-' : '+', each + (*each == '-'));
    fputc('\n', out);
}

/* How many segments from the first on are steps that rise equally, as packages make them. */
static size_t steps_from(const struct curve *curve, size_t first, struct fraction *rise)
{
    const struct curve_segment *at = &curve->segments[first];
    struct fraction next;
    size_t count = 1;

    for (; first + count < curve->count; count++) {
        if (fraction_compare(at[count].per_step, at->per_step) != 0 ||
            fraction_subtract(at[count].fixed, at[count - 1].fixed, &next) != STATUS_OK)
            break;
        if (count == 1)
            *rise = next;
        else if (fraction_compare(next, *rise) != 0)
            break;
    }
    return count;
}

static void print_folded(FILE *out, const char *what, size_t count, int64_t from, int64_t to)
{
    char range[RANGE_SIZE], number[AMOUNT_SIZE];

    format_range(from, to, range);
    format_count((int64_t)count, number);
    fprintf(out, "     %-24s %s %s", range, number, what);
}

/* The first of so many equal steps, and the others in one line. */
static void print_steps(FILE *out, const struct curve_segment *first, size_t count,
                        struct fraction rise, unsigned places)
{
    char text[AMOUNT_SIZE];

    print_segment(out, first, places);
    amount_exact(rise, text);
    print_folded(out, "more steps of ", count - 1, first[1].from, first[count - 1].to);
    fprintf(out, "%s\n", text);
}

static void print_value(FILE *out, const struct curve *curve, int64_t n, unsigned places)
{
    struct fraction value;
    char text[AMOUNT_SIZE] = "?";

    if (curve_value(curve, n, &value) == STATUS_OK)
        amount_rounded(value, places, text);
    amount_group(text);
    fputs(text, out);
}

/* What is left of a long list: how much, and what it costs at both ends. */
static void print_rest(FILE *out, const struct curve *curve, size_t first, unsigned places)
{
    const int64_t from = curve->segments[first].from, to = curve->segments[curve->count - 1].to;

    print_folded(out, "more segments, ", curve->count - first, from, to);
    print_value(out, curve, from, places);
    fputs(" to ", out);
    print_value(out, curve, to, places);
    fputs("; --json tells each\n", out);
}

/* Steps are folded; what stays too long is cut off and counted. */
static void print_segments(FILE *out, const struct comparison_side *side)
{
    const struct curve *curve = &side->curve;
    const unsigned places = side->contract.minor_places;
    size_t lines = 0;

    for (size_t i = 0; i < curve->count; lines++) {
        struct fraction rise = FRACTION_ZERO;
        size_t count = steps_from(curve, i, &rise);

        if (lines >= MOST_LINES && curve->count - i > 1) {
            print_rest(out, curve, i, places);
            return;
        }
        if (count >= FOLDED_STEPS)
            print_steps(out, &curve->segments[i], count, rise, places);
        else
            print_segment(out, &curve->segments[i], places);
        i += count >= FOLDED_STEPS ? count : 1;
    }
}

static void print_side(FILE *out, const struct comparison *comparison, size_t number)
{
    const struct comparison_side *side = &comparison->sides[number];
    char first[ZONE_DATE_SIZE], last[ZONE_DATE_SIZE];

    zone_format_date(side->contract.term_first, first);
    zone_format_date(side->contract.term_end - 1, last);
    fprintf(out, "%c  %s of %s, %s, %s - %s\n", letter_of(number), side->contract.contract_id,
            side->contract.vendor_id, side->contract.currency, first, last);
    print_gaps(out, comparison, side);
    if (side->gap_count > 0)
        return;
    if (side->no_curve != NULL)
        fprintf(out, "     left out below: %s\n", side->no_curve);
    print_segments(out, side);
}

static void print_point(FILE *out, const struct comparison *comparison,
                        const struct comparison_side *side)
{
    const unsigned places = side->contract.minor_places;
    char each[AMOUNT_SIZE] = "-", text[AMOUNT_SIZE];
    struct fraction share;

    if (fraction_divide(side->point.exact, fraction_of(comparison->at), &share) == STATUS_OK)
        amount_rounded(share, places, each);
    amount_rounded(side->point.marginal, places, text);
    print_money(out, " ", side->point.billed, places, 18);
    fprintf(out, " %12s %12s", each, text);
    print_money(out, " ", side->point.unused, places, 18);
    fprintf(out, " %s", side->contract.currency);
    if (strcmp(side->contract.currency, comparison->currency) != 0) {
        amount_rounded(side->point.converted, comparison->places, text);
        amount_group(text);
        fprintf(out, " = %s %s", text, comparison->currency);
    }
    fputc('\n', out);
}

static void print_points(FILE *out, const struct comparison *comparison)
{
    char devices[AMOUNT_SIZE];

    format_count(comparison->at, devices);
    fprintf(out, "\nAt %s robots:\n   %18s %12s %12s %18s\n", devices, "billed", "per robot",
            "next robot", "unused commitment");
    for (size_t i = 0; i < comparison->side_count; i++) {
        const struct comparison_side *side = &comparison->sides[i];

        if (side->gap_count > 0)
            continue;
        fprintf(out, "%c ", letter_of(i));
        if (side->no_point != NULL)
            fprintf(out, "  no cost: %s\n", side->no_point);
        else
            print_point(out, comparison, side);
    }
}

static void print_loads(FILE *out, const struct comparison *comparison)
{
    fputs("\nThe same if each used\n  ", out);
    for (size_t k = 0; k < COMPARISON_LOADS; k++)
        fprintf(out, "     %8d %% of it", comparison_percents[k]);
    fputc('\n', out);
    for (size_t i = 0; i < comparison->side_count; i++) {
        const struct comparison_side *side = &comparison->sides[i];

        if (side->no_point != NULL || side->gap_count > 0)
            continue;
        fprintf(out, "%c ", letter_of(i));
        for (size_t k = 0; k < COMPARISON_LOADS; k++)
            print_money(out, " ", side->point.loads[k], side->contract.minor_places, 20);
        fprintf(out, " %s\n", side->contract.currency);
    }
}

static const struct curve_interval *interval_at(const struct comparison *comparison, int64_t n)
{
    size_t i = 0;

    while (comparison->intervals[i].to < n)
        i++;
    return &comparison->intervals[i];
}

/* One column for an equal part of the range, as its first number has it; "=" is a tie. */
static void print_bar(FILE *out, const struct comparison *comparison, int columns)
{
    const int64_t count = comparison->to - comparison->from + 1;
    const int width = count < columns ? (int)count : columns;
    char left[AMOUNT_SIZE], right[AMOUNT_SIZE];

    fputs("  ", out);
    for (int column = 0; column < width; column++) {
        int64_t n = comparison->from + count * column / width;
        unsigned least = interval_at(comparison, n)->least;
        int bit = 0;

        while (!(least & 1u << bit))
            bit++;
        fputc((least & (least - 1)) != 0 ? '=' : letter_of(comparison->compared[bit]), out);
    }
    format_count(comparison->from, left);
    format_count(comparison->to, right);
    fprintf(out, "\n  %s%*s\n", left,
            width > (int)strlen(left) + (int)strlen(right) ? width - (int)strlen(left)
                                                           : (int)strlen(right) + 1,
            right);
}

static void print_interval(FILE *out, const struct comparison *comparison,
                           const struct curve_interval *interval)
{
    char range[RANGE_SIZE];
    const char *between = "";

    format_range(interval->from, interval->to, range);
    fprintf(out, "  %-24s ", range);
    for (size_t bit = 0; bit < comparison->compared_count; bit++) {
        const size_t side = comparison->compared[bit];

        if (!(interval->least & 1u << bit))
            continue;
        fprintf(out, "%s%c %s", between, letter_of(side),
                comparison->sides[side].contract.contract_id);
        between = " = ";
    }
    fputc('\n', out);
}

static void print_intervals(FILE *out, const struct comparison *comparison, int columns)
{
    const size_t count = comparison->interval_count;
    char range[RANGE_SIZE], number[AMOUNT_SIZE];

    fprintf(out, "\nCheapest (exact amounts, in %s):\n", comparison->currency);
    print_bar(out, comparison, columns);
    for (size_t i = 0; i < count; i++) {
        if (count > MOST_LINES && i == MOST_LINES - 1) {
            size_t left = count - 1 - i;

            format_range(comparison->intervals[i].from, comparison->intervals[count - 2].to, range);
            format_count((int64_t)left, number);
            fprintf(out, "  %-24s %s more intervals: --json tells each\n", range, number);
            i = count - 1;
        }
        print_interval(out, comparison, &comparison->intervals[i]);
    }
}

static void print_profile(FILE *out, const struct comparison *comparison)
{
    const struct whatif_profile *profile = comparison->profile;
    char text[DECIMAL_TEXT_SIZE];

    fprintf(out, "One robot uses per %s (%s):\n", period_name(profile->per), comparison->source);
    for (size_t i = 0; i < profile->count; i++) {
        fprintf(out, "  %s:", profile->usage[i].model);
        for (int m = 0; m < CONTRACT_METRICS; m++) {
            if (profile->usage[i].quantities[m].units == 0)
                continue;
            decimal_format(profile->usage[i].quantities[m], text);
            fprintf(out, " %s %s", text, contract_metric_name((enum contract_metric)m));
        }
        fputc('\n', out);
    }
    for (size_t i = 0; i < comparison->rate_count; i++)
        fprintf(out, "1 %s counts as %s %s (%s)\n", comparison->rates[i].currency,
                comparison->rates[i].text, comparison->currency, comparison->rates[i].date);
}

/* Whether some contract has a price for all that robots use: what the others would cost says
 * nothing. */
static bool has_price(const struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->side_count; i++)
        if (comparison->sides[i].gap_count == 0)
            return true;
    return false;
}

void comparison_print(const struct comparison *comparison, FILE *out, int columns)
{
    print_profile(out, comparison);
    fputs("\nCost of the whole term by robots, before rounding:\n", out);
    for (size_t i = 0; i < comparison->side_count; i++)
        print_side(out, comparison, i);
    if (!has_price(comparison)) {
        fputs("\nNone of these contracts prices what the robots use.\n", out);
        return;
    }
    print_points(out, comparison);
    print_loads(out, comparison);
    if (comparison->compared_count > 0)
        print_intervals(out, comparison, columns);
}

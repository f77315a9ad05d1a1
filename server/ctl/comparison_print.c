#include <inttypes.h>
#include <string.h>

#include "server/money/amount.h"
#include "server/ctl/comparison.h"

#define RANGE_SIZE 48

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
        fputs("     and is left out below; --as MODEL=MODEL names what it would serve instead\n",
              out);
}

static void print_segments(FILE *out, const struct comparison_side *side)
{
    const unsigned places = side->contract.minor_places;

    for (size_t i = 0; i < side->curve.count; i++) {
        const struct curve_segment *segment = &side->curve.segments[i];
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
}

static void print_side(FILE *out, const struct comparison *comparison, size_t number)
{
    const struct comparison_side *side = &comparison->sides[number];
    char first[ZONE_DATE_SIZE], end[ZONE_DATE_SIZE];

    zone_format_date(side->contract.term_first, first);
    zone_format_date(side->contract.term_end, end);
    fprintf(out, "%c  %s of %s, %s, %s to %s\n", letter_of(number), side->contract.contract_id,
            side->contract.vendor_id, side->contract.currency, first, end);
    print_gaps(out, comparison, side);
    print_segments(out, side);
}

static void print_points(FILE *out, const struct comparison *comparison)
{
    char devices[AMOUNT_SIZE];

    format_count(comparison->at, devices);
    fprintf(out, "\nAt %s robots:\n   %18s %12s %12s %18s\n", devices, "billed", "per robot",
            "next robot", "unused commitment");
    for (size_t i = 0; i < comparison->side_count; i++) {
        const struct comparison_side *side = &comparison->sides[i];
        const unsigned places = side->contract.minor_places;
        char each[AMOUNT_SIZE] = "-", next[AMOUNT_SIZE];
        struct fraction share;

        if (fraction_divide(side->point.exact, fraction_of(comparison->at), &share) == STATUS_OK)
            amount_rounded(share, places, each);
        amount_rounded(side->point.marginal, places, next);
        fprintf(out, "%c ", letter_of(i));
        print_money(out, " ", side->point.billed, places, 18);
        fprintf(out, " %12s %12s", each, next);
        print_money(out, " ", side->point.unused, places, 18);
        fprintf(out, " %s\n", side->contract.currency);
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

static void print_intervals(FILE *out, const struct comparison *comparison, int columns)
{
    fprintf(out, "\nCheapest (exact amounts, in %s):\n", comparison->currency);
    print_bar(out, comparison, columns);
    for (size_t i = 0; i < comparison->interval_count; i++) {
        const struct curve_interval *interval = &comparison->intervals[i];
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

void comparison_print(const struct comparison *comparison, FILE *out, int columns)
{
    print_profile(out, comparison);
    fputs("\nCost of the whole term by robots, before rounding:\n", out);
    for (size_t i = 0; i < comparison->side_count; i++)
        print_side(out, comparison, i);
    print_points(out, comparison);
    print_loads(out, comparison);
    if (comparison->compared_count > 0)
        print_intervals(out, comparison, columns);
    else
        fputs("\nNone of these contracts prices what the robots use.\n", out);
}

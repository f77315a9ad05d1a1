#include "server/ctl/burndown_print.h"

#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "server/ctl/colour.h"
#include "server/money/amount.h"
#include "server/money/zone.h"

#define COLUMNS 60
#define ROWS    8

static const char *text_of(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "");
}

static double number_of(const struct json *value)
{
    return strtod(json_text(value, "0"), NULL);
}

/* "1,234,567" of a count, "1,234.50" of money; a decimal of the API's. */
static void print_amount(FILE *out, const struct json *line, const char *amount,
                         const char *currency)
{
    const bool is_money = json_bool(json_member(line, "is_money"), false);
    struct fraction number;
    char text[AMOUNT_SIZE];

    if (fraction_parse(span_text(amount), &number) != STATUS_OK) {
        fputs(amount, out);
        return;
    }
    amount_rounded(number, is_money ? 2 : 0, text);
    amount_group(text);
    fprintf(out, "%s%s%s", text, is_money ? " " : "", is_money ? currency : "");
}

/* ---- sentences ---- */

static const struct {
    const char *state;
    const char *words;
    enum colour colour;
} states[] = {
    {"over", "used up", COLOUR_RED},
    {"short", "will fall short", COLOUR_RED},
    {"runs_out", "will be used up", COLOUR_YELLOW},
    {"near", "near its limit", COLOUR_YELLOW},
    {"below", "not reached", COLOUR_YELLOW},
    {"on_course", "on course", COLOUR_GREEN},
    {"met", "met", COLOUR_GREEN},
};

static void print_state(FILE *out, const char *state)
{
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(states[i].state, state) == 0)
            fprintf(out, "%s%s%s", colour_begin(out, states[i].colour), states[i].words,
                    colour_end(out));
}

static bool is_unnamed(const char *name)
{
    return strchr(name, '/') != NULL;
}

static void print_title(FILE *out, const struct json *line, const char *currency)
{
    const char *kind = text_of(line, "kind"), *name = text_of(line, "name");
    const char *metric = text_of(line, "metric"), *per = text_of(line, "per");
    const char *limit = json_text(json_member(line, "limit"), NULL);
    const struct json *models = json_member(line, "models");

    fprintf(out, "%s %s", kind, is_unnamed(name) ? metric : name);
    if (!is_unnamed(name) && strcmp(name, metric) != 0)
        fprintf(out, " (%s)", metric);
    for (size_t i = 0; i < json_count(models); i++)
        fprintf(out, "%s%s", i == 0 ? " of " : ", ", json_text(json_item(models, i), ""));
    if (limit != NULL) {
        fputs(strcmp(kind, "commitment") == 0 ? ": at least " : ": at most ", out);
        print_amount(out, line, limit, currency);
    }
    if (strcmp(text_of(line, "told_by"), "minute") != 0)
        fprintf(out, strcmp(per, "once") == 0 ? ", %s" : ", per %s", per);
    if (json_bool(json_member(line, "hard"), false))
        fputs(", hard", out);
    fputs(": ", out);
    print_state(out, text_of(line, "state"));
    fputc('\n', out);
}

static void print_so_far(FILE *out, const struct json *line, const char *currency)
{
    const struct json *period = json_member(line, "period");
    const char *told_by = text_of(line, "told_by");
    char last[ZONE_DATE_SIZE];
    int64_t end;

    fputs("  so far ", out);
    print_amount(out, line, text_of(line, "so_far"), currency);
    if (json_type(json_member(line, "share")) == JSON_TEXT)
        fprintf(out, " (%.1f %%)", 100 * number_of(json_member(line, "share")));
    if (strcmp(told_by, "minute") == 0) {
        fputs(" in the last minute; today's busiest had ", out);
        print_amount(out, line, text_of(line, "busiest"), currency);
        fputc('\n', out);
        return;
    }
    if (zone_parse_date(span_text(text_of(period, "to")), &end) == STATUS_OK) {
        const long long left = (long long)json_int(json_member(line, "days_left"), 0);

        zone_format_date(end - 1, last);
        fprintf(out, ", %s - %s, %lld day%s left", text_of(period, "from"), last, left,
                left == 1 ? "" : "s");
    }
    fputc('\n', out);
    if (number_of(json_member(line, "carried")) > 0) {
        fputs("  earlier periods had too much: ", out);
        print_amount(out, line, text_of(line, "carried"), currency);
        fputs(" of the promise\n", out);
    }
}

/* What a forecast is told by, in words. */
static void print_formula(FILE *out, const char *formula, long long days)
{
    static const struct {
        const char *formula;
        const char *words;
    } told[] = {
        {"saturation", ": as the robots seen on one day and on two tell of those still to be seen"},
        {"part_of_first_day", ": as what of the first day has gone by"},
    };
    static const struct {
        const char *formula;
        const char *words;
    } by_days[] = {
        {"mean_of_days", "the mean of"},
        {"trend_of_peaks", "the line through the busiest minutes of"},
        {"level_stays", "as on"},
    };

    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (strcmp(told[i].formula, formula) == 0)
            fputs(told[i].words, out);
    for (size_t i = 0; i < sizeof by_days / sizeof *by_days; i++)
        if (strcmp(by_days[i].formula, formula) == 0)
            fprintf(out, ": %s the last %lld whole day%s", by_days[i].words, days,
                    days == 1 ? "" : "s");
}

static void print_forecast(FILE *out, const struct json *line, const char *currency)
{
    const struct json *forecast = json_member(line, "forecast");
    const char *runs_out = text_of(forecast, "runs_out");
    const long long days = (long long)json_int(json_member(forecast, "days"), 0);
    char last[ZONE_DATE_SIZE];
    int64_t end;

    if (json_type(forecast) != JSON_OBJECT)
        return;
    if (strcmp(text_of(line, "told_by"), "minute") == 0 &&
        zone_parse_date(span_text(text_of(json_member(line, "period"), "to")), &end) == STATUS_OK) {
        zone_format_date(end - 1, last);
        fprintf(out, "  on %s about ", last);
    } else {
        fputs("  at the end about ", out);
    }
    print_amount(out, line, text_of(forecast, "at_end"), currency);
    if (strcmp(text_of(forecast, "low"), text_of(forecast, "high")) != 0) {
        fputs(" (", out);
        print_amount(out, line, text_of(forecast, "low"), currency);
        fputs(" to ", out);
        print_amount(out, line, text_of(forecast, "high"), currency);
        fputc(')', out);
    }
    print_formula(out, text_of(forecast, "formula"), days);
    if (*runs_out != '\0')
        fprintf(out,
                strcmp(text_of(line, "kind"), "commitment") == 0 ||
                        strcmp(text_of(line, "told_by"), "minute") == 0
                    ? "; reached on %s"
                    : "; used up on %s",
                runs_out);
    fputc('\n', out);
}

static void print_shortfall(FILE *out, const struct json *line, const char *currency)
{
    const struct json *shortfall = json_member(line, "shortfall");
    const char *cost = json_text(json_member(shortfall, "cost"), NULL);
    struct fraction number;
    char text[AMOUNT_SIZE];

    if (json_type(shortfall) != JSON_OBJECT)
        return;
    fputs("  missing ", out);
    print_amount(out, line, text_of(shortfall, "missing"), currency);
    if (cost != NULL && fraction_parse(span_text(cost), &number) == STATUS_OK) {
        amount_rounded(number, 2, text);
        amount_group(text);
        fprintf(out, ", which costs about %s %s (%s)", text, currency, text_of(shortfall, "rule"));
    }
    fputc('\n', out);
}

void burndown_print_line(FILE *out, const struct json *line, const char *currency)
{
    print_title(out, line, currency);
    print_so_far(out, line, currency);
    print_forecast(out, line, currency);
    print_shortfall(out, line, currency);
}

/* ---- plots ---- */

struct plot {
    double used[COLUMNS];
    double ahead[COLUMNS]; /* forecast; 0: none */
    size_t count;
    double limit; /* 0: none */
    double top;
};

static void put(struct plot *plot, double used, double ahead)
{
    if (plot->count == COLUMNS)
        return;
    plot->used[plot->count] = used;
    plot->ahead[plot->count++] = ahead;
    plot->top = used > plot->top ? used : plot->top;
    plot->top = ahead > plot->top ? ahead : plot->top;
}

/* Days before today stand beside it, each against the same limit. */
static void plot_single_days(const struct json *line, struct plot *plot)
{
    const struct json *earlier = json_member(line, "earlier");
    const struct json *forecast = json_member(line, "forecast");

    for (size_t i = json_count(earlier); i-- > 0;)
        put(plot, number_of(json_member(json_item(earlier, i), "amount")), 0);
    put(plot, number_of(json_member(line, "so_far")), number_of(json_member(forecast, "at_end")));
}

/* What days came to by the end of one: their sum, or of those that do not add up the most. */
static double reach(const struct json *line, const struct json *amounts, size_t from, size_t to,
                    double before)
{
    const bool adds_up = json_bool(json_member(json_member(line, "days"), "add_up"), false);
    double reached = adds_up ? before : 0;

    for (size_t i = from; i < to && i < json_count(amounts); i++) {
        const double amount = number_of(json_item(amounts, i));

        reached = adds_up ? reached + amount : amount > reached ? amount : reached;
    }
    return reached;
}

static void plot_period(const struct json *line, size_t days, struct plot *plot)
{
    const struct json *amounts = json_member(json_member(line, "days"), "amounts");
    const struct json *forecast = json_member(line, "forecast");
    const size_t known = json_count(amounts), columns = days < COLUMNS ? days : COLUMNS;
    const bool is_told = json_type(forecast) == JSON_OBJECT;
    const double at_end = number_of(json_member(forecast, "at_end"));
    double reached = number_of(json_member(line, "base"));

    for (size_t c = 0; c < columns; c++) {
        const size_t from = c * days / columns, to = (c + 1) * days / columns;

        if (from < known) {
            reached = reach(line, amounts, from, to, reached);
            put(plot, reached, 0);
        } else {
            const double part = (double)(to - known) / (double)(days - known);

            put(plot, 0, is_told ? reached + (at_end - reached) * part : 0); /* straight on */
        }
    }
}

static void print_row(FILE *out, const struct plot *plot, size_t row)
{
    const double step = plot->top / ROWS, level = ((double)row + 0.5) * step;
    const bool is_limit =
        plot->limit > (double)row * step && plot->limit <= (double)(row + 1) * step;

    fputs(is_limit ? "  limit |" : row == 0 ? "      0 |" : "        |", out);
    for (size_t c = 0; c < plot->count; c++)
        fputc(plot->used[c] >= level    ? '#'
              : plot->ahead[c] >= level ? '.'
              : is_limit                ? '-'
                                        : ' ',
              out);
    fputc('\n', out);
}

static void print_plot(FILE *out, const struct json *line)
{
    const struct json *period = json_member(line, "period");
    struct plot plot = {.limit = number_of(json_member(line, "limit"))};
    int64_t first, end;

    plot.top = plot.limit;
    if (json_type(json_member(line, "days")) != JSON_OBJECT ||
        zone_parse_date(span_text(text_of(json_member(line, "days"), "from")), &first) != STATUS_OK)
        return;
    if (zone_parse_date(span_text(text_of(period, "to")), &end) != STATUS_OK)
        end = first + (int64_t)json_count(json_member(json_member(line, "days"), "amounts"));
    if (end - first <= 1)
        plot_single_days(line, &plot);
    else
        plot_period(line, (size_t)(end - first), &plot);
    for (size_t row = ROWS; row-- > 0 && plot.top > 0 && plot.count > 1;) /* one day is no course */
        print_row(out, &plot, row);
}

/* ---- the whole ---- */

static void print_head(FILE *out, const struct json *burndown)
{
    const struct json *term = json_member(burndown, "term");
    char last[ZONE_DATE_SIZE];
    int64_t end, today;

    fprintf(out, "as of %s", text_of(burndown, "as_of"));
    if (zone_parse_date(span_text(text_of(term, "to")), &end) == STATUS_OK &&
        zone_parse_date(span_text(text_of(burndown, "today")), &today) == STATUS_OK) {
        zone_format_date(end - 1, last);
        fprintf(out, ", term %s - %s", text_of(term, "from"), last);
        if (today < end)
            fprintf(out, ", %lld days left", (long long)(end - today));
        else
            fputs(", over", out);
    }
    fputc('\n', out);
}

void burndown_print(FILE *out, const struct json *burndown)
{
    const struct json *lines = json_member(burndown, "lines");

    print_head(out, burndown);
    for (size_t i = 0; i < json_count(lines); i++) {
        fputc('\n', out);
        burndown_print_line(out, json_item(lines, i), text_of(burndown, "currency"));
        print_plot(out, json_item(lines, i));
    }
}

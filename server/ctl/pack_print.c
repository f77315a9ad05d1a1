#include "server/ctl/pack_print.h"

#include <string.h>

#include "server/ctl/burndown_print.h"
#include "server/ctl/price_history.h"
#include "server/ctl/view.h"

#define BAR_COLUMNS 40

static const char *text_of(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "");
}

static void print_head(FILE *out, const struct json *pack)
{
    const struct json *vendor = json_member(pack, "vendor"), *period = json_member(pack, "period");
    const char *name = text_of(vendor, "name");

    fprintf(out, "vendor %s%s%s%s, %s - %s, as of %s\n", text_of(vendor, "id"), *name ? " (" : "",
            name, *name ? ")" : "", text_of(period, "from"), text_of(period, "to"),
            text_of(pack, "as_of"));
}

static void print_volumes(FILE *out, const struct json *pack)
{
    static const struct view_column columns[] = {
        {"month", "month", VIEW_TEXT},         {"model", "model", VIEW_TEXT},
        {"attempts", "attempts", VIEW_AMOUNT}, {"failed", "failed", VIEW_AMOUNT},
        {"input", "input", VIEW_AMOUNT},       {"cached", "input_cached", VIEW_AMOUNT},
        {"output", "output", VIEW_AMOUNT},     {"reasoning", "reasoning", VIEW_AMOUNT},
        {"price", "price", VIEW_MONEY},        {"", "currency", VIEW_TEXT},
    };

    fputs("\nvolumes (sums by day, in each contract's days; the price is of usage, without fees)\n",
          out);
    view_table(out, json_member(pack, "volumes"), columns, sizeof columns / sizeof *columns, 0);
}

static void print_records(FILE *out, const struct json *pack)
{
    static const struct view_column first_token[] = {{"model", "model", VIEW_TEXT},
                                                     {"answers", "answers", VIEW_AMOUNT},
                                                     {"p50, ms", "p50_ms", VIEW_AMOUNT},
                                                     {"p95, ms", "p95_ms", VIEW_AMOUNT}};
    static const struct view_column whole[] = {
        {"model", "model", VIEW_TEXT},           {"answers", "answers", VIEW_AMOUNT},
        {"p50, ms", "p50_ms", VIEW_AMOUNT},      {"p95, ms", "p95_ms", VIEW_AMOUNT},
        {"tokens/s", "p50_tokens_s", VIEW_TEXT}, {"slowest 5 %", "p5_tokens_s", VIEW_TEXT},
    };
    static const struct view_column errors[] = {{"class", "class", VIEW_TEXT},
                                                {"records", "records", VIEW_AMOUNT}};
    const struct json *records = json_member(pack, "records");
    const char *share = text_of(records, "share");
    const char *first = text_of(records, "first_at");

    fprintf(out, "\nfirst token, by robots' own clocks, of all models and of each (%lld records",
            (long long)json_int(json_member(records, "count"), 0));
    if (strcmp(share, "1") != 0)
        fprintf(out, ", a sample of %s of all", share);
    fprintf(out, *first ? ", kept since %s)\n" : ")\n", first);
    view_table(out, json_member(records, "first_token"), first_token, 4, 0);
    fputs(
        "\nwhole answers, from the request to the last word, not those cut short (the same records)"
        "\n",
        out);
    view_table(out, json_member(records, "whole_answer"), whole, sizeof whole / sizeof *whole, 0);
    fputs("\nerrors, by the class that robots told (the same records)\n", out);
    view_table(out, json_member(records, "errors"), errors, 2, 0);
}

/* Days on which something failed, and the whole. */
static bool is_bad_day(const struct json *day)
{
    return json_int(json_member(day, "refused"), 0) + json_int(json_member(day, "unreached"), 0) >
           0;
}

static void print_availability(FILE *out, const struct json *pack)
{
    static const struct view_column columns[] = {{"day", "day", VIEW_TEXT},
                                                 {"attempts", "attempts", VIEW_AMOUNT},
                                                 {"refused", "refused", VIEW_AMOUNT},
                                                 {"unreached", "unreached", VIEW_AMOUNT}};
    const struct json *days = json_member(json_member(pack, "records"), "days");
    long long attempts = 0, failed = 0;

    for (size_t i = 0; i < json_count(days); i++) {
        const struct json *day = json_item(days, i);

        attempts += json_int(json_member(day, "attempts"), 0);
        failed +=
            json_int(json_member(day, "refused"), 0) + json_int(json_member(day, "unreached"), 0);
    }
    if (attempts == 0)
        return;
    fprintf(out,
            "\navailable: %.3f %% of attempts were neither refused nor without a way to the vendor "
            "(the same records)\n",
            100.0 * (double)(attempts - failed) / (double)attempts);
    if (failed > 0)
        view_table_of(out, days, is_bad_day, columns, 4, 0);
}

static void print_credits(FILE *out, const struct json *pack)
{
    static const struct view_column columns[] = {{"contract", "contract", VIEW_TEXT},
                                                 {"service level", "name", VIEW_TEXT},
                                                 {"from", "from", VIEW_TEXT},
                                                 {"until before", "to", VIEW_TEXT},
                                                 {"due", "amount", VIEW_MONEY}};

    fputs("\nservice credits due (lines of the bills that have a day in the period)\n", out);
    view_table(out, json_member(pack, "service_credits"), columns, 5, 0);
}

static void print_standings(FILE *out, const struct json *pack)
{
    const struct json *standings = json_member(pack, "standings");
    bool is_any = false;

    fputs("\nhow commitments stand now\n", out);
    for (size_t i = 0; i < json_count(standings); i++) {
        const struct json *burndown = json_item(standings, i);
        const struct json *lines = json_member(burndown, "lines");

        for (size_t k = 0; k < json_count(lines); k++) {
            if (strcmp(text_of(json_item(lines, k), "kind"), "commitment") != 0)
                continue;
            fprintf(out, "%s: ", text_of(burndown, "contract"));
            burndown_print_line(out, json_item(lines, k), text_of(burndown, "currency"));
            is_any = true;
        }
    }
    if (!is_any)
        fputs("none\n", out);
}

static void print_prices(FILE *out, const struct json *pack)
{
    const struct json *contracts = json_member(pack, "contracts");

    fputs("\nprices and since when (the contracts' versions)\n", out);
    for (size_t i = 0; i < json_count(contracts); i++) {
        fprintf(out, "%s\n", text_of(json_item(contracts, i), "id"));
        price_history_print(out, json_item(contracts, i), BAR_COLUMNS);
    }
    if (json_count(contracts) == 0)
        fputs("none\n", out);
}

void pack_print(FILE *out, const struct json *pack)
{
    print_head(out, pack);
    print_volumes(out, pack);
    print_records(out, pack);
    print_availability(out, pack);
    print_credits(out, pack);
    print_standings(out, pack);
    print_prices(out, pack);
}

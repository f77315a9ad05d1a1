#include "server/ctl/drain_print.h"

#include <string.h>

#include "server/money/amount.h"

static const char *text(const struct json *object, const char *name)
{
    return json_text(json_member(object, name), "");
}

static long long number(const struct json *object, const char *name)
{
    return json_int(json_member(object, name), 0);
}

/* "1234567.80" becomes "1,234,567.80". */
static const char *grouped(const char *amount, char out[AMOUNT_SIZE])
{
    snprintf(out, AMOUNT_SIZE, "%s", amount);
    amount_group(out);
    return out;
}

static void print_names(FILE *out, const struct json *names, long long count)
{
    for (size_t i = 0; i < json_count(names); i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", json_text(json_item(names, i), ""));
    if (count > (long long)json_count(names))
        fprintf(out, " and %lld more", count - (long long)json_count(names));
    fputc('\n', out);
}

static void print_findings(FILE *out, const struct json *findings)
{
    static const struct {
        const char *severity, *mark;
    } kinds[] = {{"refuse", "BREAKS"}, {"warn", "mind"}, {"info", "known"}};

    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t i = 0; i < json_count(findings); i++) {
            const struct json *finding = json_item(findings, i);

            if (strcmp(text(finding, "severity"), kinds[kind].severity) == 0)
                fprintf(out, "  %-7s %s\n", kinds[kind].mark, text(finding, "text"));
        }
    }
}

static void print_landings(FILE *out, const struct json *landings)
{
    for (size_t i = 0; i < json_count(landings); i++) {
        const struct json *landing = json_item(landings, i);

        fprintf(out, "  %lld robots' %s goes to %s of %s, contract %s\n", number(landing, "robots"),
                text(landing, "use"), text(landing, "model"), text(landing, "vendor"),
                text(landing, "contract"));
    }
}

static void print_money(FILE *out, const struct json *money)
{
    char amount[AMOUNT_SIZE];

    for (size_t i = 0; i < json_count(money); i++) {
        const struct json *item = json_item(money, i);

        fprintf(out, "  a day of it costs %s %s under %s%s\n",
                grouped(text(item, "per_day"), amount), text(item, "currency"),
                text(item, "contract"),
                json_bool(json_member(item, "lands"), false) ? "" : ", where it is now");
    }
}

static void print_limits(FILE *out, const struct json *rooms, const struct json *rates)
{
    char limit[AMOUNT_SIZE], stay[AMOUNT_SIZE], end[AMOUNT_SIZE];

    if (json_count(rooms) + json_count(rates) > 0)
        fprintf(out, "\n  %-34s %14s %14s %14s %8s\n", "limit where it lands", "at most", "now",
                "with it", "carries");
    for (size_t i = 0; i < json_count(rooms); i++) {
        const struct json *room = json_item(rooms, i);

        fprintf(out, "  %-34s %14s %14s %14s %6lld %% %s%s\n", text(room, "source"),
                grouped(text(room, "limit"), limit), grouped(text(room, "stay"), stay),
                grouped(text(room, "at_end"), end), number(room, "carries"), text(room, "unit"),
                json_bool(json_member(room, "hard"), false) ? "" : " (soft)");
    }
    for (size_t i = 0; i < json_count(rates); i++) {
        const struct json *rate = json_item(rates, i);

        fprintf(out, "  %-34s %14lld %14lld %14lld %6lld %% %s%s\n", text(rate, "contract"),
                number(rate, "limit"), number(rate, "stay"), number(rate, "at_end"),
                number(rate, "carries"), text(rate, "metric"),
                json_bool(json_member(rate, "hard"), false) ? "" : " (soft)");
    }
}

void drain_print_room(FILE *out, const struct json *room)
{
    fprintf(out, "%lld robots are led away from %s: %s\n", number(room, "robots"),
            text(room, "vendor"),
            json_bool(json_member(room, "fits"), false) ? "it fits" : "IT DOES NOT FIT");
    print_landings(out, json_member(room, "landings"));
    if (number(room, "kept") > 0) {
        fprintf(out, "  no other route for some use: ");
        print_names(out, json_member(room, "kept_first"), number(room, "kept"));
    }
    print_money(out, json_member(room, "money"));
    print_findings(out, json_member(room, "findings"));
    print_limits(out, json_member(room, "headroom"), json_member(room, "rates"));
    if (json_count(json_member(room, "landings")) > 0)
        fprintf(out, "\n  as metered in the last %lld hours, and as if it lasted\n",
                number(room, "hours"));
}

/* "3.210" of whole seconds and their thousandths; what is not known yet as a dash. */
static void print_seconds(FILE *out, const char *title, const struct json *seconds)
{
    if (json_type(seconds) == JSON_NULL || seconds == NULL)
        fprintf(out, "  %-18s -\n", title);
    else
        fprintf(out, "  %-18s %.1f s\n", title, json_double(seconds, 0));
}

static void print_report(FILE *out, const struct json *drain, const struct json *report)
{
    const struct json *landed = json_member(report, "landed");
    const struct json *money = json_member(report, "money");
    const long long robots = number(report, "robots");

    fprintf(out, "  %-18s %lld of %lld\n", "moved", number(report, "moved"), robots);
    if (number(drain, "offline") > 0)
        fprintf(out, "  %-18s %lld of them when it began: they cannot move before they are back\n",
                "offline", number(drain, "offline"));
    print_seconds(out, "half of them in", json_member(report, "median_moved_s"));
    print_seconds(out, "the last in", json_member(report, "last_moved_s"));
    if (json_count(json_member(report, "not_moved")) > 0) {
        fprintf(out, "  %-18s ", "not moved");
        print_names(out, json_member(report, "not_moved"), robots - number(report, "moved"));
    }
    fprintf(out, "  %-18s %lld, %lld of them failed\n", "answers elsewhere",
            number(landed, "attempts"), number(landed, "failed"));
    if (number(landed, "first_token_ms") > 0)
        fprintf(out, "  %-18s %lld ms (median)\n", "first token", number(landed, "first_token_ms"));
    for (size_t i = 0; i < json_count(money); i++)
        fprintf(out, "  %-18s %s %s\n", "they cost", text(json_item(money, i), "price"),
                text(json_item(money, i), "currency"));
    if (number(report, "strayed") > 0)
        fprintf(out, "  %-18s %lld\n", "still asked it", number(report, "strayed"));
    if (json_type(json_member(drain, "return_at")) == JSON_NULL)
        return;
    fprintf(out, "  %-18s %lld of %lld\n", "back", number(report, "back"), robots);
    print_seconds(out, "the last in", json_member(report, "last_back_s"));
}

void drain_print(FILE *out, const struct json *drain)
{
    const char *share = text(drain, "share");

    fprintf(out, "%s %lld of %s: %s%s%s%s%s\n", text(drain, "kind"), number(drain, "id"),
            text(drain, "vendor"), text(drain, "state"), *share ? ", " : "", share,
            *text(drain, "reason") ? ", " : "", text(drain, "reason"));
    fprintf(out, "  %-18s %s by %s\n", "from", text(drain, "from"), text(drain, "author"));
    if (*text(drain, "until"))
        fprintf(out, "  %-18s %s\n", "until", text(drain, "until"));
    if (*text(drain, "return_at"))
        fprintf(out, "  %-18s %s by %s\n", "given back", text(drain, "return_at"),
                text(drain, "returned_by"));
    if (number(drain, "kept") > 0) {
        fprintf(out, "  %-18s ", "kept it");
        print_names(out, json_member(drain, "kept_first"), number(drain, "kept"));
    }
    if (json_type(json_member(drain, "report")) == JSON_OBJECT)
        print_report(out, drain, json_member(drain, "report"));
}

void drain_print_list(FILE *out, const struct json *drains)
{
    for (size_t i = 0; i < json_count(drains); i++) {
        const struct json *drain = json_item(drains, i);
        const char *until = text(drain, "until"), *reason = text(drain, "reason");

        fprintf(out, "%s %lld: %s from %s%s%s, %lld of %lld robots moved%s%s\n",
                text(drain, "kind"), number(drain, "id"), text(drain, "state"), text(drain, "from"),
                *until ? " until " : "", until, number(drain, "moved"), number(drain, "robots"),
                *reason ? ": " : "", reason);
    }
}

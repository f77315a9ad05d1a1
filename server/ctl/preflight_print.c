#include "server/ctl/preflight_print.h"

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
    snprintf(out, AMOUNT_SIZE, "%s", *amount ? amount : "not told");
    if (*amount)
        amount_group(out);
    return out;
}

static void print_findings(FILE *out, const struct json *findings)
{
    static const struct {
        const char *severity, *mark;
    } kinds[] = {{"refuse", "REFUSED"}, {"warn", "mind"}, {"info", "known"}};

    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t i = 0; i < json_count(findings); i++) {
            const struct json *finding = json_item(findings, i);

            if (strcmp(text(finding, "severity"), kinds[kind].severity) != 0)
                continue;
            fprintf(out, "  %-8s", kinds[kind].mark);
            if (number(finding, "wave") > 0)
                fprintf(out, "from wave %lld: ", number(finding, "wave"));
            fprintf(out, "%s\n", text(finding, "text"));
        }
    }
}

static void print_contracts(FILE *out, const struct json *contracts)
{
    char stay[AMOUNT_SIZE], end[AMOUNT_SIZE];

    fprintf(out, "\n  %-24s %18s %18s\n", "contract's whole term", "if nobody moves",
            "when all have");
    for (size_t i = 0; i < json_count(contracts); i++) {
        const struct json *contract = json_item(contracts, i);
        const struct json *promises = json_member(contract, "commitments");

        fprintf(out, "  %-24s %18s %18s %s%s\n", text(contract, "contract"),
                grouped(text(contract, "amount"), stay),
                grouped(text(contract, "amount_at_end"), end), text(contract, "currency"),
                json_bool(json_member(contract, "joined"), false) ? "  (joined)" : "  (left)");
        for (size_t k = 0; k < json_count(promises); k++) {
            const struct json *promise = json_item(promises, k);

            fprintf(out, "    %-22s %18s %18s   commitment's shortfall\n", text(promise, "name"),
                    grouped(text(promise, "amount"), stay),
                    grouped(text(promise, "amount_at_end"), end));
        }
    }
}

static void print_waves(FILE *out, const struct json *waves)
{
    char amount[AMOUNT_SIZE];

    fprintf(out, "\n  wave   robots\n");
    for (size_t i = 0; i < json_count(waves); i++) {
        const struct json *wave = json_item(waves, i);
        const struct json *costs = json_member(wave, "costs");

        fprintf(out, "  %4lld %8lld", number(wave, "wave"), number(wave, "robots"));
        for (size_t k = 0; k < json_count(costs); k++) {
            const struct json *cost = json_item(costs, k);

            fprintf(out, "   %s %s %s", text(cost, "contract"),
                    grouped(text(cost, "amount"), amount), text(cost, "currency"));
        }
        fprintf(out, "\n");
    }
}

static void print_headroom(FILE *out, const struct json *rooms)
{
    char limit[AMOUNT_SIZE], stay[AMOUNT_SIZE], end[AMOUNT_SIZE];

    fprintf(out, "\n  %-34s %16s %16s %16s\n", "cap or budget", "limit", "if nobody moves",
            "when all have");
    for (size_t i = 0; i < json_count(rooms); i++) {
        const struct json *room = json_item(rooms, i);

        fprintf(out, "  %-34s %16s %16s %16s %s%s\n", text(room, "source"),
                grouped(text(room, "limit"), limit), grouped(text(room, "stay"), stay),
                grouped(text(room, "at_end"), end), text(room, "unit"),
                json_bool(json_member(room, "hard"), false) ? "" : " (soft)");
    }
}

void preflight_print(FILE *out, const struct json *document)
{
    fprintf(out, "%lld robots would move%s\n", number(document, "robots"),
            json_bool(json_member(document, "refused"), false) ? ": REFUSED" : "");
    print_findings(out, json_member(document, "findings"));
    if (json_count(json_member(document, "contracts")) > 0) {
        print_contracts(out, json_member(document, "contracts"));
        print_waves(out, json_member(document, "waves"));
    }
    if (json_count(json_member(document, "headroom")) > 0)
        print_headroom(out, json_member(document, "headroom"));
    if (json_count(json_member(document, "contracts")) > 0)
        fprintf(out, "\n  as metered in the last %lld hours; robots followed until %s\n",
                number(document, "hours"), text(document, "until"));
}

/* whatif : what contracts would cost for every size of the fleet, and which is cheapest where */
#include <stdlib.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/comparison_print.h"
#include "server/ctl/contract_file.h"
#include "server/ctl/contract_stored.h"
#include "server/ctl/noun.h"
#include "server/money/profile.h"
#include "server/ctl/yaml.h"

#define ARENA_BYTES (512u << 20)
#define BAR_COLUMNS 72
#define MOST_RATES  8

/* One run; what is not a contract's lives in the arena. */
struct run {
    struct ctl *ctl;
    struct arena *arena;
    struct arena *arenas[CURVE_MOST]; /* of the contracts */
    struct comparison comparison;
    struct comparison_side sides[CURVE_MOST];
    struct comparison_rate rates[MOST_RATES];
    struct whatif_profile profile;
    struct period_range term; /* of contracts that have none */
    bool has_term;
};

static int read_devices(struct run *run)
{
    const char *text = args_option(&run->ctl->args, "devices", NULL);
    const char *dots = text ? strstr(text, "..") : NULL;
    struct comparison *comparison = &run->comparison;

    if (dots == NULL || span_to_int64(span_of(text, (size_t)(dots - text)), &comparison->from) ||
        span_to_int64(span_text(dots + 2), &comparison->to) || comparison->from < 0 ||
        comparison->from > comparison->to || comparison->to >= WHATIF_MOST_DEVICES)
        return ctl_misuse("how many robots? give --devices LO..HI, like --devices 0..60000");
    comparison->at = comparison->to;
    const char *at = args_option(&run->ctl->args, "at", NULL);
    if (at != NULL && (span_to_int64(span_text(at), &comparison->at) || comparison->at < 0 ||
                       comparison->at >= WHATIF_MOST_DEVICES))
        return ctl_misuse("--at takes a number of robots, not \"%s\"", at);
    return CTL_DONE;
}

/* "USD=7.1234@2026-11-01" */
static int read_rate(struct run *run, const char *text)
{
    struct comparison_rate *rate = &run->rates[run->comparison.rate_count];
    const char *at = strchr(text, '@');
    struct decimal number;
    int64_t day;

    if (run->comparison.rate_count == MOST_RATES)
        return ctl_misuse("more than %d rates", MOST_RATES);
    if (strlen(text) < 5 || text[3] != '=' || at == NULL ||
        decimal_parse(span_of(text + 4, (size_t)(at - text - 4)), &number) != STATUS_OK ||
        number.units <= 0 || zone_parse_date(span_text(at + 1), &day) != STATUS_OK)
        return ctl_misuse("--rate takes CURRENCY=RATE@DATE, like USD=7.1234@2026-11-01, not \"%s\"",
                          text);
    memcpy(rate->currency, text, 3);
    rate->rate = fraction_of_decimal(number);
    rate->text = arena_text(run->arena, span_of(text + 4, (size_t)(at - text - 4)));
    rate->date = at + 1;
    run->comparison.rate_count++;
    return CTL_DONE;
}

static int read_rates(struct run *run)
{
    const struct args *args = &run->ctl->args;
    int result = CTL_DONE;

    for (size_t i = 0; i < args->options && result == CTL_DONE; i++)
        if (strcmp(args->option_names[i], "rate") == 0)
            result = read_rate(run, args->option_values[i]);
    run->comparison.rates = run->rates;
    return result;
}

static int read_term(struct run *run)
{
    const char *text = args_option(&run->ctl->args, "term", NULL);
    const char *dots = text ? strstr(text, "..") : NULL;

    if (text == NULL)
        return CTL_DONE;
    if (dots == NULL ||
        zone_parse_date(span_of(text, (size_t)(dots - text)), &run->term.first) != STATUS_OK ||
        zone_parse_date(span_text(dots + 2), &run->term.end) != STATUS_OK ||
        run->term.first >= run->term.end)
        return ctl_misuse("--term takes FROM..TO, like 2026-01-01..2027-01-01, not \"%s\"", text);
    run->has_term = true;
    return CTL_DONE;
}

/* text is the file's, for telling a line; of a server's answer NULL. */
static int take_profile(struct run *run, const struct json *document, const char *source,
                        const struct span *text)
{
    struct json_problem problem;
    enum status status = profile_read(document, run->arena, &run->profile, &problem);

    if (status == STATUS_OK)
        return CTL_DONE;
    if (status != STATUS_INVALID)
        return ctl_fail("%s: %s", source, status_text(status));
    if (text == NULL)
        return ctl_fail("%s: %s: %s", source, problem.pointer, problem.detail);
    return ctl_fail("%s:%zu: %s%s%s", source, yaml_line(*text, problem.pointer),
                    *problem.pointer ? problem.pointer + 1 : "", *problem.pointer ? ": " : "",
                    problem.detail);
}

static int profile_from_file(struct run *run, const char *path)
{
    uint8_t *data;
    size_t size;
    char problem[160];
    struct json *json;

    if (ctl_read_file(path, &data, &size) != CTL_DONE)
        return CTL_FAILED;
    const struct span text = span_of(data, size);
    int result = CTL_FAILED;
    if (json_parse(text, &json, problem) == STATUS_OK) {
        result = take_profile(run, json, path, &text);
        json_free(json);
    } else {
        ctl_fail("\"%s\": %s", path, problem);
    }
    free(data);
    run->comparison.source = path;
    return result;
}

/* The server measures: {"devices", "device_days", "from", "to", "profile": {...}}. */
static int profile_from_usage(struct run *run, const char *days)
{
    struct client_answer answer;
    struct json *json;
    int64_t count;
    const size_t length = strlen(days);

    if (length < 2 || days[length - 1] != 'd' ||
        span_to_int64(span_of(days, length - 1), &count) != STATUS_OK || count < 1)
        return ctl_misuse("--from-usage takes a number of days, like 30d, not \"%s\"", days);
    const char *number = arena_text(run->arena, span_of(days, length - 1));
    int result = ctl_send_to(run->ctl, "GET", span_text(""), NULL, &answer,
                             "/api/v1/usage/profile?days=", number, (char *)NULL);
    if (result == CTL_DONE)
        result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    const int64_t device_days = json_int(json_member(json, "device_days"), 0);
    if (device_days == 0)
        result = ctl_fail("no robot used anything in these %s days", number);
    else
        result = take_profile(run, json_member(json, "profile"), "the server's profile", NULL);
    run->comparison.source = arena_format(
        run->arena, "measured from %s to %s over %lld robot-days of %lld robots",
        json_text(json_member(json, "from"), ""), json_text(json_member(json, "to"), ""),
        (long long)device_days, (long long)json_int(json_member(json, "devices"), 0));
    json_free(json);
    return run->comparison.source ? result : ctl_fail("out of memory");
}

/* "dahan-chat=erxian-mini" */
static int take_substitute(struct run *run, const char *text)
{
    const char *equals = strchr(text, '=');
    bool found = false;

    if (equals == NULL)
        return ctl_misuse("--as takes MODEL=MODEL, not \"%s\"", text);
    for (size_t i = 0; i < run->profile.count; i++) {
        struct whatif_usage *row = (struct whatif_usage *)&run->profile.usage[i];

        if (!span_equal_text(span_of(text, (size_t)(equals - text)), row->model))
            continue;
        row->instead = equals + 1;
        found = true;
    }
    return found ? CTL_DONE
                 : ctl_fail("the profile has no model \"%.*s\"", (int)(equals - text), text);
}

static int read_profile(struct run *run)
{
    const struct args *args = &run->ctl->args;
    const char *path = args_option(args, "profile", NULL);
    const char *days = args_option(args, "from-usage", NULL);

    if ((path == NULL) == (days == NULL))
        return ctl_misuse("what does a robot use? give either --profile FILE or --from-usage 30d");
    int result = path ? profile_from_file(run, path) : profile_from_usage(run, days);
    for (size_t i = 0; i < args->options && result == CTL_DONE; i++)
        if (strcmp(args->option_names[i], "as") == 0)
            result = take_substitute(run, args->option_values[i]);
    run->comparison.profile = &run->profile;
    return result;
}

/* Gives the terms of a contract without an end the days that --term says. name is its file or
 * id. */
static int limit_term(struct run *run, const char *name, struct contract *contract)
{
    if (contract->term_first != CONTRACT_NO_DAY && contract->term_end != CONTRACT_NO_DAY)
        return CTL_DONE;
    if (!run->has_term)
        return ctl_fail("\"%s\" has no term; give the days to look at with --term FROM..TO", name);
    return comparison_limit(contract, run->term, run->arena) == STATUS_OK
               ? CTL_DONE
               : ctl_fail("out of memory");
}

/* value is a file's path, or the id of one that the server keeps. */
static int read_contract(struct run *run, const char *value, bool is_stored)
{
    const size_t number = run->comparison.side_count;
    struct comparison_side *side = &run->sides[number];

    if (number == CURVE_MOST)
        return ctl_misuse("more than %d contracts", CURVE_MOST);
    int result =
        is_stored ? contract_stored_read(run->ctl, value, &run->arenas[number], &side->contract,
                                         &side->zone)
                  : contract_file_read(value, &run->arenas[number], &side->contract, &side->zone);
    if (result != CTL_DONE)
        return result;
    run->comparison.side_count++;
    return limit_term(run, value, &side->contract);
}

static int settle(struct run *run)
{
    char problem[256] = "";
    const char *wanted;

    if (comparison_settle(&run->comparison, &wanted, problem) == STATUS_OK)
        return CTL_DONE;
    return wanted ? ctl_fail("%s, like --rate %s=7.1234@2026-11-01", problem, wanted)
                  : ctl_fail("%s", problem);
}

static int read_contracts(struct run *run)
{
    const struct args *args = &run->ctl->args;
    int result = CTL_DONE;

    for (size_t i = 0; i < args->options && result == CTL_DONE; i++) {
        const bool is_stored = strcmp(args->option_names[i], "stored") == 0;

        if (is_stored || strcmp(args->option_names[i], "contract") == 0)
            result = read_contract(run, args->option_values[i], is_stored);
    }
    if (result == CTL_DONE && run->comparison.side_count == 0)
        result = ctl_misuse("which contracts? give --contract FILE for each document, --stored "
                            "CONTRACT for each that the server keeps");
    return result == CTL_DONE ? settle(run) : result;
}

static int show(const struct run *run)
{
    struct buffer text;
    struct json_writer writer;

    if (!run->ctl->json) {
        comparison_print(&run->comparison, stdout, BAR_COLUMNS);
        return CTL_DONE;
    }
    buffer_init(&text, 64u << 20);
    json_writer_init(&writer, &text);
    comparison_write(&run->comparison, NULL, &writer);
    int result = buffer_status(&text) == STATUS_OK ? CTL_DONE : ctl_fail("the answer is too long");
    if (result == CTL_DONE)
        printf("%s\n", buffer_cstring(&text));
    buffer_release(&text);
    return result;
}

static int compare(struct run *run)
{
    char problem[256] = "";
    int result = read_devices(run);

    if (result == CTL_DONE)
        result = read_rates(run);
    if (result == CTL_DONE)
        result = read_term(run);
    if (result == CTL_DONE)
        result = read_profile(run);
    if (result == CTL_DONE)
        result = read_contracts(run);
    if (result != CTL_DONE)
        return result;
    if (comparison_make(&run->comparison, problem) != STATUS_OK)
        return ctl_fail("%s", problem);
    return show(run);
}

static int whatif(struct ctl *ctl)
{
    struct run *run = calloc(1, sizeof *run);

    if (run == NULL || arena_create(&run->arena, ARENA_BYTES) != STATUS_OK) {
        free(run);
        return ctl_fail("out of memory");
    }
    run->ctl = ctl;
    run->comparison.arena = run->arena;
    run->comparison.sides = run->sides;
    int result = compare(run);
    comparison_release(&run->comparison);
    for (size_t i = 0; i < run->comparison.side_count; i++)
        arena_free(run->arenas[i]);
    arena_free(run->arena);
    free(run);
    return result;
}

const struct ctl_verb noun_whatif_verbs[] = {
    {NULL, "whatif", "", 0, 0,
     "contract=FILE...(a document, YAML or JSON; once for each) "
     "stored=CONTRACT...(one that the server keeps, with all its versions; once for each) "
     "profile=FILE(a file of what one robot uses; this or from-usage) "
     "from-usage=DAYS(measured over so many days, as 30d) "
     "devices=LO..HI*(fleet sizes, as 0..60000) "
     "at=NUMBER(the fleet size of the points; default HI) "
     "as=MODEL=MODEL(what a contract serves instead) "
     "rate=CURRENCY=RATE@DATE(as USD=7.1234@2026-11-01) "
     "term=FROM..TO(for contracts without one, TO being the day after the last)",
     "what contracts would cost by fleet size, and which is cheapest where\n"
     "What each contract would cost over its whole term for every number of robots from LO to "
     "HI, exactly; in which intervals each is cheapest, ties with them; and for NUMBER robots, "
     "by default HI, the bill, its share per robot, what the next robot adds, what is paid for "
     "unused commitments, and the bill if each robot used 20 or 10 per cent less or more. All "
     "robots are alike and use what a profile says, which is either a FILE or measured by the "
     "server over the last DAYS.\n"
     "\n"
     "A profile is "
     "`{\"per\":\"month\",\"models\":{\"m\":{\"input_uncached\":1500000,\"output\":500000}}}` "
     "for one robot, where `per` may be day, week, month, quarter or year, the first beginning "
     "with the term; or "
     "`{\"per\":\"day\",\"usage\":[{\"model\":\"m\",\"at\":\"20:30\",\"service_tier\":\"batch\","
     "\"metrics\":{\"output\":900},\"amount\":\"0.5\"}]}` "
     "where the hour, the service tier, or money that the usage tells matter. Quantities are "
     "spread evenly over the days of their period. A contract that has prices, and lacks them "
     "for a MODEL, is asked for what --as names instead; one that still lacks a price is told "
     "and left out.\n"
     "\n"
     "Contracts in other currencies need a dated RATE of theirs: exact amounts are converted, "
     "for the comparison alone. Terms must have one length; --term gives one to contracts that "
     "have none.\n"
     "\n"
     "Costs by robots are exact, before any rounding: with `--json`, `contracts[].segments[]` "
     "have `from` and `to` (both inclusive), `fixed` and `per_device`, so that n robots cost "
     "fixed + n * per_device, as decimals or as numerator/denominator. Started packages that "
     "robots share make a segment of every step, up to 200,000 of them; for people, equal steps "
     "are folded into one line and long lists are cut off. A contract of more, or of numbers "
     "that do not fit, has no segments, is left out of `cheapest[]` and says so in "
     "`contracts[].no_segments`, or in `contracts[].no_cost` instead of `at` and `sensitivity`; "
     "the others keep their answers.\n"
     "\n"
     "A bill rounds each of its lines, and is `contracts[].at.cost`; `contracts[].at.exact` is "
     "the same before any rounding, and `contracts[].at.converted` that in the comparison's "
     "`currency`, rounded after the conversion alone. `contracts[].at` also has `devices`, "
     "`per_device` (of the exact cost), `next_device` (what one more robot adds, exactly), "
     "`unused_commitment` and its `commitments[]` with `commitment`, `period` and `shortfall`; "
     "`contracts[].sensitivity[]` has `usage_percent` and `cost`; `contracts[].unpriced[]` has "
     "`model` and `metric`. `cheapest[]` has `from`, `to` and `contracts` (and their `places` "
     "among those asked for, from 0), several on a tie, by exact amounts in `currency`. Needs "
     "no server but with --from-usage and --stored.\n"
     "\n"
     "    mynactl whatif --stored dahan-2026 --contract offer.yaml --from-usage 30d --devices "
     "0..60000",
     whatif},
    {0},
};

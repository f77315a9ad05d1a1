/* budget, pool ... : our own caps, and the running accounts of all caps */
#include <stdlib.h>
#include <string.h>

#include "schema/base/clock.h"
#include "schema/base/json.h"
#include "server/ctl/noun.h"
#include "server/ctl/points.h"

#define NOTHING span_text("")

static const struct view_column columns[] = {
    {"budget", "id", VIEW_TEXT},         {"scope", "scope", VIEW_TEXT},
    {"subject", "subject", VIEW_TEXT},   {"unit", "pool.unit", VIEW_TEXT},
    {"at most", "at_most", VIEW_MONEY},  {"per", "per", VIEW_TEXT},
    {"spent", "pool.spent", VIEW_MONEY}, {"outstanding", "pool.outstanding", VIEW_MONEY},
    {"free", "pool.free", VIEW_MONEY},   {"over", "pool.over", VIEW_YES},
    {"hard", "hard", VIEW_YES}};
#define COLUMNS (sizeof columns / sizeof *columns)

static int list(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/budgets", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, COLUMNS) : result;
}

static void print_budget(const struct json *budget)
{
    static const struct view_column sheet[] = {
        {"budget", "id", VIEW_TEXT},         {"scope", "scope", VIEW_TEXT},
        {"subject", "subject", VIEW_TEXT},   {"unit", "pool.unit", VIEW_TEXT},
        {"at most", "at_most", VIEW_MONEY},  {"per", "per", VIEW_TEXT},
        {"zone", "zone", VIEW_TEXT},         {"models", "models", VIEW_JSON},
        {"spent", "pool.spent", VIEW_MONEY}, {"outstanding", "pool.outstanding", VIEW_MONEY},
        {"free", "pool.free", VIEW_MONEY},   {"over", "pool.over", VIEW_YES},
        {"hard", "hard", VIEW_YES},          {"note", "note", VIEW_TEXT},
    };
    struct buffer points;

    view_sheet(stdout, budget, sheet, sizeof sheet / sizeof *sheet, clock_wall_ms());
    buffer_init(&points, 16384);
    points_print(json_member(budget, "thresholds"), &points);
    printf("thresholds   %.*s\n", (int)buffer_span(&points).size,
           (const char *)buffer_span(&points).data);
    buffer_release(&points);
}

int noun_budget_show(struct ctl *ctl, const char *id)
{
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/budgets/", id, (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    print_budget(json);
    json_free(json);
    return CTL_DONE;
}

static int get(struct ctl *ctl)
{
    return noun_budget_show(ctl, ctl->args.words[0]);
}

/* Members of the same names as the options. */
static void write_texts(struct ctl *ctl, struct json_writer *writer, const char *const *names)
{
    for (; *names; names++) {
        const char *value = args_option(&ctl->args, *names, NULL);

        if (!value)
            continue;
        json_key(writer, strcmp(*names, "at-most") == 0 ? "at_most" : *names);
        json_write_text(writer, span_text(value));
    }
}

static void write_hard(struct ctl *ctl, struct json_writer *writer)
{
    const char *hard = args_option(&ctl->args, "hard", NULL);

    if (!hard)
        return;
    json_key(writer, "hard");
    if (strcmp(hard, "true") == 0 || strcmp(hard, "false") == 0)
        json_write_bool(writer, hard[0] == 't');
    else
        json_write_text(writer, span_text(hard)); /* the server says what it must be */
}

static void write_models(struct ctl *ctl, struct json_writer *writer)
{
    const char *models = args_option(&ctl->args, "models", NULL);

    if (!models)
        return;
    json_key(writer, "models");
    json_begin_array(writer);
    while (*models) {
        const size_t size = strcspn(models, ",");

        json_write_text(writer, span_of(models, size));
        models += size + (models[size] == ',');
    }
    json_end_array(writer);
}

static int write_thresholds(struct ctl *ctl, struct json_writer *writer)
{
    const char *text = args_option(&ctl->args, "thresholds", NULL);
    char problem[160];

    if (!text)
        return CTL_DONE;
    json_key(writer, "thresholds");
    if (points_write(text, writer, problem) == STATUS_OK)
        return CTL_DONE;
    ctl_fail("--thresholds: %s", problem);
    return CTL_USAGE;
}

static int create(struct ctl *ctl)
{
    static const char *const texts[] = {"scope", "subject", "metric", "currency", "at-most",
                                        "per",   "zone",    "note",   NULL};
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 16384);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "id");
    json_write_text(&writer, span_text(ctl->args.words[0]));
    write_texts(ctl, &writer, texts);
    write_hard(ctl, &writer);
    write_models(ctl, &writer);
    int result = write_thresholds(ctl, &writer);
    json_end_object(&writer);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/budgets",
                             (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "made budget %s", ctl->args.words[0])
                              : result;
}

static int set(struct ctl *ctl)
{
    static const char *const texts[] = {"at-most", "note", NULL};
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 16384);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    write_texts(ctl, &writer, texts);
    write_hard(ctl, &writer);
    int result = write_thresholds(ctl, &writer);
    json_end_object(&writer);
    if (result == CTL_DONE)
        result = ctl_send_to(ctl, "PATCH", buffer_span(&body), NULL, &answer, "/api/v1/budgets/",
                             ctl->args.words[0], (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "changed budget %s", ctl->args.words[0])
                              : result;
}

static int delete (struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "DELETE", NOTHING, NULL, &answer, "/api/v1/budgets/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? ctl_say(ctl, &answer, "deleted budget %s", ctl->args.words[0])
                              : result;
}

static int list_pools(struct ctl *ctl)
{
    static const struct view_column pools[] = {
        {"pool", "name", VIEW_TEXT},          {"number", "pool", VIEW_NUMBER},
        {"unit", "unit", VIEW_TEXT},          {"from", "period.from", VIEW_DAY},
        {"last day", "period.to", VIEW_LAST}, {"limit", "limit", VIEW_MONEY},
        {"spent", "spent", VIEW_MONEY},       {"outstanding", "outstanding", VIEW_MONEY},
        {"free", "free", VIEW_MONEY},         {"over", "over", VIEW_YES}};
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/pools?open=true", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, pools, sizeof pools / sizeof *pools)
                              : result;
}

/* A robot's lines, each a row; what the robot holds in all stands in the first. */
static void write_lines(struct json_writer *writer, const struct json *holder)
{
    static const char *const route[] = {"vendor", "model", "contract"};
    const struct json *lines = json_member(holder, "lines");

    for (size_t i = 0; i < json_count(lines); i++) {
        const struct json *line = json_item(lines, i);

        json_begin_object(writer);
        if (i == 0) {
            json_write_member(writer, "device", json_text(json_member(holder, "device"), ""));
            json_write_member(writer, "all", json_text(json_member(holder, "outstanding"), ""));
            json_write_member(writer, "seen", json_text(json_member(holder, "last_seen"), ""));
        }
        for (size_t k = 0; k < sizeof route / sizeof *route; k++)
            json_write_member(writer, route[k],
                              json_text(json_member(json_member(line, "route"), route[k]), ""));
        json_write_member(writer, "of_line", json_text(json_member(line, "outstanding"), ""));
        json_end_object(writer);
    }
}

static int show_holders(const struct json *answer)
{
    static const struct view_column held[] = {
        {"robot", "device", VIEW_TEXT},     {"holds", "all", VIEW_AMOUNT},
        {"last seen", "seen", VIEW_TIME},   {"of it", "of_line", VIEW_AMOUNT},
        {"vendor", "vendor", VIEW_TEXT},    {"model", "model", VIEW_TEXT},
        {"contract", "contract", VIEW_TEXT}};
    const struct json *items = json_member(answer, "items");
    const struct json *pool = json_member(answer, "pool");
    struct json_writer writer;
    struct buffer text;
    struct json *rows;

    buffer_init(&text, 16u << 20);
    json_writer_init(&writer, &text);
    json_begin_array(&writer);
    for (size_t i = 0; i < json_count(items); i++)
        write_lines(&writer, json_item(items, i));
    json_end_array(&writer);
    enum status status = buffer_status(&text);
    if (status == STATUS_OK)
        status = json_parse(buffer_span(&text), &rows, NULL);
    buffer_release(&text);
    if (status != STATUS_OK)
        return ctl_fail("the answer is too long");
    printf("%s: %s %s held by %lld robots\n\n", json_text(json_member(pool, "name"), ""),
           json_text(json_member(pool, "outstanding"), ""),
           json_text(json_member(pool, "unit"), ""),
           (long long)json_int(json_member(answer, "robots"), 0));
    view_table(stdout, rows, held, sizeof held / sizeof *held, 0);
    json_free(rows);
    return CTL_DONE;
}

static int list_holders(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/pools/", ctl->args.words[0],
                    "/holders?after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    if (result != CTL_DONE || ctl->json)
        return result == CTL_DONE ? ctl_show(ctl, &answer, NULL, 0) : result;
    result = ctl_parse(&answer, &json);
    if (result != CTL_DONE)
        return result;
    result = show_holders(json);
    const char *next = json_text(json_member(json, "next"), NULL);
    if (result == CTL_DONE && next != NULL)
        printf("\nmore with --after %s\n", next);
    json_free(json);
    return result;
}

const struct ctl_verb noun_budget_verbs[] = {
    {"budget", "list", "", 0, 0, "",
     "our own caps: spent, outstanding, free\n"
     "Our own caps, with what is spent in the present period, what is outstanding (credit that "
     "robots hold and have not used), and what is free.",
     list},
    {"budget", "get", "BUDGET", 1, 1, "",
     "one of them\n"
     "One of them, with its thresholds in the words that `budget set` takes.",
     get},
    {"budget", "create", "BUDGET", 1, 1,
     "scope=fleet|group|device|vendor|contract* "
     "subject=NAME(its id; required but of the fleet) "
     "metric=METRIC*(spend, output, input, tokens, requests or another that records hold, "
     "several joined by +) "
     "currency=CODE(of spend, as CNY; required of spend alone) "
     "at-most=AMOUNT*(a number, as 200000 or 150.50) "
     "per=day|week|month|quarter|year|once* "
     "zone=ZONE(whose days, as Asia/Shanghai; default UTC) "
     "models=NAME,...(names with commas; default all) "
     "hard=true|false(true, or false: counted, and not kept by robots; default true) "
     "note=TEXT(up to 200 bytes) "
     "thresholds=AT=ACTION,...(points with commas, as 80%=alert,100%=block, or none; default "
     "80%=alert,100%=alert)",
     "cap fleet, group, device, vendor or contract\n"
     "Cap what may be used. The metric is one that usage records hold, as `output` or "
     "`requests`; `input` and `tokens` are sums, others are joined by `+`; `spend` is money in "
     "the given currency. Robots keep within a hard budget, also offline; one that is not hard "
     "is only counted. Periods begin at midnight in the zone, which is UTC unless told "
     "otherwise. Money of a currency that none of the contracts it covers is billed in is "
     "refused.\n"
     "\n"
     "A threshold is a share of the limit or an amount, and what is done there once a period, "
     "joined by `+`: `alert`, `canned`, `block`, `throttle:`TURNS, `throttle:`TURNS/TOKENS or "
     "`fall_back_to:`CONTRACT; with `shadow` it only says what it would have done, with "
     "`rearm:`SHARE it ends by itself below that share, and `name:`NAME names it. It acts on "
     "the robots that the budget counts; of a vendor's, those with a route to it. "
     "`80%=alert,100%=alert` stands unless told otherwise, `none` leaves out even those.\n"
     "\n"
     "    mynactl budget create desk-day --scope group --subject desk --metric output \\\n"
     "        --at-most 200000 --per day \\\n"
     "        --thresholds 80%=alert,100%=alert+fall_back_to:erxian-2026",
     create},
    {"budget", "set", "BUDGET", 1, 1,
     "at-most=AMOUNT(a number) "
     "hard=true|false "
     "note=TEXT(up to 200 bytes) "
     "thresholds=AT=ACTION,...(points with commas, as 80%=alert,100%=block, or none)",
     "move a limit\n"
     "Move a limit, or say other thresholds. A limit below what is spent and outstanding is "
     "shown as over: credit is asked back from the robots at once, and none is given until it "
     "fits.",
     set},
    {"budget", "delete", "BUDGET", 1, 1, "", "lift a limit", delete},
    {"pool", "list", "", 0, 0, "",
     "running accounts of all caps\n"
     "The running accounts of all caps, of contracts and budgets, in their present periods, "
     "which are told by their first and last day where the cap counts them.",
     list_pools},
    {"pool", "holders", "POOL", 1, 1, "after=NEXT(where to go on: what the page before told)",
     "which robots hold a pool's credit\n"
     "The robots that hold credit of the pool with that number (`pool list` tells it), those "
     "first that hold most, with the routes that each may use it for. It is no spend yet; what a "
     "robot that is gone for good holds stays out until `device write-off`.",
     list_holders},
    {0},
};

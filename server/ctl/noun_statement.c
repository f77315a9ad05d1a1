/* statement ... : a contract's bill, and its months as they were locked */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/arithmetic.h"
#include "server/ctl/noun.h"
#include "server/money/amount.h"

#define NOTHING span_text("")

static const struct view_column line_columns[] = {
    {"of", "month", VIEW_TEXT},           {"charge", "charge", VIEW_TEXT},
    {"period", "period", VIEW_PERIOD},    {"metric", "metric", VIEW_TEXT},
    {"counted", "quantity", VIEW_AMOUNT}, {"amount", "amount", VIEW_AMOUNT},
};
#define LINE_COLUMNS (sizeof line_columns / sizeof *line_columns)

static bool is_something(const struct json *line)
{
    const char *amount = json_text(json_member(line, "amount"), "");

    return strcmp(json_text(json_member(line, "quantity"), ""), "0") != 0 ||
           amount[strspn(amount, "0.")] != '\0';
}

/* Each line that is of something, and how it came to be so much. */
static void print_steps(const struct json *lines)
{
    for (size_t i = 0; i < json_count(lines); i++) {
        const struct json *line = json_item(lines, i);

        if (!is_something(line))
            continue;
        printf("\n%s %s = %s\n", json_text(json_member(line, "charge"), ""),
               json_text(json_member(line, "period"), ""),
               json_text(json_member(line, "amount"), ""));
        arithmetic_show(stdout, line);
    }
}

static void print_lines(const struct json *lines)
{
    size_t hidden = 0;

    for (size_t i = 0; i < json_count(lines); i++)
        hidden += !is_something(json_item(lines, i));
    if (hidden < json_count(lines))
        view_table_of(stdout, lines, is_something, line_columns, LINE_COLUMNS, 0);
    if (hidden > 0)
        printf("(%zu lines of nothing are not shown)\n", hidden);
}

/* With --json the answer as it came. */
static int show(struct ctl *ctl, const struct client_answer *answer)
{
    static const struct view_column shares[] = {
        {"group", "group", VIEW_TEXT},
        {"usage", "usage", VIEW_AMOUNT},
        {"fees and the rest", "fees", VIEW_AMOUNT},
        {"total", "total", VIEW_AMOUNT},
    };
    char total[AMOUNT_SIZE];
    struct json *json;

    if (ctl->json)
        return ctl_show(ctl, answer, line_columns, LINE_COLUMNS);
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    print_lines(json_member(json, "lines"));
    if (json_count(json_member(json, "corrections")) > 0) {
        fputs("\ncorrections of earlier months\n", stdout);
        view_table(stdout, json_member(json, "corrections"), line_columns, LINE_COLUMNS, 0);
    }
    snprintf(total, sizeof total, "%s", json_text(json_member(json, "total"), ""));
    amount_group(total);
    if (args_flag(&ctl->args, "steps")) {
        print_steps(json_member(json, "lines"));
        print_steps(json_member(json, "corrections"));
    }
    printf("\ntotal %s %s\n", total, json_text(json_member(json, "currency"), ""));
    if (json_count(json_member(json, "allocation")) > 0) {
        printf("\nborne by (fees by %s)\n", json_text(json_member(json, "fees_by"), ""));
        view_table(stdout, json_member(json, "allocation"), shares, 4, 0);
    }
    json_free(json);
    return CTL_DONE;
}

static int bill(struct ctl *ctl)
{
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/", ctl->args.words[0],
                    "/bill?as_of=", args_option(&ctl->args, "as-of", ""), (char *)NULL);

    return result == CTL_DONE ? show(ctl, &answer) : result;
}

/* Months that may be locked by now, and what changed since others were, stand before the locked
 * ones. */
static void print_open(const struct json *json)
{
    static const struct view_column columns[] = {
        {"open month", "month", VIEW_TEXT},
        {"state", "state", VIEW_TEXT},
        {"so far", "total", VIEW_AMOUNT},
        {"may be locked from", "locks_from", VIEW_TIME},
    };
    const char *changed = json_text(json_member(json, "changed"), "0");
    const struct json *open = json_member(json, "open");

    if (json_count(open) > 0) {
        view_table(stdout, open, columns, 4, 0);
        fputc('\n', stdout);
    }
    if (changed[strspn(changed, "-0.")] != '\0')
        printf("locked months changed by %s %s since: the next one that is locked corrects it\n\n",
               changed, json_text(json_member(json, "currency"), ""));
}

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"month", "month", VIEW_TEXT},      {"total", "total", VIEW_AMOUNT},
        {"", "currency", VIEW_TEXT},        {"corrections", "corrections", VIEW_NUMBER},
        {"locked", "locked_at", VIEW_TIME}, {"by", "locked_by", VIEW_TEXT},
    };
    struct client_answer answer;
    struct json *json;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], "/statements", (char *)NULL);

    if (result == CTL_DONE && !ctl->json && (result = ctl_parse(&answer, &json)) == CTL_DONE) {
        print_open(json);
        json_free(json);
    }
    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 6) : result;
}

/* With --csv lines or --csv allocation that file. */
static int get(struct ctl *ctl)
{
    const char *csv = args_option(&ctl->args, "csv", NULL);
    struct client_answer answer;

    if (csv != NULL && strcmp(csv, "lines") != 0 && strcmp(csv, "allocation") != 0)
        return ctl_misuse("--csv takes lines or allocation, not \"%s\"", csv);
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], "/statements/", ctl->args.words[1], "?format=",
                             csv == NULL                 ? "json"
                             : strcmp(csv, "lines") == 0 ? "csv"
                                                         : "allocation-csv",
                             (char *)NULL);
    if (result != CTL_DONE || csv == NULL)
        return result == CTL_DONE ? show(ctl, &answer) : result;
    printf("%.*s", (int)answer.body.size, (const char *)answer.body.data);
    return CTL_DONE;
}

/* "desk,kitchen" */
static void write_groups(struct json_writer *writer, const char *list)
{
    json_key(writer, "groups");
    json_begin_array(writer);
    while (*list != '\0') {
        const size_t length = strcspn(list, ",");

        json_write_text(writer, span_of(list, length));
        list += length + (list[length] == ',');
    }
    json_end_array(writer);
}

static int lock(struct ctl *ctl)
{
    const char *groups = args_option(&ctl->args, "groups", NULL);
    struct client_answer answer;
    struct json_writer writer;
    struct buffer body;

    buffer_init(&body, 64u << 10);
    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "month");
    json_write_text(&writer, span_text(ctl->args.words[1]));
    json_key(&writer, "fees_by");
    json_write_text(&writer, span_text(args_option(&ctl->args, "fees-by", "devices")));
    if (groups != NULL)
        write_groups(&writer, groups);
    if (args_flag(&ctl->args, "dry-run")) {
        json_key(&writer, "dry_run");
        json_write_bool(&writer, true);
    }
    json_end_object(&writer);
    int result = ctl_send_to(ctl, "POST", buffer_span(&body), NULL, &answer, "/api/v1/contracts/",
                             ctl->args.words[0], "/statements", (char *)NULL);
    buffer_release(&body);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

const struct ctl_verb noun_statement_verbs[] = {
    {"statement", "bill", "CONTRACT", 1, 1,
     "as-of=TIME(a time with its offset: the periods that began before; default now) "
     "steps!(the arithmetic of each line)",
     "what is owed so far, line by line\n"
     "What a contract asks for so far, line by line, as `contract rate` would rate what was "
     "counted: the periods that began before TIME, by default now, with what was used before "
     "it; of a past TIME in the middle of a period the raw records are counted again, as long "
     "as they are kept.",
     bill},
    {"statement", "list", "CONTRACT", 1, 1, "", "months that are open, and those that are locked",
     list},
    {"statement", "get", "CONTRACT MONTH", 2, 2,
     "csv=PART(lines or allocation: that part for a spreadsheet) "
     "steps!(the arithmetic of each line, as it was locked)",
     "a locked month, as 2026-11\n"
     "A locked month; with --csv, `lines` or `allocation` for a spreadsheet.",
     get},
    {"statement", "lock", "CONTRACT MONTH", 2, 2,
     "fees-by=RULE(who bears what no use caused: devices, usage or even; default devices) "
     "groups=LIST(names with commas: a robot in several belongs to the first; default all, by "
     "name) dry-run!(lock nothing: show what would be)",
     "lock a month, as 2026-11\n"
     "Lock a MONTH, such as 2026-11, once it and the contract's days of grace are over, month "
     "after month from the first one that is billed. A line belongs to the month in which its "
     "period ends, a fee that counts nothing to the month in which it begins; what changed in "
     "locked months is corrected, as differences that name them. Charges for what was counted "
     "are borne by groups as their robots used it, the rest by RULE: `devices` (robots that "
     "asked something in that month, the default), `usage` or `even`. A robot in several groups "
     "belongs to the first of the LIST, by default all groups by name.",
     lock},
    {0},
};

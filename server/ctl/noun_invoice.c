/* invoice ... : vendors' invoices against what robots recorded */
#include <stdlib.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static const struct view_column sheet[] = {
    {"invoice", "id", VIEW_NUMBER},
    {"vendor", "vendor", VIEW_TEXT},
    {"from", "first_day", VIEW_TEXT},
    {"to", "last_day", VIEW_TEXT},
    {"zone of its days", "zone", VIEW_TEXT},
    {"tolerance, %", "tolerance", VIEW_TEXT},
    {"quantities compared", "compared", VIEW_NUMBER},
    {"equal", "matched", VIEW_NUMBER},
    {"different", "different", VIEW_NUMBER},
    {"that no robot recorded", "unknown", VIEW_NUMBER},
    {"requests settled", "settled", VIEW_NUMBER},
};
#define SHEET_ROWS (sizeof sheet / sizeof *sheet)

static int show(struct ctl *ctl, const struct client_answer *answer)
{
    static const struct view_column problems[] = {{"quantities", "count", VIEW_AMOUNT},
                                                  {"problem", "problem", VIEW_TEXT}};
    static const struct view_column devices[] = {{"robot", "device", VIEW_TEXT},
                                                 {"quantities", "quantities", VIEW_AMOUNT},
                                                 {"recorded", "ours", VIEW_AMOUNT},
                                                 {"billed", "theirs", VIEW_AMOUNT},
                                                 {"drift", "drift", VIEW_AMOUNT}};
    struct json *json;

    if (ctl->json)
        return ctl_show(ctl, answer, NULL, 0);
    int result = ctl_parse(answer, &json);
    if (result != CTL_DONE)
        return result;
    view_sheet(stdout, json, sheet, SHEET_ROWS, 0);
    if (json_count(json_member(json, "problems")) > 0) {
        fputs("\nwhat differs\n", stdout);
        view_table(stdout, json_member(json, "problems"), problems, 2, 0);
    }
    if (json_count(json_member(json, "devices")) > 0) {
        fputs("\ntokens of robots that differ\n", stdout);
        view_table(stdout, json_member(json, "devices"), devices, 5, 0);
    }
    if (json_count(json_member(json, "problems")) > 0)
        printf("\nmynactl invoice dispute %lld tells line by line\n",
               (long long)json_int(json_member(json, "id"), 0));
    json_free(json);
    return CTL_DONE;
}

static int check(struct ctl *ctl)
{
    struct client_answer answer;
    struct buffer path;
    uint8_t *data;
    size_t size;

    if (ctl_read_file(ctl->args.words[1], &data, &size) != CTL_DONE)
        return CTL_FAILED;
    buffer_init(&path, 1024);
    buffer_text(&path, "/api/v1/vendors/");
    client_escape(&path, ctl->args.words[0]);
    buffer_text(&path, "/invoices?tolerance=");
    client_escape(&path, args_option(&ctl->args, "tolerance", "0"));
    buffer_text(&path, "&zone=");
    client_escape(&path, args_option(&ctl->args, "zone", ""));
    struct client_request request = {.method = "POST",
                                     .path = buffer_cstring(&path),
                                     .body = span_of(data, size),
                                     .body_type = "application/octet-stream"};
    ctl->source = (struct ctl_source){.path = ctl->args.words[1], .is_lines = true};
    int result = ctl_send(ctl, &request, &answer);
    buffer_release(&path);
    free(data);
    return result == CTL_DONE ? show(ctl, &answer) : result;
}

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"invoice", "id", VIEW_NUMBER},          {"vendor", "vendor", VIEW_TEXT},
        {"from", "first_day", VIEW_TEXT},        {"to", "last_day", VIEW_TEXT},
        {"compared", "compared", VIEW_NUMBER},   {"equal", "matched", VIEW_NUMBER},
        {"different", "different", VIEW_NUMBER}, {"not ours", "unknown", VIEW_NUMBER},
        {"settled", "settled", VIEW_NUMBER},     {"when", "created_at", VIEW_TIME},
        {"by", "created_by", VIEW_TEXT},
    };
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer,
                             "/api/v1/invoices?after=", args_option(&ctl->args, "after", ""),
                             "&vendor=", args_option(&ctl->args, "vendor", ""), (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 11) : result;
}

static int get(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/invoices/",
                             ctl->args.words[0], (char *)NULL);

    return result == CTL_DONE ? show(ctl, &answer) : result;
}

/* With --json a page as JSON, else the file to send to the vendor. */
static int dispute(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/invoices/",
                             ctl->args.words[0], "/dispute?format=", ctl->json ? "json" : "csv",
                             "&after=", args_option(&ctl->args, "after", ""), (char *)NULL);

    if (result == CTL_DONE)
        printf("%.*s%s", (int)answer.body.size, (const char *)answer.body.data,
               ctl->json ? "\n" : "");
    return result;
}

const struct ctl_verb noun_invoice_verbs[] = {
    {"invoice", "check", "VENDOR FILE", 2, 2,
     "tolerance=PERCENT(per cent of the larger side that may differ; default 0) "
     "zone=ZONE(whose days the file has, as Asia/Shanghai; default that of the vendor's "
     "contracts)",
     "compare an invoice or usage file (CSV, JSON) with the records\n"
     "Compare a vendor's invoice or usage file with what the robots recorded. The file is CSV "
     "with a line of titles, a JSON list, or one JSON object a line; its columns are "
     "`request_id`, `at` or `day`, `model`, `input`, `cached`, `output`, `reasoning`, "
     "`requests`, `amount`, the names of the other classes, or `class` and `quantity`. Rows "
     "with a `request_id` are matched by it, the others by day and model, where days are those "
     "of ZONE, by default the vendor's contracts'. What robots could not know is settled first; "
     "what differs by more than PERCENT of the larger side, 0 by default, is kept for the "
     "dispute. What no robot recorded raises the alert `key_leak`.",
     check},
    {"invoice", "list", "", 0, 0,
     "vendor=VENDOR(of that one alone) after=NUMBER(where to go on: what the page before told)",
     "invoices that were checked", list},
    {"invoice", "get", "INVOICE", 1, 1, "", "what the check of an invoice found", get},
    {"invoice", "dispute", "INVOICE", 1, 1,
     "after=NUMBER(with --json: where to go on, as the page before told)",
     "what differs, as CSV for the vendor", dispute},
    {0},
};

/* audit ... : who changed what, and the proof that nobody changed the record of it */
#include "schema/base/json.h"
#include "server/ctl/noun.h"

#define NOTHING span_text("")

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"nr", "seq", VIEW_NUMBER},    {"when", "at", VIEW_TIME},    {"who", "actor", VIEW_TEXT},
        {"from", "source", VIEW_TEXT}, {"did", "action", VIEW_TEXT}, {"to", "subject", VIEW_TEXT},
    };
    struct client_answer answer;
    const struct args *args = &ctl->args;
    int result = ctl_send_to(
        ctl, "GET", NOTHING, NULL, &answer, "/api/v1/audit?after=", args_option(args, "after", ""),
        "&limit=", args_option(args, "limit", "50"), "&subject=", args_option(args, "subject", ""),
        "&actor=", args_option(args, "actor", ""), "&action=", args_option(args, "action", ""),
        "&from=", args_option(args, "from", ""), "&until=", args_option(args, "until", ""),
        (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, 6) : result;
}

static int verify(struct ctl *ctl)
{
    struct client_answer answer;
    struct json *json;
    int result =
        ctl_send_to(ctl, "GET", NOTHING, NULL, &answer, "/api/v1/audit/verify", (char *)NULL);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    bool whole = json_bool(json_member(json, "ok"), false);
    long long rows = json_int(json_member(json, "rows"), 0);
    long long bad = json_int(json_member(json, "first_bad"), 0);
    json_free(json);
    if (whole)
        return ctl_say(ctl, &answer,
                       "the audit is whole: %lld rows, each chained to the one before", rows);
    if (ctl->json)
        ctl_say(ctl, &answer, "%s", "");
    return ctl_fail("the audit was altered: row %lld does not follow from the one before", bad);
}

const struct ctl_verb noun_audit_verbs[] = {
    {"audit", "list", "", 0, 0,
     "subject=SUBJECT(only changes of it, such as device/r1) "
     "actor=ACTOR(only by it: an operator's name, or api-key:7) "
     "action=ACTION(only layer.update, or all of layer) "
     "from=TIME(only since then, as 2026-11-22T10:00:00Z) "
     "until=TIME(only before) "
     "after=NUMBER(where to go on: what the page before told) "
     "limit=NUMBER(at most so many, 1 to 1000; default 50)",
     "changes, newest first\n"
     "Every change, newest first: who, what, before, after. The subject is such as device/r1; "
     "the actor an operator's name, or api-key:7; the action such as layer.update, or layer for "
     "all that happened to layers.\n"
     "\n"
     "    mynactl audit list --subject device/kitchen-7 --limit 20",
     list},
    {"audit", "verify", "", 0, 0, "",
     "check the chain of hashes\n"
     "Check the chain of hashes that ties each row to the one before.",
     verify},
    {0},
};

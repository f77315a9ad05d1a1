/* retention ...: for how long what is kept */
#include <stdio.h>
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"class", "class", VIEW_TEXT},   {"keep", "keep", VIEW_NUMBER}, {"", "unit", VIEW_TEXT},
        {"usual", "usual", VIEW_NUMBER}, {"set", "is_set", VIEW_YES},   {"due", "due", VIEW_COUNT},
        {"what", "what", VIEW_TEXT},     {"why", "why", VIEW_TEXT},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/retention", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int send_order(struct ctl *ctl, int64_t keep, bool dry_run, struct client_answer *answer)
{
    char body[64];

    snprintf(body, sizeof body, "{\"keep\":%ld,\"dry_run\":%s}", keep, dry_run ? "true" : "false");
    return ctl_send_to(ctl, "PUT", span_text(body), NULL, answer, "/api/v1/retention/",
                       ctl->args.words[0], (char *)NULL);
}

/* What a change would remove, which whoever makes it is told before. */
static int look(struct ctl *ctl, int64_t keep, int64_t *forgets)
{
    struct client_answer answer;
    struct json *json;
    int result = send_order(ctl, keep, true, &answer);

    if (result != CTL_DONE || (result = ctl_parse(&answer, &json)) != CTL_DONE)
        return result;
    *forgets = json_int(json_member(json, "forgets"), 0);
    json_free(json);
    return CTL_DONE;
}

static int set(struct ctl *ctl)
{
    const char *word = ctl->args.words[1];
    const bool is_ever = strcmp(word, "ever") == 0;
    struct client_answer answer;
    int64_t forgets = 0;
    int64_t keep = 0;

    if (!is_ever &&
        (span_to_int64(span_text(word), &keep) != STATUS_OK || keep < 0 || keep > 100000))
        return ctl_misuse("\"%s\" is no number, nor \"ever\"", word);
    int result = look(ctl, keep, &forgets);
    if (result != CTL_DONE)
        return result;
    if (args_flag(&ctl->args, "dry-run")) {
        printf("%lld of %s would go\n", (long long)forgets, ctl->args.words[0]);
        return CTL_DONE;
    }
    if (forgets > 0 && !args_flag(&ctl->args, "yes"))
        return ctl_misuse("%lld of %s would go and not come back: --yes does it",
                          (long long)forgets, ctl->args.words[0]);
    result = send_order(ctl, keep, false, &answer);
    return result == CTL_DONE ? ctl_say(ctl, &answer, "%s: %lld go within ten minutes",
                                        ctl->args.words[0], (long long)forgets)
                              : result;
}

const struct ctl_verb noun_retention_verbs[] = {
    {"retention", "list", "", 0, 0, "",
     "for how long each class of data is kept, and why some stay\n"
     "`due` is what the next run removes: rows, of usage whole months. 0 is for ever.",
     list},
    {"retention", "set", "CLASS KEEP", 2, 2,
     "dry-run!(tell what would go, and change nothing) "
     "yes!(also when something goes by it)",
     "keep a class of data for so long from now on\n"
     "KEEP is a number of the class's unit, or `ever`. When something would go by it the number "
     "is told and nothing is changed without --yes.\n"
     "\n"
     "    mynactl retention set commands 90 --dry-run",
     set},
    {0},
};

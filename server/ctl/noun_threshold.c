/* threshold ... : how far contracts and budgets are, and what was done about it */
#include <string.h>

#include "schema/base/json.h"
#include "server/ctl/noun.h"

static int list(struct ctl *ctl)
{
    static const struct view_column columns[] = {
        {"id", "id", VIEW_NUMBER},           {"state", "state", VIEW_TEXT},
        {"source", "source", VIEW_TEXT},     {"at", "rule.at", VIEW_TEXT},
        {"of", "rule.of", VIEW_TEXT},        {"seen", "seen.value", VIEW_MONEY},
        {"limit", "seen.limit", VIEW_MONEY}, {"runs out", "seen.forecast.runs_out", VIEW_TEXT},
        {"shadow", "rule.shadow", VIEW_YES}, {"robots", "robots", VIEW_NUMBER},
    };
    struct client_answer answer;
    int result =
        ctl_send_to(ctl, "GET", span_text(""), NULL, &answer, "/api/v1/thresholds", (char *)NULL);

    return result == CTL_DONE ? ctl_show(ctl, &answer, columns, sizeof columns / sizeof *columns)
                              : result;
}

static int reset(struct ctl *ctl)
{
    struct client_answer answer;
    int result = ctl_send_to(ctl, "POST", span_text(""), NULL, &answer, "/api/v1/thresholds/",
                             ctl->args.words[0], "/reset", (char *)NULL);

    return result == CTL_DONE
               ? ctl_say(ctl, &answer,
                         "lifted threshold %s; quiet until a new period or a raised limit",
                         ctl->args.words[0])
               : result;
}

const struct ctl_verb noun_threshold_verbs[] = {
    {"threshold", "list", "", 0, 0, "",
     "how far contracts and budgets are\n"
     "How far contracts and budgets are on the way to their thresholds, and which have fired.",
     list},
    {"threshold", "reset", "THRESHOLD", 1, 1, "",
     "lift what a threshold does to robots\n"
     "Lift what a threshold does to robots, and clear its alert. It stays quiet until a new "
     "period or a raised limit.",
     reset},
    {0},
};
